//! What every store promises, whatever keeps it.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod common;
#[path = "common/postgres.rs"]
mod postgres;

use std::time::Duration;

use common::{Place, served, whole};
use hognose_store::{
    AuditEntry, Chain, Cursor, Digest, Exposure, KeptRuling, MAX_BODY, Order, Query, Seen, Setting,
    Store, StoreError, Subject, each,
};

/// Runs the promises on stores of every kind that are new for each.
macro_rules! contract {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(
                #[test]
                fn $name() {
                    let place = super::Place::new();
                    super::$name(&place.open());
                }
            )+
        }
        mod postgresql {
            use hognose_store::{Opening, PostgresAddress, PostgresStore};
            $(
                #[test]
                fn $name() {
                    let server = super::postgres::Server::start();
                    let address = PostgresAddress::parse(&server.url()).unwrap();
                    super::$name(&PostgresStore::open(&address, Opening::Create).unwrap());
                }
            )+
        }
    };
}

contract!(
    a_new_log_has_a_head,
    what_was_put_in_comes_out,
    a_head_that_was_noted_is_found,
    many_threads_make_one_chain,
    questions,
    pages_follow_each_other,
    equal_times_lose_nothing,
    wide_rows_make_short_pages,
    everything_in_order,
    entries_that_are_not_taken,
    who_was_sent_what,
    rulings,
    rulings_of_former_revisions,
    the_first_bytes_of_a_name_stay,
    the_first_upstream_of_a_name_stays,
    threads_agree_on_who_was_first,
    settings,
    memories,
    threads_lose_no_memory,
    a_backup_is_a_new_file,
    hostile_texts,
    turns_are_taken_one_by_one,
);

fn a_new_log_has_a_head(store: &dyn Store) {
    let head = store.head().unwrap();
    assert_eq!(head.rows, 0);
    assert_eq!(whole(store), head);
    let chain = store.verify_chain(Some(&head.hash)).unwrap();
    assert_eq!(
        chain,
        Chain::Whole {
            head,
            noted: Some(0)
        }
    );
    assert!(store.audit(&Query::default()).unwrap().rows.is_empty());
    store.flush().unwrap();
    let other = Place::new().open().head().unwrap();
    assert_ne!(other.hash, head.hash, "every log begins elsewhere");
}

fn what_was_put_in_comes_out(store: &dyn Store) {
    let full = AuditEntry {
        body: r#"{"reasons":[{"rule":"HOG-MAL-known"}],"n":1.5}"#.to_owned(),
        ..served(1_000, "192.0.2.1")
    };
    let bare = AuditEntry {
        time: -5,
        kind: "policy".to_owned(),
        body: "null".to_owned(),
        ..AuditEntry::default()
    };
    let before = store.head().unwrap();
    store.append(full.clone()).unwrap();
    store.append(bare.clone()).unwrap();
    store.flush().unwrap();
    let query = Query {
        order: Order::Oldest,
        ..Query::default()
    };
    let rows = store.audit(&query).unwrap().rows;
    let entries: Vec<_> = rows
        .iter()
        .map(|row| (row.seq, row.entry.clone()))
        .collect();
    // By time, and numbered as they came.
    assert_eq!(entries, [(2, bare.clone()), (1, full.clone())]);
    let first = full.link(&before.hash);
    let second = bare.link(&first);
    assert_eq!(rows[1].hash, first);
    assert_eq!(rows[0].hash, second);
    assert_eq!(store.head().unwrap().hash, second);
    let json = serde_json::to_value(&rows[1]).unwrap();
    assert_eq!(json["body"]["reasons"][0]["rule"], "HOG-MAL-known");
    assert_eq!(json["hash"], first.to_string());
}

fn a_head_that_was_noted_is_found(store: &dyn Store) {
    let mut heads = Vec::new();
    for time in 0..20 {
        store.append(served(time, "a")).unwrap();
        store.flush().unwrap();
        heads.push(store.head().unwrap());
    }
    for head in heads {
        let chain = store.verify_chain(Some(&head.hash)).unwrap();
        let Chain::Whole { noted, .. } = chain else {
            panic!("{chain:?}");
        };
        assert_eq!(noted, Some(head.rows));
    }
    let chain = store.verify_chain(Some(&Digest([1; 32]))).unwrap();
    assert!(matches!(chain, Chain::HeadMissing { head } if head.rows == 20));
}

fn many_threads_make_one_chain(store: &dyn Store) {
    std::thread::scope(|scope| {
        for thread in 0..8 {
            scope.spawn(move || {
                for time in 0..500 {
                    store.append(served(time, &format!("t{thread}"))).unwrap();
                }
            });
        }
    });
    store.flush().unwrap();
    assert_eq!(whole(store).rows, 4_000);
    for thread in 0..8 {
        let query = Query {
            client: Some(format!("t{thread}")),
            order: Order::Oldest,
            ..Query::default()
        };
        let rows = store.audit(&query).unwrap().rows;
        let times: Vec<i64> = rows.iter().map(|row| row.entry.time).collect();
        assert_eq!(times, (0..500).collect::<Vec<_>>());
        assert!(rows.is_sorted_by_key(|row| row.seq), "each in its order");
    }
}

/// A hundred entries that differ in everything.
fn filled(store: &dyn Store) {
    for i in 0..100_i64 {
        let entry = AuditEntry {
            time: i * 10,
            kind: if i % 4 == 0 { "blocked" } else { "served" }.to_owned(),
            project: (i % 5 != 0).then(|| format!("p{}", i % 3)),
            version: Some(format!("{}.0", i % 2)),
            sha256: Some(format!("{:064x}", i % 7)),
            client: Some(format!("c{}", i % 6)),
            ..served(0, "")
        };
        store.append(entry).unwrap();
    }
    store.flush().unwrap();
}

fn questions(store: &dyn Store) {
    filled(store);
    let text = |t: &str| Some(t.to_owned());
    // Every combination of what can be asked for, against the same question put to a list.
    let all = store.audit(&Query::default()).unwrap().rows;
    assert_eq!(all.len(), 100);
    for bits in 0..128_u32 {
        let on = |bit: u32| bits & (1 << bit) != 0;
        let query = Query {
            kind: text("blocked").filter(|_| on(0)),
            project: text("p1").filter(|_| on(1)),
            version: text("0.0").filter(|_| on(2)),
            sha256: Some(format!("{:064x}", 2)).filter(|_| on(3)),
            client: text("c4").filter(|_| on(4)),
            since: Some(100).filter(|_| on(5)),
            until: Some(900).filter(|_| on(6)),
            ..Query::default()
        };
        let is = |asked: &Option<String>, had: &Option<String>| asked.is_none() || asked == had;
        let mut expected = all.clone();
        expected.retain(|row| {
            let entry = &row.entry;
            is(&query.kind, &Some(entry.kind.clone()))
                && is(&query.project, &entry.project)
                && is(&query.version, &entry.version)
                && is(&query.sha256, &entry.sha256)
                && is(&query.client, &entry.client)
                && query.since.is_none_or(|since| entry.time >= since)
                && query.until.is_none_or(|until| entry.time < until)
        });
        assert_eq!(store.audit(&query).unwrap().rows, expected, "{query:?}");
    }
}

fn pages_follow_each_other(store: &dyn Store) {
    filled(store);
    for order in [Order::Newest, Order::Oldest] {
        for kind in [None, Some("served".to_owned())] {
            let whole = Query {
                kind: kind.clone(),
                order,
                ..Query::default()
            };
            let expected = store.audit(&whole).unwrap().rows;
            let mut query = Query { limit: 7, ..whole };
            let mut rows = Vec::new();
            loop {
                let page = store.audit(&query).unwrap();
                assert!(page.rows.len() <= 7);
                rows.extend(page.rows);
                match page.next {
                    Some(next) => query.after = Some(next),
                    None => break,
                }
            }
            assert_eq!(rows, expected);
        }
    }
    // A cursor is a place, not a number: what comes meanwhile is not told twice.
    let query = Query {
        limit: 10,
        ..Query::default()
    };
    let first = store.audit(&query).unwrap();
    store.append(served(5_000, "late")).unwrap();
    store.flush().unwrap();
    let after: Option<Cursor> = first.next;
    let second = store.audit(&Query { after, ..query }).unwrap();
    let (last, next) = (first.rows[9].entry.time, second.rows[0].entry.time);
    assert_eq!((last, next), (900, 890));
}

fn equal_times_lose_nothing(store: &dyn Store) {
    for i in 0..50 {
        store.append(served(7, &format!("c{i}"))).unwrap();
    }
    store.flush().unwrap();
    let query = Query {
        project: Some("flask".to_owned()),
        ..Query::default()
    };
    for limit in [1, 3, 49, 50, 51] {
        let (mut seen, mut query) = (Vec::new(), query.clone());
        query.limit = limit;
        loop {
            let page = store.audit(&query).unwrap();
            seen.extend(page.rows.iter().map(|row| row.seq));
            match page.next {
                Some(next) => query.after = Some(next),
                None => break,
            }
        }
        assert_eq!(seen, (1..=50).rev().collect::<Vec<_>>());
    }
}

fn wide_rows_make_short_pages(store: &dyn Store) {
    for time in 0..40 {
        let mut entry = served(time, "a");
        entry.body = format!("\"{}\"", "x".repeat(MAX_BODY - 2));
        store.append(entry).unwrap();
    }
    store.flush().unwrap();
    let page = store.audit(&Query::default()).unwrap();
    assert!(page.rows.len() < 20 && page.next.is_some());
    let mut count = 0;
    let mut take = |_| {
        count += 1;
        Ok::<_, StoreError>(())
    };
    each(store, &Query::default(), &mut take).unwrap();
    assert_eq!(count, 40);
}

fn everything_in_order(store: &dyn Store) {
    for time in 0..2_500 {
        store.append(served(time, "a")).unwrap();
    }
    store.flush().unwrap();
    for (limit, expected) in [
        (0, 2_500),
        (1, 1),
        (1_000, 1_000),
        (1_001, 1_001),
        (9_999, 2_500),
    ] {
        let query = Query {
            limit,
            order: Order::Oldest,
            ..Query::default()
        };
        let mut times = Vec::new();
        let mut take = |row: hognose_store::AuditRow| {
            times.push(row.entry.time);
            Ok::<_, StoreError>(())
        };
        assert_eq!(each(store, &query, &mut take).unwrap(), expected);
        assert_eq!(times, (0..expected.cast_signed()).collect::<Vec<_>>());
    }
    let mut stop = |_| Err::<(), _>(StoreError::Closed);
    assert!(each(store, &Query::default(), &mut stop).is_err());
}

fn entries_that_are_not_taken(store: &dyn Store) {
    let before = store.head().unwrap();
    let bad = AuditEntry {
        body: "{\"open".to_owned(),
        ..served(0, "a")
    };
    let error = store.append(bad).unwrap_err();
    assert_eq!(error.to_string(), "the body of an audit entry is not JSON");
    let long = AuditEntry {
        client: Some("x".repeat(5_000)),
        ..served(0, "a")
    };
    let error = store.append(long).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the client of an audit entry has 5000 bytes, and 4096 are taken"
    );
    store.flush().unwrap();
    assert_eq!(store.head().unwrap(), before);
}

fn who_was_sent_what(store: &dyn Store) {
    for (time, client, version, sha256) in [
        (10, "ci", "3.0.0", "aa"),
        (20, "dev", "3.0.0", "aa"),
        (30, "ci", "3.0.0", "aa"),
        (40, "ci", "3.0.1", "bb"),
        (50, "dev", "3.0.0", "cc"),
    ] {
        let entry = AuditEntry {
            version: Some(version.to_owned()),
            sha256: Some(sha256.repeat(32)),
            ..served(time, client)
        };
        store.append(entry).unwrap();
    }
    // Only what was sent counts.
    let blocked = AuditEntry {
        kind: "blocked".to_owned(),
        ..served(60, "lucky")
    };
    store.append(blocked).unwrap();
    store.flush().unwrap();
    let short = |exposures: Vec<Exposure>| -> Vec<(String, i64, i64, u64)> {
        exposures
            .into_iter()
            .map(|e| (e.client.unwrap(), e.first, e.last, e.times))
            .collect()
    };
    let aa = Subject::Sha256("aa".repeat(32));
    let found = store.exposure(&aa, 100).unwrap();
    assert_eq!(
        found[0].filename.as_deref(),
        Some("flask-3.0.0-py3-none-any.whl")
    );
    assert_eq!(found[0].version.as_deref(), Some("3.0.0"));
    assert_eq!(
        short(found),
        [("ci".to_owned(), 10, 30, 2), ("dev".to_owned(), 20, 20, 1)]
    );
    let release = Subject::Release {
        project: "flask".to_owned(),
        version: "3.0.0".to_owned(),
    };
    let found = store.exposure(&release, 100).unwrap();
    // Bytes that were replaced are told apart.
    assert_eq!(found.len(), 3);
    assert_eq!(found[2].sha256, Some("cc".repeat(32)));
    let project = Subject::Project("flask".to_owned());
    assert_eq!(store.exposure(&project, 100).unwrap().len(), 4);
    assert_eq!(store.exposure(&project, 2).unwrap().len(), 2);
    let nobody = Subject::Project("django".to_owned());
    assert!(store.exposure(&nobody, 100).unwrap().is_empty());
}

fn rulings(store: &dyn Store) {
    assert_eq!(store.ruling("aa", "r1").unwrap(), None);
    assert_eq!(store.any_ruling("aa").unwrap(), None);
    store.keep_ruling("aa", "r1", "1").unwrap();
    // At once, written or not.
    assert_eq!(store.ruling("aa", "r1").unwrap().as_deref(), Some("1"));
    store.keep_ruling("aa", "r2", "2").unwrap();
    store.keep_ruling("bb", "r2", "3").unwrap();
    store.keep_ruling("bb", "r2", "4").unwrap();
    store.flush().unwrap();
    assert_eq!(store.ruling("aa", "r1").unwrap().as_deref(), Some("1"));
    assert_eq!(store.ruling("bb", "r2").unwrap().as_deref(), Some("4"));
    assert_eq!(store.ruling("bb", "r1").unwrap(), None);
    let newest = KeptRuling {
        revision: "r2".to_owned(),
        json: "2".into(),
    };
    assert_eq!(store.any_ruling("aa").unwrap(), Some(newest));
    let long = store.keep_ruling("aa", "r1", &"x".repeat(MAX_BODY + 1));
    assert!(matches!(long, Err(StoreError::TooLong { .. })));
    // Longer than what is held in memory.
    let text = "x".repeat(100_000);
    store.keep_ruling("cc", "r2", &text).unwrap();
    store.flush().unwrap();
    assert_eq!(
        store.ruling("cc", "r2").unwrap().as_deref(),
        Some(text.as_str())
    );
}

fn rulings_of_former_revisions(store: &dyn Store) {
    for revision in 0..30 {
        for file in 0..3 {
            let (file, revision) = (format!("f{file}"), format!("r{revision}"));
            store.keep_ruling(&file, &revision, &revision).unwrap();
        }
    }
    store.keep_ruling("old", "r29", "old").unwrap();
    store.flush().unwrap();
    let newest = store.any_ruling("f1").unwrap().unwrap();
    assert_eq!((newest.revision.as_str(), &*newest.json), ("r29", "r29"));
}

fn the_first_bytes_of_a_name_stay(store: &dyn Store) {
    let seen = |sha: &str, now| store.first_seen("flask", "flask-3.whl", sha, now).unwrap();
    let new = Seen {
        since: 10,
        other: None,
    };
    assert_eq!(seen("aa", 10), new);
    assert_eq!(seen("aa", 20), new);
    let other = Seen {
        since: 10,
        other: Some("aa".to_owned()),
    };
    assert_eq!(seen("bb", 30), other);
    assert_eq!(seen("bb", 40), other);
    assert_eq!(seen("aa", 50), new);
    let elsewhere = store.first_seen("other", "flask-3.whl", "bb", 60).unwrap();
    assert_eq!(elsewhere.other, None, "names are a project's own");
}

fn the_first_upstream_of_a_name_stays(store: &dyn Store) {
    assert_eq!(store.owner_of("acme").unwrap(), None);
    assert_eq!(store.record_owner("acme", "internal").unwrap(), "internal");
    assert_eq!(store.record_owner("acme", "public").unwrap(), "internal");
    assert_eq!(store.owner_of("acme").unwrap().as_deref(), Some("internal"));
    assert_eq!(store.owner_of("acme-2").unwrap(), None);
}

fn threads_agree_on_who_was_first(store: &dyn Store) {
    let mut owners = Vec::new();
    let mut digests = Vec::new();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..16)
            .map(|i| {
                scope.spawn(move || {
                    let owner = store.record_owner("acme", &format!("u{i}")).unwrap();
                    let mine = format!("{i}");
                    let seen = store.first_seen("acme", "acme-1.whl", &mine, i).unwrap();
                    (owner, seen.other.unwrap_or(mine))
                })
            })
            .collect();
        for thread in threads {
            let (owner, digest) = thread.join().unwrap();
            owners.push(owner);
            digests.push(digest);
        }
    });
    owners.dedup();
    digests.dedup();
    assert_eq!((owners.len(), digests.len()), (1, 1));
}

fn settings(store: &dyn Store) {
    assert_eq!(store.setting("policy").unwrap(), None);
    assert_eq!(store.put_setting("policy", "a", Some(0)).unwrap(), 1);
    let error = store.put_setting("policy", "b", Some(0)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the setting policy is at version 1, not 0"
    );
    assert_eq!(store.put_setting("policy", "b", Some(1)).unwrap(), 2);
    assert_eq!(store.put_setting("policy", "c", None).unwrap(), 3);
    let now = Setting {
        value: "c".to_owned(),
        version: 3,
    };
    assert_eq!(store.setting("policy").unwrap(), Some(now));
    let error = store.put_setting("none", "x", Some(4)).unwrap_err();
    assert!(matches!(error, StoreError::Conflict { found: 0, .. }));
}

fn memories(store: &dyn Store) {
    assert_eq!(store.memory("seen", "flask").unwrap(), None);
    // Nothing to be written over.
    assert!(!store.remember("seen", "flask", "x", 3, 1).unwrap());
    assert!(store.remember("seen", "flask", "a", 0, 1).unwrap());
    assert!(!store.remember("seen", "flask", "b", 0, 2).unwrap());
    assert!(store.remember("seen", "flask", "c", 1, 3).unwrap());
    assert!(!store.remember("seen", "flask", "d", 1, 4).unwrap());
    let now = Setting {
        value: "c".to_owned(),
        version: 2,
    };
    assert_eq!(store.memory("seen", "flask").unwrap(), Some(now));
    assert_eq!(store.memory("published", "flask").unwrap(), None);
    let long = "x".repeat(MAX_BODY + 1);
    let error = store.remember("seen", "long", &long, 0, 1).unwrap_err();
    assert!(matches!(error, StoreError::TooLong { .. }), "{error}");
    let whole = "é\u{0}".repeat(1_000);
    assert!(store.remember("seen", "é\u{0}", &whole, 0, 1).unwrap());
    let kept = store.memory("seen", "é\u{0}").unwrap().unwrap();
    assert_eq!(kept.value, whole);
}

fn threads_lose_no_memory(store: &dyn Store) {
    std::thread::scope(|scope| {
        for thread in 0..8 {
            scope.spawn(move || {
                for at in 0..5 {
                    loop {
                        let kept = store.memory("seen", "flask").unwrap();
                        let (text, version) =
                            kept.map_or_else(Default::default, |k| (k.value, k.version));
                        let more = format!("{text}{thread}.{at} ");
                        if store.remember("seen", "flask", &more, version, at).unwrap() {
                            break;
                        }
                    }
                }
            });
        }
    });
    let kept = store.memory("seen", "flask").unwrap().unwrap();
    assert_eq!(kept.version, 40);
    let mut all: Vec<&str> = kept.value.split_whitespace().collect();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 40);
}

fn a_backup_is_a_new_file(store: &dyn Store) {
    let place = Place::new();
    store.append(served(1, "a")).unwrap();
    store.backup(&place.path("b.db")).unwrap();
    assert_eq!(place.names(), ["b.db"]);
    let before = std::fs::read(place.path("b.db")).unwrap();
    let error = store.backup(&place.path("b.db")).unwrap_err();
    assert!(matches!(error, StoreError::Exists { .. }), "{error}");
    assert_eq!(std::fs::read(place.path("b.db")).unwrap(), before);
    let error = store.backup(&place.path("none/b.db")).unwrap_err();
    assert!(matches!(error, StoreError::Io { .. }), "{error}");
}

fn hostile_texts(store: &dyn Store) {
    let texts = [
        "'; DROP TABLE audit; --",
        "a\0b",
        "\u{202e}gpj.exe",
        "\u{1b}[2J",
        "%s%n",
        "é".repeat(2_000).as_str(),
    ]
    .map(str::to_owned);
    for (time, text) in (0..).zip(&texts) {
        let entry = AuditEntry {
            project: Some(text.clone()),
            body: serde_json::to_string(text).unwrap(),
            ..served(time, text)
        };
        store.append(entry).unwrap();
        store.keep_ruling(text, text, text).unwrap();
        store.put_setting(text, text, None).unwrap();
        store.record_owner(text, text).unwrap();
        assert_eq!(store.first_seen(text, text, text, 1).unwrap().other, None);
    }
    store.flush().unwrap();
    for text in &texts {
        let query = Query {
            project: Some(text.clone()),
            ..Query::default()
        };
        let rows = store.audit(&query).unwrap().rows;
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].entry.client.as_ref(), Some(text));
        assert_eq!(store.setting(text).unwrap().unwrap().value, *text);
        assert_eq!(store.owner_of(text).unwrap().as_ref(), Some(text));
        let ruling = store.ruling(text, text).unwrap();
        assert_eq!(ruling.as_deref(), Some(text.as_str()));
    }
    assert_eq!(whole(store).rows, texts.len() as u64);
}

fn turns_are_taken_one_by_one(store: &dyn Store) {
    let soon = Duration::from_millis(50);
    let turn = store.turn("a", soon).unwrap().unwrap();
    assert!(store.turn("a", soon).unwrap().is_none());
    let other = store.turn("b\0'", soon).unwrap().unwrap();
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| {
            let turn = store.turn("a", Duration::from_secs(20)).unwrap();
            turn.is_some()
        });
        std::thread::sleep(soon);
        drop(turn);
        assert!(waits.join().unwrap());
    });
    drop(other);
    assert!(store.turn("a", Duration::ZERO).unwrap().is_some());
    assert!(store.turn("b\0'", Duration::ZERO).unwrap().is_some());
}
