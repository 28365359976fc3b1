//! Whether a project is alive and in the same hands: what the rules of `scan --online` say of it, compared with what this
//! machine saw before. The look is kept for the next one.

use std::collections::{BTreeMap, BTreeSet};

use hognose_identity::facts::{DAY, Presence, ProjectFacts};
use hognose_identity::history::Past;
use hognose_identity::{Asked, Circumstances, judge_online};
use hognose_report::{Card, CardSignal};
use hognose_types::{ComponentId, Finding, RuleId, Severity, Version, rules::online as rule};

use super::known;
use crate::commands::inspect::Wanted;
use crate::commands::scan::history::{History, Kept};
use crate::surroundings::Surroundings;

/// The card says these in its own words.
const SAID: [RuleId; 6] = [
    rule::OUTDATED,
    rule::YANKED,
    rule::ARCHIVED,
    rule::DEPRECATED,
    rule::QUARANTINED,
    rule::GONE,
];

/// What is looked at.
#[derive(Debug)]
pub(super) struct Scene<'a> {
    pub(super) wanted: &'a Wanted,
    /// Where looks are kept.
    pub(super) cache: &'a std::path::Path,
    /// Youngest release that is no longer new, in seconds.
    pub(super) min_age: i64,
    pub(super) surroundings: &'a Surroundings,
}

/// Puts it on the card.
pub(super) fn fill(card: &mut Card, facts: Option<ProjectFacts>, scene: &Scene<'_>) {
    let Some(facts) = facts.filter(|f| f.presence == Presence::Present) else {
        return;
    };
    card.health.publisher = facts.publisher.as_ref().map(|p| p.as_str().to_owned());
    let attested = card.files.iter().filter(|f| f.attested).count();
    card.health.attested_files = (!card.files.is_empty()).then_some(attested);
    card.health.silence_percent = silence(card, &facts, scene.surroundings.now);
    let past = remembered(card, &facts, scene);
    let first = past.as_ref().and_then(|past| past.looks.first());
    let before = first.filter(|look| look.at < scene.surroundings.now);
    let time = before.and_then(|look| jiff::Timestamp::from_second(look.at).ok());
    card.health.seen_since = time.map(|time| time.to_string());
    let version = card.version.clone().unwrap_or_default();
    let inventory = known::alone(scene.wanted, &version);
    let asked = [Asked {
        members: vec![ComponentId(0)],
        facts,
        past,
    }];
    let circumstances = Circumstances {
        now: scene.surroundings.now,
        min_age: scene.min_age,
        python: None,
        popular: BTreeSet::new(),
        unmended: BTreeMap::new(),
        written: BTreeMap::new(),
    };
    let mut found = judge_online(&inventory, &asked, &circumstances).findings;
    found.retain(|f| !SAID.contains(&f.rule));
    found.sort_by(|a, b| (b.severity, &a.rule).cmp(&(a.severity, &b.rule)));
    let grave = found.iter().filter(|f| f.severity >= Severity::Medium);
    card.warnings.extend(grave.map(|f| f.message.clone()));
    card.health.signals = found.iter().map(signal).collect();
}

fn signal(finding: &Finding) -> CardSignal {
    CardSignal {
        rule: finding.rule.as_str().to_owned(),
        severity: finding.severity.as_str().to_owned(),
        message: finding.message.clone(),
    }
}

/// How long nothing was released, against how long that usually takes.
fn silence(card: &Card, facts: &ProjectFacts, now: i64) -> Option<i64> {
    let usual = card.age.median_gap_days.filter(|days| *days > 0)?;
    let last = card.age.last.as_ref()?;
    let release = facts.releases();
    let last = release.iter().find(|r| r.version.as_str() == last.version);
    let since = now.saturating_sub(last?.first?);
    (since >= 0).then(|| since.saturating_mul(100) / usual.saturating_mul(DAY))
}

/// What this machine saw before; this look is kept.
fn remembered(card: &mut Card, facts: &ProjectFacts, scene: &Scene<'_>) -> Option<Past> {
    let name = facts.name.as_str();
    let mut history = History::new(scene.cache, std::iter::once(name.to_owned()));
    let past = match history.recall(&facts.index, name) {
        Kept::Nothing => None,
        Kept::Past(past) => Some(*past),
        Kept::Newer => {
            card.unknown.push(
                "what changed since it was seen before: a newer version of the program keeps that"
                    .to_owned(),
            );
            return None;
        }
    };
    let shown = card.version.as_deref().and_then(|v| Version::new(v).ok());
    let pinned = shown.iter().collect();
    let next = Past::noted(past.as_ref(), facts, &pinned, scene.surroundings.now);
    let kept = next.map_or(Ok(()), |next| {
        history.keep(&next).and_then(|()| history.save())
    });
    if let Err(error) = kept {
        card.unknown.push(format!(
            "what will change from now on: this look is not kept: {error}"
        ));
    }
    past
}
