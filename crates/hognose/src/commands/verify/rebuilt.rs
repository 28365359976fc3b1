//! `--rebuild-attestation`: what somebody signed who built files again.

use std::path::Path;

use hognose_advisories::Judgement;
use hognose_provenance::attestation::{Artifact, FileName};
use hognose_provenance::rebuilt::{self, Equality, MAX_ENVELOPES, RebuildKey, Rebuilt};
use hognose_report::{FileRebuild, RebuildOutcome};
use hognose_types::{Gap, Notice, Places, rules, text};

use super::attested::Looked;
use super::disk::limited;
use super::notice;
use crate::cli::VerifyArgs;
use crate::error::Failure;

/// Largest key.
const MAX_KEY: u64 = 64 << 10;

/// Verifies every document that is named, and adds what it says to the file it is about.
pub(super) fn add(
    args: &VerifyArgs,
    looks: &mut [Looked<'_>],
    evidence: &mut Judgement,
    notices: &mut Vec<Notice>,
) -> Result<(), Failure> {
    let Some(path) = &args.rebuild_key else {
        return Ok(());
    };
    let text = read(path, MAX_KEY)?;
    let key = RebuildKey::from_pem(&String::from_utf8_lossy(&text))
        .map_err(|e| Failure::usage(format!("{} is no public key", path.display())).because(&e))?;
    for path in &args.rebuild_attestation {
        let bytes = read(path, MAX_ENVELOPES)?;
        one(
            &path.display().to_string(),
            &bytes,
            &key,
            looks,
            (evidence, notices),
        );
    }
    Ok(())
}

fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Failure> {
    limited(path, limit)
        .map_err(|e| Failure::usage(format!("cannot read {}", path.display())).because(&e))
}

/// One document.
fn one(
    document: &str,
    bytes: &[u8],
    key: &RebuildKey,
    looks: &mut [Looked<'_>],
    (evidence, notices): (&mut Judgement, &mut Vec<Notice>),
) {
    let Some(file) = rebuilt::claimed(bytes) else {
        let message = "it holds no statement that a file was built again";
        evidence.gaps.push(gap(document, message.to_owned()));
        return;
    };
    let name = FileName::parse(&file);
    let mut found = false;
    for look in looks {
        let is_it = |own: &str| name.is_some() && FileName::parse(own) == name;
        let Some(at) = look.files.iter().position(|seen| is_it(&seen.file)) else {
            continue;
        };
        found = true;
        let mut places = Places::new(look.inventory);
        match verified(look, at, bytes, key) {
            Ok(rebuilt) => {
                let file = look.files.get(at).map_or("", |seen| seen.file.as_str());
                notices.push(notice(told(file, &rebuilt)));
                if let Some(seen) = look.files.get_mut(at) {
                    seen.rebuilds.push(row(rebuilt));
                }
            }
            Err(Some(fault)) => {
                let file = look.files.get(at).map_or("", |seen| seen.file.as_str());
                let finding = look.release().forged(file, document, &fault, &mut places);
                evidence.findings.extend(finding);
            }
            Err(None) => {
                let message =
                    format!("{document} cannot be compared: no digest of {file} is known");
                evidence.gaps.extend(look.release().gap(message, None));
            }
        }
    }
    if !found {
        let file = text::short(&file, 200);
        let message = format!("it is about {file}, which is none of the files that were verified");
        evidence.gaps.push(gap(document, message));
    }
}

fn verified(
    look: &Looked<'_>,
    at: usize,
    bytes: &[u8],
    key: &RebuildKey,
) -> Result<Rebuilt, Option<rebuilt::RebuildFault>> {
    let seen = look.files.get(at).ok_or(None)?;
    let artifact = Artifact {
        filename: &seen.file,
        sha256: seen.sha256.as_deref().ok_or(None)?,
    };
    let release = (&look.release.name, &look.release.version);
    rebuilt::verify(bytes, &artifact, release, key).map_err(Some)
}

fn gap(document: &str, message: String) -> Gap {
    Gap {
        rule: rules::gap_provenance::ID,
        subject: text::short(document, 200),
        location: None,
        message,
        hint: Some("name the wheel or sdist that it is about".to_owned()),
        groups: Vec::new(),
    }
}

/// What a document says, in one line.
fn told(file: &str, rebuilt: &Rebuilt) -> String {
    let how = match &rebuilt.equality {
        Equality::Identical => "the same bytes".to_owned(),
        Equality::Stabilized { sha256 } => {
            format!("the same after stabilization, sha256 {sha256}")
        }
    };
    let commit = rebuilt
        .commit
        .as_deref()
        .unwrap_or("no commit that is named");
    let from = match &rebuilt.repository {
        Some(repository) => format!("commit {commit} of {repository}"),
        None => "a source that is not named".to_owned(),
    };
    let strategy = rebuilt.strategy.as_deref().map(|s| format!(" ({s})"));
    format!(
        "{file}: {} built it again from {from}{}: {how}",
        rebuilt.builder,
        strategy.unwrap_or_default()
    )
}

fn row(rebuilt: Rebuilt) -> FileRebuild {
    let (outcome, stabilized) = match rebuilt.equality {
        Equality::Identical => (RebuildOutcome::Identical, None),
        Equality::Stabilized { sha256 } => (RebuildOutcome::Normalized, Some(sha256)),
    };
    FileRebuild {
        builder: rebuilt.builder,
        outcome,
        source: rebuilt.repository,
        commit: rebuilt.commit,
        definition: rebuilt.definition.or(rebuilt.strategy),
        finished: rebuilt.finished,
        rebuilt: Some(rebuilt.rebuilt),
        stabilized,
        ..FileRebuild::default()
    }
}
