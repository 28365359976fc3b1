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
        lines: None,
        trigger,
        facts: Vec::new(),
    };
    let mut layout = layout::Layout::default();
    let mut names = names::Names::default();
    let mut blobs = blob::Blobs::default();
    let mut filler = Filler::default();
    let mut scanner = Scanner::new(source);
    // The lines that were looked at, and the first of those that are.
    let (mut looked, mut from) = (Vec::new(), 0);
    loop {
        // Names beyond ASCII are compared with the others: then all are needed.
        if view.ascii && matches!(filler.last, None | Some(Kind::Newline)) {
            let here = scanner.at();
            while let Some(line) = plain::line(scanner.rest(), layout.depth()) {
                scanner.pass(line.length);
                layout.plain(line, scanner.at());
                blobs.end(&mut view);
                filler.line();
            }
            if scanner.at() > here {
                looked.push(std::mem::replace(&mut from, scanner.at())..here);
            }
        }
        let Some(token) = scanner.next() else { break };
        layout.token(&mut view, token);
        blobs.token(&mut view, token);
        if !view.ascii {
            characters::token(&mut view, token);
        }
        if token.kind == Kind::Name {
            names.token(&mut view, token);
        }
        filler.token(token);
    }
    looked.push(from..source.len());
    layout.end_line(&mut view, source.len());
    blobs.finish(&mut view);
    names.finish(&mut view);
    characters::padding(&mut view, filler.bytes);
    marks::search(&mut view, &looked);
    view.facts.sort_by_key(|fact| fact.place.line);
    out.append(&mut view.facts);
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
            Kind::Newline => {
                self.empty = if self.last == Some(Kind::Newline) {
                    self.empty + 1
                } else {
                    0
                };
                self.bytes += usize::from(self.empty > EMPTY);
            }
            _ => {}
        }
        self.last = Some(token.kind);
    }

    /// A whole line of code.
    fn line(&mut self) {
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
