//! The tables: whether they are there, of which schema, and how they are brought to the newest.

use std::path::PathBuf;

use super::session::{Session, column};
use super::{PostgresAddress, SCHEMA_LOCK};
use crate::{Opening, StoreError};

/// Numbered from 1; a migration that was released is never changed.
const MIGRATIONS: [&str; 4] = [
    include_str!("migrations/0001_audit.sql"),
    include_str!("migrations/0002_state.sql"),
    include_str!("migrations/0003_memory.sql"),
    include_str!("migrations/0004_pages.sql"),
];

/// The newest schema that is known.
pub(super) const KNOWN: i64 = (MIGRATIONS.len() as u64).cast_signed();

/// The oldest server that draws random numbers without an extension.
const OLDEST: i32 = 130_000;

const ACTION: &str = "bring the state to the newest schema";

/// Makes what is missing, all of it or nothing, while nobody else does.
pub(super) fn prepare(
    session: &mut Session,
    opening: Opening,
    address: &PostgresAddress,
) -> Result<(), StoreError> {
    suitable(session)?;
    if version(session)? == Some(KNOWN) {
        return Ok(());
    }
    session.transaction("BEGIN", ACTION, |session| {
        lock(session)?;
        // Another node may have been faster.
        let found = version(session)?;
        if found.is_none() && opening == Opening::Existing {
            return Err(StoreError::Absent {
                path: PathBuf::from(address.to_string()),
            });
        }
        migrate(session, found.unwrap_or(0), &MIGRATIONS)
    })
}

/// Holds the lock of those who change tables, until the transaction ends.
pub(super) fn lock(session: &mut Session) -> Result<(), StoreError> {
    let sql = "SELECT pg_advisory_xact_lock($1)";
    session.rows(sql, &[&SCHEMA_LOCK], ACTION).map(drop)
}

fn suitable(session: &mut Session) -> Result<(), StoreError> {
    let sql = "SELECT current_setting('server_encoding'), current_setting('server_version_num')::int, \
               current_setting('server_version')";
    let Some(row) = session.row(sql, &[], "ask what the database is")? else {
        return Err(StoreError::Closed);
    };
    let (encoding, number, named): (String, i32, String) =
        (column(&row, 0)?, column(&row, 1)?, column(&row, 2)?);
    let detail = if encoding != "UTF8" {
        format!("its encoding is {encoding}, not UTF8")
    } else if number < OLDEST {
        format!("it is PostgreSQL {named}, and 13 is the oldest that is known to do")
    } else {
        return Ok(());
    };
    Err(StoreError::Unsuitable { detail })
}

/// The schema of what is there; `None` where nothing is. Refuses one that is newer.
pub(super) fn version(session: &mut Session) -> Result<Option<i64>, StoreError> {
    let action = "read the schema of the state";
    // Looked up in the table of tables: what the server remembers of a name may be older than a lock that was waited for.
    let sql = "SELECT EXISTS (SELECT FROM pg_catalog.pg_class WHERE relname = 'hognose_schema' AND pg_table_is_visible(oid))";
    let there = session.row(sql, &[], action)?;
    let there = there.map(|row| column::<bool>(&row, 0)).transpose()?;
    if there != Some(true) {
        return Ok(None);
    }
    let row = session.row("SELECT max(version) FROM hognose_schema", &[], action)?;
    let version: Option<i64> = row.map(|row| column(&row, 0)).transpose()?.flatten();
    known(version.unwrap_or(0))?;
    Ok(version)
}

/// Refuses a schema that is newer.
pub(super) fn known(found: i64) -> Result<(), StoreError> {
    if found > KNOWN {
        return Err(StoreError::Newer {
            found,
            known: KNOWN,
        });
    }
    Ok(())
}

/// Makes everything anew.
pub(super) fn create(session: &mut Session) -> Result<(), StoreError> {
    migrate(session, 0, &MIGRATIONS)
}

fn migrate(session: &mut Session, from: i64, migrations: &[&str]) -> Result<(), StoreError> {
    let table = "CREATE TABLE IF NOT EXISTS hognose_schema \
                 (version bigint PRIMARY KEY, applied timestamptz NOT NULL DEFAULT now())";
    session.run(table, ACTION)?;
    for (number, sql) in (1_i64..).zip(migrations) {
        if number > from {
            session.run(sql, ACTION)?;
            let done = "INSERT INTO hognose_schema (version) VALUES ($1)";
            session.change(done, &[&number], ACTION)?;
        }
    }
    Ok(())
}
