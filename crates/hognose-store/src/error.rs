//! What can go wrong with stored state.

use std::path::PathBuf;
use std::sync::Arc;

/// An error of whatever keeps the state.
pub type Cause = Arc<dyn std::error::Error + Send + Sync>;

/// Why the state could not be read or written.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no state at this place.
    #[error("there is no state at {}", path.display())]
    Absent {
        /// The place.
        path: PathBuf,
    },
    /// The file belongs to something else.
    #[error("{} is not state of a gateway", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A newer release wrote it.
    #[error(
        "the state has schema {found}, and this release of hognose knows {known}: use the newer release that wrote it, or \
         restore a backup that is older"
    )]
    Newer {
        /// Its schema.
        found: i64,
        /// The newest schema that is known here.
        known: i64,
    },
    /// There is no room: the disk is full, or the largest size that was allowed is reached.
    #[error("there is no room to write the state")]
    Full(#[source] Cause),
    /// Another process holds it for too long.
    #[error("the state is in use by another process")]
    Busy(#[source] Cause),
    /// The database does not answer.
    #[error("the database of the state cannot be reached")]
    Unreachable(#[source] Cause),
    /// The database does not let us in.
    #[error("the database of the state refuses the connection")]
    Refused(#[source] Cause),
    /// The database is not one that can hold the state.
    #[error("the database cannot hold the state: {detail}")]
    Unsuitable {
        /// Why not.
        detail: String,
    },
    /// It cannot be opened, read or written.
    #[error("cannot {action}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// Why not.
        #[source]
        source: Cause,
    },
    /// It is damaged.
    #[error("the state is damaged: {detail}")]
    Damaged {
        /// How it shows.
        detail: String,
    },
    /// The audit log of a backup is not what was written.
    #[error("the audit log is broken at row {row}: expected {expected}, found {found}")]
    Broken {
        /// The row, counted from 1.
        row: u64,
        /// What follows from the rows before.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A text of an entry is longer than what is taken.
    #[error("the {field} of an audit entry has {bytes} bytes, and {most} are taken")]
    TooLong {
        /// Which text.
        field: &'static str,
        /// Its length.
        bytes: usize,
        /// The longest that is taken.
        most: usize,
    },
    /// A text of an entry is missing.
    #[error("an audit entry has no {field}")]
    EmptyField {
        /// Which text.
        field: &'static str,
    },
    /// The body of an entry is not JSON.
    #[error("the body of an audit entry is not JSON")]
    Body(#[source] Arc<serde_json::Error>),
    /// Somebody else changed a setting meanwhile.
    #[error("the setting {key} is at version {found}, not {expected}")]
    Conflict {
        /// The setting.
        key: String,
        /// The version that the change was made from.
        expected: u64,
        /// The version that it has; 0 where it is not set.
        found: u64,
    },
    /// A file that must not exist does.
    #[error("{} exists already", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The store is closed.
    #[error("the state is closed")]
    Closed,
}
