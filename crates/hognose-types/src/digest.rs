//! File digests as locks and indexes write them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A hash algorithm that Python tools use to pin files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DigestAlgorithm {
    /// Broken; still met in old `#md5=` links.
    Md5,
    /// Broken; still met in old locks.
    Sha1,
    /// SHA-224.
    Sha224,
    /// The algorithm of every current index and lock.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
    /// BLAKE2b with 256 bits, shown by the index beside sha256.
    Blake2b256,
}

impl DigestAlgorithm {
    /// Lower-case name as in `--hash=sha256:…`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha224 => "sha224",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
            Self::Blake2b256 => "blake2b_256",
        }
    }

    /// Length of the digest in hexadecimal digits.
    fn hex_len(self) -> usize {
        match self {
            Self::Md5 => 32,
            Self::Sha1 => 40,
            Self::Sha224 => 56,
            Self::Sha256 | Self::Blake2b256 => 64,
            Self::Sha384 => 96,
            Self::Sha512 => 128,
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [
            Self::Md5,
            Self::Sha1,
            Self::Sha224,
            Self::Sha256,
            Self::Sha384,
            Self::Sha512,
            Self::Blake2b256,
        ]
        .into_iter()
        .find(|a| a.as_str().eq_ignore_ascii_case(name))
    }
}

/// An algorithm and a digest of the right length, in lower-case hexadecimal.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest {
    algorithm: DigestAlgorithm,
    hex: Box<str>,
}

/// Why a string is not a digest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    /// No `algorithm:` prefix.
    #[error("a hash is written 'sha256:<hex>'")]
    NoAlgorithm,
    /// A hash algorithm no Python tool writes.
    #[error("unknown hash algorithm {0:?}")]
    UnknownAlgorithm(String),
    /// Wrong length or characters that are not hexadecimal.
    #[error("a {algorithm} hash has {expected} hexadecimal digits")]
    BadHex {
        /// The algorithm named.
        algorithm: &'static str,
        /// Digits it should have.
        expected: usize,
    },
}

impl Digest {
    /// Builds a digest from its two parts.
    pub fn new(algorithm: DigestAlgorithm, hex: &str) -> Result<Self, DigestError> {
        // Every byte, without a way out between: nearly all digests are digests.
        let is_hex = |all, byte: u8| all & byte.is_ascii_hexdigit();
        if hex.len() != algorithm.hex_len() || !hex.bytes().fold(true, is_hex) {
            return Err(DigestError::BadHex {
                algorithm: algorithm.as_str(),
                expected: algorithm.hex_len(),
            });
        }
        Ok(Self {
            algorithm,
            hex: hex.to_ascii_lowercase().into(),
        })
    }

    /// The algorithm.
    pub fn algorithm(&self) -> DigestAlgorithm {
        self.algorithm
    }

    /// Lower-case hexadecimal digits.
    pub fn hex(&self) -> &str {
        &self.hex
    }

    /// The digits alone.
    pub fn into_hex(self) -> String {
        self.hex.into()
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    /// Accepts `sha256:…` and `sha256=…` (the form in URL fragments).
    fn from_str(raw: &str) -> Result<Self, Self::Err> {
        let (name, hex) = raw.split_once([':', '=']).ok_or(DigestError::NoAlgorithm)?;
        let algorithm = DigestAlgorithm::from_name(name.trim())
            .ok_or_else(|| DigestError::UnknownAlgorithm(name.trim().to_owned()))?;
        Self::new(algorithm, hex.trim())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm.as_str(), self.hex)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_both_spellings_and_checks_length() {
        let hex = "A".repeat(64);
        let digest: Digest = format!("sha256:{hex}").parse().unwrap();
        assert_eq!(digest, format!("SHA256={hex}").parse().unwrap());
        assert_eq!(digest.to_string(), format!("sha256:{}", hex.to_lowercase()));
        assert_eq!(
            "sha256:ab".parse::<Digest>().unwrap_err().to_string(),
            "a sha256 hash has 64 hexadecimal digits"
        );
        assert!("crc32:0".parse::<Digest>().is_err());
        assert!("abc".parse::<Digest>().is_err());
    }
}
