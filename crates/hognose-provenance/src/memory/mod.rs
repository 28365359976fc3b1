//! What is remembered of who published a package, so that a later look can tell a loss or a change from how it always was.
//!
//! An index, or whoever stands before it, can withhold attestations; nothing in what it serves tells. Only memory does. It
//! has no window of time: what is remembered counts until something else is remembered.

mod compare;
mod format;
mod known;
mod pylock;

use std::collections::BTreeMap;

use hognose_types::{PackageName, Version};
use serde::{Deserialize, Serialize};

pub use compare::{Change, stated};
pub use format::{FORMAT, MAX_FILE, MemoryError};
pub use known::{Known, Part};
pub use pylock::{stated_identities, with_identities};

/// Whether a file has attestations that hold.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Presence {
    /// Yes.
    Yes,
    /// No, and the index says so.
    No,
    /// Nobody said: a mirror that leaves it out, an index that did not answer, a verification that could not be made.
    #[default]
    #[serde(other)]
    Unknown,
}

/// One file of a release.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct File {
    /// In lower-case hexadecimal.
    pub sha256: Option<String>,
    /// When it was uploaded, as the index writes it.
    pub uploaded: Option<String>,
    /// Whether it is attested.
    pub attested: Presence,
}

/// What is known of one release.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Release {
    /// Who attested its files: one, if all is well.
    pub publishers: Vec<Known>,
    /// Its files by name.
    pub files: BTreeMap<String, File>,
}

/// What is known of releases.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    packages: BTreeMap<PackageName, BTreeMap<Version, Release>>,
}

/// How much of a release is attested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Every file.
    Full,
    /// Some files, and others are not.
    Partial,
    /// No file.
    None,
    /// Nothing is known of any.
    Unknown,
}

impl Extent {
    /// One word, as the file has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "yes",
            Self::Partial => "partly",
            Self::None => "no",
            Self::Unknown => "unknown",
        }
    }
}

impl Release {
    /// Adds somebody who attested a file, unless they are known already.
    pub fn publish(&mut self, publisher: Known) {
        if !self.publishers.contains(&publisher) {
            self.publishers.push(publisher);
            self.publishers.sort();
        }
    }

    /// How much of it is attested. Files of which nothing is known do not count where others tell.
    pub fn extent(&self) -> Extent {
        let has = |presence| self.files.values().any(|f| f.attested == presence);
        match (has(Presence::Yes), has(Presence::No)) {
            (true, false) => Extent::Full,
            (true, true) => Extent::Partial,
            (false, true) => Extent::None,
            (false, false) => Extent::Unknown,
        }
    }
}

impl Memory {
    /// True when nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.packages.is_empty()
    }

    /// Every release that is remembered, in order.
    pub fn releases(&self) -> impl Iterator<Item = (&PackageName, &Version, &Release)> {
        self.packages.iter().flat_map(|(name, releases)| {
            let all = releases.iter();
            all.map(move |(version, release)| (name, version, release))
        })
    }

    /// One release.
    pub fn release(&self, name: &PackageName, version: &Version) -> Option<&Release> {
        self.packages.get(name)?.get(version)
    }

    /// Remembers a release. What is not known now does not overwrite what was.
    pub fn learn(&mut self, name: PackageName, version: Version, now: Release) {
        let releases = self.packages.entry(name).or_default();
        let kept = releases.entry(version).or_default();
        if now.extent() != Extent::Unknown && !now.publishers.is_empty() {
            kept.publishers = now.publishers;
        }
        for (file, seen) in now.files {
            let known = kept.files.entry(file).or_default();
            known.sha256 = seen.sha256.or(known.sha256.take());
            known.uploaded = seen.uploaded.or(known.uploaded.take());
            if seen.attested != Presence::Unknown {
                known.attested = seen.attested;
            }
        }
    }

    /// Forgets packages, and of the others all but the newest release of each line beside those that are in use.
    pub fn keep(&mut self, in_use: &BTreeMap<PackageName, Vec<Version>>) {
        self.packages.retain(|name, _| in_use.contains_key(name));
        for (name, releases) in &mut self.packages {
            let used = in_use.get(name).map(Vec::as_slice).unwrap_or_default();
            let mut newest: BTreeMap<(u64, u64), Version> = BTreeMap::new();
            for version in releases.keys() {
                newest.insert(line(version), version.clone());
            }
            releases.retain(|version, _| {
                used.contains(version) || newest.get(&line(version)) == Some(version)
            });
        }
    }

    /// The release to compare another with: itself; else the newest before it in its own line; else, for one that is
    /// newer than all, the newest. A release of an older line that was never seen is compared with none: that a newer
    /// line is attested says nothing about it.
    fn baseline(&self, name: &PackageName, version: &Version) -> Option<(&Version, &Release)> {
        let releases = self.packages.get(name)?;
        if let Some(same) = releases.get_key_value(version) {
            return Some(same);
        }
        let mut before = releases.range(..version.clone()).rev();
        let newest_before = before.clone().next();
        let own_line = before.find(|(known, _)| line(known) == line(version));
        let is_newest = releases.range(version.clone()..).next().is_none();
        own_line.or(newest_before.filter(|_| is_newest))
    }
}

/// Epoch and first number: what upgrades inside are expected to be alike.
fn line(version: &Version) -> (u64, u64) {
    let first = version.release().first().copied().unwrap_or_default();
    (version.epoch(), first)
}
