//! Python versions under the *version specifiers* specification (PEP 440).
//!
//! A parsed [`Version`] carries a [`VersionKey`]: bytes whose plain lexicographic order is the
//! PEP 440 order. The advisory database stores the same keys, so matching a component against a
//! range is two byte-string comparisons and never parses the advisory's side again.

mod key;
mod parse;
mod specifier;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use key::VersionKey;
pub use specifier::{Operator, Specifier, SpecifierError, Specifiers};

/// A version that follows PEP 440. Compares by PEP 440 order: `1.0 == 1.0.0`.
#[derive(Clone)]
pub struct Version {
    text: Box<str>,
    key: VersionKey,
    parts: Parts,
}

/// The numeric pieces of a version, for specifiers that look inside.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
struct Parts {
    epoch: u64,
    release: Vec<u64>,
    pre: bool,
    post: bool,
    dev: bool,
    /// Length of the text without the local part, when there is one.
    public_len: Option<usize>,
}

/// Why a string is not a PEP 440 version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VersionError {
    /// The string does not follow the grammar.
    #[error("{0:?} is not a version under PEP 440")]
    Invalid(String),
    /// The string is longer than any real version.
    #[error("a version may have at most {max} bytes, this one has {0}", max = parse::MAX_VERSION)]
    TooLong(usize),
}

impl Version {
    /// Parses a version in any spelling PEP 440 accepts.
    pub fn new(raw: &str) -> Result<Self, VersionError> {
        let raw = raw.trim();
        if raw.len() > parse::MAX_VERSION {
            return Err(VersionError::TooLong(raw.len()));
        }
        parse::version(raw).ok_or_else(|| VersionError::Invalid(raw.to_owned()))
    }

    /// The text as it was written, without surrounding white space.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The order-preserving key.
    pub fn key(&self) -> &VersionKey {
        &self.key
    }

    /// True for alpha, beta, release-candidate and development versions.
    pub fn is_prerelease(&self) -> bool {
        self.parts.pre || self.parts.dev
    }

    /// True for post-releases.
    pub fn is_postrelease(&self) -> bool {
        self.parts.post
    }

    /// The same version without its local part (`1.13.0+cu117` → `1.13.0`), if it has one.
    pub fn without_local(&self) -> Option<Self> {
        let len = self.parts.public_len?;
        parse::version(self.text.get(..len)?)
    }

    /// The epoch; 0 when not written.
    pub fn epoch(&self) -> u64 {
        self.parts.epoch
    }

    /// The release numbers as written (`3.1.0` → `[3, 1, 0]`), saturating at `u64::MAX`.
    pub fn release(&self) -> &[u64] {
        &self.parts.release
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}
impl Eq for Version {}
impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Version {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key.cmp(&other.key)
    }
}
impl std::hash::Hash for Version {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}
impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}
impl FromStr for Version {
    type Err = VersionError;
    fn from_str(raw: &str) -> Result<Self, Self::Err> {
        Self::new(raw)
    }
}
impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}
impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
