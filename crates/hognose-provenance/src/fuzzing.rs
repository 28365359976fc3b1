//! Entry points for fuzzers and property tests: bytes in, no panic, nothing unbounded.

use crate::attestation::Document;

/// A provenance document or an attestation of its own.
///
/// # Panics
///
/// When something is taken that has more parts than are allowed.
pub fn provenance(bytes: &[u8]) {
    if let Ok(document) = Document::parse(bytes) {
        let count = document.attestations().count();
        assert!(count <= crate::attestation::MAX_ATTESTATIONS, "{count}");
    }
}
