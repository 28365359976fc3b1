//! The directory that holds databases and downloaded feeds.

use std::fs::{File, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::feed::{Feed, feeds_key};

/// The cache directory. Layout: `db/<key>.hgn` (one database per set of feeds), `db/<key>.lock`, `feeds/<key>.body`
/// and `feeds/<key>.json` (what the server said about the body).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseFile {
    root: PathBuf,
    key: String,
}

/// Why the cache directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A directory cannot be made.
    #[error("cannot create the directory {}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// A file cannot be written: read-only or full.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
}

/// Held while one process updates; dropped, or ended with the process, it is free again.
#[derive(Debug)]
pub(crate) struct UpdateLock {
    _file: File,
}

impl DatabaseFile {
    /// The database of a set of feeds below a cache directory.
    pub fn new(cache: &Path, feeds: &[Feed]) -> Self {
        Self {
            root: cache.to_owned(),
            key: feeds_key(feeds),
        }
    }

    /// Where it stands, whether or not it exists.
    pub fn path(&self) -> PathBuf {
        self.databases().join(format!("{}.hgn", self.key))
    }

    fn databases(&self) -> PathBuf {
        self.root.join("db")
    }

    pub(crate) fn downloads(&self) -> PathBuf {
        self.root.join("feeds")
    }

    /// Creates the directories.
    pub(crate) fn prepare(&self) -> Result<(), StoreError> {
        for path in [self.databases(), self.downloads()] {
            std::fs::create_dir_all(&path)
                .map_err(|source| StoreError::Directory { path, source })?;
        }
        Ok(())
    }

    /// Waits for other updates of the same database; `waiting` is called once when one is running.
    pub(crate) fn lock(&self, waiting: impl FnOnce()) -> Result<UpdateLock, StoreError> {
        let path = self.databases().join("update.lock");
        let fault = |source| StoreError::Write {
            path: path.clone(),
            source,
        };
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(fault)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                waiting();
                file.lock().map_err(fault)?;
            }
            Err(TryLockError::Error(source)) => return Err(fault(source)),
        }
        // Temporary files can only be left over by a process that was killed: whoever writes holds this lock.
        for directory in [self.databases(), self.downloads()] {
            remove_temporary(&directory);
        }
        Ok(UpdateLock { _file: file })
    }

    /// Replaces the database: a reader sees the old file or the new one, and a crash or a full disk leaves the old.
    pub(crate) fn replace(&self, bytes: &[u8]) -> Result<(), StoreError> {
        write_atomically(&self.path(), bytes)
    }
}

pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let fault = |source| StoreError::Write {
        path: path.to_owned(),
        source,
    };
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut file = temporary(directory).map_err(fault)?;
    file.write_all(bytes).map_err(fault)?;
    file.as_file().sync_all().map_err(fault)?;
    file.persist(path).map_err(|e| fault(e.error))?;
    Ok(())
}

/// A temporary file that becomes a permanent one: readable for everybody the umask lets in, unlike temporary files at
/// large, because caches are shared.
pub(crate) fn temporary(directory: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.suffix(".tmp");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(directory)
}

fn remove_temporary(directory: &Path) {
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry.path().extension().is_some_and(|e| e == "tmp") {
            // A file that cannot be removed is only wasted space.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
