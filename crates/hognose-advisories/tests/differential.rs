//! The compiled database against the specification's algorithm, written plainly.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use hognose_advisories::osv::Record;
use hognose_advisories::reference::is_vulnerable;
use hognose_advisories::{Database, build::Builder};
use hognose_types::{PackageName, Version};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Compares both implementations for every record about a package and every version given.
fn compare(records: &[Record], database: &Database, name: &PackageName, version: &Version) {
    let expected: BTreeSet<&str> = records
        .iter()
        .filter(|r| {
            is_vulnerable(r, name, version)
                || version
                    .without_local()
                    .is_some_and(|v| is_vulnerable(r, name, &v))
        })
        .map(|r| r.id.as_str())
        .collect();
    let found = database.advisories_for(name, version).unwrap();
    let found: BTreeSet<&str> = found
        .iter()
        .flat_map(|a| &a.matches)
        .map(|m| m.record.as_str())
        .collect();
    assert_eq!(found, expected, "{name} {version}");
}

fn variants(text: &str) -> Vec<Version> {
    let forms = ["", ".dev0", "rc1", ".post1", "+local", ".1"];
    forms
        .iter()
        .filter_map(|suffix| Version::new(&format!("{text}{suffix}")).ok())
        .collect()
}

fn number() -> impl Strategy<Value = String> {
    let release = prop::collection::vec(0u8..4, 1..4).prop_map(|parts| {
        parts
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(".")
    });
    (
        release,
        prop::sample::select(vec![
            "", "", "", "a1", "rc2", ".dev1", ".post1", "-legacy!", "1!",
        ]),
    )
        .prop_map(|(release, extra)| {
            if extra == "1!" {
                format!("1!{release}")
            } else {
                format!("{release}{extra}")
            }
        })
}

fn event() -> impl Strategy<Value = Value> {
    let kind = prop::sample::select(vec![
        "introduced",
        "introduced",
        "fixed",
        "fixed",
        "last_affected",
        "limit",
    ]);
    (kind, number(), any::<bool>()).prop_map(|(kind, version, zero)| {
        let version = if kind == "introduced" && zero {
            "0".to_owned()
        } else {
            version
        };
        json!({ kind: version })
    })
}

fn affected() -> impl Strategy<Value = Value> {
    let ranges = prop::collection::vec(
        (
            prop::sample::select(vec!["ECOSYSTEM", "SEMVER", "GIT"]),
            prop::collection::vec(event(), 0..6),
        ),
        0..3,
    );
    (prop::sample::select(vec!["demo", "Demo", "other"]), ranges, prop::collection::vec(number(), 0..4)).prop_map(|(name, ranges, versions)| {
        let ranges: Vec<Value> = ranges.into_iter().map(|(kind, events)| json!({ "type": kind, "events": events })).collect();
        json!({ "package": { "ecosystem": "PyPI", "name": name }, "ranges": ranges, "versions": versions })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn generated_records(entries in prop::collection::vec(prop::collection::vec(affected(), 1..4), 1..4), versions in prop::collection::vec(number(), 1..8)) {
        let values: Vec<Value> = entries.iter().enumerate().map(|(i, a)| json!({ "id": format!("X-{i}"), "affected": a })).collect();
        let records: Vec<Record> = values.iter().map(|v| serde_json::from_value(v.clone()).unwrap()).collect();
        let database = common::database(&values);
        for version in versions.iter().flat_map(|v| variants(v)) {
            compare(&records, &database, &common::name("demo"), &version);
        }
    }
}

/// Real feeds beside the checkout, where there are any.
fn real_feeds() -> Vec<PathBuf> {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    ["pysec.osv.jsonl", "mal-pypi.osv.jsonl"]
        .iter()
        .map(|f| directory.join(f))
        .filter(|f| f.is_file())
        .collect()
}

#[test]
fn published_records() {
    let mut files = real_feeds();
    // The project's own records are always there; real feeds are compared where the machine has them.
    files.push(
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/feeds/advisories.jsonl"),
    );
    let mut builder = Builder::new();
    let mut records: BTreeMap<String, Record> = BTreeMap::new();
    for file in &files {
        let feed = builder.feed("osv", "test");
        for line in std::fs::read_to_string(file)
            .expect("a feed that exists can be read")
            .lines()
        {
            builder.add_json(feed, "line", line.as_bytes());
            let record: Record = serde_json::from_str(line).unwrap();
            let newer = records
                .get(&record.id)
                .is_none_or(|old| record.modified > old.modified);
            if newer {
                records.insert(record.id.clone(), record);
            }
        }
    }
    let database = Database::from_bytes(builder.finish(0)).unwrap();
    let mut about: BTreeMap<PackageName, (Vec<Record>, BTreeSet<String>)> = BTreeMap::new();
    for record in records.into_values() {
        for affected in &record.affected {
            let Some(name) = affected
                .python_name()
                .and_then(|n| PackageName::new(n).ok())
            else {
                continue;
            };
            let entry = about.entry(name).or_default();
            let events = affected
                .ranges
                .iter()
                .filter(|r| r.is_ordered())
                .flat_map(|r| &r.events);
            entry.1.extend(
                events
                    .flat_map(|e| [&e.introduced, &e.fixed, &e.last_affected, &e.limit])
                    .flatten()
                    .cloned(),
            );
            // Every seventh listed version: lists run to hundreds.
            entry.1.extend(affected.versions.iter().step_by(7).cloned());
            if entry.0.last().is_none_or(|r| r.id != record.id) {
                entry.0.push(record.clone());
            }
        }
    }
    let mut pairs = 0;
    for (name, (records, texts)) in &about {
        for version in texts
            .iter()
            .step_by(texts.len().div_ceil(12).max(1))
            .flat_map(|t| variants(t))
        {
            compare(records, &database, name, &version);
            pairs += 1;
        }
    }
    assert!(pairs > 100, "{pairs} pairs from {files:?}");
}
