//! What an index says of a project beyond its files: the legacy JSON of `…/pypi/NAME/json`.
//!
//! The Simple API has no people, no licence and no address of a repository; upload times and sizes are optional in it.
//! Indexes that speak only HTML often have this page all the same. It is a convention, not a specification: everything
//! in it may be missing, and what is missing is unknown.

use std::collections::BTreeMap;

use hognose_types::PackageName;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::json::{Hashes, Text};
use crate::{Client, IndexError, IndexUrl};

/// What an index knows of a project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Project {
    /// The newest version, as the index counts.
    pub version: Option<String>,
    /// One line.
    pub summary: Option<String>,
    /// How long the description is, in bytes.
    pub description: Option<usize>,
    /// Names and addresses of authors and maintainers, as written.
    pub people: Vec<String>,
    /// Who may upload.
    pub maintainers: Option<Maintainers>,
    /// Licence expression, else the licence field.
    pub license: Option<String>,
    /// Trove classifiers.
    pub classifiers: Vec<String>,
    /// Labels and addresses of project links; the home page is `Homepage`.
    pub links: BTreeMap<String, String>,
    /// The versions of Python it is for.
    pub requires_python: Option<String>,
    /// What it needs.
    pub requires: Vec<String>,
    /// Every file of every version; none where they were not asked for.
    pub uploads: Vec<Upload>,
}

/// Who may upload to a project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Maintainers {
    /// User names, sorted.
    pub users: Vec<String>,
    /// The organisation that owns it.
    pub organization: Option<String>,
}

/// One file of one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// The version, as written.
    pub version: String,
    /// Its name.
    pub filename: String,
    /// When, as RFC 3339.
    pub time: Option<String>,
    /// Bytes.
    pub size: Option<u64>,
    /// sha256 in hexadecimal.
    pub sha256: Option<String>,
    /// Withdrawn.
    pub yanked: bool,
    /// Why.
    pub reason: Option<String>,
}

/// Most files taken of one project.
const MAX_UPLOADS: usize = 100_000;
/// Longest text taken.
const MAX_TEXT: usize = 2_000;

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow, default)]
    info: Info<'a>,
    // Most of the document, and read only where the page of the Simple API leaves something out.
    #[serde(borrow, default)]
    releases: Option<&'a RawValue>,
    #[serde(borrow, default)]
    urls: Option<&'a RawValue>,
    #[serde(default)]
    ownership: Option<Ownership>,
}

#[derive(Default, Deserialize)]
struct Info<'a> {
    version: Option<String>,
    summary: Option<String>,
    #[serde(borrow)]
    description: Option<Text<'a>>,
    author: Option<String>,
    author_email: Option<String>,
    maintainer: Option<String>,
    maintainer_email: Option<String>,
    license: Option<String>,
    license_expression: Option<String>,
    home_page: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    project_urls: BTreeMap<String, Option<String>>,
    #[serde(default, deserialize_with = "or_default")]
    classifiers: Vec<String>,
    requires_python: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    requires_dist: Vec<String>,
}

#[derive(Deserialize)]
struct File<'a> {
    #[serde(default)]
    filename: String,
    upload_time_iso_8601: Option<String>,
    size: Option<u64>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    digests: Hashes<'a>,
    #[serde(default, deserialize_with = "or_default")]
    yanked: bool,
    yanked_reason: Option<String>,
}

#[derive(Deserialize)]
struct Ownership {
    #[serde(default, deserialize_with = "or_default")]
    roles: Vec<OwnerRole>,
    organization: Option<String>,
}

#[derive(Deserialize)]
struct OwnerRole {
    user: String,
}

/// `null` counts as missing.
fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    d: D,
) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(d)?.unwrap_or_default())
}

impl Client {
    /// What the first index that has such a page says of a project; none where it has none, which says nothing about
    /// the project.
    ///
    /// # Errors
    ///
    /// An index that could not be asked, or an answer that is no such page.
    pub fn project(
        &self,
        index: &IndexUrl,
        name: &PackageName,
    ) -> Result<Option<Project>, IndexError> {
        self.project_page(index, name, true)
    }

    /// The same without its uploads, for where the page of the Simple API says all that they would.
    ///
    /// # Errors
    ///
    /// As of [`Client::project`].
    pub fn project_without_uploads(
        &self,
        index: &IndexUrl,
        name: &PackageName,
    ) -> Result<Option<Project>, IndexError> {
        self.project_page(index, name, false)
    }

    fn project_page(
        &self,
        index: &IndexUrl,
        name: &PackageName,
        with_uploads: bool,
    ) -> Result<Option<Project>, IndexError> {
        let Some(url) = index.legacy(name.as_str()) else {
            return Ok(None);
        };
        let limit = self.config.limits.page;
        let answer = self.http.fetch(&url, "application/json", limit)?;
        let Some(answer) = answer.present()? else {
            return Ok(None);
        };
        let document = serde_json::from_slice(&answer.body);
        let found = document.and_then(|document| read(document, with_uploads));
        found.map(Some).map_err(|error| IndexError::Page {
            url: answer.url.redacted(),
            reason: error.to_string(),
        })
    }
}

/// Reads a project page of which only the bytes are there.
pub(crate) fn of_bytes(bytes: &[u8]) -> Option<Project> {
    let document = serde_json::from_slice(bytes).ok()?;
    read(document, true).ok()
}

fn read(document: Document<'_>, with_uploads: bool) -> serde_json::Result<Project> {
    let info = document.info;
    let uploads = if with_uploads {
        let releases: Releases<'_> = listed(document.releases)?;
        let releases = if releases.is_empty() {
            let newest = info.version.clone().unwrap_or_default();
            BTreeMap::from([(newest, listed(document.urls)?)])
        } else {
            releases
        };
        uploads(releases)
    } else {
        Vec::new()
    };
    let people = [
        info.author,
        info.author_email,
        info.maintainer,
        info.maintainer_email,
    ];
    Ok(Project {
        version: text(info.version),
        summary: text(info.summary),
        description: info.description.map(|Text(d)| d.len()),
        people: people.into_iter().filter_map(text).collect(),
        maintainers: document.ownership.map(maintainers),
        license: text(info.license_expression).or_else(|| text(info.license)),
        classifiers: texts(info.classifiers, 500),
        links: links(info.project_urls, info.home_page),
        requires_python: text(info.requires_python),
        requires: texts(info.requires_dist, 5_000),
        uploads,
    })
}

/// The files of each version.
type Releases<'a> = BTreeMap<String, Vec<File<'a>>>;

/// A part of the document that was left unread; `null` counts as missing.
fn listed<'a, T: Deserialize<'a> + Default>(raw: Option<&'a RawValue>) -> serde_json::Result<T> {
    let found = raw.map(|raw| serde_json::from_str::<Option<T>>(raw.get()));
    Ok(found.transpose()?.flatten().unwrap_or_default())
}

fn links(
    labelled: BTreeMap<String, Option<String>>,
    home: Option<String>,
) -> BTreeMap<String, String> {
    let links = labelled
        .into_iter()
        .filter_map(|(label, url)| Some((text(Some(label))?, text(url)?)));
    let mut links: BTreeMap<String, String> = links.take(100).collect();
    if let Some(home) = text(home) {
        links.entry("Homepage".to_owned()).or_insert(home);
    }
    links
}

fn maintainers(ownership: Ownership) -> Maintainers {
    let users = ownership.roles.into_iter().map(|role| role.user);
    let mut users: Vec<String> = users.filter_map(|user| text(Some(user))).collect();
    users.sort();
    users.dedup();
    Maintainers {
        users,
        organization: text(ownership.organization),
    }
}

fn uploads(releases: Releases<'_>) -> Vec<Upload> {
    let all = releases.into_iter().flat_map(|(version, files)| {
        let one = move |file| upload(&version, file);
        files.into_iter().map(one)
    });
    all.take(MAX_UPLOADS).collect()
}

pub(crate) fn texts(raw: Vec<String>, most: usize) -> Vec<String> {
    let some = raw.into_iter().take(most);
    some.filter_map(|one| text(Some(one))).collect()
}

fn upload(version: &str, file: File<'_>) -> Upload {
    Upload {
        version: version.to_owned(),
        filename: file.filename,
        time: file.upload_time_iso_8601,
        size: file.size,
        sha256: file.digests.sha256.map(|Text(hex)| hex.into_owned()),
        yanked: file.yanked,
        reason: text(file.yanked_reason),
    }
}

/// A text that says something, on one line and not too long; indexes write `UNKNOWN` for what nobody filled in.
pub(crate) fn text(raw: Option<String>) -> Option<String> {
    let raw = raw?;
    let trimmed = raw.trim();
    (!trimmed.is_empty() && trimmed != "UNKNOWN")
        .then(|| hognose_types::text::short(trimmed, MAX_TEXT))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: &str) -> Project {
        read(serde_json::from_str(json).unwrap(), true).unwrap()
    }

    #[test]
    fn uploads_only_where_they_are_wanted() {
        let json = r#"{"info": {"version": "1.0"}, "releases": {"1.0": [{"filename": "a-1.0.tar.gz"}]}, "urls": []}"#;
        let of = |with| read(serde_json::from_str(json).unwrap(), with).unwrap();
        assert_eq!((of(true).uploads.len(), of(false).uploads.len()), (1, 0));
        assert_eq!(of(true).version, of(false).version);
        let newest = r#"{"info": {"version": "1.0"}, "urls": [{"filename": "a-1.0.tar.gz"}]}"#;
        assert_eq!(of_bytes(newest.as_bytes()).unwrap().uploads.len(), 1);
        assert_eq!(of_bytes(br#"{"releases": [1]}"#), None);
    }

    #[test]
    fn everything_may_be_missing() {
        assert_eq!(of("{}").uploads, []);
        let nulls = of(
            r#"{"info": {"version": null, "classifiers": null, "project_urls": null}, "releases": null, "urls": null}"#,
        );
        assert_eq!(nulls, Project::default());
    }

    #[test]
    fn a_project() {
        let found = of(
            r#"{"info": {"version": "2.0", "summary": "a\u001b[31m line", "author": "UNKNOWN", "author_email": "a@b.example",
            "home_page": "https://forge.example/a", "project_urls": {"Source": "https://forge.example/a/b"}},
            "releases": {"1.0": [{"filename": "a-1.0.tar.gz", "upload_time_iso_8601": "2020-01-01T00:00:00Z", "size": 3,
            "digests": {"sha256": "00"}, "yanked": true, "yanked_reason": "bad"}], "2.0": []},
            "ownership": {"organization": "acme", "roles": [{"role": "Owner", "user": "zoe"}, {"role": "Maintainer", "user": "al"}]}}"#,
        );
        assert_eq!(found.people, ["a@b.example"]);
        assert_eq!(found.links.len(), 2);
        assert!(!found.summary.unwrap().contains('\u{1b}'));
        let maintainers = found.maintainers.unwrap();
        assert_eq!(maintainers.users, ["al", "zoe"]);
        assert_eq!(maintainers.organization.as_deref(), Some("acme"));
        let [upload] = found.uploads.as_slice() else {
            unreachable!("one file")
        };
        assert_eq!((upload.version.as_str(), upload.yanked), ("1.0", true));
    }
}
