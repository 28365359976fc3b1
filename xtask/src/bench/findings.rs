//! What each scanner found, from its own output.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::feeds::normalised;
use super::groups::Groups;

/// A flaw in a package: name, version, group of ids.
pub(super) type Found = BTreeSet<(String, String, String)>;

/// What a scanner said.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// Findings as it counts them: the same flaw may be there twice.
    pub(super) rows: usize,
    pub(super) found: Found,
}

/// The formats of the scanners.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Hognose,
    PipAudit,
    Uv,
    Pysentry,
    Safety,
}

/// Reads the output of one scanner.
pub(super) fn read(dialect: Dialect, text: &str, groups: &Groups) -> Result<Said> {
    let start = text.find(['{', '[']).context("no JSON in the output")?;
    let document: Value = serde_json::Deserializer::from_str(&text[start..])
        .into_iter()
        .next()
        .context("no JSON in the output")??;
    let mut said = Said::default();
    let mut add = |name: &Value, version: &Value, id: &Value| {
        said.rows += 1;
        let name = normalised(name.as_str().unwrap_or_default());
        let version = spelled(version.as_str().unwrap_or_default());
        let id = groups.name(id.as_str().unwrap_or_default());
        said.found.insert((name, version, id));
    };
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    match dialect {
        Dialect::Hognose => {
            for finding in list(&document["findings"]) {
                let package = &finding["package"];
                add(&package["name"], &package["version"], &finding["id"]);
            }
        }
        Dialect::PipAudit => {
            for package in list(&document["dependencies"]) {
                for flaw in list(&package["vulns"]) {
                    add(&package["name"], &package["version"], &flaw["id"]);
                }
            }
        }
        Dialect::Uv => {
            for flaw in list(&document["vulnerabilities"]) {
                let package = &flaw["dependency"];
                add(&package["name"], &package["version"], &flaw["id"]);
            }
        }
        Dialect::Pysentry => {
            for flaw in list(&document["vulnerabilities"]) {
                add(
                    &flaw["package_name"],
                    &flaw["installed_version"],
                    &flaw["id"],
                );
            }
        }
        Dialect::Safety => {
            for flaw in list(&document["vulnerabilities"]) {
                add(
                    &flaw["package_name"],
                    &flaw["analyzed_version"],
                    &flaw["vulnerability_id"],
                );
            }
        }
    }
    Ok(said)
}

/// A version without leading zeros: some scanners rewrite `2022.06.15` as `2022.6.15`.
pub(super) fn spelled(version: &str) -> String {
    let part = |part: &str| {
        part.parse::<u64>()
            .map_or_else(|_| part.to_owned(), |number| number.to_string())
    };
    version.split('.').map(part).collect::<Vec<_>>().join(".")
}
