//! Answers of indexes that one node was given and the others need not ask for: compressed, for a while, as long as there
//! is room.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;

use super::session::{Session, column};
use super::{READING, WRITING, write};
use crate::StoreError;

/// Largest answer, compressed; larger ones every node asks for itself.
const LARGEST: usize = 4 << 20;
/// Bytes of all, compressed.
const ROOM: i64 = 256 << 20;
/// Seconds after which an answer is of no use, not even as a condition.
const LIFE: i64 = 24 * 3_600;
/// After so many new ones they are counted.
const COUNTED: i64 = 32;

/// An answer of at most so many bytes.
pub(super) fn get(
    session: &mut Session,
    key: &str,
    limit: u64,
) -> Result<Option<Vec<u8>>, StoreError> {
    let sql = "SELECT packed FROM hognose_pages WHERE key = $1";
    let row = session.row(sql, &[&write::key(&["page", key])], READING)?;
    let Some(row) = row else { return Ok(None) };
    let packed: Vec<u8> = column(&row, 0)?;
    Ok(unpacked(&packed, limit))
}

/// Keeps an answer, unless it is too large.
pub(super) fn put(
    session: &mut Session,
    key: &str,
    answer: &[u8],
    now: i64,
) -> Result<(), StoreError> {
    let Some(packed) = packed(answer) else {
        return Ok(());
    };
    let size = i64::try_from(packed.len()).unwrap_or(i64::MAX);
    let sql = "INSERT INTO hognose_pages (key, packed, size, written) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (key) DO UPDATE SET packed = excluded.packed, size = excluded.size, \
               written = excluded.written \
               RETURNING currval(pg_get_serial_sequence('hognose_pages', 'id'))";
    let key = write::key(&["page", key]);
    let row = session.row(sql, &[&key, &packed, &size, &now], WRITING)?;
    let number: i64 = row.map_or(Ok(0), |row| column(&row, 0))?;
    if number % COUNTED == 0 {
        shrink(session, now)?;
    }
    Ok(())
}

/// Drops what is old, and of the rest what was written longest ago once there is too much.
fn shrink(session: &mut Session, now: i64) -> Result<(), StoreError> {
    let old = now.saturating_sub(LIFE);
    session.change(
        "DELETE FROM hognose_pages WHERE written < $1",
        &[&old],
        WRITING,
    )?;
    let sql = "DELETE FROM hognose_pages WHERE id IN (SELECT id FROM \
               (SELECT id, sum(size) OVER (ORDER BY written DESC, id DESC) AS total FROM hognose_pages) AS held \
               WHERE total > $1::bigint)";
    session.change(sql, &[&ROOM], WRITING).map(drop)
}

fn packed(answer: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(answer).ok()?;
    let packed = encoder.finish().ok()?;
    (packed.len() <= LARGEST).then_some(packed)
}

/// Nothing where it is damaged or larger than that.
fn unpacked(packed: &[u8], limit: u64) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut decoder = ZlibDecoder::new(packed).take(limit.saturating_add(1));
    decoder.read_to_end(&mut out).ok()?;
    (out.len() as u64 <= limit).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_unpacked_within_limits() {
        let text = b"page ".repeat(10_000);
        let small = packed(&text).unwrap();
        assert!(small.len() < text.len() / 10);
        assert_eq!(unpacked(&small, 50_000), Some(text));
        assert_eq!(unpacked(&small, 49_999), None);
        assert_eq!(unpacked(b"anything", 100), None);
        assert_eq!(unpacked(&small[..small.len() - 9], 50_000), None);
    }
}
