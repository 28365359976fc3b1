//! Attestations that an index keeps beside a file (PEP 740), verified without a network.
//!
//! A provenance document holds bundles; each names a *publisher* and holds attestations. What an attestation says is
//! signed; who the bundle says published it is not. So every claim shown or kept comes from the certificate that signed,
//! and the publisher of the bundle only has to agree with it.

mod document;
mod filename;
mod publisher;

pub use document::{
    Attestation, Bundle, Document, DocumentError, MAX_ATTESTATIONS, MAX_DOCUMENT, MAX_ENTRIES,
};
pub use filename::FileName;
pub use publisher::Publisher;
