//! Verdicts: what the policy engine makes of findings and gaps.

use serde::{Deserialize, Serialize};

use crate::{Finding, Gap, Location};

/// The decision about one finding or about a whole run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// Below every gate, or waived.
    Allow,
    /// Shown, does not fail the run.
    Warn,
    /// At or above the gate.
    Block,
}

/// A finding and what the policy decided about it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Judged {
    /// The evidence.
    pub finding: Finding,
    /// The decision.
    pub decision: Decision,
    /// The rule of the policy that decided, as a fragment: "severity high is at or above fail-on low".
    pub because: String,
    /// The waiver that applies, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiver: Option<AppliedWaiver>,
}

/// A gap and whether the policy allows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct JudgedGap {
    /// What could not be checked.
    pub gap: Gap,
    /// True when the policy allows it: the run stays complete.
    pub allowed: bool,
}

/// The exception that silenced a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AppliedWaiver {
    /// Why it was granted.
    pub reason: String,
    /// Last day it holds (`YYYY-MM-DD`), if it ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// Who answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Where it is written.
    pub location: Location,
    /// OpenVEX status, when it comes from a VEX document (`not_affected`, `fixed`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vex_status: Option<String>,
    /// OpenVEX justification, when stated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vex_justification: Option<String>,
}

/// The outcome of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The strictest decision of all findings.
    pub decision: Decision,
    /// False when something could not be checked and the policy does not allow that.
    pub complete: bool,
    /// False when no input was found at all.
    pub anything_checked: bool,
}

/// The advisory database a run used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DatabaseInfo {
    /// Content digest: the same feeds give the same revision.
    pub revision: String,
    /// When built (RFC 3339).
    pub built: String,
    /// True for the small built-in set.
    pub starter: bool,
    /// Its feeds.
    pub feeds: Vec<FeedInfo>,
}

/// One feed of the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FeedInfo {
    /// Its name in the configuration.
    pub name: String,
    /// Where it came from, without secrets.
    pub location: String,
    /// Live records taken from it.
    pub records: u64,
    /// Date of the data (RFC 3339 or `YYYY-MM-DD`), as stated by the feed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
}
