//! What is rendered, and the entry points.

use hognose_types::{DatabaseInfo, Inventory, Judged, JudgedGap, Notice, Verdict};

use crate::{
    Format, SbomFormat, VerifiedFile, cyclonedx, github, html, json, junit, markdown, openvex,
    sarif, spdx_document, terminal,
};

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
    /// Every file whose origin was verified; none for a scan.
    pub verified: Option<Vec<VerifiedFile>>,
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

/// What an SBOM says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SbomMeta {
    /// Version of the program.
    pub tool_version: String,
    /// When it was made (RFC 3339, UTC).
    pub timestamp: String,
    /// What it describes: the project's or directory's name.
    pub name: String,
    /// Version of what it describes.
    pub version: Option<String>,
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
        Format::Sarif => sarif::render(report),
        Format::CycloneDx => cyclonedx::render(report),
        Format::Spdx => spdx_document::render(report),
        Format::OpenVex => openvex::render(report),
        Format::Markdown => Ok(markdown::render(report)),
        Format::Html => Ok(html::render(report)),
        Format::Junit => Ok(junit::render(report)),
        Format::Github => Ok(github::render(report)),
    }
}

/// The one line that ends the terminal report, for people whose data goes elsewhere.
pub fn summary(report: &ScanReport) -> String {
    crate::words::summary(report)
}

/// Renders an inventory alone: hashes, licences, dependency graph, no vulnerabilities.
pub fn sbom(
    inventory: &Inventory,
    format: SbomFormat,
    meta: &SbomMeta,
) -> Result<String, RenderError> {
    match format {
        SbomFormat::CycloneDx => cyclonedx::sbom(inventory, meta),
        SbomFormat::Spdx => spdx_document::sbom(inventory, meta),
    }
}
