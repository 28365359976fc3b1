//! The advisories in the format of Safety 2, so that it judges by the same facts.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};

use super::feeds::normalised;

/// Writes `insecure.json` and `insecure_full.json`.
///
/// Safety knows specifiers only, so every range becomes one and every listed version outside all ranges would need
/// one of its own; records without ranges list their versions.
pub(super) fn write(records: &BTreeMap<String, Value>, directory: &Path) -> Result<()> {
    let mut short: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut full: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for (id, record) in records {
        for affected in record["affected"].as_array().into_iter().flatten() {
            let Some(name) = affected["package"]["name"].as_str() else {
                continue;
            };
            let specifiers = specifiers(affected);
            if specifiers.is_empty() {
                continue;
            }
            let name = normalised(name);
            short
                .entry(name.clone())
                .or_default()
                .extend(specifiers.clone());
            full.entry(name).or_default().push(json!({
                "id": id, "advisory": record["summary"], "cve": cve(record), "specs": specifiers,
                "v": specifiers.join(","), "more_info_path": "",
            }));
        }
    }
    for specifiers in short.values_mut() {
        specifiers.sort();
        specifiers.dedup();
    }
    let meta = json!({ "base_domain": "https://index.example", "packages": {}, "cve": {}, "timestamp": 0 });
    std::fs::create_dir_all(directory)?;
    let with_meta = |mut document: Value| {
        document["$meta"] = meta.clone();
        document.to_string()
    };
    std::fs::write(directory.join("insecure.json"), with_meta(json!(short)))?;
    std::fs::write(directory.join("insecure_full.json"), with_meta(json!(full)))?;
    Ok(())
}

fn cve(record: &Value) -> Option<&str> {
    let mut aliases = record["aliases"]
        .as_array()?
        .iter()
        .filter_map(Value::as_str);
    aliases.find(|alias| alias.starts_with("CVE-"))
}

fn specifiers(affected: &Value) -> Vec<String> {
    let mut all = Vec::new();
    for range in affected["ranges"].as_array().into_iter().flatten() {
        if matches!(range["type"].as_str(), Some("ECOSYSTEM" | "SEMVER")) {
            intervals(&range["events"], &mut all);
        }
    }
    if all.is_empty() {
        let listed = affected["versions"].as_array().into_iter().flatten();
        all.extend(
            listed
                .filter_map(Value::as_str)
                .map(|version| format!("=={version}")),
        );
    }
    all
}

/// Events in the order they are written, which in these feeds is nearly always the order of versions.
fn intervals(events: &Value, out: &mut Vec<String>) {
    let mut from: Option<&str> = None;
    for event in events.as_array().into_iter().flatten() {
        if let Some(version) = event["introduced"].as_str() {
            if let Some(open) = from.replace(version) {
                out.push(format!(">={open}"));
            }
        } else if let Some(version) = event["fixed"].as_str() {
            out.push(format!(">={},<{version}", from.take().unwrap_or("0")));
        } else if let Some(version) = event["last_affected"].as_str() {
            out.push(format!(">={},<={version}", from.take().unwrap_or("0")));
        }
    }
    if let Some(open) = from {
        out.push(format!(">={open}"));
    }
}
