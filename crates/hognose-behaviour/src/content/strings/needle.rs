//! The tables of needles, found in one pass.

use std::borrow::Cow;
use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use super::spelling::{SOURCES, entries, separators};
use crate::fact::FactKind;
use crate::search::NEEDLES;

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
    /// Its text, where it holds an upper-case letter: the case must match then.
    exact: Option<Cow<'static, str>>,
}

impl Needle {
    /// Whether the text found has the right case.
    pub(super) fn case(&self, found: &[u8]) -> bool {
        let exact = self.exact.as_deref();
        exact.is_none_or(|exact| exact.as_bytes() == found)
    }
}

/// All tables.
#[derive(Debug)]
pub(super) struct Tables {
    /// What [`crate::search::NEEDLES`] finds, by index.
    pub(super) needles: Vec<Needle>,
    whole: FxHashMap<Cow<'static, str>, Vec<(FactKind, Option<&'static str>)>>,
    hosts: FxHashMap<&'static str, Vec<(FactKind, &'static str)>>,
}

impl Tables {
    /// What a whole text is, when it is a known name.
    pub(super) fn whole(&self, text: &str) -> Option<FactKind> {
        let found = self.whole.get(text.to_ascii_lowercase().as_str())?;
        found
            .iter()
            .find(|(_, exact)| exact.is_none_or(|exact| exact == text))
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

/// Longest text that can be a known name as a whole.
pub(super) const WHOLE_MAX: usize = 64;

pub(super) static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let mut tables = Tables {
        needles: Vec::with_capacity(NEEDLES.len()),
        whole: FxHashMap::default(),
        hosts: FxHashMap::default(),
    };
    for source in SOURCES {
        let mut heading = ("", "");
        let mut parsed = None;
        for (kind, check, text) in entries(source) {
            if heading != (kind, check) {
                heading = (kind, check);
                // Headings are constants of this crate; a test parses all of them.
                parsed = FactKind::parse(kind).zip(Check::parse(check));
            }
            if let Some((kind, parsed)) = parsed {
                tables.add(kind, parsed, separators(check, text), text);
            }
        }
    }
    tables
});

impl Tables {
    fn add(&mut self, kind: FactKind, check: Check, separators: &[&str], text: &'static str) {
        let exact = text.bytes().any(|b| b.is_ascii_uppercase());
        if check == Check::Whole {
            let (name, exact) = if exact {
                (Cow::Owned(text.to_ascii_lowercase()), Some(text))
            } else {
                (Cow::Borrowed(text), None)
            };
            self.whole.entry(name).or_default().push((kind, exact));
        } else if check == Check::Host {
            let (host, path) = text.split_at(text.find('/').unwrap_or(text.len()));
            self.hosts.entry(host).or_default().push((kind, path));
        }
        for separator in separators {
            let exact = exact.then(|| match *separator {
                "/" => Cow::Borrowed(text),
                other => Cow::Owned(text.replace('/', other)),
            });
            self.needles.push(Needle { kind, check, exact });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::strings::spelling::heading;

    #[test]
    fn every_line_of_the_tables_is_understood() {
        for source in SOURCES {
            for line in source
                .lines()
                .filter(|l| l.starts_with('[') && l.ends_with(']'))
            {
                let (kind, check) = heading(line).unwrap();
                assert!(FactKind::parse(kind).is_some(), "{line}");
                assert!(Check::parse(check).is_some(), "{line}");
            }
            assert!(entries(source).count() > 300);
        }
        assert!(TABLES.needles.len() > 900);
    }

    #[test]
    fn the_automaton_finds_every_needle_by_its_index() {
        let all = SOURCES.into_iter().flat_map(entries);
        let texts: Vec<String> = all
            .flat_map(|(_, check, text)| {
                let all = separators(check, text).iter();
                all.map(|separator| text.replace('/', separator))
            })
            .collect();
        assert_eq!(NEEDLES.len(), texts.len());
        assert_eq!(TABLES.needles.len(), texts.len());
        for (which, text) in texts.iter().enumerate() {
            for text in [text.clone(), text.to_ascii_uppercase()] {
                let (start, end) = (0, text.len());
                let hit = crate::search::Hit { which, start, end };
                assert!(NEEDLES.all(&text).any(|h| h == hit), "{text}");
            }
            let needle = TABLES.needles.get(which).unwrap();
            assert!(needle.case(text.as_bytes()), "{text}");
        }
        // Run together, halves of them make and hide others: all that are there are found, and nothing else.
        let halves = texts.iter().map(|t| t.get(..t.len() / 2).unwrap_or(t));
        let text: String = halves.chain(texts.iter().map(String::as_str)).collect();
        let mut found: Vec<_> = NEEDLES.all(&text).map(|h| (h.which, h.start)).collect();
        found.sort_unstable();
        let lower = text.to_ascii_lowercase();
        let there: Vec<_> = (0..)
            .zip(&texts)
            .flat_map(|(which, needle)| {
                let needle = needle.to_ascii_lowercase();
                let starts = 0..=lower.len() - needle.len();
                let lower = lower.as_bytes();
                starts
                    .filter(move |at| lower[*at..].starts_with(needle.as_bytes()))
                    .map(move |at| (which, at))
                    .collect::<Vec<(usize, usize)>>()
            })
            .collect();
        assert_eq!(found, there);
    }
}
