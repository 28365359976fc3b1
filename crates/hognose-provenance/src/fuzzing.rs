//! Entry points for fuzzers and property tests: bytes in, no panic, nothing unbounded.

use hognose_types::{PackageName, Version};

use crate::attestation::{Artifact, Document};
use crate::commit::Blobs;
use crate::commit::forge::{self, Target};
use crate::memory::{self, Memory};
use crate::rebuilt::RebuildKey;

/// The public half of the key that signed the seed; the other half is gone.
pub(crate) const KEY: &str =
    "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE6hUpF088jZjfcwcVOwFENErUts27
KADAyhd9i7Rurp0/RFUN/yj+d2nlz2Qc5aCcPh1An2wFH49h/EmxSug28Q==\n-----END PUBLIC KEY-----\n";

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

/// Envelopes of somebody who builds artifacts again.
///
/// # Panics
///
/// When something is taken that says another thing than what was signed.
pub fn rebuild_attestation(bytes: &[u8]) {
    let _ = crate::rebuilt::claimed(bytes);
    let key = RebuildKey::from_pem(KEY);
    let (name, version) = (PackageName::new("tool"), Version::new("1.0"));
    let (Ok(key), Ok(name), Ok(version)) = (key, name, version) else {
        return;
    };
    let artifact = Artifact {
        filename: "tool-1.0-py3-none-any.whl",
        sha256: &"34".repeat(32),
    };
    if let Ok(rebuilt) = crate::rebuilt::verify(bytes, &artifact, (&name, &version), &key) {
        assert_eq!(rebuilt.rebuilt, "12".repeat(32), "{rebuilt:?}");
        assert_eq!(rebuilt.commit, Some("ab".repeat(20)), "{rebuilt:?}");
    }
}

/// What a forge answers.
///
/// # Panics
///
/// When what is taken as a name of a commit is none.
pub fn forge(bytes: &[u8]) {
    const ID: &str = "00000000000000000000000000000000000000c1";
    let mut blobs = Blobs::default();
    for tree in [forge::tree(bytes), forge::page(bytes)]
        .into_iter()
        .flatten()
    {
        assert!(tree.directories().all(|(_, id)| forge::is_digest(id)));
        let _ = tree.add_to(&mut blobs, "below");
    }
    if let Ok(Target::Commit(id) | Target::Tag(id)) = forge::target(bytes) {
        assert!(forge::is_digest(&id), "{id}");
    }
    for id in [forge::tagged(bytes), forge::tree_of_commit(bytes, ID)]
        .into_iter()
        .flatten()
    {
        assert!(forge::is_digest(&id), "{id}");
    }
    if let Ok(repository) = forge::repository(bytes) {
        let branch = forge::encoded(&repository.branch.unwrap_or_default());
        assert!(!branch.contains(['/', '?', '#', ' ', '\n']), "{branch}");
    }
    let _ = (
        forge::commit(bytes, ID),
        forge::is_behind(bytes),
        forge::has_references(bytes),
    );
}
