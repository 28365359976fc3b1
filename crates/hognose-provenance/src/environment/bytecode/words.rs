//! The words of a Python source: identifiers with their lines, texts, and where functions and classes begin and end.
//!
//! A compiler keeps names and texts of what it reads, so bytecode that holds others was not made from the source. No
//! syntax tree is needed to know them, and reading words alone is several times faster than parsing.

use rustc_hash::{FxHashMap, FxHashSet};

use super::literal::Literals;

/// What a logical line begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// `@…`
    Decorator,
    /// `def` or `class`, and the identifier behind it.
    Definition(u32),
    /// `raise`, after which nothing of a block runs.
    Raise,
    /// Anything else.
    Other,
}

/// A logical line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    /// Where it begins, counted from 1.
    pub(super) number: u32,
    pub(super) indent: u32,
    pub(super) start: Start,
}

/// An identifier where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) line: u32,
    pub(super) id: u32,
    /// Part of the annotation of a variable, which may leave nothing behind.
    pub(super) annotates: bool,
}

/// The words of one file.
#[derive(Debug, Default)]
pub(super) struct Words<'s> {
    pub(super) known: FxHashMap<&'s str, u32>,
    pub(super) names: Vec<&'s str>,
    /// Which of them are ASCII and no keywords.
    plain: Vec<bool>,
    /// What Python makes of identifiers beyond ASCII.
    pub(super) normalised: FxHashSet<String>,
    /// Every identifier in order.
    pub(super) tokens: Vec<Token>,
    /// Logical lines in order.
    pub(super) lines: Vec<Line>,
    /// All texts.
    pub(super) literals: Literals,
    /// Lines that ask what is known before anything runs: the compiler leaves out what they guard.
    pub(super) known_tests: Vec<u32>,
}

impl<'s> Words<'s> {
    /// Reads a source whose line ends are `\n`.
    pub(super) fn of(text: &'s str) -> Self {
        let mut words = super::reader::read(text);
        let is_plain = |name: &&str| name.is_ascii() && !is_keyword(name);
        words.plain = words.names.iter().map(is_plain).collect();
        words
    }

    /// Room for the words of a source of some bytes: growing costs as much as reading.
    pub(super) fn for_source(bytes: usize) -> Self {
        let mut out = Self::default();
        out.known.reserve(bytes / 80);
        out.names.reserve(bytes / 80);
        out.tokens.reserve(bytes / 8);
        out.lines.reserve(bytes / 40);
        out
    }

    /// The number of an identifier that occurs.
    pub(super) fn id(&self, name: &str) -> Option<u32> {
        self.known.get(name).copied()
    }

    /// Whether an identifier that is written otherwise becomes this one.
    pub(super) fn is_normalised(&self, name: &str) -> bool {
        !self.normalised.is_empty() && self.normalised.contains(name)
    }

    /// The identifier of a number.
    pub(super) fn name(&self, id: u32) -> &'s str {
        self.names.get(id as usize).copied().unwrap_or_default()
    }

    /// All identifiers, each once.
    pub(super) fn names(&self) -> &[&'s str] {
        &self.names
    }

    /// Whether an identifier is a name that the compiler keeps as it is.
    pub(super) fn is_plain(&self, id: u32) -> bool {
        self.plain.get(id as usize).copied().unwrap_or_default()
    }

    /// How many identifiers there are.
    pub(super) fn count(&self) -> usize {
        self.names.len()
    }

    /// The identifiers of some lines, both ends included.
    pub(super) fn between(&self, first: u32, last: u32) -> impl Iterator<Item = u32> {
        self.tokens_between(first, last)
            .iter()
            .map(|token| token.id)
    }

    /// Those of them that are not in annotations of variables.
    pub(super) fn used(&self, first: u32, last: u32) -> impl Iterator<Item = u32> {
        let tokens = self.tokens_between(first, last).iter();
        tokens
            .filter(|token| !token.annotates)
            .map(|token| token.id)
    }

    fn tokens_between(&self, first: u32, last: u32) -> &[Token] {
        let from = self.tokens.partition_point(|token| token.line < first);
        let until = self.tokens.partition_point(|token| token.line <= last);
        self.tokens.get(from..until.max(from)).unwrap_or_default()
    }

    /// Whether the compiler may leave out a part of some lines.
    pub(super) fn has_known_test(&self, first: u32, last: u32) -> bool {
        let at = self.known_tests.partition_point(|line| *line < first);
        self.known_tests.get(at).is_some_and(|line| *line <= last)
    }

    /// The last line of the block that a logical line opens.
    pub(super) fn end(&self, position: usize) -> u32 {
        let Some(opening) = self.lines.get(position) else {
            return u32::MAX;
        };
        let rest = self.lines.get(position + 1..).unwrap_or_default();
        rest.iter()
            .find(|line| line.indent <= opening.indent)
            .map_or(u32::MAX, |line| line.number.saturating_sub(1))
    }
}

/// Words that mean something to the compiler, and are no names of anything.
fn is_keyword(word: &str) -> bool {
    matches!(
        word,
        "_" | "__debug__"
            | "type"
            | "False"
            | "None"
            | "True"
            | "and"
            | "as"
            | "assert"
            | "async"
            | "await"
            | "break"
            | "case"
            | "class"
            | "continue"
            | "def"
            | "del"
            | "elif"
            | "else"
            | "except"
            | "finally"
            | "for"
            | "from"
            | "global"
            | "if"
            | "import"
            | "in"
            | "is"
            | "lambda"
            | "match"
            | "nonlocal"
            | "not"
            | "or"
            | "pass"
            | "raise"
            | "return"
            | "try"
            | "while"
            | "with"
            | "yield"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(words: &Words<'_>, first: u32, last: u32) -> Vec<String> {
        let ids = words.between(first, last);
        ids.map(|id| words.name(id).to_owned()).collect()
    }

    #[test]
    fn names_texts_and_blocks() {
        let source = "@wraps(\n  f)\nasync def one(a, *, b='x' 'y'):\n    '''Text\n    more'''\n    return a.b[1.0.hex] + 0x1f\n\nclass Two: pass\nraise Three\n";
        let words = Words::of(source);
        assert_eq!(names(&words, 1, 2), ["wraps", "f"]);
        assert_eq!(names(&words, 6, 6), ["return", "a", "b", "hex"]);
        let starts: Vec<_> = words.lines.iter().map(|l| (l.number, l.start)).collect();
        let (one, two) = (words.id("one").unwrap(), words.id("Two").unwrap());
        assert_eq!(
            starts,
            [
                (1, Start::Decorator),
                (3, Start::Definition(one)),
                (4, Start::Other),
                (6, Start::Other),
                (8, Start::Definition(two)),
                (9, Start::Raise),
            ]
        );
        assert_eq!(words.end(1), 7);
        assert!(words.literals.has(b"xy"));
        assert!(words.literals.has(b"Text\n    more"));
        assert!(!words.literals.has(b"yText"));
    }

    #[test]
    fn texts_with_fields() {
        let source = "f'a{{b{c!r:>{width}}d' \"e\"\nf\"{x[\"k\"]:\\x41}\" rf'\\{y}'\nf'''{\nz}\n'''; after\n";
        let words = Words::of(source);
        for name in ["c", "width", "x", "y", "z", "after"] {
            assert!(words.id(name).is_some(), "{name}");
        }
        for text in [&b"a{b"[..], b"de", b"k", b"A", b"\\"] {
            assert!(words.literals.has(text), "{text:?}");
        }
        assert_eq!(names(&words, 5, 5), ["after"]);
    }

    #[test]
    fn broken_source_ends() {
        for source in [
            "'", "f'{", "f'{x:{", "'''", "f'''{'''", "\\", "(((", "@", "def", "b'\\",
        ] {
            let _ = Words::of(source);
            let _ = Words::of(&source.repeat(200));
        }
    }
}
