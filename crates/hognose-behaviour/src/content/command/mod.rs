//! What a command line does: shells of Unix, `cmd` and PowerShell, nested and encoded ones included.

mod network;
mod powershell;
mod programs;
mod split;
mod system;

use super::{decode, strings};
use crate::fact::FactKind;
use split::{Joint, Simple};

/// What a command line does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// What it does, with the words that show it.
    pub facts: Vec<(FactKind, String)>,
    /// Python code it passes to an interpreter (`python -c`), to be read as Python.
    pub python: Vec<String>,
    /// The program it starts first, lower case, without folder and `.exe`.
    pub program: Option<String>,
}

/// Deepest nesting of commands in commands.
const DEPTH: u32 = 6;
/// Most bytes read of one command line, nested ones included; longer ones are data.
const BYTES: usize = 1 << 20;
/// Most facts of one command line.
const FACTS: usize = 400;

/// Reads a command line as `os.system` takes it.
pub fn read(command: &str) -> Reading {
    let mut reader = Reader::new();
    reader.line(command, 0);
    reader.finish()
}

/// Reads a command as a list of arguments.
pub fn read_argv(argv: &[&str]) -> Reading {
    let mut reader = Reader::new();
    let words = argv.iter().map(|word| (*word).to_owned()).collect();
    let build = reader.simple(
        &Simple {
            joint: Joint::Sequence,
            words,
            inner: Vec::new(),
            background: false,
        },
        0,
    );
    if !build {
        for word in argv {
            reader.names(word);
        }
    }
    reader.finish()
}

/// Reads PowerShell's language, as a script or a pipe holds it.
pub fn read_powershell(text: &str) -> Reading {
    let mut reader = Reader::new();
    powershell::language(&mut reader, text, 0);
    reader.finish()
}

/// What the commands so far mean for the next one.
#[derive(Debug, Default)]
struct Line {
    /// The command before in the pipe fetched something.
    fetched: bool,
    /// The command before in the pipe decoded something.
    decoded: bool,
    /// What the first command of the pipe prints (`echo …`).
    printed: Option<String>,
    /// A command before in the pipe printed the environment.
    environment: bool,
    /// Names of files fetched on this line.
    files: Vec<String>,
}

#[derive(Debug)]
struct Reader {
    reading: Reading,
    line: Line,
    left: usize,
}

impl Reader {
    fn new() -> Self {
        Self {
            reading: Reading::default(),
            line: Line::default(),
            left: BYTES,
        }
    }

    fn finish(self) -> Reading {
        self.reading
    }

    fn add(&mut self, kind: FactKind, detail: &str) {
        let detail = detail
            .get(..strings::floor(detail, 400))
            .unwrap_or_default();
        let facts = &mut self.reading.facts;
        if facts.len() < FACTS && !facts.iter().any(|(k, d)| *k == kind && d == detail) {
            facts.push((kind, detail.to_owned()));
        }
    }

    /// What the text names.
    fn names(&mut self, text: &str) {
        for (kind, detail) in strings::classify(text) {
            self.add(kind, &detail);
        }
    }

    /// Reads a line (or lines) of commands.
    fn line(&mut self, text: &str, depth: u32) {
        if depth > DEPTH || text.len() > self.left {
            return;
        }
        self.left -= text.len();
        let plain = unhide(text);
        if let Some(plain) = &plain {
            self.add(FactKind::HiddenCommand, plain);
        }
        let text = plain.as_deref().unwrap_or(text);
        let commands = split::commands(text);
        let mut only_builds = true;
        for command in &commands {
            only_builds &= self.simple(command, depth);
        }
        // Build tools are full of paths and addresses that mean nothing.
        if !only_builds || commands.is_empty() {
            self.whole(text);
            self.names(text);
        }
    }

    /// One command; whether it is only a build tool.
    fn simple(&mut self, command: &Simple, depth: u32) -> bool {
        if command.joint == Joint::Sequence {
            self.line = Line {
                files: std::mem::take(&mut self.line.files),
                ..Line::default()
            };
        }
        for inner in &command.inner {
            let before = std::mem::take(&mut self.line);
            self.line(inner, depth + 1);
            self.line = before;
        }
        programs::read(self, command, depth)
    }

    /// Patterns over the text of a line that no single command shows.
    fn whole(&mut self, text: &str) {
        let lower = text.to_ascii_lowercase();
        let has = |needle: &str| lower.contains(needle);
        let shell = has("/bin/sh") || has("/bin/bash") || has("cmd.exe") || has("powershell");
        if has("mkfifo") && (has("nc ") || has("telnet ") || has("openssl s_client")) {
            self.add(FactKind::ReverseShell, text);
        }
        if has("socket") && shell && (has("exec") || has("dup2") || has("popen") || has("spawn")) {
            self.add(FactKind::ReverseShell, text);
        }
        if has(":|:&") || has(":|: &") || has("%0|%0") {
            self.add(FactKind::ForkBomb, text);
        }
    }
}

/// The text without the tricks that only serve to split words: `$IFS` for blanks, carets and backquotes inside words,
/// empty quotes inside words. Nothing when there are none.
fn unhide(text: &str) -> Option<String> {
    if !text.contains(['^', '`', '$', '"', '\'']) {
        return None;
    }
    let carets = inside_words(text, "^");
    let ticks = inside_words(text, "`");
    let quotes = inside_words(text, "\"\"") + inside_words(text, "''");
    let blanks = hides_blanks(text);
    if carets < 3 && ticks < 3 && quotes < 3 && !blanks {
        return None;
    }
    let mut plain = text
        .replace("${IFS}", " ")
        .replace("$IFS$9", " ")
        .replace("$IFS", " ");
    if carets >= 3 {
        plain = plain.replace('^', "");
    }
    if ticks >= 3 {
        plain = plain.replace('`', "");
    }
    if quotes >= 3 {
        plain = plain.replace("\"\"", "").replace("''", "");
    }
    Some(plain)
}

/// Whether `$IFS` stands for a blank: right behind a word. Scripts that keep and restore it write it by itself.
fn hides_blanks(text: &str) -> bool {
    ["${IFS}", "$IFS"].iter().any(|mark| {
        text.match_indices(mark).take(64).any(|(at, _)| {
            let before = at.checked_sub(1).and_then(|at| text.as_bytes().get(at));
            let after = text.as_bytes().get(at + mark.len());
            before.is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'}' | b'/'))
                && after.is_some_and(|b| {
                    !b.is_ascii_whitespace() && !matches!(b, b';' | b'"' | b'\'' | b')')
                })
        })
    })
}

/// How often a mark stands between two letters.
fn inside_words(text: &str, mark: &str) -> usize {
    let bytes = text.as_bytes();
    let letter = |at: Option<usize>| {
        at.and_then(|at| bytes.get(at))
            .is_some_and(u8::is_ascii_alphabetic)
    };
    text.match_indices(mark)
        .filter(|(at, _)| letter(at.checked_sub(1)) && letter(Some(at + mark.len())))
        .take(8)
        .count()
}
