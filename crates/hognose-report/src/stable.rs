//! Identifiers that are hashes of what they identify: the same content always gets the same one.

use std::fmt::Write as _;

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::RenderError;

/// Lower-case hexadecimal SHA-256 of several fields; lengths are hashed too, so that fields cannot run together.
pub(crate) fn fingerprint(fields: &[&str]) -> String {
    let mut out = String::with_capacity(64);
    for byte in digest(fields) {
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// A UUID of version 8 (RFC 9562: content chosen by the application) made of a hash.
pub(crate) fn uuid(fields: &[&str]) -> String {
    let mut bytes = [0_u8; 16];
    for (to, from) in bytes.iter_mut().zip(digest(fields)) {
        *to = from;
    }
    bytes[6] = (bytes[6] & 0x0f) | 0x80;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let mut out = String::with_capacity(36);
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            out.push('-');
        }
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// A UUID of anything that can be written as JSON.
pub(crate) fn uuid_of<T: Serialize>(kind: &str, content: &T) -> Result<String, RenderError> {
    let json = serde_json::to_string(content).map_err(RenderError::Json)?;
    Ok(uuid(&[kind, &json]))
}

fn digest(fields: &[&str]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for field in fields {
        hasher.update((field.len() as u64).to_le_bytes());
        hasher.update(field.as_bytes());
    }
    hasher.finalize().into()
}
