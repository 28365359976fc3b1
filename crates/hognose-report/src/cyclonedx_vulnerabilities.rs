//! The `vulnerabilities` of a CycloneDX document: one entry per flaw and package, because the
//! analysis (a waiver) holds for one package only.

use hognose_types::{AdvisoryEvidence, AppliedWaiver, CvssVersion, Judged, Severity};
use serde_json::{Map, Value, json};

use crate::escape::{link, plain};
use crate::{ScanReport, view, words};

pub(crate) fn list(report: &ScanReport) -> Value {
    let packages = view::packages(report, |_| true);
    packages
        .iter()
        .flat_map(|p| &p.findings)
        .filter_map(|judged| Some(entry(judged, judged.finding.advisory.as_ref()?)))
        .collect()
}

fn entry(judged: &Judged, advisory: &AdvisoryEvidence) -> Value {
    let finding = &judged.finding;
    let purl = finding.subject.purl.as_str();
    let mut out = Map::new();
    let mut put = |key: &str, value: Value| {
        let empty = matches!(&value, Value::Array(list) if list.is_empty()) || value.is_null();
        if !empty {
            out.insert(key.to_owned(), value);
        }
    };
    put(
        "bom-ref",
        format!("vulnerability:{}:{purl}", advisory.id).into(),
    );
    put("id", advisory.id.as_str().into());
    put("source", source(advisory, &advisory.id));
    put("references", references(advisory));
    put("ratings", ratings(advisory));
    put("cwes", cwes(advisory));
    put("description", view::title(finding).into());
    if !advisory.details.is_empty() {
        put("detail", advisory.details.as_str().into());
    }
    put("recommendation", finding.remedy.text.as_str().into());
    put("advisories", advisories(advisory));
    let own = advisory
        .records
        .iter()
        .find(|r| r.id == advisory.id)
        .or(advisory.records.first());
    if let Some(record) = own {
        let time = |raw: &Option<String>| raw.as_deref().and_then(words::timestamp);
        put("published", time(&record.published).into());
        put("updated", time(&record.modified).into());
    }
    if let Some(waiver) = &judged.waiver {
        put("analysis", analysis(waiver));
    }
    let mut affects = json!({"ref": purl});
    if let Some(version) = &finding.subject.version {
        affects["versions"] = json!([{"version": version, "status": "affected"}]);
    }
    put("affects", json!([affects]));
    put("properties", properties(judged, advisory));
    Value::Object(out)
}

fn source(advisory: &AdvisoryEvidence, id: &str) -> Value {
    let record = advisory.records.iter().find(|r| r.id == id);
    record.map_or(Value::Null, |record| json!({"name": record.feed}))
}

fn references(advisory: &AdvisoryEvidence) -> Value {
    let one = |alias: &String| {
        let mut value = json!({"id": alias, "source": source(advisory, alias)});
        if value["source"].is_null() {
            value["source"] = json!({"name": alias_authority(alias)});
        }
        value
    };
    advisory.aliases.iter().map(one).collect()
}

/// Who gives out ids of a kind: the letters before the first dash.
fn alias_authority(alias: &str) -> &str {
    alias.split('-').next().unwrap_or(alias)
}

fn ratings(advisory: &AdvisoryEvidence) -> Value {
    let severity = &advisory.severity;
    if severity.scores.is_empty() {
        return json!([{
            "severity": band(severity.band),
            "method": "other",
            "justification": severity_origin(advisory),
        }]);
    }
    severity
        .scores
        .iter()
        .map(|score| {
            json!({
                "source": {"name": score.record},
                "score": score.base,
                "severity": band(Severity::from_score(score.base)),
                "method": method(score.version),
                "vector": score.vector,
            })
        })
        .collect()
}

fn severity_origin(advisory: &AdvisoryEvidence) -> &'static str {
    match advisory.severity.origin {
        hognose_types::SeverityOrigin::Malicious => "the package is known to be malicious",
        hognose_types::SeverityOrigin::Assumed => "no source gives a score: assumed",
        hognose_types::SeverityOrigin::Word | hognose_types::SeverityOrigin::Cvss => {
            "as the source rates it in words"
        }
    }
}

/// CycloneDX has no class above critical.
fn band(severity: Severity) -> &'static str {
    match severity {
        Severity::Malicious => "critical",
        other => other.as_str(),
    }
}

fn method(version: CvssVersion) -> &'static str {
    match version {
        CvssVersion::V2 => "CVSSv2",
        CvssVersion::V30 => "CVSSv3",
        CvssVersion::V31 => "CVSSv31",
        CvssVersion::V4 => "CVSSv4",
    }
}

fn cwes(advisory: &AdvisoryEvidence) -> Value {
    let numbers = advisory.cwes.iter().filter_map(|c| c.strip_prefix("CWE-"));
    numbers
        .filter_map(|n| n.parse::<u32>().ok())
        .filter(|n| *n > 0)
        .map(Value::from)
        .collect()
}

fn advisories(advisory: &AdvisoryEvidence) -> Value {
    advisory
        .references
        .iter()
        .filter_map(|r| link(&r.url))
        .map(|url| json!({"url": url}))
        .collect()
}

fn analysis(waiver: &AppliedWaiver) -> Value {
    let mut detail = plain(&waiver.reason);
    if let Some(expires) = &waiver.expires {
        detail.push_str(&format!(", until {}", plain(expires)));
    }
    match waiver.vex_status.as_deref() {
        Some("not_affected") => {
            let mut out = json!({"state": "not_affected", "detail": detail});
            if let Some(why) = waiver.vex_justification.as_deref().and_then(justification) {
                out["justification"] = why.into();
            }
            out
        }
        Some("fixed") => json!({"state": "resolved", "detail": detail}),
        // An accepted risk is still exploitable; that it will not be fixed now is the response.
        _ => json!({"state": "exploitable", "response": ["will_not_fix"], "detail": detail}),
    }
}

/// The CycloneDX word for an OpenVEX justification, where one means the same.
fn justification(openvex: &str) -> Option<&'static str> {
    Some(match openvex {
        "component_not_present" | "vulnerable_code_not_present" => "code_not_present",
        "vulnerable_code_not_in_execute_path" => "code_not_reachable",
        "inline_mitigations_already_exist" => "protected_by_mitigating_control",
        _ => return None,
    })
}

fn properties(judged: &Judged, advisory: &AdvisoryEvidence) -> Value {
    let mut out = vec![
        json!({"name": "hognose:severity", "value": judged.finding.severity.as_str()}),
        json!({"name": "hognose:because", "value": judged.because}),
    ];
    if let Some(epss) = &advisory.epss {
        let value = format!("{:.5}", epss.probability);
        out.push(json!({"name": "hognose:epss", "value": value}));
    }
    if let Some(kev) = &advisory.kev {
        out.push(json!({"name": "hognose:kev", "value": kev.date_added}));
    }
    if let Some(version) = &judged.finding.remedy.version {
        out.push(json!({"name": "hognose:fixed-in", "value": version}));
    }
    out.into()
}
