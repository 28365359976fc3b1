//! Records → database file.

mod prepare;
mod write;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use hognose_types::{Epss, PackageName};

use crate::codec::StoredKev;
use crate::osv::Record;
use crate::status::{FeedStatus, MAX_IGNORED, MAX_PROBLEMS, RecordProblem, Status};
use prepare::{Prepared, prepare};

/// Collects records and writes the database.
#[derive(Debug, Default)]
pub struct Builder {
    status: Status,
    records: Vec<Prepared>,
    by_id: HashMap<String, usize>,
    epss: HashMap<String, Epss>,
    kev: HashMap<String, StoredKev>,
    popular: Vec<(String, u64)>,
    broken: BTreeMap<String, Vec<(String, String)>>,
    problems: Vec<RecordProblem>,
}

/// A feed being read; names the feed that records belong to.
#[derive(Clone, Copy, Debug)]
pub struct FeedHandle(usize);

impl Builder {
    /// An empty builder.
    pub fn new() -> Self {
        Self::default()
    }

    /// Marks the database as the small built-in set.
    pub fn mark_starter(&mut self) {
        self.status.starter = true;
    }

    /// Starts a feed. `location` is shown to people: pass it without secrets.
    pub fn feed(&mut self, kind: &str, location: &str) -> FeedHandle {
        self.status.feeds.push(FeedStatus {
            kind: kind.to_owned(),
            location: location.to_owned(),
            ..FeedStatus::default()
        });
        FeedHandle(self.status.feeds.len() - 1)
    }

    /// The status line of a feed.
    pub fn feed_status(&mut self, feed: FeedHandle) -> Option<&mut FeedStatus> {
        self.status.feeds.get_mut(feed.0)
    }

    /// Records that a feed could not be read at all.
    pub fn failed_feed(&mut self, kind: &str, location: &str, reason: &str) {
        let feed = self.feed(kind, location);
        if let Some(status) = self.feed_status(feed) {
            status.failed = Some(reason.to_owned());
        }
    }

    /// Counts and names a file of a feed that holds no record.
    pub fn ignored(&mut self, feed: FeedHandle, name: &str) {
        if let Some(status) = self.status.feeds.get_mut(feed.0) {
            status.ignored += 1;
            if status.ignored_names.len() < MAX_IGNORED {
                status
                    .ignored_names
                    .push(hognose_types::text::short(name, 200));
            }
        }
    }

    /// Records kept so far, withdrawn ones included.
    pub fn record_count(&self) -> usize {
        self.records.len()
    }

    /// Remembers the state of a local feed.
    pub fn fingerprint(&mut self, path: String, state: u64) {
        self.status.fingerprints.push((path, state));
    }

    /// Parses and adds one record in JSON. `label` says where it stands (`all.zip/PYSEC-1.json`, `line 7`).
    pub fn add_json(&mut self, feed: FeedHandle, label: &str, json: &[u8]) {
        match serde_json::from_slice::<Record>(json) {
            Ok(record) => self.add(feed, record),
            Err(error) => {
                let value = serde_json::from_slice(json).ok();
                self.malformed(feed, label, &error.to_string(), value.as_ref());
            }
        }
    }

    /// Adds one record given as a value (from YAML).
    pub fn add_value(&mut self, feed: FeedHandle, label: &str, value: &serde_json::Value) {
        match <Record as serde::Deserialize>::deserialize(value) {
            Ok(record) => self.add(feed, record),
            Err(error) => self.malformed(feed, label, &error.to_string(), Some(value)),
        }
    }

    /// Counts a record that cannot be read. Its package is looked for, so that only scans that contain it
    /// become incomplete.
    pub fn malformed(
        &mut self,
        feed: FeedHandle,
        label: &str,
        reason: &str,
        value: Option<&serde_json::Value>,
    ) {
        let id = value
            .and_then(|v| v.get("id"))
            .and_then(|v| v.as_str())
            .unwrap_or(label)
            .to_owned();
        let names: BTreeSet<PackageName> = value
            .and_then(|v| v.get("affected"))
            .and_then(|v| v.as_array())
            .into_iter()
            .flatten()
            .filter_map(|a| a.get("package")?.get("name")?.as_str())
            .filter_map(|n| PackageName::new(n).ok())
            .collect();
        if let Some(status) = self.status.feeds.get_mut(feed.0) {
            status.malformed += 1;
        }
        self.problem(
            &id,
            "malformed",
            reason,
            names.first().map(ToString::to_string),
        );
        for name in names {
            self.broken
                .entry(name.to_string())
                .or_default()
                .push((id.clone(), reason.to_owned()));
        }
    }

    fn problem(&mut self, record: &str, kind: &str, reason: &str, package: Option<String>) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(RecordProblem {
                record: hognose_types::text::short(record, 200),
                kind: kind.to_owned(),
                reason: hognose_types::text::short(reason, 300),
                package,
            });
        }
    }

    /// Adds one parsed record.
    pub fn add(&mut self, feed: FeedHandle, record: Record) {
        if record.id.trim().is_empty() {
            return self.malformed(feed, "a record", "the id is empty", None);
        }
        let Some(status) = self.status.feeds.get_mut(feed.0) else {
            return;
        };
        if !record.schema_known() {
            status.unknown_schema += 1;
            let version = record.schema_version.clone().unwrap_or_default();
            let reason = format!("schema version {version} is newer than this program");
            let names: Vec<PackageName> = record
                .affected
                .iter()
                .filter_map(|a| PackageName::new(a.python_name()?).ok())
                .collect();
            self.problem(
                &record.id,
                "unknown schema",
                &reason,
                names.first().map(ToString::to_string),
            );
            for name in names {
                self.broken
                    .entry(name.to_string())
                    .or_default()
                    .push((record.id.clone(), reason.clone()));
            }
            return;
        }
        let prepared = prepare(feed.0, record, &mut status.legacy_versions);
        if prepared.affected.is_empty() {
            status.foreign += 1;
            return;
        }
        self.keep(prepared);
    }

    /// Keeps the newest of several records with one id.
    fn keep(&mut self, new: Prepared) {
        let Some(&at) = self.by_id.get(&new.id) else {
            self.by_id.insert(new.id.clone(), self.records.len());
            self.records.push(new);
            return;
        };
        let Some(old) = self.records.get_mut(at) else {
            return;
        };
        let newer = timestamp(new.modified.as_deref()) > timestamp(old.modified.as_deref());
        let loser = if newer {
            std::mem::replace(old, new)
        } else {
            new
        };
        if let Some(status) = self.status.feeds.get_mut(loser.feed) {
            status.duplicates += 1;
        }
        let package = loser.affected.first().map(|a| a.0.to_string());
        self.problem(
            &loser.id,
            "duplicate",
            "a record of the same id and the same or a newer date was kept",
            package,
        );
    }

    /// The CVE ids that scores and exploitation entries are wanted for.
    pub fn wanted_cves(&self) -> HashSet<&str> {
        let ids = self
            .records
            .iter()
            .flat_map(|r| std::iter::once(&r.id).chain(&r.aliases));
        ids.map(String::as_str)
            .filter(|id| id.starts_with("CVE-"))
            .collect()
    }

    /// Adds an EPSS score.
    pub fn add_epss(&mut self, cve: &str, probability: f64, percentile: f64) {
        self.epss.insert(
            cve.to_owned(),
            Epss {
                cve: cve.to_owned(),
                probability,
                percentile,
            },
        );
    }

    /// Adds an entry of the catalogue of known exploited vulnerabilities.
    pub fn add_kev(
        &mut self,
        cve: &str,
        date_added: &str,
        due_date: Option<&str>,
        ransomware: bool,
    ) {
        let entry = StoredKev {
            cve: cve.to_owned(),
            date_added: date_added.to_owned(),
            due_date: due_date.map(str::to_owned),
            ransomware,
        };
        self.kev.insert(cve.to_owned(), entry);
    }

    /// Adds a popular project.
    pub fn add_popular(&mut self, name: &PackageName, downloads: u64) {
        self.popular.push((name.to_string(), downloads));
    }
}

fn timestamp(text: Option<&str>) -> Option<jiff::Timestamp> {
    text?.parse().ok()
}
