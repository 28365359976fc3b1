//! Several processes on one file, and processes that end without warning.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test stops at the first surprise"
)]

mod common;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use common::{Place, open, served, whole};
use hognose_store::{Order, Query, Store};
use rusqlite::Connection;

const PATH: &str = "HOGNOSE_STORE_TEST_PATH";
const NAME: &str = "HOGNOSE_STORE_TEST_NAME";
const ROWS: &str = "HOGNOSE_STORE_TEST_ROWS";

/// Not a test of its own: what the tests below start as another process. Says what is written.
#[test]
fn child() {
    let (Ok(path), Ok(name)) = (std::env::var(PATH), std::env::var(NAME)) else {
        return;
    };
    let rows: i64 = std::env::var(ROWS).unwrap().parse().unwrap();
    let store = open(Path::new(&path));
    for time in 0..rows {
        store.append(served(time, &name)).unwrap();
        if time % 17 == 0 {
            store.keep_ruling(&format!("{time}"), &name, "{}").unwrap();
        }
        if time % 40 == 39 {
            store.flush().unwrap();
            println!("\nwritten {}", time + 1);
        }
    }
    store.flush().unwrap();
    println!("\nwritten {rows}");
}

fn start(place: &Place, name: &str, rows: i64) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env(PATH, place.state())
        .env(NAME, name)
        .env(ROWS, rows.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The rows of one client, by their numbers.
fn times(store: &dyn Store, client: &str) -> Vec<i64> {
    let query = Query {
        client: Some(client.to_owned()),
        order: Order::Oldest,
        ..Query::default()
    };
    let mut times = Vec::new();
    let mut take = |row: hognose_store::AuditRow| {
        times.push(row.entry.time);
        Ok::<_, hognose_store::StoreError>(())
    };
    hognose_store::each(store, &query, &mut take).unwrap();
    times
}

#[test]
fn processes_append_to_one_chain() {
    let place = Place::new();
    let children = ["a", "b", "c"].map(|name| start(&place, name, 2_000));
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let store = place.open();
    assert_eq!(whole(&store).rows, 6_000);
    for name in ["a", "b", "c"] {
        assert_eq!(times(&store, name), (0..2_000).collect::<Vec<_>>());
    }
}

/// How many rows a child says are written, until it ends or is ended.
fn watch(child: &mut Child, delay: Duration) -> i64 {
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // It has begun.
    let mut last = lines.by_ref().find_map(|line| written(&line.ok()?));
    std::thread::sleep(delay);
    child.kill().unwrap();
    // What it said before counts.
    while let Some(Ok(line)) = lines.next() {
        last = written(&line).or(last);
    }
    child.wait().unwrap();
    last.unwrap()
}

fn written(line: &str) -> Option<i64> {
    line.strip_prefix("written ")?.parse().ok()
}

#[test]
fn a_process_that_is_killed_damages_nothing() {
    let place = Place::new();
    let mut seed = 7_u64;
    let mut unflushed = 0;
    for round in 0..60 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let name = format!("round {round}");
        // Every other time somebody else is writing, who goes on.
        let other = (round % 2 == 0).then(|| start(&place, &format!("{name}, other"), 300));
        let mut child = start(&place, &name, 1_000_000);
        let said = watch(&mut child, Duration::from_micros((seed >> 33) % 30_000));
        if let Some(mut other) = other {
            assert!(other.wait().unwrap().success());
        }
        let store = place.open();
        whole(&store);
        let rows = times(&store, &name);
        let count = i64::try_from(rows.len()).unwrap();
        assert_eq!(rows, (0..count).collect::<Vec<_>>(), "no holes");
        assert!(
            count >= said,
            "{said} were said to be written, {count} are there"
        );
        unflushed += count - said;
        drop(store);
        let connection = Connection::open(place.state()).unwrap();
        let check = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0));
        assert_eq!(check, Ok("ok".to_owned()));
    }
    println!("{unflushed} rows that nobody had waited for were there too");
}
