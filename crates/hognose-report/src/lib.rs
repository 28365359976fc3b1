//! Renders one scan for every surface: people, pipelines, code hosts, SBOM and VEX consumers.
//!
//! A renderer decides nothing: it shows the findings, gaps and verdict it is given. The same report
//! gives the same bytes; time arrives in [`ScanReport::started`] and identifiers are content hashes.
//!
//! Every string of a report is treated as written by an attacker (see `escape`): file formats keep it
//! exactly but escaped, and formats for people show control characters visibly.

mod bom;
mod card;
mod cyclonedx;
mod cyclonedx_vulnerabilities;
mod escape;
mod format;
mod github;
mod html;
mod inspect;
mod json;
mod junit;
mod licence;
mod markdown;
mod openvex;
mod report;
mod sarif;
mod spdx_document;
mod stable;
mod stored;
mod terminal;
mod verified;
mod view;
mod words;

pub use card::{
    CARD_SCHEMA, Card, CardAdvisory, CardAge, CardFile, CardFormat, CardHealth, CardIndex,
    CardKnown, CardLookalike, CardRelease, CardSignal, CardStatus, CardWhat, CardWho, CardYank,
    render_card,
};
pub use escape::{json_line, plain};
pub use format::{Format, FormatError, SbomFormat};
pub use inspect::{
    INSPECT_SCHEMA, InspectBand, InspectCapability, InspectChange, InspectDelta, InspectEvidence,
    InspectField, InspectFormat, InspectReport, InspectRule, InspectedArtifact, NotRead,
    inspect_summary, render_inspect,
};
pub use report::{RenderError, SbomMeta, ScanReport, Style, render, sbom, summary};
pub use stored::{ReadError, SCHEMA, StoredFinding, StoredReport, read_json};
pub use verified::{FileAttestation, FileRebuild, FileVerdict, RebuildOutcome, VerifiedFile};
