//! What the indexes say of a project, put on its card.

use std::collections::BTreeMap;

use hognose_identity::facts::{ProjectFacts, Repository};
use hognose_index::{
    Choice, Client, FileKind, IndexError, IndexFile, IndexUrl, Metadata, MetadataSource, Project,
    ProjectPage, Release, Upload, Yanked, choose,
};
use hognose_report::{Card, CardFile, CardWhat, CardYank};
use hognose_types::{Version, text};

use super::{age, pythons};
use crate::commands::inspect::Wanted;
use crate::project_facts;

/// The answer of one index.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) index: IndexUrl,
    pub(super) page: Result<Option<ProjectPage>, IndexError>,
}

/// The answers of all indexes.
#[derive(Debug)]
pub(super) struct Answers {
    pub(super) asked: Vec<Asked>,
}

/// What the project page says of files, by name.
type Uploads<'a> = BTreeMap<&'a str, &'a Upload>;

impl Answers {
    /// Asks every index for the project's page.
    pub(super) fn ask(client: &Client, wanted: &Wanted) -> Self {
        let mut asked = Vec::new();
        for index in client.indexes() {
            let page = client.page(index, &wanted.name);
            let settles = client.stops_at_first() && matches!(page, Ok(Some(_)));
            asked.push(Asked {
                index: index.clone(),
                page,
            });
            if settles {
                break;
            }
        }
        Self { asked }
    }

    /// Why nothing is known, when no index has the project and not all of them said that they do not.
    pub(super) fn nothing(&self) -> Option<&IndexError> {
        let mut pages = self.asked.iter().map(|a| &a.page);
        if pages.clone().any(|p| matches!(p, Ok(Some(_)))) {
            return None;
        }
        pages.find_map(|p| p.as_ref().err())
    }

    fn pages(&self) -> impl Iterator<Item = (&IndexUrl, &ProjectPage)> {
        self.asked
            .iter()
            .filter_map(|a| Some((&a.index, a.page.as_ref().ok()?.as_ref()?)))
    }
}

/// Puts everything on the card that indexes say; answers it as facts for rules, where there is the project.
pub(super) fn fill(
    card: &mut Card,
    client: &Client,
    answers: &Answers,
    wanted: &Wanted,
    now: i64,
) -> Option<ProjectFacts> {
    for asked in &answers.asked {
        if let Err(error) = &asked.page {
            card.complete = false;
            card.warnings
                .push(format!("not all indexes answered: {error}"));
        }
    }
    let Some((index, first)) = answers.pages().next() else {
        absent(card);
        return None;
    };
    let files: Vec<&IndexFile> = answers.pages().flat_map(|(_, page)| &page.files).collect();
    let project = settled(
        card,
        client.project(index, &wanted.name),
        "its project page",
    );
    let owned: Vec<IndexFile> = files.iter().map(|f| (*f).clone()).collect();
    let uploads = project.iter().flat_map(|p| &p.uploads);
    let uploads: Uploads<'_> = uploads.map(|u| (u.filename.as_str(), u)).collect();
    status(card, first, &owned);
    let choice = wanted
        .version
        .clone()
        .map_or(Choice::Latest, Choice::Exactly);
    let chosen = choose(&owned, &choice);
    match &chosen {
        Some(release) => shown(card, release, &owned, &uploads),
        None => missing(card, wanted),
    }
    age::fill(card, &owned, &uploads, now);
    contradictions(card, &owned, &uploads);
    let best = chosen
        .as_ref()
        .and_then(|r| r.wheel.as_ref().or(r.sdist.as_ref()));
    let metadata = best.and_then(|file| {
        let found = client.metadata(file).map(Some);
        settled(card, found, "the metadata of the release")
    });
    described(card, metadata.as_ref(), best, project.as_ref());
    pythons::check(card, now);
    unsaid(card, &owned, project.is_some());
    let pages: Vec<ProjectPage> = answers.pages().map(|(_, page)| page.clone()).collect();
    let mut facts = project_facts::of(&wanted.name, index, &pages, project.as_ref());
    let attested = owned.iter().filter(|f| f.provenance.is_some());
    let shown = attested.filter(|f| Some(f.version.as_str()) == card.version.as_deref());
    if let Some(file) = shown.max_by(|a, b| a.filename.cmp(&b.filename)) {
        let publisher = client.publisher(file);
        let link = settled(card, publisher, "who published it");
        facts.publisher = link.as_deref().and_then(Repository::of_link);
    }
    Some(facts)
}

fn absent(card: &mut Card) {
    card.warnings.push(format!(
        "{} is not on the index: whoever registers the name decides what it installs",
        card.name
    ));
}

fn missing(card: &mut Card, wanted: &Wanted) {
    card.warnings.push(match &wanted.version {
        Some(version) => format!("the index has no file of {} {version}", wanted.name),
        None => "the index has the name and no file that was not withdrawn".to_owned(),
    });
}

/// An answer, or a note that there is none. Offline it is nobody's fault.
fn settled<T>(card: &mut Card, answer: Result<Option<T>, IndexError>, what: &str) -> Option<T> {
    match answer {
        Ok(found) => found,
        Err(IndexError::Offline { .. }) => {
            card.unknown.push(format!(
                "{what}: working offline, and no earlier answer is kept"
            ));
            None
        }
        Err(error) => {
            card.complete = false;
            card.unknown.push(format!("{what}: {error}"));
            None
        }
    }
}

fn status(card: &mut Card, page: &ProjectPage, files: &[IndexFile]) {
    if let Some(status) = &page.status {
        card.status.project = Some(status.status.clone());
        card.status.reason.clone_from(&status.reason);
        if status.status != "active" {
            let line = format!("the index calls the project {}", status.status);
            card.warnings.push(line);
        }
    }
    let newest = files.iter().map(|f| &f.version).max();
    card.status.newest = newest.map(ToString::to_string);
    let stable = files
        .iter()
        .filter(|f| !f.yanked.is_yanked() && !f.version.is_prerelease());
    let stable = stable.map(|f| &f.version).max();
    card.status.newest_stable = stable.map(ToString::to_string);
    let mut yanked: BTreeMap<&Version, Vec<&IndexFile>> = BTreeMap::new();
    for file in files {
        yanked.entry(&file.version).or_default().push(file);
    }
    // Withdrawn is a matter of files; a release is when all of them are.
    yanked.retain(|_, files| files.iter().all(|f| f.yanked.is_yanked()));
    let one = |(version, files): (&&Version, &Vec<&IndexFile>)| CardYank {
        version: version.to_string(),
        reason: files.iter().find_map(|f| match &f.yanked {
            Yanked::Yes(Some(reason)) => Some(text::short(reason, 200)),
            _ => None,
        }),
    };
    card.status.yanked = yanked.iter().rev().map(one).collect();
}

fn shown(card: &mut Card, release: &Release, files: &[IndexFile], uploads: &Uploads<'_>) {
    let version = release.version.to_string();
    let of_it = files.iter().filter(|f| f.version == release.version);
    card.files = of_it.map(|file| card_file(file, uploads)).collect();
    if card.files.iter().all(|f| f.yanked) {
        card.warnings.push(format!("{version} was withdrawn"));
    }
    if let Some(newest) = card.status.newest_stable.clone().filter(|n| *n != version)
        && Version::new(&newest).is_ok_and(|n| n > release.version)
    {
        card.warnings
            .push(format!("{version} is not the newest: {newest} is"));
    }
    card.version = Some(version);
}

fn card_file(file: &IndexFile, uploads: &Uploads<'_>) -> CardFile {
    let upload = uploads.get(file.filename.as_str());
    CardFile {
        name: file.filename.clone(),
        kind: match file.kind {
            FileKind::Wheel => "wheel",
            FileKind::Sdist => "sdist",
        },
        size: file.size.or_else(|| upload?.size),
        sha256: file.sha256.clone(),
        uploaded: age::time(file, upload.copied()).map(str::to_owned),
        yanked: file.yanked.is_yanked(),
        attested: file.provenance.is_some(),
    }
}

/// Two answers of one index, or two indexes, that cannot both be true.
fn contradictions(card: &mut Card, files: &[IndexFile], uploads: &Uploads<'_>) {
    let mut digests: BTreeMap<&str, &str> = BTreeMap::new();
    let mut names: Vec<&str> = Vec::new();
    for file in files {
        let name = file.filename.as_str();
        let Some(sha256) = file.sha256.as_deref() else {
            continue;
        };
        let other = uploads.get(name).and_then(|u| u.sha256.as_deref());
        let before = digests.insert(name, sha256);
        let differs = |other: &str| !other.eq_ignore_ascii_case(sha256);
        if other.is_some_and(differs) || before.is_some_and(differs) {
            names.push(name);
        }
    }
    if let Some(first) = names.first() {
        card.warnings.push(format!(
            "two answers announce different digests for {} of its files, such as {first}: one of them is not what was uploaded",
            names.len()
        ));
    }
}

/// What the release says of itself; where its metadata cannot be had, what the index says of the newest one.
fn described(
    card: &mut Card,
    metadata: Option<&Metadata>,
    file: Option<&IndexFile>,
    project: Option<&Project>,
) {
    if let Some(project) = project {
        let maintainers = project.maintainers.as_ref();
        card.who.maintainers = maintainers
            .map(|m| m.users.clone())
            .filter(|u| !u.is_empty());
        card.who.organization = maintainers.and_then(|m| m.organization.clone());
    }
    let classifiers = if let Some(found) = metadata {
        card.what = CardWhat {
            summary: found.summary.clone(),
            license: found.license.clone(),
            links: found.links.clone(),
            requirements: Some(found.requires.len()),
            source: Some(source(found.source, file)),
            ..CardWhat::default()
        };
        card.who.people.clone_from(&found.people);
        card.status
            .requires_python
            .clone_from(&found.requires_python);
        &found.classifiers
    } else if let Some(found) = project {
        let version = found.version.as_deref().unwrap_or("the newest release");
        card.what = CardWhat {
            summary: found.summary.clone(),
            license: found.license.clone(),
            links: found.links.clone(),
            // Empty is also what it is where the page does not say.
            requirements: Some(found.requires.len()).filter(|needs| *needs > 0),
            source: Some(format!("the index's project page, about {version}")),
            ..CardWhat::default()
        };
        card.who.people.clone_from(&found.people);
        card.status
            .requires_python
            .clone_from(&found.requires_python);
        &found.classifiers
    } else {
        let stated = file.and_then(|f| f.requires_python.as_deref());
        card.status.requires_python = stated.map(|r| text::short(r, 200));
        return;
    };
    let kinds = [
        "Development Status ::",
        "Private ::",
        "License ::",
        "Typing ::",
    ];
    let matters = |c: &&String| kinds.iter().any(|kind| c.starts_with(kind));
    card.what.classifiers = classifiers.iter().filter(matters).cloned().collect();
    card.status.pythons = pythons::named(classifiers);
}

fn source(source: MetadataSource, file: Option<&IndexFile>) -> String {
    let name = file.map_or("the file", |f| f.filename.as_str());
    match source {
        MetadataSource::Beside(true) => {
            format!("the metadata that the index keeps beside {name}, with the digest announced")
        }
        MetadataSource::Beside(false) => {
            format!(
                "the metadata that the index keeps beside {name}, for which it announces no digest"
            )
        }
        MetadataSource::Ranges => format!("the end of {name}"),
        MetadataSource::Wheel(true) | MetadataSource::Sdist(true) => {
            format!("{name}, with the digest announced")
        }
        _ => format!("{name}, for which the index announces no digest"),
    }
}

/// What indexes may say and these do not.
fn unsaid(card: &mut Card, files: &[IndexFile], has_project: bool) {
    if card.status.project.is_none() {
        card.unknown
            .push("whether it is archived or deprecated: the index does not say".to_owned());
    }
    if card.who.maintainers.is_none() {
        let why = if has_project {
            "the index's project page does not say"
        } else {
            "the index has no project page"
        };
        card.unknown.push(format!("who may upload: {why}"));
    }
    if !files.is_empty() && files.iter().all(|f| f.provenance.is_none()) {
        card.unknown.push(
            "who built it: the index announces no attestation for any file, which an index that keeps none does too"
                .to_owned(),
        );
    }
    if !files.is_empty() && files.iter().all(|f| f.sha256.is_none()) {
        card.unknown
            .push("whether its files are those uploaded: the index announces no sha256".to_owned());
    }
}
