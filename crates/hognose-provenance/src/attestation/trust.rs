//! Whom verification trusts.

use std::collections::BTreeSet;
use std::fmt;

use sigstore_trust_root::{SigstoreInstance, TrustedRoot};
use sigstore_verify::Verifier;

/// The keys of certificate authorities, logs and timestamp authorities: Sigstore's public instance as it was when this
/// program was built, or what a file says.
pub struct Trust {
    pub(super) verifier: Verifier,
    /// Digests of the keys of known logs.
    logs: BTreeSet<Vec<u8>>,
}

/// Why a trusted root cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// Not the JSON of one.
    #[error("the trusted root cannot be read: {0}")]
    Malformed(String),
    /// Keys that cannot be used.
    #[error("the trusted root cannot be used: {0}")]
    Unusable(String),
}

impl Trust {
    /// Sigstore's public instance, whose root is part of the program.
    ///
    /// # Errors
    ///
    /// None in practice: the root is compiled in.
    pub fn embedded() -> Result<Self, TrustError> {
        let root = TrustedRoot::from_embedded(SigstoreInstance::PublicGood);
        Self::of(&root.map_err(|e| TrustError::Malformed(e.to_string()))?)
    }

    /// What a `trusted_root.json` says.
    ///
    /// # Errors
    ///
    /// A text that is none, or keys that cannot be used.
    pub fn from_json(text: &str) -> Result<Self, TrustError> {
        let root = TrustedRoot::from_json(text);
        Self::of(&root.map_err(|e| TrustError::Malformed(e.to_string()))?)
    }

    fn of(root: &TrustedRoot) -> Result<Self, TrustError> {
        let verifier = Verifier::new(root).map_err(|e| TrustError::Unusable(e.to_string()))?;
        let logs = root.tlogs.iter();
        Ok(Self {
            verifier,
            logs: logs
                .map(|log| log.log_id.key_id.as_bytes().to_vec())
                .collect(),
        })
    }

    /// True when the log with this digest of a key is trusted.
    pub(super) fn knows_log(&self, key: &[u8]) -> bool {
        self.logs.contains(key)
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust")
            .field("logs", &self.logs.len())
            .finish_non_exhaustive()
    }
}
