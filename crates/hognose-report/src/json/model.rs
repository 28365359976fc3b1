//! The document, field by field. A change here changes the schema file, `SCHEMA` and `docs/reports.md`.
//!
//! Lists are always present; single values that are not known are left out.

use serde::Serialize;

#[derive(Debug, Serialize)]
pub(super) struct Document<'a> {
    pub(super) schema: &'static str,
    pub(super) tool: Tool<'a>,
    pub(super) started: &'a str,
    pub(super) command: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) since: Option<&'a str>,
    pub(super) verdict: Verdict,
    pub(super) summary: Summary,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) database: Option<Database<'a>>,
    pub(super) inputs: Vec<Input<'a>>,
    pub(super) skipped: Vec<Skipped<'a>>,
    pub(super) findings: Vec<Finding<'a>>,
    pub(super) gaps: Vec<Gap<'a>>,
    pub(super) notices: Vec<Notice<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) files: Option<Vec<File<'a>>>,
    pub(super) components: Vec<Component<'a>>,
    pub(super) edges: Vec<Edge<'a>>,
}

#[derive(Debug, Serialize)]
pub(super) struct File<'a> {
    pub(super) package: &'a str,
    pub(super) version: &'a str,
    pub(super) file: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sha256: Option<&'a str>,
    pub(super) verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<&'a str>,
    pub(super) attestations: &'a [crate::FileAttestation],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(super) rebuilds: &'a [crate::FileRebuild],
}

#[derive(Debug, Serialize)]
pub(super) struct Tool<'a> {
    pub(super) name: &'static str,
    pub(super) version: &'a str,
}

#[derive(Debug, Serialize)]
pub(super) struct Verdict {
    pub(super) decision: &'static str,
    pub(super) complete: bool,
    pub(super) anything_checked: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct Summary {
    pub(super) text: String,
    pub(super) packages_checked: usize,
    pub(super) packages_affected: usize,
    pub(super) findings: Bands,
    pub(super) waived: usize,
    pub(super) allowed: usize,
    pub(super) gaps: usize,
    pub(super) gaps_allowed: usize,
}

#[derive(Debug, Serialize)]
pub(super) struct Bands {
    pub(super) malicious: usize,
    pub(super) critical: usize,
    pub(super) high: usize,
    pub(super) medium: usize,
    pub(super) low: usize,
    pub(super) none: usize,
}

#[derive(Debug, Serialize)]
pub(super) struct Database<'a> {
    pub(super) revision: &'a str,
    pub(super) built: &'a str,
    pub(super) starter: bool,
    pub(super) feeds: Vec<Feed<'a>>,
}

#[derive(Debug, Serialize)]
pub(super) struct Feed<'a> {
    pub(super) name: &'a str,
    pub(super) location: &'a str,
    pub(super) records: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) date: Option<&'a str>,
}

#[derive(Debug, Serialize)]
pub(super) struct Input<'a> {
    pub(super) path: &'a str,
    pub(super) format: hognose_types::InputFormat,
}

#[derive(Debug, Serialize)]
pub(super) struct Skipped<'a> {
    pub(super) path: &'a str,
    pub(super) reason: &'a str,
}

#[derive(Debug, Serialize)]
pub(super) struct Place<'a> {
    pub(super) file: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) line: Option<u32>,
}

#[derive(Debug, Serialize)]
pub(super) struct Finding<'a> {
    pub(super) rule: &'static str,
    pub(super) id: &'a str,
    pub(super) package: Package<'a>,
    pub(super) severity: hognose_types::Severity,
    pub(super) confidence: hognose_types::Confidence,
    pub(super) decision: &'static str,
    pub(super) because: &'a str,
    pub(super) message: &'a str,
    pub(super) remedy: Remedy<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) waiver: Option<Waiver<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) advisory: Option<Advisory<'a>>,
    pub(super) occurrences: Vec<Occurrence<'a>>,
}

#[derive(Debug, Serialize)]
pub(super) struct Package<'a> {
    pub(super) name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<&'a str>,
    pub(super) purl: &'a str,
}

#[derive(Debug, Serialize)]
pub(super) struct Remedy<'a> {
    pub(super) text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<&'a str>,
}

#[derive(Debug, Serialize)]
pub(super) struct Waiver<'a> {
    pub(super) reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) expires: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) owner: Option<&'a str>,
    pub(super) location: Place<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) vex_status: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) vex_justification: Option<&'a str>,
}

#[derive(Debug, Serialize)]
pub(super) struct Advisory<'a> {
    pub(super) id: &'a str,
    pub(super) aliases: &'a [String],
    pub(super) summary: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(super) details: &'a str,
    pub(super) malicious: bool,
    pub(super) severity: Estimate<'a>,
    pub(super) cwes: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) epss: Option<Epss<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) kev: Option<Kev<'a>>,
    pub(super) records: Vec<Record<'a>>,
    pub(super) matches: Vec<Match<'a>>,
    pub(super) references: Vec<Reference<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fixed_in: Option<&'a str>,
}

#[derive(Debug, Serialize)]
pub(super) struct Estimate<'a> {
    pub(super) band: hognose_types::Severity,
    pub(super) score: f64,
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) origin: hognose_types::SeverityOrigin,
    pub(super) sources_disagree: bool,
    pub(super) scores: Vec<Score<'a>>,
}

#[derive(Debug, Serialize)]
pub(super) struct Score<'a> {
    pub(super) version: &'static str,
    pub(super) vector: &'a str,
    pub(super) base: f64,
    pub(super) record: &'a str,
}

#[derive(Debug, Serialize)]
pub(super) struct Epss<'a> {
    pub(super) cve: &'a str,
    pub(super) probability: f64,
    pub(super) percentile: f64,
}

#[derive(Debug, Serialize)]
pub(super) struct Kev<'a> {
    pub(super) cve: &'a str,
    pub(super) date_added: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) due_date: Option<&'a str>,
    pub(super) ransomware: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct Record<'a> {
    pub(super) id: &'a str,
    pub(super) feed: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) published: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) modified: Option<&'a str>,
}

#[derive(Debug, Serialize)]
pub(super) struct Match<'a> {
    pub(super) record: &'a str,
    pub(super) kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) introduced: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fixed: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_affected: Option<&'a str>,
    pub(super) local_ignored: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct Reference<'a> {
    pub(super) kind: &'a str,
    pub(super) url: &'a str,
}

#[derive(Debug, Serialize)]
pub(super) struct Occurrence<'a> {
    pub(super) component: usize,
    pub(super) location: Place<'a>,
    pub(super) direct: bool,
    pub(super) groups: &'a [String],
    pub(super) extras: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) condition: Option<&'a str>,
    pub(super) path: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) edit: Option<Place<'a>>,
}

#[derive(Debug, Serialize)]
pub(super) struct Gap<'a> {
    pub(super) rule: &'static str,
    pub(super) subject: &'a str,
    pub(super) message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hint: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) location: Option<Place<'a>>,
    pub(super) groups: &'a [String],
    pub(super) allowed: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct Notice<'a> {
    pub(super) message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) location: Option<Place<'a>>,
}

#[derive(Debug, Serialize)]
pub(super) struct Component<'a> {
    pub(super) purl: String,
    pub(super) kind: hognose_types::ComponentKind,
    pub(super) name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) requirement: Option<&'a str>,
    pub(super) input: usize,
    pub(super) judged: bool,
    pub(super) source: Source<'a>,
    pub(super) hashes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) license: Option<&'a str>,
    pub(super) declarations: Vec<Declaration<'a>>,
}

#[derive(Debug, Serialize)]
pub(super) struct Source<'a> {
    pub(super) kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reference: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) commit: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) editable: Option<bool>,
}

#[derive(Debug, Serialize)]
pub(super) struct Declaration<'a> {
    pub(super) location: Place<'a>,
    pub(super) direct: bool,
    pub(super) groups: &'a [String],
    pub(super) extras: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) marker: Option<&'a str>,
}

#[derive(Debug, Serialize)]
pub(super) struct Edge<'a> {
    pub(super) from: usize,
    pub(super) to: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) marker: Option<&'a str>,
}
