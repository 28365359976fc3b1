//! Rows of the table.

use hognose_provenance::attestation::{Attested, Outcome, Predicate};
use hognose_report::{FileAttestation, FileVerdict, VerifiedFile};
use hognose_types::text::short;

use super::attested::{Origin, Seen};
use super::releases::Release;

/// Most characters of a reason.
const SHOWN: usize = 300;

pub(super) fn row(release: &Release, seen: &Seen) -> VerifiedFile {
    let mut attestations: Vec<FileAttestation> = match &seen.origin {
        Origin::Judged(outcome) => outcome.attested().iter().map(attestation).collect(),
        _ => Vec::new(),
    };
    attestations.sort_by(|a, b| a.predicate.cmp(&b.predicate));
    let (verdict, reason) = verdict(seen);
    VerifiedFile {
        package: release.name.to_string(),
        version: release.version.to_string(),
        file: seen.file.clone(),
        sha256: seen.sha256.clone(),
        verdict,
        reason: reason.map(|reason| short(&reason, SHOWN)),
        attestations,
        rebuilds: seen.rebuilds.clone(),
    }
}

fn verdict(seen: &Seen) -> (FileVerdict, Option<String>) {
    if let Some((who, expected)) = &seen.other_bytes {
        return (FileVerdict::OtherBytes, Some(format!("{who} {expected}")));
    }
    match &seen.origin {
        Origin::Judged(outcome) => {
            let reason = outcome.refused().first().map(|r| r.refusal.to_string());
            let verdict = match outcome {
                Outcome::Verified(_) => FileVerdict::Verified,
                Outcome::Refused(_) => FileVerdict::Bad,
                Outcome::Unknown(_) => FileVerdict::Unknown,
            };
            (verdict, reason)
        }
        Origin::Unattested => (FileVerdict::Unattested, None),
        Origin::Untold => (FileVerdict::Untold, None),
        Origin::Unknown(reason) => (FileVerdict::Unknown, Some(reason.clone())),
        Origin::Pinned => (FileVerdict::Pinned, None),
    }
}

fn attestation(attested: &Attested) -> FileAttestation {
    let identity = &attested.identity;
    let kind = attested.publisher.clone();
    let place = identity.repository.as_ref();
    let signed = attested
        .signed
        .and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    FileAttestation {
        predicate: match attested.predicate {
            Predicate::Publish => "publish",
            Predicate::Slsa => "slsa",
        }
        .to_owned(),
        publisher: kind.unwrap_or_else(|| identity.issuer.clone()),
        repository: place.unwrap_or(&identity.subject).clone(),
        commit: identity.commit.clone(),
        reference: identity.reference.clone(),
        workflow: identity.workflow().map(str::to_owned),
        runner: identity.runner.clone(),
        trigger: identity.trigger.clone(),
        environment: identity.environment.clone(),
        run: identity.run.clone(),
        signed: signed.map(|time| time.to_string()),
    }
}
