//! Entry points for fuzzers and property tests: bytes in, no panic, nothing unbounded.

use crate::attestation::Document;
use crate::memory::{self, Memory};

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

/// A file that is remembered, or a lock that names publishers.
///
/// # Panics
///
/// When what was read is written as something else.
pub fn memory(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let _ = memory::stated_identities(&text);
    if let Ok(memory) = Memory::parse(&text) {
        assert_eq!(Memory::parse(&memory.render()), Ok(memory));
    }
}
