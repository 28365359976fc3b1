//! What `db status` reports: feeds, counts, dates and every record that does not count.

use hognose_types::{DatabaseInfo, FeedInfo};
use serde::{Deserialize, Serialize};

use crate::format::BlockRef;

/// The database's own description.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Status {
    /// Feeds in the order they were read.
    pub feeds: Vec<FeedStatus>,
    /// Distinct package names with at least one live record.
    pub packages: u64,
    /// Flaws: groups of aliased live records.
    pub flaws: u64,
    /// Flaws that say a package is malicious.
    pub malicious: u64,
    /// Where the records that do not count are named.
    pub(crate) problems: BlockRef,
    /// True for the small built-in set.
    pub starter: bool,
    /// State of local feeds when they were read, to see whether they changed since.
    pub fingerprints: Vec<(String, u64)>,
    /// Where the popular names stand.
    pub(crate) popular: BlockRef,
}

/// How many problems are named; beyond that they are only counted.
pub(crate) const MAX_PROBLEMS: usize = 2000;

/// How many ignored files are named per feed.
pub(crate) const MAX_IGNORED: usize = 50;

/// One feed as it was read.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FeedStatus {
    /// `osv`, `epss`, `kev`, `popular`.
    pub kind: String,
    /// Address or path, without secrets.
    pub location: String,
    /// Records (or entries) that count.
    pub live: u64,
    /// Withdrawn records.
    pub withdrawn: u64,
    /// Records superseded by a newer one of the same id.
    pub duplicates: u64,
    /// Records that could not be read.
    pub malformed: u64,
    /// Records of a schema version this program does not know.
    pub unknown_schema: u64,
    /// Records about other ecosystems, or without any package.
    pub foreign: u64,
    /// Bounds and listed versions that are not PEP 440.
    pub legacy_versions: u64,
    /// Date of the data as the feed states it, else of its newest record.
    pub date: Option<String>,
    /// Set when the feed could not be fetched and an earlier copy was used: why.
    pub stale: Option<String>,
    /// Set when the feed could not be read at all: why.
    pub failed: Option<String>,
    /// Files of the feed that hold no record.
    pub ignored: u64,
    /// The first of them.
    pub ignored_names: Vec<String>,
}

/// A record that does not count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordProblem {
    /// Its id, or the file or line it stands in.
    pub record: String,
    /// `malformed`, `withdrawn`, `duplicate`, `unknown schema`.
    pub kind: String,
    /// Why.
    pub reason: String,
    /// Package it is about, when that could be read.
    pub package: Option<String>,
}

impl Status {
    /// The part that reports carry. `built` is RFC 3339.
    pub fn info(&self, revision: String, built: String) -> DatabaseInfo {
        let feeds = self.feeds.iter().map(|feed| FeedInfo {
            name: feed.kind.clone(),
            location: feed.location.clone(),
            records: feed.live,
            date: feed.date.clone(),
        });
        DatabaseInfo {
            revision,
            built,
            starter: self.starter,
            feeds: feeds.collect(),
        }
    }
}
