//! Bounded, strict reading of archives.
//!
//! Every archive is hostile. Nothing is ever written to disk, every length is checked against [`Limits`] before
//! memory is taken, and an archive that two readers could understand differently is an error, never a silent
//! choice: see [`ArchiveError`] for the catalogue.
//!
//! This crate knows nothing of Python and nothing of networks.

mod error;
pub mod fuzzing;
mod limits;
mod names;
pub mod tarball;
pub mod zip;

pub use error::ArchiveError;
pub use limits::{LimitedReader, Limits};
pub use names::{NameFault, check_name};
