//! What was seen of projects before.

use super::session::{Session, Values, column};
use super::{WRITING, text, write};
use crate::StoreError;
use crate::portable::Record;
use crate::store::{MEMORIES, MEMORIES_COUNTED};

/// Writes what is remembered, unless it is of another version than expected. Whether it was written.
pub(super) fn remember(
    session: &mut Session,
    (kind, name): (&str, &str),
    text: &str,
    expected: u64,
    now: i64,
) -> Result<bool, StoreError> {
    let key = write::key(&[kind, name]);
    let texts = [kind, name, text].map(text::put);
    let [kind, name, text] = &texts;
    if expected > 0 {
        let sql = "UPDATE hognose_memories SET text = $2, version = version + 1, written = $3 \
                   WHERE key = $1 AND version = $4";
        let expected = expected.cast_signed();
        let values: Values<'_> = &[&key, text, &now, &expected];
        return Ok(session.change(sql, values, WRITING)? > 0);
    }
    let sql = "INSERT INTO hognose_memories (key, kind, name, text, version, written) \
               VALUES ($1, $2, $3, $4, 1, $5) ON CONFLICT (key) DO NOTHING RETURNING id";
    let values: Values<'_> = &[&key, kind, name, text, &now];
    let Some(row) = session.row(sql, values, WRITING)? else {
        return Ok(false);
    };
    if column::<i64>(&row, 0)? % MEMORIES_COUNTED == 0 {
        shrink(session)?;
    }
    Ok(true)
}

/// Puts one of a backup where it was.
pub(super) fn restore(session: &mut Session, record: &Record) -> Result<(), StoreError> {
    let Record::Memory {
        kind,
        name,
        text,
        version,
        written,
    } = record
    else {
        return Ok(());
    };
    let sql = "INSERT INTO hognose_memories (key, kind, name, text, version, written) \
               VALUES ($1, $2, $3, $4, $5, $6)";
    let key = write::key(&[kind, name]);
    let texts = [kind, name, text].map(|text| text::put(text));
    let [kind, name, text] = &texts;
    let values: Values<'_> = &[&key, kind, name, text, version, written];
    session.change(sql, values, WRITING).map(drop)
}

/// Drops memories above a number, those that were written longest ago first.
fn shrink(session: &mut Session) -> Result<(), StoreError> {
    let row = session.row("SELECT count(*) FROM hognose_memories", &[], WRITING)?;
    let count: i64 = row.map_or(Ok(0), |row| column(&row, 0))?;
    if count > MEMORIES {
        let sql = "DELETE FROM hognose_memories WHERE id IN \
                   (SELECT id FROM hognose_memories ORDER BY written, id LIMIT $1)";
        session.change(sql, &[&(count - MEMORIES)], WRITING)?;
    }
    Ok(())
}
