//! Every format judged by a validator that is not ours.

use std::path::Path;
use std::process::Command;

use crate::common::{PLAIN, clean, hostile, report};
use hognose_report::{Format, SbomFormat, SbomMeta, ScanReport, render, sbom};

/// A report in which every optional part is missing.
fn bare() -> ScanReport {
    let mut report = clean();
    report.inventory = hognose_types::Inventory::default();
    report.database = None;
    report
}

/// One process for several documents: starting an interpreter costs more than judging one.
fn validate(name: &str, texts: &[String], extension: &str) {
    validate_with(name, "report-1.0.schema.json", texts, extension);
}

/// Like [`validate`], with another schema of ours.
pub(crate) fn validate_with(name: &str, schema: &str, texts: &[String], extension: &str) {
    let python = std::env::var("HOGNOSE_TEST_PYTHON").expect(
        "HOGNOSE_TEST_PYTHON is not set; run `cargo xtask test`, which installs the validators",
    );
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let directory = tempfile::tempdir().unwrap();
    let mut command = Command::new(python);
    command
        .arg(root.join("tests/reports/validate.py"))
        .arg(name)
        .arg(root.join("../../docs/schemas").join(schema));
    for (number, text) in texts.iter().enumerate() {
        let file = directory.path().join(format!("report-{number}{extension}"));
        std::fs::write(&file, text).unwrap();
        command.arg(file);
    }
    let output = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {stderr}");
}

fn validate_all(format: Format, extension: &str) {
    let evil = [
        "\u{1b}[31m<script>alert(1)</script>]]>\u{0}\u{fffe} \"'&",
        "x\r\n::error::y | [a](javascript:b) `c` @d #1 ![e](https://f.example) www.g.example",
        "\u{202e}%0A ${{ x }} https://h.example/?a=b&c=\"d\"",
    ];
    let reports = [report(), clean(), bare()]
        .into_iter()
        .chain(evil.map(hostile));
    let texts: Vec<String> = reports
        .map(|report| render(&report, format, &PLAIN).unwrap())
        .collect();
    validate(format.name(), &texts, extension);
}

#[test]
fn json_follows_its_schema() {
    validate_all(Format::Json, ".json");
}

#[test]
fn sarif_follows_the_oasis_schema() {
    validate_all(Format::Sarif, ".sarif");
}

#[test]
fn cyclonedx_follows_its_schema_and_references_resolve() {
    validate_all(Format::CycloneDx, ".cdx.json");
}

#[test]
fn spdx_tools_accept_spdx() {
    validate_all(Format::Spdx, ".spdx.json");
}

#[test]
fn openvex_is_read_in_full() {
    let text = render(&report(), Format::OpenVex, &PLAIN).unwrap();
    validate("openvex", &[text], ".json");
}

#[test]
fn junit_counts_are_right() {
    validate_all(Format::Junit, ".xml");
}

#[test]
fn html_parses_strictly_and_holds_nothing_active() {
    validate_all(Format::Html, ".html");
}

#[test]
fn markdown_renders_to_our_elements_only() {
    validate_all(Format::Markdown, ".md");
}

#[test]
fn sboms_are_valid() {
    let meta = SbomMeta {
        tool_version: "0.1.0".into(),
        timestamp: "2026-11-21T10:00:00.5Z".into(),
        name: "my shop \u{1b}".into(),
        version: Some("1".into()),
    };
    for (format, name, extension) in [
        (SbomFormat::CycloneDx, "cyclonedx", ".cdx.json"),
        (SbomFormat::Spdx, "spdx", ".spdx.json"),
    ] {
        let reports = [report(), bare(), hostile("<x>\u{1b}\r\n")];
        let texts: Vec<String> = reports
            .iter()
            .map(|report| sbom(&report.inventory, format, &meta).unwrap())
            .collect();
        validate(name, &texts, extension);
    }
}
