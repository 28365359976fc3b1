//! What indexes and files beside artifacts say of releases.

use std::path::PathBuf;

use hognose_advisories::Judgement;
use hognose_index::{IndexError, IndexFile};
use hognose_provenance::attestation::{
    Artifact, DocumentError, Outcome, Predicates, Trust, verify_bytes,
};
use hognose_provenance::memory;
use hognose_types::{Gap, InputFormat, Inventory, Notice, rules, text};

use super::attested::{Looked, Origin, Seen};
use super::releases::Release;
use super::{disk, notice};
use crate::cli::{Cli, VerifyArgs};
use crate::commands::scan::clients::Clients;
use crate::commands::scan::parallel;
use crate::error::Failure;
use crate::index_settings::{self, Asking, Indexes};
use crate::settings;
use crate::surroundings::Surroundings;

/// Releases that are asked about one after the other to learn whether an index answers at all.
const PROBES: usize = 2;

/// What asking takes.
#[derive(Debug)]
pub(super) struct Request<'a> {
    pub(super) args: &'a VerifyArgs,
    pub(super) cli: &'a Cli,
    pub(super) trust: &'a Trust,
    pub(super) surroundings: &'a Surroundings,
}

/// What an index has of a release, or why that is not known.
type Listed = Result<Vec<IndexFile>, String>;

/// Looks at every release.
pub(super) fn all<'r>(
    releases: &'r [Release],
    inventory: &'r Inventory,
    request: &Request<'_>,
    evidence: &mut Judgement,
    notices: &mut Vec<Notice>,
) -> Result<Vec<Looked<'r>>, Failure> {
    let indexes = indexes(request, inventory);
    let stock = indexes.as_ref().ok().and_then(|found| found.stock.as_ref());
    let predicates = stock.map_or_else(Predicates::of_any_host, |url| {
        Predicates::of_host(url.host())
    });
    let mut looks: Vec<Looked<'r>> = releases
        .iter()
        .map(|release| disk::look(release, inventory, request, &predicates))
        .collect::<Result<_, _>>()?;
    disk::named_file_was_used(&looks, request)?;
    let mut open: Vec<&mut Looked<'r>> = looks.iter_mut().filter(|look| is_open(look)).collect();
    if open.is_empty() {
        return Ok(looks);
    }
    match indexes {
        Ok(indexes) => of_indexes(&mut open, indexes, &predicates, request, evidence)?,
        Err(failure) => {
            evidence.gaps.push(no_index(open.len(), &failure.line()));
            for look in open {
                look.fail("no index was asked");
            }
        }
    }
    notices.extend(untold(&looks));
    Ok(looks)
}

/// Asks indexes for what is open: first for the files of every release, then for the attestations of every file.
fn of_indexes(
    open: &mut [&mut Looked<'_>],
    mut indexes: Indexes,
    predicates: &Predicates,
    request: &Request<'_>,
    evidence: &mut Judgement,
) -> Result<(), Failure> {
    let cache = request.args.cache_dir.as_deref();
    indexes.asking = Asking {
        cache: Some(settings::cache_of(cache, request.surroundings)?),
        offline: request.args.offline,
        revalidate: false,
    };
    let wanted: Vec<&Release> = open.iter().map(|look| look.release).collect();
    let pairs = wanted.iter().map(|r| (&r.name, r.source.as_str()));
    let clients = Clients::new(pairs, &indexes, request.surroundings);
    let listed = list(&wanted, &clients, request);
    for (look, files) in open.iter_mut().zip(listed) {
        take(look, files, evidence);
    }
    answer(open, &clients, predicates, request);
    index_settings::prune(&indexes.asking, request.surroundings);
    Ok(())
}

/// One file whose attestations are to be fetched.
struct Job<'j> {
    release: &'j Release,
    file: IndexFile,
    sha256: String,
    /// The release and the file, by their positions.
    at: (usize, usize),
}

/// Fetches and verifies the attestations of every file that has some.
fn answer(
    open: &mut [&mut Looked<'_>],
    clients: &Clients<'_>,
    predicates: &Predicates,
    request: &Request<'_>,
) {
    let mut jobs = Vec::new();
    for (at, look) in open.iter_mut().enumerate() {
        let release = look.release;
        for (place, seen) in look.files.iter_mut().enumerate() {
            let Some(file) = seen.announced.take() else {
                continue;
            };
            let Some(sha256) = seen.sha256.clone() else {
                let reason = "the index announces no sha256 for it";
                seen.origin = Origin::Unknown(reason.to_owned());
                continue;
            };
            jobs.push(Job {
                release,
                file: *file,
                sha256,
                at: (at, place),
            });
        }
    }
    let ask = |job: &Job<'_>| origin_of(job, clients, predicates, request.trust);
    let answers = parallel::each(&jobs, "verifying", request.cli.quiet, &ask);
    for (job, origin) in jobs.iter().zip(answers) {
        let look = open.get_mut(job.at.0);
        if let (Some(seen), Some(origin)) = (look.and_then(|l| l.files.get_mut(job.at.1)), origin) {
            seen.origin = origin;
        }
    }
}

fn origin_of(
    job: &Job<'_>,
    clients: &Clients<'_>,
    predicates: &Predicates,
    trust: &Trust,
) -> Origin {
    let client = match clients.of(&job.release.name, &job.release.source) {
        Ok(client) => client,
        Err(reason) => return Origin::Unknown(reason),
    };
    let artifact = Artifact {
        filename: &job.file.filename,
        sha256: &job.sha256,
    };
    match client.provenance_document(&job.file) {
        Ok(Some(bytes)) => Origin::Judged(verify_bytes(&bytes, &artifact, trust, predicates)),
        Ok(None) => {
            Origin::Unknown("the index announces attestations and does not have them".to_owned())
        }
        Err(IndexError::TooLarge { limit, .. }) => {
            Origin::Judged(Outcome::unreadable(DocumentError::TooLarge { limit }))
        }
        Err(error) => Origin::Unknown(text::short(&error.to_string(), 300)),
    }
}

/// What is said of releases of which the index does not tell.
fn untold(looks: &[Looked<'_>]) -> Option<Notice> {
    let silent = |look: &&Looked<'_>| {
        look.files
            .iter()
            .any(|s| matches!(s.origin, Origin::Untold))
    };
    let count = looks.iter().filter(silent).count();
    let plural = if count == 1 { "" } else { "s" };
    (count > 0).then(|| {
        notice(format!(
            "of {count} release{plural} the index does not say whether files are attested, as mirrors often do not: that is unknown, and no loss"
        ))
    })
}

fn indexes(request: &Request<'_>, inventory: &Inventory) -> Result<Indexes, Failure> {
    let args = request.args;
    let inputs = inventory.inputs.as_slice();
    // What requirements files say holds for them alone.
    let own = !inputs.is_empty() && inputs.iter().all(|i| i.format == InputFormat::Requirements);
    let paths: Vec<PathBuf> = inputs
        .iter()
        .filter(|_| own)
        .map(|i| i.path.clone().into())
        .collect();
    let python = args.input.python.as_deref();
    let trusted = !args.input.no_config;
    index_settings::find_for(&args.index, python, trusted, &paths, request.surroundings)
}

fn no_index(count: usize, reason: &str) -> Gap {
    let plural = if count == 1 { "" } else { "s" };
    Gap {
        rule: rules::gap_index::ID,
        subject: "package index".to_owned(),
        location: None,
        message: format!("no index was asked about {count} release{plural}: {reason}"),
        hint: Some("name an index with `--index-url`".to_owned()),
        groups: Vec::new(),
    }
}

/// Something about a release is still to be asked.
fn is_open(look: &Looked<'_>) -> bool {
    let unanswered = |seen: &Seen| matches!(seen.origin, Origin::Pinned);
    look.files.is_empty() || look.files.iter().any(unanswered)
}

/// The files that indexes have of every release.
fn list(wanted: &[&Release], clients: &Clients<'_>, request: &Request<'_>) -> Vec<Listed> {
    let silent = silence(wanted, clients);
    let ask = |release: &&Release| {
        let place = clients.place(&release.name, &release.source);
        let told = silent.iter().find(|(silent, _)| *silent == place);
        match told {
            Some((_, reason)) => Err(reason.clone()),
            None => files_of(release, clients).map_err(|e| e.0),
        }
    };
    let answers = parallel::each(wanted, "asking the index", request.cli.quiet, &ask);
    let ended = || Err("asking ended early".to_owned());
    answers
        .into_iter()
        .map(|a| a.unwrap_or_else(ended))
        .collect()
}

/// Places that answer nobody, and why: they are not waited for once for every release.
fn silence(wanted: &[&Release], clients: &Clients<'_>) -> Vec<(String, String)> {
    let mut out = Vec::new();
    let mut asked: Vec<(String, usize, bool)> = Vec::new();
    for release in wanted {
        let place = clients.place(&release.name, &release.source);
        let at = asked.iter().position(|(known, _, _)| *known == place);
        let at = at.unwrap_or_else(|| {
            asked.push((place.clone(), 0, false));
            asked.len() - 1
        });
        let Some((_, failures, answers)) = asked.get_mut(at) else {
            continue;
        };
        if *answers || *failures >= PROBES {
            continue;
        }
        match files_of(release, clients) {
            Err((reason, true)) => {
                *failures += 1;
                if *failures == PROBES {
                    out.push((place, reason));
                }
            }
            _ => *answers = true,
        }
    }
    out
}

/// The files of one release; else the reason, and whether nobody answered at all.
fn files_of(release: &Release, clients: &Clients<'_>) -> Result<Vec<IndexFile>, (String, bool)> {
    let client = clients
        .of(&release.name, &release.source)
        .map_err(|reason| (reason, false))?;
    let listing = client.files(&release.name).map_err(|error| {
        let silent = matches!(
            error,
            IndexError::Timeout { .. } | IndexError::Request { .. }
        );
        (text::short(&error.to_string(), 300), silent)
    })?;
    if listing.known_to.is_empty() {
        return Err(("no index has this project".to_owned(), false));
    }
    let files = listing.files.into_iter();
    let own: Vec<IndexFile> = files.filter(|f| f.version == release.version).collect();
    if own.is_empty() {
        return Err(("no index has files of this release".to_owned(), false));
    }
    Ok(own)
}

/// Sorts the files of an index into those that count and those that are only remembered.
fn take(look: &mut Looked<'_>, listed: Listed, evidence: &mut Judgement) {
    let files = match listed {
        Ok(files) => files,
        Err(reason) => {
            if let Some(mut gap) = gap(look, &reason) {
                gap.rule = rules::gap_index::ID;
                evidence.gaps.push(gap);
            }
            look.fail(&reason);
            return;
        }
    };
    let release = look.release;
    if !release.local.is_empty() {
        for file in files {
            match look
                .files
                .iter_mut()
                .find(|seen| seen.file == file.filename)
            {
                Some(seen) => compared(seen, &file),
                None => look.others.push(unverified(file)),
            }
        }
        for seen in &mut look.files {
            if matches!(seen.origin, Origin::Pinned) && seen.other_bytes.is_none() {
                seen.origin = Origin::Unknown("no index has this file".to_owned());
            }
        }
        return;
    }
    let allowed = |file: &IndexFile| {
        let sha256 = file.sha256.as_ref();
        release.pinned.is_empty() || sha256.is_none_or(|s| release.pinned.contains(s))
    };
    let (own, others): (Vec<_>, Vec<_>) = files.into_iter().partition(allowed);
    if own.is_empty() {
        let reason = "none of the files that are pinned is on the index";
        evidence.gaps.extend(gap(look, reason));
    }
    look.others = others.into_iter().map(unverified).collect();
    look.files = own.into_iter().map(announced).collect();
}

fn gap(look: &Looked<'_>, reason: &str) -> Option<Gap> {
    let release = hognose_provenance::judge::Release {
        inventory: look.inventory,
        members: &look.release.members,
    };
    release.gap(reason, None)
}

/// A file on disk beside the one that an index has under its name.
fn compared(seen: &mut Seen, file: &IndexFile) {
    seen.uploaded.clone_from(&file.upload_time);
    let announced = file
        .sha256
        .as_ref()
        .filter(|a| seen.sha256.as_ref() != Some(a));
    if let (Some(announced), None) = (announced, &seen.other_bytes) {
        seen.other_bytes = Some(("the index announces".to_owned(), announced.clone()));
    }
    if matches!(seen.origin, Origin::Pinned) {
        seen.origin = origin(file);
        seen.announced = file.provenance.is_some().then(|| Box::new(file.clone()));
    }
}

/// What the page alone says.
fn origin(file: &IndexFile) -> Origin {
    match (&file.provenance, file.tells_provenance) {
        // The answer is yet to come.
        (Some(_), _) => Origin::Unknown("it was not asked for".to_owned()),
        (None, true) => Origin::Unattested,
        (None, false) => Origin::Untold,
    }
}

fn announced(file: IndexFile) -> Seen {
    Seen {
        origin: origin(&file),
        file: file.filename.clone(),
        sha256: file.sha256.clone(),
        uploaded: file.upload_time.clone(),
        other_bytes: None,
        rebuilds: Vec::new(),
        announced: file.provenance.is_some().then(|| Box::new(file)),
    }
}

fn unverified(file: IndexFile) -> (String, memory::File) {
    let known = memory::File {
        sha256: file.sha256,
        uploaded: file.upload_time,
        attested: memory::Presence::Unknown,
    };
    (file.filename, known)
}
