//! Version ranges, compiled.
//!
//! OSV's evaluation walks the sorted events of a range and keeps a flag. Compiled once, that walk becomes a few
//! intervals over [`VersionKey`] bytes; matching is then two comparisons per interval. The plain walk stands in
//! [`crate::reference`] as the second implementation that tests compare with.

use hognose_types::{Version, VersionKey};
use serde::{Deserialize, Serialize};

use crate::osv::{Event, Range};

/// One stretch of affected versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interval {
    /// Lowest affected key; empty for "from the first version".
    pub low: VersionKey,
    /// The lower bound as published, when there is one.
    pub low_text: Option<String>,
    /// Where it ends.
    pub high: Upper,
}

/// The end of an interval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Upper {
    /// Every later version is affected.
    Open,
    /// Up to, without, the fixing version.
    Fixed(VersionKey, String),
    /// Up to and with the last affected version.
    Last(VersionKey, String),
    /// Up to, without, the limit; nothing is claimed beyond it.
    Limit(VersionKey, String),
}

impl Interval {
    /// True when the version lies inside.
    pub fn contains(&self, key: &VersionKey) -> bool {
        *key >= self.low
            && match &self.high {
                Upper::Open => true,
                Upper::Fixed(high, _) | Upper::Limit(high, _) => key < high,
                Upper::Last(high, _) => key <= high,
            }
    }

    /// True when every version whatsoever lies inside.
    pub fn is_everything(&self) -> bool {
        self.low == VersionKey::lowest() && self.high == Upper::Open
    }
}

/// A range with a bound that is not a PEP 440 version, such as `2.6.0-NA`.
///
/// Such a bound still begins with a release, so it lies somewhere among that release's versions: the range is compiled
/// with it at either end of them. Versions of which all these readings say the same are decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undecided {
    /// The first bound that has no order, as published.
    pub bound: String,
    /// The readings; none when a bound begins with no release, or too many are unordered.
    pub readings: Vec<Vec<Interval>>,
    /// The record also lists its versions: what the range leaves open, the list answers.
    pub listed: bool,
}

/// The outcome of compiling one range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Compiled {
    /// Intervals in ascending order, with every fixing version the range names.
    Intervals(Vec<Interval>, Vec<Version>),
    /// A bound has no order; with every fixing version that has one.
    Undecided(Undecided, Vec<Version>),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Introduced,
    Fixed,
    LastAffected,
}

/// A sortable event. `version` is `None` for `introduced: "0"`.
struct Point<'a> {
    kind: Kind,
    text: &'a str,
    version: Option<Version>,
}

impl Point<'_> {
    fn key(&self) -> VersionKey {
        self.version
            .as_ref()
            .map_or_else(VersionKey::lowest, |v| v.key().clone())
    }
}

/// Compiles one ordered range.
pub fn compile(range: &Range) -> Compiled {
    let mut points = Vec::with_capacity(range.events.len());
    let mut limits = Vec::new();
    for event in &range.events {
        if let Err(bound) = collect(event, &mut points, &mut limits) {
            return crate::readings::undecided(range, bound);
        }
    }
    // Stable: events of one version keep their written order, as in a sort by version alone.
    points.sort_by_key(Point::key);
    let fixes = points
        .iter()
        .filter(|p| p.kind == Kind::Fixed)
        .filter_map(|p| p.version.clone())
        .collect();
    let mut intervals = walk(&points);
    if let Some(limit) = highest_limit(&limits) {
        intervals = cut(intervals, limit);
    }
    Compiled::Intervals(intervals, fixes)
}

fn collect<'a>(
    event: &'a Event,
    points: &mut Vec<Point<'a>>,
    limits: &mut Vec<Option<Version>>,
) -> Result<(), &'a str> {
    let fields = [
        (Kind::Introduced, &event.introduced),
        (Kind::Fixed, &event.fixed),
        (Kind::LastAffected, &event.last_affected),
    ];
    for (kind, text) in fields {
        let Some(text) = text.as_deref() else {
            continue;
        };
        let version = match (kind, text.trim()) {
            (Kind::Introduced, "0") => None,
            (_, text) => Some(Version::new(text).map_err(|_| text)?),
        };
        points.push(Point {
            kind,
            text,
            version,
        });
    }
    match event.limit.as_deref().map(str::trim) {
        None => {}
        Some("*") => limits.push(None),
        Some(text) => limits.push(Some(Version::new(text).map_err(|_| text)?)),
    }
    Ok(())
}

/// Walks events in order and closes an interval whenever the flag falls.
fn walk(points: &[Point<'_>]) -> Vec<Interval> {
    let mut out: Vec<Interval> = Vec::new();
    let mut open: Option<(VersionKey, Option<String>)> = None;
    for point in points {
        // "Affected up to 3" and "fixed in 3" contradict each other; the specification's walk believes the fix.
        if point.kind == Kind::Fixed
            && let Some(before) = out.last_mut()
            && let Upper::Last(last, _) = &before.high
            && *last == point.key()
        {
            before.high = Upper::Fixed(point.key(), point.text.to_owned());
        }
        match (point.kind, &open) {
            (Kind::Introduced, None) => {
                open = Some((
                    point.key(),
                    point.version.as_ref().map(|_| point.text.to_owned()),
                ));
            }
            (Kind::Introduced, Some(_)) | (_, None) => {}
            (Kind::Fixed | Kind::LastAffected, Some((low, low_text))) => {
                let key = point.key();
                let text = point.text.to_owned();
                let high = if point.kind == Kind::Fixed {
                    Upper::Fixed(key, text)
                } else {
                    Upper::Last(key, text)
                };
                out.push(Interval {
                    low: low.clone(),
                    low_text: low_text.clone(),
                    high,
                });
                open = None;
            }
        }
    }
    if let Some((low, low_text)) = open {
        out.push(Interval {
            low,
            low_text,
            high: Upper::Open,
        });
    }
    out.retain(|i| !matches!(&i.high, Upper::Fixed(high, _) if *high <= i.low));
    out
}

/// The specification's `BeforeLimits`: a version counts when it is below any limit, so the highest one decides.
fn highest_limit(limits: &[Option<Version>]) -> Option<&Version> {
    if limits.iter().any(Option::is_none) {
        return None;
    }
    limits.iter().flatten().max()
}

fn cut(intervals: Vec<Interval>, limit: &Version) -> Vec<Interval> {
    let key = limit.key();
    intervals
        .into_iter()
        .filter(|interval| interval.low < *key)
        .map(|mut interval| {
            let beyond = match &interval.high {
                Upper::Open => true,
                Upper::Fixed(high, _) | Upper::Limit(high, _) => high > key,
                Upper::Last(high, _) => high >= key,
            };
            if beyond {
                interval.high = Upper::Limit(key.clone(), limit.as_str().to_owned());
            }
            interval
        })
        .collect()
}
