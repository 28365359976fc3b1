//! The vocabulary of Hognose: names, versions, requirements, components, inventories, findings, rules.
//!
//! Nothing here performs I/O, reads the clock or the environment, or knows how a thing is shown.
//! Every type that comes from outside can only be built through a checked constructor, so code
//! above this crate never handles a raw package name or an unparsed version.

mod advisory;
mod component;
mod digest;
mod finding;
pub mod fuzzing;
mod indexes;
mod inventory;
mod location;
pub mod marker;
mod name;
mod owned;
pub mod paths;
mod places;
mod purl;
mod redacted;
mod requirement;
mod rule;
pub mod rules;
mod severity;
pub mod text;
mod verdict;
pub mod version;

pub use advisory::{
    AdvisoryEvidence, Epss, KnownExploited, Match, MatchBasis, RecordSource, Reference,
};
pub use component::{
    Component, ComponentKind, ComponentVersion, CondaIdentity, Declaration, ForeignIdentity, Source,
};
pub use digest::{Digest, DigestAlgorithm, DigestError};
pub use finding::{Confidence, Finding, Gap, Notice, Occurrence, Remedy, Subject};
pub use indexes::{
    ConfiguredIndex, IndexPlace, IndexRole, IndexScope, IndexSettings, IndexStrategy, IndexTool,
};
pub use inventory::{
    ComponentId, Edge, Input, InputFormat, InputId, Inventory, RequirementOptions, SkippedInput,
};
pub use location::Location;
pub use marker::{Marker, MarkerError, Target};
pub use name::{NameError, PackageName};
pub use owned::{OwnedError, OwnedNames};
pub use places::Places;
pub use purl::Purl;
pub use redacted::RedactedUrl;
pub use requirement::{Requirement, RequirementError, RequirementSource};
pub use rule::{ALL_RULES, RuleId, RuleKind, RuleMeta};
pub use severity::{CvssVersion, Score, Severity, SeverityEstimate, SeverityOrigin};
pub use verdict::{AppliedWaiver, DatabaseInfo, Decision, FeedInfo, Judged, JudgedGap, Verdict};
pub use version::{Specifiers, Version, VersionError, VersionKey};
