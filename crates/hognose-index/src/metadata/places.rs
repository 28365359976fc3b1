//! The places metadata is looked for in.

use std::io::{Cursor, Read, Seek};
use std::ops::ControlFlow;

use hognose_archive::tarball::{TarKind, walk_tar_gz};
use hognose_archive::zip::ZipArchive;
use hognose_archive::{ArchiveError, Limits};
use sha2::{Digest as _, Sha256};

use super::ranged::{Opened, Ranged};
use super::{Metadata, MetadataSource, read};
use crate::download::hex;
use crate::http::guard;
use crate::{Client, CoreMetadata, FileKind, IndexError, IndexFile};

/// Largest metadata: descriptions of a megabyte exist.
const MAX_METADATA: u64 = 16 << 20;

/// Metadata and the bytes it was read from.
type Found = (Metadata, Vec<u8>);

impl Client {
    /// What a file says of itself, without fetching more of it than needed.
    ///
    /// # Errors
    ///
    /// An index that could not be asked, a digest that is not the announced one, metadata that cannot be read or is
    /// of another release. A file that an index announces and does not have is no error as long as a later place has it.
    pub fn metadata(&self, file: &IndexFile) -> Result<Metadata, IndexError> {
        self.found_metadata(file).map(|(found, _)| found)
    }

    /// The bytes of a file's metadata, as an installer would be given them (PEP 658).
    ///
    /// # Errors
    ///
    /// As for [`Client::metadata`].
    pub fn metadata_bytes(&self, file: &IndexFile) -> Result<Vec<u8>, IndexError> {
        self.found_metadata(file).map(|(_, bytes)| bytes)
    }

    fn found_metadata(&self, file: &IndexFile) -> Result<Found, IndexError> {
        guard(&file.page, &file.url)?;
        if let Some(found) = self.beside(file)? {
            return Ok(found);
        }
        match (file.kind, self.http.is_offline()) {
            (_, true) => Err(IndexError::Offline {
                url: file.url.redacted(),
            }),
            (FileKind::Wheel, false) => self.of_wheel(file),
            (FileKind::Sdist, false) => {
                let bytes = Ranged::whole(&self.http, &file.url, self.config.limits.held)?;
                of_sdist(file, &bytes)
            }
        }
    }

    fn beside(&self, file: &IndexFile) -> Result<Option<Found>, IndexError> {
        let url = file.url.beside(".metadata");
        let (announced, digest) = match &file.metadata {
            CoreMetadata::No => (false, None),
            CoreMetadata::Yes(digest) => (true, digest.as_deref()),
        };
        let answer = match self.http.fetch(&url, "*/*", MAX_METADATA) {
            Ok(answer) => answer,
            // Offline, an earlier answer may be kept of another place.
            Err(IndexError::Offline { .. }) if !announced => return Ok(None),
            Err(error) => return Err(error),
        };
        let url = answer.url.redacted();
        match answer.status {
            200 => {}
            404 | 410 => return Ok(None),
            // File hosts answer many things for what they never had.
            _ if !announced => return Ok(None),
            status => return Err(IndexError::of_status(url, status)),
        }
        if let Some(expected) = digest {
            let found = hex(&Sha256::digest(&answer.body));
            if found != expected {
                let expected = expected.to_owned();
                return Err(IndexError::Digest {
                    url,
                    expected,
                    found,
                });
            }
        }
        match read(&answer.body, file, MetadataSource::Beside(digest.is_some())) {
            Ok(found) => Ok(Some((found, answer.body))),
            // A page that greets whatever is asked for is no metadata, and nobody said it was.
            Err(_) if !announced => Ok(None),
            Err(reason) => Err(IndexError::Metadata { url, reason }),
        }
    }

    fn of_wheel(&self, file: &IndexFile) -> Result<Found, IndexError> {
        match Ranged::open(&self.http, &file.url, self.config.limits.held)? {
            Opened::Ranges(mut source) => {
                let found = wheel(ZipArchive::partial(source.as_mut(), limits()));
                if let Some(error) = source.failed() {
                    return Err(error);
                }
                settle(file, found, MetadataSource::Ranges)
            }
            Opened::Whole(bytes) => {
                let checked = check(file, &bytes)?;
                let found = wheel(ZipArchive::new(Cursor::new(&bytes), limits()));
                settle(file, found, MetadataSource::Wheel(checked))
            }
        }
    }
}

fn of_sdist(file: &IndexFile, bytes: &[u8]) -> Result<Found, IndexError> {
    let checked = check(file, bytes)?;
    let found = if file.filename.ends_with(".zip") {
        sdist_zip(bytes)
    } else if file.filename.ends_with("gz") {
        sdist_tar(bytes)
    } else {
        Err("it is packed as no index takes sdists today".to_owned())
    };
    let source = MetadataSource::Sdist(checked);
    let (mut metadata, bytes) = settle(file, found, source)?;
    let version = metadata.metadata_version.as_deref().unwrap_or_default();
    let number = |part: &str| part.parse::<u32>().unwrap_or(0);
    let (major, minor) = version.split_once('.').unwrap_or((version, ""));
    if (number(major), number(minor)) < (2, 2) {
        // Before PEP 643 nothing in it but name and version had to be what a build says.
        metadata.dynamic = vec!["*".to_owned()];
    }
    Ok((metadata, bytes))
}

/// Whether the bytes have the digest announced; false when there is none.
fn check(file: &IndexFile, bytes: &[u8]) -> Result<bool, IndexError> {
    let Some(expected) = &file.sha256 else {
        return Ok(false);
    };
    let found = hex(&Sha256::digest(bytes));
    if found == *expected {
        return Ok(true);
    }
    Err(IndexError::Digest {
        url: file.url.redacted(),
        expected: expected.clone(),
        found,
    })
}

fn settle(
    file: &IndexFile,
    found: Result<Vec<u8>, String>,
    source: MetadataSource,
) -> Result<Found, IndexError> {
    found
        .and_then(|bytes| Ok((read(&bytes, file, source)?, bytes)))
        .map_err(|reason| IndexError::Metadata {
            url: file.url.redacted(),
            reason,
        })
}

fn limits() -> Limits {
    Limits {
        member_bytes: MAX_METADATA,
        ..Limits::default()
    }
}

fn wheel<R: Read + Seek>(archive: Result<ZipArchive<R>, ArchiveError>) -> Result<Vec<u8>, String> {
    let mut archive = archive.map_err(|e| e.to_string())?;
    let fits = |name: &str| {
        let directory = name.strip_suffix(".dist-info/METADATA");
        directory.is_some_and(|d| !d.is_empty() && !d.contains('/'))
    };
    member(&mut archive, fits, "METADATA")
}

fn sdist_zip(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let archive = ZipArchive::new(Cursor::new(bytes), limits());
    let mut archive = archive.map_err(|e| e.to_string())?;
    member(&mut archive, is_pkg_info, "PKG-INFO")
}

/// The one member that fits: where several do, which one counts depends on who reads.
fn member<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
    fits: impl Fn(&str) -> bool,
    what: &str,
) -> Result<Vec<u8>, String> {
    let mut fitting = archive.members().iter().enumerate();
    let mut next = || fitting.find(|(_, m)| fits(&m.name)).map(|(at, _)| at);
    match (next(), next()) {
        (Some(at), None) => archive.read(at).map_err(|e| e.to_string()),
        (None, _) => Err(format!("it holds no {what}")),
        (Some(_), Some(_)) => Err(format!("it holds several {what}")),
    }
}

fn sdist_tar(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut found = None;
    let walked = walk_tar_gz(bytes, &Limits::default(), &mut |member, reader| {
        if member.kind != TarKind::File || !is_pkg_info(&member.path) {
            return Ok(ControlFlow::Continue(()));
        }
        let mut text = Vec::new();
        let read = reader.take(MAX_METADATA).read_to_end(&mut text);
        read.map_err(ArchiveError::Io)?;
        found = Some(text);
        Ok(ControlFlow::Break(()))
    });
    walked.map_err(|e| e.to_string())?;
    found.ok_or_else(|| "it holds no PKG-INFO".to_owned())
}

/// In the top directory: vendored packages carry metadata of their own further down.
fn is_pkg_info(path: &str) -> bool {
    let directory = path.strip_suffix("/PKG-INFO");
    directory.is_some_and(|d| !d.is_empty() && !d.contains('/'))
}
