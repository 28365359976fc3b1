//! From what the analyser found to what reports show.

use std::collections::BTreeMap;

use hognose_behaviour::score::Fired;
use hognose_behaviour::{Assessment, Band, Fact, Group, Inspection, Trigger, diff};
use hognose_report::{
    InspectBand, InspectCapability, InspectChange, InspectDelta, InspectEvidence, InspectField,
    InspectRule, InspectedArtifact, NotRead,
};

use super::options::Judge;
use super::read::Seen;
use super::targets::Target;

/// The artifact with its verdict, and what it adds to an older release.
pub(super) fn artifact(
    target: &Target,
    seen: Seen,
    judge: &Judge,
    older: Option<(&Target, &Inspection)>,
) -> InspectedArtifact {
    let mut out = empty(target, seen.sha256);
    let inspection = match seen.inspection {
        Ok(inspection) => inspection,
        Err(reason) => {
            out.failure = Some(reason);
            return out;
        }
    };
    let assessment = judge.assess(&inspection.facts);
    out.band = band(assessment.band);
    out.score = assessment.score;
    out.rules = rules(&assessment, &inspection.facts);
    out.kind = target.kind(&inspection);
    out.capabilities = capabilities(&inspection.facts);
    out.remarks = remarks(&inspection.facts);
    out.change = older.map(|(old, before)| change(old, before, &inspection, judge));
    out.members = inspection.size.members;
    out.unpacked_bytes = inspection.size.unpacked_bytes;
    out.name = inspection.metadata.name;
    out.version = inspection.metadata.version;
    out.surfaces = inspection.surfaces;
    let unread = inspection.unread.into_iter();
    out.unread = unread
        .map(|(path, reason)| NotRead { path, reason })
        .collect();
    if let Some((old, before)) = older {
        out.unread
            .extend(before.unread.iter().map(|(path, reason)| NotRead {
                path: format!("{}!/{path}", old.display()),
                reason: format!("in the older release: {reason}"),
            }));
    }
    out
}

fn empty(target: &Target, sha256: Option<String>) -> InspectedArtifact {
    InspectedArtifact {
        path: target.display(),
        name: String::new(),
        version: String::new(),
        kind: target.word(),
        sha256,
        failure: None,
        band: InspectBand::Nothing,
        score: 0.0,
        rules: Vec::new(),
        capabilities: Vec::new(),
        remarks: Vec::new(),
        members: 0,
        unpacked_bytes: 0,
        surfaces: BTreeMap::new(),
        unread: Vec::new(),
        change: None,
    }
}

/// The band as reports name it.
pub(super) fn band(band: Band) -> InspectBand {
    match band {
        Band::Nothing => InspectBand::Nothing,
        Band::Notable => InspectBand::Notable,
        Band::Suspicious => InspectBand::Suspicious,
        Band::Malicious => InspectBand::Malicious,
    }
}

fn rules(assessment: &Assessment, facts: &[Fact]) -> Vec<InspectRule> {
    assessment
        .fired
        .iter()
        .map(|fired| rule(fired, facts))
        .collect()
}

fn rule(fired: &Fired, facts: &[Fact]) -> InspectRule {
    let shown: Vec<&Fact> = fired
        .firing
        .facts
        .iter()
        .filter_map(|at| facts.get(*at))
        .collect();
    // Nothing runs where metadata or a container is odd: "at install" would mislead.
    let runs = shown
        .first()
        .is_none_or(|fact| !is_no_act(fact.kind.group()));
    InspectRule {
        id: fired.rule.id.clone(),
        title: fired.rule.title.clone(),
        severity: fired.rule.severity,
        trigger: runs.then(|| fired.firing.trigger.as_str()),
        points: fired.firing.points,
        counted: fired.counted,
        evidence: shown.into_iter().map(evidence).collect(),
    }
}

fn evidence(fact: &Fact) -> InspectEvidence {
    InspectEvidence {
        fact: fact.kind.as_str(),
        says: fact.kind.describe(),
        trigger: fact.trigger.as_str(),
        file: fact.place.file.clone(),
        line: fact.place.line,
        column: fact.place.column,
        layers: fact.place.layers.clone(),
        detail: fact.detail.clone(),
    }
}

/// What describes the package or its bytes, and does nothing.
fn is_no_act(group: Group) -> bool {
    matches!(group, Group::Metadata | Group::Archive | Group::Yara)
}

/// Facts by group and trigger; the metadata and the container are no capability.
fn capabilities(facts: &[Fact]) -> Vec<InspectCapability> {
    let mut rows: BTreeMap<Group, [usize; 6]> = BTreeMap::new();
    for fact in facts {
        let group = fact.kind.group();
        if is_no_act(group) {
            continue;
        }
        let at = Trigger::ALL
            .iter()
            .position(|t| *t == fact.trigger)
            .unwrap_or_default();
        if let Some(count) = rows.entry(group).or_default().get_mut(at) {
            *count += 1;
        }
    }
    let row = |(group, counts)| InspectCapability {
        group: word(group),
        counts,
    };
    rows.into_iter().map(row).collect()
}

fn word(group: Group) -> &'static str {
    match group {
        Group::Process => "process",
        Group::Code => "code",
        Group::Decode => "decode",
        Group::Network => "network",
        Group::Collection => "collection",
        Group::Persistence => "persistence",
        Group::Destruction => "destruction",
        Group::Evasion => "evasion",
        Group::Flow => "flow",
        Group::Hook => "hook",
        Group::Binary => "binary",
        Group::Metadata => "metadata",
        Group::Archive => "archive",
        Group::Yara => "yara",
    }
}

fn remarks(facts: &[Fact]) -> Vec<&'static str> {
    let mut out = Vec::new();
    for fact in facts {
        let says = fact.kind.describe();
        if matches!(fact.kind.group(), Group::Metadata | Group::Archive) && !out.contains(&says) {
            out.push(says);
        }
    }
    out
}

fn change(old: &Target, before: &Inspection, now: &Inspection, judge: &Judge) -> InspectChange {
    let change = diff(before, now);
    let assessment = judge.assess(&change.new);
    InspectChange {
        old_path: old.display(),
        old_version: before.metadata.version.clone(),
        band: band(assessment.band),
        score: assessment.score,
        rules: rules(&assessment, &change.new),
        facts: change.new.iter().map(evidence).collect(),
        gone: change.gone.len(),
        lists: change
            .lists
            .into_iter()
            .map(|list| InspectDelta {
                what: list.what,
                new: list.new,
                gone: list.gone,
            })
            .collect(),
        fields: change
            .fields
            .into_iter()
            .map(|field| InspectField {
                name: field.name,
                old: field.old,
                new: field.new,
            })
            .collect(),
    }
}
