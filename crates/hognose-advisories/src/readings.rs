//! Ranges with bounds that PEP 440 does not know, read every way they can be meant.

use hognose_types::{Version, VersionKey};

use crate::intervals::{Compiled, Interval, Undecided, Upper, compile};
use crate::osv::{Event, Range};

/// Most unordered bounds of one range that are read both ways: six give 64 readings.
const MAX_UNORDERED: u32 = 6;

/// Compiles a range in every reading.
pub(crate) fn undecided(range: &Range, bound: &str) -> Compiled {
    let bounds = range.events.iter().flat_map(texts);
    let fixed = range.events.iter().filter_map(|e| e.fixed.as_deref());
    let fixes = fixed.filter_map(|text| Version::new(text).ok()).collect();
    let unordered: Vec<&str> = bounds.filter(|text| !is_ordered(text)).collect();
    let releases: Option<Vec<&str>> = unordered.iter().map(|text| release(text)).collect();
    let count = u32::try_from(unordered.len()).unwrap_or(u32::MAX);
    let readings = match releases {
        Some(releases) if count <= MAX_UNORDERED => (0..1_u32 << count)
            .map(|choice| reading(range, &unordered, &releases, choice))
            .collect(),
        _ => Vec::new(),
    };
    Compiled::Undecided(
        Undecided {
            bound: bound.to_owned(),
            readings,
            listed: false,
        },
        fixes,
    )
}

fn texts(event: &Event) -> impl Iterator<Item = &str> {
    [
        &event.introduced,
        &event.fixed,
        &event.last_affected,
        &event.limit,
    ]
    .into_iter()
    .filter_map(|t| t.as_deref())
}

fn is_ordered(text: &str) -> bool {
    matches!(text.trim(), "0" | "*") || Version::new(text).is_ok()
}

/// The leading `N(.N)*` of a text.
fn release(text: &str) -> Option<&str> {
    let text = text.trim();
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let prefix = text.get(..end)?.trim_end_matches('.');
    Version::new(prefix).ok().map(|_| prefix)
}

/// One reading: bit `i` of the choice puts the `i`-th unordered bound at the upper end of its release.
fn reading(range: &Range, unordered: &[&str], releases: &[&str], choice: u32) -> Vec<Interval> {
    let mut position = 0;
    let mut replace = |text: &mut Option<String>| {
        let Some(written) = text.as_mut().filter(|t| !is_ordered(t)) else {
            return;
        };
        let upper = choice >> position & 1 == 1;
        let end = if upper {
            format!("post{}", u64::MAX)
        } else {
            "dev0".to_owned()
        };
        *written = format!("{}.{end}", releases.get(position).copied().unwrap_or("0"));
        position += 1;
    };
    let mut read = range.clone();
    for event in &mut read.events {
        replace(&mut event.introduced);
        replace(&mut event.fixed);
        replace(&mut event.last_affected);
        replace(&mut event.limit);
    }
    match compile(&read) {
        Compiled::Intervals(intervals, _) => intervals
            .into_iter()
            .map(|i| restore(i, unordered, releases))
            .collect(),
        // Every bound was replaced by a version.
        Compiled::Undecided(..) => Vec::new(),
    }
}

/// Bounds are shown as they were published.
fn restore(mut interval: Interval, unordered: &[&str], releases: &[&str]) -> Interval {
    let published = |text: &mut String| {
        let release = text.rsplit_once('.').map(|(release, _)| release.to_owned());
        let at = releases
            .iter()
            .position(|r| Some(*r) == release.as_deref() && !is_written(text, unordered));
        if let Some(written) = at.and_then(|at| unordered.get(at)) {
            (*written).clone_into(text);
        }
    };
    if let Some(text) = &mut interval.low_text {
        published(text);
    }
    match &mut interval.high {
        Upper::Fixed(_, text) | Upper::Last(_, text) | Upper::Limit(_, text) => published(text),
        Upper::Open => {}
    }
    interval
}

/// True for texts that are no replacement.
fn is_written(text: &str, unordered: &[&str]) -> bool {
    unordered.contains(&text)
        || !(text.ends_with(".dev0") || text.ends_with(&format!(".post{}", u64::MAX)))
}

/// What all readings of a range together say about a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decided<'a> {
    /// Every reading covers it; the interval of the first.
    Covered(&'a Interval),
    /// No reading covers it.
    Clear,
    /// The readings differ, or there are none.
    Open,
}

impl Undecided {
    /// Asks every reading.
    pub fn decide(&self, key: &VersionKey) -> Decided<'_> {
        let mut covering = self
            .readings
            .iter()
            .map(|reading| reading.iter().find(|i| i.contains(key)));
        let Some(first) = covering.next() else {
            return Decided::Open;
        };
        match (
            first,
            covering.all(|other| other.is_some() == first.is_some()),
        ) {
            (Some(interval), true) => Decided::Covered(interval),
            (None, true) => Decided::Clear,
            (_, false) => Decided::Open,
        }
    }
}
