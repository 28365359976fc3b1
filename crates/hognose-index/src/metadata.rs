//! Core metadata of a file, from the cheapest place that has it.
//!
//! 1. The file that the index keeps beside it (PEP 658, PEP 714), checked against the digest announced for it. Where
//!    none is announced it is tried all the same: many indexes have it and do not say so.
//! 2. The wheel itself, of which servers that serve ranges send only the end: directory and `METADATA`.
//! 3. `PKG-INFO` of the sdist, read as text; nothing is built.
//!
//! What was used is told ([`MetadataSource`]): only a wheel's own metadata is what an installer installs by, and what
//! stands beside it may say something else.

mod places;
mod ranged;

use std::collections::BTreeMap;

use hognose_archive::metadata::headers;
use hognose_types::{PackageName, Version};

use crate::IndexFile;
use crate::project::{text, texts};

/// Where metadata was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetadataSource {
    /// Beside the file; true when an announced digest was checked.
    Beside(bool),
    /// In the end of the wheel, the rest of which was not fetched: the wheel's digest was not checked.
    Ranges,
    /// In the whole wheel; true when an announced digest was checked.
    Wheel(bool),
    /// In the sdist; true when an announced digest was checked.
    Sdist(bool),
}

/// What a file says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// Where this was found.
    pub source: MetadataSource,
    /// The version of the format, as written.
    pub metadata_version: Option<String>,
    /// The project: the one the file's name says.
    pub name: PackageName,
    /// The release: the one the file's name says.
    pub version: Version,
    /// One line.
    pub summary: Option<String>,
    /// Licence expression, else the licence field.
    pub license: Option<String>,
    /// The versions of Python it is for, as written.
    pub requires_python: Option<String>,
    /// What it needs, as written: not safe for showing.
    pub requires: Vec<String>,
    /// The extras it offers.
    pub extras: Vec<String>,
    /// Trove classifiers.
    pub classifiers: Vec<String>,
    /// Labels and addresses of project links; the home page is `Homepage`.
    pub links: BTreeMap<String, String>,
    /// Names and addresses of authors and maintainers, as written.
    pub people: Vec<String>,
    /// Fields of an sdist that a build may still change (PEP 643); all of them for formats before 2.2.
    pub dynamic: Vec<String>,
    /// How long the description is, in bytes.
    pub description: usize,
}

/// Longest requirement kept; the longest real ones have some hundred characters.
const MAX_REQUIREMENT: usize = 10_000;
/// Most values of one kind.
const MAX_VALUES: usize = 5_000;

/// Reads metadata of a file; the error is a fragment.
fn read(bytes: &[u8], file: &IndexFile, source: MetadataSource) -> Result<Metadata, String> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut all = headers(bytes);
    for header in all.by_ref() {
        let name = String::from_utf8_lossy(header.name).trim().to_lowercase();
        let values = found.entry(name).or_default();
        if values.len() < MAX_VALUES {
            values.push(header.text().into_owned());
        }
    }
    let body = all.rest().len();
    let mut many = |name: &str| found.remove(name).unwrap_or_default();
    let mut one = |name: &str| many(name).into_iter().find(|v| v != "UNKNOWN");
    let (name, version) = (one("name"), one("version"));
    let (name, version) = release(name, version, file)?;
    let description = one("description").map_or(0, |d| d.len());
    let (expression, license) = (one("license-expression"), one("license"));
    let (metadata_version, summary) = (one("metadata-version"), one("summary"));
    let (requires_python, home) = (one("requires-python"), one("home-page"));
    let people = ["author", "author-email", "maintainer", "maintainer-email"];
    Ok(Metadata {
        source,
        name,
        version,
        metadata_version: text(metadata_version),
        summary: text(summary),
        license: text(expression).or_else(|| text(license)),
        requires_python: text(requires_python),
        people: people.into_iter().filter_map(|p| text(one(p))).collect(),
        requires: requirements(many("requires-dist")),
        extras: texts(many("provides-extra"), MAX_VALUES),
        classifiers: texts(many("classifier"), MAX_VALUES),
        links: links(many("project-url"), home),
        dynamic: texts(many("dynamic"), MAX_VALUES),
        description: description.max(body),
    })
}

/// Metadata of another release is none of this file.
fn release(
    name: Option<String>,
    version: Option<String>,
    file: &IndexFile,
) -> Result<(PackageName, Version), String> {
    let (Some(name), Some(version)) = (name, version) else {
        return Err("it states no name or no version".to_owned());
    };
    let differs = || {
        let stated = hognose_types::text::short(&format!("{name} {version}"), 100);
        format!("it is of {stated}, and the file is {}", file.filename)
    };
    let stated = PackageName::new(&name)
        .ok()
        .zip(Version::new(&version).ok());
    let (name, version) = stated.ok_or_else(differs)?;
    let named = crate::file::parse_name(&file.filename, &name);
    if named.is_none_or(|(_, named)| named != version) {
        return Err(differs());
    }
    Ok((name, version))
}

fn requirements(raw: Vec<String>) -> Vec<String> {
    let fitting = |one: &String| one.len() <= MAX_REQUIREMENT;
    raw.into_iter().filter(fitting).collect()
}

fn links(labelled: Vec<String>, home: Option<String>) -> BTreeMap<String, String> {
    let pairs = labelled.into_iter().filter_map(|pair| {
        let (label, url) = pair.split_once(',')?;
        Some((text(Some(label.to_owned()))?, text(Some(url.to_owned()))?))
    });
    let mut links: BTreeMap<String, String> = pairs.take(100).collect();
    if let Some(home) = text(home) {
        links.entry("Homepage".to_owned()).or_insert(home);
    }
    links
}
