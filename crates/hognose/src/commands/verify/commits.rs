//! `--repository`: artifacts on disk against the commit they were built from, in a clone that is here.

use std::fs::File;
use std::io::Read as _;
use std::ops::ControlFlow;
use std::path::Path;

use hognose_advisories::Judgement;
use hognose_archive::tarball::{TarKind, walk_tar_gz};
use hognose_archive::zip::ZipArchive;
use hognose_archive::{ArchiveError, LimitedReader, Limits};
use hognose_provenance::commit::{Blobs, Comparer, Comparison};
use hognose_provenance::judge;
use hognose_types::{Inventory, Notice, Places};

use super::attested::{Looked, Origin};
use super::notice;
use super::releases::{Local, Release};
use crate::cli::VerifyArgs;
use crate::error::Failure;
use crate::revision;
use crate::surroundings::Surroundings;

/// Largest file that is compared.
const MAX_FILE: u64 = 256 << 20;

/// Compares every artifact on disk with its commit.
pub(super) fn add(
    args: &VerifyArgs,
    looks: &[Looked<'_>],
    inventory: &Inventory,
    surroundings: &Surroundings,
    evidence: &mut Judgement,
    notices: &mut Vec<Notice>,
) -> Result<(), Failure> {
    let Some(repository) = &args.repository else {
        return Ok(());
    };
    if looks.iter().all(|look| look.release.local.is_empty()) {
        return Err(
            Failure::usage("`--repository` compares artifacts on disk, and none is named")
                .hint("download the wheel or sdist and name it"),
        );
    }
    let mut places = Places::new(inventory);
    for look in looks {
        let release = judge::Release {
            inventory,
            members: &look.release.members,
        };
        for (at, local) in look.release.local.iter().enumerate() {
            let one = commit(args, look, at)
                .or_else(|| tagged(look.release, repository, surroundings))
                .ok_or_else(|| "no attestation and no tag names its commit".to_owned())
                .and_then(|commit| compared(repository, &commit, local, surroundings));
            match one {
                Ok((commit, found)) => {
                    let finding = release.uncommitted(&local.file, &commit, &found, &mut places);
                    evidence.findings.extend(finding);
                    notices.push(notice(told(&local.file, &commit, &found)));
                }
                Err(reason) => {
                    let message = format!("{}: {reason}", local.file);
                    let hint = "name the commit with `--commit`, or fetch it into the repository";
                    evidence.gaps.extend(release.gap(message, Some(hint)));
                }
            }
        }
    }
    Ok(())
}

/// The commit that is named, else that of the file's attestation.
fn commit(args: &VerifyArgs, look: &Looked<'_>, at: usize) -> Option<String> {
    if let Some(commit) = &args.commit {
        return Some(commit.clone());
    }
    match &look.files.get(at)?.origin {
        Origin::Judged(outcome) => outcome
            .attested()
            .iter()
            .find_map(|attested| attested.identity.commit.clone()),
        _ => None,
    }
}

/// The commit of the release's tag, by the ways in which projects write them.
fn tagged(release: &Release, repository: &Path, surroundings: &Surroundings) -> Option<String> {
    let (name, version) = (&release.name, &release.version);
    let tags = [
        format!("refs/tags/v{version}"),
        format!("refs/tags/{version}"),
        format!("refs/tags/{name}-{version}"),
        format!("refs/tags/{name}-v{version}"),
        format!("refs/tags/release-{version}"),
    ];
    tags.into_iter()
        .find(|tag| revision::commit(repository, tag, surroundings).is_ok())
}

fn compared(
    repository: &Path,
    commit: &str,
    local: &Local,
    surroundings: &Surroundings,
) -> Result<(String, Comparison), String> {
    let commit = revision::commit(repository, commit, surroundings)?;
    let listing = revision::files(repository, &commit, surroundings)?;
    let blobs = Blobs::parse(&listing).map_err(|e| e.to_string())?;
    let found = members(local, &blobs).map_err(|e| e.to_string())?;
    Ok((commit, found))
}

fn members(local: &Local, blobs: &Blobs) -> Result<Comparison, ArchiveError> {
    let file = File::open(&local.path).map_err(ArchiveError::Io)?;
    let limits = Limits {
        member_bytes: MAX_FILE,
        ..Limits::default()
    };
    let is_wheel = local.file.ends_with(".whl");
    let mut comparer = Comparer::new(blobs, !is_wheel);
    if is_wheel || local.file.ends_with(".zip") {
        let mut archive = ZipArchive::new(std::io::BufReader::new(file), limits)?;
        for at in 0..archive.members().len() {
            let Some(member) = archive.members().get(at).filter(|m| !m.is_directory()) else {
                continue;
            };
            let name = member.name.clone();
            comparer.add(&name, &archive.read(at)?);
        }
        return Ok(comparer.finish());
    }
    walk_tar_gz(file, &limits, &mut |member, reader| {
        if member.kind == TarKind::File {
            let mut bytes = Vec::new();
            let mut reader = LimitedReader::new(reader, MAX_FILE);
            reader.read_to_end(&mut bytes).map_err(ArchiveError::Io)?;
            comparer.add(&member.path, &bytes);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(comparer.finish())
}

/// What was compared, in numbers.
fn told(file: &str, commit: &str, found: &Comparison) -> String {
    let mut out = format!("{file}: {} files are those of commit {commit}", found.same);
    for (count, what) in [
        (found.generated.len(), "made by tools that are known"),
        (found.compiled, "compiled and not comparable"),
        (found.others, "metadata, data or texts that are not in it"),
    ] {
        if count > 0 {
            out.push_str(&format!(", {count} {what}"));
        }
    }
    out
}
