//! SARIF 2.1.0 of an inspection: a rule per rule that fired, a result per rule and artifact, at the decisive line.

use std::collections::{BTreeMap, BTreeSet};

use hognose_types::{RuleId, Severity};
use serde_json::{Map, Value, json};

use super::{InspectBand, InspectReport, InspectRule, InspectedArtifact, words};
use crate::RenderError;
use crate::escape::{path_uri, plain, plain_short, to_json};
use crate::sarif::band_score;
use crate::stable::fingerprint;

/// Longest message, in characters.
const MESSAGE_MAX: usize = 1_000;

pub(crate) fn render(report: &InspectReport) -> Result<String, RenderError> {
    let rules = rules(report);
    let index: BTreeMap<&str, usize> = rules.keys().enumerate().map(|(i, id)| (*id, i)).collect();
    let mut seen = BTreeSet::new();
    let mut results = Vec::new();
    for one in shown(report) {
        for rule in fired(one) {
            let position = index.get(rule.id.as_str()).copied().unwrap_or_default();
            results.push(result(one, rule, position, &mut seen));
        }
    }
    let notes: Vec<Value> = report.artifacts.iter().flat_map(notifications).collect();
    to_json(&json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "hognose",
                "semanticVersion": report.tool_version,
                "version": report.tool_version,
                "rules": rules.values().map(|rule| rule_of(rule)).collect::<Vec<_>>(),
            }},
            "automationDetails": {"id": "hognose-inspect/"},
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": report.is_complete(),
                "commandLine": report.command,
                "startTimeUtc": crate::words::utc_seconds(&report.started),
                "toolExecutionNotifications": notes,
            }],
            "results": results,
        }],
    }))
}

/// Artifacts worth a result: what fires without weight in honest packages would bury the rest.
fn shown(report: &InspectReport) -> impl Iterator<Item = &InspectedArtifact> {
    let worth = |a: &&InspectedArtifact| a.failure.is_none() && a.worst() > InspectBand::Nothing;
    report.artifacts.iter().filter(worth)
}

/// Rules of the artifact, then those of its change that did not fire on the whole.
fn fired(one: &InspectedArtifact) -> impl Iterator<Item = &InspectRule> {
    let of_change = one.change.iter().flat_map(|c| &c.rules);
    one.rules
        .iter()
        .chain(of_change.filter(|rule| !one.rules.iter().any(|r| r.id == rule.id)))
}

fn rules(report: &InspectReport) -> BTreeMap<&str, &InspectRule> {
    let mut rules = BTreeMap::new();
    for rule in shown(report).flat_map(fired) {
        rules.entry(rule.id.as_str()).or_insert(rule);
    }
    rules
}

fn rule_of(rule: &InspectRule) -> Value {
    let title = plain_short(&rule.title, MESSAGE_MAX);
    let page = RuleId::find(&rule.id).map(|meta| meta.documentation);
    let help = match page {
        // The pages are ours: their Markdown is meant.
        Some(page) => json!({"text": page, "markdown": page}),
        None => json!({"text": title}),
    };
    json!({
        "id": rule.id,
        "name": plain(&rule.id),
        "shortDescription": {"text": title},
        "fullDescription": {"text": format!("The artifact {title}")},
        "help": help,
        "defaultConfiguration": {"level": level(rule.severity)},
        "properties": {
            "tags": ["security", "malicious-package"],
            "security-severity": format!("{:.1}", band_score(rule.severity)),
        },
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::None | Severity::Low => "note",
        Severity::Medium => "warning",
        Severity::High | Severity::Critical | Severity::Malicious => "error",
    }
}

/// An artifact that is only notable never gives an error: its rules are grave, its sum is not.
fn level_in(band: InspectBand, severity: Severity) -> &'static str {
    match (band, level(severity)) {
        (InspectBand::Notable, "error") => "warning",
        (_, level) => level,
    }
}

fn result(
    one: &InspectedArtifact,
    rule: &InspectRule,
    index: usize,
    seen: &mut BTreeSet<String>,
) -> Value {
    let first = rule.evidence.first();
    let file = first.map_or("", |fact| fact.file.as_str());
    let mut ordinal = 0_u32;
    // Lines and versions may change without the finding being another one.
    let print = loop {
        let print = fingerprint(&[&rule.id, &one.name, one.kind, file, &ordinal.to_string()]);
        if seen.insert(print.clone()) {
            break print;
        }
        ordinal += 1;
    };
    let places = |at: usize| rule.evidence.get(at);
    let mut result = json!({
        "ruleId": rule.id,
        "ruleIndex": index,
        "level": level_in(one.worst(), rule.severity),
        "kind": "fail",
        "message": {"text": message(one, rule)},
        "locations": [location(one, file, places(0).map_or(0, |f| f.line))],
        "partialFingerprints": {"hognose/v1": print},
        "properties": {
            "band": one.band.as_str(),
            "score": one.score,
            "trigger": rule.trigger,
            "severity": rule.severity.as_str(),
            "sha256": one.sha256,
        },
    });
    let related: Vec<Value> = rule
        .evidence
        .iter()
        .enumerate()
        .skip(1)
        .map(|(at, fact)| {
            let mut place = location(one, &fact.file, fact.line);
            place["id"] = json!(at);
            place["message"] =
                json!({"text": inert(&format!("{}: {}", fact.says, words::detail(fact)))});
            place
        })
        .collect();
    if !related.is_empty() {
        result["relatedLocations"] = Value::Array(related);
    }
    result
}

fn message(one: &InspectedArtifact, rule: &InspectRule) -> String {
    let title = plain_short(&words::title(rule), MESSAGE_MAX);
    let mut out = format!("{} {title}", words::label(one));
    if let Some(fact) = rule.evidence.first() {
        out.push_str(&format!(": {}", words::detail(fact)));
        if let Some(layers) = words::layers(fact) {
            out.push_str(&format!(" ({layers})"));
        }
    }
    out.push_str(&format!(
        "; the artifact is {} ({})",
        one.band.as_str(),
        words::score(one.score)
    ));
    inert(&out)
}

/// Brackets make embedded links in SARIF messages.
fn inert(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('[', "\\[")
        .replace(']', "\\]")
}

/// A file inside an archive is `archive!/file`; one of a directory is itself.
fn location(one: &InspectedArtifact, file: &str, line: u32) -> Value {
    let base = one.path.strip_prefix("./").unwrap_or(&one.path);
    let separator = match one.kind {
        "directory" | "installed" => "/",
        _ => "!/",
    };
    let mut uri = path_uri(base);
    if !file.is_empty() && one.kind != "file" {
        uri.push_str(separator);
        uri.push_str(&path_uri(file));
    }
    let mut artifact = Map::new();
    if base.starts_with('/') {
        artifact.insert("uri".into(), format!("file://{uri}").into());
    } else {
        artifact.insert("uri".into(), uri.into());
        artifact.insert("uriBaseId".into(), "%SRCROOT%".into());
    }
    // Code hosts refuse results without a region: a whole file is shown at its first line.
    json!({"physicalLocation": {
        "artifactLocation": artifact,
        "region": {"startLine": line.max(1)},
    }})
}

fn notifications(one: &InspectedArtifact) -> Vec<Value> {
    let note = |file: &str, reason: &str| {
        json!({
            "level": "error",
            "message": {"text": inert(&format!("{}: {}", plain(&one.path), plain(reason)))},
            "locations": [location(one, file, 0)],
        })
    };
    let failure = one.failure.iter().map(|reason| note("", reason));
    failure
        .chain(one.unread.iter().map(|item| note(&item.path, &item.reason)))
        .collect()
}
