//! Commands within commands: texts for a shell, scripts of projects, words that a tool hands on to pip.

use std::ffi::OsString;

use super::command::Tool;
use super::grammar::Grammar;
use super::installer::{Lifted, lift};
use super::shell::{Step, steps};
use super::wrapped::foreign;
use crate::error::Failure;

/// A command that runs as it is written in a text or a file: nothing can be taken out of it.
pub(super) fn written(words: &[String]) -> Result<Lifted, Failure> {
    let words: Vec<OsString> = words.iter().map(OsString::from).collect();
    let lifted = lift(&words)?;
    let Some(index) = lifted.index.iter().chain(&lifted.extra).next() else {
        return Ok(lifted);
    };
    let index = hognose_types::RedactedUrl::new(index.clone());
    Err(Failure::usage(format!(
        "{} names the index {index} where the guard cannot take it out",
        lifted.program.to_string_lossy()
    ))
    .hint("give the index to the guard: `hognose guard --index-url … -- …`"))
}

/// What a text for a shell needs that runs as it is written, perhaps in another directory.
pub(super) fn text_of(text: &str, has_moved: bool) -> Result<Lifted, Failure> {
    let mut out = Lifted::default();
    out.shell(text, has_moved)?;
    Ok(out)
}

impl Lifted {
    /// Words for pip behind another tool's; a single one is taken apart by that tool.
    pub(super) fn pips(&mut self, words: &[OsString]) -> Result<(), Failure> {
        let texts: Vec<String> = words
            .iter()
            .map(|w| w.to_string_lossy().into_owned())
            .collect();
        if let [text] = texts.as_slice() {
            self.for_pip("the word for pip", text)?;
            self.arguments.extend(words.iter().cloned());
            return Ok(());
        }
        let grammar = Grammar::of(Tool::Pip, &texts);
        let grammar = grammar.ok_or_else(|| Failure::usage("pip is not known"))?;
        self.words(grammar, words, &texts)
    }

    /// A text for a shell: what is in it is looked at, and nothing can be taken out of it.
    pub(super) fn shell(&mut self, text: &str, mut has_moved: bool) -> Result<(), Failure> {
        for step in steps(text) {
            match step {
                Step::Moves => has_moved = true,
                Step::Sets(names) => {
                    if let Some(name) = names.iter().find(|name| super::wrapped::matters(name)) {
                        return Err(super::wrapped::changes(name));
                    }
                }
                Step::Reads(file) => {
                    let text = std::fs::read_to_string(&file).unwrap_or_default();
                    let set = steps(&text).into_iter().filter_map(|step| match step {
                        Step::Sets(names) => Some(names),
                        _ => None,
                    });
                    if let Some(name) = set.flatten().find(|n| super::wrapped::matters(n)) {
                        return Err(
                            super::wrapped::changes(&name).hint(format!("it is set by {file}"))
                        );
                    }
                }
                Step::Runs(words) => {
                    let inner = written(&words)?;
                    let installs = super::shims::installs(inner.tool, &inner.own());
                    if has_moved && inner.tool != Tool::Other && installs {
                        return Err(Failure::usage(format!(
                            "{} is run in another directory, where the guard does not look",
                            inner.program.to_string_lossy()
                        ))
                        .hint("go there, and run the guard there"));
                    }
                    self.take_in(inner);
                }
            }
        }
        if text.contains(['$', '`']) || text.contains("<<") {
            // What they stand for, or who reads it, is not known; what is written there is.
            foreign(&[text.to_owned()])?;
        }
        Ok(())
    }

    /// Notes what a command within this one needs.
    pub(super) fn take_in(&mut self, inner: Self) {
        let own = inner.own();
        self.files.extend(inner.files);
        if inner.tool != Tool::Other {
            self.within.push((inner.tool, own));
        }
        self.within.extend(inner.within);
    }
}
