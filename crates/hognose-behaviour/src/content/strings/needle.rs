//! The tables of needles, found in one pass.

use std::collections::HashMap;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use crate::fact::FactKind;

/// What must stand around a needle for it to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    /// Nothing.
    Any,
    /// No letter, digit or `_` on either side.
    Word,
    /// A host or a subdomain of it ends here: no part of a longer name.
    Host,
    /// One or more whole components of a path begin here.
    Part,
    /// The last component of a path, or the whole text.
    Name,
    /// A numeric address: no digit or dot on either side.
    Address,
    /// A `.pth` file in a path that leads into `site-packages`; the ending alone belongs to PyTorch.
    Pth,
    /// The whole text, blanks aside; never part of the search.
    Whole,
}

impl Check {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "any" => Self::Any,
            "word" => Self::Word,
            "host" => Self::Host,
            "part" => Self::Part,
            "name" => Self::Name,
            "address" => Self::Address,
            "pth" => Self::Pth,
            "whole" => Self::Whole,
            _ => return None,
        })
    }

    /// Whether the needle at `start..end` of `text` counts.
    pub(super) fn holds(self, text: &[u8], start: usize, end: usize) -> bool {
        let before = start.checked_sub(1).and_then(|at| text.get(at)).copied();
        let after = text.get(end).copied();
        let first = text.get(start).copied();
        let last = end.checked_sub(1).and_then(|at| text.get(at)).copied();
        match self {
            Self::Any => true,
            Self::Word => !joined(before, first) && !joined(last, after),
            Self::Host => host_edges(text, start, end, before, after),
            Self::Part => part_edges(before, first, last, after),
            Self::Name => before.is_none_or(is_separator) && after.is_none_or(ends_name),
            Self::Address => {
                !before.is_some_and(|b| b.is_ascii_digit() || b == b'.')
                    && !after.is_some_and(|b| b.is_ascii_digit())
            }
            Self::Pth => {
                after.is_none_or(ends_name)
                    && contains(
                        text.get(start.saturating_sub(300)..start)
                            .unwrap_or_default(),
                        b"-packages",
                    )
            }
            Self::Whole => false,
        }
    }
}

fn contains(text: &[u8], needle: &[u8]) -> bool {
    memchr::memmem::find(text, needle).is_some()
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// Whether two neighbours belong to one word.
fn joined(left: Option<u8>, right: Option<u8>) -> bool {
    left.is_some_and(is_word) && right.is_some_and(is_word)
}

fn is_separator(byte: u8) -> bool {
    matches!(byte, b'/' | b'\\' | b'"' | b'\'' | b'`')
}

fn ends_name(byte: u8) -> bool {
    matches!(
        byte,
        b'"' | b'\'' | b'`' | b'\n' | b'\r' | b'\t' | b',' | b';' | b')' | b'|'
    )
}

/// A host may follow `.` (it is then a subdomain), `@` or `/`, and may be followed by a port, a path or a full stop.
fn host_edges(
    text: &[u8],
    start: usize,
    end: usize,
    before: Option<u8>,
    after: Option<u8>,
) -> bool {
    let name = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if before.is_some_and(name) {
        return false;
    }
    // A dot before must belong to a subdomain, not to an attribute such as `self.file.io`.
    let host_only = !contains(text.get(start..end).unwrap_or_default(), b"/");
    match after {
        Some(b'.') if host_only => !text.get(end + 1).copied().is_some_and(name),
        // `is.gd(` and `file.io =` are code; a host is followed by a path, a port, a quote or the end.
        Some(b'(' | b'_' | b'-' | b'[' | b'=') => false,
        Some(b) if host_only => !name(b),
        _ => true,
    }
}

fn part_edges(before: Option<u8>, first: Option<u8>, last: Option<u8>, after: Option<u8>) -> bool {
    let starts = match first {
        Some(b'.') => !before.is_some_and(|b| is_word(b) || matches!(b, b'.' | b'*' | b']' | b')')),
        Some(b'/' | b'\\') => true,
        _ => !before.is_some_and(|b| is_word(b) || b == b'-'),
    };
    let ends = match last {
        Some(b'/' | b'\\' | b'*') => true,
        _ => !after.is_some_and(|b| is_word(b) || b == b'-'),
    };
    starts && ends
}

/// One needle as it is searched.
#[derive(Debug)]
pub(super) struct Needle {
    /// What it is evidence of.
    pub(super) kind: FactKind,
    /// What must stand around it.
    pub(super) check: Check,
    /// Its text, in the case that must match when it holds an upper-case letter.
    pub(super) text: String,
    exact: bool,
}

impl Needle {
    /// Whether the text found has the right case.
    pub(super) fn case(&self, found: &[u8]) -> bool {
        !self.exact || self.text.as_bytes() == found
    }
}

/// All tables.
#[derive(Debug)]
pub(super) struct Tables {
    /// What finds [`Tables::needles`], by index.
    pub(super) search: AhoCorasick,
    /// What is searched.
    pub(super) needles: Vec<Needle>,
    whole: HashMap<String, Vec<(FactKind, Option<String>)>>,
    hosts: HashMap<String, Vec<(FactKind, String)>>,
}

impl Tables {
    /// What a whole text is, when it is a known name.
    pub(super) fn whole(&self, text: &str) -> Option<FactKind> {
        let found = self.whole.get(&text.to_ascii_lowercase())?;
        found
            .iter()
            .find(|(_, exact)| exact.as_deref().is_none_or(|exact| exact == text))
            .map(|(kind, _)| *kind)
    }

    /// What a host with a path (from its `/`) belongs to.
    pub(super) fn host(&self, host: &str, path: &str) -> Option<FactKind> {
        let mut rest = host;
        loop {
            for (kind, start) in self.hosts.get(rest).into_iter().flatten() {
                if path
                    .get(..start.len())
                    .is_some_and(|p| p.eq_ignore_ascii_case(start))
                {
                    return Some(*kind);
                }
            }
            rest = rest.split_once('.')?.1;
        }
    }
}

const SOURCES: [&str; 3] = [
    include_str!("hosts.txt"),
    include_str!("paths.txt"),
    include_str!("words.txt"),
];

/// Longest text that can be a known name as a whole.
pub(super) const WHOLE_MAX: usize = 64;

pub(super) static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let mut needles = Vec::new();
    let mut whole: HashMap<String, Vec<_>> = HashMap::new();
    let mut hosts: HashMap<String, Vec<_>> = HashMap::new();
    for source in SOURCES {
        for (kind, check, text) in entries(source) {
            let exact = text.bytes().any(|b| b.is_ascii_uppercase());
            match check {
                Check::Whole => whole
                    .entry(text.to_ascii_lowercase())
                    .or_default()
                    .push((kind, exact.then(|| text.to_owned()))),
                Check::Host => {
                    let (host, path) = text.split_at(text.find('/').unwrap_or(text.len()));
                    hosts
                        .entry(host.to_owned())
                        .or_default()
                        .push((kind, path.to_owned()));
                }
                _ => {}
            }
            if check != Check::Whole {
                needles.extend(spellings(kind, check, text, exact));
            }
        }
    }
    let search = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .build(needles.iter().map(|n: &Needle| n.text.as_str()));
    Tables {
        // The tables are constants of this crate and far below the automaton's limits; a test builds them.
        search: search.unwrap_or_else(|_| nothing()),
        needles,
        whole,
        hosts,
    }
});

#[expect(
    clippy::expect_used,
    reason = "an automaton of no patterns always builds"
)]
fn nothing() -> AhoCorasick {
    AhoCorasick::new([""; 0]).expect("no patterns")
}

/// The needle as written, and with one and two backslashes for each slash of a path.
fn spellings(kind: FactKind, check: Check, text: &str, exact: bool) -> Vec<Needle> {
    let paths = check != Check::Host && !text.contains("//");
    let separators: &[&str] = if paths && text.contains('/') {
        &["/", "\\", "\\\\"]
    } else {
        &["/"]
    };
    separators
        .iter()
        .map(|separator| Needle {
            kind,
            check,
            text: text.replace('/', separator),
            exact,
        })
        .collect()
}

/// The lines of a table, below headings such as `[wallet part]`.
fn entries(source: &'static str) -> impl Iterator<Item = (FactKind, Check, &'static str)> {
    let mut section = None;
    source.lines().filter_map(move |line| {
        if line.is_empty() || line.starts_with("# ") {
            return None;
        }
        if let Some(heading) = heading(line) {
            section = Some(heading);
            return None;
        }
        let (kind, check) = section?;
        Some((kind, check, line))
    })
}

fn heading(line: &str) -> Option<(FactKind, Check)> {
    let (kind, check) = line.strip_prefix('[')?.strip_suffix(']')?.split_once(' ')?;
    Some((FactKind::parse(kind)?, Check::parse(check)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_tables_is_understood() {
        for source in SOURCES {
            for line in source
                .lines()
                .filter(|l| l.starts_with('[') && l.ends_with(']'))
            {
                assert!(heading(line).is_some(), "{line}");
            }
            assert!(entries(source).count() > 300);
        }
        assert!(TABLES.search.patterns_len() == TABLES.needles.len());
        assert!(TABLES.needles.len() > 900);
    }
}
