//! Records, databases and a loopback server for tests.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![expect(
    clippy::needless_pass_by_value,
    reason = "tests hand over what `json!` makes"
)]
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part")]

use hognose_advisories::Database;
use hognose_advisories::build::Builder;
use hognose_types::{PackageName, Version};
use serde_json::{Value, json};

pub mod server;

pub fn name(text: &str) -> PackageName {
    PackageName::new(text).unwrap()
}

pub fn version(text: &str) -> Version {
    Version::new(text).unwrap()
}

/// A record with one `affected` entry.
pub fn record(id: &str, package: &str, affected: Value) -> Value {
    let mut entry = json!({ "package": { "ecosystem": "PyPI", "name": package } });
    for (key, value) in affected.as_object().unwrap() {
        entry[key] = value.clone();
    }
    json!({ "schema_version": "1.6.0", "id": id, "modified": "2026-01-01T00:00:00Z", "affected": [entry] })
}

/// A record with one range.
pub fn ranged(id: &str, package: &str, events: Value) -> Value {
    record(
        id,
        package,
        json!({ "ranges": [{ "type": "ECOSYSTEM", "events": events }] }),
    )
}

pub fn builder(records: &[Value]) -> Builder {
    let mut builder = Builder::new();
    let feed = builder.feed("osv", "test");
    for (index, record) in records.iter().enumerate() {
        builder.add_json(
            feed,
            &format!("record {index}"),
            record.to_string().as_bytes(),
        );
    }
    builder
}

pub fn database(records: &[Value]) -> Database {
    Database::from_bytes(builder(records).finish(1_700_000_000)).unwrap()
}

/// Ids that apply, sorted.
pub fn ids(database: &Database, package: &str, installed: &str) -> Vec<String> {
    let found = database
        .advisories_for(&name(package), &version(installed))
        .unwrap();
    let mut ids: Vec<String> = found.into_iter().map(|a| a.id).collect();
    ids.sort();
    ids
}

/// Which of the versions a record covers.
pub fn covered<'a>(record: Value, versions: &[&'a str]) -> Vec<&'a str> {
    let database = database(&[record]);
    versions
        .iter()
        .copied()
        .filter(|v| !ids(&database, "demo", v).is_empty())
        .collect()
}
