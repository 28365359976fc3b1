//! The store in one SQLite file, which several processes may share.
//!
//! One thread writes, in transactions of many entries ([`writer`]); a few connections read beside it, which write-ahead
//! logging allows. A transaction reads the end of the chain and continues it under the same lock, so two processes
//! append to one chain.

mod chain;
mod copy;
mod indexes;
mod memories;
mod portable;
mod read;
mod readers;
mod schema;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OptionalExtension as _, params};

use self::readers::Readers;
use self::writer::Writer;
use crate::queue::Job;
use crate::recent::{self, Rulings};
use crate::turns::Turns;
use crate::{
    AuditEntry, Chain, Digest, Exposure, Head, KeptRuling, Page, Query, Seen, Setting, Store,
    StoreError, Subject, Turn,
};

pub use self::copy::Restored;
pub(crate) use self::copy::source;

/// What to do about a file that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// Make it.
    Create,
    /// Say so.
    Existing,
}

/// How the file is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The file never grows beyond so many pages of 4 KiB: what does not fit is [`StoreError::Full`].
    pub max_pages: Option<u32>,
}

/// The store in one SQLite file.
#[derive(Debug)]
pub struct SqliteStore {
    writer: Writer,
    readers: Readers,
    rulings: Rulings,
    turns: Arc<Turns>,
}

impl SqliteStore {
    /// Opens a file, and brings it to the newest schema.
    pub fn open(path: &Path, opening: Opening, options: Options) -> Result<Self, StoreError> {
        if opening == Opening::Existing && !path.exists() {
            return Err(StoreError::Absent {
                path: path.to_owned(),
            });
        }
        let connection = schema::open_writer(path, options.max_pages)?;
        Ok(Self {
            writer: Writer::start(connection)?,
            readers: Readers::new(path.to_owned()),
            rulings: Rulings::default(),
            turns: Arc::default(),
        })
    }

    /// Puts a backup in the place of a file that nobody uses, after its integrity, its schema and its chain were checked.
    /// The file that was there is kept beside it.
    pub fn restore(backup: &Path, target: &Path) -> Result<Restored, StoreError> {
        copy::restore(backup, target)
    }

    fn one<T: Send>(
        &self,
        sql: &'static str,
        keys: &[&str],
        take: impl Fn(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, StoreError> {
        self.readers.read(|connection| {
            let found = connection.prepare_cached(sql).and_then(|mut statement| {
                let keys = rusqlite::params_from_iter(keys);
                statement.query_row(keys, &take).optional()
            });
            found.map_err(failed("read the state"))
        })
    }
}

impl Store for SqliteStore {
    fn append(&self, entry: AuditEntry) -> Result<(), StoreError> {
        entry.check()?;
        self.writer.push(Job::Append(entry))
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.writer.flush()
    }

    fn head(&self) -> Result<Head, StoreError> {
        self.readers.read(|connection| chain::head(connection))
    }

    fn verify_chain(&self, noted: Option<&Digest>) -> Result<Chain, StoreError> {
        self.readers
            .read(|connection| chain::verify(connection, noted))
    }

    fn audit(&self, query: &Query) -> Result<Page, StoreError> {
        self.readers
            .read(|connection| read::audit(connection, query))
    }

    fn exposure(&self, subject: &Subject, most: usize) -> Result<Vec<Exposure>, StoreError> {
        self.readers
            .read(|connection| read::exposure(connection, subject, most))
    }

    fn keep_ruling(&self, sha256: &str, revision: &str, json: &str) -> Result<(), StoreError> {
        recent::check(json)?;
        let json: Arc<str> = Arc::from(json);
        self.rulings.remember(sha256, revision, &json);
        self.writer.push(Job::Ruling {
            sha256: sha256.to_owned(),
            revision: revision.to_owned(),
            json,
        })
    }

    fn ruling(&self, sha256: &str, revision: &str) -> Result<Option<Arc<str>>, StoreError> {
        let recent = self.rulings.get(sha256, revision);
        if recent.is_some() {
            return Ok(recent);
        }
        let sql = "SELECT json FROM rulings JOIN revisions ON revisions.id = rulings.revision \
                   WHERE rulings.sha256 = ?1 AND revisions.revision = ?2";
        let found: Option<Arc<str>> = self.one(sql, &[sha256, revision], |row| row.get(0))?;
        if let Some(json) = &found {
            self.rulings.remember(sha256, revision, json);
        }
        Ok(found)
    }

    fn any_ruling(&self, sha256: &str) -> Result<Option<KeptRuling>, StoreError> {
        let sql = "SELECT revisions.revision, json FROM rulings JOIN revisions ON revisions.id = rulings.revision \
                   WHERE rulings.sha256 = ?1 ORDER BY rulings.revision DESC LIMIT 1";
        self.one(sql, &[sha256], |row| {
            Ok(KeptRuling {
                revision: row.get(0)?,
                json: row.get(1)?,
            })
        })
    }

    fn first_seen(
        &self,
        project: &str,
        filename: &str,
        sha256: &str,
        now: i64,
    ) -> Result<Seen, StoreError> {
        let sql = "SELECT sha256, since FROM files WHERE project = ?1 AND filename = ?2";
        let pair = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, row.get(1)?));
        let mut known = self.one(sql, &[project, filename], pair)?;
        if known.is_none() {
            let (project, filename) = (project.to_owned(), filename.to_owned());
            let first = sha256.to_owned();
            let pair = self.writer.change(move |connection| {
                let insert = "INSERT OR IGNORE INTO files (project, filename, sha256, since) VALUES (?1, ?2, ?3, ?4)";
                let values = params![project, filename, first, now];
                connection.prepare_cached(insert)?.execute(values)?;
                // Another process may have been faster.
                connection.query_row(sql, [&project, &filename], pair)
            })?;
            known = Some(pair);
        }
        let (first, since) = known.ok_or(StoreError::Closed)?;
        Ok(Seen {
            since,
            other: (first != sha256).then_some(first),
        })
    }

    fn owner_of(&self, project: &str) -> Result<Option<String>, StoreError> {
        let sql = "SELECT upstream FROM owners WHERE project = ?1";
        self.one(sql, &[project], |row| row.get(0))
    }

    fn record_owner(&self, project: &str, upstream: &str) -> Result<String, StoreError> {
        if let Some(owner) = self.owner_of(project)? {
            return Ok(owner);
        }
        let (project, upstream) = (project.to_owned(), upstream.to_owned());
        self.writer.change(move |connection| {
            let insert = "INSERT OR IGNORE INTO owners (project, upstream) VALUES (?1, ?2)";
            connection.execute(insert, [&project, &upstream])?;
            let sql = "SELECT upstream FROM owners WHERE project = ?1";
            connection.query_row(sql, [&project], |row| row.get(0))
        })
    }

    fn setting(&self, key: &str) -> Result<Option<Setting>, StoreError> {
        let sql = "SELECT value, version FROM settings WHERE key = ?1";
        self.one(sql, &[key], |row| {
            Ok(Setting {
                value: row.get(0)?,
                version: row.get::<_, i64>(1)?.unsigned_abs(),
            })
        })
    }

    fn put_setting(
        &self,
        key: &str,
        value: &str,
        expected: Option<u64>,
    ) -> Result<u64, StoreError> {
        let (owned, value) = (key.to_owned(), value.to_owned());
        let (changed, version) = self
            .writer
            .change(move |connection| put_setting(connection, &owned, &value, expected))?;
        match expected {
            Some(expected) if !changed => Err(StoreError::Conflict {
                key: key.to_owned(),
                expected,
                found: version,
            }),
            _ => Ok(version),
        }
    }

    fn memory(&self, kind: &str, name: &str) -> Result<Option<Setting>, StoreError> {
        let sql = "SELECT text, version FROM memories WHERE kind = ?1 AND name = ?2";
        self.one(sql, &[kind, name], |row| {
            Ok(Setting {
                value: row.get(0)?,
                version: row.get::<_, i64>(1)?.unsigned_abs(),
            })
        })
    }

    fn remember(
        &self,
        kind: &str,
        name: &str,
        text: &str,
        expected: u64,
        now: i64,
    ) -> Result<bool, StoreError> {
        recent::check(text)?;
        let [kind, name, text] = [kind, name, text].map(str::to_owned);
        let expected = expected.cast_signed();
        self.writer.change(move |connection| {
            memories::remember(connection, (&kind, &name), &text, expected, now)
        })
    }

    fn backup(&self, path: &Path) -> Result<(), StoreError> {
        self.flush()?;
        self.readers
            .read(|connection| copy::backup(connection, path))
    }

    /// Among the threads of this process: others on the same machine are not asked.
    fn turn(&self, key: &str, patience: Duration) -> Result<Option<Turn>, StoreError> {
        Ok(self.turns.take(key, patience))
    }
}

/// Whether it was changed, and the version that it has.
fn put_setting(
    connection: &Connection,
    key: &str,
    value: &str,
    expected: Option<u64>,
) -> rusqlite::Result<(bool, u64)> {
    let sql = "SELECT version FROM settings WHERE key = ?1";
    let found: Option<i64> = connection
        .query_row(sql, [key], |row| row.get(0))
        .optional()?;
    let found = found.unwrap_or(0);
    if expected.is_some_and(|expected| expected != found.unsigned_abs()) {
        return Ok((false, found.unsigned_abs()));
    }
    let put = "INSERT OR REPLACE INTO settings (key, value, version) VALUES (?1, ?2, ?3)";
    let next = found.saturating_add(1);
    connection.execute(put, params![key, value, next])?;
    Ok((true, next.unsigned_abs()))
}

/// What an error of SQLite means to whoever asked.
fn failed(action: &'static str) -> impl Fn(rusqlite::Error) -> StoreError {
    move |error| match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::Full(Arc::new(error)),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            StoreError::Busy(Arc::new(error))
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Damaged {
            detail: error.to_string(),
        },
        _ => StoreError::Io {
            action,
            source: Arc::new(error),
        },
    }
}
