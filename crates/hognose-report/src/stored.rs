//! Reading a JSON report back: the part that comparing two runs needs.
//!
//! Compatibility: the minor number grows when fields are added, the major one when a field changes
//! or goes. A reader takes every document of its major, ignoring what it does not know, and
//! refuses another major: half-understood evidence must not look like a clean run.

use serde::Deserialize;

/// Version of the JSON written.
pub const SCHEMA: &str = "1.0";
/// Of a report that lists verified files, which was added later.
pub(crate) const SCHEMA_WITH_FILES: &str = "1.1";
/// Of one that says what came of building files again.
pub(crate) const SCHEMA_WITH_REBUILDS: &str = "1.2";
/// Major version read.
const MAJOR: &str = "1";

/// What is read back of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredReport {
    /// Schema version of the document.
    pub schema: String,
    /// Program version that wrote it.
    pub tool_version: String,
    /// When the scan started (RFC 3339).
    pub started: String,
    /// False when something could not be checked.
    pub complete: bool,
    /// Its findings.
    pub findings: Vec<StoredFinding>,
}

/// The identity of a finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[non_exhaustive]
pub struct StoredFinding {
    /// Rule id, perhaps of a rule this program does not have.
    pub rule: String,
    /// Advisory id, or the rule's.
    pub id: String,
    /// `allow`, `warn` or `block`.
    pub decision: String,
    /// What it is about.
    package: StoredPackage,
}

impl StoredFinding {
    /// Package URL of the subject.
    pub fn purl(&self) -> &str {
        &self.package.purl
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
struct StoredPackage {
    purl: String,
}

/// Why a document is not a report that can be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Not JSON, or without the fields of a report.
    #[error("failed to read the JSON report")]
    Json(#[source] serde_json::Error),
    /// Written under another major version.
    #[error("the report has schema version {found:?}; this program reads {MAJOR}.x")]
    Schema {
        /// Version of the document.
        found: String,
    },
}

#[derive(Deserialize)]
struct Head {
    schema: String,
}

#[derive(Deserialize)]
struct Body {
    tool: Tool,
    started: String,
    verdict: Verdict,
    findings: Vec<StoredFinding>,
}

#[derive(Deserialize)]
struct Tool {
    version: String,
}

#[derive(Deserialize)]
struct Verdict {
    complete: bool,
}

/// Reads a JSON report of any minor version.
pub fn read_json(text: &str) -> Result<StoredReport, ReadError> {
    let head: Head = serde_json::from_str(text).map_err(ReadError::Json)?;
    let minor = head
        .schema
        .strip_prefix(MAJOR)
        .and_then(|r| r.strip_prefix('.'));
    if !minor.is_some_and(|m| !m.is_empty() && m.bytes().all(|b| b.is_ascii_digit())) {
        return Err(ReadError::Schema { found: head.schema });
    }
    let body: Body = serde_json::from_str(text).map_err(ReadError::Json)?;
    Ok(StoredReport {
        schema: head.schema,
        tool_version: body.tool.version,
        started: body.started,
        complete: body.verdict.complete,
        findings: body.findings,
    })
}
