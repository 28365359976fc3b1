//! Bounded, strict reading of archives.
//!
//! Every archive is hostile. Nothing is ever written to disk, every length is checked against [`Limits`] before
//! memory is taken, and an archive that two readers could understand differently is an error, never a silent
//! choice: see [`ArchiveError`] for the catalogue. An analyser, which must see what any reader could see, uses
//! [`examine`](examine::examine) instead: it goes on, and reports each [`ConfusionKind`](examine::ConfusionKind).
//!
//! This crate knows nothing of networks, and of Python only the file formats of its distributions: [`wheel`],
//! [`sdist`], [`record`], [`metadata`].

pub mod codec;
mod error;
pub mod examine;
pub mod fuzzing;
mod limits;
pub mod metadata;
mod names;
pub mod record;
pub mod sdist;
pub mod tarball;
pub mod wheel;
pub mod zip;

pub use error::ArchiveError;
pub use limits::{LimitedReader, Limits};
pub use names::{NameFault, check_name};
