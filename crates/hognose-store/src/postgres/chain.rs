//! The chain of the audit log as it stands in the tables.

use tokio_postgres::Row;

use super::session::{Session, column};
use super::text;
use crate::{AuditEntry, AuditRow, Chain, Digest, Head, StoreError};

const READING: &str = "read the audit log";

/// Rows that are asked for at a time, and the bytes of bodies they end after.
const PIECE: i64 = 2_000;
const PIECE_BYTES: i64 = 8 << 20;

/// The columns of a row, in the order that is read.
pub(super) const COLUMNS: &str =
    "seq, time, kind, project, version, filename, sha256, client, body, hash";

/// Where the log ends, or what its first row will continue from.
pub(super) fn head(session: &mut Session) -> Result<Head, StoreError> {
    let sql = "SELECT seq, hash FROM hognose_audit ORDER BY seq DESC LIMIT 1";
    if let Some(row) = session.row(sql, &[], READING)? {
        let rows: i64 = column(&row, 0)?;
        return Ok(Head {
            rows: rows.unsigned_abs(),
            hash: digest(&row, 1)?,
        });
    }
    let hash = genesis(session)?.ok_or_else(|| StoreError::Damaged {
        detail: "the audit log has no beginning".to_owned(),
    })?;
    Ok(Head { rows: 0, hash })
}

/// What the first row continues from.
pub(super) fn genesis(session: &mut Session) -> Result<Option<Digest>, StoreError> {
    let row = session.row("SELECT hash FROM hognose_genesis", &[], READING)?;
    row.map(|row| digest(&row, 0)).transpose()
}

fn digest(row: &Row, index: usize) -> Result<Digest, StoreError> {
    let bytes: &[u8] = column(row, index)?;
    Digest::from_bytes(bytes).ok_or_else(|| StoreError::Damaged {
        detail: format!("a digest has {} bytes", bytes.len()),
    })
}

/// A row of the log.
pub(super) fn audit_row(row: &Row) -> Result<AuditRow, StoreError> {
    let some = |index| Ok::<_, StoreError>(column::<Option<String>>(row, index)?.map(text::take));
    let seq: i64 = column(row, 0)?;
    Ok(AuditRow {
        seq: u64::try_from(seq).unwrap_or(0),
        entry: AuditEntry {
            time: column(row, 1)?,
            kind: text::take(column(row, 2)?),
            project: some(3)?,
            version: some(4)?,
            filename: some(5)?,
            sha256: some(6)?,
            client: some(7)?,
            body: text::take(column(row, 8)?),
        },
        hash: digest(row, 9)?,
    })
}

/// The rows after one, a few.
pub(super) fn piece(session: &mut Session, after: i64) -> Result<Vec<AuditRow>, StoreError> {
    // Lengths are known without reading the bodies: those that are too many never leave the server.
    let sql = format!(
        "SELECT {COLUMNS} FROM (SELECT *, sum(octet_length(body)) OVER (ORDER BY seq) - octet_length(body) AS before \
         FROM (SELECT * FROM hognose_audit WHERE seq > $1 ORDER BY seq LIMIT $2) AS part) AS page \
         WHERE before < $3 ORDER BY seq"
    );
    let rows = session.rows(&sql, &[&after, &PIECE, &PIECE_BYTES], READING)?;
    rows.iter().map(audit_row).collect()
}

/// Follows the chain to its end.
pub(super) fn verify(session: &mut Session, noted: Option<&Digest>) -> Result<Chain, StoreError> {
    let Some(hash) = genesis(session)? else {
        return Ok(broken(1, "a digest to continue from", "none"));
    };
    let mut head = Head { rows: 0, hash };
    let mut found = (noted == Some(&hash)).then_some(0);
    // Rows that were given numbers below 1 would otherwise be passed over.
    let mut last = i64::MIN;
    loop {
        let rows = piece(session, last)?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            match follow(&head, &row) {
                Ok(next) => head = next,
                Err(chain) => return Ok(chain),
            }
            if noted == Some(&head.hash) {
                found = Some(head.rows);
            }
        }
        last = head.rows.cast_signed();
    }
    Ok(match (noted, found) {
        (Some(_), None) => Chain::HeadMissing { head },
        _ => Chain::Whole { head, noted: found },
    })
}

/// The end of the chain after a row; the break, where it does not follow.
pub(super) fn follow(head: &Head, row: &AuditRow) -> Result<Head, Chain> {
    let due = head.rows + 1;
    if row.seq != due {
        let found = match row.seq {
            0 => "a row without a number".to_owned(),
            seq => format!("row {seq}"),
        };
        return Err(broken(due, &format!("row {due}"), &found));
    }
    let expected = row.entry.link(&head.hash);
    if row.hash != expected {
        let (expected, found) = (expected.to_string(), row.hash.to_string());
        return Err(broken(due, &expected, &found));
    }
    Ok(Head {
        rows: due,
        hash: expected,
    })
}

fn broken(row: u64, expected: &str, found: &str) -> Chain {
    Chain::Broken {
        row,
        expected: expected.to_owned(),
        found: found.to_owned(),
    }
}
