//! The JSON of an inspection, documented in `docs/schemas/inspect-1.schema.json`.
//!
//! Lists are always present; single values that are not known are left out.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    InspectBand, InspectChange, InspectEvidence, InspectReport, InspectRule, InspectedArtifact,
    NotRead, words,
};
use crate::{RenderError, escape};

/// Version of the document: `major.minor`, with the compatibility rule of `docs/reports.md`.
pub const INSPECT_SCHEMA: &str = "1.0";

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    report: &'static str,
    tool: Tool<'a>,
    started: &'a str,
    command: &'a str,
    analyser: &'a str,
    model: &'a str,
    fail_on: &'static str,
    verdict: Verdict,
    summary: Summary,
    artifacts: Vec<Artifact<'a>>,
    left_out: Vec<Reason<'a>>,
}

#[derive(Serialize)]
struct Tool<'a> {
    name: &'static str,
    version: &'a str,
}

#[derive(Serialize)]
struct Verdict {
    decision: &'static str,
    complete: bool,
    anything_checked: bool,
}

#[derive(Serialize)]
struct Summary {
    text: String,
    artifacts: usize,
    malicious: usize,
    suspicious: usize,
    notable: usize,
    nothing: usize,
    not_read: usize,
}

#[derive(Serialize)]
struct Artifact<'a> {
    path: &'a str,
    kind: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    version: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<&'a str>,
    complete: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    band: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<f64>,
    members: u64,
    unpacked_bytes: u64,
    rules: Vec<Rule<'a>>,
    capabilities: BTreeMap<&'static str, BTreeMap<&'static str, usize>>,
    remarks: &'a [&'static str],
    surfaces: &'a BTreeMap<&'static str, Vec<String>>,
    not_analysed: Vec<Reason<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<Change<'a>>,
}

#[derive(Serialize)]
struct Reason<'a> {
    path: &'a str,
    reason: &'a str,
}

#[derive(Serialize)]
struct Rule<'a> {
    id: &'a str,
    title: &'a str,
    severity: hognose_types::Severity,
    #[serde(skip_serializing_if = "Option::is_none")]
    trigger: Option<&'static str>,
    points: f64,
    counted: f64,
    evidence: Vec<Evidence<'a>>,
}

#[derive(Serialize)]
struct Evidence<'a> {
    fact: &'static str,
    says: &'static str,
    trigger: &'static str,
    file: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u32>,
    layers: &'a [&'static str],
    detail: &'a str,
}

#[derive(Serialize)]
struct Change<'a> {
    old_path: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    old_version: &'a str,
    band: &'static str,
    score: f64,
    rules: Vec<Rule<'a>>,
    new_facts: Vec<Evidence<'a>>,
    facts_gone: usize,
    lists: Vec<Delta<'a>>,
    metadata: Vec<Field<'a>>,
}

#[derive(Serialize)]
struct Delta<'a> {
    what: &'static str,
    new: &'a [String],
    gone: &'a [String],
}

#[derive(Serialize)]
struct Field<'a> {
    field: &'static str,
    old: &'a str,
    new: &'a str,
}

pub(crate) fn render(report: &InspectReport) -> Result<String, RenderError> {
    escape::to_json(&document(report))
}

fn document(report: &InspectReport) -> Document<'_> {
    let read = report.artifacts.iter().filter(|a| a.failure.is_none());
    let bands: Vec<InspectBand> = read.map(InspectedArtifact::worst).collect();
    let count = |band: InspectBand| bands.iter().filter(|b| **b == band).count();
    Document {
        schema: INSPECT_SCHEMA,
        report: "inspect",
        tool: Tool {
            name: "hognose",
            version: &report.tool_version,
        },
        started: &report.started,
        command: &report.command,
        analyser: &report.analyser,
        model: &report.model,
        fail_on: report.gate.map_or("never", InspectBand::as_str),
        verdict: Verdict {
            decision: if report.fails() { "block" } else { "allow" },
            complete: report.is_complete(),
            anything_checked: !bands.is_empty(),
        },
        summary: Summary {
            text: words::summary(report),
            artifacts: report.artifacts.len(),
            malicious: count(InspectBand::Malicious),
            suspicious: count(InspectBand::Suspicious),
            notable: count(InspectBand::Notable),
            nothing: count(InspectBand::Nothing),
            not_read: report.artifacts.len() - bands.len(),
        },
        artifacts: report.artifacts.iter().map(artifact).collect(),
        left_out: reasons(&report.skipped),
    }
}

fn reasons(list: &[NotRead]) -> Vec<Reason<'_>> {
    list.iter()
        .map(|item| Reason {
            path: &item.path,
            reason: &item.reason,
        })
        .collect()
}

fn artifact(one: &InspectedArtifact) -> Artifact<'_> {
    let read = one.failure.is_none();
    let capabilities = one.capabilities.iter().map(|row| {
        let counts = words::TRIGGERS.iter().zip(row.counts);
        let counts = counts
            .filter(|(_, n)| *n > 0)
            .map(|((name, ..), n)| (*name, n));
        (row.group, counts.collect())
    });
    Artifact {
        path: &one.path,
        kind: one.kind,
        name: &one.name,
        version: &one.version,
        sha256: one.sha256.as_deref(),
        failure: one.failure.as_deref(),
        complete: one.is_complete(),
        band: read.then(|| one.band.as_str()),
        score: read.then_some(one.score),
        members: one.members,
        unpacked_bytes: one.unpacked_bytes,
        rules: one.rules.iter().map(rule).collect(),
        capabilities: capabilities.collect(),
        remarks: &one.remarks,
        surfaces: &one.surfaces,
        not_analysed: reasons(&one.unread),
        change: one.change.as_ref().map(change),
    }
}

fn rule(rule: &InspectRule) -> Rule<'_> {
    Rule {
        id: &rule.id,
        title: &rule.title,
        severity: rule.severity,
        trigger: rule.trigger,
        points: rounded(rule.points),
        counted: rounded(rule.counted),
        evidence: rule.evidence.iter().map(evidence).collect(),
    }
}

/// Two decimals: products of decimal fractions would show their binary tails.
fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

fn evidence(fact: &InspectEvidence) -> Evidence<'_> {
    Evidence {
        fact: fact.fact,
        says: fact.says,
        trigger: fact.trigger,
        file: &fact.file,
        line: (fact.line > 0).then_some(fact.line),
        column: (fact.column > 0).then_some(fact.column),
        layers: &fact.layers,
        detail: &fact.detail,
    }
}

fn change(change: &InspectChange) -> Change<'_> {
    Change {
        old_path: &change.old_path,
        old_version: &change.old_version,
        band: change.band.as_str(),
        score: change.score,
        rules: change.rules.iter().map(rule).collect(),
        new_facts: change.facts.iter().map(evidence).collect(),
        facts_gone: change.gone,
        lists: change
            .lists
            .iter()
            .map(|list| Delta {
                what: list.what,
                new: &list.new,
                gone: &list.gone,
            })
            .collect(),
        metadata: change
            .fields
            .iter()
            .map(|field| Field {
                field: field.name,
                old: &field.old,
                new: &field.new,
            })
            .collect(),
    }
}
