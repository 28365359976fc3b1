//! A log of a million rows: how fast it is written, asked and followed. `cargo bench -p hognose-store`, and `cargo bench -p
//! hognose-store -- postgresql` for one in a database; a directory on the disk to be measured may be named in `TMPDIR`.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark stops at the first surprise, and says what it measured"
)]

use std::path::Path;
use std::time::{Duration, Instant};

use hognose_store::{
    AuditEntry, Chain, Opening, Options, Order, PostgresAddress, PostgresStore, Query, SqliteStore,
    Store, StoreError, Subject,
};

#[path = "../tests/common/postgres.rs"]
mod postgres;

const ROWS: i64 = 1_000_000;
/// Between two rows, milliseconds.
const STEP: i64 = 90;

/// One row of a busy month: a few projects get most of what is asked for, one answer in twenty is a refusal.
fn entry(i: i64) -> AuditEntry {
    let scattered = i.wrapping_mul(2_654_435_761).rem_euclid(1 << 32);
    // The square leans to the first.
    let project = (scattered % 2_000) * (scattered / 2_000 % 2_000) / 2_000;
    let version = scattered / 7 % 12;
    let blocked = scattered % 20 == 0;
    let filename = format!("project_{project}-{version}.0-py3-none-any.whl");
    AuditEntry {
        time: 1_790_000_000_000 + i * STEP,
        kind: if blocked { "blocked" } else { "served" }.to_owned(),
        project: Some(format!("project-{project}")),
        version: Some(format!("{version}.0")),
        sha256: Some(format!("{project:032x}{version:032x}")),
        client: Some(format!("192.0.2.{}", scattered / 11 % 250)),
        body: format!(
            r#"{{"event":"served","file":{{"filename":"{filename}"}},"reasons":[{{"rule":"HOG-STATUS-new","message":"was uploaded {version} hours ago","remedy":""}}]}}"#
        ),
        filename: Some(filename),
    }
}

fn main() {
    let directory = tempfile::tempdir().unwrap();
    if std::env::args().any(|argument| argument == "postgresql") {
        let server = postgres::Server::start();
        let address = PostgresAddress::parse(&server.url()).unwrap();
        let store = PostgresStore::open(&address, Opening::Create).unwrap();
        let sql = "SELECT pg_total_relation_size('hognose_audit')";
        let size = || server.sql(sql).trim().parse::<f64>().unwrap();
        return measure(&store, &size, directory.path());
    }
    let path = directory.path().join("state.db");
    let store = SqliteStore::open(&path, Opening::Create, Options::default()).unwrap();
    let size = || std::fs::metadata(&path).unwrap().len() as f64;
    measure(&store, &size, directory.path());
}

fn measure(store: &dyn Store, size: &dyn Fn() -> f64, directory: &Path) {
    let (took, ()) = timed(|| {
        for i in 0..ROWS {
            store.append(entry(i)).unwrap();
        }
        store.flush().unwrap();
    });
    let size = size() / 1e6;
    println!(
        "{ROWS} rows written       {:8.0} per second, {size:.0} MB",
        ROWS as f64 / took.as_secs_f64()
    );
    let (took, chain) = timed(|| store.verify_chain(None).unwrap());
    assert!(matches!(chain, Chain::Whole { .. }));
    println!("chain verified            {:8.2} s", took.as_secs_f64());
    let (took, count) = timed(|| {
        let mut bytes = 0;
        let mut take = |row| {
            bytes += serde_json::to_string(&row).unwrap().len();
            Ok::<_, StoreError>(())
        };
        hognose_store::each(store, &Query::default(), &mut take).unwrap();
        bytes as f64 / 1e6
    });
    println!(
        "exported as JSON lines    {:8.2} s, {count:.0} MB",
        took.as_secs_f64()
    );
    for (name, query) in queries() {
        median(&format!("{name}, 100 rows"), || {
            store.audit(&query).unwrap().rows.len()
        });
    }
    let subject = Subject::Sha256(format!("{:032x}{:032x}", 0, 3));
    median("exposure of one file", || {
        store.exposure(&subject, 100_000).unwrap().len()
    });
    let subject = Subject::Project("project-0".to_owned());
    median("exposure of the busiest", || {
        store.exposure(&subject, 100_000).unwrap().len()
    });
    rulings(store);
    let (took, ()) = timed(|| store.backup(&directory.join("backup")).unwrap());
    println!("backup                    {:8.2} s", took.as_secs_f64());
}

fn queries() -> Vec<(&'static str, Query)> {
    let base = Query {
        limit: 100,
        ..Query::default()
    };
    let client = Query {
        client: Some("192.0.2.7".to_owned()),
        ..base.clone()
    };
    let busiest = Query {
        project: Some("project-0".to_owned()),
        ..base.clone()
    };
    let kind = |kind: &str, query: &Query| Query {
        kind: Some(kind.to_owned()),
        ..query.clone()
    };
    let version = |version: &str| Query {
        version: Some(version.to_owned()),
        ..busiest.clone()
    };
    let middle = Some(1_790_000_000_000 + ROWS / 2 * STEP);
    let sha256 = Some(format!("{:032x}{:032x}", 7, 3));
    let project = Some("project-1500".to_owned());
    let both = Query {
        client: client.client.clone(),
        ..busiest.clone()
    };
    let old = Query {
        until: middle,
        ..kind("blocked", &base)
    };
    let range = Query {
        since: middle,
        order: Order::Oldest,
        ..base.clone()
    };
    vec![
        ("newest", base.clone()),
        ("kind", kind("blocked", &base)),
        ("kind that is absent", kind("replaced", &base)),
        (
            "project",
            Query {
                project,
                ..base.clone()
            },
        ),
        ("release", version("5.0")),
        ("busiest, absent version", version("99.0")),
        ("sha256", Query { sha256, ..base }),
        ("client and kind", kind("blocked", &client)),
        ("client", client),
        ("project and client", both),
        ("old time and kind", old),
        ("time range, oldest first", range),
    ]
}

fn rulings(store: &dyn Store) {
    let digests: Vec<String> = (0..20_000).map(|i| format!("{i:064x}")).collect();
    for digest in &digests {
        store
            .keep_ruling(digest, "r1", r#"{"decision":"allow","reasons":[]}"#)
            .unwrap();
    }
    store.flush().unwrap();
    let each = |name: &str, digests: &[String]| {
        let (took, ()) = timed(|| {
            for digest in digests {
                store.ruling(digest, "r1").unwrap();
            }
        });
        let micros = took.as_secs_f64() * 1e6 / digests.len() as f64;
        println!("{name:<25} {micros:8.2} µs");
    };
    each("ruling from the file", &digests);
    each("ruling from memory", &digests[digests.len() - 1_000..]);
    let absent: Vec<String> = (0..10_000).map(|i| format!("{i:063x}f")).collect();
    each("ruling that is absent", &absent);
    let (took, ()) = timed(|| {
        for digest in &digests[..2_000] {
            store.first_seen("p", digest, digest, 1).unwrap();
        }
    });
    println!(
        "file seen first           {:8.2} µs",
        took.as_secs_f64() * 1e6 / 2_000.0
    );
}

fn timed<T>(run: impl FnOnce() -> T) -> (Duration, T) {
    let start = Instant::now();
    let value = run();
    (start.elapsed(), value)
}

/// The median and the worst of some runs, the first one included.
fn median(name: &str, run: impl Fn() -> usize) {
    let mut times: Vec<(Duration, usize)> = (0..21).map(|_| timed(&run)).collect();
    times.sort();
    let (middle, rows) = times[10];
    let worst = times[20].0.as_secs_f64() * 1e3;
    println!(
        "{name:<36} {:8.3} ms, worst {worst:.1} ms, {rows} rows",
        middle.as_secs_f64() * 1e3
    );
}
