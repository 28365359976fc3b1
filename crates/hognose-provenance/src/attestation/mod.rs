//! Attestations that an index keeps beside a file (PEP 740), verified without a network.
//!
//! A provenance document holds bundles; each names a *publisher* and holds attestations. What an attestation says is
//! signed; who the bundle says published it is not. So every claim shown or kept comes from the certificate that signed,
//! and the publisher of the bundle only has to agree with it.

mod bundle;
mod document;
mod filename;
mod identity;
mod once;
mod outcome;
mod predicate;
mod publisher;
mod statement;
mod trust;
mod verify;

pub use bundle::{Signer, verify_bundle};
pub use document::{
    Attestation, Bundle, Document, DocumentError, MAX_ATTESTATIONS, MAX_DOCUMENT, MAX_ENTRIES,
};
pub use filename::FileName;
pub use identity::Identity;
pub use outcome::{Attested, Evidence, Outcome, Refusal, Refused};
pub use predicate::{Predicate, Predicates};
pub use publisher::{Claim, Disagreement, Publisher};
pub use statement::StatementFault;
pub use trust::{Trust, TrustError};
pub use verify::{Artifact, verify, verify_bytes};
