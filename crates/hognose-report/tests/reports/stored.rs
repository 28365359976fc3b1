//! Old and new documents: what the compatibility rule promises.

use crate::common::{PLAIN, report};
use hognose_report::{Format, ReadError, SCHEMA, read_json, render};
use serde_json::{Value, json};

fn written() -> Value {
    serde_json::from_str(&render(&report(), Format::Json, &PLAIN).unwrap()).unwrap()
}

/// A document as the first release wrote it; never regenerate it.
const OLD: &str = r#"{
  "schema": "1.0",
  "tool": {"name": "hognose", "version": "0.1.0"},
  "started": "2026-11-21T10:00:00Z",
  "command": "hognose scan .",
  "verdict": {"decision": "block", "complete": true, "anything_checked": true},
  "findings": [{
    "rule": "HOG-VULN", "id": "PYSEC-2025-12",
    "package": {"name": "jinja2", "version": "3.1.2", "purl": "pkg:pypi/jinja2@3.1.2"},
    "severity": "high", "confidence": "high", "decision": "block", "because": "x", "message": "y",
    "remedy": {"text": "upgrade to 3.1.6", "version": "3.1.6"}, "occurrences": []
  }]
}"#;

#[test]
fn what_is_written_is_read_back() {
    let stored = read_json(&written().to_string()).unwrap();
    assert_eq!(stored.schema, SCHEMA);
    assert_eq!(stored.findings.len(), 6);
    assert_eq!(stored.findings[0].id, "MAL-2022-7421");
    assert_eq!(stored.findings[0].purl(), "pkg:pypi/colourama@0.1.6");
    assert!(!stored.complete);
}

#[test]
fn old_documents_stay_readable() {
    let stored = read_json(OLD).unwrap();
    assert_eq!(stored.findings[0].purl(), "pkg:pypi/jinja2@3.1.2");
    assert!(stored.complete);
}

#[test]
fn a_newer_minor_is_read_and_its_additions_ignored() {
    let mut document = written();
    document["schema"] = json!("1.7");
    document["reachability"] = json!({"new": true});
    document["findings"][0]["exploited_by"] = json!(["x"]);
    document["findings"][0]["rule"] = json!("HOG-NEW-rule");
    let stored = read_json(&document.to_string()).unwrap();
    assert_eq!(stored.schema, "1.7");
    assert_eq!(stored.findings[0].rule, "HOG-NEW-rule");
}

#[test]
fn another_major_and_broken_documents_are_refused() {
    for schema in ["2.0", "0.9", "10.0", "1", "1.", "1.x", ""] {
        let mut document = written();
        document["schema"] = json!(schema);
        let error = read_json(&document.to_string()).unwrap_err();
        assert!(matches!(error, ReadError::Schema { .. }), "{schema}");
    }
    insta::assert_snapshot!(
        read_json(r#"{"schema": "2.0"}"#).unwrap_err(),
        @r#"the report has schema version "2.0"; this program reads 1.x"#
    );
    let mut missing = written();
    missing.as_object_mut().unwrap().remove("verdict");
    assert!(matches!(
        read_json(&missing.to_string()),
        Err(ReadError::Json(_))
    ));
    assert!(matches!(read_json("[1,"), Err(ReadError::Json(_))));
}
