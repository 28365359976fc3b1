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

fn validate(name: &str, text: &str, extension: &str) {
    let python = std::env::var("HOGNOSE_TEST_PYTHON").expect(
        "HOGNOSE_TEST_PYTHON is not set; run `cargo xtask test`, which installs the validators",
    );
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join(format!("report{extension}"));
    std::fs::write(&file, text).unwrap();
    let output = Command::new(python)
        .arg(root.join("tests/reports/validate.py"))
        .arg(name)
        .arg(&file)
        .arg(root.join("../../docs/schemas/report-1.0.schema.json"))
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {stderr}\n{text}");
}

fn validate_all(format: Format, extension: &str) {
    for report in [report(), clean(), bare()] {
        validate(
            format.name(),
            &render(&report, format, &PLAIN).unwrap(),
            extension,
        );
    }
    for evil in [
        "\u{1b}[31m<script>alert(1)</script>]]>\u{0}\u{fffe} \"'&",
        "x\r\n::error::y | [a](javascript:b) `c` @d #1 ![e](https://f.example) www.g.example",
        "\u{202e}%0A ${{ x }} https://h.example/?a=b&c=\"d\"",
    ] {
        validate(
            format.name(),
            &render(&hostile(evil), format, &PLAIN).unwrap(),
            extension,
        );
    }
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
    validate(
        "openvex",
        &render(&report(), Format::OpenVex, &PLAIN).unwrap(),
        ".json",
    );
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
    for report in [report(), bare(), hostile("<x>\u{1b}\r\n")] {
        for (format, name) in [
            (SbomFormat::CycloneDx, "cyclonedx"),
            (SbomFormat::Spdx, "spdx"),
        ] {
            let text = sbom(&report.inventory, format, &meta).unwrap();
            validate(
                name,
                &text,
                &format!(".{name}.json").replace("cyclonedx", "cdx"),
            );
        }
    }
}
