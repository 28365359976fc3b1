//! Sigstore bundles as they are, for whoever signs files without an index: with an identity, or with a key of their own.

use std::io::Read;

use hognose_types::text::short;
use sigstore_verify::types::{Bundle, DerPublicKey};
use sigstore_verify::{PublicKeyVerificationPolicy, VerificationPolicy};

use super::verify::refusal;
use super::{DocumentError, Identity, MAX_DOCUMENT, Refusal, Trust};

/// Who must have signed.
#[derive(Clone, Copy, Debug)]
pub enum Signer<'a> {
    /// Whoever has this identity, as this issuer vouches.
    Identity {
        /// The subject of the certificate.
        subject: &'a str,
        /// Who vouches for it.
        issuer: &'a str,
    },
    /// Whoever has the private half of this key, in PEM.
    Key(&'a str),
}

/// Verifies that a bundle is about the bytes of a reader and signed by somebody; answers what the certificate says, for
/// bundles that have one.
///
/// # Errors
///
/// Whatever does not hold.
pub fn verify_bundle(
    bundle: &[u8],
    artifact: impl Read,
    signer: &Signer<'_>,
    trust: &Trust,
) -> Result<Option<Identity>, Refusal> {
    if bundle.len() as u64 > MAX_DOCUMENT {
        return Err(DocumentError::TooLarge {
            limit: MAX_DOCUMENT,
        }
        .into());
    }
    let bundle: Bundle = serde_json::from_slice(bundle).map_err(|e| DocumentError::Malformed {
        reason: short(&e.to_string(), 200),
    })?;
    let result = match signer {
        Signer::Identity { subject, issuer } => {
            let policy = VerificationPolicy::new(*subject, *issuer);
            trust.verifier.verify_reader(artifact, &bundle, &policy)
        }
        Signer::Key(pem) => {
            let key = DerPublicKey::from_pem(pem).map_err(|e| Refusal::Material {
                part: "key",
                reason: short(&e.to_string(), 200),
            })?;
            let policy = PublicKeyVerificationPolicy::new(key);
            trust.verifier.verify_reader(artifact, &bundle, &policy)
        }
    };
    let result = result.map_err(|error| refusal(&error))?;
    Ok(result.certificate().map(Identity::of))
}
