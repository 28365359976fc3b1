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

/// What came of a file that was passed on piece by piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Streamed {
    /// sha256 of its bytes, computed here.
    pub sha256: String,
    /// Bytes.
    pub size: u64,
}

/// Takes the pieces of a file, told of the whole size where the index says.
pub type Pieces<'a> = &'a mut dyn FnMut(&[u8], Option<u64>) -> std::io::Result<()>;

impl Client {
    /// Fetches a file piece by piece. Answers only when the last piece was taken and the digest is the one announced:
    /// until then whoever takes the pieces must not trust them.
    pub fn stream(&self, file: &IndexFile, pieces: Pieces<'_>) -> Result<Streamed, IndexError> {
        let answer = self.open(file)?;
        let url = answer.url.redacted();
        let mut size = 0;
        let found = self.pass(answer, &mut |piece, length| {
            size += piece.len() as u64;
            pieces(piece, length)
        })?;
        if let Some(expected) = file.sha256.clone().filter(|e| *e != found) {
            return Err(IndexError::Digest {
                url,
                expected,
                found,
            });
        }
        Ok(Streamed {
            sha256: found,
            size,
        })
    }

    /// Asks for a file that is not larger than files may be.
    fn open(&self, file: &IndexFile) -> Result<Answer, IndexError> {
        guard(&file.page, &file.url)?;
        let limit = self.config.limits.file;
        if file.size.is_some_and(|size| size > limit) {
            let url = file.url.redacted();
            return Err(IndexError::TooLarge { url, limit });
        }
        let answer = self.http.get(&file.url, "*/*")?;
        let url = answer.url.redacted();
        match answer.status {
            200 => Ok(answer),
            status => Err(IndexError::of_status(url, status)),
        }
    }

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
        let answer = self.open(file)?;
        let url = answer.url.redacted();
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
        let found = self.pass(answer, &mut |piece, length| {
            temporary.write_all(piece)?;
            progress(piece.len() as u64, length);
            Ok(())
        });
        let found = found.map_err(|e| match e {
            IndexError::Write { source, .. } => write(source),
            other => other,
        })?;
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

    /// Passes the body on; answers its digest.
    fn pass(&self, mut answer: Answer, pieces: Pieces<'_>) -> Result<String, IndexError> {
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
            pieces(chunk, answer.length).map_err(|source| IndexError::Write {
                path: PathBuf::new(),
                source,
            })?;
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
