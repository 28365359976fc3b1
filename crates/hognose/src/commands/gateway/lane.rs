//! The fast lane: a young release that mends what every older one has need not wait.
//!
//! Whoever takes over a project could publish the mended version too; so its attestations must name the publisher of the
//! releases before (PEP 740). Without attestations there is no fast lane.

use std::collections::{BTreeMap, BTreeSet};

use hognose_gateway::judge::{Offer, Reason};
use hognose_types::rules::{online, vuln};
use hognose_types::{Decision, Severity, Version};

use super::weigh::ByVersion;

/// What the fast lane lets in.
#[derive(Debug, Default)]
pub(super) struct Lane {
    let_in: BTreeMap<Version, Reason>,
    /// Files whose publisher would decide.
    pub(super) wanted: Vec<String>,
}

impl Lane {
    pub(super) fn new(offer: &Offer<'_>, found: &ByVersion<'_>) -> Self {
        let mut out = Self::default();
        let versions: BTreeSet<&Version> = offer.files.iter().map(|f| &f.version).collect();
        let young = versions
            .iter()
            .filter(|v| waits(found, v) && !flawed(found, v));
        for version in young {
            // What an installer could choose instead.
            let older: Vec<&&Version> = versions
                .iter()
                .filter(|v| *v < version && !v.is_prerelease() && !is_yanked(offer, v))
                .filter(|v| !waits(found, v))
                .collect();
            let Some(newest) = older
                .last()
                .filter(|_| older.iter().all(|v| flawed(found, v)))
            else {
                continue;
            };
            let (mine, before) = (attested(offer, version), attested(offer, newest));
            let publisher = |file: Option<&str>| offer.publishers.get(file?);
            match (publisher(mine), publisher(before)) {
                (Some(now), Some(then)) if now == then => {
                    out.let_in.insert((*version).clone(), reason(now));
                }
                (Some(_), Some(_)) => {}
                _ => out
                    .wanted
                    .extend(mine.into_iter().chain(before).map(str::to_owned)),
            }
        }
        out
    }

    /// Why a version need not wait.
    pub(super) fn lets_in(&self, version: &Version) -> Option<&Reason> {
        self.let_in.get(version)
    }
}

fn reason(publisher: &str) -> Reason {
    Reason {
        rule: online::NEW.as_str().to_owned(),
        message: format!(
            "let in before its time: every older release has known flaws, and it is published from {publisher} as they were"
        ),
        remedy: "set fast-lane = false in [gateway] to wait all the same".to_owned(),
    }
}

/// Blocked for its age, and for nothing else.
fn waits(found: &ByVersion<'_>, version: &Version) -> bool {
    let blocks = found
        .judged(version)
        .iter()
        .filter(|j| j.decision == Decision::Block);
    let rules: BTreeSet<_> = blocks.map(|j| j.finding.rule).collect();
    rules.len() == 1 && rules.contains(&online::NEW)
}

/// Whether advisories name a flaw of it that nobody has waived. Unclear and harmless ones are no reason to hurry.
fn flawed(found: &ByVersion<'_>, version: &Version) -> bool {
    found.judged(version).iter().any(|j| {
        j.finding.rule == vuln::ID && j.waiver.is_none() && j.finding.severity >= Severity::Medium
    })
}

fn is_yanked(offer: &Offer<'_>, version: &Version) -> bool {
    let mut files = offer.files.iter().filter(|f| f.version == *version);
    files.all(|f| f.yanked.is_yanked())
}

/// A file of a version whose upstream announces attestations.
fn attested<'o>(offer: &Offer<'o>, version: &Version) -> Option<&'o str> {
    let mut files = offer.files.iter().filter(|f| f.version == *version);
    files
        .find(|f| f.provenance.is_some())
        .map(|f| f.filename.as_str())
}
