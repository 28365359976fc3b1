//! Hognose's own JSON, documented in `docs/reports.md` and `docs/schemas/report-1.0.schema.json`.

mod convert;
mod model;

use crate::{RenderError, ScanReport, escape};

pub(crate) fn render(report: &ScanReport) -> Result<String, RenderError> {
    escape::to_json(&convert::document(report))
}
