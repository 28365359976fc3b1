//! What a file holds, as records that any store can take, and back.

use rusqlite::{Connection, Row, params};

use super::{chain, failed, read};
use crate::portable::{Put, Record, Source};
use crate::{Digest, Head, StoreError};

const READING: &str = "copy the state";
const WRITING: &str = "restore the state";

/// A database, as a source of records.
pub(crate) struct Tables(pub(super) Connection);

impl Source for Tables {
    fn genesis(&mut self) -> Result<Digest, StoreError> {
        let genesis = chain::genesis(&self.0)?;
        genesis.ok_or_else(|| StoreError::Damaged {
            detail: "the audit log has no beginning".to_owned(),
        })
    }

    fn each(&mut self, put: Put<'_>) -> Result<(), StoreError> {
        let audit = "SELECT seq, time, kind, project, version, filename, sha256, client, body, hash FROM audit \
                     ORDER BY seq";
        self.table(audit, put, |row| {
            read::audit_row(row).map(|row| Record::Audit(row.into()))
        })?;
        let rulings = "SELECT revisions.revision, sha256, json FROM rulings \
                       JOIN revisions ON revisions.id = rulings.revision ORDER BY revisions.id, sha256";
        self.table(rulings, put, |row| {
            Ok(Record::Ruling {
                revision: row.get(0)?,
                sha256: row.get(1)?,
                json: row.get(2)?,
            })
        })?;
        let files = "SELECT project, filename, sha256, since FROM files ORDER BY project, filename";
        self.table(files, put, |row| {
            Ok(Record::File {
                project: row.get(0)?,
                filename: row.get(1)?,
                sha256: row.get(2)?,
                since: row.get(3)?,
            })
        })?;
        let owners = "SELECT project, upstream FROM owners ORDER BY project";
        self.table(owners, put, |row| {
            Ok(Record::Owner {
                project: row.get(0)?,
                upstream: row.get(1)?,
            })
        })?;
        let settings = "SELECT key, value, version FROM settings ORDER BY key";
        self.table(settings, put, |row| {
            Ok(Record::Setting {
                key: row.get(0)?,
                value: row.get(1)?,
                version: row.get(2)?,
            })
        })?;
        let memories =
            "SELECT kind, name, text, version, written FROM memories ORDER BY kind, name";
        self.table(memories, put, |row| {
            Ok(Record::Memory {
                kind: row.get(0)?,
                name: row.get(1)?,
                text: row.get(2)?,
                version: row.get(3)?,
                written: row.get(4)?,
            })
        })
    }
}

impl Tables {
    fn table(
        &self,
        sql: &str,
        put: Put<'_>,
        record: impl Fn(&Row<'_>) -> rusqlite::Result<Record>,
    ) -> Result<(), StoreError> {
        let mut statement = self.0.prepare(sql).map_err(failed(READING))?;
        let mut rows = statement.query([]).map_err(failed(READING))?;
        while let Some(row) = rows.next().map_err(failed(READING))? {
            put(record(row).map_err(failed(READING))?)?;
        }
        Ok(())
    }
}

/// Puts records into a new database, all or none. Its chain is for the caller to follow.
pub(super) fn fill(connection: &mut Connection, source: &mut dyn Source) -> Result<(), StoreError> {
    let genesis = source.genesis()?;
    let transaction = connection.transaction().map_err(failed(WRITING))?;
    let sql = "UPDATE genesis SET hash = ?1";
    let begun = transaction.execute(sql, [genesis.0]);
    begun.map_err(failed(WRITING))?;
    source.each(&mut |record| put(&transaction, record))?;
    transaction.commit().map_err(failed(WRITING))
}

fn put(connection: &Connection, record: Record) -> Result<(), StoreError> {
    let done = match record {
        Record::Audit(row) => {
            let row = row.audit()?;
            let at = Head {
                rows: row.seq,
                hash: row.hash,
            };
            super::writer::insert(connection, at, &row.entry)
        }
        Record::Ruling {
            revision,
            sha256,
            json,
        } => super::writer::keep(connection, &sha256, &revision, &json),
        Record::File {
            project,
            filename,
            sha256,
            since,
        } => connection
            .prepare_cached(
                "INSERT INTO files (project, filename, sha256, since) VALUES (?1, ?2, ?3, ?4)",
            )
            .and_then(|mut s| s.execute(params![project, filename, sha256, since]))
            .map(drop),
        Record::Owner { project, upstream } => connection
            .prepare_cached("INSERT INTO owners (project, upstream) VALUES (?1, ?2)")
            .and_then(|mut s| s.execute([project, upstream]))
            .map(drop),
        Record::Setting {
            key,
            value,
            version,
        } => connection
            .prepare_cached("INSERT INTO settings (key, value, version) VALUES (?1, ?2, ?3)")
            .and_then(|mut s| s.execute(params![key, value, version]))
            .map(drop),
        Record::Memory {
            kind,
            name,
            text,
            version,
            written,
        } => connection
            .prepare_cached(
                "INSERT INTO memories (kind, name, text, version, written) VALUES (?1, ?2, ?3, ?4, ?5)",
            )
            .and_then(|mut s| s.execute(params![kind, name, text, version, written]))
            .map(drop),
        Record::End { .. } => Ok(()),
    };
    done.map_err(failed(WRITING))
}
