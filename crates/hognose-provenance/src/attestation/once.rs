//! The cryptography of the library below, without doing the same twice.
//!
//! The library verifies the promise of a log entry once as proof of the entry and once as proof of the time: one of six
//! signatures of an attestation. While one attestation is verified on a thread, a signature that was found good for the same
//! key and the same bytes is good. All files that one job publishes have one certificate: the authority's signature of it, the only one
//! on the larger curve and a quarter of the work, is verified once a run. Nothing is remembered of a signature that is not good.

use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use sigstore_verify::crypto::{
    CryptoProvider, HashContext, KeyAlgorithm, Result, SigningKeyPair, SigningScheme,
    aws_lc_provider, install_default_provider,
};
use sigstore_verify::types::HashAlgorithm;

/// Most signatures of one attestation that are kept; there are six.
const KEPT: usize = 16;

/// Most certificates that are remembered, by a digest of key, certificate and signature.
const CERTIFICATES: usize = 4_096;

static CERTIFIED: Mutex<Option<HashSet<[u8; 32]>>> = Mutex::new(None);

/// A signature that is good: of what kind, by which key, of what.
#[derive(PartialEq, Eq)]
struct Good {
    scheme: SigningScheme,
    key: Vec<u8>,
    data: Vec<u8>,
    signature: Vec<u8>,
}

thread_local! {
    /// Those of the attestation that is verified here; none where none is.
    static GOOD: RefCell<Option<Vec<Good>>> = const { RefCell::new(None) };
}

/// Verifies one attestation.
pub(super) fn scope<T>(work: impl FnOnce() -> T) -> T {
    // Another one may be there already: whoever was first decides.
    let _ = install_default_provider(&Once);
    GOOD.with_borrow_mut(|good| *good = Some(Vec::new()));
    let out = work();
    GOOD.with_borrow_mut(|good| *good = None);
    out
}

/// Verifies a signature of an authority, unless this one was good before.
fn certified(
    key: &[u8],
    data: &[u8],
    signature: &[u8],
    verify: impl FnOnce() -> Result<()>,
) -> Result<()> {
    // With its length before each part, nothing of one can count as the other's.
    let mut all = Vec::with_capacity(key.len() + data.len() + signature.len() + 24);
    for part in [key, data, signature] {
        all.extend_from_slice(&(part.len() as u64).to_le_bytes());
        all.extend_from_slice(part);
    }
    let digest = aws_lc_provider().sha256(&all);
    let locked = || CERTIFIED.lock().unwrap_or_else(PoisonError::into_inner);
    if locked()
        .as_ref()
        .is_some_and(|known| known.contains(&digest))
    {
        return Ok(());
    }
    verify()?;
    let mut known = locked();
    let known = known.get_or_insert_default();
    if known.len() >= CERTIFICATES {
        known.clear();
    }
    known.insert(digest);
    Ok(())
}

/// The usual cryptography, and what it said a moment ago.
#[derive(Debug)]
struct Once;

impl CryptoProvider for Once {
    fn hash(&self, algorithm: HashAlgorithm) -> Result<Box<dyn HashContext>> {
        aws_lc_provider().hash(algorithm)
    }

    fn sha256(&self, data: &[u8]) -> [u8; 32] {
        aws_lc_provider().sha256(data)
    }

    fn sha384(&self, data: &[u8]) -> [u8; 48] {
        aws_lc_provider().sha384(data)
    }

    fn sha512(&self, data: &[u8]) -> [u8; 64] {
        aws_lc_provider().sha512(data)
    }

    fn verify_raw(
        &self,
        scheme: SigningScheme,
        key: &[u8],
        data: &[u8],
        signature: &[u8],
    ) -> Result<()> {
        if matches!(scheme, SigningScheme::EcdsaP384Sha384) {
            return certified(key, data, signature, || {
                aws_lc_provider().verify_raw(scheme, key, data, signature)
            });
        }
        let is_it = |good: &Good| {
            good.scheme == scheme
                && good.signature == signature
                && good.key == key
                && good.data == data
        };
        let is_known = |good: &Option<Vec<Good>>| good.iter().flatten().any(is_it);
        if GOOD.with_borrow(is_known) {
            return Ok(());
        }
        aws_lc_provider().verify_raw(scheme, key, data, signature)?;
        GOOD.with_borrow_mut(|good| {
            if let Some(good) = good.as_mut().filter(|good| good.len() < KEPT) {
                good.push(Good {
                    scheme,
                    key: key.to_vec(),
                    data: data.to_vec(),
                    signature: signature.to_vec(),
                });
            }
        });
        Ok(())
    }

    fn verify_prehashed(
        &self,
        scheme: SigningScheme,
        key: &[u8],
        digest: &[u8],
        signature: &[u8],
    ) -> Result<()> {
        aws_lc_provider().verify_prehashed(scheme, key, digest, signature)
    }

    fn generate_key_pair(&self, algorithm: KeyAlgorithm) -> Result<Box<dyn SigningKeyPair>> {
        aws_lc_provider().generate_key_pair(algorithm)
    }

    fn key_pair_from_pkcs8_der(&self, pkcs8: &[u8]) -> Result<Box<dyn SigningKeyPair>> {
        aws_lc_provider().key_pair_from_pkcs8_der(pkcs8)
    }
}

#[cfg(test)]
mod tests {
    use sigstore_verify::crypto::Error;

    use super::*;

    /// A signature counts for exactly what it was found good for, and only as long as one attestation is verified.
    #[test]
    fn what_is_good_is_good_for_nothing_else() {
        use aws_lc_rs::rand::SystemRandom;
        use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let other = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let signature = key.sign(&SystemRandom::new(), b"x").unwrap();
        let (signature, public) = (signature.as_ref(), key.public_key().as_ref());
        let scheme = SigningScheme::EcdsaP256Sha256;
        let verify = |key: &[u8], data: &[u8], signature: &[u8]| {
            Once.verify_raw(scheme, key, data, signature).is_ok()
        };
        scope(|| {
            for _ in 0..3 {
                assert!(verify(public, b"x", signature));
                assert!(!verify(public, b"y", signature));
                assert!(!verify(other.public_key().as_ref(), b"x", signature));
                assert!(!verify(public, b"x", &signature[..signature.len() - 1]));
                let scheme = SigningScheme::EcdsaP384Sha384;
                assert!(Once.verify_raw(scheme, public, b"x", signature).is_err());
            }
            // The same for authorities, beyond one attestation.
            for _ in 0..2 {
                let found = |good: bool| {
                    move || {
                        if good {
                            Ok(())
                        } else {
                            Err(Error::Verification("x".to_owned()))
                        }
                    }
                };
                assert!(certified(b"key", b"a", b"s", found(false)).is_err());
                assert!(certified(b"key", b"b", b"s", found(true)).is_ok());
                assert!(certified(b"key", b"b", b"s", found(false)).is_ok());
                for (key, data, signature) in [
                    (b"keyb", &b""[..], b"s"),
                    (b"key ", b"b", b"s"),
                    (b"key ", b"", b"b"),
                ] {
                    assert!(certified(key, data, signature, found(false)).is_err());
                }
            }
            assert_eq!(
                GOOD.with_borrow(|good| good.as_ref().map(Vec::len)),
                Some(1)
            );
        });
        assert!(GOOD.with_borrow(Option::is_none));
        assert!(verify(public, b"x", signature));
        assert!(GOOD.with_borrow(Option::is_none));
    }
}
