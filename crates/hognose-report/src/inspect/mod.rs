//! What `hognose inspect` shows: artifacts, what decided about them, what they can do, what changed.
//!
//! The types here are what every format needs and no more; the analysers have their own.

mod change;
mod html;
mod json;
mod markdown;
mod sarif;
mod terminal;
mod words;

use std::collections::BTreeMap;

use hognose_types::Severity;

use crate::{RenderError, Style};

pub use json::INSPECT_SCHEMA;

/// The ways to show an inspection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InspectFormat {
    /// Text for people.
    Terminal,
    /// Hognose's own JSON (`docs/schemas/inspect-1.schema.json`).
    Json,
    /// SARIF 2.1.0.
    Sarif,
    /// One self-contained HTML page.
    Html,
    /// Markdown for a pull request comment.
    Markdown,
}

impl InspectFormat {
    /// Every format, in the order help texts list them.
    pub const ALL: [Self; 5] = [
        Self::Terminal,
        Self::Json,
        Self::Sarif,
        Self::Html,
        Self::Markdown,
    ];

    /// Name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Terminal => "terminal",
            Self::Json => "json",
            Self::Sarif => "sarif",
            Self::Html => "html",
            Self::Markdown => "markdown",
        }
    }
}

impl std::str::FromStr for InspectFormat {
    type Err = crate::FormatError;

    fn from_str(raw: &str) -> Result<Self, Self::Err> {
        crate::format::find(raw, &Self::ALL, Self::name)
    }
}

/// What a score means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InspectBand {
    /// Nothing worth a word.
    Nothing,
    /// Worth knowing.
    Notable,
    /// Somebody should look.
    Suspicious,
    /// Sure enough to block.
    Malicious,
}

impl InspectBand {
    /// Every band, worst first.
    pub const ALL: [Self; 4] = [
        Self::Malicious,
        Self::Suspicious,
        Self::Notable,
        Self::Nothing,
    ];

    /// Lower-case word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Notable => "notable",
            Self::Suspicious => "suspicious",
            Self::Malicious => "malicious",
        }
    }

    /// The band of that name.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|b| b.as_str() == word)
    }
}

/// One finished inspection.
#[derive(Clone, Debug)]
pub struct InspectReport {
    /// Version of the program.
    pub tool_version: String,
    /// When it started (RFC 3339, UTC); the only time in any output.
    pub started: String,
    /// The command that reproduces it.
    pub command: String,
    /// Version of the analyser.
    pub analyser: String,
    /// Version of the model.
    pub model: String,
    /// The band from which the run fails; `None` for never.
    pub gate: Option<InspectBand>,
    /// What was inspected.
    pub artifacts: Vec<InspectedArtifact>,
    /// What was left out, and why.
    pub skipped: Vec<NotRead>,
}

/// A path and a reason.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NotRead {
    /// The path; empty for the artifact as a whole.
    pub path: String,
    /// A lower-case fragment.
    pub reason: String,
}

/// One artifact, directory, file or installed distribution.
#[derive(Clone, Debug)]
pub struct InspectedArtifact {
    /// Where it is.
    pub path: String,
    /// Its name, as its metadata says; may be empty.
    pub name: String,
    /// Its version, as its metadata says; may be empty.
    pub version: String,
    /// `wheel`, `sdist`, `archive`, `directory`, `file` or `installed`.
    pub kind: &'static str,
    /// Of the file, in lower-case hexadecimal.
    pub sha256: Option<String>,
    /// Why it could not be read at all; then nothing else counts.
    pub failure: Option<String>,
    /// What the score means.
    pub band: InspectBand,
    /// 0 to 100.
    pub score: f64,
    /// Rules that fired, heaviest first.
    pub rules: Vec<InspectRule>,
    /// Facts counted by group and trigger.
    pub capabilities: Vec<InspectCapability>,
    /// What its metadata and its container show, as fragments.
    pub remarks: Vec<&'static str>,
    /// Members.
    pub members: u64,
    /// Bytes unpacked.
    pub unpacked_bytes: u64,
    /// Start-up hooks, commands, plugins, build hooks, binaries, scripts.
    pub surfaces: BTreeMap<&'static str, Vec<String>>,
    /// What could not be analysed: not empty means incomplete.
    pub unread: Vec<NotRead>,
    /// What changed since an older release.
    pub change: Option<InspectChange>,
}

/// A rule that fired.
#[derive(Clone, Debug)]
pub struct InspectRule {
    /// Its id.
    pub id: String,
    /// What it says; the subject is the artifact.
    pub title: String,
    /// How bad.
    pub severity: Severity,
    /// What makes it happen; none where nothing runs (metadata, the container).
    pub trigger: Option<&'static str>,
    /// Its points.
    pub points: f64,
    /// The points that entered the sum.
    pub counted: f64,
    /// The facts that show it, decisive ones first.
    pub evidence: Vec<InspectEvidence>,
}

/// A fact as evidence.
#[derive(Clone, Debug)]
pub struct InspectEvidence {
    /// Stable name.
    pub fact: &'static str,
    /// What it says; the subject is the code.
    pub says: &'static str,
    /// What makes it happen.
    pub trigger: &'static str,
    /// Path inside the artifact; empty for the whole.
    pub file: String,
    /// From 1; 0 for the whole file.
    pub line: u32,
    /// From 1; 0 for the whole line.
    pub column: u32,
    /// Decode layers above, outermost first.
    pub layers: Vec<&'static str>,
    /// The decoded text that shows it; from outside.
    pub detail: String,
}

/// How often facts of a group were seen, by trigger.
#[derive(Clone, Debug)]
pub struct InspectCapability {
    /// The group.
    pub group: &'static str,
    /// In the order install, startup, import, entry-point, call, test.
    pub counts: [usize; 6],
}

/// What a release adds to an older one.
#[derive(Clone, Debug)]
pub struct InspectChange {
    /// Where the older one is.
    pub old_path: String,
    /// Its version.
    pub old_version: String,
    /// What the score of the change means.
    pub band: InspectBand,
    /// Score of what is new alone.
    pub score: f64,
    /// Rules that fire on what is new alone.
    pub rules: Vec<InspectRule>,
    /// Facts that are new.
    pub facts: Vec<InspectEvidence>,
    /// How many facts are gone.
    pub gone: usize,
    /// Hooks, commands, binaries, dependencies, imports: what came and what went.
    pub lists: Vec<InspectDelta>,
    /// Metadata that differs.
    pub fields: Vec<InspectField>,
}

/// Names that came and went.
#[derive(Clone, Debug)]
pub struct InspectDelta {
    /// Of what.
    pub what: &'static str,
    /// Only in the new release.
    pub new: Vec<String>,
    /// Only in the old one.
    pub gone: Vec<String>,
}

/// A field of the metadata.
#[derive(Clone, Debug)]
pub struct InspectField {
    /// Its name.
    pub name: &'static str,
    /// Before.
    pub old: String,
    /// Now.
    pub new: String,
}

impl InspectedArtifact {
    /// The worst of what the artifact is and what its change is.
    pub fn worst(&self) -> InspectBand {
        let change = self.change.as_ref().map(|c| c.band);
        change.map_or(self.band, |band| band.max(self.band))
    }

    /// True when all of it was analysed.
    pub fn is_complete(&self) -> bool {
        self.failure.is_none() && self.unread.is_empty()
    }
}

impl InspectReport {
    /// True when an artifact reaches the gate.
    pub fn fails(&self) -> bool {
        let at_gate = |a: &InspectedArtifact| {
            a.failure.is_none() && self.gate.is_some_and(|gate| a.worst() >= gate)
        };
        self.artifacts.iter().any(at_gate)
    }

    /// True when everything was analysed.
    pub fn is_complete(&self) -> bool {
        self.artifacts.iter().all(InspectedArtifact::is_complete)
    }
}

/// Renders an inspection.
pub fn render_inspect(
    report: &InspectReport,
    format: InspectFormat,
    style: &Style,
) -> Result<String, RenderError> {
    match format {
        InspectFormat::Terminal => Ok(terminal::render(report, style)),
        InspectFormat::Json => json::render(report),
        InspectFormat::Sarif => sarif::render(report),
        InspectFormat::Html => Ok(html::render(report)),
        InspectFormat::Markdown => Ok(markdown::render(report)),
    }
}

/// The one line that ends the terminal report.
pub fn inspect_summary(report: &InspectReport) -> String {
    words::summary(report)
}
