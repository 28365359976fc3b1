//! Bytecode beside its source, without running Python.
//!
//! Python runs `__pycache__/name.cpython-312.pyc` in place of `name.py` as long as a header of sixteen bytes agrees. Nothing
//! lists a hash of such a file, so whoever replaces one keeps the header and is seen by nobody. Here the code itself is
//! compared with what the source says: functions and their lines, names, texts. What only changes the order of what is
//! there, or numbers, is not seen.

mod compare;
mod hash;
mod literal;
mod marshal;
mod reader;
mod words;

use std::borrow::Cow;

use hognose_python::marshal::{Header, Version, header};
use hognose_python::source;

use compare::{Compiled, compare};
use words::Words;

/// Every identifier of a source, without texts and comments.
pub(super) fn names_of(source: &str) -> Vec<&str> {
    Words::of(source).names().to_vec()
}

/// What bytecode says that its source does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// A function or class that is not at this line of the source.
    Code {
        /// Its name.
        name: String,
        /// The line it claims.
        line: u32,
    },
    /// A name that the source does not use there.
    Name {
        /// The function or class that uses it.
        code: String,
        /// The name.
        name: String,
    },
    /// A text that is not in the source.
    Text {
        /// The function or class that holds it.
        code: String,
        /// The text.
        text: String,
    },
    /// A function or class of the source that has no code, or code of its own name that does something else.
    Missing {
        /// Its name.
        name: String,
        /// Its line in the source.
        line: u32,
    },
    /// Python is told not to compare it with the source, and the source is another one.
    Unchecked,
}

/// What came of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bytecode {
    /// It says what the source says.
    Same,
    /// Python would not run it: it was made from another state of the source, or by another version.
    Stale,
    /// It is something else.
    Different(Difference),
    /// It could not be read.
    Unreadable,
}

/// A source file that bytecode is compared with. Words are read when the first bytecode asks for them.
#[derive(Debug)]
pub(super) struct Source<'s> {
    bytes: &'s [u8],
    text: Option<Cow<'s, str>>,
    /// When it was written, in seconds modulo 2³².
    time: u32,
}

impl<'s> Source<'s> {
    pub(super) fn new(bytes: &'s [u8], time: u32) -> Self {
        Self {
            bytes,
            text: None,
            time,
        }
    }

    /// Compares bytecode; `file` is its name without folder.
    pub(super) fn compare(&mut self, file: &str, bytecode: &[u8]) -> Bytecode {
        let Some(header) = header(bytecode) else {
            // Python takes such a file for damaged and writes it anew.
            return Bytecode::Stale;
        };
        let Some(version) = header.version else {
            return Bytecode::Unreadable;
        };
        match self.is_current(&header) {
            Current::No => return Bytecode::Stale,
            Current::NotAsked => return Bytecode::Different(Difference::Unchecked),
            Current::Yes => {}
        }
        let Some(module) = marshal::read(header.body, version) else {
            return Bytecode::Unreadable;
        };
        let text = self.text();
        let how = Compiled {
            version,
            is_optimised: file.contains(".opt-"),
            by_pytest: file.contains("-pytest-"),
        };
        match compare(&Words::of(&text), &module, how) {
            None => Bytecode::Same,
            Some(difference) => Bytecode::Different(difference),
        }
    }

    fn text(&mut self) -> Cow<'s, str> {
        let bytes = self.bytes;
        self.text
            .get_or_insert_with(|| {
                let text = source::decode(bytes).text;
                if memchr::memchr(b'\r', text.as_bytes()).is_some() {
                    text.replace("\r\n", "\n").replace('\r', "\n").into()
                } else {
                    text
                }
            })
            .clone()
    }

    /// Whether Python would run the code in place of the source.
    fn is_current(&self, header: &Header<'_>) -> Current {
        if let Some((stated, is_checked)) = header.source_hash {
            let is_same = hash::of_source(header.magic, header.version, self.bytes) == stated;
            return match (is_same, is_checked) {
                (true, _) => Current::Yes,
                (false, true) => Current::No,
                (false, false) => Current::NotAsked,
            };
        }
        let same_time = header.source_time == Some(self.time);
        let size = header.source_size;
        let same_size = size.is_none() && header.version < Some(Version(3, 3))
            || size == Some(self.bytes.len() as u32);
        // pytest writes the same header, and compares it in the same way.
        if same_time && same_size {
            Current::Yes
        } else {
            Current::No
        }
    }
}

enum Current {
    Yes,
    No,
    /// It is not, and Python does not ask.
    NotAsked,
}
