//! Updates: honest servers, hostile servers, crashes, races, mirrors on disk.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod common;

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use common::server::{Answer, Server};
use hognose_advisories::feed::Feed;
use hognose_advisories::{
    Database, DatabaseFile, HttpOptions, Interrupt, ReadLimits, Silent, UpdateError, UpdateOptions,
    UpdateSummary, is_outdated, update,
};
use serde_json::json;

fn lines(ids: &[&str]) -> Vec<u8> {
    let one = |id: &&str| {
        common::ranged(
            id,
            "demo",
            json!([{ "introduced": "0" }, { "fixed": "2.0" }]),
        )
        .to_string()
            + "\n"
    };
    ids.iter().map(one).collect::<String>().into_bytes()
}

fn feeds(texts: &[String]) -> Vec<Feed> {
    texts
        .iter()
        .map(|t| Feed::from_argument(t, Path::new("")).unwrap())
        .collect()
}

fn run(cache: &Path, feeds: &[Feed], offline: bool) -> Result<UpdateSummary, UpdateError> {
    let http = HttpOptions {
        idle: Duration::from_millis(400),
        max_bytes: 1 << 20,
        ..HttpOptions::default()
    };
    let limits = ReadLimits {
        record_bytes: 64 * 1024,
        feed_bytes: 4 << 20,
        files: 1000,
    };
    let options = UpdateOptions {
        feeds,
        cache,
        offline,
        now: 1_800_000_000,
        http,
        limits,
    };
    update(&options, &Silent, &Interrupt::new())
}

fn reasons(error: &UpdateError) -> String {
    let (UpdateError::NoAdvisories(failures) | UpdateError::Kept(failures)) = error else {
        panic!("{error:?}")
    };
    let chain = |e: &dyn std::error::Error| {
        let mut text = e.to_string();
        let mut next = e.source();
        while let Some(cause) = next {
            text = format!("{text}: {cause}");
            next = cause.source();
        }
        text
    };
    failures
        .iter()
        .map(|f| chain(&f.error))
        .collect::<Vec<_>>()
        .join("\n")
}

fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut child = std::process::Command::new("python3")
        .args(["-c", "import sys,json,zipfile,io\nb=io.BytesIO()\nz=zipfile.ZipFile(b,'w',zipfile.ZIP_DEFLATED)\nfor n,d in json.load(sys.stdin): z.writestr(n,bytes(d))\nz.close()\nsys.stdout.buffer.write(b.getvalue())"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap_or_else(|e| panic!("python3 must be installed: {e}"));
    let members: Vec<(&str, Vec<u8>)> = members.iter().map(|(n, d)| (*n, d.to_vec())).collect();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(serde_json::to_string(&members).unwrap().as_bytes())
        .unwrap();
    child.wait_with_output().unwrap().stdout
}

#[test]
fn conditional_requests_and_every_feed() {
    let (server, cache) = (Server::start(), tempfile::tempdir().unwrap());
    let mut record = common::ranged("PYSEC-1", "demo", json!([{ "introduced": "0" }]));
    record["aliases"] = json!(["CVE-2024-1"]);
    let archive = zip(&[
        ("PYSEC-1.json", record.to_string().as_bytes()),
        ("README.md", b"hello"),
    ]);
    server.set("/all.zip", Answer::Tagged("\"one\"".to_owned(), archive));
    server.set("/epss.csv.gz", Answer::Plain(200, vec![], gzip(b"#score_date:2026-08-16,x\ncve,epss,percentile\nCVE-2024-1,0.5,0.9\nCVE-9-9,0.1,0.1\n")));
    server.set("/kev.json", Answer::Plain(200, vec![], br#"{"catalogVersion":"1","dateReleased":"2026-08-01","vulnerabilities":[{"cveID":"CVE-2024-1","dateAdded":"2024-05-05","dueDate":"2024-06-01","knownRansomwareCampaignUse":"Known"}]}"#.to_vec()));
    server.set(
        "/top.json",
        Answer::Plain(
            200,
            vec![],
            br#"{"last_update":"2026","rows":[{"project":"Demo","download_count":5}]}"#.to_vec(),
        ),
    );
    let list = ["", "epss=", "kev=", "popular="].iter().zip([
        "/all.zip",
        "/epss.csv.gz",
        "/kev.json",
        "/top.json",
    ]);
    let feeds = feeds(
        &list
            .map(|(kind, path)| format!("{kind}{}", server.url(path)))
            .collect::<Vec<_>>(),
    );
    let first = run(cache.path(), &feeds, false).unwrap();
    assert!(
        first.failures.is_empty() && !first.unchanged,
        "{:?}",
        first.failures
    );
    let advisory = &first
        .database
        .advisories_for(&common::name("demo"), &common::version("1"))
        .unwrap()[0];
    assert!((advisory.epss.as_ref().unwrap().probability - 0.5).abs() < f64::EPSILON);
    assert!(advisory.kev.as_ref().unwrap().ransomware);
    assert_eq!(first.database.popular().unwrap(), [("demo".to_owned(), 5)]);
    assert_eq!(first.status.feeds[0].ignored_names, ["README.md"]);
    assert_eq!(first.status.feeds[1].date.as_deref(), Some("2026-08-16"));
    let second = run(cache.path(), &feeds, false).unwrap();
    assert!(second.unchanged);
    assert_eq!(server.statuses().iter().filter(|s| **s == 304).count(), 1);
    let third = run(cache.path(), &feeds, true).unwrap();
    assert!(
        third.unchanged && third.failures.is_empty(),
        "offline, earlier downloads are used"
    );
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn hostile_answers_leave_the_old_database() {
    let (server, cache) = (Server::start(), tempfile::tempdir().unwrap());
    let feeds = feeds(&[server.url("/feed")]);
    server.set("/feed", Answer::Plain(200, vec![], lines(&["PYSEC-1"])));
    let good = run(cache.path(), &feeds, false)
        .unwrap()
        .database
        .revision();
    let bomb = zip(&[("a.json", &vec![b' '; 3 << 20])]);
    let many = zip(&(0..1001)
        .map(|i| {
            (
                Box::leak(format!("{i}.json").into_boxed_str()) as &str,
                &b"{}"[..],
            )
        })
        .collect::<Vec<_>>());
    let cases: Vec<(&str, Answer)> = vec![
        ("not found", Answer::Plain(404, vec![], b"gone".to_vec())),
        (
            "server error",
            Answer::Plain(500, vec![], b"sorry".to_vec()),
        ),
        (
            "a portal's page",
            Answer::Plain(200, vec![], b"<html>please log in</html>".to_vec()),
        ),
        ("too short", Answer::Lies(5000, lines(&["PYSEC-2"]))),
        ("stalls", Answer::Stalls(lines(&["PYSEC-2"]))),
        ("too large", Answer::Lies(5 << 20, vec![])),
        ("a zip bomb", Answer::Plain(200, vec![], bomb)),
        ("too many members", Answer::Plain(200, vec![], many)),
        (
            "names outside",
            Answer::Plain(200, vec![], zip(&[("../../evil.json", b"{}")])),
        ),
        (
            "a cut zip",
            Answer::Plain(200, vec![], b"PK\x03\x04 and so on".to_vec()),
        ),
        (
            "a redirect to itself",
            Answer::Plain(
                302,
                vec![("Location".to_owned(), "/feed".to_owned())],
                vec![],
            ),
        ),
    ];
    let mut shown = Vec::new();
    for (what, answer) in cases {
        server.set("/feed", answer);
        let summary = run(cache.path(), &feeds, false).unwrap_or_else(|e| panic!("{what}: {e:?}"));
        assert!(
            common::ids(&summary.database, "demo", "1.0") == ["PYSEC-1"],
            "{what}"
        );
        let failure = &summary.failures[0];
        assert!(failure.used_earlier_copy, "{what}");
        assert!(
            summary.status.feeds.iter().any(|f| f.stale.is_some()),
            "{what}: the database says that it is stale"
        );
        let mut text = failure.error.to_string();
        let mut next = std::error::Error::source(&failure.error);
        while let Some(cause) = next {
            text = format!("{text}: {cause}");
            next = cause.source();
        }
        let text = text.replace(&server.address, "http://feed.example");
        let text = text
            .split(' ')
            .map(|w| {
                if w.starts_with(cache.path().to_str().unwrap()) {
                    "[file]"
                } else {
                    w
                }
            })
            .collect::<Vec<_>>()
            .join(" ");
        shown.push(format!("{what}: {text}"));
    }
    insta::assert_snapshot!(shown.join("\n"));
    server.set("/feed", Answer::Plain(200, vec![], lines(&["PYSEC-1"])));
    let recovered = run(cache.path(), &feeds, false).unwrap();
    assert_eq!(recovered.database.revision(), good);
    let leftovers: Vec<_> = walk(cache.path())
        .into_iter()
        .filter(|p| p.ends_with(".tmp"))
        .collect();
    assert!(leftovers.is_empty(), "{leftovers:?}");
}

fn walk(directory: &Path) -> Vec<String> {
    std::fs::read_dir(directory)
        .unwrap()
        .flatten()
        .flat_map(|e| {
            if e.path().is_dir() {
                walk(&e.path())
            } else {
                vec![e.path().display().to_string()]
            }
        })
        .collect()
}

#[test]
fn without_any_copy_a_failed_feed_is_an_error() {
    let (server, cache) = (Server::start(), tempfile::tempdir().unwrap());
    let error = run(cache.path(), &feeds(&[server.url("/none")]), false).unwrap_err();
    assert_eq!(
        reasons(&error),
        format!("{} answered with status 404", server.url("/none"))
    );
    let error = run(
        cache.path(),
        &feeds(&["http://127.0.0.1:9/feed".to_owned()]),
        false,
    )
    .unwrap_err();
    assert!(
        reasons(&error).starts_with("cannot fetch http://127.0.0.1:9/feed: "),
        "{}",
        reasons(&error)
    );
    let error = run(cache.path(), &feeds(&[server.url("/none")]), true).unwrap_err();
    assert!(
        reasons(&error).ends_with("was never fetched, and this run is offline"),
        "{}",
        reasons(&error)
    );
    assert!(
        !DatabaseFile::new(cache.path(), &feeds(&[server.url("/none")]))
            .path()
            .exists()
    );
}

#[test]
fn one_failed_feed_of_two_keeps_a_fuller_database() {
    let (server, cache) = (Server::start(), tempfile::tempdir().unwrap());
    let local = cache.path().join("own.jsonl");
    std::fs::write(&local, lines(&["PYSEC-1"])).unwrap();
    let set = feeds(&[local.display().to_string(), server.url("/feed")]);
    let partial = run(cache.path(), &set, false).unwrap();
    assert_eq!(partial.failures.len(), 1);
    assert!(partial.status.feeds.iter().any(|f| f.failed.is_some()));
    assert!(matches!(
        run(cache.path(), &set, false),
        Err(UpdateError::Kept(_))
    ));
}

#[test]
fn a_mirror_on_disk_is_recognised_by_content() {
    let cache = tempfile::tempdir().unwrap();
    let mirror = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = mirror.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    };
    write("vulns/demo/PYSEC-1.yaml", b"id: PYSEC-1\nmodified: '2026-01-01T00:00:00Z'\naffected:\n- package: {ecosystem: PyPI, name: demo}\n  ranges:\n  - type: ECOSYSTEM\n    events: [{introduced: '0'}, {fixed: 1.10}]\n");
    write(
        "vulns/demo/PYSEC-2.yaml",
        b"id: PYSEC-2\nmodified: x\naffected: *bomb\n",
    );
    write("records.jsonl", &lines(&["GHSA-1", "GHSA-2"]));
    write("scores.csv", b"cve,epss,percentile\nCVE-1,0.1,0.2\n");
    write("README.md", b"# A mirror\n");
    write(".git/HEAD", b"id: x\n");
    let set = feeds(&[mirror.path().display().to_string()]);
    let summary = run(cache.path(), &set, true).unwrap();
    let kinds: Vec<(&str, u64)> = summary
        .status
        .feeds
        .iter()
        .map(|f| (f.kind.as_str(), f.live))
        .collect();
    assert_eq!(kinds, [("osv", 1), ("osv", 2), ("epss", 1)]);
    assert_eq!(summary.status.feeds[0].malformed, 1);
    assert_eq!(summary.status.feeds[0].ignored_names, ["README.md"]);
    // `fixed: 1.10` is text, not the number 1.1.
    assert_eq!(
        common::ids(&summary.database, "demo", "1.9"),
        ["GHSA-1", "GHSA-2", "PYSEC-1"]
    );
    assert_eq!(
        common::ids(&summary.database, "demo", "1.10"),
        ["GHSA-1", "GHSA-2"]
    );
    assert!(!is_outdated(&summary.status));
    write("records.jsonl", &lines(&["GHSA-1", "GHSA-2", "GHSA-3"]));
    assert!(is_outdated(&summary.status), "a changed mirror is noticed");
}

#[test]
fn an_unwritable_cache_still_answers() {
    let cache = tempfile::tempdir().unwrap();
    let local = cache.path().join("own.jsonl");
    std::fs::write(&local, lines(&["PYSEC-1"])).unwrap();
    // A file where the directory should be: root may write anywhere else.
    let blocked = cache.path().join("blocked");
    std::fs::write(&blocked, b"").unwrap();
    let summary = run(&blocked, &feeds(&[local.display().to_string()]), true).unwrap();
    assert!(summary.path.is_none());
    assert!(
        summary
            .unwritten
            .unwrap()
            .to_string()
            .starts_with("cannot create the directory")
    );
    assert_eq!(common::ids(&summary.database, "demo", "1.0"), ["PYSEC-1"]);
}

#[test]
fn two_updates_at_once_and_what_a_crash_left() {
    let cache = tempfile::tempdir().unwrap();
    let local = cache.path().join("own.jsonl");
    std::fs::write(&local, lines(&["PYSEC-1", "PYSEC-2"])).unwrap();
    let set = feeds(&[local.display().to_string()]);
    std::fs::create_dir_all(cache.path().join("db")).unwrap();
    std::fs::write(cache.path().join("db/.tmpcrash.tmp"), b"half a database").unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..5 {
                    let summary = run(cache.path(), &set, true).unwrap();
                    summary.database.verify().unwrap();
                }
            });
        }
        scope.spawn(|| {
            for _ in 0..200 {
                if let Ok(database) = Database::open(&DatabaseFile::new(cache.path(), &set).path())
                {
                    database.verify().unwrap();
                }
            }
        });
    });
    assert!(!walk(cache.path()).iter().any(|p| p.ends_with(".tmp")));
}

#[test]
fn an_interrupted_update_changes_nothing() {
    let (server, cache) = (Server::start(), tempfile::tempdir().unwrap());
    server.set("/feed", Answer::Stalls(lines(&["PYSEC-1"])));
    let set = feeds(&[server.url("/feed")]);
    let interrupt = Interrupt::new();
    let flag = interrupt.clone();
    let stopper = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(200));
        flag.set();
    });
    let options = UpdateOptions {
        feeds: &set,
        cache: cache.path(),
        offline: false,
        now: 0,
        http: HttpOptions::default(),
        limits: ReadLimits::default(),
    };
    let error = update(&options, &Silent, &interrupt).unwrap_err();
    stopper.join().unwrap();
    assert!(matches!(error, UpdateError::Interrupted));
    assert!(
        !walk(cache.path())
            .iter()
            .any(|p| p.ends_with(".tmp") || p.ends_with(".hgn"))
    );
}

#[test]
fn lines_and_files_over_the_limit_are_named() {
    let cache = tempfile::tempdir().unwrap();
    let local = cache.path().join("own.jsonl");
    let mut text = lines(&["PYSEC-1"]);
    text.extend(vec![b'x'; 100 * 1024]);
    text.push(b'\n');
    text.extend(lines(&["PYSEC-2"]));
    std::fs::write(&local, text).unwrap();
    let summary = run(cache.path(), &feeds(&[local.display().to_string()]), true).unwrap();
    assert_eq!(
        (
            summary.status.feeds[0].live,
            summary.status.feeds[0].malformed
        ),
        (2, 1)
    );
    let problems = summary.database.problems().unwrap();
    assert_eq!(problems[0].record, "own.jsonl, line 2");
    assert_eq!(
        problems[0].reason,
        "the record is over the limit of 65536 bytes"
    );
}
