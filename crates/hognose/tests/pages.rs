//! Answers of an index that are kept on disk: those of `scan` serve the guard and the gateway, and the other way round.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

#[path = "inspect/archives.rs"]
#[expect(dead_code, reason = "a part is used")]
mod archives;
mod common;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use common::gateway::Running;
use common::serving::{self, Answer, Head};
use common::upstream::hex;
use common::{Outcome, Sandbox, root};

/// The time of every run, unless a test says else.
const TODAY: i64 = 1_795_000_000;
const JSON: &str = "Accept: application/vnd.pypi.simple.v1+json\r\n";

/// An index with one project, whose every question is noted.
#[derive(Clone)]
struct Noted {
    address: String,
    seen: Arc<Mutex<Vec<String>>>,
    /// Further header lines of pages.
    headers: Arc<Mutex<String>>,
}

impl Noted {
    fn new(headers: &str) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let headers = Arc::new(Mutex::new(headers.to_owned()));
        let (log, more) = (Arc::clone(&seen), Arc::clone(&headers));
        let address = serving::start(move |head| answer(head, &log, &more.lock().unwrap()));
        Self {
            address,
            seen,
            headers,
        }
    }

    fn url(&self, user: &str) -> String {
        format!("http://{user}{}/simple/", self.address)
    }

    /// The pages that were asked for, with what was shown for them, and forgets it.
    fn pages(&self) -> Vec<String> {
        let mut seen = std::mem::take(&mut *self.seen.lock().unwrap());
        seen.retain(|asked| !asked.starts_with("/files/"));
        seen.sort();
        seen
    }
}

fn wheel() -> Vec<u8> {
    archives::wheel("good", "1.0", &[("good.py", "X = 1\n".to_owned())], "")
}

/// The page of an index that says nothing of ages: they are on the project page.
fn answer(head: &Head, seen: &Mutex<Vec<String>>, headers: &str) -> Answer {
    let known = head.header("if-none-match").is_some();
    let user = head.header("authorization").map(|_| " as somebody");
    let again = if known { " again" } else { "" };
    let asked = format!("{}{again}{}", head.path, user.unwrap_or_default());
    seen.lock().unwrap().push(asked);
    let (bytes, digest) = (wheel(), hex(&wheel()));
    let name = "good-1.0-py3-none-any.whl";
    let body = match head.path.as_str() {
        "/simple/good/" => {
            format!("<a href=\"/files/{name}#sha256={digest}\">{name}</a>").into_bytes()
        }
        "/pypi/good/json" => format!(
            "{{\"releases\":{{\"1.0\":[{{\"filename\":\"{name}\",\"size\":{},\"upload_time_iso_8601\":\"2024-01-02T03:04:05Z\",\"digests\":{{\"sha256\":\"{digest}\"}}}}]}}}}",
            bytes.len()
        )
        .into_bytes(),
        path if path.ends_with(".whl") => return (200, String::new(), bytes),
        _ => return (404, String::new(), Vec::new()),
    };
    if known {
        return (304, headers.to_owned(), Vec::new());
    }
    (200, format!("ETag: \"one\"\r\n{headers}"), body)
}

const BOTH: [&str; 2] = ["/pypi/good/json", "/simple/good/"];
const NONE: [&str; 0] = [];

fn run(sandbox: &Sandbox, index: &str, now: i64, words: &[&str]) -> Outcome {
    let mut command = sandbox.command(words);
    let output = command
        .env_remove("PIP_NO_INDEX")
        .env("PIP_INDEX_URL", index)
        .env("PIP_DISABLE_PIP_VERSION_CHECK", "1")
        .env("VIRTUAL_ENV", sandbox.work())
        .env("SOURCE_DATE_EPOCH", now.to_string())
        .output()
        .unwrap();
    Outcome {
        code: output.status.code().unwrap_or(-1),
        stdout: sandbox.clean(&output.stdout),
        stderr: sandbox.clean(&output.stderr),
    }
}

fn feed() -> String {
    root().join("examples/feeds").display().to_string()
}

fn scan(sandbox: &Sandbox, index: &str, now: i64) {
    sandbox.write("requirements.txt", "good==1.0\n");
    let outcome = run(
        sandbox,
        index,
        now,
        &["scan", "--online", "--feed", &feed(), "requirements.txt"],
    );
    assert!(outcome.code < 2, "{}", outcome.whole());
}

/// A real pip behind the guard.
fn install(sandbox: &Sandbox, index: &str, now: i64) {
    let Some(installers) = std::env::var_os("HOGNOSE_TEST_INSTALLERS") else {
        panic!("HOGNOSE_TEST_INSTALLERS is not set: run `cargo xtask test`, which installs pip");
    };
    let python = PathBuf::from(installers).join("new/bin/python");
    let target = sandbox.work().join("installed");
    let _ = std::fs::remove_dir_all(&target);
    let feed = feed();
    let words = [
        "guard",
        "--feed",
        &feed,
        "--",
        python.to_str().unwrap(),
        "-m",
        "pip",
        "install",
        "good",
        "--target",
        target.to_str().unwrap(),
    ];
    let outcome = run(sandbox, index, now, &words);
    assert_eq!(outcome.code, 0, "{}", outcome.whole());
    assert!(target.join("good.py").exists(), "{}", outcome.whole());
}

#[test]
fn what_scan_keeps_serves_the_guard() {
    let (sandbox, index) = (Sandbox::new(), Noted::new(""));
    scan(&sandbox, &index.url(""), TODAY);
    assert_eq!(index.pages(), BOTH);
    install(&sandbox, &index.url(""), TODAY + 60);
    assert_eq!(index.pages(), NONE);
    // What has gone stale is asked for on condition that it changed, and is young again for both.
    install(&sandbox, &index.url(""), TODAY + 700);
    assert_eq!(
        index.pages(),
        ["/pypi/good/json again", "/simple/good/ again"]
    );
    scan(&sandbox, &index.url(""), TODAY + 760);
    assert_eq!(index.pages(), NONE);
}

#[test]
fn what_the_guard_keeps_serves_scan() {
    let (sandbox, index) = (Sandbox::new(), Noted::new(""));
    install(&sandbox, &index.url(""), TODAY);
    assert_eq!(index.pages(), BOTH);
    scan(&sandbox, &index.url(""), TODAY + 60);
    assert_eq!(index.pages(), NONE);
    install(&sandbox, &index.url(""), TODAY + 120);
    assert_eq!(index.pages(), NONE);
}

#[test]
fn what_an_index_says_of_keeping_counts_for_both() {
    for (headers, kept) in [
        ("Cache-Control: max-age=30\r\n", true),
        ("Cache-Control: no-cache\r\n", true),
        (
            "Cache-Control: public\r\nCache-Control: no-store\r\n",
            false,
        ),
        ("Vary: *\r\n", false),
    ] {
        let (sandbox, index) = (Sandbox::new(), Noted::new(headers));
        scan(&sandbox, &index.url(""), TODAY);
        index.pages();
        install(&sandbox, &index.url(""), TODAY + 60);
        let again = BOTH.map(|path| format!("{path}{}", if kept { " again" } else { "" }));
        assert_eq!(index.pages(), again, "{headers}");
    }
    let (sandbox, index) = (Sandbox::new(), Noted::new("Vary: Accept, Cookie\r\n"));
    scan(&sandbox, &index.url(""), TODAY);
    index.pages();
    install(&sandbox, &index.url(""), TODAY + 60);
    assert_eq!(index.pages(), NONE);
}

#[test]
fn what_was_said_to_one_is_not_told_to_another() {
    let (sandbox, index) = (Sandbox::new(), Noted::new(""));
    let users = ["me:one@", "me:two@", "you:one@", ""];
    for user in users {
        scan(&sandbox, &index.url(user), TODAY);
        let asked = index.pages();
        let shown = if user.is_empty() { "" } else { " as somebody" };
        // Without condition: that it is as it was says nothing of what the other was told.
        let expected = BOTH.map(|path| format!("{path}{shown}"));
        assert_eq!(asked, expected, "{user}");
        install(&sandbox, &index.url(user), TODAY);
        assert_eq!(index.pages(), NONE, "{user}");
    }
    // Nothing that is kept has a password in it.
    let packs = std::fs::read_dir(sandbox.cache().join("http")).unwrap();
    for pack in packs.flatten() {
        let text = String::from_utf8_lossy(&std::fs::read(pack.path()).unwrap()).into_owned();
        assert!(text.contains("\"whose\""), "{text}");
        assert!(!text.contains("one@") && !text.contains("two"), "{text}");
    }
}

#[test]
fn a_gateway_that_runs_and_scans_beside_it_see_what_each_other_keep() {
    let (sandbox, index) = (Sandbox::new(), Noted::new(""));
    let gateway = Running::start(&sandbox, &index.url(""), "");
    // It has looked at what is there before anybody wrote anything.
    assert_eq!(gateway.ask("/simple/nobody/", JSON).status(), 404);
    index.pages();
    scan(&sandbox, &index.url(""), TODAY);
    assert_eq!(index.pages(), BOTH);
    assert_eq!(gateway.ask("/simple/good/", JSON).status(), 200);
    assert_eq!(index.pages(), NONE);
    // And what it is told itself later is there for the others, as of the time that it was told.
    std::fs::remove_dir_all(sandbox.cache().join("http")).unwrap();
    let other = Running::start(&sandbox, &index.url(""), "");
    assert_eq!(other.ask("/simple/good/", JSON).status(), 200);
    assert_eq!(index.pages(), BOTH);
    scan(&sandbox, &index.url(""), TODAY);
    assert_eq!(index.pages(), NONE);
}

#[test]
fn a_page_is_asked_for_again_once_it_is_old_whoever_asked_first() {
    let (sandbox, index) = (Sandbox::new(), Noted::new(""));
    scan(&sandbox, &index.url(""), TODAY);
    index.pages();
    // The gateway begins four seconds later, and pages are good for five.
    let late = (TODAY + 4).to_string();
    sandbox.write("hognose.toml", "[gateway]\nfresh = \"10s\"\n");
    let gateway = Running::start_in(
        &sandbox,
        &index.url(""),
        "[gateway]\nfresh = \"10s\"\n",
        &feed(),
        &[("SOURCE_DATE_EPOCH", &late)],
    );
    assert_eq!(gateway.ask("/simple/good/", JSON).status(), 200);
    assert_eq!(index.pages(), NONE);
    let began = Instant::now();
    let mut asked = Vec::new();
    while asked.is_empty() && began.elapsed() < Duration::from_secs(9) {
        std::thread::sleep(Duration::from_millis(200));
        gateway.ask("/simple/good/", JSON);
        asked = index.pages();
    }
    let took = began.elapsed();
    assert!(!asked.is_empty());
    // Nine seconds or so after it was first asked for, not after the gateway first saw it.
    assert!(
        took > Duration::from_secs(3) && took < Duration::from_secs(8),
        "{took:?}"
    );
}

#[test]
fn damaged_pages_are_asked_for_anew() {
    let (sandbox, index) = (Sandbox::new(), Noted::new(""));
    scan(&sandbox, &index.url(""), TODAY);
    index.pages();
    let folder = sandbox.cache().join("http");
    let pack = std::fs::read_dir(&folder).unwrap().flatten().next();
    let path = pack.unwrap().path();
    let good = std::fs::read(&path).unwrap();
    let at = good.windows(9).position(|w| w == b"good-1.0-").unwrap();
    let mut bad = good.clone();
    bad[at + 5] = b'6';
    std::fs::write(&path, &bad).unwrap();
    install(&sandbox, &index.url(""), TODAY + 1);
    assert!(index.pages().contains(&"/simple/good/".to_owned()));
    // As a process leaves it that is killed while it writes.
    std::fs::write(&path, &good[..good.len() - 5]).unwrap();
    for other in std::fs::read_dir(&folder).unwrap().flatten() {
        if other.path() != path {
            std::fs::remove_file(other.path()).unwrap();
        }
    }
    install(&sandbox, &index.url(""), TODAY + 2);
    assert_eq!(index.pages().len(), 1);
    scan(&sandbox, &index.url(""), TODAY + 3);
    assert_eq!(index.pages(), NONE);
}

#[test]
fn many_at_once_share_what_is_kept() {
    let (sandbox, index) = (Sandbox::new(), Noted::new(""));
    sandbox.write("requirements.txt", "good==1.0\n");
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| scan(&sandbox, &index.url(""), TODAY));
        }
        let mut killed = sandbox_gateway(&sandbox, &index);
        killed.ask("/simple/good/", JSON);
        killed.terminate();
    });
    index.pages();
    scan(&sandbox, &index.url(""), TODAY + 5);
    install(&sandbox, &index.url(""), TODAY + 5);
    assert_eq!(index.pages(), NONE);
}

fn sandbox_gateway(sandbox: &Sandbox, index: &Noted) -> Running {
    assert!(index.headers.lock().unwrap().is_empty());
    Running::start(sandbox, &index.url(""), "")
}
