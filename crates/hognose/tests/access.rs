//! Who may ask the gateway, how much at once, and what time and failures change while it runs.

#[path = "inspect/archives.rs"]
#[expect(dead_code, reason = "a part is used")]
mod archives;
mod common;

use std::io::Read as _;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::Sandbox;
use common::gateway::{Got, Running};
use common::upstream::{Upstream, hex};

/// Long before the time of every test.
const OLD: &str = "data-upload-time=\"2024-01-02T03:04:05Z\"";
const CONDEMNED: &str = r#"{"id":"MAL-2026-1","modified":"2026-11-18T00:00:00Z","summary":"takes what it finds","affected":[{"package":{"ecosystem":"PyPI","name":"good"},"versions":["1.0"]}]}"#;

fn wheel() -> Vec<u8> {
    archives::wheel("good", "1.0", &[("good.py", "X = 1\n".to_owned())], "")
}

fn index() -> Upstream {
    let upstream = Upstream::new();
    let bytes = wheel();
    upstream.project("good", &[("good-1.0-py3-none-any.whl", &bytes, OLD)]);
    upstream
}

fn path() -> String {
    format!("/files/good/{}/good-1.0-py3-none-any.whl", hex(&wheel()))
}

/// Asks until the answer has a status.
fn until(gateway: &Running, headers: &str, status: u16) -> Got {
    let began = Instant::now();
    loop {
        let got = gateway.ask(&path(), headers);
        if got.status() == status {
            return got;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "{}", got.line);
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn basic(user: &str, password: &str) -> String {
    let both = STANDARD.encode(format!("{user}:{password}"));
    format!("Authorization: Basic {both}\r\n")
}

#[test]
fn only_who_shows_a_token_is_answered() {
    let (sandbox, upstream) = (Sandbox::new(), index());
    let made = sandbox.run(&["gateway", "token", "ci"]);
    assert_eq!(made.code, 0, "{}", made.whole());
    let token = made.stdout.trim().to_owned();
    let start = made.stderr.find("[[gateway.token]]").unwrap();
    let end = made.stderr[start..].find("\n\n").unwrap();
    let configuration = made.stderr[start..start + end].to_owned();
    assert!(!configuration.contains(&token));
    let gateway = Running::start(&sandbox, &upstream.url(), &configuration);

    for headers in [
        String::new(),
        basic("__token__", "hgn_0000"),
        basic("ci", ""),
    ] {
        for path in [
            path().as_str(),
            "/simple/good/",
            "/simple/",
            "/pypi/good/json",
            "/none",
        ] {
            let got = gateway.ask(path, &headers);
            assert_eq!(got.status(), 401, "{path} {headers}");
            let wanted = got.header("www-authenticate").unwrap();
            assert_eq!(wanted, "Basic realm=\"hognose\"");
            assert!(!got.text().contains("good"), "{}", got.text());
        }
    }
    for open in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(gateway.ask(open, "").status(), 200, "{open}");
    }
    assert!(upstream.seen().is_empty(), "nobody may ask through it");
    for headers in [
        basic("__token__", &token),
        basic(&token, ""),
        format!("Authorization: Bearer {token}\r\n"),
    ] {
        assert_eq!(gateway.ask(&path(), &headers).status(), 200, "{headers}");
    }

    // Who was sent what is known by the name of the token; the token is nowhere.
    let asked = ["gateway", "exposure", "good==1.0"];
    let began = Instant::now();
    let told = loop {
        let told = sandbox.run(&asked).stdout;
        if told.contains("ci@127.0.0.1") {
            break told;
        }
        assert!(began.elapsed() < Duration::from_secs(10), "{told}");
        std::thread::sleep(Duration::from_millis(50));
    };
    assert!(!told.contains(&token), "{told}");
    // An editor empties a file before it writes it: that opens nothing to anybody.
    sandbox.write("hognose.toml", "");
    std::thread::sleep(Duration::from_secs(5));
    assert_eq!(gateway.ask(&path(), "").status(), 401);
    assert_eq!(
        gateway.ask(&path(), &basic("__token__", &token)).status(),
        200
    );
    // A token that is taken back opens nothing, without a restart.
    let other = "[[gateway.token]]\nname = \"other\"\nsha256 = \"0000000000000000000000000000000000000000000000000000000000000000\"\n";
    sandbox.write("hognose.toml", other);
    until(&gateway, &basic("__token__", &token), 401);
}

#[test]
fn installers_show_their_tokens() {
    let Some(folder) = std::env::var_os("HOGNOSE_TEST_INSTALLERS") else {
        panic!(
            "HOGNOSE_TEST_INSTALLERS is not set: run `cargo xtask test`, which installs pip and uv"
        );
    };
    let folder = PathBuf::from(folder);
    let (sandbox, upstream) = (Sandbox::new(), index());
    let configuration = format!(
        "[[gateway.token]]\nname = \"dev\"\nsha256 = \"{}\"\n",
        hex(b"s3cret")
    );
    let gateway = Running::start(&sandbox, &upstream.url(), &configuration);
    for (at, (which, url, works)) in [
        ("old", "__token__:s3cret@", true),
        ("new", "__token__:s3cret@", true),
        ("new", "s3cret@", true),
        ("new", "", false),
        ("uv", "__token__:s3cret@", true),
        ("uv", "__token__:wrong@", false),
    ]
    .into_iter()
    .enumerate()
    {
        let target = sandbox.work().join(format!("installed-{at}"));
        let url = format!("http://{url}{}/simple/", gateway.address);
        let python = folder.join(if which == "uv" { "new" } else { which });
        let python = python.join("bin/python");
        let mut command = if which == "uv" {
            let mut uv = Command::new(folder.join("new/bin/uv"));
            uv.args(["pip", "install", "--no-cache", "--python"])
                .arg(&python);
            uv.args(["--default-index", &url]);
            uv
        } else {
            let mut pip = Command::new(&python);
            pip.args(["-m", "pip", "install", "--no-cache-dir", "--no-input"]);
            pip.args(["--retries", "0", "--index-url", &url]);
            pip
        };
        let output = command
            .args(["--target", target.to_str().unwrap(), "good"])
            .env_remove("PIP_INDEX_URL")
            .env_remove("PIP_NO_INDEX")
            .env("HOME", sandbox.work())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.success(), works, "{which} {url}: {said}");
        assert_eq!(target.join("good.py").exists(), works, "{which} {url}");
    }
}

#[test]
fn a_token_opens_what_it_is_for_until_it_ends() {
    let (sandbox, upstream) = (Sandbox::new(), index());
    let ours = archives::wheel("acme-core", "1.0", &[], "");
    upstream.project(
        "acme-core",
        &[("acme_core-1.0-py3-none-any.whl", &ours, OLD)],
    );
    let token = |name: &str, more: &str| {
        let digest = hex(format!("hgn_{name}").as_bytes());
        format!("[[gateway.token]]\nname = \"{name}\"\nsha256 = \"{digest}\"\n{more}")
    };
    let configuration = [
        token("all", "expires = 2027-01-31\n"),
        token("ours", "packages = [\"acme-*\"]\n"),
        token("none", "packages = []\n"),
        token("today", "expires = 2026-11-18\n"),
        token("old", "expires = \"2026-11-17\"\n"),
    ];
    let gateway = Running::start(&sandbox, &upstream.url(), &configuration.concat());
    let ask =
        |name: &str, path: &str| gateway.ask(path, &basic("__token__", &format!("hgn_{name}")));
    let (good, acme) = ("/simple/good/", "/simple/acme-core/");
    for (name, page, status) in [
        ("all", good, 200),
        ("all", acme, 200),
        ("ours", acme, 200),
        ("today", good, 200),
        ("ours", good, 403),
        ("none", acme, 403),
        ("old", good, 401),
    ] {
        assert_eq!(ask(name, page).status(), status, "{name} {page}");
    }
    let path = path();
    for about in [
        path.as_str(),
        &format!("{path}.metadata"),
        "/pypi/good/json",
        "/simple/Good",
    ] {
        let got = ask("ours", about);
        assert_eq!(got.status(), 403, "{about}");
        assert!(got.line.contains("Not for this token"), "{}", got.line);
    }
    // What others asked for is nothing that it tells.
    let list = ask("ours", "/simple/").text();
    assert!(
        list.contains("acme-core") && !list.contains("good"),
        "{list}"
    );
    assert!(ask("all", "/simple/").text().contains("good"));
    drop(gateway);
    sandbox.write("hognose.toml", token("ci", "expires = \"soon\"\n"));
    let checked = sandbox.run(&["policy", "check"]);
    assert_eq!(checked.code, 2, "{}", checked.whole());
    assert!(
        checked.stdout.contains("cannot read the date"),
        "{}",
        checked.whole()
    );
}

#[test]
fn a_token_is_written_as_a_digest() {
    let sandbox = Sandbox::new();
    for (lines, expected, hint) in [
        (
            "name = \"a b\"\nsha256 = \"00\"",
            "not a name",
            "at most 64",
        ),
        (
            "name = \"a\"\nsha256 = \"hgn_secret\"",
            "not a SHA-256",
            "hognose gateway token NAME",
        ),
    ] {
        sandbox.write("hognose.toml", format!("[[gateway.token]]\n{lines}\n"));
        let checked = sandbox.run(&["policy", "check"]);
        assert_eq!(checked.code, 2, "{}", checked.whole());
        let said = checked.whole();
        assert!(said.contains(expected) && said.contains(hint), "{said}");
    }
    let refused = sandbox.run(&["gateway", "token", "a b"]);
    assert_eq!(refused.code, 2, "{}", refused.whole());
}

#[test]
fn the_lines_of_a_token_say_what_it_is_for() {
    let sandbox = Sandbox::new();
    let token = |more: &[&str]| {
        let all = [&["gateway", "token", "ci"][..], more].concat();
        sandbox.run(&all)
    };
    let made = token(&[
        "--package",
        "acme-*,good",
        "--package",
        "other",
        "--expires",
        "2027-01-31",
    ]);
    assert_eq!(made.code, 0, "{}", made.whole());
    let start = made.stderr.find("[[gateway.token]]").unwrap();
    let lines: Vec<&str> = made.stderr[start..].lines().take(5).collect();
    assert_eq!(lines[3], "packages = [\"acme-*\", \"good\", \"other\"]");
    assert_eq!(lines[4], "expires = 2027-01-31");
    // As they are written they are understood.
    let upstream = index();
    let gateway = Running::start(&sandbox, &upstream.url(), &lines.join("\n"));
    let shown = basic("x", made.stdout.trim());
    assert_eq!(gateway.ask("/simple/good/", &shown).status(), 200);
    assert_eq!(gateway.ask("/simple/better/", &shown).status(), 403);
    for (more, said) in [
        (["--package", "*"], "this is no project"),
        (["--package", "a\"b"], "this is no project"),
        (["--expires", "tomorrow"], "is no date"),
        (["--expires", "2026-11-17"], "is over"),
    ] {
        let refused = token(&more);
        assert_eq!(refused.code, 2, "{}", refused.whole());
        assert!(refused.stderr.contains(said), "{}", refused.whole());
        assert!(refused.stdout.is_empty());
    }
    assert_eq!(token(&["--expires", "2026-11-18"]).code, 0);
}

#[test]
fn a_client_that_takes_every_place_leaves_some() {
    let (sandbox, upstream) = (Sandbox::new(), index());
    let configuration = "[gateway]\nconnections-per-client = 3\n";
    let gateway = Running::start(&sandbox, &upstream.url(), configuration);
    let open = || TcpStream::connect(&gateway.address).unwrap();
    let mut held: Vec<TcpStream> = (0..3).map(|_| open()).collect();
    let mut refused = open();
    refused
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let mut nothing = Vec::new();
    assert!(matches!(refused.read_to_end(&mut nothing), Ok(0) | Err(_)));
    // Closed at once, not when the time for a request's head is over.
    held.clear();
    let began = Instant::now();
    loop {
        let got = gateway.ask("/metrics", "");
        if got.line.contains("200") {
            assert!(!got.text().contains("hognose_connections_closed_total 0"));
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(10));
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_waiver_ends_while_the_gateway_runs() {
    let (sandbox, upstream) = (Sandbox::new(), index());
    let feed = sandbox.write("feed/MAL-2026-1.json", CONDEMNED);
    let feed = feed.parent().unwrap().to_str().unwrap().to_owned();
    let configuration = "[[waiver]]\nadvisory = \"MAL-2026-1\"\npackage = \"good\"\nreason = \"a false alarm\"\nowner = \"sec\"\nexpires = 2026-11-18\n";
    // Four seconds before the day is over.
    let midnight = 1_795_046_400 - 4;
    let now = midnight.to_string();
    let variables = [("SOURCE_DATE_EPOCH", now.as_str())];
    let url = upstream.url();
    let gateway = Running::start_in(&sandbox, &url, configuration, &feed, &variables);
    assert_eq!(gateway.ask(&path(), "").status(), 200);
    let refused = until(&gateway, "", 403);
    assert!(refused.line.contains("MAL-2026-1"), "{}", refused.line);
}

#[test]
fn what_advisories_call_malicious_no_list_lets_in() {
    let (sandbox, upstream) = (Sandbox::new(), index());
    let feed = sandbox.write("feed/MAL-2026-1.json", CONDEMNED);
    let feed = feed.parent().unwrap().to_str().unwrap().to_owned();
    let configuration = "[gateway]\nallow = [\"good\"]\ninspect = false\n";
    let gateway = Running::start_with(&sandbox, &upstream.url(), configuration, &feed);
    let refused = gateway.ask(&path(), "");
    assert_eq!(refused.status(), 403, "{}", refused.line);
    assert!(refused.line.contains("MAL-2026-1"), "{}", refused.line);
}

#[test]
fn a_project_of_which_nobody_can_say_whose_it_is_is_withheld() {
    let (sandbox, main, other) = (Sandbox::new(), index(), Upstream::new());
    let configuration = format!(
        "[[gateway.upstream]]\nname = \"ours\"\nurl = \"{}\"\n[[gateway.upstream]]\nname = \"main\"\nurl = \"{}\"\n",
        other.url(),
        main.url()
    );
    let state = sandbox.work().join("state.sqlite");
    let configuration = format!(
        "[gateway]\nfresh = \"1s\"\nstate = \"{}\"\n{configuration}",
        state.display()
    );
    let gateway = Running::start(&sandbox, &main.url(), &configuration);
    assert_eq!(gateway.ask(&path(), "").status(), 200);
    let run = |statement: &str| {
        let script = "import sqlite3, sys\nc = sqlite3.connect(sys.argv[1], timeout=20)\nc.execute(sys.argv[2])\nc.commit()\n";
        let ran = Command::new("python3")
            .args(["-c", script, state.to_str().unwrap(), statement])
            .output()
            .unwrap();
        assert!(ran.status.success(), "{ran:?}");
    };
    run("alter table owners rename to lost");
    let began = Instant::now();
    let refused = until(&gateway, "", 403);
    assert!(
        refused.line.contains("HOG-ID-confusion"),
        "{}",
        refused.line
    );
    assert!(
        refused.text().contains("cannot be known now"),
        "{}",
        refused.text()
    );
    // And let in again when the state is back, well before the page is asked for anew.
    run("alter table lost rename to owners");
    until(&gateway, "", 200);
    assert!(began.elapsed() < Duration::from_secs(20));
}
