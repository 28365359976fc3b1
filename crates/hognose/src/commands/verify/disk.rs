//! Files on disk: their bytes against what is pinned, and the attestations that lie beside them.

use std::io::Read as _;
use std::path::Path;

use hognose_provenance::attestation::{
    Artifact, Document, DocumentError, MAX_DOCUMENT, Outcome, Predicates, verify,
};
use hognose_types::Inventory;

use super::ask::Request;
use super::attested::{Looked, Origin, Seen};
use super::releases::{Local, Release};
use crate::error::Failure;

/// A file that is no larger than anything honest.
pub(in crate::commands) fn limited(path: &Path, limit: u64) -> std::io::Result<Vec<u8>> {
    // A pipe would be waited for, and a device has no end.
    if !std::fs::metadata(path)?.is_file() {
        return Err(std::io::Error::other("not a regular file"));
    }
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path)?;
    file.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        let reason = format!("over the limit of {limit} bytes");
        return Err(std::io::Error::other(reason));
    }
    Ok(bytes)
}

/// What lies beside an artifact, by what is behind its name.
const BESIDE: [&str; 3] = [".provenance", ".publish.attestation", ".slsa.attestation"];

/// The files of a release on disk, compared with what is pinned and with the attestations that lie beside them.
pub(super) fn look<'r>(
    release: &'r Release,
    inventory: &'r Inventory,
    request: &Request<'_>,
    predicates: &Predicates,
) -> Result<Looked<'r>, Failure> {
    let mut files = Vec::new();
    for local in &release.local {
        let document = beside(local, request)?;
        let sha256 = local.sha256.clone();
        let origin = match (&document, &sha256) {
            (Some(document), Some(sha256)) => {
                let artifact = Artifact {
                    filename: &local.file,
                    sha256,
                };
                Origin::Judged(match document {
                    Ok(document) => verify(document, &artifact, request.trust, predicates),
                    Err(error) => Outcome::unreadable(error.clone()),
                })
            }
            (_, None) => Origin::Unknown("it could not be read".to_owned()),
            (None, Some(_)) => Origin::Pinned,
        };
        files.push(Seen {
            file: local.file.clone(),
            uploaded: None,
            other_bytes: not_pinned(release, sha256.as_deref()),
            sha256,
            origin,
            announced: None,
            rebuilds: Vec::new(),
        });
    }
    Ok(Looked {
        release,
        inventory,
        files,
        others: Vec::new(),
        failed: None,
    })
}

/// Who says that bytes must be others, where locks or requirements files beside them pin this release.
fn not_pinned(release: &Release, sha256: Option<&str>) -> Option<(String, String)> {
    let sha256 = sha256?;
    let first = release.pinned.first()?;
    (!release.pinned.contains(sha256)).then(|| {
        let more = match release.pinned.len() {
            1 => String::new(),
            n => format!(" and {} more", n - 1),
        };
        ("what pins it allows".to_owned(), format!("{first}{more}"))
    })
}

/// The document that is named, or what lies beside an artifact.
fn beside(
    local: &Local,
    request: &Request<'_>,
) -> Result<Option<Result<Document, DocumentError>>, Failure> {
    let read = |path: &Path| {
        let bytes = limited(path, MAX_DOCUMENT);
        bytes.map(|bytes| Document::parse_any(&bytes))
    };
    if let Some(path) = &request.args.provenance {
        let read = read(path);
        let shown = path.display();
        return read
            .map(Some)
            .map_err(|e| Failure::usage(format!("cannot read {shown}")).because(&e));
    }
    let mut whole: Option<Document> = None;
    for tail in BESIDE {
        let path = format!("{}{tail}", local.path);
        match read(Path::new(&path)) {
            Ok(Ok(document)) => {
                let whole = whole.get_or_insert_default();
                whole.bundles.extend(document.bundles);
            }
            Ok(Err(error)) => return Ok(Some(Err(error))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(Failure::usage(format!("cannot read {path}")).because(&error));
            }
        }
    }
    Ok(whole.map(Ok))
}

/// `--provenance` is about one artifact: of several, nobody could tell which.
pub(super) fn named_file_was_used(
    looks: &[Looked<'_>],
    request: &Request<'_>,
) -> Result<(), Failure> {
    let count: usize = looks.iter().map(|look| look.release.local.len()).sum();
    if request.args.provenance.is_none() || (count == 1 && looks.len() == 1) {
        return Ok(());
    }
    Err(
        Failure::usage("`--provenance` verifies one artifact, and not exactly one is named")
            .hint("name a single wheel or sdist"),
    )
}
