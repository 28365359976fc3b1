//! Requirements files whose hashes are completed in place: comments, order, markers and line ends stay as they are.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

use hognose_types::{PackageName, Requirement, Version, text};

use crate::lines;

/// What some editors put before everything else, and pip passes over.
const MARK: char = '\u{feff}';

/// Why the hashes of a file cannot be completed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A requirement that several versions meet.
    #[error("\"{text}\" names no exact version")]
    Unpinned {
        /// Its line.
        line: u32,
        /// As written.
        text: String,
    },
    /// A repository, directory or address: no index has files of it.
    #[error("\"{text}\" does not come from an index")]
    Elsewhere {
        /// Its line.
        line: u32,
        /// As written.
        text: String,
    },
    /// Something that is no requirement.
    #[error("\"{text}\" is no requirement")]
    Unreadable {
        /// Its line.
        line: u32,
        /// As written.
        text: String,
    },
}

impl Refusal {
    /// The line, counted from 1.
    pub fn line(&self) -> u32 {
        match self {
            Self::Unpinned { line, .. }
            | Self::Elsewhere { line, .. }
            | Self::Unreadable { line, .. } => *line,
        }
    }
}

/// A requirements file.
#[derive(Clone, Debug)]
pub struct Requirements<'t> {
    text: &'t str,
    /// Its pinned requirements, in order.
    pub pins: Vec<Pin>,
    /// What it includes (`-r`, `-c`), with lines: their hashes are in files of their own.
    pub includes: Vec<(u32, String)>,
}

/// One pinned requirement.
#[derive(Clone, Debug)]
pub struct Pin {
    /// Its name.
    pub name: PackageName,
    /// Its version.
    pub version: Version,
    /// Its line, counted from 1.
    pub line: u32,
    /// The sha256 it has, in lower case.
    pub sha256: Vec<String>,
    /// Hashes that others than sha256 made.
    pub others: usize,
    /// Its text, without the end of its last line.
    span: Range<usize>,
}

/// Reads a file; everything that stands in the way is told at once.
pub fn read(text: &str) -> Result<Requirements<'_>, Vec<Refusal>> {
    let mut out = Requirements {
        text,
        pins: Vec::new(),
        includes: Vec::new(),
    };
    let mut refusals = Vec::new();
    for (line, span) in logical_lines(text) {
        let raw = text.get(span.clone()).unwrap_or_default();
        let joined = joined(raw);
        let content = joined.trim();
        if content.is_empty() {
            continue;
        }
        if content.starts_with('-') {
            option(content, line, &mut out, &mut refusals);
            continue;
        }
        match pin(content, raw, line, span) {
            Ok(pin) => out.pins.push(pin),
            Err(refusal) => refusals.push(refusal),
        }
    }
    if refusals.is_empty() {
        Ok(out)
    } else {
        Err(refusals)
    }
}

fn option(content: &str, line: u32, out: &mut Requirements<'_>, refusals: &mut Vec<Refusal>) {
    let (name, value) = content
        .split_once(['=', ' ', '\t'])
        .unwrap_or((content, ""));
    let shown = text::short(content, 100);
    match name {
        "-e" | "--editable" => refusals.push(Refusal::Elsewhere { line, text: shown }),
        "-r" | "--requirement" | "-c" | "--constraint" => {
            out.includes.push((line, value.trim().to_owned()));
        }
        _ => {}
    }
}

fn pin(content: &str, raw: &str, line: u32, span: Range<usize>) -> Result<Pin, Refusal> {
    // Options of a requirement follow it after white space.
    let written = content
        .match_indices("--")
        .find(|(at, _)| {
            let before = content.get(..*at).unwrap_or_default();
            before.ends_with([' ', '\t'])
        })
        .map_or(content, |(at, _)| content.get(..at).unwrap_or_default())
        .trim();
    let shown = text::short(written, 100);
    let Ok(requirement) = Requirement::parse(written) else {
        let is_elsewhere =
            written.contains("://") || written.contains('/') || written.starts_with('.');
        return Err(if is_elsewhere {
            Refusal::Elsewhere { line, text: shown }
        } else {
            Refusal::Unreadable { line, text: shown }
        });
    };
    if written.contains("://") {
        return Err(Refusal::Elsewhere { line, text: shown });
    }
    let version = requirement.pinned().and_then(|v| Version::new(v).ok());
    let Some(version) = version else {
        return Err(Refusal::Unpinned { line, text: shown });
    };
    let mut pin = Pin {
        name: requirement.name,
        version,
        line,
        sha256: Vec::new(),
        others: 0,
        span,
    };
    for hash in hashes(raw) {
        match sha256(raw, &hash) {
            Some(hex) => pin.sha256.push(hex),
            None => pin.others += 1,
        }
    }
    Ok(pin)
}

impl Requirements<'_> {
    /// The file with these sha256 for each release; what else stood in place of a sha256 is gone.
    pub fn with(&self, found: &BTreeMap<(PackageName, Version), Vec<String>>) -> String {
        let mut out = String::with_capacity(self.text.len());
        let mut at = 0;
        let end = if self.text.contains("\r\n") {
            "\r\n"
        } else {
            "\n"
        };
        for pin in &self.pins {
            out.push_str(self.text.get(at..pin.span.start).unwrap_or_default());
            let raw = self.text.get(pin.span.clone()).unwrap_or_default();
            let found = found.get(&(pin.name.clone(), pin.version.clone()));
            match found {
                Some(all) => out.push_str(&completed(raw, pin, all, end)),
                None => out.push_str(raw),
            }
            at = pin.span.end;
        }
        out.push_str(self.text.get(at..).unwrap_or_default());
        out
    }
}

/// A requirement with all its hashes.
fn completed(raw: &str, pin: &Pin, all: &[String], end: &str) -> String {
    let mut missing: Vec<&String> = all.iter().filter(|hex| !pin.sha256.contains(hex)).collect();
    missing.sort();
    missing.dedup();
    if missing.is_empty() && pin.others == 0 {
        return raw.to_owned();
    }
    let tokens = hashes(raw);
    let usual = format!(" \\{end}    ");
    // What stands before the first hash stands before those that are added, too.
    let separator = tokens.first().map_or(usual.as_str(), |first| {
        raw.get(before(raw, first.start)..first.start)
            .filter(|s| !s.is_empty())
            .unwrap_or(" ")
    });
    let mut added = String::new();
    for hex in missing {
        // Writing to a string cannot fail.
        let _ = write!(added, "{separator}--hash=sha256:{hex}");
    }
    let Some(last) = tokens.last() else {
        let at = content_end(raw);
        let (head, tail) = raw.split_at(at);
        return format!("{head}{added}{tail}");
    };
    let mut out = String::new();
    let mut at = 0;
    for token in &tokens {
        // A hash that goes takes what stands before it with it.
        let is_kept = sha256(raw, token).is_some();
        let until = if is_kept {
            token.end
        } else {
            before(raw, token.start)
        };
        out.push_str(raw.get(at..until).unwrap_or_default());
        at = token.end;
    }
    out.push_str(&added);
    out.push_str(raw.get(last.end..).unwrap_or_default());
    out
}

/// Where the white space and line continuations before a place begin.
fn before(raw: &str, place: usize) -> usize {
    let head = raw.get(..place).unwrap_or_default();
    head.trim_end_matches(|c| is_space(c) || c == '\\').len()
}

/// Where the content of a requirement without hashes ends: before a comment and white space.
fn content_end(raw: &str) -> usize {
    let comment = raw.match_indices('#').find(|(at, _)| {
        let before = raw.get(..*at).unwrap_or_default();
        before.chars().next_back().is_none_or(is_space)
    });
    let end = comment.map_or(raw.len(), |(at, _)| at);
    let content = raw.get(..end).unwrap_or_default();
    content
        .trim_end_matches(|c| is_space(c) || (c == '\\' && end < raw.len()))
        .len()
}

/// The places of `--hash=…` and `--hash …`.
fn hashes(raw: &str) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let limit = content_end(raw);
    let mut at = 0;
    while let Some(found) = raw.get(at..limit).and_then(|rest| rest.find("--hash")) {
        let start = at + found;
        let rest = raw.get(start + 6..limit).unwrap_or_default();
        let value = rest.trim_start_matches(['=', ' ', '\t']);
        let skipped = rest.len() - value.len();
        let length = value
            .find(|c: char| is_space(c) || c == '\\')
            .unwrap_or(value.len());
        at = start + 6 + skipped + length;
        out.push(start..at);
    }
    out
}

/// The sha256 of a `--hash`; none for another algorithm.
fn sha256(raw: &str, token: &Range<usize>) -> Option<String> {
    let (_, hex) = raw.get(token.clone())?.split_once("sha256:")?;
    let is_hex = hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit());
    is_hex.then(|| hex.to_ascii_lowercase())
}

/// Lines joined by a backslash at their end, with the number that an editor shows for the first: a comment joins nothing.
fn logical_lines(text: &str) -> Vec<(u32, Range<usize>)> {
    let mut out: Vec<(u32, Range<usize>)> = Vec::new();
    let start = if text.starts_with(MARK) {
        MARK.len_utf8()
    } else {
        0
    };
    let body = text.get(start..).unwrap_or_default();
    let (mut number, mut counted, mut is_open) = (1, 0, false);
    for line in lines::of_python(body) {
        let content = body.get(line.clone()).unwrap_or_default();
        let skipped = body.get(counted..line.start).unwrap_or_default();
        number += skipped.bytes().filter(|b| *b == b'\n').count() as u32;
        counted = line.start;
        let span = start + line.start..start + line.end;
        match out.last_mut().filter(|_| is_open) {
            Some((_, whole)) => whole.end = span.end,
            None => out.push((number, span)),
        }
        is_open = goes_on(content);
    }
    out
}

/// Whether the next line belongs to this one.
fn goes_on(line: &str) -> bool {
    line.ends_with('\\') && !is_comment(line)
}

fn is_comment(line: &str) -> bool {
    line.trim_start_matches(is_space).starts_with('#')
}

/// White space as Python sees it.
fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}')
}

/// The content of a logical line, without its comment.
fn joined(raw: &str) -> String {
    let mut whole = String::with_capacity(raw.len());
    for line in lines::of_python(raw) {
        let line = raw.get(line).unwrap_or_default();
        if goes_on(line) {
            whole.push_str(line.trim_matches('\\'));
        } else {
            if is_comment(line) {
                whole.push(' ');
            }
            whole.push_str(line);
        }
    }
    let end = content_end(&whole);
    whole.get(..end).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(letter: char) -> String {
        std::iter::repeat_n(letter, 64).collect()
    }

    fn complete(text: &str, of: &[(&str, &str, &[char])]) -> String {
        let found = of.iter().map(|(name, version, letters)| {
            let key = (
                PackageName::new(name).unwrap(),
                Version::new(version).unwrap(),
            );
            (key, letters.iter().map(|l| hex(*l)).collect())
        });
        read(text).unwrap().with(&found.collect())
    }

    #[test]
    fn everything_but_hashes_stays() {
        let (a, b, c) = (hex('a'), hex('b'), hex('c'));
        let text = format!(
            "# head\r\n-i https://index.example/simple\r\none==1.0 ; python_version > '3' # why\r\n\r\nTwo[x]==2.0 \\\r\n    --hash=sha256:{b}\r\n    # via one\r\n-r other.txt\r\nthree==3.0 --hash=md5:0123 --hash=sha256:{c}  # end"
        );
        let done = complete(
            &text,
            &[
                ("one", "1.0", &['b', 'a']),
                ("two", "2.0", &['a', 'b']),
                ("three", "3", &['c']),
            ],
        );
        let expected = format!(
            "# head\r\n-i https://index.example/simple\r\none==1.0 ; python_version > '3' \\\r\n    --hash=sha256:{a} \\\r\n    --hash=sha256:{b} # why\r\n\r\nTwo[x]==2.0 \\\r\n    --hash=sha256:{b} \\\r\n    --hash=sha256:{a}\r\n    # via one\r\n-r other.txt\r\nthree==3.0 --hash=sha256:{c}  # end"
        );
        assert_eq!(done, expected);
        // What is complete is left alone.
        let again = complete(
            &done,
            &[("one", "1.0", &['b', 'a']), ("two", "2.0", &['a', 'b'])],
        );
        assert_eq!(again, done);
    }

    #[test]
    fn lines_end_as_they_do_for_pip() {
        let a = hex('a');
        let text = "\u{feff}# x\u{c}one==1.0\r# y\u{2028}two==2 \\\r# z\nthree==3 \\\u{b}; python_version > '3'";
        let pins = read(text).unwrap().pins;
        let found: Vec<_> = pins
            .iter()
            .map(|pin| (pin.name.as_str(), pin.line))
            .collect();
        assert_eq!(found, [("one", 1), ("two", 1), ("three", 2)]);
        let done = complete(
            text,
            &[
                ("one", "1", &['a']),
                ("two", "2", &['a']),
                ("three", "3", &['a']),
            ],
        );
        assert_eq!(
            done,
            format!(
                "\u{feff}# x\u{c}one==1.0 \\\n    --hash=sha256:{a}\r# y\u{2028}two==2 \\\n    --hash=sha256:{a} \\\r# z\nthree==3 \\\u{b}; python_version > '3' \\\n    --hash=sha256:{a}"
            )
        );
        let hashed = |text: &str| {
            read(text)
                .unwrap()
                .pins
                .iter()
                .map(|p| p.sha256.len())
                .sum::<usize>()
        };
        assert_eq!(hashed(&done), 3);
        assert!(read("# a\u{85}!!\n").is_err());
        assert!(read("# a\u{1f}!!\n").is_ok());
    }

    #[test]
    fn what_cannot_be_hashed_is_refused_with_its_line() {
        let text =
            "a==1.0\nb>=2\n\nc\n-e .\nd @ https://files.example/d.whl\n./local\ne==1.*\n!!\n";
        let refusals = read(text).unwrap_err();
        let shown: Vec<String> = refusals
            .iter()
            .map(|r| format!("line {}: {r}", r.line()))
            .collect();
        assert_eq!(
            shown,
            [
                "line 2: \"b>=2\" names no exact version",
                "line 4: \"c\" names no exact version",
                "line 5: \"-e .\" does not come from an index",
                "line 6: \"d @ https://files.example/d.whl\" does not come from an index",
                "line 7: \"./local\" does not come from an index",
                "line 8: \"e==1.*\" names no exact version",
                "line 9: \"!!\" is no requirement",
            ]
        );
    }
}
