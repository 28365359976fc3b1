//! `--repository` and `--forge`: artifacts on disk against the commit they were built from, in a clone that is here or on a forge.

use std::fs::File;
use std::io::Read as _;
use std::ops::ControlFlow;
use std::path::Path;
use std::rc::Rc;

use hognose_advisories::Judgement;
use hognose_archive::tarball::{TarKind, walk_tar_gz};
use hognose_archive::zip::ZipArchive;
use hognose_archive::{ArchiveError, LimitedReader, Limits};
use hognose_provenance::attestation::Identity;
use hognose_provenance::commit::{Blobs, Comparer, Comparison};
use hognose_provenance::judge;
use hognose_types::{Inventory, Notice, Places};

use super::attested::{Looked, Origin};
use super::forge::{Forge, Wanted};
use super::notice;
use super::releases::{Local, Release};
use crate::cli::VerifyArgs;
use crate::error::Failure;
use crate::revision;
use crate::surroundings::Surroundings;

/// Largest file that is compared.
const MAX_FILE: u64 = 256 << 20;

/// Where commits are looked up.
enum Source<'s> {
    Clone(&'s Path, &'s Surroundings),
    Forge(Box<Forge>),
}

impl<'s> Source<'s> {
    /// The one that is named, if any.
    fn of(args: &'s VerifyArgs, surroundings: &'s Surroundings) -> Result<Option<Self>, Failure> {
        let named = args.forge.as_deref();
        let Some(repository) = &args.repository else {
            let forge = named.map(|named| Forge::new(Some(named), None, surroundings));
            return Ok(forge.transpose()?.map(|forge| Self::Forge(Box::new(forge))));
        };
        let address = repository.to_str().filter(|text| is_address(text));
        let Some(address) = address else {
            if named.is_some() {
                return Err(Failure::usage(
                    "`--repository` names a clone that is here, so `--forge` has nothing to do",
                ));
            }
            return Ok(Some(Self::Clone(repository, surroundings)));
        };
        let forge = Forge::new(named, Some(address), surroundings)?;
        Ok(Some(Self::Forge(Box::new(forge))))
    }

    /// The files of the commit of an artifact.
    fn files(&self, args: &VerifyArgs, look: &Looked<'_>, at: usize) -> Result<Found, String> {
        let tags = tags(look.release);
        let attested = attested(look, at);
        let named = args.commit.as_deref();
        match self {
            Self::Clone(repository, surroundings) => {
                let attested = attested.and_then(|identity| identity.commit.clone());
                let commit = named
                    .map(str::to_owned)
                    .or(attested)
                    .or_else(|| tagged(&tags, repository, surroundings))
                    .ok_or_else(|| "no attestation and no tag names its commit".to_owned())?;
                listed(repository, &commit, surroundings)
            }
            Self::Forge(_) if args.offline => {
                Err("no forge is asked offline; name a clone with `--repository`".to_owned())
            }
            Self::Forge(forge) => forge.files(&Wanted {
                named,
                attested,
                tags: &tags,
            }),
        }
    }
}

fn is_address(text: &str) -> bool {
    text.starts_with("https://") || text.starts_with("http://")
}

/// Compares every artifact on disk with its commit.
pub(super) fn add(
    args: &VerifyArgs,
    looks: &[Looked<'_>],
    inventory: &Inventory,
    surroundings: &Surroundings,
    evidence: &mut Judgement,
    notices: &mut Vec<Notice>,
) -> Result<(), Failure> {
    let Some(source) = Source::of(args, surroundings)? else {
        return Ok(());
    };
    if looks.iter().all(|look| look.release.local.is_empty()) {
        return Err(Failure::usage(
            "a commit is compared with artifacts on disk, and none is named",
        )
        .hint("download the wheel or sdist and name it"));
    }
    let mut places = Places::new(inventory);
    for look in looks {
        let release = look.release();
        for (at, local) in look.release.local.iter().enumerate() {
            let one = source.files(args, look, at).and_then(|(commit, blobs)| {
                let found = members(local, &blobs).map_err(|e| e.to_string())?;
                Ok((commit, found))
            });
            match one {
                Ok((commit, found)) => {
                    let base = format!("commit {commit}");
                    let finding = release.uncommitted(&local.file, &base, &found, &mut places);
                    evidence.findings.extend(finding);
                    notices.push(notice(told(&local.file, &base, &found)));
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

/// What the file's attestation says of who built it.
fn attested<'l>(look: &'l Looked<'_>, at: usize) -> Option<&'l Identity> {
    match &look.files.get(at)?.origin {
        Origin::Judged(outcome) => {
            let mut all = outcome.attested().iter().map(|one| &one.identity);
            all.find(|identity| identity.commit.is_some())
        }
        _ => None,
    }
}

/// Tags of a release, by the ways in which projects write them.
fn tags(release: &Release) -> [String; 5] {
    let (name, version) = (&release.name, &release.version);
    [
        format!("v{version}"),
        version.to_string(),
        format!("{name}-{version}"),
        format!("{name}-v{version}"),
        format!("release-{version}"),
    ]
}

fn tagged(tags: &[String], repository: &Path, surroundings: &Surroundings) -> Option<String> {
    let mut names = tags.iter().map(|tag| format!("refs/tags/{tag}"));
    names.find(|tag| revision::commit(repository, tag, surroundings).is_ok())
}

/// A commit and its files.
type Found = (String, Rc<Blobs>);

fn listed(repository: &Path, commit: &str, surroundings: &Surroundings) -> Result<Found, String> {
    let commit = revision::commit(repository, commit, surroundings)?;
    if !revision::is_reachable(repository, &commit, surroundings)? {
        return Err(format!(
            "no branch or tag of the repository leads to commit {commit}: it may be of a fork"
        ));
    }
    let listing = revision::files(repository, &commit, surroundings)?;
    let blobs = Blobs::parse(&listing).map_err(|e| e.to_string())?;
    Ok((commit, Rc::new(blobs)))
}

fn members(local: &Local, blobs: &Blobs) -> Result<Comparison, ArchiveError> {
    let mut comparer = Comparer::new(blobs, !is_wheel(local));
    each(local, &mut |path, bytes| comparer.add(path, bytes))?;
    Ok(comparer.finish())
}

fn is_wheel(local: &Local) -> bool {
    local.file.ends_with(".whl")
}

/// Compares every wheel on disk with the sdist of its release that lies on disk too.
pub(super) fn with_sdists(
    args: &VerifyArgs,
    looks: &[Looked<'_>],
    inventory: &Inventory,
    evidence: &mut Judgement,
    notices: &mut Vec<Notice>,
) -> Result<(), Failure> {
    if !args.against_sdist {
        return Ok(());
    }
    let mut places = Places::new(inventory);
    let mut pairs = 0_usize;
    for look in looks {
        let release = judge::Release {
            inventory,
            members: &look.release.members,
        };
        let Some(sdist) = look.release.local.iter().find(|local| !is_wheel(local)) else {
            continue;
        };
        for wheel in look.release.local.iter().filter(|local| is_wheel(local)) {
            pairs += 1;
            match beside(sdist, wheel) {
                Ok(found) => {
                    let base = format!("its sdist {}", sdist.file);
                    let finding = release.uncommitted(&wheel.file, &base, &found, &mut places);
                    evidence.findings.extend(finding);
                    notices.push(notice(told(&wheel.file, &base, &found)));
                }
                Err(error) => {
                    let message = format!("{}: {error}", wheel.file);
                    evidence.gaps.extend(release.gap(message, None));
                }
            }
        }
    }
    if pairs > 0 {
        return Ok(());
    }
    let message = "`--against-sdist` compares a wheel with the sdist of its release, and no such pair is named";
    Err(Failure::usage(message).hint("name both files, or a directory that holds them"))
}

fn beside(sdist: &Local, wheel: &Local) -> Result<Comparison, ArchiveError> {
    let mut blobs = Blobs::default();
    each(sdist, &mut |path, bytes| {
        let inside = path.split_once('/').map_or(path, |(_, inside)| inside);
        blobs.insert(inside, bytes);
    })?;
    members(wheel, &blobs)
}

/// Every file of an artifact, by its path in it.
fn each(local: &Local, work: &mut dyn FnMut(&str, &[u8])) -> Result<(), ArchiveError> {
    let file = File::open(&local.path).map_err(ArchiveError::Io)?;
    let limits = Limits {
        member_bytes: MAX_FILE,
        ..Limits::default()
    };
    if is_wheel(local) || local.file.ends_with(".zip") {
        let mut archive = ZipArchive::new(std::io::BufReader::new(file), limits)?;
        for at in 0..archive.members().len() {
            let Some(member) = archive.members().get(at).filter(|m| !m.is_directory()) else {
                continue;
            };
            let name = member.name.clone();
            work(&name, &archive.read(at)?);
        }
        return Ok(());
    }
    walk_tar_gz(file, &limits, &mut |member, reader| {
        if member.kind == TarKind::File {
            let mut bytes = Vec::new();
            let mut reader = LimitedReader::new(reader, MAX_FILE);
            reader.read_to_end(&mut bytes).map_err(ArchiveError::Io)?;
            work(&member.path, &bytes);
        }
        Ok(ControlFlow::Continue(()))
    })
}

/// What was compared, in numbers.
fn told(file: &str, base: &str, found: &Comparison) -> String {
    let mut out = format!("{file}: {} files are those of {base}", found.same);
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
