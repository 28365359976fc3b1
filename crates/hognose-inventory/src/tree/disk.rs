//! Real files.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{self, BufReader, Read as _};

use super::{Entry, EntryKind, ReadError, ReadSeek, Tree};

/// Files of this machine, relative paths seen from the working directory.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::NotFound,
            io::ErrorKind::IsADirectory => Self::NotAFile,
            _ => Self::Io(error),
        }
    }
}

fn kind_of(file_type: fs::FileType) -> EntryKind {
    if file_type.is_file() {
        EntryKind::File
    } else if file_type.is_dir() {
        EntryKind::Directory
    } else if file_type.is_symlink() {
        EntryKind::Symlink
    } else {
        EntryKind::Other
    }
}

impl Tree for Disk {
    fn read(&self, path: &str, limit: u64) -> Result<Cow<'_, [u8]>, ReadError> {
        // Looked at before opening: opening a pipe would wait for a writer for ever.
        let metadata = fs::metadata(path)?;
        if !metadata.is_file() {
            return Err(ReadError::NotAFile);
        }
        if metadata.len() > limit {
            return Err(ReadError::TooLarge { limit });
        }
        let mut bytes = Vec::with_capacity(metadata.len() as usize + 1);
        // The file may grow while it is read, and files under /proc state length 0.
        File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limit {
            return Err(ReadError::TooLarge { limit });
        }
        Ok(Cow::Owned(bytes))
    }

    fn read_head(&self, path: &str, length: u64) -> Result<Cow<'_, [u8]>, ReadError> {
        let metadata = fs::metadata(path)?;
        if !metadata.is_file() {
            return Err(ReadError::NotAFile);
        }
        let mut bytes = Vec::with_capacity(metadata.len().min(length) as usize + 1);
        File::open(path)?.take(length).read_to_end(&mut bytes)?;
        Ok(Cow::Owned(bytes))
    }

    fn open(&self, path: &str) -> Result<Box<dyn ReadSeek + '_>, ReadError> {
        if !fs::metadata(path)?.is_file() {
            return Err(ReadError::NotAFile);
        }
        Ok(Box::new(BufReader::with_capacity(
            64 << 10,
            File::open(path)?,
        )))
    }

    fn kind(&self, path: &str) -> Option<EntryKind> {
        fs::metadata(path).ok().map(|m| kind_of(m.file_type()))
    }

    fn is_link(&self, path: &str) -> bool {
        fs::symlink_metadata(path).is_ok_and(|m| m.is_symlink())
    }

    fn list(&self, directory: &str, limit: usize) -> Result<Vec<Entry>, ReadError> {
        let directory = if directory.is_empty() { "." } else { directory };
        let mut entries = Vec::new();
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            if entries.len() >= limit {
                return Err(ReadError::TooManyEntries { limit });
            }
            let Ok(file_type) = entry.file_type() else {
                continue;
            };
            // A name that is not Unicode cannot be opened by what stands for it here. It stays in the list, so
            // that a file hidden behind such a name becomes a gap.
            entries.push(Entry {
                name: entry.file_name().to_string_lossy().into_owned(),
                kind: kind_of(file_type),
            });
        }
        entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    fn canonical(&self, path: &str) -> Option<String> {
        let path = if path.is_empty() { "." } else { path };
        fs::canonicalize(path)
            .ok()?
            .into_os_string()
            .into_string()
            .ok()
    }
}
