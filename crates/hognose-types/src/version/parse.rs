//! The PEP 440 grammar, appendix B, as a hand-written reader (no backtracking, linear time).

use super::key::{Phase, Pieces, encode};
use super::{Parts, Version};

/// Longest version text accepted, in bytes.
pub(super) const MAX_VERSION: usize = 1024;

/// Spellings of the pre-release phases, longest first where one is a prefix of another.
const PHASES: [(&str, Phase); 8] = [
    ("alpha", Phase::Alpha),
    ("beta", Phase::Beta),
    ("preview", Phase::Candidate),
    ("pre", Phase::Candidate),
    ("rc", Phase::Candidate),
    ("a", Phase::Alpha),
    ("b", Phase::Beta),
    ("c", Phase::Candidate),
];

pub(super) fn version(raw: &str) -> Option<Version> {
    let mut reader = Reader { rest: raw };
    reader.word("v");
    let mut pieces = Pieces::default();
    let first = reader.digits()?;
    if reader.symbol('!') {
        pieces.epoch = first;
        pieces.release.push(reader.digits()?);
    } else {
        pieces.release.push(first);
    }
    while let Some(next) = reader.dotted_number() {
        pieces.release.push(next);
    }
    pieces.pre = reader.pre();
    pieces.post = reader.post();
    pieces.dev = reader.labelled(&["dev"]);
    let public_len = raw.len() - reader.rest.len();
    if reader.symbol('+') {
        pieces.local = Some(local(reader.rest)?);
        reader.rest = "";
    }
    if !reader.rest.is_empty() {
        return None;
    }
    let parts = Parts {
        epoch: saturating(pieces.epoch),
        release: pieces.release.iter().map(|n| saturating(n)).collect(),
        pre: pieces.pre.is_some(),
        post: pieces.post.is_some(),
        dev: pieces.dev.is_some(),
        public_len: pieces.local.map(|_| public_len),
    };
    Some(Version {
        text: raw.into(),
        key: encode(&pieces),
        parts,
    })
}

fn saturating(digits: &str) -> u64 {
    if digits.is_empty() {
        0
    } else {
        digits.parse().unwrap_or(u64::MAX)
    }
}

/// Checks a local version label: alphanumeric segments joined by `.`, `-` or `_`.
fn local(raw: &str) -> Option<&str> {
    raw.split(['.', '-', '_'])
        .all(|s| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric()))
        .then_some(raw)
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    /// Takes one or more digits.
    fn digits(&mut self) -> Option<&'a str> {
        let len = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.rest.split_at_checked(len)?;
        (len > 0).then(|| {
            self.rest = rest;
            digits
        })
    }

    fn symbol(&mut self, symbol: char) -> bool {
        self.rest
            .strip_prefix(symbol)
            .map(|rest| self.rest = rest)
            .is_some()
    }

    /// Takes a word without regard to case.
    fn word(&mut self, word: &str) -> bool {
        match self.rest.split_at_checked(word.len()) {
            Some((head, rest)) if head.eq_ignore_ascii_case(word) => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn separator(&mut self) {
        if let Some(rest) = self.rest.strip_prefix(['-', '_', '.']) {
            self.rest = rest;
        }
    }

    /// Takes `.N`, leaving a `.` that no digit follows for the next part.
    fn dotted_number(&mut self) -> Option<&'a str> {
        let mut ahead = Reader {
            rest: self.rest.strip_prefix('.')?,
        };
        let digits = ahead.digits()?;
        self.rest = ahead.rest;
        Some(digits)
    }

    fn pre(&mut self) -> Option<(Phase, &'a str)> {
        let mut ahead = Reader { rest: self.rest };
        ahead.separator();
        let phase = PHASES
            .iter()
            .find(|(word, _)| ahead.word(word))
            .map(|(_, phase)| *phase)?;
        let number = ahead.optional_number();
        self.rest = ahead.rest;
        Some((phase, number))
    }

    /// Takes `-N` or `[-_.]post[-_.]N`.
    fn post(&mut self) -> Option<&'a str> {
        if let Some(rest) = self.rest.strip_prefix('-') {
            let mut ahead = Reader { rest };
            if let Some(digits) = ahead.digits() {
                self.rest = ahead.rest;
                return Some(digits);
            }
        }
        self.labelled(&["post", "rev", "r"])
    }

    fn labelled(&mut self, words: &[&str]) -> Option<&'a str> {
        let mut ahead = Reader { rest: self.rest };
        ahead.separator();
        words.iter().find(|word| ahead.word(word))?;
        let number = ahead.optional_number();
        self.rest = ahead.rest;
        Some(number)
    }

    /// An optional separator and optional digits. As in the specification's pattern, a separator
    /// that no digit follows is taken too (`1.0a.` is `1.0a0`).
    fn optional_number(&mut self) -> &'a str {
        self.separator();
        self.digits().unwrap_or("")
    }
}
