//! One record, reduced to what is stored.

use std::collections::BTreeSet;

use hognose_types::{PackageName, Reference, Score, Severity, Version, VersionKey};

use crate::codec::PackageAffected;
use crate::intervals::{Compiled, compile};
use crate::osv::{Affected, Rating, Record};
use crate::{cvss_score, malice};

/// Most aliases of one record that are read; real records have fewer than ten.
const MAX_ALIASES: usize = 100;

/// A record with its ranges compiled and everything else reduced to what is stored.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) feed: usize,
    pub(super) id: String,
    pub(super) aliases: Vec<String>,
    pub(super) modified: Option<String>,
    pub(super) published: Option<String>,
    pub(super) withdrawn: Option<String>,
    pub(super) summary: String,
    pub(super) details: String,
    pub(super) scores: Vec<Score>,
    pub(super) word: Option<Severity>,
    pub(super) cwes: Vec<String>,
    pub(super) references: Vec<Reference>,
    pub(super) malicious: bool,
    pub(super) affected: Vec<(PackageName, PackageAffected, Vec<Version>)>,
}

/// Reduces a record to what is stored.
pub(super) fn prepare(feed: usize, record: Record, legacy: &mut u64) -> Prepared {
    let malicious = malice::is_malicious(&record);
    let ratings = record
        .severity
        .iter()
        .chain(record.affected.iter().flat_map(|a| &a.severity));
    let scores = ratings
        .filter_map(|Rating { score, .. }| cvss_score::score(score, &record.id))
        .collect();
    let word = record
        .database_specific
        .as_ref()
        .and_then(|d| d.get("severity")?.as_str())
        .and_then(Severity::from_word);
    let specific = std::iter::once(record.database_specific.as_ref())
        .chain(record.affected.iter().map(|a| a.database_specific.as_ref()));
    let cwes: BTreeSet<String> = specific
        .flat_map(malice::cwe_ids)
        .map(str::to_owned)
        .collect();
    let details = record.details.unwrap_or_default();
    let summary = record
        .summary
        .filter(|s| !s.trim().is_empty())
        .unwrap_or_else(|| first_sentence(&details));
    let references = record
        .references
        .into_iter()
        .map(|l| Reference {
            kind: l.kind,
            url: l.url,
        })
        .collect();
    Prepared {
        feed,
        affected: record
            .affected
            .iter()
            .filter_map(|a| prepare_affected(a, legacy))
            .collect(),
        aliases: record
            .aliases
            .into_iter()
            .filter(|a| !a.trim().is_empty())
            .take(MAX_ALIASES)
            .collect(),
        id: record.id,
        modified: record.modified,
        published: record.published,
        withdrawn: record.withdrawn,
        summary,
        details,
        scores,
        word,
        cwes: cwes.into_iter().collect(),
        references,
        malicious,
    }
}

fn prepare_affected(
    affected: &Affected,
    legacy: &mut u64,
) -> Option<(PackageName, PackageAffected, Vec<Version>)> {
    let name = PackageName::new(affected.python_name()?).ok()?;
    let mut out = PackageAffected::default();
    let mut fixes = Vec::new();
    for range in affected.ranges.iter().filter(|r| r.is_ordered()) {
        match compile(range) {
            Compiled::Intervals(intervals, fixed) => {
                out.intervals.extend(intervals);
                fixes.extend(fixed);
            }
            Compiled::Undecided(undecided, fixed) => {
                fixes.extend(fixed);
                *legacy += 1;
                out.undecided.push(undecided);
            }
        }
    }
    let mut listed: BTreeSet<VersionKey> = BTreeSet::new();
    for text in &affected.versions {
        match Version::new(text) {
            Ok(version) if out.intervals.iter().any(|i| i.contains(version.key())) => {}
            Ok(version) => {
                listed.insert(version.key().clone());
            }
            Err(_) => {
                *legacy += 1;
                out.legacy.push(text.clone());
            }
        }
    }
    for undecided in &mut out.undecided {
        undecided.listed = !affected.versions.is_empty();
    }
    out.listed = listed.into_iter().collect();
    Some((name, out, fixes))
}

/// The first sentence of a Markdown text, without headings.
fn first_sentence(details: &str) -> String {
    let line = details
        .lines()
        .map(str::trim)
        .find(|l| !l.is_empty() && !l.starts_with(['#', '-', '=', '_', '`']));
    let line = line.unwrap_or("");
    let end = line.find(". ").map_or(line.len(), |at| at);
    hognose_types::text::short(line.get(..end).unwrap_or(line), 300)
}
