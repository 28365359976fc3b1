//! What a store does.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::{AuditEntry, Chain, Digest, Head, Page, Query, StoreError, Turn};

/// The kind of entries that say a file was sent: exposure is told from them.
pub const SERVED: &str = "served";

/// Memories that are kept altogether.
pub(crate) const MEMORIES: i64 = 100_000;
/// After so many new ones they are counted.
pub(crate) const MEMORIES_COUNTED: i64 = 500;

/// The state of a gateway. Every method may be called from any thread; those that ask or decide may block for as long as
/// a disk takes.
pub trait Store: Send + Sync + std::fmt::Debug {
    /// Puts an entry at the end of the log. Waits for room in a queue and for nothing else; an entry that was taken is
    /// written sooner or later, unless the process ends first. Fails when the entry is not acceptable, and when the queue
    /// is full because nothing can be written.
    fn append(&self, entry: AuditEntry) -> Result<(), StoreError>;

    /// Waits until everything that was put in before is written, and says so if it cannot be.
    fn flush(&self) -> Result<(), StoreError>;

    /// The end of the log as it is written.
    fn head(&self) -> Result<Head, StoreError>;

    /// Follows the chain of the log from its beginning to its end. The rows that are newest may have been cut off without
    /// a trace in what is left: a head that was noted elsewhere shows it. What questions are
    /// answered from is compared with the rows too: [`StoreError::Damaged`] when it does not agree.
    fn verify_chain(&self, noted: Option<&Digest>) -> Result<Chain, StoreError>;

    /// Rows of the log.
    fn audit(&self, query: &Query) -> Result<Page, StoreError>;

    /// Who was sent a file, the earliest first, at most so many.
    fn exposure(&self, subject: &Subject, most: usize) -> Result<Vec<Exposure>, StoreError>;

    /// Keeps what was decided about bytes under a revision. Of all rulings those of the newest revisions stay.
    fn keep_ruling(&self, sha256: &str, revision: &str, json: &str) -> Result<(), StoreError>;

    /// What was decided about bytes under a revision.
    fn ruling(&self, sha256: &str, revision: &str) -> Result<Option<Arc<str>>, StoreError>;

    /// What was decided about bytes under the newest revision that has a ruling.
    fn any_ruling(&self, sha256: &str) -> Result<Option<KeptRuling>, StoreError>;

    /// When a file was first seen. The digest that came first stays: the same name with other bytes is an incident.
    fn first_seen(
        &self,
        project: &str,
        filename: &str,
        sha256: &str,
        now: i64,
    ) -> Result<Seen, StoreError>;

    /// The upstream that first served a project.
    fn owner_of(&self, project: &str) -> Result<Option<String>, StoreError>;

    /// Records the upstream of a project, unless one is recorded, and gives the one that counts.
    fn record_owner(&self, project: &str, upstream: &str) -> Result<String, StoreError>;

    /// A setting.
    fn setting(&self, key: &str) -> Result<Option<Setting>, StoreError>;

    /// Changes a setting, and gives its new version. With `expected`, only from that version (0: not yet set), so that
    /// two who change it at once do not undo each other.
    fn put_setting(&self, key: &str, value: &str, expected: Option<u64>)
    -> Result<u64, StoreError>;

    /// What is remembered of something, by kind and name.
    fn memory(&self, kind: &str, name: &str) -> Result<Option<Setting>, StoreError>;

    /// Remembers something in the place of that version of it (0: of nothing). False where somebody else was faster: what
    /// he wrote is to be looked at first. Of all memories those written last stay.
    fn remember(
        &self,
        kind: &str,
        name: &str,
        text: &str,
        expected: u64,
        now: i64,
    ) -> Result<bool, StoreError>;

    /// Whether answers of indexes are kept here for others: where one machine has the state alone, its files do that.
    fn keeps_answers(&self) -> bool {
        false
    }

    /// An answer of an index that was kept, at most so many bytes of it.
    fn answer(&self, _key: &str, _limit: u64) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(None)
    }

    /// Keeps an answer of an index for a while. No part of the state: no backup has it, and there is room for some only.
    fn keep_answer(&self, _key: &str, _answer: &[u8], _now: i64) -> Result<(), StoreError> {
        Ok(())
    }

    /// Writes everything to a new file, while the store is in use.
    fn backup(&self, path: &Path) -> Result<(), StoreError>;

    /// Waits, at most so long, until nobody else does what a key stands for, among all who share the store; `None` where
    /// somebody still does. Whoever has waited looks first whether it is done. Held by nobody any more once this process
    /// ends, or its connection: a turn saves work, and is no proof of being alone.
    fn turn(&self, key: &str, patience: Duration) -> Result<Option<Turn>, StoreError>;
}

/// What was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The bytes of this digest.
    Sha256(String),
    /// Any file of this project.
    Project(String),
    /// Any file of this release, by the exact text of its version.
    Release {
        /// The project.
        project: String,
        /// The version.
        version: String,
    },
}

/// Somebody who was sent a file.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Exposure {
    /// Who: an address, or the name of a token; absent where it was not recorded.
    pub client: Option<String>,
    /// First time, Unix milliseconds.
    pub first: i64,
    /// Last time, Unix milliseconds.
    pub last: i64,
    /// How often.
    pub times: u64,
    /// The version.
    pub version: Option<String>,
    /// The file.
    pub filename: Option<String>,
    /// sha256 of its bytes.
    pub sha256: Option<String>,
}

/// A ruling that was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptRuling {
    /// The revision it was made under.
    pub revision: String,
    /// What was decided.
    pub json: Arc<str>,
}

/// What is known of a file name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Since when, Unix milliseconds.
    pub since: i64,
    /// The sha256 that it had first, when that is another one.
    pub other: Option<String>,
}

/// A setting, or a memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its value.
    pub value: String,
    /// How often it was changed.
    pub version: u64,
}
