//! What advisories say about a component: the evidence of a finding.

use serde::{Deserialize, Serialize};

use crate::{SeverityEstimate, Version};

/// Everything known about one flaw (one group of aliased records) as it applies to one component.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AdvisoryEvidence {
    /// Id to show: the malicious-package record, else the most specific Python record.
    pub id: String,
    /// All other ids of the same flaw, sorted.
    pub aliases: Vec<String>,
    /// One line.
    pub summary: String,
    /// Full text in Markdown, as published; may be empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub details: String,
    /// The package is malicious, not merely flawed.
    pub malicious: bool,
    /// How bad, with every source.
    pub severity: SeverityEstimate,
    /// Weakness ids, such as `CWE-79`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cwes: Vec<String>,
    /// Exploit prediction for the flaw's CVE.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epss: Option<Epss>,
    /// Set when the flaw is known to be exploited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kev: Option<KnownExploited>,
    /// The records merged into this entry.
    pub records: Vec<RecordSource>,
    /// Why the component is affected; never empty.
    pub matches: Vec<Match>,
    /// Links.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<Reference>,
    /// Smallest fixing version above the component's, across all entries; `None`: no fix is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fixed_in: Option<Version>,
}

/// One published record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordSource {
    /// Its id.
    pub id: String,
    /// Name of the feed it came from.
    pub feed: String,
    /// When published (RFC 3339), if stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<String>,
    /// When last changed (RFC 3339), if stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<String>,
}

/// A link of an advisory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// OSV reference type (`ADVISORY`, `FIX`, `WEB`, …).
    pub kind: String,
    /// Address.
    pub url: String,
}

/// Why one record applies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Match {
    /// The record.
    pub record: String,
    /// What in it covers the version.
    pub basis: MatchBasis,
    /// True when the version only matched after its local part (`+cu117`) was left out.
    pub local_ignored: bool,
}

/// What in a record covers a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum MatchBasis {
    /// A range. Bounds are as published; `None` introduced means "from the first version".
    Range {
        /// First affected version.
        #[serde(skip_serializing_if = "Option::is_none")]
        introduced: Option<String>,
        /// First version no longer affected.
        #[serde(skip_serializing_if = "Option::is_none")]
        fixed: Option<String>,
        /// Last affected version.
        #[serde(skip_serializing_if = "Option::is_none")]
        last_affected: Option<String>,
    },
    /// The version is in the record's explicit list.
    Listed,
}

/// Exploit prediction (EPSS by FIRST.org).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Epss {
    /// The CVE scored.
    pub cve: String,
    /// Probability of exploitation within 30 days, 0–1.
    pub probability: f64,
    /// Share of CVEs with a lower probability, 0–1.
    pub percentile: f64,
}

/// An entry of CISA's catalogue of known exploited vulnerabilities.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownExploited {
    /// The CVE listed.
    pub cve: String,
    /// Date added (`YYYY-MM-DD`).
    pub date_added: String,
    /// Date by which US agencies must act.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_date: Option<String>,
    /// Used in ransomware campaigns.
    pub ransomware: bool,
}
