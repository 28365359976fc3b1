//! What the benchmark itself needs to know of the feeds: popular names, listed versions, ids and aliases.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// The OSV feeds, in the order the oracle reads them.
pub(crate) const OSV: [&str; 2] = ["pysec.osv.jsonl", "mal-pypi.osv.jsonl"];
const POPULAR: &str = "top-pypi-packages.min.json";

/// A directory of feeds.
#[derive(Debug)]
pub(crate) struct Feeds {
    pub(crate) directory: PathBuf,
}

impl Feeds {
    /// Checks that the files are there.
    pub(crate) fn open(directory: &Path) -> Result<Self> {
        for name in OSV.iter().chain([&POPULAR]) {
            if !directory.join(name).is_file() {
                bail!(
                    "{} holds no {name}: the benchmarks need the real feeds, which are no part of the repository; \
                     name their directory with --data DIR",
                    directory.display()
                );
            }
        }
        let directory = directory
            .canonicalize()
            .with_context(|| format!("cannot read {}", directory.display()))?;
        Ok(Self { directory })
    }

    /// Package names, the most downloaded first.
    pub(crate) fn popular(&self) -> Result<Vec<String>> {
        let text = std::fs::read_to_string(self.directory.join(POPULAR))?;
        let document: Value = serde_json::from_str(&text).context("the popular names")?;
        let rows = document["rows"].as_array().context("no rows")?;
        Ok(rows
            .iter()
            .filter_map(|row| row["project"].as_str().map(str::to_owned))
            .collect())
    }

    /// Every record that is not withdrawn, by its id.
    pub(crate) fn records(&self) -> Result<BTreeMap<String, Value>> {
        let mut records = BTreeMap::new();
        for name in OSV {
            let text = std::fs::read_to_string(self.directory.join(name))?;
            for line in text.lines().filter(|line| !line.is_empty()) {
                let record: Value = serde_json::from_str(line).with_context(|| name.to_owned())?;
                if let Some(id) = record["id"]
                    .as_str()
                    .filter(|_| record["withdrawn"].is_null())
                {
                    records.insert(id.to_owned(), record);
                }
            }
        }
        Ok(records)
    }

    /// A digest of all feeds: budgets hold for these files and no others.
    pub(crate) fn digest(&self) -> Result<String> {
        let mut paths: Vec<PathBuf> = std::fs::read_dir(&self.directory)?
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(|path| path.is_file())
            .collect();
        paths.sort();
        let mut all = Sha256::new();
        for path in paths {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            all.update(name.as_bytes());
            all.update(Sha256::digest(std::fs::read(&path)?));
        }
        let mut text = String::new();
        for byte in all.finalize() {
            write!(text, "{byte:02x}")?;
        }
        Ok(text)
    }
}

/// Versions that advisories list, oldest first, by package; only plain ones, which every rival can read.
pub(crate) fn listed(records: &BTreeMap<String, Value>) -> HashMap<String, Vec<String>> {
    let mut versions: HashMap<String, Vec<String>> = HashMap::new();
    for record in records.values() {
        for affected in record["affected"].as_array().into_iter().flatten() {
            let Some(name) = affected["package"]["name"].as_str() else {
                continue;
            };
            let plain = affected["versions"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .filter(|version| is_plain(version));
            versions
                .entry(normalised(name))
                .or_default()
                .extend(plain.map(str::to_owned));
        }
    }
    for list in versions.values_mut() {
        list.sort_by_cached_key(|version| numbers(version));
        list.dedup();
    }
    versions.retain(|_, list| !list.is_empty());
    versions
}

fn numbers(version: &str) -> Vec<u64> {
    version
        .split('.')
        .map(|part| part.parse().unwrap_or(u64::MAX))
        .collect()
}

fn is_plain(version: &str) -> bool {
    version.contains('.')
        && version
            .split('.')
            .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}

/// A name as indexes compare it.
pub(crate) fn normalised(name: &str) -> String {
    let mut out = String::new();
    for part in name.split(['-', '_', '.']).filter(|part| !part.is_empty()) {
        if !out.is_empty() {
            out.push('-');
        }
        out.push_str(&part.to_ascii_lowercase());
    }
    out
}
