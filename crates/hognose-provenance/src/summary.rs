//! What a verification found, signed: an in-toto statement (SLSA's verification summary) in a DSSE envelope, under a key of
//! one's own. Whoever has the public half knows that these bytes were verified, by what and when, without doing it again.

use std::collections::BTreeMap;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
};
use hognose_types::text::short;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sigstore_verify::crypto::VerificationKey;
use sigstore_verify::types::{
    DerPublicKey, DsseEnvelope, DsseSignature, KeyId, PayloadBytes, SignatureBytes,
};

/// The type of the statement.
const STATEMENT: &str = "https://in-toto.io/Statement/v1";
/// The type of what it says.
const PREDICATE: &str = "https://slsa.dev/verification_summary/v1";
/// The type of what is in the envelope.
const PAYLOAD: &str = "application/vnd.in-toto+json";
/// Who verified, as an address.
const VERIFIER: &str = "pkg:generic/hognose";
/// Said where nothing is said about how files were built.
const UNEVALUATED: &str = "SLSA_BUILD_LEVEL_UNEVALUATED";
/// Largest envelope.
pub const MAX_ENVELOPE: u64 = 16 << 20;

/// Why a summary cannot be signed, or does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SummaryError {
    /// A private key that cannot be used.
    #[error("the key is none of Ed25519 or P-256 in PKCS #8 as PEM: {0}")]
    Key(String),
    /// A public key that cannot be used.
    #[error("the public key cannot be read: {0}")]
    PublicKey(String),
    /// Signing failed.
    #[error("the signature cannot be made")]
    Signing,
    /// Not an envelope, or not of this type.
    #[error("it is no envelope of a verification summary: {0}")]
    Malformed(String),
    /// The signature is not one of this key.
    #[error("it is not signed by this key")]
    Signature,
}

/// What was verified.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// sha256 of every file, by its name.
    pub subjects: BTreeMap<String, String>,
    /// Version of the program that verified.
    pub version: String,
    /// When, as RFC 3339 writes it.
    pub time: String,
    /// What was asked for, as an address.
    pub resource: String,
    /// What was asked of it: a name for the policy.
    pub policy: String,
    /// sha256 of the policy's text, where there is one.
    pub policy_sha256: Option<String>,
    /// Whether all of it holds.
    pub passed: bool,
    /// Whether every file has attestations that hold.
    pub attested: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Subject>,
    predicate_type: String,
    predicate: Predicate,
}

#[derive(Serialize, Deserialize)]
struct Subject {
    name: String,
    digest: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Predicate {
    verifier: Verifier,
    time_verified: String,
    resource_uri: String,
    policy: Policy,
    verification_result: String,
    verified_levels: Vec<String>,
    slsa_version: String,
}

#[derive(Serialize, Deserialize)]
struct Verifier {
    id: String,
    #[serde(default)]
    version: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
struct Policy {
    uri: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    digest: BTreeMap<String, String>,
}

/// A private key.
pub struct SigningKey(Kind);

enum Kind {
    Ed25519(Ed25519KeyPair),
    P256(EcdsaKeyPair),
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKey")
    }
}

impl SigningKey {
    /// A new key of Ed25519, as PEM.
    ///
    /// # Errors
    ///
    /// A system without random numbers.
    pub fn generate() -> Result<String, SummaryError> {
        let made = Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new());
        let made = made.map_err(|_| SummaryError::Signing)?;
        Ok(pem("PRIVATE KEY", made.as_ref()))
    }

    /// A key in PKCS #8, as PEM.
    ///
    /// # Errors
    ///
    /// Another kind of key, or none.
    pub fn from_pem(text: &str) -> Result<Self, SummaryError> {
        let body = between(text, "PRIVATE KEY")
            .ok_or_else(|| SummaryError::Key("there is no PRIVATE KEY in it".to_owned()))?;
        let der = SignatureBytes::from_base64(&body)
            .map_err(|e| SummaryError::Key(short(&e.to_string(), 120)))?;
        let der = der.as_bytes();
        if let Ok(key) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der) {
            return Ok(Self(Kind::Ed25519(key)));
        }
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, der);
        key.map(|key| Self(Kind::P256(key)))
            .map_err(|e| SummaryError::Key(e.to_string()))
    }

    /// The public half, as PEM.
    ///
    /// # Errors
    ///
    /// None in practice.
    pub fn public_pem(&self) -> Result<String, SummaryError> {
        let der: PublicKeyX509Der<'static> = match &self.0 {
            Kind::Ed25519(key) => key.public_key().as_der(),
            Kind::P256(key) => key.public_key().as_der(),
        }
        .map_err(|_| SummaryError::Signing)?;
        Ok(pem("PUBLIC KEY", der.as_ref()))
    }

    fn sign(&self, message: &[u8]) -> Result<SignatureBytes, SummaryError> {
        let signature = match &self.0 {
            Kind::Ed25519(key) => key.sign(message),
            Kind::P256(key) => key
                .sign(&SystemRandom::new(), message)
                .map_err(|_| SummaryError::Signing)?,
        };
        Ok(SignatureBytes::from_bytes(signature.as_ref()))
    }
}

impl Summary {
    /// The summary in an envelope, signed.
    ///
    /// # Errors
    ///
    /// None in practice.
    pub fn signed(&self, key: &SigningKey) -> Result<String, SummaryError> {
        let malformed = |e: serde_json::Error| SummaryError::Malformed(e.to_string());
        let payload = serde_json::to_vec(&self.statement()).map_err(malformed)?;
        let unsigned = DsseSignature::new(SignatureBytes::from_bytes(&[]), KeyId::default());
        let payload = PayloadBytes::from_bytes(&payload);
        let mut envelope = DsseEnvelope::new(PAYLOAD, payload, unsigned);
        envelope.signature.sig = key.sign(&envelope.pae())?;
        serde_json::to_string(&envelope).map_err(malformed)
    }

    /// What an envelope says that somebody with this key signed.
    ///
    /// # Errors
    ///
    /// Whatever does not hold.
    pub fn verified(envelope: &[u8], public_pem: &str) -> Result<Self, SummaryError> {
        let malformed = |e: serde_json::Error| SummaryError::Malformed(short(&e.to_string(), 120));
        let envelope: DsseEnvelope = serde_json::from_slice(envelope).map_err(malformed)?;
        let wrong = |e: &dyn std::fmt::Display| SummaryError::PublicKey(short(&e.to_string(), 120));
        let key = DerPublicKey::from_pem(public_pem).map_err(|e| wrong(&e))?;
        let key = VerificationKey::from_spki(&key).map_err(|e| wrong(&e))?;
        key.verify(envelope.pae(), &envelope.signature.sig)
            .map_err(|_| SummaryError::Signature)?;
        if envelope.payload_type != PAYLOAD {
            return Err(SummaryError::Malformed(
                "another type of payload".to_owned(),
            ));
        }
        let statement: Value =
            serde_json::from_slice(envelope.payload.as_bytes()).map_err(malformed)?;
        let types = (statement.get("_type"), statement.get("predicateType"));
        if types != (Some(&STATEMENT.into()), Some(&PREDICATE.into())) {
            return Err(SummaryError::Malformed(
                "another type of statement".to_owned(),
            ));
        }
        let statement: Statement = serde_json::from_value(statement).map_err(malformed)?;
        Self::of(statement)
    }

    fn statement(&self) -> Statement {
        let subject = self.subjects.iter().map(|(name, hex)| Subject {
            name: name.clone(),
            digest: std::iter::once(sha256(hex)).collect(),
        });
        let levels = match (self.passed, self.attested) {
            (false, _) => vec!["FAILED".to_owned()],
            (true, false) => vec![UNEVALUATED.to_owned()],
            (true, true) => vec![UNEVALUATED.to_owned(), "HOGNOSE_ATTESTED".to_owned()],
        };
        let version = [("hognose".to_owned(), self.version.clone())];
        Statement {
            kind: STATEMENT.to_owned(),
            subject: subject.collect(),
            predicate_type: PREDICATE.to_owned(),
            predicate: Predicate {
                verifier: Verifier {
                    id: VERIFIER.to_owned(),
                    version: version.into_iter().collect(),
                },
                time_verified: self.time.clone(),
                resource_uri: self.resource.clone(),
                policy: Policy {
                    uri: self.policy.clone(),
                    digest: self
                        .policy_sha256
                        .as_deref()
                        .map(sha256)
                        .into_iter()
                        .collect(),
                },
                verification_result: if self.passed { "PASSED" } else { "FAILED" }.to_owned(),
                verified_levels: levels,
                slsa_version: "1.0".to_owned(),
            },
        }
    }

    fn of(statement: Statement) -> Result<Self, SummaryError> {
        let predicate = statement.predicate;
        let mut out = Self {
            version: predicate
                .verifier
                .version
                .get("hognose")
                .cloned()
                .unwrap_or_default(),
            time: predicate.time_verified,
            resource: predicate.resource_uri,
            policy: predicate.policy.uri,
            policy_sha256: predicate.policy.digest.get("sha256").cloned(),
            passed: predicate.verification_result == "PASSED",
            attested: predicate
                .verified_levels
                .iter()
                .any(|l| l == "HOGNOSE_ATTESTED"),
            subjects: BTreeMap::new(),
        };
        for subject in statement.subject {
            let hex = subject.digest.get("sha256").cloned();
            let hex =
                hex.ok_or_else(|| SummaryError::Malformed("a file without sha256".to_owned()))?;
            let name = subject.name;
            if out.subjects.insert(name, hex).is_some() {
                return Err(SummaryError::Malformed("a file twice".to_owned()));
            }
        }
        Ok(out)
    }
}

/// As statements write a digest.
fn sha256(hex: &str) -> (String, String) {
    ("sha256".to_owned(), hex.to_owned())
}

/// Bytes as PEM.
fn pem(label: &str, der: &[u8]) -> String {
    let body = SignatureBytes::from_bytes(der).to_base64();
    let mut out = format!("-----BEGIN {label}-----\n");
    for (at, letter) in body.chars().enumerate() {
        if at > 0 && at % 64 == 0 {
            out.push('\n');
        }
        out.push(letter);
    }
    out + &format!("\n-----END {label}-----\n")
}

/// What stands between the lines of a PEM text, without line ends.
fn between(text: &str, label: &str) -> Option<String> {
    let (_, rest) = text.split_once(&format!("-----BEGIN {label}-----"))?;
    let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
    Some(body.split_whitespace().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by `openssl genpkey`; it signs nothing but this test.
    const P256: &str = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgK1mBcNe0iu+glAZQ\nYBw95oKCuwuYNVozawK2M42KsHGhRANCAAQR0ver2uDrqh8uMYbEbc2wd8IdLIHL\nS17CAqVG6aEllgUFMVQTm7ahK6KZvVJmWFIBtj02oKyL98YpaQ/2XG7i\n-----END PRIVATE KEY-----\n";
    const ED25519: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEII6ws3M1TFoXz46eKP6jf0EdrQtF7c1JN0X/xJ7BsKym\n-----END PRIVATE KEY-----\n";

    fn summary() -> Summary {
        Summary {
            subjects: [("a-1.0.tar.gz".to_owned(), "ab".repeat(32))]
                .into_iter()
                .collect(),
            version: "0.1.0".to_owned(),
            time: "2026-01-02T03:04:05Z".to_owned(),
            resource: "pkg:pypi/a@1.0".to_owned(),
            policy: "urn:hognose:policy".to_owned(),
            policy_sha256: Some("cd".repeat(32)),
            passed: true,
            attested: true,
        }
    }

    #[test]
    fn what_is_signed_is_read_again_and_nothing_else_is() {
        let made = SigningKey::generate().unwrap();
        for key in [P256, ED25519, &made] {
            let key = SigningKey::from_pem(key).unwrap();
            let public = key.public_pem().unwrap();
            let envelope = summary().signed(&key).unwrap();
            assert_eq!(
                Summary::verified(envelope.as_bytes(), &public),
                Ok(summary())
            );
            let other = SigningKey::from_pem(&SigningKey::generate().unwrap()).unwrap();
            let other = other.public_pem().unwrap();
            let refused = Summary::verified(envelope.as_bytes(), &other);
            assert_eq!(refused, Err(SummaryError::Signature));
            // Every byte of what is signed counts.
            let mut parts: Value = serde_json::from_str(&envelope).unwrap();
            let failed = Summary {
                passed: false,
                ..summary()
            };
            let payload = serde_json::to_vec(&failed.statement()).unwrap();
            parts["payload"] = PayloadBytes::from_bytes(&payload).to_base64().into();
            let refused = Summary::verified(parts.to_string().as_bytes(), &public);
            assert_eq!(refused, Err(SummaryError::Signature));
            parts["signatures"] = serde_json::json!([]);
            let refused = Summary::verified(parts.to_string().as_bytes(), &public);
            assert!(matches!(refused, Err(SummaryError::Malformed(_))));
        }
    }

    #[test]
    fn other_statements_are_none() {
        let key = SigningKey::from_pem(P256).unwrap();
        let public = key.public_pem().unwrap();
        for (from, to) in [
            (PREDICATE, "https://slsa.dev/provenance/v1"),
            (STATEMENT, "https://in-toto.io/Statement/v0.1"),
            ("sha256", "sha512"),
        ] {
            let text = serde_json::to_string(&summary().statement()).unwrap();
            let payload = PayloadBytes::from_bytes(text.replace(from, to).as_bytes());
            let unsigned = DsseSignature::new(SignatureBytes::from_bytes(&[]), KeyId::default());
            let mut envelope = DsseEnvelope::new(PAYLOAD, payload, unsigned);
            envelope.signature.sig = key.sign(&envelope.pae()).unwrap();
            let envelope = serde_json::to_vec(&envelope).unwrap();
            let refused = Summary::verified(&envelope, &public);
            assert!(matches!(refused, Err(SummaryError::Malformed(_))), "{to}");
        }
        assert!(SigningKey::from_pem("x").is_err());
        assert!(Summary::verified(b"{}", &public).is_err());
    }
}
