//! What verifying gives: evidence a policy can match on.

use serde::Serialize;

use super::{Disagreement, DocumentError, Identity, Predicate, StatementFault};

/// What became of the attestations of one file.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// There is at least one attestation, and every one holds.
    Verified(Vec<Attested>),
    /// At least one attestation is wrong, or there is none where one was announced. The file is not what it claims.
    Refused(Evidence),
    /// None is wrong, but at least one cannot be judged by what is known here: nothing is proven either way.
    Unknown(Evidence),
}

/// Attestations of a file of which not all hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evidence {
    /// Those that hold all the same.
    pub attested: Vec<Attested>,
    /// Those that do not, and why; never empty.
    pub refused: Vec<Refused>,
}

/// An attestation that holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attested {
    /// What it attests.
    pub predicate: Predicate,
    /// Who, as the certificate says.
    pub identity: Identity,
    /// The kind of publisher that the index names, where it names one.
    pub publisher: Option<String>,
    /// When it was signed, in seconds since 1970.
    pub signed: Option<i64>,
}

/// An attestation that does not hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    /// Which one, counted from 1; 0 for the document.
    pub position: usize,
    /// Why.
    pub refusal: Refusal,
}

/// Why an attestation does not hold.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The document is none.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// A document without a single attestation proves nothing, whatever it is served as.
    #[error("the provenance holds no attestation")]
    Empty,
    /// A part is not in its encoding.
    #[error("the {part} cannot be read: {reason}")]
    Material {
        /// Which part.
        part: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// The signature is not one over the statement by the certificate's key.
    #[error("the signature does not fit: {reason}")]
    Signature {
        /// What is wrong.
        reason: String,
    },
    /// The certificate comes from nobody who is trusted, or was not valid.
    #[error("the certificate does not hold: {reason}")]
    Certificate {
        /// What is wrong.
        reason: String,
    },
    /// The transparency log does not prove that it was signed.
    #[error("the transparency log does not prove it: {reason}")]
    Log {
        /// What is wrong.
        reason: String,
    },
    /// Nothing proves when it was signed.
    #[error("nothing proves when it was signed: {reason}")]
    Time {
        /// What is wrong.
        reason: String,
    },
    /// What is attested is not this file, or not in the way that counts.
    #[error(transparent)]
    Statement(#[from] StatementFault),
    /// The index names another publisher than the certificate.
    #[error(transparent)]
    Publisher(#[from] Disagreement),
    /// A log that the trusted root does not have.
    #[error("the transparency log {log} is not in the trusted root: root too old?")]
    UnknownLog {
        /// Its key's digest, in base64.
        log: String,
    },
    /// An entry of a kind that cannot be verified here.
    #[error(
        "a log entry of kind {kind:?} version {version:?} cannot be verified by this program: is it too old?"
    )]
    UnknownEntry {
        /// Its kind.
        kind: String,
        /// Its version.
        version: String,
    },
    /// A publisher of a kind for which no rule is known.
    #[error("a publisher of kind {kind:?} cannot be verified by this program: is it too old?")]
    UnknownPublisher {
        /// What the index calls it.
        kind: String,
    },
}

impl Refusal {
    /// True where what is known here does not suffice to judge: a newer program or root may.
    pub fn is_unknown(&self) -> bool {
        matches!(
            self,
            Self::UnknownLog { .. }
                | Self::UnknownEntry { .. }
                | Self::UnknownPublisher { .. }
                | Self::Document(DocumentError::Version { .. })
        )
    }
}

impl Outcome {
    pub(crate) fn of(attested: Vec<Attested>, mut refused: Vec<Refused>) -> Self {
        if refused.is_empty() && attested.is_empty() {
            // A verifier that is content with nothing accepts every file.
            refused.push(Refused {
                position: 0,
                refusal: Refusal::Empty,
            });
        }
        if refused.is_empty() {
            return Self::Verified(attested);
        }
        let unknown = refused.iter().all(|r| r.refusal.is_unknown());
        let evidence = Evidence { attested, refused };
        if unknown {
            Self::Unknown(evidence)
        } else {
            Self::Refused(evidence)
        }
    }

    /// What becomes of a file whose document cannot be read.
    pub fn unreadable(error: DocumentError) -> Self {
        let refused = Refused {
            position: 0,
            refusal: error.into(),
        };
        Self::of(Vec::new(), vec![refused])
    }

    /// The attestations that hold.
    pub fn attested(&self) -> &[Attested] {
        match self {
            Self::Verified(attested) => attested,
            Self::Refused(evidence) | Self::Unknown(evidence) => &evidence.attested,
        }
    }

    /// Those that do not.
    pub fn refused(&self) -> &[Refused] {
        match self {
            Self::Verified(_) => &[],
            Self::Refused(evidence) | Self::Unknown(evidence) => &evidence.refused,
        }
    }

    /// True when every attestation holds and there is one.
    pub fn is_verified(&self) -> bool {
        matches!(self, Self::Verified(_))
    }
}
