//! The other formats for people and pipelines, and what holds for all of them.

use std::str::FromStr as _;

use crate::common::{PLAIN, clean, report};
use hognose_report::{Format, SbomFormat, SbomMeta, Style, render, sbom};
use hognose_types::Severity;

#[test]
fn markdown_comment() {
    insta::assert_snapshot!(render(&report(), Format::Markdown, &PLAIN).unwrap(), @"
    ## ❌ Hognose

    **4 findings in 3 of 7 packages (1 malicious, 1 critical, 1 high, 1 medium), 1 waived, 1 allowed, 3 not checked (1 allowed): incomplete**

    | Package | Worst | Findings | Where |
    |---|---|---|---|
    | colourama 0.1.6 | malicious | 1 | uv.lock:30 |
    | torch 1.13.0+cu117 | critical | 1 | uv.lock:120 |
    | jinja2 3.1.2 | high | 2 | pyproject.toml:7 |

    <details><summary><b>colourama 0.1.6</b>: 1 finding</summary>

    - at uv.lock:30, named directly

    | | Id | Fix | What |
    |---|---|---|---|
    | malicious | [MAL-2022-7421](<https://advisories.example/MAL-2022-7421>) | remove the package and replace every secret it could read | Steals the clipboard on import |

    </details>

    <details><summary><b>torch 1.13.0+cu117</b>: 1 finding</summary>

    - at uv.lock:120, named directly

    | | Id | Fix | What |
    |---|---|---|---|
    | critical | [CVE-2022-45907](<https://advisories.example/CVE-2022-45907>) | fixed in 1.13.1 | Code injection in torch.jit annotations; CVSS 3.1 score 9.8; known exploited (KEV 2023-01-10, used by ransomware); matched without its local version part |

    </details>

    <details><summary><b>jinja2 3.1.2</b>: 2 findings</summary>

    - at uv.lock:88, via flask 2.0.0 → jinja2 3.1.2; edit pyproject.toml:7

    | | Id | Fix | What |
    |---|---|---|---|
    | high | [PYSEC-2025-12](<https://advisories.example/PYSEC-2025-12>)<br>CVE-2025-27516 | fixed in 3.1.6 | Sandbox breakout through the attr filter that selects the format method; CVSS 3.1 score 7.8; EPSS 12.3%; sources disagree, 5.4 to 7.8: CVSS 3.1 7.8 (PYSEC-2025-12), CVSS 4.0 5.4 (GHSA-cpwx-vrp4-4pq7) |
    | medium | [CVE-2024-22195](<https://advisories.example/CVE-2024-22195>) | fixed in 3.1.3 | HTML attribute injection through xmlattr; CVSS 3.1 score 5.4 |

    </details>

    <details><summary>1 waived finding</summary>

    - werkzeug 2.0.1 CVE-2023-25577: no forms are accepted, until 2027-03-01

    </details>

    <details><summary>Not checked: a requirement without an exact version cannot be judged (1)</summary>

    - requirements.txt:4: requests&gt;=2: not pinned to one version
    - hint: lock the project and scan the lock

    </details>

    <details><summary>Not checked: a file could not be read, or only in part (1)</summary>

    - legacy/poetry.lock:12: expected a string, found the end of the file

    </details>

    note: the waiver for CVE-2020-1 matched nothing

    <sub>hognose 0.1.0, 12,345 advisories of 2026-08-16; reproduce with hognose scan .</sub>
    ");
}

#[test]
fn github_annotations() {
    insta::assert_snapshot!(render(&report(), Format::Github, &PLAIN).unwrap(), @"
    ::error file=uv.lock,line=30,title=colourama 0.1.6%3A 1 finding::malicious MAL-2022-7421: Steals the clipboard on import; remove the package and replace every secret it could read
    ::error file=uv.lock,line=120,title=torch 1.13.0+cu117%3A 1 finding::critical CVE-2022-45907: Code injection in torch.jit annotations; fixed in 1.13.1
    ::error file=pyproject.toml,line=7,title=jinja2 3.1.2%3A 2 findings::high PYSEC-2025-12 (CVE-2025-27516): Sandbox breakout through the attr filter that selects the format method; fixed in 3.1.6%0Amedium CVE-2024-22195: HTML attribute injection through xmlattr; fixed in 3.1.3%0Avia flask 2.0.0 → jinja2 3.1.2
    ::warning file=legacy/poetry.lock,line=12,title=legacy/poetry.lock%3A not checked%3A a file could not be read%2C or only in part::expected a string, found the end of the file
    ::warning file=requirements.txt,line=4,title=requests>=2%3A not checked%3A a requirement without an exact version cannot be judged::not pinned to one version%0Ahint: lock the project and scan the lock
    ::notice file=hognose.toml,line=9,title=Hognose::the waiver for CVE-2020-1 matched nothing
    ::notice title=Hognose::4 findings in 3 of 7 packages (1 malicious, 1 critical, 1 high, 1 medium), 1 waived, 1 allowed, 3 not checked (1 allowed): incomplete
    ");
}

#[test]
fn junit_cases() {
    insta::assert_snapshot!(render(&report(), Format::Junit, &PLAIN).unwrap(), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="hognose" tests="11" failures="3" errors="2" time="0">
      <testsuite name="packages" tests="8" failures="3" errors="0" skipped="1" timestamp="2026-11-21T10:00:00" time="0">
        <testcase classname="uv.lock" name="colourama 0.1.6: MAL-2022-7421" time="0"><failure type="malicious" message="malicious: Steals the clipboard on import">remove the package and replace every secret it could read
    uv.lock:30, named directly</failure></testcase>
        <testcase classname="uv.lock" name="torch 1.13.0+cu117: CVE-2022-45907" time="0"><failure type="critical" message="critical: Code injection in torch.jit annotations">fixed in 1.13.1
    CVSS 3.1 score 9.8
    known exploited (KEV 2023-01-10, used by ransomware)
    matched without its local version part
    uv.lock:120, named directly</failure></testcase>
        <testcase classname="uv.lock" name="jinja2 3.1.2: PYSEC-2025-12" time="0"><failure type="high" message="high: Sandbox breakout through the attr filter that selects the format method">CVE-2025-27516
    fixed in 3.1.6
    CVSS 3.1 score 7.8
    EPSS 12.3%
    sources disagree, 5.4 to 7.8: CVSS 3.1 7.8 (PYSEC-2025-12), CVSS 4.0 5.4 (GHSA-cpwx-vrp4-4pq7)
    uv.lock:88, via flask 2.0.0 → jinja2 3.1.2</failure></testcase>
        <testcase classname="uv.lock" name="jinja2 3.1.2: CVE-2024-22195" time="0"><system-out>medium: HTML attribute injection through xmlattr
    fixed in 3.1.3
    CVSS 3.1 score 5.4
    uv.lock:88, via flask 2.0.0 → jinja2 3.1.2</system-out></testcase>
        <testcase classname="uv.lock" name="werkzeug 2.0.1: CVE-2023-25577" time="0"><skipped message="waived: no forms are accepted"/></testcase>
        <testcase classname="uv.lock" name="pillow 9.0.0: PYSEC-2022-10" time="0"><system-out>medium: Path traversal
    fixed in 9.0.1
    no score published, 6.0 assumed
    uv.lock:100, named directly, only on win32; group dev</system-out></testcase>
        <testcase classname="uv.lock" name="flask 2.0.0" time="0"/>
        <testcase classname="uv.lock" name="click 8.1.7" time="0"/>
      </testsuite>
      <testsuite name="not checked" tests="3" failures="0" errors="2" skipped="1" timestamp="2026-11-21T10:00:00" time="0">
        <testcase classname="legacy/poetry.lock" name="legacy/poetry.lock: HOG-GAP-unreadable" time="0"><error type="HOG-GAP-unreadable" message="expected a string, found the end of the file"></error></testcase>
        <testcase classname="requirements.txt" name="requests&gt;=2: HOG-GAP-unpinned" time="0"><error type="HOG-GAP-unpinned" message="not pinned to one version">lock the project and scan the lock</error></testcase>
        <testcase classname="requirements.txt" name="boto3: HOG-GAP-unpinned" time="0"><skipped message="allowed: not pinned to one version"/></testcase>
      </testsuite>
    </testsuites>
    "#);
}

#[test]
fn every_format_is_deterministic_and_has_a_name() {
    for format in Format::ALL {
        assert_eq!(Format::from_str(format.name()), Ok(format));
        let first = render(&report(), format, &PLAIN).unwrap();
        assert_eq!(
            first,
            render(&report(), format, &PLAIN).unwrap(),
            "{format:?}"
        );
        assert!(first.ends_with('\n'), "{format:?}");
        assert!(!render(&clean(), format, &PLAIN).unwrap().is_empty());
    }
    let error = Format::from_str("xml").unwrap_err().to_string();
    insta::assert_snapshot!(error, @r#"unknown format "xml"; known are terminal, json, sarif, cyclonedx, spdx, openvex, markdown, html, junit, github"#);
    assert_eq!(SbomFormat::from_str("SPDX"), Ok(SbomFormat::Spdx));
}

#[test]
fn identifiers_follow_the_content() {
    let serial = |report: &hognose_report::ScanReport, format, key: &str| {
        let text = render(report, format, &PLAIN).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        value[key].as_str().unwrap().to_owned()
    };
    let mut other = report();
    other.inventory.components.pop();
    other.judged.pop();
    for (format, key) in [
        (Format::CycloneDx, "serialNumber"),
        (Format::Spdx, "documentNamespace"),
        (Format::OpenVex, "@id"),
    ] {
        let id = serial(&report(), format, key);
        assert!(id.starts_with("urn:uuid:") && id.len() == 45, "{id}");
        assert_eq!(id.as_bytes()[9 + 14], b'8', "{id}");
        assert_ne!(id, serial(&other, format, key));
    }
}

#[test]
fn a_comment_never_outgrows_its_host() {
    let mut report = report();
    let template = report.judged[0].clone();
    for number in 0..3_000 {
        let mut judged = template.clone();
        let name = format!("package-{number}");
        let component = crate::common::component(&name, "1.0", number, true);
        judged.finding.subject = hognose_types::Subject::of(&component);
        judged.finding.advisory.as_mut().unwrap().summary = "é".repeat(500);
        report.judged.push(judged);
    }
    let text = render(&report, Format::Markdown, &PLAIN).unwrap();
    assert!(text.chars().count() <= 65_000);
    assert!(
        text.contains("are left out here for size"),
        "{}",
        &text[text.len() - 500..]
    );
    assert!(text.contains("3,004 findings"), "{}", &text[..300]);
    assert!(text.trim_end().ends_with("</sub>"));
}

#[test]
fn sarif_points_at_lines_and_survives_moves() {
    let sarif = |report: &hognose_report::ScanReport| -> serde_json::Value {
        serde_json::from_str(&render(report, Format::Sarif, &PLAIN).unwrap()).unwrap()
    };
    let before = sarif(&report());
    let results = before["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 6);
    let jinja = results
        .iter()
        .find(|r| r["ruleId"] == "PYSEC-2025-12")
        .unwrap();
    let physical = &jinja["locations"][0]["physicalLocation"];
    assert_eq!(physical["artifactLocation"]["uri"], "uv.lock");
    assert_eq!(physical["region"]["startLine"], 88);
    assert_eq!(
        jinja["relatedLocations"][0]["physicalLocation"]["region"]["startLine"],
        7
    );
    let waived = results
        .iter()
        .find(|r| r["ruleId"] == "CVE-2023-25577")
        .unwrap();
    assert_eq!(
        waived["suppressions"][0]["justification"],
        "no forms are accepted, until 2027-03-01"
    );
    let rules = before["runs"][0]["tool"]["driver"]["rules"]
        .as_array()
        .unwrap();
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
    }
    assert_eq!(
        before["runs"][0]["invocations"][0]["executionSuccessful"],
        false
    );

    let mut moved = report();
    for judged in &mut moved.judged {
        judged.finding.occurrences[0].location.line = Some(1);
    }
    let after = sarif(&moved);
    let prints = |value: &serde_json::Value| -> Vec<String> {
        let results = value["runs"][0]["results"].as_array().unwrap();
        results
            .iter()
            .map(|r| r["partialFingerprints"]["hognose/v1"].to_string())
            .collect()
    };
    assert_eq!(prints(&before), prints(&after));
    let mut unique = prints(&before);
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), 6);
}

#[test]
fn paths_become_uris() {
    let mut report = report();
    report.judged[0].finding.occurrences[0].location.file = "a b/100%/ü:x.txt".into();
    report.judged[1].finding.occurrences[0].location.file = "/abs/x.txt".into();
    let text = render(&report, Format::Sarif, &PLAIN).unwrap();
    assert!(
        text.contains(r#""uri": "a%20b/100%25/%C3%BC%3Ax.txt""#),
        "{text}"
    );
    assert!(text.contains(r#""uri": "file:///abs/x.txt""#), "{text}");
}

#[test]
fn openvex_statuses() {
    let text = render(&report(), Format::OpenVex, &PLAIN).unwrap();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    let statements = value["statements"].as_array().unwrap();
    let of = |id: &str| {
        statements
            .iter()
            .find(|s| s["vulnerability"]["name"] == id)
            .unwrap()
    };
    assert_eq!(of("PYSEC-2025-12")["status"], "affected");
    assert_eq!(of("PYSEC-2025-12")["action_statement"], "upgrade to 3.1.6");
    assert_eq!(of("CVE-2023-25577")["status"], "not_affected");
    assert_eq!(
        of("CVE-2023-25577")["justification"],
        "vulnerable_code_not_in_execute_path"
    );

    let mut report = report();
    let waiver = report.judged[2].waiver.as_mut().unwrap();
    (waiver.vex_status, waiver.vex_justification) = (None, None);
    let text = render(&report, Format::OpenVex, &PLAIN).unwrap();
    assert!(
        text.contains("accepted: no forms are accepted, until 2027-03-01"),
        "{text}"
    );
}

#[test]
fn cyclonedx_keeps_the_graph_and_the_licences() {
    let text = render(&report(), Format::CycloneDx, &PLAIN).unwrap();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["metadata"]["component"]["name"], "storefront");
    let components = value["components"].as_array().unwrap();
    let of = |name: &str| components.iter().find(|c| c["name"] == name).unwrap();
    assert_eq!(of("flask")["licenses"][0]["expression"], "BSD-3-Clause");
    assert_eq!(of("flask")["hashes"].as_array().unwrap().len(), 2);
    assert_eq!(
        of("jinja2")["licenses"][0]["license"]["name"],
        "BSD License (3 clause)"
    );
    assert!(of("openssl").get("purl").is_none());
    let flask = value["dependencies"]
        .as_array()
        .unwrap()
        .iter()
        .find(|d| d["ref"] == "pkg:pypi/flask@2.0.0")
        .unwrap();
    assert_eq!(
        flask["dependsOn"],
        serde_json::json!([
            "pkg:pypi/click@8.1.7",
            "pkg:pypi/jinja2@3.1.2",
            "pkg:pypi/werkzeug@2.0.1"
        ])
    );
    let vulnerability = value["vulnerabilities"]
        .as_array()
        .unwrap()
        .iter()
        .find(|v| v["id"] == "CVE-2023-25577")
        .unwrap();
    assert_eq!(vulnerability["analysis"]["state"], "not_affected");
    assert_eq!(
        vulnerability["analysis"]["justification"],
        "code_not_reachable"
    );
    assert_eq!(value["compositions"][0]["aggregate"], "incomplete");
}

#[test]
fn an_sbom_has_no_vulnerabilities() {
    let meta = SbomMeta {
        tool_version: "0.1.0".into(),
        timestamp: "2026-11-21T10:00:00Z".into(),
        name: "shop".into(),
        version: None,
    };
    for format in SbomFormat::ALL {
        let text = sbom(&report().inventory, format, &meta).unwrap();
        assert!(text.contains("pkg:pypi/flask@2.0.0"));
        assert!(!text.contains("PYSEC") && !text.contains("CVE-"), "{text}");
    }
}

#[test]
fn severity_order_is_what_counts_index_by() {
    let order = [
        Severity::None,
        Severity::Low,
        Severity::Medium,
        Severity::High,
        Severity::Critical,
        Severity::Malicious,
    ];
    assert!(
        order
            .iter()
            .enumerate()
            .all(|(index, severity)| *severity as usize == index)
    );
}

#[test]
fn html_is_self_contained() {
    let page = render(&report(), Format::Html, &Style::default()).unwrap();
    assert_eq!(page.matches("<script").count(), 1);
    assert_eq!(page.matches("<style").count(), 1);
    for outside in ["src=", "@import", "url(", "<link", "<iframe", "<img"] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(page.contains("default-src 'none'"));
    assert!(page.contains("PYSEC-2025-12") && page.contains("class=\"fix\">fixed in 3.1.6"));
}
