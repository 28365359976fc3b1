//! Backup and restore.

use std::path::{Path, PathBuf};

use rusqlite::backup::StepResult;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use tempfile::{NamedTempFile, TempDir};

use super::{chain, failed, portable, schema};
use crate::files::{self, directory, io};
use crate::portable::Backup;
use crate::{Chain, Head, StoreError};

/// How often a copy is tried that another process stands in the way of; each try waits as long as any other access.
const TRIES: usize = 5;

/// What was restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The end of the restored audit log.
    pub head: Head,
    /// Where the state that was there before is now.
    pub replaced: Option<PathBuf>,
}

/// A database in a directory of its own beside its final place: on the same file system, and whatever SQLite puts beside
/// it goes away with the directory.
struct Draft {
    file: NamedTempFile,
    // Dropped after the file in it.
    _directory: TempDir,
}

impl Draft {
    fn beside(target: &Path) -> Result<Self, StoreError> {
        let made = tempfile::Builder::new()
            .prefix(".hognose-")
            .tempdir_in(directory(target))
            .and_then(|directory| {
                let file = NamedTempFile::new_in(directory.path())?;
                Ok(Self {
                    file,
                    _directory: directory,
                })
            });
        made.map_err(|error| io("create a file", error))
    }

    /// Copies a database into it, as one file without companions.
    fn fill(&self, source: &Connection) -> Result<(), StoreError> {
        let action = "copy the state";
        let mut copy = Connection::open(self.file.path()).map_err(failed(action))?;
        let backup = rusqlite::backup::Backup::new(source, &mut copy).map_err(failed(action))?;
        let mut tries = 0;
        while backup.step(-1).map_err(failed(action))? != StepResult::Done {
            tries += 1;
            if tries == TRIES {
                let busy = std::io::Error::from(std::io::ErrorKind::ResourceBusy);
                return Err(StoreError::Busy(std::sync::Arc::new(busy)));
            }
        }
        drop(backup);
        let alone = copy.pragma_update_and_check(None, "journal_mode", "delete", |_| Ok(()));
        alone.map_err(failed(action))?;
        copy.close().map_err(|(_, error)| failed(action)(error))?;
        let synced = self.file.as_file().sync_all();
        synced.map_err(|error| io("write the copy to the disk", error))
    }

    /// Writes the records of a portable backup into it.
    fn write(&self, source: &mut Backup) -> Result<(), StoreError> {
        let action = "restore the state";
        let mut made = schema::open_writer(self.file.path(), None)?;
        portable::fill(&mut made, source)?;
        let alone = made.pragma_update_and_check(None, "journal_mode", "delete", |_| Ok(()));
        alone.map_err(failed(action))?;
        made.close().map_err(|(_, error)| failed(action)(error))?;
        let synced = self.file.as_file().sync_all();
        synced.map_err(|error| io("write the copy to the disk", error))
    }

    fn publish(self, target: &Path, replace: bool) -> Result<(), StoreError> {
        files::publish(self.file, target, replace)
    }
}

/// Copies a database in use to a new file.
pub(super) fn backup(source: &Connection, target: &Path) -> Result<(), StoreError> {
    files::must_be_new(target)?;
    let draft = Draft::beside(target)?;
    draft.fill(source)?;
    draft.publish(target, false)
}

/// Puts a backup in the place of the state. Nobody may use that. What is put there is what was checked: the copy.
pub(super) fn restore(backup: &Path, target: &Path) -> Result<Restored, StoreError> {
    if !backup.is_file() {
        return Err(StoreError::Absent {
            path: backup.to_owned(),
        });
    }
    let draft = Draft::beside(target)?;
    if let Some(mut lines) = Backup::open(backup)? {
        draft.write(&mut lines)?;
    } else {
        let source = schema::open_reader(backup)?;
        // Refused by its first page, before all of it is copied.
        schema::check(&source, backup)?;
        draft.fill(&source)?;
    }
    let head = examine(draft.file.path(), backup)?;
    let replaced = set_aside(target)?;
    draft.publish(target, true)?;
    Ok(Restored { head, replaced })
}

/// Opens a backup in this format, to be read record by record.
pub(crate) fn source(backup: &Path) -> Result<portable::Tables, StoreError> {
    let connection = schema::open_reader(backup)?;
    if schema::check(&connection, backup)? != schema::KNOWN {
        // An older one is brought to the newest schema by restoring it where it belongs.
        return Err(StoreError::Foreign {
            path: backup.to_owned(),
        });
    }
    Ok(portable::Tables(connection))
}

/// Refuses what is damaged, not ours, too new, or not what was written.
fn examine(copy: &Path, named: &Path) -> Result<Head, StoreError> {
    let connection = schema::open_reader(copy)?;
    if schema::check(&connection, named)? == 0 {
        return Err(StoreError::Foreign {
            path: named.to_owned(),
        });
    }
    let report = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0));
    let report: String = report.map_err(failed("read the backup"))?;
    if report != "ok" {
        return Err(StoreError::Damaged { detail: report });
    }
    match chain::verify(&connection, None)? {
        Chain::Whole { head, .. } | Chain::HeadMissing { head } => Ok(head),
        Chain::Broken {
            row,
            expected,
            found,
        } => Err(StoreError::Broken {
            row,
            expected,
            found,
        }),
    }
}

/// Renames the state that is there. A log of changes that belongs to it must not stay behind: it would be applied to the
/// file that takes its place.
fn set_aside(target: &Path) -> Result<Option<PathBuf>, StoreError> {
    if !target.exists() {
        return Ok(None);
    }
    match fold(target) {
        // What is damaged or no state moves with its companions.
        Ok(()) | Err(StoreError::Damaged { .. } | StoreError::Foreign { .. }) => {}
        Err(error) => return Err(error),
    }
    let aside = with_suffix(target, ".before-restore");
    for companion in ["-wal", "-shm"] {
        let from = with_suffix(target, companion);
        if from.exists() {
            rename(&from, &with_suffix(&aside, companion))?;
        }
    }
    rename(target, &aside)?;
    Ok(Some(aside))
}

/// Brings everything into the one file. Works only while nobody else has it open.
fn fold(target: &Path) -> Result<(), StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection =
        Connection::open_with_flags(target, flags).map_err(failed("open the state"))?;
    let folded = connection
        .pragma_update_and_check(None, "journal_mode", "delete", |row| {
            row.get::<_, String>(0)
        })
        .map_err(|error| match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => StoreError::Foreign {
                path: target.to_owned(),
            },
            _ => failed("close the state")(error),
        });
    folded.map(drop)
}

fn rename(from: &Path, to: &Path) -> Result<(), StoreError> {
    std::fs::rename(from, to).map_err(|error| io("set the state aside", error))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
