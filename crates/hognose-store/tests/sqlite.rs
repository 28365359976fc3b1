//! What a file shared by processes must survive: each other, sudden ends, a full disk, foreign hands, other releases.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::path::Path;

use common::{Place, open, served, whole};
use hognose_store::{
    Chain, Digest, Opening, Options, Query, SqliteStore, Store, StoreError, Subject,
};
use rusqlite::Connection;

/// A store with entries, closed.
fn filled(place: &Place, rows: i64) {
    let store = place.open();
    for time in 0..rows {
        store.append(served(time, "a")).unwrap();
    }
    store.flush().unwrap();
}

/// What somebody does who can write to the file and knows SQL.
fn tamper(path: &Path, sql: &str) {
    let connection = Connection::open(path).unwrap();
    let open = "DROP TRIGGER audit_update; DROP TRIGGER audit_delete;";
    connection.execute_batch(open).unwrap();
    connection.execute_batch(sql).unwrap();
}

#[test]
fn what_a_foreign_hand_changed_is_found() {
    for (sql, broken) in [
        ("UPDATE audit SET client = 'b' WHERE seq = 30", 30),
        ("UPDATE audit SET time = time + 1 WHERE seq = 1", 1),
        ("UPDATE audit SET kind = 'x' WHERE seq = 50", 50),
        ("UPDATE audit SET version = NULL WHERE seq = 2", 2),
        ("UPDATE audit SET body = '{} ' WHERE seq = 3", 3),
        (
            "UPDATE audit SET body = CAST(x'ff' AS TEXT) WHERE seq = 4",
            4,
        ),
        ("UPDATE audit SET hash = zeroblob(32) WHERE seq = 5", 5),
        ("DELETE FROM audit WHERE seq = 7", 7),
        ("DELETE FROM audit WHERE seq <= 7", 1),
        (
            "DELETE FROM audit WHERE seq = 7; UPDATE audit SET seq = 7 WHERE seq = 50",
            7,
        ),
        ("DELETE FROM genesis", 1),
        ("UPDATE genesis SET hash = zeroblob(32)", 1),
        ("UPDATE audit SET seq = -3 WHERE seq = 9", 1),
    ] {
        let place = Place::new();
        filled(&place, 50);
        tamper(&place.state(), sql);
        let store = place.open();
        match store.verify_chain(None).unwrap() {
            Chain::Broken { row, .. } => assert_eq!(row, broken, "{sql}"),
            other => panic!("{sql}: {other:?}"),
        }
        // Whoever looks for the place still can.
        assert!(!store.audit(&Query::default()).unwrap().rows.is_empty());
    }
}

#[test]
fn an_index_that_hides_a_row_is_found() {
    let place = Place::new();
    filled(&place, 50);
    let store = place.open();
    store.append(served(50, "hidden")).unwrap();
    drop(store);
    let bytes = std::fs::read(place.state()).unwrap();
    let query = Query {
        client: Some("hidden".to_owned()),
        ..Query::default()
    };
    let (mut hidden, mut broken) = (0, 0);
    for at in (0..bytes.len()).filter(|at| bytes[*at..].starts_with(b"hidden")) {
        let mut changed = bytes.clone();
        changed[at..at + 6].copy_from_slice(b"nobody");
        std::fs::write(place.state(), changed).unwrap();
        let store = place.open();
        let seen = store.audit(&query).unwrap().rows.len();
        match store.verify_chain(None) {
            Ok(Chain::Broken { row: 51, .. }) => broken += 1,
            Err(StoreError::Damaged { .. }) if seen == 0 => hidden += 1,
            // Remains on a page that are no part of the table any more.
            other => assert_eq!((seen, matches!(other, Ok(Chain::Whole { .. }))), (1, true)),
        }
    }
    assert_eq!((hidden, broken), (1, 1));
}

#[test]
fn what_was_cut_off_is_found_by_a_head_noted_elsewhere() {
    let place = Place::new();
    filled(&place, 50);
    let noted = place.open().head().unwrap();
    tamper(&place.state(), "DELETE FROM audit WHERE seq > 40");
    let store = place.open();
    assert_eq!(whole(&store).rows, 40, "not to be seen from the log alone");
    let chain = store.verify_chain(Some(&noted.hash)).unwrap();
    assert!(matches!(chain, Chain::HeadMissing { head } if head.rows == 40));
    // Nor does filling it up again help.
    for time in 0..10 {
        store.append(served(time, "other")).unwrap();
    }
    store.flush().unwrap();
    let chain = store.verify_chain(Some(&noted.hash)).unwrap();
    assert!(matches!(chain, Chain::HeadMissing { head } if head.rows == 50));
}

#[test]
fn the_log_is_append_only_for_those_who_mean_well() {
    let place = Place::new();
    filled(&place, 3);
    let connection = Connection::open(place.state()).unwrap();
    for sql in ["DELETE FROM audit", "UPDATE audit SET client = 'b'"] {
        let error = connection.execute(sql, []).unwrap_err();
        assert!(error.to_string().contains("append-only"), "{error}");
    }
}

#[test]
fn a_closed_store_has_written_everything() {
    let place = Place::new();
    let store = place.open();
    for time in 0..1_234 {
        store.append(served(time, "a")).unwrap();
    }
    drop(store);
    assert_eq!(whole(&place.open()).rows, 1_234);
}

#[test]
fn rulings_outlive_the_process() {
    let place = Place::new();
    let store = place.open();
    store.keep_ruling("aa", "r1", "{}").unwrap();
    store.record_owner("acme", "internal").unwrap();
    drop(store);
    let store = place.open();
    assert_eq!(store.ruling("aa", "r1").unwrap().as_deref(), Some("{}"));
    assert_eq!(store.owner_of("acme").unwrap().as_deref(), Some("internal"));
}

#[test]
fn a_full_disk_is_said_and_nothing_is_dropped() {
    let place = Place::new();
    let options = Options {
        max_pages: Some(64),
    };
    let store = SqliteStore::open(&place.state(), Opening::Create, options).unwrap();
    let mut written = 0;
    let full = loop {
        for _ in 0..50 {
            store.append(served(written, "a")).unwrap();
            written += 1;
        }
        if let Err(error) = store.flush() {
            break error;
        }
        assert!(written < 10_000, "64 pages hold so much?");
    };
    assert!(matches!(full, StoreError::Full(_)), "{full}");
    assert_eq!(full.to_string(), "there is no room to write the state");
    // Again and again, and changes are answered too.
    assert!(matches!(store.flush(), Err(StoreError::Full(_))));
    let owner = store.record_owner("acme", "internal");
    assert!(matches!(owner, Err(StoreError::Full(_))), "{owner:?}");
    // What was written before is read on.
    let head = whole(&store);
    assert!(head.rows > 0 && head.rows < written.unsigned_abs());
    // Entries wait as long as there is room for them, then whoever has more hears why.
    let refused = (0..20_000).find_map(|time| store.append(served(time, "b")).err());
    assert!(matches!(refused, Some(StoreError::Full(_))));
    drop(store);
    assert_eq!(whole(&place.open()), head);
}

#[test]
fn room_that_comes_back_is_used() {
    let place = Place::new();
    let store = place.open();
    store.append(served(0, "a")).unwrap();
    store.flush().unwrap();
    // Another process holds the file for longer than anybody waits.
    let other = Connection::open(place.state()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    store.append(served(1, "a")).unwrap();
    let error = store.flush().unwrap_err();
    assert!(matches!(error, StoreError::Busy(_)), "{error}");
    assert_eq!(store.head().unwrap().rows, 1, "reading goes on");
    other.execute_batch("ROLLBACK").unwrap();
    store.flush().unwrap();
    assert_eq!(whole(&store).rows, 2);
}

#[test]
fn state_of_a_newer_release_is_left_alone() {
    let place = Place::new();
    filled(&place, 3);
    let store = place.open();
    let newer = Connection::open(place.state()).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    // A process that was running meanwhile.
    store.append(served(9, "a")).unwrap();
    let error = store.flush().unwrap_err();
    assert!(
        matches!(error, StoreError::Newer { found: 99, .. }),
        "{error}"
    );
    drop(store);
    // And one that starts.
    let error = SqliteStore::open(&place.state(), Opening::Create, Options::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the state has schema 99, and this release of hognose knows 3: use the newer release that wrote it, or restore a \
         backup that is older"
    );
    let rows = newer.query_row("SELECT count(*) FROM audit", [], |row| row.get::<_, i64>(0));
    assert_eq!(rows.unwrap(), 3);
}

#[test]
fn what_is_not_there_is_not_made_by_looking() {
    let place = Place::new();
    let error =
        SqliteStore::open(&place.state(), Opening::Existing, Options::default()).unwrap_err();
    assert!(matches!(error, StoreError::Absent { .. }));
    assert!(place.names().is_empty());
}

#[test]
fn a_backup_made_under_load_is_whole() {
    let place = Place::new();
    let store = place.open();
    std::thread::scope(|scope| {
        let load = scope.spawn(|| {
            for time in 0..20_000 {
                store.append(served(time, "a")).unwrap();
            }
        });
        for number in 0..5 {
            let path = place.path(&format!("{number}.db"));
            store.backup(&path).unwrap();
            let head = whole(&open(&path));
            let chain = store.verify_chain(Some(&head.hash)).unwrap();
            assert!(
                matches!(chain, Chain::Whole { noted, .. } if noted == Some(head.rows)),
                "{chain:?}"
            );
        }
        load.join().unwrap();
    });
}

#[test]
fn a_backup_is_restored() {
    let place = Place::new();
    filled(&place, 10);
    let store = place.open();
    store.record_owner("acme", "internal").unwrap();
    store.backup(&place.path("backup.db")).unwrap();
    let noted = store.head().unwrap();
    store.append(served(100, "later")).unwrap();
    store.flush().unwrap();
    // Not while somebody uses it.
    let error = SqliteStore::restore(&place.path("backup.db"), &place.state()).unwrap_err();
    assert!(matches!(error, StoreError::Busy(_)), "{error}");
    assert_eq!(whole(&store).rows, 11);
    drop(store);
    let restored = SqliteStore::restore(&place.path("backup.db"), &place.state()).unwrap();
    assert_eq!(restored.head, noted);
    let store = place.open();
    assert_eq!(whole(&store), noted);
    assert_eq!(store.owner_of("acme").unwrap().as_deref(), Some("internal"));
    // Nothing is lost: what was there is beside it.
    let aside = restored.replaced.unwrap();
    assert_eq!(whole(&open(&aside)).rows, 11);
    drop(store);
    // To where nothing was.
    let new = place.path("new.db");
    let restored = SqliteStore::restore(&place.path("backup.db"), &new).unwrap();
    assert_eq!(restored.replaced, None);
    assert_eq!(whole(&open(&new)), noted);
}

#[test]
fn a_damaged_state_is_replaced() {
    let place = Place::new();
    filled(&place, 10);
    place.open().backup(&place.path("backup.db")).unwrap();
    std::fs::write(place.state(), "gone".repeat(1_000)).unwrap();
    std::fs::write(place.path("state.db-wal"), "remains").unwrap();
    let restored = SqliteStore::restore(&place.path("backup.db"), &place.state()).unwrap();
    assert_eq!(whole(&place.open()), restored.head);
    let aside = std::fs::read(restored.replaced.unwrap()).unwrap();
    assert!(aside.starts_with(b"gone"));
}

#[test]
fn what_is_no_good_backup_is_not_restored() {
    let place = Place::new();
    filled(&place, 200);
    let before = whole(&place.open());
    let backup = |name: &str| {
        let path = place.path(name);
        place.open().backup(&path).unwrap();
        path
    };
    let broken = backup("broken.db");
    tamper(&broken, "UPDATE audit SET client = 'b' WHERE seq = 100");
    let newer = backup("newer.db");
    let connection = Connection::open(&newer).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let torn = backup("torn.db");
    let bytes = std::fs::read(&torn).unwrap();
    std::fs::write(&torn, &bytes[..bytes.len() / 2]).unwrap();
    let holes = backup("holes.db");
    let mut bytes = std::fs::read(&holes).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 4_096].fill(0xa5);
    std::fs::write(&holes, bytes).unwrap();
    let text = place.path("text.db");
    std::fs::write(&text, "hello".repeat(1_000)).unwrap();
    let empty = place.path("empty.db");
    std::fs::write(&empty, "").unwrap();
    for (path, expected) in [
        (broken, "Broken"),
        (newer, "Newer"),
        (torn, "Damaged"),
        (holes, "Damaged"),
        (text, "Foreign"),
        (empty, "Foreign"),
        (place.path("none.db"), "Absent"),
    ] {
        let error = SqliteStore::restore(&path, &place.state()).unwrap_err();
        let word = format!("{error:?}");
        assert!(word.starts_with(expected), "{}: {word}", path.display());
        assert_eq!(whole(&place.open()), before, "{}", path.display());
    }
    assert!(place.names().iter().all(|name| !name.starts_with('.')));
}

#[test]
fn bytes_at_random_places_never_panic() {
    let place = Place::new();
    filled(&place, 300);
    let path = place.path("copy.db");
    place.open().backup(&path).unwrap();
    let good = std::fs::read(&path).unwrap();
    let mut seed = 42_usize;
    for _ in 0..60 {
        let mut bytes = good.clone();
        for _ in 0..8 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let at = (seed >> 20) % bytes.len();
            bytes[at] = (seed >> 8) as u8;
        }
        let path = place.path("bad.db");
        std::fs::write(&path, bytes).unwrap();
        let Ok(store) = SqliteStore::open(&path, Opening::Existing, Options::default()) else {
            continue;
        };
        let _ = store.verify_chain(Some(&Digest([0; 32])));
        let _ = store.audit(&Query::default());
        let _ = store.exposure(&Subject::Project("flask".to_owned()), 10);
        let _ = store.append(served(1, "a"));
        let _ = store.flush();
        drop(store);
        let _ = SqliteStore::restore(&path, &place.path("target.db"));
    }
}
