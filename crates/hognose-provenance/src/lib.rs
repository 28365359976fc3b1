//! Whether a file is exactly what the project's own people built, and still is.
//!
//! Everything here is evidence: bytes and documents in, typed outcomes out. Nothing is fetched, nothing is run, no clock
//! is read; whoever calls decides what an outcome means.

pub mod attestation;
pub mod commit;
pub mod environment;
pub mod fuzzing;
pub mod hashes;
pub mod judge;
mod lines;
pub mod memory;
pub mod rebuilt;
pub mod reproduce;
pub mod summary;
