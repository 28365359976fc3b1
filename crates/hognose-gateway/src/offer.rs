//! What the gateway shows of a project: every file with its ruling, rendered once for each form.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use bytes::Bytes;
use hognose_index::{CoreMetadata, IndexFile, Project};
use hognose_types::{PackageName, Version};

use crate::judge::Ruling;
use crate::negotiate::Form;
use crate::render;

/// A file with what was decided about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferedFile {
    /// As the upstream offers it.
    pub file: IndexFile,
    /// Position of the upstream.
    pub upstream: usize,
    /// What was decided.
    pub ruling: Ruling,
    /// Why nobody should choose it now who does not need this one; it is judged when it is asked for.
    pub waiting: Option<String>,
    /// Whether `.metadata` of it can be had, and its digest where announced.
    pub metadata: CoreMetadata,
}

impl OfferedFile {
    /// Whether its bytes may be served as far as the page tells.
    pub fn is_served(&self) -> bool {
        !self.ruling.blocks()
    }

    /// Whether an installer may choose it for a requirement that names no version.
    pub(crate) fn is_takable(&self) -> bool {
        self.is_served() && self.waiting.is_none() && !self.file.yanked.is_yanked()
    }
}

/// A page as it is served.
#[derive(Debug)]
pub struct Page {
    /// What it is made of.
    pub parts: Parts,
    /// Positions of files by name.
    by_name: BTreeMap<String, usize>,
    /// The versions of which every file is withheld, and why; lowest first.
    pub withheld: Vec<(String, String)>,
    /// When the upstream was asked.
    pub asked: Instant,
    /// Set once the release that an unpinned requirement gets was judged.
    pub(crate) foreseen: OnceLock<()>,
    json: Rendered,
    html: Rendered,
}

/// Bytes and their strong validator.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// The body.
    pub body: Bytes,
    /// `ETag`, with its quotes.
    pub etag: String,
}

/// What a page is made of.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The project.
    pub name: PackageName,
    /// Its files in the order of the upstream.
    pub files: Vec<OfferedFile>,
    /// Status word and reason (PEP 792).
    pub status: Option<(String, Option<String>)>,
    /// Revision of the judge when it was decided.
    pub revision: Arc<str>,
    /// When time alone may change a ruling, Unix seconds.
    pub until: Option<i64>,
    /// What the upstream's project page says, where it has one.
    pub project: Option<Arc<Project>>,
    /// Who published files, as far as it was asked.
    pub publishers: BTreeMap<String, String>,
    /// What is withheld is shown as if it were not: decisions are only told.
    pub observe: bool,
    /// The release that tells by its refusal why nothing can be had.
    pub refusal: Option<Version>,
}

impl Page {
    /// Renders a page.
    pub fn new(mut parts: Parts) -> Self {
        parts.refusal = refusal(&parts.files);
        let json = render::json(&parts);
        let html = render::html(&parts);
        let by_name = parts
            .files
            .iter()
            .enumerate()
            .map(|(at, file)| (file.file.filename.clone(), at))
            .collect();
        Self {
            withheld: withheld(&parts.files),
            by_name,
            parts,
            asked: Instant::now(),
            foreseen: OnceLock::new(),
            json: rendered(json),
            html: rendered(html),
        }
    }

    /// The page in a form.
    pub fn form(&self, form: Form) -> &Rendered {
        match form {
            Form::Json => &self.json,
            Form::Html | Form::HtmlV1 => &self.html,
        }
    }

    /// A file by its name.
    pub fn file(&self, name: &str) -> Option<&OfferedFile> {
        self.parts.files.get(*self.by_name.get(name)?)
    }
}

/// The release that is shown as if it could be had where nothing can: installers that find nothing to choose say just that,
/// and those that are refused a file say why.
fn refusal(files: &[OfferedFile]) -> Option<Version> {
    if files.iter().any(OfferedFile::is_takable) {
        return None;
    }
    let versions = files.iter().filter(|f| !f.file.yanked.is_yanked());
    let versions = versions.map(|f| &f.file.version);
    let stable = versions.clone().filter(|v| !v.is_prerelease()).max();
    stable.or_else(|| versions.max()).cloned()
}

/// What is said of a file that waits.
pub(crate) fn unready(reason: &str) -> String {
    format!("HOG-GAP-unreadable: its content could not be judged yet: {reason}")
}

/// The versions of which every file is withheld, and why.
fn withheld(files: &[OfferedFile]) -> Vec<(String, String)> {
    let mut versions: BTreeMap<&Version, Option<&OfferedFile>> = BTreeMap::new();
    for file in files {
        let served = file.is_served() && file.waiting.is_none();
        versions
            .entry(&file.file.version)
            .and_modify(|first| *first = first.filter(|_| !served))
            .or_insert((!served).then_some(file));
    }
    versions
        .into_iter()
        .filter_map(|(version, first)| {
            let first = first?;
            let waiting = || Some(unready(first.waiting.as_deref()?));
            let told = first.ruling.summary().filter(|_| !first.is_served());
            let reason = told.or_else(waiting).unwrap_or_default();
            Some((version.as_str().to_owned(), reason))
        })
        .collect()
}

fn rendered(body: String) -> Rendered {
    use sha2::{Digest as _, Sha256};
    use std::fmt::Write as _;
    let mut etag = String::from("\"");
    for byte in Sha256::digest(body.as_bytes()).iter().take(16) {
        // Writing to a string cannot fail.
        let _ = write!(etag, "{byte:02x}");
    }
    etag.push('"');
    Rendered {
        body: Bytes::from(body),
        etag,
    }
}
