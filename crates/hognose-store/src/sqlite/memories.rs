//! What was seen of projects before.

use rusqlite::{Connection, params};

use crate::store::{MEMORIES, MEMORIES_COUNTED};

/// Writes what is remembered, unless it is of another version than expected. Whether it was written.
pub(super) fn remember(
    connection: &Connection,
    (kind, name): (&str, &str),
    text: &str,
    expected: i64,
    now: i64,
) -> rusqlite::Result<bool> {
    if expected > 0 {
        let sql = "UPDATE memories SET text = ?3, version = version + 1, written = ?4 \
                   WHERE kind = ?1 AND name = ?2 AND version = ?5";
        let mut statement = connection.prepare_cached(sql)?;
        return Ok(statement.execute(params![kind, name, text, now, expected])? > 0);
    }
    let sql = "INSERT OR IGNORE INTO memories (kind, name, text, version, written) VALUES (?1, ?2, ?3, 1, ?4)";
    let mut statement = connection.prepare_cached(sql)?;
    if statement.execute(params![kind, name, text, now])? == 0 {
        return Ok(false);
    }
    if connection.last_insert_rowid() % MEMORIES_COUNTED == 0 {
        shrink(connection, MEMORIES)?;
    }
    Ok(true)
}

/// Drops memories above a number, those that were written longest ago first.
fn shrink(connection: &Connection, most: i64) -> rusqlite::Result<()> {
    let sql = "SELECT count(*) FROM memories";
    let count: i64 = connection.query_row(sql, [], |row| row.get(0))?;
    if count > most {
        let sql = "DELETE FROM memories WHERE id IN (SELECT id FROM memories ORDER BY written, id LIMIT ?1)";
        connection.execute(sql, [count - most])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::schema;
    use super::*;

    #[test]
    fn the_oldest_memories_go_first() {
        let directory = tempfile::tempdir().unwrap();
        let connection = schema::open_writer(&directory.path().join("state.db"), None).unwrap();
        for at in 0..20 {
            let name = format!("p{at}");
            assert!(remember(&connection, ("seen", &name), "{}", 0, 100 - at).unwrap());
        }
        assert!(remember(&connection, ("seen", "p19"), "new", 1, 200).unwrap());
        shrink(&connection, 5).unwrap();
        let sql =
            "SELECT group_concat(name, ' ') FROM (SELECT name FROM memories ORDER BY written)";
        let left: String = connection.query_row(sql, [], |row| row.get(0)).unwrap();
        assert_eq!(left, "p3 p2 p1 p0 p19");
    }
}
