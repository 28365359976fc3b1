//! Artifacts against the commit they were built from, of which a forge is asked.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use common::serving::{self, Head};
use common::{Outcome, Sandbox, commits};
use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};

const CODE: &[u8] = b"def work(x):\n    return x + 1\n";
const FILE: &str = "tool-1.0-py3-none-any.whl";
const COMMIT: &str = "00000000000000000000000000000000000000c1";
const TREE: &str = "00000000000000000000000000000000000000a1";
const TAG: &str = "00000000000000000000000000000000000000b1";

/// The name that git gives to bytes.
fn blob(bytes: &[u8]) -> String {
    let head = format!("blob {}\0", bytes.len());
    let digest = Sha1::new()
        .chain_update(head)
        .chain_update(bytes)
        .finalize();
    digest.iter().fold(String::new(), |mut out, byte| {
        write!(out, "{byte:02x}").unwrap();
        out
    })
}

type Answers = BTreeMap<String, (u16, String, Vec<u8>)>;

/// A forge whose every answer a test decides.
struct Forge {
    address: String,
    answers: Arc<Mutex<Answers>>,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Forge {
    fn new() -> Self {
        let answers: Arc<Mutex<Answers>> = Arc::default();
        let seen: Arc<Mutex<Vec<String>>> = Arc::default();
        let (own, log) = (Arc::clone(&answers), Arc::clone(&seen));
        let address = serving::start(move |head: &Head| {
            let token = head.header("authorization").unwrap_or("nobody");
            log.lock().unwrap().push(format!("{token} {}", head.path));
            let known = own.lock().unwrap().get(&head.path).cloned();
            known.unwrap_or((404, String::new(), Vec::new()))
        });
        Self {
            address,
            answers,
            seen,
        }
    }

    fn put(&self, path: &str, body: &Value) {
        self.put_raw(path, (200, String::new(), body.to_string().into_bytes()));
    }

    fn put_raw(&self, path: &str, answer: (u16, String, Vec<u8>)) {
        self.answers.lock().unwrap().insert(path.to_owned(), answer);
    }

    /// As GitHub's enterprise server, with the tool's repository, tagged.
    fn github(code: &[u8]) -> Self {
        let forge = Self::new();
        let at = "/api/v3/repos/acme/tool";
        forge.put(at, &json!({"id": 7, "default_branch": "main"}));
        forge.put(
            &format!("{at}/git/ref/tags/v1%2E0").replace("%2E", "."),
            &json!({"object": {"type": "tag", "sha": TAG}}),
        );
        forge.put(
            &format!("{at}/git/tags/{TAG}"),
            &json!({"object": {"type": "commit", "sha": COMMIT}}),
        );
        forge.put(
            &format!("{at}/git/commits/{COMMIT}"),
            &json!({"sha": COMMIT, "tree": {"sha": TREE}}),
        );
        forge.put(
            &format!("{at}/compare/main...{COMMIT}?per_page=1"),
            &json!({"status": "behind"}),
        );
        forge.put(&format!("{at}/git/trees/{TREE}?recursive=1"), &json!({"sha": TREE, "truncated": false, "tree": [
            {"path": "src", "mode": "040000", "type": "tree", "sha": TREE},
            {"path": "src/tool/__init__.py", "mode": "100644", "type": "blob", "sha": blob(code)},
            {"path": "vendored", "mode": "160000", "type": "commit", "sha": COMMIT},
        ]}));
        forge
    }

    fn verify(&self, kind: &str, more: &[&str], variables: &[(&str, &str)]) -> Outcome {
        let sandbox = Sandbox::new();
        sandbox.write(
            FILE,
            commits::wheel("tool", "1.0", &[("tool/__init__.py", CODE)]),
        );
        let url = format!("{kind}=http://{}", self.address);
        let repository = format!("http://{}/acme/tool", self.address);
        let words = [
            "verify",
            FILE,
            "--allow-incomplete",
            "index",
            "--forge",
            &url,
            "--repository",
            &repository,
        ];
        let mut command = sandbox.command(&[&words[..], more].concat());
        for (name, value) in variables {
            command.env(name, value.replace("FORGE", &self.address));
        }
        let output = command.output().unwrap();
        let text = |bytes: &[u8]| sandbox.clean(bytes).replace(&self.address, "forge.example");
        Outcome {
            code: output.status.code().unwrap_or(-1),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    fn seen(&self) -> Vec<String> {
        std::mem::take(&mut *self.seen.lock().unwrap())
    }
}

#[test]
fn a_commit_of_github_by_its_tag_and_by_its_name() {
    let forge = Forge::github(CODE);
    let outcome = forge.verify("github", &[], &[]);
    assert_eq!(outcome.code, 0, "{}", outcome.whole());
    let words = format!("1 files are those of commit {COMMIT}");
    assert!(outcome.flowing().contains(&words), "{}", outcome.whole());
    for commit in [COMMIT, "v1.0"] {
        let outcome = forge.verify("github", &["--commit", commit], &[]);
        assert_eq!(outcome.code, 0, "{}", outcome.whole());
    }
    let other = Forge::github(b"def work(x):\n    return x\n");
    let outcome = other.verify("github", &[], &[]);
    assert_eq!(outcome.code, 1, "{}", outcome.whole());
    assert!(
        outcome.stdout.contains("HOG-PROV-uncommitted"),
        "{}",
        outcome.whole()
    );
}

#[test]
fn a_tree_that_is_too_large_is_asked_for_in_parts() {
    let forge = Forge::github(b"other\n");
    let at = "/api/v3/repos/acme/tool/git/trees";
    let (src, deep) = (
        "00000000000000000000000000000000000000d1",
        "00000000000000000000000000000000000000d2",
    );
    let entry = |path: &str, kind: &str, id: &str| {
        let mode = if kind == "tree" { "040000" } else { "100644" };
        json!({"path": path, "mode": mode, "type": kind, "sha": id})
    };
    let cut = json!({"truncated": true, "tree": []});
    forge.put(&format!("{at}/{TREE}?recursive=1"), &cut);
    forge.put(&format!("{at}/{TREE}"), &json!({"truncated": false, "tree": [entry("src", "tree", src), entry("a.txt", "blob", &blob(b"a"))]}));
    forge.put(&format!("{at}/{src}?recursive=1"), &cut);
    forge.put(
        &format!("{at}/{src}"),
        &json!({"truncated": false, "tree": [entry("tool", "tree", deep)]}),
    );
    forge.put(
        &format!("{at}/{deep}?recursive=1"),
        &json!({"truncated": false, "tree": [entry("__init__.py", "blob", &blob(CODE))]}),
    );
    let outcome = forge.verify("github", &[], &[]);
    assert_eq!(outcome.code, 0, "{}", outcome.whole());
    // One directory that the forge does not list whole: nobody knows what is missing.
    forge.put(&format!("{at}/{src}"), &cut);
    let outcome = forge.verify("github", &[], &[]);
    assert_eq!(outcome.code, 3, "{}", outcome.whole());
    // Directories without end.
    forge.put(
        &format!("{at}/{src}"),
        &json!({"truncated": false, "tree": [entry("again", "tree", src)]}),
    );
    let outcome = forge.verify("github", &[], &[]);
    assert_eq!(outcome.code, 3, "{}", outcome.whole());
    assert!(
        outcome
            .flowing()
            .contains("it takes more than 2000 requests"),
        "{}",
        outcome.whole()
    );
}

/// GitLab's pages.
fn gitlab(code: &[u8]) -> Forge {
    let forge = Forge::new();
    let at = "/api/v4/projects/acme%2Ftool";
    forge.put(at, &json!({"id": 7, "default_branch": "main"}));
    forge.put(
        &format!("{at}/repository/tags/v1.0"),
        &json!({"name": "v1.0", "commit": {"id": COMMIT}}),
    );
    forge.put(
        &format!("{at}/repository/commits/{COMMIT}"),
        &json!({"id": COMMIT}),
    );
    forge.put(
        &format!("{at}/repository/commits/{COMMIT}/refs?type=all&per_page=20"),
        &json!([{"type": "branch", "name": "main"}]),
    );
    let first =
        format!("{at}/repository/tree?ref={COMMIT}&recursive=true&per_page=100&pagination=keyset");
    let next = format!("{at}/repository/tree?page_token=x");
    let link = format!("Link: <http://{}{next}>; rel=\"next\"\r\n", forge.address);
    let entry = |path: &str, id: &str| json!([{"id": id, "name": "x", "type": "blob", "path": path, "mode": "100644"}]);
    forge.put_raw(
        &first,
        (
            200,
            link,
            entry("a.txt", &blob(b"a")).to_string().into_bytes(),
        ),
    );
    forge.put(&next, &entry("tool/__init__.py", &blob(code)));
    forge
}

#[test]
fn a_commit_of_gitlab_in_pages() {
    for more in [&[][..], &["--commit", COMMIT]] {
        let outcome = gitlab(CODE).verify("gitlab", more, &[]);
        assert_eq!(outcome.code, 0, "{}", outcome.whole());
        let outcome = gitlab(b"other\n").verify("gitlab", more, &[]);
        assert_eq!(outcome.code, 1, "{}", outcome.whole());
    }
    // A list that leads elsewhere.
    let forge = gitlab(CODE);
    let at = "/api/v4/projects/acme%2Ftool";
    let first =
        format!("{at}/repository/tree?ref={COMMIT}&recursive=true&per_page=100&pagination=keyset");
    for link in [
        "http://evil.example/api/v4/projects/acme%2Ftool/repository/tree?x".to_owned(),
        format!(
            "http://{}/api/v4/projects/other%2Ftool/repository/tree?x",
            forge.address
        ),
        format!("http://{}/elsewhere", forge.address),
        // Onto itself, without end.
        format!("http://{}{first}", forge.address),
    ] {
        forge.put_raw(
            &first,
            (
                200,
                format!("Link: <{link}>; rel=\"next\"\r\n"),
                b"[]".to_vec(),
            ),
        );
        let outcome = forge.verify("gitlab", &[], &[]);
        assert_eq!(outcome.code, 3, "{link}: {}", outcome.whole());
    }
    // A commit that nothing leads to.
    let forge = gitlab(CODE);
    forge.put(
        &format!("{at}/repository/commits/{COMMIT}/refs?type=all&per_page=20"),
        &json!([]),
    );
    let outcome = forge.verify("gitlab", &["--commit", COMMIT], &[]);
    assert_eq!(outcome.code, 3, "{}", outcome.whole());
    assert!(
        outcome.flowing().contains("it may be of a fork"),
        "{}",
        outcome.whole()
    );
}

#[test]
fn whatever_is_no_answer_is_unknown() {
    let at = "/api/v3/repos/acme/tool";
    let bad = |text: &str| text.as_bytes().to_vec();
    let paths = [
        at.to_owned(),
        format!("{at}/git/ref/tags/v1.0"),
        format!("{at}/git/tags/{TAG}"),
        format!("{at}/git/commits/{COMMIT}"),
        format!("{at}/git/trees/{TREE}?recursive=1"),
    ];
    for path in paths {
        for answer in [
            (500, String::new(), bad("")),
            (403, "X-RateLimit-Remaining: 0\r\n".to_owned(), bad("{}")),
            (401, String::new(), bad("{}")),
            (200, String::new(), bad("[")),
            (200, String::new(), bad("null")),
            (
                200,
                String::new(),
                bad(
                    r#"{"object": {"type": "commit", "sha": "../../x"}, "id": -1, "sha": "x", "tree": {"sha": "?"}}"#,
                ),
            ),
            (
                302,
                "Location: http://evil.example/\r\n".to_owned(),
                bad(""),
            ),
            (302, format!("Location: {path}\r\n"), bad("")),
            (200, String::new(), vec![b' '; 33 << 20]),
        ] {
            let forge = Forge::github(CODE);
            let status = answer.0;
            forge.put_raw(&path, answer);
            let outcome = forge.verify("github", &[], &[]);
            assert_eq!(outcome.code, 3, "{path} {status}: {}", outcome.whole());
            assert!(
                outcome.stdout.contains("HOG-GAP-provenance"),
                "{}",
                outcome.whole()
            );
        }
    }
    // Not there: no repository, no commit, no tag.
    for (path, words) in [
        (at.to_owned(), "the forge has no repository acme/tool"),
        (
            format!("{at}/git/commits/{COMMIT}"),
            "the forge has no commit",
        ),
        (
            format!("{at}/git/ref/tags/v1.0"),
            "no attestation and no tag names its commit",
        ),
    ] {
        let forge = Forge::github(CODE);
        forge.put_raw(&path, (404, String::new(), Vec::new()));
        let outcome = forge.verify("github", &[], &[]);
        assert_eq!(outcome.code, 3, "{}", outcome.whole());
        assert!(outcome.flowing().contains(words), "{}", outcome.whole());
    }
    // A commit that neither the branch nor a tag leads to.
    let forge = Forge::github(CODE);
    let path = format!("{at}/compare/main...{COMMIT}?per_page=1");
    forge.put(&path, &json!({"status": "diverged"}));
    assert_eq!(forge.verify("github", &["--commit", COMMIT], &[]).code, 0);
    forge.put_raw(
        &format!("{at}/git/ref/tags/v1.0"),
        (404, String::new(), Vec::new()),
    );
    let outcome = forge.verify("github", &["--commit", COMMIT], &[]);
    assert_eq!(outcome.code, 3, "{}", outcome.whole());
    assert!(
        outcome.flowing().contains("it may be of a fork"),
        "{}",
        outcome.whole()
    );
}

#[test]
fn a_token_goes_to_its_own_forge_alone_and_is_never_shown() {
    let sent = |variables: &[(&str, &str)]| {
        let forge = Forge::github(CODE);
        let outcome = forge.verify("github", &[], variables);
        assert!(!outcome.whole().contains("secret"), "{}", outcome.whole());
        assert_eq!(outcome.code, 0, "{}", outcome.whole());
        let seen = forge.seen();
        assert!(!seen.is_empty());
        let with = seen
            .iter()
            .filter(|line| line.starts_with("Bearer secret "))
            .count();
        assert!(with == 0 || with == seen.len(), "{seen:?}");
        with > 0
    };
    assert!(sent(&[
        ("GH_HOST", "FORGE"),
        ("GH_ENTERPRISE_TOKEN", "secret")
    ]));
    // The one of another host, and that of the public forge.
    assert!(!sent(&[
        ("GH_HOST", "other.example"),
        ("GH_ENTERPRISE_TOKEN", "secret")
    ]));
    assert!(!sent(&[("GH_ENTERPRISE_TOKEN", "secret")]));
    assert!(!sent(&[("GH_TOKEN", "secret"), ("GITHUB_TOKEN", "secret")]));
    // Refused with a token.
    let forge = Forge::github(CODE);
    forge.put_raw(
        "/api/v3/repos/acme/tool",
        (401, String::new(), b"{}".to_vec()),
    );
    let outcome = forge.verify(
        "github",
        &[],
        &[("GH_HOST", "FORGE"), ("GH_ENTERPRISE_TOKEN", "secret")],
    );
    assert_eq!(outcome.code, 3, "{}", outcome.whole());
    assert!(!outcome.whole().contains("secret"), "{}", outcome.whole());
    let broken = forge.verify(
        "github",
        &[],
        &[
            ("GH_HOST", "FORGE"),
            ("GH_ENTERPRISE_TOKEN", "secret\nX: y"),
        ],
    );
    assert_eq!(broken.code, 2, "{}", broken.whole());
    assert!(!broken.whole().contains("secret"), "{}", broken.whole());
    let forge = gitlab(CODE);
    let outcome = forge.verify(
        "gitlab",
        &[],
        &[("GITLAB_HOST", "http://FORGE"), ("GITLAB_TOKEN", "secret")],
    );
    assert_eq!(outcome.code, 0, "{}", outcome.whole());
    assert!(
        forge
            .seen()
            .iter()
            .all(|line| line.starts_with("Bearer secret "))
    );
    let outcome = forge.verify("gitlab", &[], &[("GITLAB_TOKEN", "secret")]);
    assert_eq!(outcome.code, 0, "{}", outcome.whole());
    assert!(forge.seen().iter().all(|line| line.starts_with("nobody ")));
}

#[test]
fn nobody_is_asked_who_was_not_named() {
    let forge = Forge::github(CODE);
    let outcome = forge.verify("github", &["--offline"], &[]);
    assert_eq!(outcome.code, 3, "{}", outcome.whole());
    assert!(forge.seen().is_empty());
    let sandbox = Sandbox::new();
    sandbox.write(
        FILE,
        commits::wheel("tool", "1.0", &[("tool/__init__.py", CODE)]),
    );
    let run = |more: &[&str]| {
        sandbox.run(&[&["verify", FILE, "--allow-incomplete", "index"], more].concat())
    };
    let url = format!("github=http://{}", forge.address);
    // No attestation says which repository it is.
    let outcome = run(&["--forge", &url]);
    assert_eq!(outcome.code, 3, "{}", outcome.whole());
    assert!(forge.seen().is_empty());
    for wrong in [
        &["--forge", "https://forge.example"][..],
        &["--forge", "github=http://forge.example"],
        &["--forge", "github=https://user:secret@forge.example"],
        &["--forge", "svn=https://forge.example"],
        &["--forge", "x"],
        &["--repository", "https://forge.example/a/b"],
        &["--repository", "https://github.com/a"],
        &["--repository", "https://github.com/a/../b"],
        &["--repository", "https://github.com/a/b?x"],
        &["--forge", &url, "--repository", "https://other.example/a/b"],
        &["--forge", &url, "--repository", "clone"],
    ] {
        let outcome = run(wrong);
        assert_eq!(outcome.code, 2, "{wrong:?}: {}", outcome.whole());
        assert!(!outcome.whole().contains("secret"), "{}", outcome.whole());
    }
    assert!(forge.seen().is_empty());
}
