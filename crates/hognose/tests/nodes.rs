//! Several gateways on one PostgreSQL and one bucket; the commands that look at a state in a database.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test stops at the first surprise, and says what it measured"
)]

#[path = "inspect/archives.rs"]
#[expect(dead_code, reason = "a part is used")]
mod archives;
#[path = "../../hognose-gateway/tests/common/bucket.rs"]
mod bucket;
mod common;
#[path = "../../hognose-store/tests/common/postgres.rs"]
mod postgres;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use common::gateway::Running;
use common::upstream::{Answer, Upstream, hex};
use common::{Outcome, Sandbox, root};
use hognose_store::{AuditEntry, Opening, PostgresAddress, PostgresStore, Query, Store};

/// Long before the time of every test.
const OLD: &str = "data-upload-time=\"2024-01-02T03:04:05Z\"";

fn configuration(state: &postgres::Server, bucket: &bucket::Server) -> String {
    format!(
        "[gateway]\nstate = \"{}\"\nblobs = \"s3://artifacts/nodes\"\ns3-endpoint = \"{}\"\n",
        state.url(),
        bucket.endpoint
    )
}

fn start(
    sandbox: &Sandbox,
    upstream: &Upstream,
    configuration: &str,
    bucket: &bucket::Server,
) -> Running {
    let feed = root().join("examples/feeds");
    let keys = [
        ("AWS_ACCESS_KEY_ID", bucket.key_id.as_str()),
        ("AWS_SECRET_ACCESS_KEY", bucket.secret.as_str()),
    ];
    Running::start_in(
        sandbox,
        &upstream.url(),
        configuration,
        feed.to_str().unwrap(),
        &keys,
    )
}

/// The status and the length of the body; none where the connection breaks.
fn ask(address: &str, path: &str) -> Option<(u16, usize)> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_mins(1))).ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut all = Vec::new();
    stream.read_to_end(&mut all).ok()?;
    let end = all.windows(4).position(|w| w == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(all.get(..end)?).into_owned();
    let length: usize = head.lines().find_map(|line| {
        line.to_ascii_lowercase()
            .strip_prefix("content-length: ")?
            .parse()
            .ok()
    })?;
    let body = all.len() - end - 4;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    (body == length).then_some((status, body))
}

fn path(version: &str, bytes: &[u8]) -> String {
    format!("/files/good/{}/good-{version}-py3-none-any.whl", hex(bytes))
}

#[test]
fn what_one_node_saw_the_others_compare_with() {
    let (state, bucket, upstream) = (
        postgres::Server::start(),
        bucket::Server::start(),
        Upstream::new(),
    );
    // Pages are asked for again: this is about what is remembered of them.
    let rules = "fresh = \"1s\"\n[policy.rules]\nHOG-ID-replaced = \"block\"\n";
    let configuration = format!("{}{rules}", configuration(&state, &bucket));
    let look = |build: &str| {
        let bytes = archives::wheel("good", "1.0", &[("good.py", build.to_owned())], "");
        upstream.project("good", &[("good-1.0-py3-none-any.whl", &bytes, OLD)]);
        let sandbox = Sandbox::new();
        let node = start(&sandbox, &upstream, &configuration, &bucket);
        node.ask("/simple/good/", "").text()
    };
    assert!(!look("X = 1\n").contains("withheld by policy"));
    let told = look("X = 2\n");
    assert!(
        told.contains("withheld by policy: HOG-ID-replaced"),
        "{told}"
    );
    assert!(!look("X = 1\n").contains("withheld by policy"));
    let kept = "SELECT string_agg(kind, ',') FROM hognose_memories";
    assert_eq!(state.sql(kept).trim(), "seen");
}

#[test]
fn nodes_fetch_once_and_go_on_without_each_other() {
    let (state, mut bucket, upstream) = (
        postgres::Server::start(),
        bucket::Server::start(),
        Upstream::new(),
    );
    let large = archives::wheel("good", "1.0", &[("good.py", "X = 1\n".repeat(200_000))], "");
    let many: Vec<(String, Vec<u8>)> = (2..30)
        .map(|n| {
            let version = format!("{n}.0");
            let text = format!("X = {n}\n");
            let bytes = archives::wheel("good", &version, &[("good.py", text)], "");
            (version, bytes)
        })
        .collect();
    let name = |version: &str| format!("good-{version}-py3-none-any.whl");
    let names: Vec<String> = many.iter().map(|(version, _)| name(version)).collect();
    let mut releases = vec![("good-1.0-py3-none-any.whl", large.as_slice(), OLD)];
    releases.extend(
        names
            .iter()
            .zip(&many)
            .map(|(n, (_, bytes))| (n.as_str(), bytes.as_slice(), OLD)),
    );
    upstream.project("good", &releases);
    let slow = Answer {
        pause: Duration::from_millis(700),
        ..Answer::file(large.clone())
    };
    upstream.put("/files/good-1.0-py3-none-any.whl", slow);
    let configuration = configuration(&state, &bucket);
    let sandboxes = [Sandbox::new(), Sandbox::new()];
    let [one, mut other] =
        [0, 1].map(|at: usize| start(&sandboxes[at], &upstream, &configuration, &bucket));
    let addresses = [one.address.clone(), other.address.clone()];
    // A crowd at both doors.
    let wanted = path("1.0", &large);
    std::thread::scope(|scope| {
        let askers: Vec<_> = (0..64)
            .map(|n: usize| {
                let address = &addresses[n % 2];
                scope.spawn(|| ask(address, &wanted))
            })
            .collect();
        for asker in askers {
            assert_eq!(asker.join().unwrap(), Some((200, large.len())));
        }
    });
    let seen = upstream.seen();
    let fetched = seen.iter().filter(|p| p.starts_with("/files/")).count();
    assert_eq!(fetched, 1, "{seen:?}");
    let address = PostgresAddress::parse(&state.url()).unwrap();
    let store = PostgresStore::open(&address, Opening::Existing).unwrap();
    let read = state.sql("SELECT count(*) FROM hognose_rulings");
    assert_eq!(read.trim(), "1", "read by one, known to both");
    // One node ends without warning while both are busy.
    let mut first = Some(one);
    let (over, served) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for thread in 0..12_usize {
            let (over, served, many, addresses) = (&over, &served, &many, &addresses);
            scope.spawn(move || {
                let enough = thread + 4 * many.len();
                for turn in
                    (thread..).take_while(|turn| *turn < enough || !over.load(Ordering::Relaxed))
                {
                    let (version, bytes) = &many[turn % many.len()];
                    let node = (turn + turn / many.len()) % 2;
                    let got = ask(&addresses[node], &path(version, bytes));
                    // The other one may be gone at any moment.
                    if node == 1 {
                        assert_eq!(got, Some((200, bytes.len())), "{version}");
                        served.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        std::thread::sleep(Duration::from_millis(400));
        drop(first.take());
        // Then their database, for a moment.
        std::thread::sleep(Duration::from_millis(200));
        state.restart();
        std::thread::sleep(Duration::from_millis(500));
        over.store(true, Ordering::Relaxed);
    });
    let seen = upstream.seen();
    let files = seen.iter().filter(|p| p.starts_with("/files/"));
    let mut fetched: Vec<&String> = files.collect();
    let all = fetched.len();
    fetched.dedup();
    // What the one that ended was fetching is fetched by the other: nothing else twice.
    assert!(all <= fetched.len() + 12, "{all} of {}", fetched.len());
    println!(
        "{all} fetches of {} files, {} answers of the survivor",
        fetched.len(),
        served.load(Ordering::Relaxed)
    );
    assert_eq!(fetched.len(), many.len());
    assert!(!bucket.keys().is_empty());
    // What was written is whole, and what the survivor served is in it.
    other.terminate();
    let verified = sandboxes[1].run(&["gateway", "audit", "verify"]);
    assert_eq!(verified.code, 0, "{}{}", verified.stdout, verified.stderr);
    assert!(
        verified.stdout.starts_with("whole: "),
        "{}",
        verified.stdout
    );
    let mut rows = 0;
    let query = Query {
        kind: Some("served".to_owned()),
        ..Query::default()
    };
    hognose_store::each(&store, &query, &mut |_| {
        rows += 1;
        Ok::<_, hognose_store::StoreError>(())
    })
    .unwrap();
    assert!(rows >= 64 + served.load(Ordering::Relaxed), "{rows}");
}

/// What an index serves as the provenance of a real release; none where the shared data is not there, which CI refuses.
fn provenance(name: &str) -> Option<String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = folder.join(format!(
        "../../../shared/data/provenance/pypi/{name}.provenance"
    ));
    let found = std::fs::read_to_string(&path).ok();
    assert!(
        found.is_some() || std::env::var_os("CI").is_none(),
        "{}",
        path.display()
    );
    found
}

/// A release that is no longer attested, and one of somebody else: seen by whoever comes later, whatever keeps the state.
#[test]
fn who_published_before_is_remembered_in_a_file_and_in_a_database_alike() {
    let lost = "pypi_attestations-0.0.19.tar.gz";
    let other = "pep740_sampleproject-1.0.0.tar.gz";
    let (Some(real), Some(gitlab)) = (
        provenance(lost),
        provenance("pep740-sampleproject-1.0.0.tar.gz"),
    ) else {
        return;
    };
    let digests = [
        "9bb1add04b1b4e182be6b0b80931593f7a291eb49d69b4fd728a5d4cbcdc4bd3",
        "6cdd4a1a0a49aeef47265e7bf8ec1667257b397d34d731dc7b7af349deca1cd8",
    ];
    let server = postgres::Server::start();
    for database in [false, true] {
        let upstream = Upstream::new();
        let page = |newer: &str| {
            let link = format!(
                "<a href=\"/files/{lost}#sha256={}\" {OLD} data-provenance=\"/p/lost\">{lost}</a>{newer}",
                digests[0]
            );
            upstream.put("/simple/pypi-attestations/", Answer::html(link));
        };
        let link = format!(
            "<a href=\"/files/{other}#sha256={}\" {OLD} data-provenance=\"/p/other\">{other}</a>",
            digests[1]
        );
        upstream.put("/simple/pep740-sampleproject/", Answer::html(link));
        upstream.put("/p/lost", Answer::html(real.clone()));
        upstream.put("/p/other", Answer::html(gitlab.clone()));
        let sandboxes = [Sandbox::new(), Sandbox::new()];
        let state = if database {
            format!("state = \"{}\"\n", server.url())
        } else {
            let file = sandboxes[0].work().join("state.db");
            format!("state = \"{}\"\n", file.display())
        };
        let start = |at: usize, more: &str| {
            let all = format!("[gateway]\nfresh = \"1s\"\ninspect = false\n{state}{more}");
            Running::start(&sandboxes[at], &upstream.url(), &all)
        };
        page("");
        let first = start(0, "");
        // Verified, and remembered; the bytes are not there and matter to nobody here.
        let path = format!("/files/pypi-attestations/{}/{lost}", digests[0]);
        assert_ne!(first.ask(&path, "").status(), 403);
        drop(first);
        let remembered = "version = 1\n[[package]]\nname = \"pep740-sampleproject\"\nversion = \"0.9\"\nattested = \"yes\"\n[[package.publisher]]\nkind = \"GitHub\"\nissuer = \"https://token.actions.githubusercontent.com\"\nrepository = \"https://github.com/acme/sampleproject\"\nrepository-id = \"7\"\n[[package.file]]\nname = \"pep740_sampleproject-0.9.tar.gz\"\nattested = \"yes\"\n";
        let name = "pep740-sampleproject";
        if database {
            let address = PostgresAddress::parse(&server.url()).unwrap();
            let store = PostgresStore::open(&address, Opening::Existing).unwrap();
            assert!(store.remember("published", name, remembered, 0, 1).unwrap());
        } else {
            let file = sandboxes[0].work().join("state.db");
            let options = hognose_store::Options::default();
            let store = hognose_store::SqliteStore::open(&file, Opening::Existing, options);
            let store = store.unwrap();
            assert!(store.remember("published", name, remembered, 0, 1).unwrap());
        }
        let name = "pypi_attestations-0.0.20-py3-none-any.whl";
        page(&format!(
            "<a href=\"/files/{name}#sha256={}\" {OLD}>{name}</a>",
            "a".repeat(64)
        ));
        // Another node, or the same machine after a restart, which has never seen the release that was attested.
        let look = |more: &str| {
            let node = start(usize::from(database), more);
            let page = node.ask("/simple/pypi-attestations/", "").text();
            let path = format!("/files/pep740-sampleproject/{}/{other}", digests[1]);
            (page.contains("HOG-PROV-lost"), node.ask(&path, "").line)
        };
        let (lost, line) = look("");
        assert!(
            lost && line.contains("HOG-PROV-changed"),
            "{database} {line}"
        );
        // By the names that the policy has for it.
        let (lost, line) = look("[policy.provenance]\nlost = \"warn\"\nchanged = \"warn\"\n");
        assert!(!lost && !line.contains("403"), "{database} {line}");
        let (lost, line) = look("[policy.provenance]\nlost = \"off\"\nchanged = \"block\"\n");
        assert!(!lost && line.contains("403"), "{database} {line}");
    }
}

#[test]
fn a_page_is_asked_for_by_one_node_for_all() {
    let (state, bucket, upstream) = (
        postgres::Server::start(),
        bucket::Server::start(),
        Upstream::new(),
    );
    let bytes = archives::wheel("good", "1.0", &[("good.py", "X = 1\n".to_owned())], "");
    let link = format!(
        "<a href=\"/files/good-1.0-py3-none-any.whl#sha256={}\">good-1.0-py3-none-any.whl</a>",
        hex(&bytes)
    );
    let slow = Answer {
        pause: Duration::from_millis(500),
        ..Answer::html(link.clone())
    };
    upstream.put("/simple/good/", slow);
    let configuration = configuration(&state, &bucket);
    let sandboxes = [Sandbox::new(), Sandbox::new(), Sandbox::new()];
    let node = |at: usize| start(&sandboxes[at], &upstream, &configuration, &bucket);
    let (one, other) = (node(0), node(1));
    let asked = || {
        let seen = upstream.seen();
        let of = |path: &str| seen.iter().filter(|p| *p == path).count();
        (
            of("/simple/good/"),
            of("/pypi/good/json"),
            of("/simple/none/"),
        )
    };
    // At once, by a crowd at both doors.
    std::thread::scope(|scope| {
        for address in [&one.address, &other.address].repeat(8) {
            scope.spawn(|| assert_eq!(ask(address, "/simple/good/").unwrap().0, 200));
        }
    });
    assert_eq!(asked(), (1, 1, 0));
    // By a node that comes later; what is absent too.
    let late = node(2);
    assert_eq!(ask(&late.address, "/simple/good/").unwrap().0, 200);
    for node in [&one, &other, &late] {
        assert_eq!(ask(&node.address, "/simple/none/").unwrap().0, 404);
    }
    assert_eq!(asked(), (0, 0, 1));
    // What was tampered with or damaged is asked for anew.
    drop(late);
    state.sql("UPDATE hognose_pages SET packed = '\\x00ff'::bytea");
    let again = Sandbox::new();
    let late = start(&again, &upstream, &configuration, &bucket);
    assert_eq!(ask(&late.address, "/simple/good/").unwrap().0, 200);
    assert_eq!(asked(), (1, 1, 0));
    let kept = state.sql("SELECT count(*), sum(size) < 2000 FROM hognose_pages");
    assert_eq!(kept.trim(), "3|t");
    // Without the database the index is asked.
    let (slowest, more) = (Duration::from_secs(15), Sandbox::new());
    let last = start(&more, &upstream, &configuration, &bucket);
    state.sql("DROP TABLE hognose_pages");
    let began = std::time::Instant::now();
    assert_eq!(ask(&last.address, "/simple/good/").unwrap().0, 200);
    assert!(began.elapsed() < slowest, "{:?}", began.elapsed());
    assert_eq!(asked(), (1, 1, 0));
}

#[test]
fn a_state_in_a_database_is_looked_at_like_one_in_a_file() {
    let (server, sandbox) = (postgres::Server::start(), Sandbox::new());
    // Whoever is let in without a password needs none; it is not to be seen all the same.
    let url = server.url().replace("hognose@", "hognose:geheim@");
    let run = |arguments: &[&str]| {
        let outcome = sandbox.run(arguments);
        for text in [&outcome.stdout, &outcome.stderr] {
            assert!(!text.contains("geheim"), "{text}");
        }
        outcome
    };
    let none = run(&["gateway", "audit", "--state", &url]);
    assert_eq!(none.code, 4, "{}", none.stderr);
    assert!(
        none.stderr
            .contains("there is no state of a gateway yet at postgres://****@"),
        "{}",
        none.stderr
    );
    let address = PostgresAddress::parse(&url).unwrap();
    let store = PostgresStore::open(&address, Opening::Create).unwrap();
    let entry = AuditEntry {
        time: 1_794_900_000_000,
        kind: "served".to_owned(),
        project: Some("example-app".to_owned()),
        version: Some("1.0".to_owned()),
        filename: Some("example_app-1.0-py3-none-any.whl".to_owned()),
        sha256: Some("ab".repeat(32)),
        client: Some("192.0.2.7".to_owned()),
        body: "{}".to_owned(),
    };
    store.append(entry).unwrap();
    store.flush().unwrap();
    let busy = |outcome: &Outcome| {
        outcome
            .stderr
            .contains("the state is in use by another process")
    };
    sandbox.write("hognose.toml", format!("[gateway]\nstate = \"{url}\"\n"));
    let shown = run(&["gateway", "audit", "--format", "jsonl"]);
    assert_eq!(
        (shown.code, shown.stdout.lines().count()),
        (0, 1),
        "{}",
        shown.stderr
    );
    let exposed = run(&["gateway", "exposure", "example-app==1.0"]);
    assert!(exposed.stdout.contains("192.0.2.7"), "{}", exposed.stdout);
    assert_eq!(run(&["gateway", "backup", "state.jsonl"]).code, 0);
    let refused = run(&["gateway", "restore", "state.jsonl"]);
    assert!(refused.code == 3 && busy(&refused), "{}", refused.stderr);
    drop(store);
    let restored = run(&["gateway", "restore", "state.jsonl"]);
    assert_eq!(restored.code, 0, "{}", restored.stderr);
    assert!(
        restored
            .stderr
            .contains("the schema hognose_before_restore_1"),
        "{}",
        restored.stderr
    );
    let verified = run(&["gateway", "audit", "verify"]);
    assert!(
        verified.stdout.starts_with("whole: 2 entries"),
        "{}",
        verified.stdout
    );
    // Into a file, which needs no server.
    assert_eq!(
        run(&["gateway", "restore", "state.jsonl", "--state", "own.db"]).code,
        0
    );
    let own = run(&["gateway", "exposure", "example-app", "--state", "own.db"]);
    assert!(own.stdout.contains("192.0.2.7"), "{}", own.stdout);
    let wrong = run(&[
        "gateway",
        "audit",
        "--state",
        "postgres://geheim:geheim@/x?sslmode=geheim",
    ]);
    assert_eq!(wrong.code, 2, "{}", wrong.stderr);
    server.stop();
    let away = run(&["gateway", "audit"]);
    assert_eq!(away.code, 3, "{}", away.stderr);
    assert!(away.stderr.contains("cannot be reached"), "{}", away.stderr);
}
