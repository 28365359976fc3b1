//! OpenVEX 0.2.0: one statement per flaw and package.
//!
//! Gaps have no vulnerability to name, so they appear nowhere here; the other formats carry them.

use hognose_types::{AdvisoryEvidence, Judged};
use serde_json::{Value, json};

use crate::escape::{plain, to_json};
use crate::{RenderError, ScanReport, stable, view, words};

/// Justifications OpenVEX 0.2.0 knows; others may not be written.
const JUSTIFICATIONS: [&str; 5] = [
    "component_not_present",
    "vulnerable_code_not_present",
    "vulnerable_code_not_in_execute_path",
    "vulnerable_code_cannot_be_controlled_by_adversary",
    "inline_mitigations_already_exist",
];

pub(crate) fn render(report: &ScanReport) -> Result<String, RenderError> {
    let timestamp = words::utc_seconds(&report.started);
    let packages = view::packages(report, |_| true);
    let statements: Vec<Value> = packages
        .iter()
        .flat_map(|p| &p.findings)
        .filter_map(|judged| statement(judged, judged.finding.advisory.as_ref()?, &timestamp))
        .collect();
    let id = stable::uuid_of("openvex", &statements)?;
    to_json(&json!({
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": format!("urn:uuid:{id}"),
        "author": "hognose",
        "role": "scanner",
        "timestamp": timestamp,
        "version": 1,
        "tooling": format!("hognose {}", report.tool_version),
        "statements": statements,
    }))
}

fn statement(judged: &Judged, advisory: &AdvisoryEvidence, timestamp: &str) -> Option<Value> {
    let purl = judged.finding.subject.purl.as_str();
    let mut statement = json!({
        "vulnerability": {
            "name": advisory.id,
            "aliases": advisory.aliases,
            "description": plain(view::title(&judged.finding)),
        },
        "timestamp": timestamp,
        "products": [{"@id": purl, "identifiers": {"purl": purl}}],
    });
    let fields = statement.as_object_mut()?;
    let waiver = judged.waiver.as_ref();
    match waiver.and_then(|w| w.vex_status.as_deref()) {
        Some("not_affected") => {
            fields.insert("status".into(), "not_affected".into());
            let reason = waiver.map(|w| plain(&w.reason)).unwrap_or_default();
            let stated = waiver.and_then(|w| w.vex_justification.as_deref());
            match stated.filter(|j| JUSTIFICATIONS.contains(j)) {
                Some(justification) => {
                    fields.insert("justification".into(), justification.into());
                    fields.insert("status_notes".into(), reason.into());
                }
                None => {
                    fields.insert("impact_statement".into(), reason.into());
                }
            }
        }
        Some("fixed") => {
            fields.insert("status".into(), "fixed".into());
        }
        // A risk that was accepted still affects the product.
        _ => {
            fields.insert("status".into(), "affected".into());
            fields.insert("action_statement".into(), action(judged).into());
        }
    }
    Some(statement)
}

fn action(judged: &Judged) -> String {
    let remedy = plain(&judged.finding.remedy.text);
    let Some(waiver) = &judged.waiver else {
        return if remedy.is_empty() {
            words::fix(&judged.finding)
        } else {
            remedy
        };
    };
    let mut out = format!("accepted: {}", plain(&waiver.reason));
    if let Some(expires) = &waiver.expires {
        out.push_str(&format!(", until {}", plain(expires)));
    }
    out
}
