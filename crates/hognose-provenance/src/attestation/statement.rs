//! What an attestation says: an in-toto statement about exactly one file.

use std::collections::BTreeMap;

use hognose_types::text::short;
use serde::Deserialize;
use serde_json::Value;

use super::{Artifact, FileName, Predicate, Predicates};

/// The only type of statement that counts.
const TYPE: &str = "https://in-toto.io/Statement/v1";
/// Most characters of it in an error.
const SHOWN: usize = 120;

/// Why a statement does not say anything about a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StatementFault {
    /// Not JSON, or not this shape.
    #[error("the statement cannot be read: {reason}")]
    Malformed {
        /// What is wrong.
        reason: String,
    },
    /// Another type of statement.
    #[error("the statement is of type {found:?}")]
    Type {
        /// What stands there.
        found: String,
    },
    /// Not exactly one file: one attestation for several files lets one stand in for another.
    #[error("the statement is about {count} files, not about one")]
    Subjects {
        /// How many.
        count: usize,
    },
    /// A subject that is no wheel or sdist.
    #[error("the statement is about {found:?}, which is no name of a wheel or sdist")]
    NoFile {
        /// What stands there.
        found: String,
    },
    /// The file at hand has no name of a wheel or sdist.
    #[error("{file:?} is no name of a wheel or sdist, so nothing can attest it")]
    OtherFile {
        /// Its name.
        file: String,
    },
    /// A name that says something else than that of the file.
    #[error("the statement is about {found}, not about {file}")]
    Name {
        /// What is attested.
        found: String,
        /// What is at hand.
        file: String,
    },
    /// No sha256.
    #[error("the statement names no sha256")]
    NoDigest,
    /// Other bytes.
    #[error("the statement is about a file with sha256 {attested}, and this one has {found}")]
    Digest {
        /// What is attested.
        attested: String,
        /// What is at hand.
        found: String,
    },
    /// Something that does not count.
    #[error("{found:?} is nothing that may be attested of a file")]
    Predicate {
        /// What stands there.
        found: String,
    },
    /// A publish attestation has no content; one with content is of a kind that nobody specified.
    #[error("the publish attestation has content, and none is specified")]
    Content,
}

#[derive(Deserialize)]
struct Raw {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<RawSubject>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    #[serde(default)]
    predicate: Value,
}

#[derive(Deserialize)]
struct RawSubject {
    #[serde(default)]
    name: String,
    digest: BTreeMap<String, Value>,
}

/// Checks that a statement is about this file, and answers what it says.
pub(super) fn check(
    statement: &[u8],
    artifact: &Artifact<'_>,
    predicates: &Predicates,
) -> Result<Predicate, StatementFault> {
    let raw: Raw = serde_json::from_slice(statement).map_err(|e| StatementFault::Malformed {
        reason: short(&e.to_string(), SHOWN),
    })?;
    if raw.kind != TYPE {
        let found = short(&raw.kind, SHOWN);
        return Err(StatementFault::Type { found });
    }
    let [subject] = raw.subject.as_slice() else {
        return Err(StatementFault::Subjects {
            count: raw.subject.len(),
        });
    };
    about(subject, artifact)?;
    let predicate = predicates.find(&raw.predicate_type);
    let predicate = predicate.ok_or_else(|| StatementFault::Predicate {
        found: short(&raw.predicate_type, SHOWN),
    })?;
    let is_empty = match &raw.predicate {
        Value::Null => true,
        Value::Object(content) => content.is_empty(),
        _ => false,
    };
    if predicate == Predicate::Publish && !is_empty {
        return Err(StatementFault::Content);
    }
    Ok(predicate)
}

fn about(subject: &RawSubject, artifact: &Artifact<'_>) -> Result<(), StatementFault> {
    let own = FileName::parse(artifact.filename).ok_or_else(|| StatementFault::OtherFile {
        file: short(artifact.filename, SHOWN),
    })?;
    let attested = FileName::parse(&subject.name).ok_or_else(|| StatementFault::NoFile {
        found: short(&subject.name, SHOWN),
    })?;
    if own != attested {
        return Err(StatementFault::Name {
            found: short(&subject.name, SHOWN),
            file: short(artifact.filename, SHOWN),
        });
    }
    let sha256 = subject.digest.get("sha256").and_then(Value::as_str);
    let sha256 = sha256.ok_or(StatementFault::NoDigest)?;
    if sha256 != artifact.sha256 {
        return Err(StatementFault::Digest {
            attested: short(sha256, 64),
            found: short(artifact.sha256, 64),
        });
    }
    Ok(())
}
