//! Upstream indexes: who is asked about which name, and what is made of the answers.

use std::collections::BTreeMap;
use std::time::Duration;

use hognose_index::{
    Aged, Client, CoreMetadata, FileKind, IndexError, IndexFile, IndexUrl, Project, ProjectPage,
    Upload, Yanked,
};
use hognose_types::{Digest, DigestAlgorithm, OwnedNames, PackageName};

/// An index behind the gateway.
#[derive(Debug)]
pub struct Upstream {
    /// What it is called in configuration and logs.
    pub name: String,
    /// Its address.
    pub url: IndexUrl,
    /// Asks it.
    pub client: Client,
    /// Asks nobody, and knows the answers that were kept; none where none are.
    pub kept: Option<Client>,
    /// Names that belong to it: no other index is asked about them, whatever it answers.
    pub owned: OwnedNames,
}

/// What an upstream has of a project.
#[derive(Clone, Debug)]
pub struct Found {
    /// Position of the upstream.
    pub upstream: usize,
    /// Its page, upload times and sizes filled in.
    pub page: ProjectPage,
    /// How long ago it was asked for: somebody else may have been before us.
    pub age: Duration,
    /// What its project page says, where it has one.
    pub project: Option<Project>,
    /// What could not be had beside the page.
    pub missing: Vec<String>,
}

/// All upstreams, those that go first in front.
#[derive(Debug)]
pub struct Upstreams(Vec<Upstream>);

/// Why a project is not known.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Unavailable {
    /// Every upstream that may be asked says that it has no such project.
    #[error("no index has it")]
    Absent,
    /// One could not be asked; whether it has the project is not known.
    #[error("index {upstream} could not be asked: {reason}")]
    Failed {
        /// Its name.
        upstream: String,
        /// Why.
        reason: String,
    },
}

/// Most files of a page whose publisher is asked for.
const MAX_PUBLISHERS: usize = 6;

impl Upstreams {
    /// Upstreams in the order in which they are asked.
    pub fn new(upstreams: Vec<Upstream>) -> Self {
        Self(upstreams)
    }

    /// The upstream at a position.
    pub fn get(&self, at: usize) -> Option<&Upstream> {
        self.0.get(at)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Upstream> {
        self.0.iter()
    }

    /// Whether a name belongs to one of them.
    pub fn owns(&self, name: &PackageName) -> bool {
        self.0.iter().any(|u| u.owned.owns(name))
    }

    /// The attestations of files of a page; those that could not be asked for are left out.
    pub(crate) fn attestations<'f>(
        &self,
        upstream: usize,
        files: &'f [IndexFile],
        wanted: &[String],
    ) -> Vec<(&'f IndexFile, Vec<u8>)> {
        let Some(upstream) = self.get(upstream) else {
            return Vec::new();
        };
        let files = files.iter().filter(|f| wanted.contains(&f.filename));
        let told = files.take(MAX_PUBLISHERS).filter_map(|file| {
            let document = upstream.client.provenance_bytes(file).ok()??;
            Some((file, document))
        });
        told.collect()
    }

    /// Asks for a project: of an owned name its owner alone, else one after the other until one has it. Answers of two
    /// upstreams are never mixed, or whoever can publish on one could publish for all (dependency confusion).
    ///
    /// An upstream that cannot be asked ends the search: going on would hand its names to the next one. `people` asks for
    /// the project page even where it is not needed for the files: it says who may upload.
    pub fn find(&self, name: &PackageName, people: bool) -> Result<Found, Unavailable> {
        let owned = self.owns(name);
        let candidates = self.0.iter().enumerate();
        for (at, upstream) in candidates.filter(|(_, u)| !owned || u.owned.owns(name)) {
            let failed = |e: &IndexError| Unavailable::Failed {
                upstream: upstream.name.clone(),
                reason: e.to_string(),
            };
            let page = upstream.client.aged_page(&upstream.url, name);
            match page {
                Ok(Some(Aged { page, age })) => {
                    let asked = (at, upstream, &upstream.client);
                    let found = complete(asked, name, page, people);
                    return Ok(Found {
                        age: Duration::from_secs(age),
                        ..found
                    });
                }
                Ok(None) => {}
                Err(error) => {
                    return upstream
                        .known_good(at, name, &error, people)
                        .ok_or_else(|| failed(&error));
                }
            }
        }
        Err(Unavailable::Absent)
    }
}

impl Upstream {
    /// What it said before, where it cannot be asked now. That it had no such project then is no answer now.
    fn known_good(
        &self,
        at: usize,
        name: &PackageName,
        error: &IndexError,
        people: bool,
    ) -> Option<Found> {
        let kept = self.kept.as_ref()?;
        let page = kept.page(&self.url, name).ok()??;
        let mut found = complete((at, self, kept), name, page, people);
        found.missing.push(format!(
            "index {} could not be asked, and what it said before counts: {error}",
            self.name
        ));
        Some(found)
    }
}

/// Fills in what the page lacks from the project page of the same index.
fn complete(
    (at, upstream, client): (usize, &Upstream, &Client),
    name: &PackageName,
    mut page: ProjectPage,
    people: bool,
) -> Found {
    let lacks = |f: &IndexFile| f.upload_time.is_none() || f.size.is_none();
    let mut missing = Vec::new();
    let mut project = None;
    if people || page.files.iter().any(lacks) {
        match client.project(&upstream.url, name) {
            Ok(found) => project = found,
            Err(e) => missing.push(format!("the project page of {}: {e}", upstream.name)),
        }
        if let Some(project) = &project {
            let uploads = project.uploads.iter().map(|u| (u.filename.as_str(), u));
            let uploads: BTreeMap<&str, &Upload> = uploads.collect();
            for file in &mut page.files {
                if let Some(upload) = uploads.get(file.filename.as_str()) {
                    fill(file, upload);
                }
            }
        }
    }
    for file in &mut page.files {
        // An installer need not fetch a wheel to know what it needs: the end of it is enough, and the gateway reads that.
        if file.kind == FileKind::Wheel && file.metadata == CoreMetadata::No {
            file.metadata = CoreMetadata::Yes(None);
        }
    }
    Found {
        upstream: at,
        page,
        age: Duration::ZERO,
        project,
        missing,
    }
}

/// What both name is believed only where they agree on the bytes.
fn fill(file: &mut IndexFile, upload: &Upload) {
    let same = match (&file.sha256, &upload.sha256) {
        (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
        _ => true,
    };
    if !same {
        return;
    }
    if file.upload_time.is_none() {
        file.upload_time.clone_from(&upload.time);
    }
    if file.size.is_none() {
        file.size = upload.size;
    }
    if file.sha256.is_none() {
        // A digest that is none could never match, and would stand in a page of ours as it came.
        let digest = upload.sha256.as_deref();
        let digest = digest.and_then(|hex| Digest::new(DigestAlgorithm::Sha256, hex).ok());
        file.sha256 = digest.map(|d| d.hex().to_owned());
    }
    if upload.yanked && !file.yanked.is_yanked() {
        file.yanked = Yanked::Yes(upload.reason.clone());
    }
    if let (Yanked::Yes(None), Some(reason)) = (&file.yanked, &upload.reason) {
        file.yanked = Yanked::Yes(Some(reason.clone()));
    }
}
