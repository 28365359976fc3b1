//! Inspections: every format says the same, and nothing an attacker writes acts.

use std::collections::BTreeMap;

use hognose_report::{
    InspectBand, InspectCapability, InspectChange, InspectDelta, InspectEvidence, InspectField,
    InspectFormat, InspectReport, InspectRule, InspectedArtifact, NotRead, Style, render_inspect,
};
use hognose_types::Severity;

use crate::common::PLAIN;
use crate::validators::validate_with;

fn evidence(text: &str) -> InspectEvidence {
    InspectEvidence {
        fact: "exec-decoded",
        says: "runs code it has decoded",
        trigger: "import",
        file: format!("pkg/{text}.py"),
        line: 3,
        column: 1,
        layers: vec!["base64", "exec"],
        detail: format!("import os\n{text}\n"),
    }
}

fn rule(id: &str, text: &str) -> InspectRule {
    InspectRule {
        id: id.to_owned(),
        title: format!("runs code it has decoded {text}"),
        severity: Severity::Critical,
        trigger: Some("import"),
        points: 8.0,
        counted: 8.0,
        evidence: vec![evidence(text), evidence(text)],
    }
}

fn artifact(text: &str, band: InspectBand) -> InspectedArtifact {
    InspectedArtifact {
        path: format!("dist/{text}.whl"),
        name: text.to_owned(),
        version: format!("1.0{text}"),
        kind: "wheel",
        sha256: Some("0".repeat(64)),
        failure: None,
        band,
        score: 97.5,
        rules: vec![rule("HOG-MAL-exec-decoded", text), rule("ACME-own", text)],
        capabilities: vec![InspectCapability {
            group: "code",
            counts: [0, 0, 2, 0, 11, 1],
        }],
        remarks: vec!["has no description"],
        members: 3,
        unpacked_bytes: 1_234,
        surfaces: BTreeMap::from([("start-up hooks", vec![text.to_owned()])]),
        unread: vec![NotRead {
            path: text.to_owned(),
            reason: format!("damaged {text}"),
        }],
        change: Some(InspectChange {
            old_path: format!("old/{text}.whl"),
            old_version: text.to_owned(),
            band,
            score: 50.0,
            rules: vec![rule("HOG-MAL-startup-hook", text)],
            facts: vec![evidence(text)],
            gone: 1,
            lists: vec![InspectDelta {
                what: "dependencies",
                new: vec![text.to_owned()],
                gone: vec![text.to_owned()],
            }],
            fields: vec![InspectField {
                name: "author",
                old: text.to_owned(),
                new: String::new(),
            }],
        }),
    }
}

fn report(text: &str) -> InspectReport {
    let mut failed = artifact(text, InspectBand::Nothing);
    failed.failure = Some(format!("cannot read {text}"));
    InspectReport {
        tool_version: "0.1.0".into(),
        started: "2026-11-21T10:00:00.5Z".into(),
        command: format!("hognose inspect {text}"),
        analyser: "1".into(),
        model: text.into(),
        gate: Some(InspectBand::Malicious),
        artifacts: vec![
            artifact(text, InspectBand::Malicious),
            artifact(text, InspectBand::Notable),
            failed,
        ],
        skipped: vec![NotRead {
            path: text.to_owned(),
            reason: "version control".to_owned(),
        }],
    }
}

const EVIL: [&str; 6] = [
    "plain",
    "\u{1b}[31m<script>alert(1)</script>]]>\u{0}\u{fffe} \"'&",
    "x\r\n::error::y | [a](javascript:b) `c` @d #1 ![e](https://f.example) www.g.example",
    "\u{202e}%0A ${{ x }} https://h.example/?a=b&c=\"d\"",
    "a ##[error]boo ##vso[task.complete] ::stop-commands::t",
    "</pre></li></details><img src=x onerror=alert(1)>",
];

#[test]
fn nothing_outside_acts() {
    for evil in EVIL {
        for format in InspectFormat::ALL {
            for width in [20, 80, 200] {
                for verbose in [false, true] {
                    let style = Style {
                        width,
                        verbose,
                        ..PLAIN
                    };
                    let text = render_inspect(&report(evil), format, &style).unwrap();
                    for line in text.lines() {
                        let raw = line.chars().find(|c| hognose_types::text::is_unsafe(*c));
                        assert_eq!(raw, None, "{format:?}: {line:?}");
                        assert!(!line.trim_start().starts_with("::"), "{format:?}: {line:?}");
                        assert!(
                            !line.contains("##[") && !line.contains("##vso["),
                            "{format:?}: {line:?}"
                        );
                    }
                }
            }
        }
    }
}

fn texts(format: InspectFormat) -> Vec<String> {
    let mut empty = report("x");
    empty.artifacts.clear();
    empty.skipped.clear();
    let reports = EVIL.map(report).into_iter().chain([empty]);
    reports
        .map(|report| render_inspect(&report, format, &PLAIN).unwrap())
        .collect()
}

#[test]
fn json_of_inspections_follows_its_schema() {
    validate_with(
        "json",
        "inspect-1.schema.json",
        &texts(InspectFormat::Json),
        ".json",
    );
}

#[test]
fn sarif_of_inspections_follows_the_oasis_schema() {
    validate_with("sarif", "", &texts(InspectFormat::Sarif), ".sarif");
}

#[test]
fn html_of_inspections_holds_nothing_active() {
    validate_with(
        "html-without-script",
        "",
        &texts(InspectFormat::Html),
        ".html",
    );
}

#[test]
fn markdown_of_inspections_renders_to_our_elements_only() {
    validate_with("markdown", "", &texts(InspectFormat::Markdown), ".md");
}

#[test]
fn every_format_names_what_decided() {
    for format in InspectFormat::ALL {
        let text = render_inspect(&report("plain"), format, &PLAIN).unwrap();
        for what in [
            "HOG-MAL-exec-decoded",
            "ACME-own",
            "plain.py",
            "cannot read plain",
            "damaged plain",
        ] {
            let text = text.replace("&#46;", ".").replace("&#95;", "_");
            assert!(
                text.contains(what),
                "{format:?} does not name {what}:\n{text}"
            );
        }
    }
}

#[test]
fn the_gate_looks_at_the_change_too() {
    let mut report = report("x");
    report.artifacts.truncate(1);
    report.artifacts[0].band = InspectBand::Nothing;
    assert!(report.fails());
    report.gate = None;
    assert!(!report.fails());
    assert!(!report.is_complete());
}
