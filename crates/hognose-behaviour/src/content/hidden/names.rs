//! Names made to deceive: look-alike letters, letters nobody can read, letters nobody can tell apart.

use rustc_hash::FxHashSet as HashSet;
use unicode_normalization::UnicodeNormalization;

use super::scan::Token;
use super::{ForeignName, View};
use crate::fact::FactKind;

/// Most different names kept of a file.
const NAMES: usize = 20_000;
/// Longest name looked at.
const LENGTH: usize = 400;

/// The names of a file so far.
#[derive(Debug, Default)]
pub(super) struct Names<'a> {
    seen: HashSet<&'a str>,
    foreign: Foreign,
    /// Names made of letters that look alike, with the first place.
    confusing: usize,
    confusing_at: Option<(usize, &'a str)>,
}

#[derive(Debug, Default)]
struct Foreign {
    names: usize,
    characters: usize,
    mixed: usize,
    distinct: HashSet<char>,
    first: Option<usize>,
}

impl<'a> Names<'a> {
    /// Takes a name.
    pub(super) fn token(&mut self, view: &mut View<'a>, token: Token) -> Result<(), ForeignName> {
        let text: &'a str = view.text;
        let Some(name) = text.get(token.start..token.end) else {
            return Ok(());
        };
        // The other names are counted to be compared with the foreign ones.
        if !view.every_name {
            if !view.ascii && !name.is_ascii() {
                return Err(ForeignName);
            }
            if !is_confusing(name) {
                return Ok(());
            }
        }
        if name.len() <= LENGTH && self.seen.len() < NAMES && self.seen.insert(name) {
            self.take(view, token.start, name);
        }
        Ok(())
    }

    fn take(&mut self, view: &mut View<'a>, at: usize, name: &'a str) {
        if name.is_ascii() {
            if is_confusing(name) {
                self.confusing += 1;
                self.confusing_at.get_or_insert((at, name));
            }
            return;
        }
        if is_lookalike(name) {
            view.add(FactKind::HomoglyphIdentifier, at, name);
        }
        self.foreign.take(name, at);
    }

    /// Judges the file.
    pub(super) fn finish(self, view: &mut View<'_>) {
        if self.confusing >= 4
            && let Some((at, name)) = self.confusing_at
        {
            view.add(
                FactKind::ConfusingIdentifiers,
                at,
                format!("{} names such as {name}", self.confusing),
            );
        }
        if self.foreign.names * 2 >= self.seen.len()
            && self.foreign.is_machine_made()
            && let Some(at) = self.foreign.first
        {
            view.add(
                FactKind::ForeignIdentifiers,
                at,
                format!("{} names", self.foreign.names),
            );
        }
    }
}

impl Foreign {
    fn take(&mut self, name: &str, at: usize) {
        let mut scripts = HashSet::default();
        for c in name.chars().filter(|c| !c.is_ascii()) {
            self.characters += 1;
            self.distinct.insert(c);
            scripts.insert(block(c));
        }
        self.names += 1;
        self.mixed += usize::from(scripts.len() > 1);
        self.first.get_or_insert(at);
    }

    /// People's words repeat their characters and keep to one script; drawn characters do neither, or there are only
    /// three of them.
    fn is_machine_made(&self) -> bool {
        let many = self.names >= 20;
        let drawn = self.characters >= 60 && self.distinct.len() * 10 >= self.characters * 9;
        let mixed = self.mixed * 3 >= self.names;
        let few = self.distinct.len() <= 4;
        many && (drawn || mixed || few)
    }
}

/// Blocks that no language mixes within a word. Kana and Han stand together in Japanese.
fn block(c: char) -> u32 {
    match u32::from(c) {
        0x3040..=0x30ff | 0x3400..=0x9fff | 0xf900..=0xfaff | 0x2_0000..=0x3_ffff => 1,
        0x1100..=0x11ff | 0x3130..=0x318f | 0xac00..=0xd7a3 => 2,
        0xa000..=0xa4cf => 3,
        0x0370..=0x03ff => 4,
        0x0400..=0x052f => 5,
        0x0530..=0x058f => 6,
        0x0590..=0x05ff => 7,
        0x0600..=0x06ff => 8,
        0x0e00..=0x0e7f => 9,
        0x1200..=0x139f => 10,
        0x1400..=0x167f => 11,
        0x00aa..=0x024f | 0x1e00..=0x1eff => 12,
        other => 100 + (other >> 8),
    }
}

/// Whether a name of ASCII letters only serves to be mistaken for others of its kind.
pub(super) fn is_confusing(name: &str) -> bool {
    // All that follows begins with one of these.
    let first = name.bytes().next().unwrap_or_default();
    if !b"_Il1O0oMNWwVv".contains(&first) {
        return false;
    }
    if name.len() < 5 {
        return name.len() >= 3 && name.bytes().all(|b| b == b'_');
    }
    if let Some(digits) = name.strip_prefix("_0x") {
        return digits.len() >= 4 && digits.bytes().all(|b| b.is_ascii_hexdigit());
    }
    let bare = name.trim_matches('_');
    if bare.is_empty() {
        return true;
    }
    let first = bare.bytes().next().unwrap_or_default();
    let varies = bare.bytes().any(|b| b != first);
    let of = |set: &[u8]| bare.bytes().all(|b| set.contains(&b) || b == b'_');
    bare.len() >= 5
        && varies
        && (of(b"Il1")
            || of(b"O0o")
            || of(b"MN") && bare.len() >= 8
            || of(b"WwVv") && bare.len() >= 8)
}

/// Names whose writing in other letters is never an accident.
const SENSITIVE: [&str; 16] = [
    "exec",
    "eval",
    "compile",
    "getattr",
    "setattr",
    "import",
    "globals",
    "locals",
    "vars",
    "open",
    "os",
    "sys",
    "subprocess",
    "system",
    "popen",
    "requests",
];

/// Whether a name reads like another one: letters that Python folds to ASCII, or letters of two alphabets of one shape.
fn is_lookalike(name: &str) -> bool {
    let folded: String = name.nfkc().take(LENGTH * 4).collect();
    if folded.is_ascii() {
        // One letter such as the script l of physics is notation.
        let changed = name.chars().filter(|c| !c.is_ascii()).count();
        return SENSITIVE.contains(&folded.trim_matches('_'))
            || (folded.len() >= 3 && changed >= 2);
    }
    let letters = name.chars().filter(|c| c.is_alphabetic());
    let (mut latin, mut alike, mut other) = (0_u32, 0_u32, 0_u32);
    for c in letters {
        if c.is_ascii() {
            latin += 1;
        } else if is_alike(c) {
            alike += 1;
        } else {
            other += 1;
        }
    }
    latin >= 2 && alike >= 1 && other == 0
}

/// Cyrillic and Greek letters of the shape of a Latin one.
fn is_alike(c: char) -> bool {
    "аеорсухіјѕԁһӏԛԝАВЕКМНОРСТХІЈЅҮΑΒΕΖΗΙΚΜΝΟΡΤΥΧο".contains(c)
}
