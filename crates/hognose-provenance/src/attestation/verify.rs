//! Verification of a file's attestations.
//!
//! The cryptography is Sigstore's: chain, validity, embedded timestamp of the certificate, promise, inclusion proof,
//! signed checkpoint, signature, agreement of the entry with the rest. Here is what the format adds: exactly one subject
//! that is this file, a known predicate, a publisher that agrees with the certificate, and that nothing is not enough.

use std::borrow::Cow;

use hognose_types::text::short;
use sigstore_verify::types::bundle::{
    CertificateContent, Rfc3161Timestamp, TimestampVerificationData, VerificationMaterial,
    VerificationMaterialContent,
};
use sigstore_verify::types::{
    Bundle, DerCertificate, DsseEnvelope, DsseSignature, KeyId, MediaType, PayloadBytes,
    Sha256Hash, SignatureBytes, SignatureContent, TimestampToken, TransparencyLogEntry,
};
use sigstore_verify::{Error, VerificationPolicy};

use super::{
    Attestation, Attested, Document, Identity, Outcome, Predicates, Publisher, Refusal, Refused,
    Trust, once, statement,
};

/// The only type of envelope that the format knows.
const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
/// Most characters of a reason.
const SHOWN: usize = 200;

/// A file, by what was measured of it.
#[derive(Clone, Copy, Debug)]
pub struct Artifact<'a> {
    /// Its name.
    pub filename: &'a str,
    /// Its sha256 in lower-case hexadecimal.
    pub sha256: &'a str,
}

/// Verifies what an index serves as the provenance of a file, from its bytes.
pub fn verify_bytes(
    bytes: &[u8],
    artifact: &Artifact<'_>,
    trust: &Trust,
    predicates: &Predicates,
) -> Outcome {
    match Document::parse(bytes) {
        Ok(document) => verify(&document, artifact, trust, predicates),
        Err(error) => Outcome::unreadable(error),
    }
}

/// Verifies every attestation of a document about a file.
pub fn verify(
    document: &Document,
    artifact: &Artifact<'_>,
    trust: &Trust,
    predicates: &Predicates,
) -> Outcome {
    let (mut attested, mut refused) = (Vec::new(), Vec::new());
    for (at, (publisher, attestation)) in document.attestations().enumerate() {
        match one(attestation, publisher, artifact, trust, predicates) {
            Ok(holds) => attested.push(holds),
            Err(refusal) => refused.push(Refused {
                position: at + 1,
                refusal,
            }),
        }
    }
    Outcome::of(attested, refused)
}

fn one(
    attestation: &Attestation,
    publisher: Option<&Publisher>,
    artifact: &Artifact<'_>,
    trust: &Trust,
    predicates: &Predicates,
) -> Result<Attested, Refusal> {
    let bundle = bundle(attestation, trust)?;
    let SignatureContent::DsseEnvelope(envelope) = &bundle.content else {
        return Err(material("envelope", "it is none"));
    };
    // Before the signature: of bytes that are not the attested ones, that is the thing to say.
    let predicate = statement::check(envelope.payload.as_bytes(), artifact, predicates)?;
    let digest =
        Sha256Hash::from_hex(artifact.sha256).map_err(|e| material("sha256", &e.to_string()))?;
    let policy = VerificationPolicy::any_identity();
    let result = once::scope(|| trust.verifier.verify(digest, &bundle, &policy));
    let result = result.map_err(|e| refusal(&e))?;
    // The policy above asks for all of this; a success that does not say so is none.
    if !result.certificate_verified() || !result.sct_verified() || !result.tlog_verified() {
        return Err(Refusal::Certificate {
            reason: "not every check was made".to_owned(),
        });
    }
    let certificate = result.certificate().ok_or_else(|| Refusal::Certificate {
        reason: "there is none".to_owned(),
    })?;
    let identity = Identity::of(certificate);
    if let Some(publisher) = publisher {
        publisher.agrees(&identity)?;
    }
    let times = result.verified_timestamps();
    Ok(Attested {
        predicate,
        identity,
        publisher: publisher.map(|p| p.kind().to_owned()),
        signed: times.iter().map(|time| time.as_second()).min(),
    })
}

/// The same as a Sigstore bundle of version 0.3: every byte that is signed is carried over as it is.
fn bundle(attestation: &Attestation, trust: &Trust) -> Result<Bundle, Refusal> {
    let certificate = DerCertificate::from_base64(&unwrapped(&attestation.certificate))
        .map_err(|e| material("certificate", &e.to_string()))?;
    let payload = PayloadBytes::from_base64(&unwrapped(&attestation.statement))
        .map_err(|e| material("statement", &e.to_string()))?;
    let signature = SignatureBytes::from_base64(&unwrapped(&attestation.signature))
        .map_err(|e| material("signature", &e.to_string()))?;
    let timestamps = attestation.timestamps.iter().map(|timestamp| {
        TimestampToken::from_base64(&unwrapped(timestamp))
            .map(Rfc3161Timestamp::new)
            .map_err(|e| material("timestamp", &e.to_string()))
    });
    let timestamps = timestamps.collect::<Result<Vec<_>, _>>()?;
    let entries = attestation
        .entries
        .iter()
        .map(|entry| read_entry(entry, trust));
    let content = VerificationMaterialContent::Certificate(CertificateContent::new(certificate));
    let envelope = DsseEnvelope::new(
        PAYLOAD_TYPE,
        payload,
        DsseSignature::new(signature, KeyId::default()),
    );
    Ok(Bundle::new(
        MediaType::Bundle0_3,
        VerificationMaterial::new(content)
            .with_tlog_entries(entries.collect::<Result<_, _>>()?)
            .with_timestamp_verification_data(TimestampVerificationData::new(timestamps)),
        SignatureContent::DsseEnvelope(envelope),
    ))
}

fn read_entry(entry: &serde_json::Value, trust: &Trust) -> Result<TransparencyLogEntry, Refusal> {
    use serde::Deserialize as _;
    let entry = TransparencyLogEntry::deserialize(entry).map_err(|error| unread(entry, &error))?;
    let key = &entry.log_id.key_id;
    if !trust.knows_log(key.as_bytes()) {
        return Err(Refusal::UnknownLog {
            log: short(&key.to_string(), 60),
        });
    }
    Ok(entry)
}

/// An entry that cannot be read: of a kind that is not known, or broken.
fn unread(entry: &serde_json::Value, error: &serde_json::Error) -> Refusal {
    let said = |key: &str| entry.get("kindVersion")?.get(key)?.as_str();
    let known = [
        ("hashedrekord", "0.0.1"),
        ("hashedrekord", "0.0.2"),
        ("dsse", "0.0.1"),
        ("intoto", "0.0.2"),
    ];
    match said("kind").zip(said("version")) {
        Some(pair) if !known.contains(&pair) => Refusal::UnknownEntry {
            kind: short(pair.0, 40),
            version: short(pair.1, 40),
        },
        _ => material("log entry", &error.to_string()),
    }
}

/// Some writers of base64 break lines, and the reference reads them.
fn unwrapped(base64: &str) -> Cow<'_, str> {
    if base64.contains(['\n', '\r']) {
        return Cow::Owned(base64.replace(['\n', '\r'], ""));
    }
    Cow::Borrowed(base64)
}

fn material(part: &'static str, reason: &str) -> Refusal {
    Refusal::Material {
        part,
        reason: short(reason, SHOWN),
    }
}

/// The library's categories as ours; its texts are details for people.
pub(super) fn refusal(error: &Error) -> Refusal {
    use sigstore_verify::TransparencyLogError;
    let reason = short(&error.to_string(), SHOWN);
    match error {
        Error::SignatureInvalid(_) | Error::ArtifactMismatch(_) => Refusal::Signature { reason },
        Error::Certificate(_) => Refusal::Certificate { reason },
        Error::TransparencyLog(TransparencyLogError::UnknownLog { log_id }) => {
            Refusal::UnknownLog {
                log: short(log_id, 60),
            }
        }
        Error::TransparencyLog(_) => Refusal::Log { reason },
        Error::Timestamp(_) => Refusal::Time { reason },
        _ => Refusal::Material {
            part: "bundle",
            reason,
        },
    }
}
