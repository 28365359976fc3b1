//! Files that get their names only when they are whole.

use std::path::Path;
use std::sync::Arc;

use tempfile::NamedTempFile;

use crate::StoreError;

/// An error of the file system.
pub(crate) fn io(action: &'static str, error: std::io::Error) -> StoreError {
    match error.kind() {
        std::io::ErrorKind::StorageFull => StoreError::Full(Arc::new(error)),
        _ => StoreError::Io {
            action,
            source: Arc::new(error),
        },
    }
}

/// Gives a file its name. What was there is replaced only when that is asked for.
pub(crate) fn publish(file: NamedTempFile, target: &Path, replace: bool) -> Result<(), StoreError> {
    let published = if replace {
        file.persist(target)
    } else {
        file.persist_noclobber(target)
    };
    published.map_err(|error| match error.error.kind() {
        std::io::ErrorKind::AlreadyExists => StoreError::Exists {
            path: target.to_owned(),
        },
        _ => io("put the copy in its place", error.error),
    })?;
    sync_directory(target)
}

/// Refuses what exists: told before the work; checked again when the file gets its name.
pub(crate) fn must_be_new(target: &Path) -> Result<(), StoreError> {
    if target.symlink_metadata().is_ok() {
        return Err(StoreError::Exists {
            path: target.to_owned(),
        });
    }
    Ok(())
}

pub(crate) fn directory(path: &Path) -> &Path {
    path.parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// A name is on the disk when its directory is. Windows has no such thing.
fn sync_directory(path: &Path) -> Result<(), StoreError> {
    if cfg!(windows) {
        return Ok(());
    }
    let synced = std::fs::File::open(directory(path)).and_then(|directory| directory.sync_all());
    synced.map_err(|error| io("write the directory to the disk", error))
}
