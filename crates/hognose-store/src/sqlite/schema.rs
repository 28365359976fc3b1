//! Opening the file: whose it is, which schema it has, and how it is brought to the newest.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::failed;
use crate::StoreError;

/// Marks a file as ours ("hogn"), so that a path that was mistyped does not change somebody else's database.
pub(super) const APPLICATION: i64 = 0x686f_676e;

/// Numbered from 1; a migration that was released is never changed.
const MIGRATIONS: [&str; 3] = [
    include_str!("migrations/0001_audit.sql"),
    include_str!("migrations/0002_state.sql"),
    include_str!("migrations/0003_memory.sql"),
];

/// The newest schema that is known.
pub(super) const KNOWN: i64 = (MIGRATIONS.len() as u64).cast_signed();

/// How long to wait for another process: its transactions take milliseconds.
const PATIENCE: Duration = Duration::from_secs(5);

/// Opens the file for writing, and brings it to the newest schema.
pub(super) fn open_writer(path: &Path, pages: Option<u32>) -> Result<Connection, StoreError> {
    private(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = connect(path, flags)?;
    check(&connection, path)?;
    let mode = connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()));
    mode.map_err(failed("set up the state"))?;
    // A commit is not synced to the disk, only a checkpoint is: when the power fails the last commits may be missing, as
    // the entries of the last milliseconds are anyway, and nothing is damaged. When the process ends nothing is missing.
    // Syncing every commit would cost a disk's turn every 50 ms.
    let set = connection
        .pragma_update(None, "synchronous", "normal")
        // Rows of a log go to the end of a table, but all over its indexes: fewer pages are read and copied back twice
        // with 8 MB in memory (negative: KiB) and 16 MB of changes.
        .and_then(|()| connection.pragma_update(None, "cache_size", -8_192))
        .and_then(|()| {
            connection.pragma_update_and_check(None, "wal_autocheckpoint", 4_000, |_| Ok(()))
        });
    set.map_err(failed("set up the state"))?;
    if let Some(pages) = pages {
        let set = connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()));
        set.map_err(failed("set up the state"))?;
    }
    migrate(&mut connection, &MIGRATIONS, path)?;
    Ok(connection)
}

/// Opens the file for reading.
pub(super) fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    connect(path, flags)
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(path, flags).map_err(failed("open the state"))?;
    let set = connection
        .busy_timeout(PATIENCE)
        // What a file defines is not trusted with anything that has effects.
        .and_then(|()| connection.pragma_update(None, "trusted_schema", false))
        .and_then(|()| connection.pragma_update(None, "cell_size_check", true));
    set.map_err(failed("set up the state"))?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Makes a new file that only its owner can read: it tells who installs what. Its companions inherit that.
fn private(path: &Path) -> Result<(), StoreError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(crate::files::io("create the state", error)),
    }
}

/// Refuses files of others and of newer releases. A file without any table may become ours.
pub(super) fn check(connection: &Connection, path: &Path) -> Result<i64, StoreError> {
    let foreign = || StoreError::Foreign {
        path: path.to_owned(),
    };
    // One statement sees one state of the file: another process may be making it at this moment.
    let sql = "SELECT (SELECT application_id FROM pragma_application_id), \
               (SELECT user_version FROM pragma_user_version), (SELECT count(*) FROM sqlite_schema)";
    let (application, version, tables): (i64, i64, i64) = connection
        .query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .map_err(|error| match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::NotADatabase) => foreign(),
            _ => failed("read the state")(error),
        })?;
    let new = (application, version, tables) == (0, 0, 0);
    if application != APPLICATION && !new {
        return Err(foreign());
    }
    newer(version)?;
    Ok(version)
}

fn newer(version: i64) -> Result<(), StoreError> {
    if version > KNOWN {
        return Err(StoreError::Newer {
            found: version,
            known: KNOWN,
        });
    }
    Ok(())
}

/// Refuses to go on when a newer release has changed the schema meanwhile.
pub(super) fn still_known(connection: &Connection) -> Result<(), StoreError> {
    let mut statement = connection
        .prepare_cached("PRAGMA user_version")
        .map_err(failed("read the state"))?;
    let version = statement.query_row([], |row| row.get(0));
    newer(version.map_err(failed("read the state"))?)
}

/// Applies what is missing, all of it or nothing.
fn migrate(
    connection: &mut Connection,
    migrations: &[&str],
    path: &Path,
) -> Result<(), StoreError> {
    if check(connection, path)? == (migrations.len() as u64).cast_signed() {
        return Ok(());
    }
    let action = "bring the state to the newest schema";
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed(action))?;
    // Another process may have been faster.
    let version = check(&transaction, path)?;
    for (number, sql) in (1_i64..).zip(migrations) {
        if number > version {
            transaction
                .execute_batch(sql)
                .and_then(|()| transaction.pragma_update(None, "user_version", number))
                .map_err(failed(action))?;
        }
    }
    transaction
        .pragma_update(None, "application_id", APPLICATION)
        .map_err(failed(action))?;
    transaction.commit().map_err(failed(action))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(path: &Path) -> i64 {
        let connection = open_reader(path).unwrap();
        check(&connection, path).unwrap()
    }

    #[test]
    fn state_of_an_older_schema_is_brought_to_the_newest() {
        let directory = tempfile::tempdir().unwrap();
        for old in 0..MIGRATIONS.len() {
            let path = directory.path().join(format!("{old}.db"));
            let mut connection = Connection::open(&path).unwrap();
            migrate(&mut connection, &MIGRATIONS[..old], &path).unwrap();
            if old > 0 {
                let genesis = "UPDATE genesis SET hash = zeroblob(32)";
                connection.execute(genesis, []).unwrap();
            }
            drop(connection);
            let connection = open_writer(&path, None).unwrap();
            assert_eq!(version(&path), KNOWN);
            if old > 0 {
                let kept = "SELECT hash = zeroblob(32) FROM genesis";
                assert!(
                    connection
                        .query_row(kept, [], |r| r.get(0))
                        .unwrap_or(false)
                );
            }
        }
    }

    #[test]
    fn several_open_a_new_file_at_once() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state.db");
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| open_writer(&path, None).unwrap());
            }
        });
        assert_eq!(version(&path), KNOWN);
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state.db");
        let connection = open_writer(&path, None).unwrap();
        for file in std::fs::read_dir(directory.path()).unwrap() {
            let file = file.unwrap();
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o077, 0);
        }
        drop(connection);
    }

    #[test]
    fn files_of_others_are_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let text = directory.path().join("notes.txt");
        std::fs::write(
            &text,
            "no database, but longer than a header of one".repeat(40),
        )
        .unwrap();
        let theirs = directory.path().join("theirs.db");
        let connection = Connection::open(&theirs).unwrap();
        connection.execute_batch("CREATE TABLE t (x)").unwrap();
        drop(connection);
        for path in [text, theirs] {
            let before = std::fs::read(&path).unwrap();
            let error = open_writer(&path, None).unwrap_err();
            assert!(matches!(error, StoreError::Foreign { .. }), "{error}");
            assert_eq!(std::fs::read(&path).unwrap(), before);
        }
    }
}
