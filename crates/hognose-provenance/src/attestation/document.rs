//! The documents of PEP 740, read within limits. Keys that the specification does not know are passed over, as it asks.

use std::io::Read;

use serde::Deserialize;
use serde_json::Value;

use super::Publisher;

/// Largest document; real ones have some kilobytes an attestation.
pub const MAX_DOCUMENT: u64 = 4 << 20;
/// Most attestations of one document; indexes take one of each kind from one publisher.
pub const MAX_ATTESTATIONS: usize = 64;
/// Most log entries of one attestation; real ones have one.
pub const MAX_ENTRIES: usize = 8;
/// Most timestamps of one attestation.
const MAX_TIMESTAMPS: usize = 8;
/// The only version there is, of both objects.
const VERSION: u64 = 1;

/// A provenance document of an index, or one attestation that lies beside a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    /// What it holds.
    pub bundles: Vec<Bundle>,
}

/// Attestations that one publisher is said to have made.
#[derive(Clone, Debug, PartialEq)]
pub struct Bundle {
    /// Who is said to have; nobody where an attestation lies alone. Not signed.
    pub publisher: Option<Publisher>,
    /// What they attest.
    pub attestations: Vec<Attestation>,
}

/// One attestation: the parts of a signed envelope, and what proves when and by whom it was signed.
#[derive(Clone, Debug, PartialEq)]
pub struct Attestation {
    /// The certificate that signed, in base64.
    pub certificate: String,
    /// Entries of the transparency log, as written.
    pub entries: Vec<Value>,
    /// RFC 3161 timestamps in base64; proposed for the format, and empty so far.
    pub timestamps: Vec<String>,
    /// What is attested, in base64: an in-toto statement.
    pub statement: String,
    /// The signature over it, in base64.
    pub signature: String,
}

/// Why bytes are no document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// More bytes than are read.
    #[error("the provenance is over the limit of {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// More parts than are looked at.
    #[error("the provenance has more than {limit} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// Not JSON, or not this shape.
    #[error("the provenance cannot be read: {reason}")]
    Malformed {
        /// What is wrong.
        reason: String,
    },
    /// A version that nobody specified when this was written.
    #[error("the {what} has version {found}, and only version 1 is known")]
    Version {
        /// Which object.
        what: &'static str,
        /// What stands there.
        found: String,
    },
    /// The bytes could not be had.
    #[error("the provenance cannot be read: {reason}")]
    Unreadable {
        /// The system's reason.
        reason: String,
    },
}

#[derive(Deserialize)]
struct RawDocument {
    version: Value,
    attestation_bundles: Vec<RawBundle>,
}

#[derive(Deserialize)]
struct RawBundle {
    publisher: Publisher,
    attestations: Vec<RawAttestation>,
}

#[derive(Deserialize)]
struct RawAttestation {
    version: Value,
    verification_material: RawMaterial,
    envelope: RawEnvelope,
}

#[derive(Deserialize)]
struct RawMaterial {
    certificate: String,
    #[serde(default)]
    transparency_entries: Option<Vec<Value>>,
    #[serde(default)]
    timestamps: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct RawEnvelope {
    statement: String,
    signature: String,
}

/// Which of the two documents it is.
#[derive(Deserialize)]
struct Shape {
    #[serde(default)]
    envelope: Option<serde::de::IgnoredAny>,
}

impl Document {
    /// Reads a provenance document of an index.
    ///
    /// # Errors
    ///
    /// Bytes that are none, or more than is taken.
    pub fn parse(bytes: &[u8]) -> Result<Self, DocumentError> {
        fits(bytes)?;
        let raw: RawDocument = serde_json::from_slice(bytes).map_err(|e| malformed(&e))?;
        version("provenance", &raw.version)?;
        let mut left = MAX_ATTESTATIONS;
        if raw.attestation_bundles.len() > MAX_ATTESTATIONS {
            return Err(too_many("bundles", MAX_ATTESTATIONS));
        }
        let bundles = raw.attestation_bundles.into_iter().map(|bundle| {
            left = left
                .checked_sub(bundle.attestations.len())
                .ok_or_else(|| too_many("attestations", MAX_ATTESTATIONS))?;
            let attestations = bundle.attestations.into_iter().map(Attestation::checked);
            Ok(Bundle {
                publisher: Some(bundle.publisher),
                attestations: attestations.collect::<Result<_, _>>()?,
            })
        });
        let bundles = bundles.collect::<Result<_, _>>()?;
        Ok(Self { bundles })
    }

    /// Reads what a user names: a provenance document, or a single attestation, which names no publisher.
    ///
    /// # Errors
    ///
    /// Bytes that are neither, or more than is taken.
    pub fn parse_any(bytes: &[u8]) -> Result<Self, DocumentError> {
        fits(bytes)?;
        let shape: Shape = serde_json::from_slice(bytes).map_err(|e| malformed(&e))?;
        if shape.envelope.is_none() {
            return Self::parse(bytes);
        }
        let raw: RawAttestation = serde_json::from_slice(bytes).map_err(|e| malformed(&e))?;
        Ok(Self {
            bundles: vec![Bundle {
                publisher: None,
                attestations: vec![Attestation::checked(raw)?],
            }],
        })
    }

    /// The same from a reader, of which no more is read than a document may have.
    ///
    /// # Errors
    ///
    /// As [`Self::parse_any`], and a reader that fails.
    pub fn read(reader: impl Read) -> Result<Self, DocumentError> {
        let mut bytes = Vec::new();
        let mut reader = reader.take(MAX_DOCUMENT + 1);
        reader
            .read_to_end(&mut bytes)
            .map_err(|error| DocumentError::Unreadable {
                reason: error.to_string(),
            })?;
        Self::parse_any(&bytes)
    }

    /// Every attestation, with the publisher its bundle names.
    pub fn attestations(&self) -> impl Iterator<Item = (Option<&Publisher>, &Attestation)> {
        self.bundles.iter().flat_map(|bundle| {
            let all = bundle.attestations.iter();
            all.map(|attestation| (bundle.publisher.as_ref(), attestation))
        })
    }
}

impl Attestation {
    fn checked(raw: RawAttestation) -> Result<Self, DocumentError> {
        version("attestation", &raw.version)?;
        let entries = raw
            .verification_material
            .transparency_entries
            .unwrap_or_default();
        let timestamps = raw.verification_material.timestamps.unwrap_or_default();
        for (what, count, limit) in [
            ("log entries", entries.len(), MAX_ENTRIES),
            ("timestamps", timestamps.len(), MAX_TIMESTAMPS),
        ] {
            if count > limit {
                return Err(too_many(what, limit));
            }
        }
        Ok(Self {
            certificate: raw.verification_material.certificate,
            entries,
            timestamps,
            statement: raw.envelope.statement,
            signature: raw.envelope.signature,
        })
    }
}

fn fits(bytes: &[u8]) -> Result<(), DocumentError> {
    if bytes.len() as u64 > MAX_DOCUMENT {
        return Err(DocumentError::TooLarge {
            limit: MAX_DOCUMENT,
        });
    }
    Ok(())
}

fn version(what: &'static str, found: &Value) -> Result<(), DocumentError> {
    if found.as_u64() == Some(VERSION) {
        return Ok(());
    }
    Err(DocumentError::Version {
        what,
        found: hognose_types::text::short(&found.to_string(), 40),
    })
}

fn too_many(what: &'static str, limit: usize) -> DocumentError {
    DocumentError::TooMany { what, limit }
}

fn malformed(error: &serde_json::Error) -> DocumentError {
    DocumentError::Malformed {
        reason: hognose_types::text::short(&error.to_string(), 200),
    }
}
