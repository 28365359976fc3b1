//! The chain of the audit log as it stands in the file.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _, Row};

use super::failed;
use super::indexes::Sums;
use crate::entry::Link;
use crate::{Chain, Digest, Head, StoreError};

const READING: &str = "read the audit log";

/// Rows that are read under one lock.
const PIECE: i64 = 5_000;

/// Where the log ends, or what its first row will continue from.
pub(super) fn head(connection: &Connection) -> Result<Head, StoreError> {
    let newest = connection
        .prepare_cached("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")
        .and_then(|mut statement| {
            statement
                .query_row([], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?)))
                .optional()
        })
        .map_err(failed(READING))?;
    if let Some((rows, hash)) = newest {
        return Ok(Head {
            rows: rows.unsigned_abs(),
            hash: Digest(hash),
        });
    }
    let hash = genesis(connection)?.ok_or_else(|| StoreError::Damaged {
        detail: "the audit log has no beginning".to_owned(),
    })?;
    Ok(Head { rows: 0, hash })
}

/// What the first row continues from.
pub(super) fn genesis(connection: &Connection) -> Result<Option<Digest>, StoreError> {
    let hash = connection
        .prepare_cached("SELECT hash FROM genesis")
        .and_then(|mut statement| statement.query_row([], |row| row.get(0)).optional());
    Ok(hash.map_err(failed(READING))?.map(Digest))
}

/// Follows the chain to its end.
pub(super) fn verify(connection: &Connection, noted: Option<&Digest>) -> Result<Chain, StoreError> {
    let Some(hash) = genesis(connection)? else {
        return Ok(broken(1, "a digest to continue from", "none"));
    };
    let mut walk = Walk {
        head: Head { rows: 0, hash },
        noted,
        found: (noted == Some(&hash)).then_some(0),
        sums: Sums::default(),
    };
    let sql = "SELECT seq, time, kind, project, version, filename, sha256, client, body, hash FROM audit \
               WHERE seq > ?1 ORDER BY seq LIMIT ?2";
    let mut last = i64::MIN;
    loop {
        let mut statement = connection.prepare_cached(sql).map_err(failed(READING))?;
        let mut rows = statement.query([last, PIECE]).map_err(failed(READING))?;
        let mut any = false;
        while let Some(row) = rows.next().map_err(failed(READING))? {
            any = true;
            last = row.get(0).map_err(failed(READING))?;
            if let Some(chain) = walk.step(last, row)? {
                return Ok(chain);
            }
        }
        if !any {
            break;
        }
    }
    walk.sums
        .compare(connection, walk.head.rows.cast_signed())?;
    Ok(match (noted, walk.found) {
        (Some(_), None) => Chain::HeadMissing { head: walk.head },
        _ => Chain::Whole {
            head: walk.head,
            noted: walk.found,
        },
    })
}

struct Walk<'a> {
    head: Head,
    noted: Option<&'a Digest>,
    found: Option<u64>,
    sums: Sums,
}

impl Walk<'_> {
    /// Goes on to the next row; gives the break when it does not follow.
    fn step(&mut self, seq: i64, row: &Row<'_>) -> Result<Option<Chain>, StoreError> {
        let due = self.head.rows + 1;
        if u64::try_from(seq) != Ok(due) {
            let (expected, found) = (format!("row {due}"), format!("row {seq}"));
            return Ok(Some(broken(due, &expected, &found)));
        }
        let expected = link(&self.head.hash, row).map_err(failed(READING))?;
        let stored = row.get_ref(9).map_err(failed(READING))?;
        let found = stored.as_bytes().ok().and_then(Digest::from_bytes);
        if found != Some(expected) {
            let found = found.map_or_else(|| "no digest".to_owned(), |hash| hash.to_string());
            return Ok(Some(broken(due, &expected.to_string(), &found)));
        }
        self.sums.add(row).map_err(failed(READING))?;
        self.head = Head {
            rows: due,
            hash: expected,
        };
        if self.noted == Some(&expected) {
            self.found = Some(due);
        }
        Ok(None)
    }
}

/// The digest that a row must have. Its bytes are taken as they are: a foreign hand may have written what is no text.
fn link(previous: &Digest, row: &Row<'_>) -> rusqlite::Result<Digest> {
    let mut link = Link::new(previous, row.get(1)?);
    for column in 2..9 {
        match row.get_ref(column)? {
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => link.field(Some(bytes)),
            _ => link.field(None),
        }
    }
    Ok(link.finish())
}

fn broken(row: u64, expected: &str, found: &str) -> Chain {
    Chain::Broken {
        row,
        expected: expected.to_owned(),
        found: found.to_owned(),
    }
}
