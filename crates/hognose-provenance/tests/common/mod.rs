//! Real attestations and the conformance set, which nobody can write by hand: read from beside the project.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test stops at the first surprise"
)]
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part")]

use std::path::{Path, PathBuf};

use hognose_provenance::attestation::{Artifact, Outcome, Predicates, Trust, verify_bytes};
use serde_json::Value;

/// A directory of shared data; nothing where it is missing and nobody relies on it. Under CI it must be there.
pub fn data(name: &str, cases: usize) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/provenance");
    let directory = root.join(name);
    if directory.is_dir() {
        return Some(directory);
    }
    let missing = format!(
        "{} is missing: {cases} cases are not tested",
        directory.display()
    );
    assert!(std::env::var_os("CI").is_none(), "{missing}");
    eprintln!("skipped: {missing}");
    None
}

pub fn json(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap()
}

/// A provenance document around a single attestation.
pub fn wrapped(attestation: &Value, publisher: &Value) -> Value {
    serde_json::json!({
        "version": 1,
        "attestation_bundles": [{"publisher": publisher, "attestations": [attestation]}],
    })
}

/// Bytes of base64.
pub fn decoded(text: &Value) -> Vec<u8> {
    let text = text.as_str().unwrap();
    let mut out = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for byte in text.bytes().filter(|b| *b != b'=') {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            other => panic!("{other}"),
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push(u8::try_from(bits >> count & 0xff).unwrap());
        }
    }
    out
}

/// Base64 of bytes.
pub fn encoded(bytes: &[u8]) -> Value {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let mut block = [0; 3];
        block[..chunk.len()].copy_from_slice(chunk);
        let bits = u32::from(block[0]) << 16 | u32::from(block[1]) << 8 | u32::from(block[2]);
        for at in 0..4 {
            if at <= chunk.len() {
                out.push(char::from(DIGITS[(bits >> (18 - 6 * at) & 63) as usize]));
            } else {
                out.push('=');
            }
        }
    }
    Value::String(out)
}

/// The digest that the first attestation of a document attests.
pub fn attested_digest(document: &Value) -> String {
    let statement = &document["attestation_bundles"][0]["attestations"][0]["envelope"]["statement"];
    let statement: Value = serde_json::from_slice(&decoded(statement)).unwrap();
    statement["subject"][0]["digest"]["sha256"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// Verifies a document about a file, with Sigstore's public root.
pub fn verify(document: &Value, filename: &str, sha256: &str) -> Outcome {
    let trust = Trust::embedded().unwrap();
    verify_bytes(
        document.to_string().as_bytes(),
        &Artifact { filename, sha256 },
        &trust,
        &Predicates::of_any_host(),
    )
}
