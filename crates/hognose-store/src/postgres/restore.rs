//! Backup and restore.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_postgres::Row;

use super::session::{Connector, Session, column};
use super::write::{self, NewRuling};
use super::{PostgresAddress, SCHEMA_LOCK, USE_LOCK, chain, schema, text};
use crate::portable::{self, Put, Record, Source};
use crate::{AuditRow, Chain, Digest, Head, StoreError};

const READING: &str = "copy the state";
const ACTION: &str = "restore the state";

/// Rows that are written with one statement.
const BATCH: usize = 500;
/// And most bytes of them.
const BATCH_BYTES: usize = 8 << 20;
/// Schemas for what was there before a restore.
const ASIDE: u32 = 100;

const TABLES: [&str; 11] = [
    "hognose_schema",
    "hognose_genesis",
    "hognose_audit",
    "hognose_writers",
    "hognose_revisions",
    "hognose_rulings",
    "hognose_files",
    "hognose_owners",
    "hognose_settings",
    "hognose_memories",
    "hognose_pages",
];

/// Writes everything to a new file, as it is at one moment.
pub(super) fn backup(session: &mut Session, target: &Path) -> Result<(), StoreError> {
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; \
                 SET LOCAL idle_in_transaction_session_timeout = 0";
    session.transaction(begin, READING, |session| {
        portable::write(&mut Tables(session), target)
    })
}

/// The tables, as a source of records.
struct Tables<'a>(&'a mut Session);

impl Source for Tables<'_> {
    fn genesis(&mut self) -> Result<Digest, StoreError> {
        let genesis = chain::genesis(self.0)?;
        genesis.ok_or_else(|| StoreError::Damaged {
            detail: "the audit log has no beginning".to_owned(),
        })
    }

    fn each(&mut self, put: Put<'_>) -> Result<(), StoreError> {
        let mut last = i64::MIN;
        loop {
            let rows = chain::piece(self.0, last)?;
            let Some(row) = rows.last() else { break };
            last = row.seq.cast_signed();
            for row in rows {
                put(Record::Audit(row.into()))?;
            }
        }
        let rulings = "SELECT r.revision, sha256, json FROM hognose_rulings JOIN hognose_revisions AS r ON id = hognose_rulings.revision \
             ORDER BY id, hognose_rulings.key";
        self.table("rulings", rulings, put, &|row| {
            Ok(Record::Ruling {
                revision: told(row, 0)?,
                sha256: told(row, 1)?,
                json: told(row, 2)?,
            })
        })?;
        let files = "SELECT project, filename, sha256, since FROM hognose_files ORDER BY key";
        self.table("files", files, put, &|row| {
            Ok(Record::File {
                project: told(row, 0)?,
                filename: told(row, 1)?,
                sha256: told(row, 2)?,
                since: column(row, 3)?,
            })
        })?;
        let owners = "SELECT project, upstream FROM hognose_owners ORDER BY key";
        self.table("owners", owners, put, &|row| {
            Ok(Record::Owner {
                project: told(row, 0)?,
                upstream: told(row, 1)?,
            })
        })?;
        let settings = "SELECT name, value, version FROM hognose_settings ORDER BY key";
        self.table("settings", settings, put, &|row| {
            Ok(Record::Setting {
                key: told(row, 0)?,
                value: told(row, 1)?,
                version: column(row, 2)?,
            })
        })?;
        let memories =
            "SELECT kind, name, text, version, written FROM hognose_memories ORDER BY key";
        self.table("memories", memories, put, &|row| {
            Ok(Record::Memory {
                kind: told(row, 0)?,
                name: told(row, 1)?,
                text: told(row, 2)?,
                version: column(row, 3)?,
                written: column(row, 4)?,
            })
        })
    }
}

impl Tables<'_> {
    /// The rows of a question, a few at a time.
    fn table(
        &mut self,
        name: &str,
        sql: &str,
        put: Put<'_>,
        record: &dyn Fn(&Row) -> Result<Record, StoreError>,
    ) -> Result<(), StoreError> {
        let open = format!("DECLARE hognose_{name}_copied NO SCROLL CURSOR FOR {sql}");
        self.0.run(&open, READING)?;
        // A name for each: the connection keeps the statement, which has the columns it had first.
        let fetch = format!("FETCH 50 FROM hognose_{name}_copied");
        loop {
            let rows = self.0.rows(&fetch, &[], READING)?;
            if rows.is_empty() {
                return Ok(());
            }
            for row in &rows {
                put(record(row)?)?;
            }
        }
    }
}

fn told(row: &Row, index: usize) -> Result<String, StoreError> {
    Ok(text::take(column(row, index)?))
}

/// Puts a backup in the place of the state. Nobody may use that.
pub(super) fn restore(
    backup: &Path,
    address: &PostgresAddress,
) -> Result<(Head, Option<String>), StoreError> {
    let mut source = crate::source(backup)?;
    let connector = Arc::new(Connector::new(address)?);
    let mut session = connector.connect()?;
    let begin =
        "BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL statement_timeout = 0";
    session.transaction(begin, ACTION, |session| {
        alone(session)?;
        let aside = set_aside(session)?;
        schema::create(session)?;
        let head = fill(session, source.as_mut())?;
        Ok((head, aside))
    })
}

/// Refuses to go on while a gateway uses the state, and keeps others from beginning to. A gateway that has just ended may
/// hold its lock a moment longer: the server has not yet heard that its connection is gone.
fn alone(session: &mut Session) -> Result<(), StoreError> {
    let until = Instant::now() + LEAVING;
    for lock in [SCHEMA_LOCK, USE_LOCK] {
        let sql = "SELECT pg_try_advisory_xact_lock($1)";
        loop {
            let row = session.row(sql, &[&lock], ACTION)?;
            if row.map(|row| column(&row, 0)).transpose()? == Some(true) {
                break;
            }
            if Instant::now() >= until {
                let busy = std::io::Error::from(std::io::ErrorKind::ResourceBusy);
                return Err(StoreError::Busy(Arc::new(busy)));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    Ok(())
}

/// How long to wait for a gateway that may be leaving.
const LEAVING: Duration = Duration::from_secs(3);

/// Moves what is there into a schema of its own.
fn set_aside(session: &mut Session) -> Result<Option<String>, StoreError> {
    if schema::version(session)?.is_none() {
        return Ok(None);
    }
    let sql = "SELECT to_regnamespace($1) IS NULL";
    for number in 1..=ASIDE {
        let name = format!("hognose_before_restore_{number}");
        let row = session.row(sql, &[&name], ACTION)?;
        if row.map(|row| column(&row, 0)).transpose()? != Some(true) {
            continue;
        }
        session.run(&format!("CREATE SCHEMA {name}"), ACTION)?;
        for table in TABLES {
            // An older state has fewer.
            let sql = format!("ALTER TABLE IF EXISTS {table} SET SCHEMA {name}");
            session.run(&sql, ACTION)?;
        }
        let sql = format!("ALTER FUNCTION hognose_append_only() SET SCHEMA {name}");
        session.run(&sql, ACTION)?;
        return Ok(Some(name));
    }
    Err(StoreError::Unsuitable {
        detail: format!("{ASIDE} states from before restores are in it: drop some of the schemas"),
    })
}

/// Writes what a source has, and follows its chain.
fn fill(session: &mut Session, source: &mut dyn Source) -> Result<Head, StoreError> {
    let genesis = source.genesis()?;
    let sql = "UPDATE hognose_genesis SET hash = $1";
    session.change(sql, &[&genesis.0.as_slice()], ACTION)?;
    let mut filling = Filling {
        head: Head {
            rows: 0,
            hash: genesis,
        },
        rows: Vec::new(),
        rulings: Vec::new(),
        bytes: 0,
        session,
    };
    source.each(&mut |record| filling.put(record))?;
    filling.flush()?;
    Ok(filling.head)
}

struct Filling<'a> {
    session: &'a mut Session,
    head: Head,
    rows: Vec<AuditRow>,
    rulings: Vec<NewRuling>,
    bytes: usize,
}

impl Filling<'_> {
    fn put(&mut self, record: Record) -> Result<(), StoreError> {
        match record {
            Record::Audit(row) => {
                let row = row.audit()?;
                self.head = chain::follow(&self.head, &row).map_err(broken)?;
                self.bytes += row.entry.body.len();
                self.rows.push(row);
            }
            Record::Ruling {
                revision,
                sha256,
                json,
            } => {
                self.bytes += json.len();
                self.rulings.push(NewRuling {
                    sha256,
                    revision,
                    json: Arc::from(json),
                });
            }
            Record::File {
                project,
                filename,
                sha256,
                since,
            } => {
                let key = write::key(&[&project, &filename]);
                let texts = [&project, &filename, &sha256].map(|text| text::put(text));
                let [project, filename, sha256] = &texts;
                let sql = "INSERT INTO hognose_files (key, project, filename, sha256, since) VALUES ($1, $2, $3, $4, $5)";
                let values: super::session::Values<'_> = &[&key, project, filename, sha256, &since];
                self.session.change(sql, values, ACTION)?;
            }
            Record::Owner { project, upstream } => {
                let key = write::key(&[&project]);
                let sql = "INSERT INTO hognose_owners (key, project, upstream) VALUES ($1, $2, $3)";
                let values: super::session::Values<'_> =
                    &[&key, &text::put(&project), &text::put(&upstream)];
                self.session.change(sql, values, ACTION)?;
            }
            Record::Setting {
                key,
                value,
                version,
            } => {
                let sql = "INSERT INTO hognose_settings (key, name, value, version) VALUES ($1, $2, $3, $4)";
                let (name, value) = (text::put(&key), text::put(&value));
                let key = write::key(&[&key]);
                self.session
                    .change(sql, &[&key, &name, &value, &version], ACTION)?;
            }
            memory @ Record::Memory { .. } => super::memories::restore(self.session, &memory)?,
            Record::End { .. } => {}
        }
        if self.rows.len() + self.rulings.len() >= BATCH || self.bytes >= BATCH_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        self.bytes = 0;
        if !self.rows.is_empty() {
            write::audit(self.session, &std::mem::take(&mut self.rows))?;
        }
        if !self.rulings.is_empty() {
            write::rulings(self.session, &std::mem::take(&mut self.rulings))?;
        }
        Ok(())
    }
}

fn broken(chain: Chain) -> StoreError {
    match chain {
        Chain::Broken {
            row,
            expected,
            found,
        } => StoreError::Broken {
            row,
            expected,
            found,
        },
        _ => StoreError::Closed,
    }
}
