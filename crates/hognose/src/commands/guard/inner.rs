//! Commands within commands: texts for a shell, scripts of projects, words that a tool hands on to pip.

use std::ffi::OsString;

use super::command::Tool;
use super::grammar::Grammar;
use super::installer::{Lifted, lift};
use super::shell::{Step, steps};
use super::wrapped::foreign;
use crate::error::Failure;

/// Programs whose own files say what they start.
const RUNNERS: [&str; 12] = [
    "make", "gmake", "just", "task", "invoke", "inv", "fab", "ninja", "rake", "npm", "doit",
    "hatch",
];
/// Largest script that is looked at.
const MAX_SCRIPT: u64 = 1 << 20;

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
                    let Some(text) = self.read(&file, text)? else {
                        continue;
                    };
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
        if let Some(name) = super::shell::defaulted(text).find(|n| super::wrapped::matters(n)) {
            return Err(super::wrapped::changes(name));
        }
        let unfolds = text.contains('{') && text.contains(',');
        if unfolds || text.contains(['$', '`']) || text.contains("<<") {
            // What they stand for, or who reads it, is not known; what is written there is.
            foreign(&[text.to_owned()])?;
        }
        Ok(())
    }

    /// A file that a text reads; none where it is not there to be read, which is said where an installer comes after it.
    fn read(&mut self, file: &str, text: &str) -> Result<Option<String>, Failure> {
        let read = std::fs::read_to_string(file).ok();
        if read.is_some() || !super::wrapped::names_installer(&[text.to_owned()]) {
            return Ok(read);
        }
        if file.is_empty() {
            return Err(Failure::usage(
                "the text reads what another command says, which may set an index",
            )
            .hint("write it to a file, and read that"));
        }
        let file = hognose_types::text::short(file, 80);
        self.notices.push(format!(
            "what {file} sets is not known to the guard: an index in it would count more than the guard's"
        ));
        Ok(None)
    }

    /// What files of commands say that a program runs by itself, as far as that is seen.
    pub(super) fn unseen(&mut self, program: &str, words: &[String]) {
        if RUNNERS.contains(&program) {
            self.notices.push(format!(
                "what {program} starts is not looked at: an index that its own files name counts more than the guard's (`hognose guard --confine` holds it to the guard)"
            ));
            return;
        }
        let is_shell = super::command::SHELLS.contains(&program);
        let script = words.iter().find(|w| !w.starts_with(['-', '+']));
        if let Some(script) = script.filter(|_| is_shell) {
            self.script_of_shell(script);
        }
    }

    /// What a script for a shell would be refused for as a text is said: it may well be right in it.
    fn script_of_shell(&mut self, path: &str) {
        let is_small = std::fs::metadata(path).is_ok_and(|m| m.is_file() && m.len() <= MAX_SCRIPT);
        let Some(text) = std::fs::read_to_string(path).ok().filter(|_| is_small) else {
            return;
        };
        let mut inner = Self::default();
        let shown = hognose_types::text::short(path, 80);
        match inner.shell(&text, false) {
            Ok(()) => self.notices.extend(inner.notices),
            Err(failure) => self.notices.push(format!(
                "in {shown}: {}; the guard does not stand before that",
                failure.line()
            )),
        }
    }

    /// Notes what a command within this one needs.
    pub(super) fn take_in(&mut self, inner: Self) {
        let own = inner.own();
        self.notices.extend(inner.notices.iter().cloned());
        self.files.extend(inner.files);
        if inner.tool != Tool::Other {
            self.within.push((inner.tool, own));
        }
        self.within.extend(inner.within);
    }
}
