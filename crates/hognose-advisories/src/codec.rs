//! The blocks stored in the heap. Plain data for postcard: no skipped or defaulted fields, since postcard does not
//! name fields.

use hognose_types::{Epss, Reference, SeverityEstimate, VersionKey};
use serde::{Deserialize, Serialize};

use crate::format::BlockRef;
use crate::intervals::{Interval, Undecided};

/// Everything about one package name.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PackageBlock {
    pub(crate) name: String,
    pub(crate) flaws: Vec<PackageFlaw>,
    /// Records about this package that could not be read: id or file, and why.
    pub(crate) problems: Vec<(String, String)>,
}

/// One flaw as it concerns one package.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PackageFlaw {
    pub(crate) flaw: BlockRef,
    pub(crate) affected: Vec<PackageAffected>,
    /// Every fixing version named for this package, ascending.
    pub(crate) fixes: Vec<(VersionKey, String)>,
}

/// One `affected` entry of one record.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct PackageAffected {
    /// Position in [`FlawBlock::records`].
    pub(crate) record: u16,
    pub(crate) malicious: bool,
    pub(crate) intervals: Vec<Interval>,
    /// Listed versions outside every interval, ascending.
    pub(crate) listed: Vec<VersionKey>,
    /// Listed versions that are not PEP 440.
    pub(crate) legacy: Vec<String>,
    pub(crate) undecided: Vec<Undecided>,
}

/// One flaw: a group of aliased records.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct FlawBlock {
    pub(crate) id: String,
    pub(crate) aliases: Vec<String>,
    pub(crate) summary: String,
    pub(crate) severity: SeverityEstimate,
    pub(crate) cwes: Vec<String>,
    pub(crate) epss: Option<Epss>,
    pub(crate) kev: Option<StoredKev>,
    pub(crate) records: Vec<StoredRecord>,
    pub(crate) packages: Vec<String>,
    pub(crate) details: BlockRef,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StoredKev {
    pub(crate) cve: String,
    pub(crate) date_added: String,
    pub(crate) due_date: Option<String>,
    pub(crate) ransomware: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StoredRecord {
    pub(crate) id: String,
    pub(crate) feed: String,
    pub(crate) published: Option<String>,
    pub(crate) modified: Option<String>,
}

/// The long part of a flaw, read only when shown.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DetailsBlock {
    /// Zlib-compressed UTF-8.
    pub(crate) details: Vec<u8>,
    pub(crate) references: Vec<Reference>,
}

/// Popular project names with their downloads, most popular first.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct PopularBlock {
    pub(crate) names: Vec<(String, u64)>,
}
