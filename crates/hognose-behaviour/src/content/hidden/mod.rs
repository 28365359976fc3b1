//! What the text of Python source hides from the people who read it: code out of sight, characters nobody sees, names
//! that deceive, encoded constants, padding, marks of obfuscators, words meant for language models.

mod blob;
mod characters;
mod layout;
mod marks;
mod names;
mod plain;
mod scan;
mod texts;

use std::ops::Range;

use crate::fact::{Fact, FactKind, Place, Trigger};
use scan::{Kind, Lines, Scanner, Token};

/// Most facts of one file; what is hidden a hundred times is hidden.
const FACTS: usize = 100;
/// Indentation of real code; more is filler.
const INDENT: usize = 100;
/// Empty lines in a row that people write.
const EMPTY: usize = 5;
/// Longest text shown of a line.
const SHOWN: usize = 160;

/// Notes what the source of a Python file hides.
pub fn facts(path: &str, source: &str, trigger: Trigger, out: &mut Vec<Fact>) {
    let mut view = View {
        path,
        text: source,
        ascii: source.is_ascii(),
        every_name: false,
        lines: None,
        trigger,
        facts: Vec::new(),
    };
    if Pass::default().run(&mut view).is_err() {
        // Names beyond ASCII are compared with the others: then all are needed.
        view.every_name = true;
        view.facts.clear();
        // Another one changes nothing: every name is taken.
        let _ = Pass::default().run(&mut view);
    }
    view.facts.sort_by_key(|fact| fact.place.line);
    out.append(&mut view.facts);
}

/// What is remembered while a file is read.
#[derive(Default)]
struct Pass<'a> {
    layout: layout::Layout,
    names: names::Names<'a>,
    blobs: blob::Blobs,
    filler: Filler,
    /// Where words may stand.
    words: Vec<Range<usize>>,
    /// Where what is not yet among it begins.
    from: usize,
}

/// A name beyond ASCII was met, and not every name before it was taken.
struct ForeignName;

impl<'a> Pass<'a> {
    fn run(mut self, view: &mut View<'a>) -> Result<(), ForeignName> {
        let mut scanner = Scanner::new(view.text);
        loop {
            if !view.every_name {
                self.plain(view, &mut scanner);
            }
            let Some(token) = scanner.next() else { break };
            self.layout.token(view, token);
            self.blobs.token(view, token);
            if !view.ascii {
                characters::token(view, token);
            }
            if token.kind == Kind::Name {
                self.names.token(view, token)?;
            }
            self.filler.token(token);
        }
        self.words.push(self.from..view.text.len());
        self.layout.end_line(view, view.text.len());
        self.blobs.finish(view);
        self.names.finish(view);
        characters::padding(view, self.filler.bytes);
        marks::search(view, &self.words);
        Ok(())
    }

    /// Passes over lines that hide nothing but words.
    fn plain(&mut self, view: &mut View<'_>, scanner: &mut Scanner<'_>) {
        while matches!(self.filler.last, None | Some(Kind::Newline)) {
            let at = scanner.at();
            if scanner.rest().starts_with('\n') {
                scanner.pass(1);
                self.layout.empty(at + 1);
                self.filler.newline();
                continue;
            }
            let depth = self.layout.depth();
            let Some(line) = plain::line(scanner.rest(), depth, self.blobs.is_open()) else {
                break;
            };
            scanner.pass(line.length);
            self.layout.plain(&line, scanner.at());
            if line.parts {
                self.blobs.end(view);
            }
            if let Some(tail) = &line.tail {
                let content = at + tail.start..at + tail.end;
                self.blobs.string(view.text, content);
            }
            self.filler.line(line.comment);
            if !line.has_words {
                let before = std::mem::replace(&mut self.from, scanner.at())..at;
                self.words.extend(Some(before).filter(|r| !r.is_empty()));
            }
        }
    }
}

/// What makes a file large without saying anything.
#[derive(Default)]
struct Filler {
    bytes: usize,
    /// Empty lines in a row.
    empty: usize,
    last: Option<Kind>,
}

impl Filler {
    fn token(&mut self, token: Token) {
        let length = token.end - token.start;
        match token.kind {
            Kind::Comment => self.bytes += length,
            Kind::Blanks if length > INDENT => self.bytes += length,
            Kind::Newline => return self.newline(),
            _ => {}
        }
        self.last = Some(token.kind);
    }

    fn newline(&mut self) {
        self.empty = if self.last == Some(Kind::Newline) {
            self.empty + 1
        } else {
            0
        };
        self.bytes += usize::from(self.empty > EMPTY);
        self.last = Some(Kind::Newline);
    }

    /// A whole line that has something, and so many bytes of comment.
    fn line(&mut self, comment: usize) {
        self.bytes += comment;
        (self.last, self.empty) = (Some(Kind::Newline), 0);
    }
}

/// Notes words meant for language models in a description.
pub fn injection(path: &str, text: &str, trigger: Trigger, out: &mut Vec<Fact>) {
    if let Some(words) = marks::injection(text) {
        let place = Place::file(path);
        out.push(Fact::new(FactKind::PromptInjection, trigger, place, &words));
    }
}

/// The file being read and what was found in it.
struct View<'a> {
    path: &'a str,
    text: &'a str,
    /// Nearly all source is ASCII, and then nothing invisible or foreign has to be looked for.
    ascii: bool,
    /// Every name is taken, not only those that may confuse.
    every_name: bool,
    /// Made when the first fact needs a line.
    lines: Option<Lines>,
    trigger: Trigger,
    facts: Vec<Fact>,
}

impl View<'_> {
    fn add(&mut self, kind: FactKind, at: usize, detail: impl AsRef<str>) {
        if self.is_full() {
            return;
        }
        let lines = self.lines.get_or_insert_with(|| Lines::new(self.text));
        let place = Place::line(self.path, lines.of(at));
        let same = |f: &Fact| f.kind == kind && f.place.line == place.line;
        if !self.facts.iter().any(same) {
            self.facts
                .push(Fact::new(kind, self.trigger, place, detail.as_ref()));
        }
    }

    /// Adds a kind that is worth saying once of a file.
    fn once(&mut self, kind: FactKind, at: usize, detail: impl AsRef<str>) {
        if !self.facts.iter().any(|f| f.kind == kind) {
            self.add(kind, at, detail);
        }
    }

    fn is_full(&self) -> bool {
        self.facts.len() >= FACTS
    }

    /// The rest of the line, to be shown.
    fn line_from(&self, at: usize) -> String {
        let rest = self.text.get(at..).unwrap_or_default();
        let line = rest.split(['\n', '\r']).next().unwrap_or_default();
        line.chars().take(SHOWN).collect()
    }
}
