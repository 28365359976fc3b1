//! Files: streamed, bounded, and kept only under the digest they have.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::http::{Answer, guard};
use crate::{Client, IndexError, IndexFile};

/// A file on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Downloaded {
    /// `DIRECTORY/SHA256/FILENAME`.
    pub path: PathBuf,
    /// sha256 of its bytes, computed here.
    pub sha256: String,
    /// True when the index announced this digest; false when it announced none.
    pub announced: bool,
}

/// Told of bytes as they come, with the size where it is known.
pub type Progress<'a> = &'a mut dyn FnMut(u64, Option<u64>);

impl Client {
    /// Fetches a file into a directory of ours. What lies there under the announced digest, and still has it, is not
    /// fetched again.
    pub fn download(
        &self,
        file: &IndexFile,
        directory: &Path,
        progress: Progress<'_>,
    ) -> Result<Downloaded, IndexError> {
        if let Some(expected) = &file.sha256 {
            let path = directory.join(expected).join(&file.filename);
            if digest_of(&path).is_some_and(|found| found == *expected) {
                return Ok(Downloaded {
                    path,
                    sha256: expected.clone(),
                    announced: true,
                });
            }
        }
        guard(&file.page, &file.url)?;
        let limit = self.config.limits.file;
        if file.size.is_some_and(|size| size > limit) {
            let url = file.url.redacted();
            return Err(IndexError::TooLarge { url, limit });
        }
        let answer = self.http.get(&file.url, "*/*")?;
        let url = answer.url.redacted();
        match answer.status {
            200 => {}
            status @ (401 | 403 | 407) => return Err(IndexError::Access { url, status }),
            status => return Err(IndexError::Status { url, status }),
        }
        let write = |source| IndexError::Write {
            path: directory.to_owned(),
            source,
        };
        std::fs::create_dir_all(directory).map_err(write)?;
        // Dropped on every error: what is not whole and right never gets a name.
        let mut temporary = tempfile::Builder::new()
            .prefix(".download-")
            .tempfile_in(directory)
            .map_err(write)?;
        let found = self.receive(answer, &mut temporary, directory, progress)?;
        if let Some(expected) = &file.sha256
            && *expected != found
        {
            let expected = expected.clone();
            return Err(IndexError::Digest {
                url,
                expected,
                found,
            });
        }
        let place = directory.join(&found);
        std::fs::create_dir_all(&place).map_err(write)?;
        let path = place.join(&file.filename);
        temporary.persist(&path).map_err(|e| write(e.error))?;
        Ok(Downloaded {
            path,
            sha256: found,
            announced: file.sha256.is_some(),
        })
    }

    /// Writes the body; answers its digest.
    fn receive(
        &self,
        mut answer: Answer,
        out: &mut tempfile::NamedTempFile,
        directory: &Path,
        progress: Progress<'_>,
    ) -> Result<String, IndexError> {
        let limit = self.config.limits.file;
        let too_large = || IndexError::TooLarge {
            url: answer.url.redacted(),
            limit,
        };
        if answer.length.is_some_and(|length| length > limit) {
            return Err(too_large());
        }
        let mut hasher = Sha256::new();
        let mut found = 0_u64;
        let mut buffer = vec![0; 64 << 10];
        loop {
            let read = answer.body.read(&mut buffer);
            let read = read.map_err(|e| self.http.broken(&answer.url, &e))?;
            let Some(chunk) = buffer.get(..read).filter(|chunk| !chunk.is_empty()) else {
                break;
            };
            found += chunk.len() as u64;
            if found > limit {
                return Err(too_large());
            }
            hasher.update(chunk);
            out.write_all(chunk).map_err(|source| IndexError::Write {
                path: directory.to_owned(),
                source,
            })?;
            progress(chunk.len() as u64, answer.length);
        }
        if let Some(expected) = answer.length
            && expected != found
        {
            let url = answer.url.redacted();
            return Err(IndexError::Length {
                url,
                expected,
                found,
            });
        }
        Ok(hex(&hasher.finalize()))
    }
}

/// The digest of a file that can be read.
fn digest_of(path: &Path) -> Option<String> {
    let mut file = File::open(path).ok()?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = file.read(&mut buffer).ok()?;
        let Some(chunk) = buffer.get(..read).filter(|chunk| !chunk.is_empty()) else {
            return Some(hex(&hasher.finalize()));
        };
        hasher.update(chunk);
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}
