//! The store in a PostgreSQL database, which any number of nodes share.
//!
//! One thread of each node writes, in transactions of many entries ([`writer`]), under a lock that makes one chain of
//! what all of them write; a few connections read beside it. A server that is away for a moment is waited for.

mod address;
mod chain;
mod memories;
mod pages;
mod read;
mod restore;
mod schema;
mod session;
mod text;
mod tls;
mod turns;
mod wait;
mod write;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use self::session::{Connector, Pool, Session, column};
use self::turns::Locks;
use self::writer::Writer;
use crate::queue::Job;
use crate::recent::{self, Rulings};
use crate::{
    AuditEntry, Chain, Digest, Exposure, Head, KeptRuling, Opening, Page, Query, Seen, Setting,
    Store, StoreError, Subject, Turn,
};

pub use self::address::{AddressError, PostgresAddress};

/// Locks of the database, by number ("hogn" and on): who appends, who changes tables, who is using it at all.
const APPEND_LOCK: i64 = 0x686f_676e_0001;
const SCHEMA_LOCK: i64 = 0x686f_676e_0002;
const USE_LOCK: i64 = 0x686f_676e_0003;

const READING: &str = "read the state";
const WRITING: &str = "write the state";

/// The store in a PostgreSQL database.
#[derive(Debug)]
pub struct PostgresStore {
    // Ends first: what it still has to write needs the rest.
    writer: Writer,
    pool: Pool,
    locks: Arc<Locks>,
    rulings: Rulings,
}

impl PostgresStore {
    /// Opens a database, and brings its tables to the newest schema. Whoever makes what is missing means to stay: as
    /// long as he does nothing is restored over it.
    pub fn open(address: &PostgresAddress, opening: Opening) -> Result<Self, StoreError> {
        let connector = Arc::new(Connector::new(address)?);
        let pool = Pool::new(Arc::clone(&connector));
        pool.ask(|session| schema::prepare(session, opening, address))?;
        let locks = Arc::new(Locks::new(Arc::clone(&connector)));
        if opening == Opening::Create {
            locks.hold()?;
        }
        let session = connector.connect()?;
        Ok(Self {
            writer: Writer::start(connector, session)?,
            pool,
            locks,
            rulings: Rulings::default(),
        })
    }

    /// Puts a backup in the place of a state that nobody uses, all of it or nothing, and follows its chain while it does.
    /// The tables that were there are kept in a schema of their own, which is named.
    pub fn restore(
        backup: &Path,
        address: &PostgresAddress,
    ) -> Result<(Head, Option<String>), StoreError> {
        restore::restore(backup, address)
    }

    fn one<T>(
        &self,
        sql: &str,
        key: &[&str],
        take: impl Fn(&tokio_postgres::Row) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let key = write::key(key);
        self.pool.ask(|session| {
            let row = session.row(sql, &[&key], READING)?;
            row.map(|row| take(&row)).transpose()
        })
    }
}

impl Store for PostgresStore {
    fn append(&self, entry: AuditEntry) -> Result<(), StoreError> {
        entry.check()?;
        self.writer.push(Job::Append(entry))
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.writer.flush()
    }

    fn head(&self) -> Result<Head, StoreError> {
        self.pool.ask(chain::head)
    }

    fn verify_chain(&self, noted: Option<&Digest>) -> Result<Chain, StoreError> {
        self.pool.ask(|session| chain::verify(session, noted))
    }

    fn audit(&self, query: &Query) -> Result<Page, StoreError> {
        self.pool.ask(|session| read::audit(session, query))
    }

    fn exposure(&self, subject: &Subject, most: usize) -> Result<Vec<Exposure>, StoreError> {
        self.pool
            .ask(|session| read::exposure(session, subject, most))
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
        let (file, under) = (write::key(&[sha256]), write::key(&[revision]));
        let sql = "SELECT json FROM hognose_rulings JOIN hognose_revisions ON id = hognose_rulings.revision \
                   WHERE hognose_rulings.key = $1 AND hognose_revisions.key = $2";
        let found = self
            .pool
            .ask(|session| session.row(sql, &[&file, &under], READING))?;
        let Some(row) = found else { return Ok(None) };
        let json: Arc<str> = Arc::from(text::take(column(&row, 0)?));
        self.rulings.remember(sha256, revision, &json);
        Ok(Some(json))
    }

    fn any_ruling(&self, sha256: &str) -> Result<Option<KeptRuling>, StoreError> {
        let sql = "SELECT hognose_revisions.revision, json FROM hognose_rulings \
                   JOIN hognose_revisions ON id = hognose_rulings.revision \
                   WHERE hognose_rulings.key = $1 ORDER BY hognose_rulings.revision DESC LIMIT 1";
        self.one(sql, &[sha256], |row| {
            Ok(KeptRuling {
                revision: text::take(column(row, 0)?),
                json: Arc::from(text::take(column(row, 1)?)),
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
        let find = "SELECT sha256, since FROM hognose_files WHERE key = $1";
        let insert = "INSERT INTO hognose_files (key, project, filename, sha256, since) VALUES ($1, $2, $3, $4, $5) \
                      ON CONFLICT (key) DO NOTHING";
        let key = write::key(&[project, filename]);
        let row = self.pool.ask(|session| {
            if let Some(row) = session.row(find, &[&key], READING)? {
                return Ok(Some(row));
            }
            let texts = [project, filename, sha256].map(text::put);
            let [project, filename, digest] = &texts;
            session.change(insert, &[&key, project, filename, digest, &now], WRITING)?;
            // Another node may have been faster.
            session.row(find, &[&key], READING)
        })?;
        let row = row.ok_or(StoreError::Closed)?;
        let first = text::take(column(&row, 0)?);
        Ok(Seen {
            since: column(&row, 1)?,
            other: (first != sha256).then_some(first),
        })
    }

    fn owner_of(&self, project: &str) -> Result<Option<String>, StoreError> {
        let sql = "SELECT upstream FROM hognose_owners WHERE key = $1";
        self.one(sql, &[project], |row| Ok(text::take(column(row, 0)?)))
    }

    fn record_owner(&self, project: &str, upstream: &str) -> Result<String, StoreError> {
        let find = "SELECT upstream FROM hognose_owners WHERE key = $1";
        let insert = "INSERT INTO hognose_owners (key, project, upstream) VALUES ($1, $2, $3) \
                      ON CONFLICT (key) DO NOTHING";
        let key = write::key(&[project]);
        let row = self.pool.ask(|session| {
            if let Some(row) = session.row(find, &[&key], READING)? {
                return Ok(Some(row));
            }
            let values: session::Values<'_> = &[&key, &text::put(project), &text::put(upstream)];
            session.change(insert, values, WRITING)?;
            session.row(find, &[&key], READING)
        })?;
        Ok(text::take(column(&row.ok_or(StoreError::Closed)?, 0)?))
    }

    fn setting(&self, key: &str) -> Result<Option<Setting>, StoreError> {
        let sql = "SELECT value, version FROM hognose_settings WHERE key = $1";
        self.one(sql, &[key], |row| {
            Ok(Setting {
                value: text::take(column(row, 0)?),
                version: column::<i64>(row, 1)?.unsigned_abs(),
            })
        })
    }

    fn put_setting(
        &self,
        key: &str,
        value: &str,
        expected: Option<u64>,
    ) -> Result<u64, StoreError> {
        self.pool
            .ask(|session| put_setting(session, key, value, expected))
    }

    fn memory(&self, kind: &str, name: &str) -> Result<Option<Setting>, StoreError> {
        let sql = "SELECT text, version FROM hognose_memories WHERE key = $1";
        self.one(sql, &[kind, name], |row| {
            Ok(Setting {
                value: text::take(column(row, 0)?),
                version: column::<i64>(row, 1)?.unsigned_abs(),
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
        self.pool
            .ask(|session| memories::remember(session, (kind, name), text, expected, now))
    }

    fn keeps_answers(&self) -> bool {
        true
    }

    // Neither waits for a server that is away: the index can be asked instead.
    fn answer(&self, key: &str, limit: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.pool.once(|session| pages::get(session, key, limit))
    }

    fn keep_answer(&self, key: &str, answer: &[u8], now: i64) -> Result<(), StoreError> {
        self.pool
            .once(|session| pages::put(session, key, answer, now))
    }

    fn backup(&self, path: &Path) -> Result<(), StoreError> {
        self.flush()?;
        self.pool.ask(|session| restore::backup(session, path))
    }

    fn turn(&self, key: &str, patience: Duration) -> Result<Option<Turn>, StoreError> {
        self.locks.take(key, patience)
    }
}

fn put_setting(
    session: &mut Session,
    name: &str,
    value: &str,
    expected: Option<u64>,
) -> Result<u64, StoreError> {
    let key = write::key(&[name]);
    session.transaction("BEGIN", WRITING, |session| {
        // Where there is no row yet none can be locked; changes of settings are rare enough to wait for each other.
        session.run(
            "LOCK TABLE hognose_settings IN SHARE ROW EXCLUSIVE MODE",
            WRITING,
        )?;
        let sql = "SELECT version FROM hognose_settings WHERE key = $1";
        let row = session.row(sql, &[&key], READING)?;
        let found: i64 = row.map_or(Ok(0), |row| column(&row, 0))?;
        let found = found.unsigned_abs();
        if let Some(expected) = expected.filter(|expected| *expected != found) {
            return Err(StoreError::Conflict {
                key: name.to_owned(),
                expected,
                found,
            });
        }
        let next = found.saturating_add(1);
        let sql = "INSERT INTO hognose_settings (key, name, value, version) VALUES ($1, $2, $3, $4) \
                   ON CONFLICT (key) DO UPDATE SET value = excluded.value, version = excluded.version";
        let (name, value) = (text::put(name), text::put(value));
        session.change(sql, &[&key, &name, &value, &next.cast_signed()], WRITING)?;
        Ok(next)
    })
}
