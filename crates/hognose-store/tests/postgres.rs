//! What a database shared by nodes must survive: each other, restarts, foreign hands, other releases.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test stops at the first surprise"
)]

mod common;
#[path = "common/postgres.rs"]
mod postgres;

use std::collections::HashSet;
use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::{Place, served, whole};
use hognose_store::{
    Chain, Opening, Order, PostgresAddress, PostgresStore, Query, SqliteStore, Store, StoreError,
};
use postgres::Server;

fn address(server: &Server) -> PostgresAddress {
    PostgresAddress::parse(&server.url()).unwrap()
}

fn open(server: &Server) -> PostgresStore {
    PostgresStore::open(&address(server), Opening::Create).unwrap()
}

/// The times of one client's rows, in the order they were written.
fn times(store: &dyn Store, client: &str) -> Vec<i64> {
    let query = Query {
        client: Some(client.to_owned()),
        order: Order::Oldest,
        ..Query::default()
    };
    let mut rows = Vec::new();
    let mut take = |row: hognose_store::AuditRow| {
        rows.push((row.seq, row.entry.time));
        Ok::<_, StoreError>(())
    };
    hognose_store::each(store, &query, &mut take).unwrap();
    rows.sort_unstable();
    rows.into_iter().map(|(_, time)| time).collect()
}

fn filled(server: &Server, rows: i64) -> PostgresStore {
    let store = open(server);
    for time in 0..rows {
        store.append(served(time, "a")).unwrap();
    }
    store.flush().unwrap();
    store
}

#[test]
fn nodes_append_to_one_chain() {
    let server = Server::start();
    let nodes = [open(&server), open(&server), open(&server)];
    std::thread::scope(|scope| {
        for (node, store) in (0..).zip(&nodes) {
            for thread in 0..2 {
                scope.spawn(move || {
                    for time in 0..1_000 {
                        let client = format!("{node}-{thread}");
                        store.append(served(time, &client)).unwrap();
                        if time % 100 == 99 {
                            store.flush().unwrap();
                        }
                    }
                });
            }
        }
    });
    for store in &nodes {
        store.flush().unwrap();
    }
    assert_eq!(whole(&nodes[0]).rows, 6_000);
    assert_eq!(whole(&nodes[1]), whole(&nodes[2]));
    for node in 0..3 {
        for thread in 0..2 {
            let rows = times(&nodes[0], &format!("{node}-{thread}"));
            assert_eq!(rows, (0..1_000).collect::<Vec<_>>(), "each in its order");
        }
    }
}

#[test]
fn a_server_that_restarts_under_load_loses_nothing() {
    let server = Server::start();
    let store = open(&server);
    let over = AtomicBool::new(false);
    let (mut appended, mut confirmed) = (Vec::new(), Vec::new());
    std::thread::scope(|scope| {
        let (store, over) = (&store, &over);
        let threads: Vec<_> = (0..4)
            .map(|thread| {
                scope.spawn(move || {
                    let (mut time, mut sure) = (0, 0);
                    while !over.load(Ordering::Relaxed) {
                        store.append(served(time, &format!("t{thread}"))).unwrap();
                        time += 1;
                        if time % 25 == 0 && store.flush().is_ok() {
                            sure = time;
                        }
                        // Reading goes on too.
                        if time % 100 == 0 {
                            store.head().unwrap();
                        }
                    }
                    (time, sure)
                })
            })
            .collect();
        for pause in [300, 150, 400, 90, 250, 30] {
            std::thread::sleep(Duration::from_millis(pause));
            server.restart();
        }
        std::thread::sleep(Duration::from_millis(300));
        over.store(true, Ordering::Relaxed);
        for thread in threads {
            let (all, sure) = thread.join().unwrap();
            appended.push(all);
            confirmed.push(sure);
        }
    });
    store.flush().unwrap();
    let head = whole(&store);
    assert_eq!(head.rows, appended.iter().sum::<i64>().unsigned_abs());
    for (thread, (all, sure)) in appended.iter().zip(&confirmed).enumerate() {
        assert!(sure > &0);
        let rows = times(&store, &format!("t{thread}"));
        assert_eq!(rows, (0..*all).collect::<Vec<_>>(), "none lost, none twice");
    }
    println!("{} rows over six restarts", head.rows);
}

#[test]
fn connections_that_are_ended_lose_nothing() {
    let server = Server::start();
    let store = open(&server);
    let (mut time, mut ended) = (0, 0);
    std::thread::scope(|scope| {
        let killer = scope.spawn(|| {
            let sql = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                       WHERE application_name = 'hognose'";
            let end = |round: u64| {
                std::thread::sleep(Duration::from_millis(120 + round * 37 % 90));
                server.sql(sql).trim().parse::<u64>().unwrap()
            };
            (0..20).map(end).sum::<u64>()
        });
        while !killer.is_finished() {
            store.append(served(time, "a")).unwrap();
            time += 1;
            if time % 10 == 0 {
                // It may last too long for one who waits; what waits is written all the same.
                let _ = store.flush();
            }
        }
        ended = killer.join().unwrap();
    });
    store.flush().unwrap();
    assert_eq!(whole(&store).rows, time.unsigned_abs());
    assert_eq!(times(&store, "a"), (0..time).collect::<Vec<_>>());
    println!("{ended} connections ended, {time} rows");
    assert!(ended > 10 && time > 100);
}

/// Stands between a store and its server, and cuts a connection when a commit was made and its answer is on the way.
#[derive(Debug)]
struct Between {
    directory: tempfile::TempDir,
    cuts: Arc<AtomicUsize>,
}

impl Between {
    fn start(server: &Server) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(directory.path().join(".s.PGSQL.5432")).unwrap();
        let (cuts, target) = (
            Arc::new(AtomicUsize::new(0)),
            server.path().join(".s.PGSQL.5432"),
        );
        let theirs = Arc::clone(&cuts);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let server = UnixStream::connect(&target).unwrap();
                relay(&client, &server, &theirs);
            }
        });
        Self { directory, cuts }
    }

    fn address(&self) -> PostgresAddress {
        let socket = self.directory.path().to_str().unwrap().replace('/', "%2F");
        PostgresAddress::parse(&format!("postgres://hognose@{socket}/postgres")).unwrap()
    }
}

fn relay(client: &UnixStream, server: &UnixStream, cuts: &Arc<AtomicUsize>) {
    let cut = Arc::new(AtomicBool::new(false));
    let both = || (client.try_clone().unwrap(), server.try_clone().unwrap());
    let pass = |from_client: bool| {
        let (cut, cuts, (client, server)) = (Arc::clone(&cut), Arc::clone(cuts), both());
        move || {
            let (mut from, mut to) = if from_client {
                (&client, &server)
            } else {
                (&server, &client)
            };
            let mut bytes = vec![0; 1 << 16];
            while let Ok(read @ 1..) = from.read(&mut bytes) {
                let part = &bytes[..read];
                if from_client && part.windows(7).any(|w| w == b"COMMIT\0") {
                    let less = |n: usize| n.checked_sub(1);
                    let taken = cuts.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less);
                    cut.store(taken.is_ok(), Ordering::SeqCst);
                }
                if (!from_client && cut.load(Ordering::SeqCst)) || to.write_all(part).is_err() {
                    break;
                }
            }
            let _ = client.shutdown(Shutdown::Both);
            let _ = server.shutdown(Shutdown::Both);
        }
    };
    std::thread::spawn(pass(true));
    std::thread::spawn(pass(false));
}

#[test]
fn a_commit_whose_answer_is_lost_is_not_repeated() {
    let server = Server::start();
    let between = Between::start(&server);
    let store = PostgresStore::open(&between.address(), Opening::Create).unwrap();
    for round in 0..20 {
        between.cuts.store(1 + round % 2, Ordering::SeqCst);
        for time in 0..50 {
            let time = i64::try_from(round).unwrap() * 50 + time;
            store.append(served(time, "a")).unwrap();
        }
        store.keep_ruling(&round.to_string(), "r1", "{}").unwrap();
        store.flush().unwrap();
    }
    assert_eq!(whole(&store).rows, 1_000);
    assert_eq!(times(&store, "a"), (0..1_000).collect::<Vec<_>>());
    let store = open(&server);
    assert!(store.ruling("0", "r1").unwrap().is_some());
}

#[test]
fn a_server_that_stays_away_is_said_and_what_waits_is_written_after() {
    let server = Server::start();
    let store = filled(&server, 10);
    server.stop();
    store.append(served(10, "a")).unwrap();
    let error = store.flush().unwrap_err();
    assert!(matches!(error, StoreError::Unreachable(_)), "{error:?}");
    assert!(matches!(store.head(), Err(StoreError::Unreachable(_))));
    // Whoever asks now hears so at once.
    let began = Instant::now();
    assert!(matches!(store.head(), Err(StoreError::Unreachable(_))));
    assert!(began.elapsed() < Duration::from_secs(2));
    // Entries wait as long as there is room for them, then whoever has more hears why.
    let mut taken = 11;
    let refused = loop {
        match store.append(served(taken, "a")) {
            Ok(()) => taken += 1,
            Err(error) => break error,
        }
        assert!(taken < 20_000);
    };
    assert!(matches!(refused, StoreError::Unreachable(_)), "{refused}");
    server.again();
    store.flush().unwrap();
    assert_eq!(times(&store, "a"), (0..taken).collect::<Vec<_>>());
    whole(&store);
}

#[test]
fn nodes_that_start_at_once_make_the_tables_once() {
    let server = Server::start();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| open(&server));
        }
    });
    let applied =
        server.sql("SELECT string_agg(version::text, ',' ORDER BY version) FROM hognose_schema");
    assert_eq!(applied.trim(), "1,2,3,4");
    assert_eq!(
        server.sql("SELECT count(*) FROM hognose_genesis").trim(),
        "1"
    );
}

#[test]
fn answers_are_kept_for_a_day() {
    let server = Server::start();
    let store = open(&server);
    assert!(store.keeps_answers());
    let keep = |number: i64, now: i64| {
        let text = format!("answer {number}");
        store.keep_answer(&number.to_string(), text.as_bytes(), now)
    };
    for number in 0..10 {
        keep(number, 1_000).unwrap();
    }
    assert_eq!(store.answer("7", 100).unwrap().unwrap(), b"answer 7");
    assert_eq!(store.answer("7", 3).unwrap(), None);
    assert_eq!(store.answer("77", 100).unwrap(), None);
    let later = 1_000 + 2 * 86_400;
    store.keep_answer("7", b"newer", later).unwrap();
    for number in 100..140 {
        keep(number, later).unwrap();
    }
    assert_eq!(store.answer("8", 100).unwrap(), None);
    assert_eq!(store.answer("7", 100).unwrap().unwrap(), b"newer");
    // What does not compress and is large every node keeps for itself.
    let mut noise = Vec::new();
    let mut state = 1_u64;
    while noise.len() < 6 << 20 {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        noise.extend((state >> 33).to_le_bytes());
    }
    store.keep_answer("large", &noise, later).unwrap();
    let kept = store.answer("large", u64::MAX).unwrap();
    assert!(kept.is_none() || kept.unwrap() == noise);
    assert_eq!(
        server
            .sql("SELECT max(size) <= 4194304 FROM hognose_pages")
            .trim(),
        "t"
    );
}

#[test]
fn state_of_a_newer_release_is_left_alone() {
    let server = Server::start();
    let store = filled(&server, 3);
    server.sql("INSERT INTO hognose_schema (version) VALUES (99)");
    // A node that was running meanwhile.
    store.append(served(9, "a")).unwrap();
    let error = store.flush().unwrap_err();
    assert!(
        matches!(error, StoreError::Newer { found: 99, .. }),
        "{error}"
    );
    drop(store);
    // And one that starts.
    let error = PostgresStore::open(&address(&server), Opening::Create).unwrap_err();
    assert!(
        matches!(
            error,
            StoreError::Newer {
                found: 99,
                known: 4
            }
        ),
        "{error}"
    );
    assert_eq!(server.sql("SELECT count(*) FROM hognose_audit").trim(), "3");
}

#[test]
fn what_is_not_there_is_not_made_by_looking() {
    let server = Server::start();
    let error = PostgresStore::open(&address(&server), Opening::Existing).unwrap_err();
    assert!(matches!(error, StoreError::Absent { .. }), "{error}");
    let tables = "SELECT count(*) FROM pg_tables WHERE tablename LIKE 'hognose%'";
    assert_eq!(server.sql(tables).trim(), "0");
}

#[test]
fn what_a_foreign_hand_changed_is_found() {
    let server = Server::start();
    let store = filled(&server, 50);
    for sql in [
        "DELETE FROM hognose_audit",
        "UPDATE hognose_audit SET client = 'b'",
        "TRUNCATE hognose_audit",
    ] {
        let kept = format!(
            "DO $$ BEGIN {sql}; RAISE 'changed'; EXCEPTION WHEN OTHERS THEN \
                            IF SQLERRM NOT LIKE '%append-only%' THEN RAISE; END IF; END $$"
        );
        server.sql(&kept);
    }
    server.sql("DROP TRIGGER hognose_audit_kept ON hognose_audit");
    let noted = store.head().unwrap();
    server.sql("CREATE TABLE kept AS SELECT * FROM hognose_audit");
    for (sql, broken) in [
        ("UPDATE hognose_audit SET client = 'b' WHERE seq = 30", 30),
        ("UPDATE hognose_audit SET time = time + 1 WHERE seq = 1", 1),
        ("UPDATE hognose_audit SET version = NULL WHERE seq = 2", 2),
        ("UPDATE hognose_audit SET body = '{} ' WHERE seq = 3", 3),
        ("DELETE FROM hognose_audit WHERE seq = 7", 7),
        ("DELETE FROM hognose_audit WHERE seq <= 7", 1),
        ("UPDATE hognose_audit SET seq = -3 WHERE seq = 9", 1),
        ("UPDATE hognose_genesis SET hash = sha256('x')", 1),
    ] {
        server.sql(sql);
        match store.verify_chain(None).unwrap() {
            Chain::Broken { row, .. } => assert_eq!(row, broken, "{sql}"),
            other => panic!("{sql}: {other:?}"),
        }
        assert!(!store.audit(&Query::default()).unwrap().rows.is_empty());
        server.sql("DELETE FROM hognose_audit; INSERT INTO hognose_audit SELECT * FROM kept");
    }
    server.sql("DELETE FROM hognose_audit WHERE seq > 40; UPDATE hognose_genesis SET hash = hash");
    let chain = store.verify_chain(Some(&noted.hash)).unwrap();
    assert!(
        matches!(chain, Chain::Broken { row: 1, .. }),
        "another beginning: {chain:?}"
    );
}

#[test]
fn a_backup_is_restored_into_either_store() {
    let server = Server::start();
    let store = filled(&server, 700);
    store.append(served(700, "a\0b\u{e000}")).unwrap();
    store.record_owner("acme", "internal").unwrap();
    store.first_seen("acme", "acme-1.whl", "aa", 5).unwrap();
    store.put_setting("policy", "x\0y", None).unwrap();
    store.put_setting("policy", "z\0y", None).unwrap();
    store.keep_ruling("aa", "r1", "1").unwrap();
    store.keep_ruling("aa", "r2", "2").unwrap();
    assert!(store.remember("seen", "ac\0me", "o\0ld", 0, 7).unwrap());
    assert!(store.remember("seen", "ac\0me", "n\0ew", 1, 8).unwrap());
    let place = Place::new();
    let lines = place.path("backup.jsonl");
    store.backup(&lines).unwrap();
    let noted = store.head().unwrap();
    let same = |store: &dyn Store| {
        assert_eq!(whole(store), noted);
        assert_eq!(store.owner_of("acme").unwrap().as_deref(), Some("internal"));
        assert_eq!(
            store
                .first_seen("acme", "acme-1.whl", "aa", 9)
                .unwrap()
                .since,
            5
        );
        let setting = store.setting("policy").unwrap().unwrap();
        assert_eq!((setting.value.as_str(), setting.version), ("z\0y", 2));
        let memory = store.memory("seen", "ac\0me").unwrap().unwrap();
        assert_eq!((memory.value.as_str(), memory.version), ("n\0ew", 2));
        assert_eq!(store.ruling("aa", "r1").unwrap().as_deref(), Some("1"));
        assert_eq!(store.any_ruling("aa").unwrap().unwrap().revision, "r2");
    };
    // Into a file, and from that file into the database.
    let restored = SqliteStore::restore(&lines, &place.state()).unwrap();
    assert_eq!(restored.head, noted);
    let file = place.open();
    same(&file);
    file.append(served(1, "later")).unwrap();
    file.backup(&place.path("backup.db")).unwrap();
    let later = file.head().unwrap();
    // Not while somebody uses it.
    let error = PostgresStore::restore(&lines, &address(&server)).unwrap_err();
    assert!(matches!(error, StoreError::Busy(_)), "{error}");
    drop(store);
    let (head, aside) = PostgresStore::restore(&lines, &address(&server)).unwrap();
    assert_eq!(head, noted);
    assert_eq!(aside.as_deref(), Some("hognose_before_restore_1"));
    same(&open(&server));
    let (head, aside) =
        PostgresStore::restore(&place.path("backup.db"), &address(&server)).unwrap();
    assert_eq!(
        (head, aside.as_deref()),
        (later, Some("hognose_before_restore_2"))
    );
    let kept = "SELECT count(*) FROM hognose_before_restore_2.hognose_audit";
    assert_eq!(server.sql(kept).trim(), "701");
    assert_eq!(whole(&open(&server)), later);
}

#[test]
fn what_is_no_good_backup_is_not_restored() {
    let server = Server::start();
    let place = Place::new();
    let store = filled(&server, 200);
    let before = whole(&store);
    store.backup(&place.path("good")).unwrap();
    drop(store);
    let good = std::fs::read_to_string(place.path("good")).unwrap();
    let lines: Vec<&str> = good.split_inclusive('\n').collect();
    let part = |skipped: usize| {
        let kept = lines.iter().enumerate().filter(|(at, _)| *at != skipped);
        kept.map(|(_, line)| *line).collect::<String>()
    };
    for (text, expected) in [
        (good[..good.len() / 2].to_owned(), "Damaged"),
        (part(lines.len() - 1), "Damaged"),
        (part(50), "Broken"),
        (part(200), "Damaged"),
        (good.replace("\"time\":77,", "\"time\":78,"), "Broken"),
        (
            good.replace("\"records\":200", "\"records\":201"),
            "Damaged",
        ),
        (format!("{good}{}", lines[3]), "Damaged"),
        (
            good.replace("\"hognose-state\":2", "\"hognose-state\":9"),
            "Newer",
        ),
        ("hello".repeat(1_000), "Foreign"),
        (String::new(), "Foreign"),
        (
            "{\"hognose-state\":1".to_owned() + &"x".repeat(100_000),
            "Damaged",
        ),
        (lines[0].to_owned() + "{\"audit\":5}\n", "Io"),
    ] {
        std::fs::write(place.path("bad"), &text).unwrap();
        let error = PostgresStore::restore(&place.path("bad"), &address(&server)).unwrap_err();
        let word = format!("{error:?}");
        assert!(word.starts_with(expected), "{word}, not {expected}");
        let error = SqliteStore::restore(&place.path("bad"), &place.state()).unwrap_err();
        // Here the digest of the whole is looked at first.
        let expected = expected.replace("Broken", "Damaged");
        let word = format!("{error:?}");
        assert!(word.starts_with(&expected), "{word}, not {expected}");
    }
    assert_eq!(whole(&open(&server)), before);
    let schemas = "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'hognose%'";
    assert_eq!(server.sql(schemas).trim(), "0");
}

#[test]
fn turns_are_taken_among_nodes_and_end_with_them() {
    let server = Server::start();
    let (one, other) = (open(&server), open(&server));
    let soon = Duration::from_millis(200);
    let turn = one.turn("a", soon).unwrap().unwrap();
    let elsewhere = other.turn("b", soon).unwrap().unwrap();
    assert!(other.turn("a", soon).unwrap().is_none());
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| other.turn("a", Duration::from_secs(20)).unwrap().is_some());
        std::thread::sleep(soon);
        drop(turn);
        assert!(waits.join().unwrap());
    });
    drop(elsewhere);
    // A connection that ends takes its turns with it.
    let lost = one.turn("a", soon).unwrap().unwrap();
    assert!(other.turn("a", soon).unwrap().is_none());
    server.sql("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ExclusiveLock'");
    let turn = other.turn("a", Duration::from_secs(20)).unwrap().unwrap();
    // Given back late: it is another's by now.
    drop(lost);
    assert!(one.turn("a", soon).unwrap().is_none());
    drop(turn);
    let busy = AtomicBool::new(false);
    let nodes = [&one, &other];
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (store, busy) = (nodes[thread % 2], &busy);
            scope.spawn(move || {
                for _ in 0..5 {
                    let _turn = store.turn("c", Duration::from_mins(1)).unwrap().unwrap();
                    assert!(!busy.swap(true, Ordering::SeqCst));
                    std::thread::sleep(Duration::from_millis(2));
                    busy.store(false, Ordering::SeqCst);
                }
            });
        }
    });
}

#[test]
fn those_in_a_runtime_may_ask_too() {
    let server = Server::start();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let store = open(&server);
        for time in 0..500 {
            store.append(served(time, "a")).unwrap();
            assert_eq!(store.owner_of("acme").unwrap(), None);
        }
        store.flush().unwrap();
        assert_eq!(store.head().unwrap().rows, 500);
        drop(store);
    });
}

#[test]
fn another_encoding_is_refused() {
    let server = Server::start();
    server.sql(
        "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'",
    );
    let url = server.url().replace("/postgres", "/latin");
    let address = PostgresAddress::parse(&url.replace("postgres://", "postgresql://")).unwrap();
    let error = PostgresStore::open(&address, Opening::Create).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the database cannot hold the state: its encoding is LATIN1, not UTF8"
    );
    let nowhere = server.url().replace("/postgres", "/nowhere");
    let address = PostgresAddress::parse(&nowhere).unwrap();
    let error = PostgresStore::open(&address, Opening::Create).unwrap_err();
    assert!(matches!(error, StoreError::Refused(_)), "{error:?}");
}

/// A port that was free a moment ago.
fn port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

#[test]
fn the_way_is_encrypted_and_the_host_known() {
    let place = Place::new();
    let (key, certificate) = (place.path("key.pem"), place.path("certificate.pem"));
    let made = std::process::Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
        ])
        .args(["-nodes", "-days", "30", "-subj", "/CN=localhost"])
        .args([
            "-addext",
            "subjectAltName=DNS:localhost",
            "-addext",
            "basicConstraints=CA:FALSE",
        ])
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output()
        .unwrap_or_else(|error| panic!("this test needs openssl: {error}"));
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    let port = port();
    let server = Server::with(
        &format!("-c listen_addresses=127.0.0.1 -c port={port}"),
        "scram-sha-256",
    );
    for (from, name) in [(&key, "server.key"), (&certificate, "server.crt")] {
        let to = server.data().join(name);
        std::fs::copy(from, &to).unwrap();
        let owned = std::process::Command::new("chown")
            .arg("--reference")
            .arg(server.data())
            .arg(&to)
            .status();
        assert!(owned.unwrap().success());
        let private = std::process::Command::new("chmod")
            .arg("600")
            .arg(&to)
            .status();
        assert!(private.unwrap().success());
    }
    let first = PostgresAddress::parse(&server.url_on(port)).unwrap();
    drop(PostgresStore::open(&first, Opening::Create).unwrap());
    let psql = |sql: &str| server.sql_on(port, sql);
    psql("ALTER SYSTEM SET ssl = on");
    psql("ALTER USER hognose PASSWORD 'secret'");
    psql("SELECT pg_reload_conf()");
    let open = |host: &str, query: &str| {
        let text = format!("postgres://hognose@{host}:{port}/postgres?{query}");
        let address = PostgresAddress::parse(&text)
            .unwrap()
            .with_password("secret");
        PostgresStore::open(&address, Opening::Existing)
    };
    let roots = certificate.display();
    for good in [
        "sslmode=disable".to_owned(),
        "sslmode=prefer".to_owned(),
        "sslmode=require".to_owned(),
        format!("sslmode=verify-ca&sslrootcert={roots}"),
        format!("sslmode=verify-full&sslrootcert={roots}"),
    ] {
        let store = open("localhost", &good).unwrap_or_else(|e| panic!("{good}: {e:?}"));
        let encrypted = psql(
            "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'hognose'",
        );
        assert_eq!(
            encrypted.trim() == "t",
            !good.ends_with("disable"),
            "{good}"
        );
        drop(store);
    }
    assert!(
        open(
            "127.0.0.1",
            &format!("sslmode=verify-ca&sslrootcert={roots}")
        )
        .is_ok()
    );
    // Another name, and nobody we know.
    for (host, query) in [
        (
            "127.0.0.1",
            format!("sslmode=verify-full&sslrootcert={roots}"),
        ),
        ("localhost", "sslmode=verify-full".to_owned()),
    ] {
        let error = open(host, &query).unwrap_err();
        assert!(
            matches!(error, StoreError::Io { .. } | StoreError::Unreachable(_)),
            "{error:?}"
        );
    }
    let text = format!("postgres://hognose:wrong@localhost:{port}/postgres");
    let wrong = PostgresAddress::parse(&text).unwrap();
    let error = PostgresStore::open(&wrong, Opening::Existing).unwrap_err();
    assert!(matches!(error, StoreError::Refused(_)), "{error:?}");
    let seen: HashSet<bool> = [format!("{error:?}"), format!("{wrong:?}")]
        .iter()
        .map(|t| t.contains("wrong@"))
        .collect();
    assert_eq!(seen, HashSet::from([false]));
}
