//! What is rendered, and the entry points.

use hognose_types::{DatabaseInfo, Inventory, Judged, JudgedGap, Notice, Verdict};

use crate::{Format, json, terminal};

/// One finished scan.
#[derive(Clone, Debug)]
pub struct ScanReport {
    /// Version of the program.
    pub tool_version: String,
    /// When the scan started (RFC 3339, UTC); the only time that appears in any output.
    pub started: String,
    /// The command that reproduces the scan.
    pub command: String,
    /// What was read.
    pub inventory: Inventory,
    /// Every finding with its decision, waived ones included.
    pub judged: Vec<Judged>,
    /// Every gap with its decision, those of the inventory included.
    pub gaps: Vec<JudgedGap>,
    /// Every notice, those of the inventory and unmatched waivers included.
    pub notices: Vec<Notice>,
    /// The outcome.
    pub verdict: Verdict,
    /// The advisory database; `None` when there was none.
    pub database: Option<DatabaseInfo>,
    /// The git revision compared with, when only new findings are reported.
    pub since: Option<String>,
}

/// How text for people is laid out; file formats only look at `verbose` where noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Terminal colours.
    pub colour: bool,
    /// Columns of the terminal.
    pub width: usize,
    /// Also allowed and waived findings, skipped inputs, full details.
    pub verbose: bool,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            colour: false,
            width: 80,
            verbose: false,
        }
    }
}

/// Why a report could not be rendered.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The JSON writer failed.
    #[error("failed to write the report as JSON")]
    Json(#[source] serde_json::Error),
}

/// Renders a scan.
pub fn render(report: &ScanReport, format: Format, style: &Style) -> Result<String, RenderError> {
    match format {
        Format::Terminal => Ok(terminal::render(report, style)),
        Format::Json => json::render(report),
    }
}
