//! Files of a project → what they import, name and tell people to install.

use std::collections::BTreeSet;

use hognose_types::{Inventory, Location};
use rustc_hash::FxHashSet;

use super::{Code, Imported, normal};
use crate::mentions::{Mention, mentions};
use crate::names;

/// Longest word that can be the name of a distribution.
const MAX_WORD: usize = 128;

/// Collects what the files of a project say. Nothing is run.
#[derive(Debug, Default)]
pub struct CodeReader {
    /// What was collected.
    pub code: Code,
    /// Names that texts say to install.
    pub mentions: Vec<Mention>,
    /// Files that nest deeper than Python reads.
    pub unread: Vec<String>,
    interest: FxHashSet<String>,
}

impl CodeReader {
    /// For the distributions of an inventory: only words that are names or modules of these are kept.
    pub fn new(inventory: &Inventory) -> Self {
        let mut interest: FxHashSet<String> = FxHashSet::default();
        for component in &inventory.components {
            interest.insert(component.name.as_str().to_owned());
        }
        let known = names::modules();
        let provided = known.filter(|m| names::providers(m).iter().any(|p| interest.contains(*p)));
        let provided: Vec<String> = provided.map(normal).collect();
        interest.extend(provided);
        Self {
            code: Code {
                is_whole: true,
                ..Code::default()
            },
            interest,
            ..Self::default()
        }
    }

    /// A Python file.
    pub fn python(&mut self, file: &str, bytes: &[u8]) {
        let source = hognose_python::source::decode(bytes);
        self.words(&source.text);
        self.imports(file, &source.text, true);
    }

    /// A cell of code of a notebook, and the installations in it.
    pub fn cell(&mut self, file: &str, text: &str) {
        // Magics and shell commands are no Python.
        let is_magic = |line: &&str| line.trim_start().starts_with(['%', '!']);
        let (magic, code): (Vec<&str>, Vec<&str>) = text.lines().partition(is_magic);
        self.words(text);
        self.imports(file, &code.join("\n"), false);
        for found in mentions(file, &magic.join("\n")) {
            let location = Location::file(file);
            self.mentions.push(Mention { location, ..found });
        }
    }

    /// A text for people, for agents or for a shell; `starts` where it starts programs.
    pub fn text(&mut self, file: &str, bytes: &[u8], starts: bool) {
        let text = String::from_utf8_lossy(bytes);
        if starts {
            self.words(&text);
        }
        self.mentions.extend(mentions(file, &text));
    }

    fn imports(&mut self, file: &str, source: &str, has_lines: bool) {
        let Some(found) = hognose_python::imports(source) else {
            self.unread.push(file.to_owned());
            return;
        };
        let location = |line| {
            if has_lines {
                Location::line(file, line)
            } else {
                Location::file(file)
            }
        };
        let imports = found.into_iter().map(|import| Imported {
            module: import.module,
            names: import.names,
            location: location(import.line),
            optional: import.optional,
            late: import.late,
        });
        self.code.imports.extend(imports);
    }

    fn words(&mut self, text: &str) {
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        for word in text.split(|c: char| !is_part(c)) {
            if word.len() > 1 && word.len() <= MAX_WORD {
                self.word(word);
            }
        }
    }

    fn word(&mut self, word: &str) {
        let plain = |b: u8| !b.is_ascii_uppercase() && b != b'_';
        let found = if word.bytes().all(plain) {
            self.interest.take(word)
        } else {
            self.interest.take(normal(word).as_str())
        };
        self.code.words.extend(found);
    }

    /// Adds modules that the project itself holds.
    pub fn local(&mut self, modules: BTreeSet<String>) {
        self.code.local.extend(modules);
    }
}
