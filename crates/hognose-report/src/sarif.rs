//! SARIF 2.1.0: one rule per advisory (code hosts take severity and help from the rule), one result
//! per finding and place.

use std::collections::{BTreeMap, BTreeSet};

use hognose_types::{Decision, Finding, Judged, JudgedGap, Location, Severity};
use serde_json::{Map, Value, json};

use crate::escape::{link, markdown, path_uri, plain, plain_block, to_json};
use crate::stable::fingerprint;
use crate::view::{self, Standing};
use crate::{RenderError, ScanReport, words};

/// Longest rule name and message taken from outside, in characters.
const TEXT_MAX: usize = 1_000;

pub(crate) fn render(report: &ScanReport) -> Result<String, RenderError> {
    let packages = view::packages(report, |_| true);
    let findings: Vec<&Judged> = packages.iter().flat_map(|p| p.findings.clone()).collect();
    let rules = rules(&findings);
    let index: BTreeMap<&str, usize> = rules.keys().enumerate().map(|(i, id)| (*id, i)).collect();
    let mut results = Vec::new();
    let mut seen = BTreeSet::new();
    for judged in &findings {
        let rule = view::finding_id(&judged.finding);
        let position = index.get(rule).copied().unwrap_or_default();
        results_of(judged, position, &mut seen, &mut results);
    }
    to_json(&json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "hognose",
                "semanticVersion": report.tool_version,
                "version": report.tool_version,
                "rules": rules.values().map(|f| rule(f)).collect::<Vec<_>>(),
                "notifications": notification_rules(report),
            }},
            "automationDetails": {"id": "hognose/"},
            "columnKind": "unicodeCodePoints",
            "invocations": [invocation(report)],
            "results": results,
        }],
    }))
}

/// The first finding of every id, sorted by id.
fn rules<'a>(findings: &[&'a Judged]) -> BTreeMap<&'a str, &'a Finding> {
    let mut rules = BTreeMap::new();
    for judged in findings {
        rules
            .entry(view::finding_id(&judged.finding))
            .or_insert(&judged.finding);
    }
    rules
}

fn rule(finding: &Finding) -> Value {
    let id = view::finding_id(finding);
    let mut tags = vec!["security".to_owned(), "vulnerability".to_owned()];
    let mut score = None;
    if let Some(advisory) = &finding.advisory {
        score = Some(advisory.severity.score);
        tags.extend(advisory.cwes.iter().filter_map(|cwe| cwe_tag(cwe)));
        if advisory.malicious {
            tags.push("malicious-package".to_owned());
        }
    }
    let title = crate::escape::plain_short(view::title(finding), TEXT_MAX);
    let mut rule = json!({
        "id": id,
        "name": finding.rule.as_str(),
        "shortDescription": {"text": format!("{}: {title}", plain(id))},
        "fullDescription": {"text": title},
        "help": {"text": help_text(finding), "markdown": help_markdown(finding)},
        "properties": {
            "tags": tags,
            "precision": "very-high",
            "security-severity": format!("{:.1}", score.unwrap_or_else(|| band_score(finding.severity))),
        },
    });
    let mut references = finding.advisory.iter().flat_map(|a| &a.references);
    if let Some(url) = references.find_map(|r| link(&r.url)) {
        rule["helpUri"] = Value::String(url);
    }
    rule
}

/// A number in the middle of a band, for rules without an advisory.
pub(crate) fn band_score(severity: Severity) -> f64 {
    match severity {
        Severity::None => 0.0,
        Severity::Low => 2.0,
        Severity::Medium => 5.5,
        Severity::High => 8.0,
        Severity::Critical => 9.5,
        Severity::Malicious => 10.0,
    }
}

/// `external/cwe/cwe-079`, the form code hosts recognise.
fn cwe_tag(cwe: &str) -> Option<String> {
    let number: u32 = cwe.strip_prefix("CWE-")?.parse().ok()?;
    Some(format!("external/cwe/cwe-{number:03}"))
}

fn help_text(finding: &Finding) -> String {
    let mut out = plain(view::title(finding));
    if let Some(advisory) = &finding.advisory
        && !advisory.details.is_empty()
    {
        out.push_str("\n\n");
        out.push_str(&plain_block(&advisory.details));
    }
    out.push_str("\n\n");
    out.push_str(&words::fix(finding));
    out
}

fn help_markdown(finding: &Finding) -> String {
    let mut out = format!("**{}**\n\n", markdown(view::title(finding)));
    out.push_str(&format!("- {}\n", markdown(&words::fix(finding))));
    for fact in words::facts(finding) {
        out.push_str(&format!("- {}\n", markdown(&fact)));
    }
    if let Some(text) = words::disagreement(finding) {
        out.push_str(&format!("- {}\n", markdown(&text)));
    }
    let Some(advisory) = &finding.advisory else {
        return out;
    };
    for alias in &advisory.aliases {
        out.push_str(&format!("- also {}\n", markdown(alias)));
    }
    for reference in &advisory.references {
        if let Some(url) = link(&reference.url) {
            out.push_str(&format!("- <{url}>\n"));
        }
    }
    for line in advisory.details.lines() {
        out.push_str(&format!("\n{}", markdown(line)));
    }
    out
}

fn results_of(
    judged: &Judged,
    rule_index: usize,
    seen: &mut BTreeSet<String>,
    results: &mut Vec<Value>,
) {
    let finding = &judged.finding;
    let id = view::finding_id(finding);
    for occurrence in &finding.occurrences {
        // The line and the version may change without the problem being another one; two versions
        // of one package in one file are told apart by their order.
        let mut ordinal = 0_u32;
        let print = loop {
            let fields = [
                id,
                &finding.subject.name,
                &occurrence.location.file,
                &ordinal.to_string(),
            ];
            let print = fingerprint(&fields);
            if seen.insert(print.clone()) {
                break print;
            }
            ordinal += 1;
        };
        let mut result = json!({
            "ruleId": id,
            "ruleIndex": rule_index,
            "level": level(judged),
            "kind": "fail",
            "message": {"text": message(finding, occurrence)},
            "locations": [location(&occurrence.location)],
            "partialFingerprints": {"hognose/v1": print},
            "properties": {
                "purl": finding.subject.purl.as_str(),
                "severity": finding.severity.as_str(),
                "decision": judged.because,
                "direct": occurrence.direct,
            },
        });
        if let Some(edit) = &occurrence.edit {
            result["relatedLocations"] = json!([related(edit)]);
        }
        if let Some(suppression) = suppression(judged) {
            result["suppressions"] = json!([suppression]);
        }
        results.push(result);
    }
}

fn level(judged: &Judged) -> &'static str {
    match (
        Standing::of(judged),
        judged.decision,
        judged.finding.severity,
    ) {
        (Standing::Allowed, ..) | (_, _, Severity::None | Severity::Low) => "note",
        (_, Decision::Block, Severity::High | Severity::Critical | Severity::Malicious) => "error",
        _ => "warning",
    }
}

fn message(finding: &Finding, occurrence: &hognose_types::Occurrence) -> String {
    let mut out = format!(
        "{} is affected by {}: {}; {}",
        view::label(finding),
        plain(view::finding_id(finding)),
        crate::escape::plain_short(view::title(finding), TEXT_MAX),
        words::fix(finding)
    );
    if let Some(via) = words::via(occurrence) {
        out.push_str(&format!("; {via}"));
    }
    if let Some(conditions) = words::conditions(occurrence) {
        out.push_str(&format!("; {conditions}"));
    }
    // Brackets make embedded links in SARIF messages.
    out.replace('\\', "\\\\")
        .replace('[', "\\[")
        .replace(']', "\\]")
}

fn suppression(judged: &Judged) -> Option<Value> {
    let waiver = judged.waiver.as_ref()?;
    let mut reason = plain(&waiver.reason);
    if let Some(expires) = &waiver.expires {
        reason.push_str(&format!(", until {}", plain(expires)));
    }
    Some(json!({
        "kind": "external",
        "status": "accepted",
        "justification": reason,
        "location": location(&waiver.location),
    }))
}

fn location(place: &Location) -> Value {
    let mut artifact = Map::new();
    if place.file.starts_with('/') {
        artifact.insert(
            "uri".into(),
            format!("file://{}", path_uri(&place.file)).into(),
        );
    } else {
        let path = place.file.strip_prefix("./").unwrap_or(&place.file);
        artifact.insert("uri".into(), path_uri(path).into());
        artifact.insert("uriBaseId".into(), "%SRCROOT%".into());
    }
    // Code hosts refuse results without a region: a whole file is shown at its first line.
    json!({"physicalLocation": {
        "artifactLocation": artifact,
        "region": {"startLine": place.line.unwrap_or(1).max(1)},
    }})
}

fn related(place: &Location) -> Value {
    let mut value = location(place);
    value["id"] = json!(1);
    value["message"] = json!({"text": "the line to edit"});
    value
}

fn invocation(report: &ScanReport) -> Value {
    let notes = report.notices.iter().map(|notice| {
        let mut note = json!({"level": "note", "message": {"text": plain(&notice.message)}});
        if let Some(place) = &notice.location {
            note["locations"] = json!([location(place)]);
        }
        note
    });
    let notifications: Vec<Value> = report.gaps.iter().map(gap).chain(notes).collect();
    json!({
        "executionSuccessful": report.verdict.complete,
        "commandLine": report.command,
        "startTimeUtc": words::utc_seconds(&report.started),
        "toolExecutionNotifications": notifications,
    })
}

fn gap(judged: &JudgedGap) -> Value {
    let gap = &judged.gap;
    let mut text = format!("{}: {}", plain(&gap.subject), plain(&gap.message));
    if let Some(hint) = &gap.hint {
        text.push_str(&format!("; hint: {}", plain(hint)));
    }
    let mut note = json!({
        "level": if judged.allowed { "note" } else { "error" },
        "descriptor": {"id": gap.rule.as_str()},
        "message": {"text": text},
    });
    if let Some(place) = &gap.location {
        note["locations"] = json!([location(place)]);
    }
    note
}

fn notification_rules(report: &ScanReport) -> Vec<Value> {
    view::gaps_by_rule(report.gaps.iter())
        .iter()
        .map(|(rule, _)| {
            let title = rule.meta().map_or("could not be checked", |m| m.title);
            json!({"id": rule.as_str(), "shortDescription": {"text": title}})
        })
        .collect()
}
