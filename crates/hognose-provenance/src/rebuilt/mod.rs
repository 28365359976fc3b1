//! Attestations of OSS Rebuild: somebody else built an artifact from its repository, and says that the same came out.
//!
//! There are two statements of one build, each in a signed envelope, one a line. The one is about what was built and says from which
//! commit and how (`Rebuild`); the other is about the artifact of the index and says that both are the same after
//! whatever does not matter was taken out of both (`ArtifactEquivalence`). Only together they say where the artifact's
//! code comes from: so there must be both, signed by one key, about one build.

mod statement;

use hognose_types::text::short;
use hognose_types::{PackageName, Version};
use serde_json::Value;
use sigstore_verify::crypto::VerificationKey;
use sigstore_verify::types::{DerPublicKey, DsseEnvelope};

use crate::attestation::{Artifact, FileName};
use statement::{Statement, What};

/// Largest file of envelopes; real ones have some ten kilobytes.
pub const MAX_ENVELOPES: u64 = 4 << 20;
/// Most envelopes of a file; real ones have two.
const MAX_COUNT: usize = 16;
/// Types of payloads that count: the second is what early envelopes say.
const PAYLOADS: [&str; 2] = [
    "application/vnd.in-toto+json",
    "https://in-toto.io/Statement/v1",
];
/// Most characters of what is shown.
const SHOWN: usize = 200;

/// A public key of somebody who builds artifacts again.
pub struct RebuildKey(VerificationKey);

impl std::fmt::Debug for RebuildKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RebuildKey")
    }
}

/// A build that gave the artifact again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rebuilt {
    /// Who built, as an address.
    pub builder: String,
    /// How the two artifacts compare.
    pub equality: Equality,
    /// The repository that was built; none where the statement names none.
    pub repository: Option<String>,
    /// The commit of it.
    pub commit: Option<String>,
    /// How it was built: the kind of strategy.
    pub strategy: Option<String>,
    /// Where a definition written by hand comes from, where there is one.
    pub definition: Option<String>,
    /// When the build ended, as RFC 3339 writes it.
    pub finished: Option<String>,
    /// sha256 of what was built.
    pub rebuilt: String,
}

/// How what was built and what the index has compare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Equality {
    /// Byte for byte.
    Identical,
    /// After what does not matter was taken out of both.
    Stabilized {
        /// sha256 of both, then.
        sha256: String,
    },
}

/// Why a file of envelopes says nothing about an artifact.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RebuildFault {
    /// A key that cannot be used.
    #[error("the public key cannot be read: {0}")]
    Key(String),
    /// More bytes or envelopes than are looked at.
    #[error("the rebuild attestation has more than {limit} {what}")]
    TooLarge {
        /// Of what.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
    /// Not envelopes, one after the other.
    #[error("envelope {position} of the rebuild attestation cannot be read: {reason}")]
    Malformed {
        /// Which one, counted from 1.
        position: usize,
        /// What is wrong.
        reason: String,
    },
    /// A signature that is not one of the key.
    #[error("envelope {position} of the rebuild attestation is not signed by this key")]
    Signature {
        /// Which one, counted from 1.
        position: usize,
    },
    /// A statement, a predicate or a build of a kind that is not known.
    #[error("the rebuild attestation has {what} of type {found:?}, which is not known")]
    Unknown {
        /// What is of this type.
        what: &'static str,
        /// What stands there.
        found: String,
    },
    /// A statement without a part that it must have.
    #[error("the rebuild attestation has no {what}")]
    Missing {
        /// What.
        what: &'static str,
    },
    /// Two of what there is one of: nobody could tell which counts.
    #[error("the rebuild attestation has two {what}")]
    Twice {
        /// What.
        what: &'static str,
    },
    /// About something else.
    #[error("the rebuild attestation is about {what} {found}, not about {wanted}")]
    Foreign {
        /// What is another.
        what: &'static str,
        /// What stands there.
        found: String,
        /// What is at hand.
        wanted: String,
    },
}

impl RebuildKey {
    /// A public key in PEM: ECDSA of P-256 or P-384, Ed25519 or RSA.
    ///
    /// # Errors
    ///
    /// Anything else.
    pub fn from_pem(pem: &str) -> Result<Self, RebuildFault> {
        let wrong = |e: &dyn std::fmt::Display| RebuildFault::Key(short(&e.to_string(), SHOWN));
        let key = DerPublicKey::from_pem(pem).map_err(|e| wrong(&e))?;
        VerificationKey::from_spki(&key)
            .map(Self)
            .map_err(|e| wrong(&e))
    }
}

/// The name of the file that envelopes say they are about, before anything of them is verified: to find the file. None where
/// they are not read, or say nothing.
pub fn claimed(bytes: &[u8]) -> Option<String> {
    let envelopes = envelopes(bytes).ok()?;
    envelopes.iter().enumerate().find_map(|(at, envelope)| {
        let statement = Statement::parse(envelope.payload.as_bytes(), at + 1).ok()?;
        matches!(statement.what, What::Equivalence(_)).then_some(statement.subject)
    })
}

/// Verifies that envelopes are signed by a key, and about this file of this release.
///
/// # Errors
///
/// Whatever does not hold.
pub fn verify(
    bytes: &[u8],
    artifact: &Artifact<'_>,
    release: (&PackageName, &Version),
    key: &RebuildKey,
) -> Result<Rebuilt, RebuildFault> {
    let (mut build, mut equivalence) = (None, None);
    for (at, envelope) in envelopes(bytes)?.iter().enumerate() {
        let statement = signed(envelope, at + 1, key)?;
        let (place, what) = match &statement.what {
            What::Build(_) => (&mut build, "statements of a build"),
            What::Equivalence(_) => (&mut equivalence, "statements of an equivalence"),
        };
        if place.replace(statement).is_some() {
            return Err(RebuildFault::Twice { what });
        }
    }
    let missing = |what| RebuildFault::Missing { what };
    let equivalence = equivalence.ok_or(missing("statement of an equivalence"))?;
    let build = build.ok_or(missing("statement of a build"))?;
    joined(build, equivalence, artifact, release)
}

/// What an envelope says, once its signature holds.
fn signed(
    envelope: &DsseEnvelope,
    position: usize,
    key: &RebuildKey,
) -> Result<Statement, RebuildFault> {
    key.0
        .verify(envelope.pae(), &envelope.signature.sig)
        .map_err(|_| RebuildFault::Signature { position })?;
    if !PAYLOADS.contains(&envelope.payload_type.as_str()) {
        return Err(RebuildFault::Unknown {
            what: "a payload",
            found: short(&envelope.payload_type, SHOWN),
        });
    }
    Statement::parse(envelope.payload.as_bytes(), position)
}

/// Both statements as one, about this file.
fn joined(
    build: Statement,
    equivalence: Statement,
    artifact: &Artifact<'_>,
    (name, version): (&PackageName, &Version),
) -> Result<Rebuilt, RebuildFault> {
    let (What::Build(built), What::Equivalence(compared)) = (build.what, equivalence.what) else {
        return Err(RebuildFault::Missing { what: "statement" });
    };
    let is_file = |text: &str| {
        let (found, own) = (FileName::parse(text), FileName::parse(artifact.filename));
        found.is_some() && found == own
    };
    let is_name = |text: &str| PackageName::new(text).ok().as_ref() == Some(name);
    let is_version = |text: &str| Version::new(text).ok().as_ref() == Some(version);
    // Of what was built, the rest of the name says what it stands for.
    let stands_for = build.subject.strip_prefix("rebuild/");
    let wanted = artifact.filename;
    same("file", &equivalence.subject, wanted, is_file)?;
    same("sha256", &equivalence.sha256, artifact.sha256, |found| {
        found == artifact.sha256
    })?;
    same("upstream sha256", &compared.upstream, wanted, |found| {
        found == artifact.sha256
    })?;
    same("a build of", &build.subject, wanted, |_| {
        stands_for.is_some_and(is_file)
    })?;
    same(
        "a build with sha256",
        &build.sha256,
        &compared.rebuilt,
        |found| found == compared.rebuilt,
    )?;
    same("ecosystem", &built.ecosystem, "pypi", |found| {
        found == "pypi"
    })?;
    same("package", &built.package, name.as_str(), is_name)?;
    same("version", &built.version, version.as_str(), is_version)?;
    same("artifact", &built.artifact, wanted, is_file)?;
    let equality = if compared.rebuilt == artifact.sha256 {
        Equality::Identical
    } else {
        Equality::Stabilized {
            sha256: compared.stabilized,
        }
    };
    Ok(Rebuilt {
        builder: compared.builder,
        equality,
        repository: built.repository,
        commit: built.commit,
        strategy: built.strategy,
        definition: built.definition,
        finished: built.finished,
        rebuilt: compared.rebuilt,
    })
}

fn same(
    what: &'static str,
    found: &str,
    wanted: &str,
    is_it: impl FnOnce(&str) -> bool,
) -> Result<(), RebuildFault> {
    if is_it(found) {
        return Ok(());
    }
    Err(RebuildFault::Foreign {
        what,
        found: short(found, SHOWN),
        wanted: short(wanted, SHOWN),
    })
}

/// Envelopes, one after the other, with nothing but white space between them.
fn envelopes(bytes: &[u8]) -> Result<Vec<DsseEnvelope>, RebuildFault> {
    if bytes.len() as u64 > MAX_ENVELOPES {
        return Err(RebuildFault::TooLarge {
            what: "bytes",
            limit: MAX_ENVELOPES,
        });
    }
    let mut out = Vec::new();
    for raw in serde_json::Deserializer::from_slice(bytes).into_iter::<Value>() {
        if out.len() == MAX_COUNT {
            return Err(RebuildFault::TooLarge {
                what: "envelopes",
                limit: MAX_COUNT as u64,
            });
        }
        let envelope = raw.and_then(serde_json::from_value);
        out.push(envelope.map_err(|error| RebuildFault::Malformed {
            position: out.len() + 1,
            reason: short(&error.to_string(), SHOWN),
        })?);
    }
    if out.is_empty() {
        return Err(RebuildFault::Missing { what: "envelope" });
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a test elsewhere changes, as it is.
    const SIGNED: &[u8] =
        include_bytes!("../../../../fuzz/corpus/rebuild_attestation/signed.jsonl");

    #[test]
    fn every_fault_in_words() {
        let faults = [
            RebuildFault::Key("it is none".to_owned()),
            RebuildFault::TooLarge {
                what: "envelopes",
                limit: 16,
            },
            RebuildFault::Malformed {
                position: 2,
                reason: "expected value".to_owned(),
            },
            RebuildFault::Signature { position: 1 },
            RebuildFault::Unknown {
                what: "a build",
                found: "x".to_owned(),
            },
            RebuildFault::Missing { what: "envelope" },
            RebuildFault::Twice { what: "subjects" },
            RebuildFault::Foreign {
                what: "version",
                found: "2.0".to_owned(),
                wanted: "1.0".to_owned(),
            },
        ];
        let words: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(
            words.join("\n"),
            "the public key cannot be read: it is none
the rebuild attestation has more than 16 envelopes
envelope 2 of the rebuild attestation cannot be read: expected value
envelope 1 of the rebuild attestation is not signed by this key
the rebuild attestation has a build of type \"x\", which is not known
the rebuild attestation has no envelope
the rebuild attestation has two subjects
the rebuild attestation is about version 2.0, not about 1.0"
        );
    }

    #[test]
    fn a_limit_counts_envelopes_before_they_are_verified() {
        let many = SIGNED.repeat(9);
        let refused = envelopes(&many).unwrap_err();
        assert!(matches!(refused, RebuildFault::TooLarge { limit: 16, .. }));
        let large = vec![b' '; usize::try_from(MAX_ENVELOPES).unwrap() + 1];
        let refused = envelopes(&large).unwrap_err();
        assert!(matches!(refused, RebuildFault::TooLarge { .. }));
        assert_eq!(
            claimed(SIGNED).as_deref(),
            Some("tool-1.0-py3-none-any.whl")
        );
    }
}
