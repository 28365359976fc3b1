//! Renders one scan for every surface: people, pipelines, code hosts, SBOM and VEX consumers.
//!
//! A renderer decides nothing: it shows the findings, gaps and verdict it is given. The same report
//! gives the same bytes; time arrives in [`ScanReport::started`] and identifiers are content hashes.
//!
//! Every string of a report is treated as written by an attacker (see `escape`): file formats keep it
//! exactly but escaped, and formats for people show control characters visibly.

mod escape;
mod format;
mod json;
mod report;
mod stored;
mod terminal;
mod view;
mod words;

pub use format::{Format, FormatError};
pub use report::{RenderError, ScanReport, Style, render};
pub use stored::{ReadError, SCHEMA, StoredFinding, StoredReport, read_json};
