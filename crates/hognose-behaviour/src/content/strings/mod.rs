//! What a string constant names: services, files, commands, words.
//!
//! A kind says what the text *names*; whether the code reads, writes or only mentions it is for the caller to know.
//! One automaton over lower-cased needles finds candidates in one pass, exact checks follow. The work is linear in the
//! text, and what comes back is bounded.

mod crypto;
mod needle;
mod secrets;
mod spelling;
pub(crate) mod url;

use std::ops::Range;

use crate::fact::FactKind;
use crate::search::NEEDLES;
use needle::{Check, TABLES, WHOLE_MAX};

/// Most details kept of one kind for one text.
const PER_KIND: u8 = 16;
/// Most tries to keep a detail of one kind; the rest of a text that repeats itself is not compared.
const TRIES: u8 = 200;
/// Longest detail in bytes; [`crate::Fact`] cuts further.
const DETAIL: usize = 1_200;
/// How far around a needle the detail reaches.
const AROUND: usize = 96;

/// What a string constant names, with the part of it that does.
pub fn classify(text: &str) -> Vec<(FactKind, String)> {
    let mut found = Found::default();
    let trimmed = text.trim();
    if trimmed.len() <= WHOLE_MAX
        && let Some(kind) = TABLES.whole(trimmed)
    {
        found.add(kind, trimmed);
    }
    url::bare_address(trimmed, &mut found);
    crypto::classify(trimmed, &mut found);
    let spans = url::classify(text, &mut found);
    secrets::classify(text, &mut found);
    search(text, &spans, &mut found);
    found.facts
}

/// The needles of the tables, outside the URLs that were already understood.
fn search(text: &str, urls: &[Range<usize>], found: &mut Found) {
    let bytes = text.as_bytes();
    let tables = &*TABLES;
    for hit in NEEDLES.all(text) {
        let Some(needle) = tables.needles.get(hit.which) else {
            continue;
        };
        let range = hit.start..hit.end;
        if !found.wants(needle.kind)
            || !needle.case(bytes.get(range.clone()).unwrap_or_default())
            || !needle.check.holds(bytes, range.start, range.end)
            || inside(urls, range.start) && of_url(needle.kind, needle.check)
        {
            continue;
        }
        let shown = around(text, range);
        found.add(needle.kind, shown);
    }
}

/// Whether a needle inside a URL says nothing more: the URL was judged by its host, its path is somebody else's.
fn of_url(kind: FactKind, check: Check) -> bool {
    matches!(check, Check::Host | Check::Part | Check::Name)
        || matches!(
            kind,
            FactKind::AntiDebug | FactKind::Miner | FactKind::Mnemonic
        ) && check == Check::Word
}

/// Whether a position lies in one of the ascending ranges.
fn inside(ranges: &[Range<usize>], at: usize) -> bool {
    let next = ranges.partition_point(|range| range.start <= at);
    next.checked_sub(1)
        .and_then(|last| ranges.get(last))
        .is_some_and(|range| range.contains(&at))
}

/// The needle with what stands beside it on its line.
fn around(text: &str, range: Range<usize>) -> &str {
    let head = text.get(floor(text, range.start.saturating_sub(AROUND))..range.start);
    let head = head.unwrap_or_default();
    let kept = head
        .rfind(['\n', '\r', '"', '\''])
        .map_or(head.len(), |at| head.len() - at - 1);
    let tail = text.get(range.end..floor(text, range.end.saturating_add(AROUND)));
    let tail = tail.unwrap_or_default();
    let more = tail.find(['\n', '\r', '"', '\'']).unwrap_or(tail.len());
    text.get(range.start - kept..range.end + more)
        .unwrap_or_default()
        .trim()
}

/// The nearest boundary of a character at or before a byte.
pub(super) fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

const KINDS: usize = FactKind::ALL.len();

/// What was found, bounded for each kind: a thousand harmless addresses must not push out the one that matters.
#[derive(Debug)]
pub(super) struct Found {
    facts: Vec<(FactKind, String)>,
    kept: [u8; KINDS],
    tries: [u8; KINDS],
}

impl Default for Found {
    fn default() -> Self {
        Self {
            facts: Vec::new(),
            kept: [0; KINDS],
            tries: [0; KINDS],
        }
    }
}

impl Found {
    fn wants(&self, kind: FactKind) -> bool {
        let at = kind as usize;
        self.kept.get(at).is_some_and(|n| *n < PER_KIND)
            && self.tries.get(at).is_some_and(|n| *n < TRIES)
    }

    fn add(&mut self, kind: FactKind, detail: &str) {
        if !self.wants(kind) {
            return;
        }
        if let Some(tries) = self.tries.get_mut(kind as usize) {
            *tries += 1;
        }
        let detail = detail.get(..floor(detail, DETAIL)).unwrap_or_default();
        if self.facts.iter().any(|(k, d)| *k == kind && d == detail) {
            return;
        }
        if let Some(kept) = self.kept.get_mut(kind as usize) {
            *kept += 1;
        }
        self.facts.push((kind, detail.to_owned()));
    }
}
