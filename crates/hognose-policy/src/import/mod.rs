//! Ignores of other tools, and OpenVEX documents, as waivers.

mod osv_scanner;
mod pip_audit;
mod safety;
mod uv;
mod vex;

use hognose_types::Location;
use jiff::civil::Date;

use crate::{Waiver, WaiverOrigin};
pub use vex::vex;

/// Why a file of ignores cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{location}: {message}")]
pub struct ImportError {
    /// File and, where known, line.
    pub location: Location,
    /// What is wrong.
    pub message: String,
}

/// Reads the ignores of Safety (`.safety-policy.yml`), osv-scanner (`osv-scanner.toml`), uv (`[tool.uv.audit]` in
/// `pyproject.toml`), or any other text that calls `pip-audit --ignore-vuln ID` (a workflow, a `Makefile`, a pre-commit
/// configuration). The file's name says which.
pub fn ignores(file: &str, text: &str) -> Result<Vec<Waiver>, ImportError> {
    let name = file.rsplit('/').next().unwrap_or(file);
    match name {
        "osv-scanner.toml" => osv_scanner::read(file, text),
        "pyproject.toml" | "uv.toml" => uv::read(file, text),
        _ if name.contains("safety-policy") => safety::read(file, text),
        _ => Ok(pip_audit::read(file, text)),
    }
}

/// A waiver of one advisory.
fn waiver(
    advisory: &str,
    reason: Option<&str>,
    expires: Option<Date>,
    location: Location,
) -> Waiver {
    let reason = reason.map(str::trim).filter(|r| !r.is_empty());
    Waiver {
        rule: None,
        advisory: Some(advisory.trim().to_owned()),
        package: None,
        versions: None,
        reason: reason.unwrap_or("no reason is given").to_owned(),
        owner: None,
        expires,
        location,
        origin: WaiverOrigin::Imported,
    }
}

/// The line a byte offset stands on.
fn line_of(text: &str, offset: usize) -> u32 {
    let before = text
        .as_bytes()
        .get(..offset.min(text.len()))
        .unwrap_or_default();
    before.split(|b| *b == b'\n').count() as u32
}

/// The day of a date or an RFC 3339 time.
fn day(text: &str) -> Option<Date> {
    text.trim().get(..10)?.parse().ok()
}
