//! What an artifact's code does, without ever running it.
//!
//! *Facts* come first: typed observations with a place, the decode layers above it and the *trigger* that makes
//! the code run. *Rules* are conjunctions of facts. An explicit model turns what fired into a score and a band.
//! This crate knows nothing of policies.

pub mod across;
pub mod artifact;
pub mod content;
pub mod diff;
pub mod fact;
pub mod fuzzing;
pub mod matcher;
pub mod model;
mod python;
pub mod rules;
pub mod score;
mod search;
#[cfg(feature = "yara")]
pub mod yara;

pub use artifact::{Collector, Inspection, inspect_archive, inspect_archive_with};
pub use diff::{Change, diff};
pub use fact::{Fact, FactKind, Group, Place, Trigger};
pub use matcher::Matcher;
pub use model::{Band, Model};
pub use rules::Rule;
pub use score::{Assessment, assess};
