//! Normalised distribution names.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Longest name accepted, in bytes. The index itself refuses names of more than 128 characters.
const MAX_NAME: usize = 256;

/// The name of a Python distribution in the normal form of the *names and normalization*
/// specification (PEP 503): lower case, runs of `-`, `_` and `.` replaced by one `-`.
///
/// It can only be built normalised, so two equal projects are always two equal values.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackageName(Arc<str>);

/// Why a string is not a distribution name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The string is empty.
    #[error("a package name may not be empty")]
    Empty,
    /// The string is longer than any index accepts.
    #[error("a package name may have at most {MAX_NAME} bytes, this one has {0}")]
    TooLong(usize),
    /// A character outside `A-Z a-z 0-9 . _ -`, or one of `. _ -` at an end.
    #[error(
        "{0:?} is not a package name: only letters, digits, '.', '_' and '-' are allowed, with a letter or digit at both ends"
    )]
    Invalid(String),
}

impl PackageName {
    /// Parses and normalises a name as written by a person or a tool.
    pub fn new(raw: &str) -> Result<Self, NameError> {
        let raw = raw.trim();
        if raw.is_empty() {
            return Err(NameError::Empty);
        }
        if raw.len() > MAX_NAME {
            return Err(NameError::TooLong(raw.len()));
        }
        let bytes = raw.as_bytes();
        let edge_ok = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
        let inner_ok = bytes
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
        if !inner_ok || !edge_ok(bytes.first()) || !edge_ok(bytes.last()) {
            return Err(NameError::Invalid(raw.to_owned()));
        }
        Ok(Self(normalise(raw).into()))
    }

    /// The normalised text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Applies the PEP 503 replacement without checking the characters.
fn normalise(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut in_run = false;
    for c in raw.chars() {
        if matches!(c, '-' | '_' | '.') {
            if !in_run {
                out.push('-');
            }
            in_run = true;
        } else {
            in_run = false;
            out.push(c.to_ascii_lowercase());
        }
    }
    out
}

impl fmt::Display for PackageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for PackageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl AsRef<str> for PackageName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Serialize for PackageName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for PackageName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = String::deserialize(deserializer)?;
        Self::new(&raw).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalises_like_the_specification() {
        for raw in [
            "friendly-bard",
            "Friendly-Bard",
            "FRIENDLY-BARD",
            "friendly.bard",
            "friendly_bard",
            "friendly--bard",
            "FrIeNdLy-._.-bArD",
        ] {
            assert_eq!(PackageName::new(raw).unwrap().as_str(), "friendly-bard");
        }
        assert_eq!(PackageName::new("jw.util").unwrap().as_str(), "jw-util");
    }

    #[test]
    fn refuses_what_no_index_accepts() {
        for raw in ["", "-x", "x-", "a b", "a/b", "a\u{1b}[31m", "..", "naïve"] {
            assert!(PackageName::new(raw).is_err(), "{raw:?}");
        }
        assert_eq!(
            PackageName::new(&"a".repeat(300)),
            Err(NameError::TooLong(300))
        );
    }
}
