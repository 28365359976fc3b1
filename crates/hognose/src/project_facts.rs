//! What indexes answered, as facts that rules judge.

use std::collections::{BTreeMap, BTreeSet};

use hognose_identity::facts::{
    Attested, Details, FileFacts, Origin, Presence, ProjectFacts, Repository, Standing,
    mail_domains,
};
use hognose_index::{IndexFile, IndexUrl, Project, ProjectPage, Upload, Yanked};
use hognose_types::PackageName;

/// Most accounts, domains and repositories of a project that are looked at.
const MAX_NAMES: usize = 200;

/// Puts together what one or several indexes say of a project that is there.
pub(crate) fn of(
    name: &PackageName,
    index: &IndexUrl,
    pages: &[ProjectPage],
    project: Option<&Project>,
) -> ProjectFacts {
    let index = index.without_credentials().plain();
    let mut facts = ProjectFacts::only(name.clone(), Presence::Present, index);
    let listed = project.iter().flat_map(|p| &p.uploads);
    let listed: BTreeMap<&str, &Upload> = listed.map(|u| (u.filename.as_str(), u)).collect();
    for page in pages {
        let attests = page.files.iter().any(|f| f.provenance.is_some());
        let files = page.files.iter();
        facts.files.extend(files.map(|file| {
            let upload = listed.get(file.filename.as_str()).copied();
            file_facts(file, upload, attests)
        }));
        facts.others += page.others;
    }
    // The worst that any of them says: an index that does not know of it does not clear a project.
    facts.standing = pages
        .iter()
        .filter_map(|p| p.status.as_ref())
        .filter_map(|s| Some((Standing::from_word(&s.status)?, s.reason.clone())))
        .max_by_key(|(standing, _)| *standing);
    facts.details = project.map(details);
    facts
}

/// True when a project page would add to what pages say of their files: when they were uploaded, why they were withdrawn.
pub(crate) fn lacks(pages: &[ProjectPage]) -> bool {
    let mut files = pages.iter().flat_map(|page| &page.files);
    files.any(|file| {
        let undated = file
            .upload_time
            .as_deref()
            .is_none_or(|t| seconds(t).is_none());
        undated || file.yanked == Yanked::Yes(None)
    })
}

fn file_facts(file: &IndexFile, upload: Option<&Upload>, attests: bool) -> FileFacts {
    let paged = file.upload_time.as_deref().and_then(seconds);
    let listed = || upload?.time.as_deref().and_then(seconds);
    let uploaded = paged
        .map(|at| (at, Origin::Page))
        .or_else(|| Some((listed()?, Origin::ProjectPage)));
    FileFacts {
        filename: file.filename.clone(),
        version: file.version.clone(),
        uploaded,
        yanked: file.yanked.is_yanked(),
        reason: match &file.yanked {
            Yanked::Yes(reason) => reason
                .clone()
                .or_else(|| upload.and_then(|u| u.reason.clone())),
            Yanked::No => None,
        },
        sha256: file.sha256.clone(),
        requires_python: file.requires_python.clone(),
        attested: match (&file.provenance, attests) {
            (Some(_), _) => Attested::Yes,
            (None, true) => Attested::No,
            (None, false) => Attested::Unknown,
        },
    }
}

fn details(project: &Project) -> Details {
    let maintainers = project.maintainers.as_ref();
    let owners: BTreeSet<String> = maintainers
        .into_iter()
        .flat_map(|m| m.users.iter().take(MAX_NAMES).cloned())
        .collect();
    let domains = project.people.iter().flat_map(|text| mail_domains(text));
    let links = project.links.iter().filter(|(label, _)| is_source(label));
    let repositories = links.filter_map(|(_, link)| Repository::of_link(link));
    Details {
        owners: Some(owners).filter(|o| !o.is_empty()),
        organization: maintainers.and_then(|m| m.organization.clone()),
        mail_domains: domains.take(MAX_NAMES).collect(),
        repositories: repositories.take(MAX_NAMES).collect(),
        classifiers: project.classifiers.clone(),
        description: project.description,
        version: project.version.clone(),
    }
}

/// Labels under which a project names its own repository; others may lead to anybody's.
fn is_source(label: &str) -> bool {
    let label = label.to_ascii_lowercase();
    ["source", "repo", "code", "github", "gitlab", "home"]
        .iter()
        .any(|word| label.contains(word))
}

/// A time as indexes write it, in Unix seconds.
pub(crate) fn seconds(time: &str) -> Option<i64> {
    let time: jiff::Timestamp = time.parse().ok()?;
    Some(time.as_second())
}
