//! Whether the indexes of the audit log hold what its rows say. Questions are answered from them: one that misses a row
//! would hide it, though the row is there and the chain is whole.
//!
//! SQLite's own check looks every row up in every index, which takes minutes where the file is larger than the memory for
//! it. Reading each once from end to end is enough: it must be in order, and the sum of the digests of its entries must be
//! that of the rows. The digests are keyed anew each time, so no other set of entries can be made that has the same sum.

use std::hash::{BuildHasher as _, RandomState};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use super::failed;
use crate::StoreError;

const READING: &str = "read the audit log";

/// The columns of a row as the chain reads them.
const COLUMNS: [&str; 8] = [
    "seq", "time", "kind", "project", "version", "filename", "sha256", "client",
];

/// An index, its columns, and what the first of them is not below.
type Index = (&'static str, &'static [usize], &'static str);

const INDEXES: [Index; 5] = [
    ("audit_time", &[1, 0], "time >= -9223372036854775808"),
    ("audit_kind", &[2, 1, 0], "kind >= ''"),
    ("audit_project", &[3, 1, 2, 4, 0], "project >= ''"),
    ("audit_sha256", &[6, 1, 2, 0], "sha256 >= ''"),
    ("audit_client", &[7, 1, 2, 0], "client >= ''"),
];

/// The sums of rows.
#[derive(Debug, Default)]
pub(super) struct Sums {
    hasher: RandomState,
    sums: [u64; INDEXES.len()],
    key: Vec<u8>,
}

impl Sums {
    /// Adds a row: the columns in their order.
    pub(super) fn add(&mut self, row: &Row<'_>) -> rusqlite::Result<()> {
        for ((_, columns, _), sum) in INDEXES.iter().zip(&mut self.sums) {
            let first = columns.first().copied().unwrap_or_default();
            if row.get_ref(first)? != ValueRef::Null {
                encode(row, columns.iter().copied(), &mut self.key)?;
                *sum = sum.wrapping_add(self.hasher.hash_one(&self.key));
            }
        }
        Ok(())
    }

    /// Compares with the indexes, as far as rows up to a number go: others may have come meanwhile.
    pub(super) fn compare(&self, connection: &Connection, last: i64) -> Result<(), StoreError> {
        for (index, sum) in INDEXES.iter().zip(self.sums) {
            let (found, ordered) = self.read(connection, index, last)?;
            if found != sum || !ordered {
                return Err(StoreError::Damaged {
                    detail: format!("{} does not hold what the entries say", index.0),
                });
            }
        }
        Ok(())
    }

    /// The sum of an index, and whether it is in order.
    fn read(
        &self,
        connection: &Connection,
        (name, columns, from): &Index,
        last: i64,
    ) -> Result<(u64, bool), StoreError> {
        let names: Vec<&str> = columns
            .iter()
            .filter_map(|column| COLUMNS.get(*column).copied())
            .collect();
        let sql = format!(
            "SELECT {} FROM audit INDEXED BY {name} WHERE {from} AND seq <= ?1",
            names.join(", ")
        );
        let mut statement = connection.prepare(&sql).map_err(failed(READING))?;
        let mut rows = statement.query([last]).map_err(failed(READING))?;
        let (mut key, mut before) = (Vec::new(), Vec::new());
        let (mut sum, mut ordered) = (0_u64, true);
        while let Some(row) = rows.next().map_err(failed(READING))? {
            encode(row, 0..columns.len(), &mut key).map_err(failed(READING))?;
            ordered &= before <= key;
            sum = sum.wrapping_add(self.hasher.hash_one(&key));
            std::mem::swap(&mut key, &mut before);
        }
        Ok((sum, ordered))
    }
}

/// Values as bytes that are ordered as SQLite orders the values.
fn encode(
    row: &Row<'_>,
    columns: impl Iterator<Item = usize>,
    key: &mut Vec<u8>,
) -> rusqlite::Result<()> {
    key.clear();
    for column in columns {
        match row.get_ref(column)? {
            ValueRef::Null => key.push(0),
            ValueRef::Integer(number) => {
                key.push(1);
                key.extend((number.cast_unsigned() ^ (1 << 63)).to_be_bytes());
            }
            ValueRef::Real(number) => {
                key.push(2);
                key.extend(number.to_be_bytes());
            }
            ValueRef::Text(bytes) => text(3, bytes, key),
            ValueRef::Blob(bytes) => text(4, bytes, key),
        }
    }
    Ok(())
}

/// A zero byte in a text is written so that it is above the end of a text.
fn text(tag: u8, bytes: &[u8], key: &mut Vec<u8>) {
    key.push(tag);
    for part in bytes.split_inclusive(|byte| *byte == 0) {
        key.extend(part);
        if part.ends_with(&[0]) {
            key.push(0xff);
        }
    }
    key.extend([0, 1]);
}
