//! `hognose show NAME` against an index of ours on the loopback interface, and the passwords that go there.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use common::serving::{self, Answer, Head};
use common::{Outcome, Sandbox};

/// Status and body by path.
type Pages = BTreeMap<String, (u16, String)>;

struct Index {
    address: String,
    pages: Arc<Mutex<Pages>>,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Index {
    fn new(pages: Pages) -> Self {
        Self::guarded(pages, None)
    }

    /// An index that wants these credentials.
    fn guarded(pages: Pages, wanted: Option<&'static str>) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let pages = Arc::new(Mutex::new(pages));
        let (log, own) = (Arc::clone(&seen), Arc::clone(&pages));
        let address = serving::start(move |head| serve(head, &own.lock().unwrap(), wanted, &log));
        Self {
            address,
            pages,
            seen,
        }
    }

    fn url(&self) -> String {
        format!("http://{}/simple/", self.address)
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    fn show(&self, sandbox: &Sandbox, arguments: &[&str]) -> Outcome {
        let variables = [("PIP_INDEX_URL", self.url())];
        self.with(sandbox, arguments, &variables)
    }

    fn with(&self, sandbox: &Sandbox, arguments: &[&str], variables: &[(&str, String)]) -> Outcome {
        let feed = common::root().join("examples/feeds");
        let mut all = vec!["show", "--feed", feed.to_str().unwrap()];
        all.extend(arguments);
        let mut command = sandbox.command(&all);
        command.env_remove("PIP_NO_INDEX");
        command.env("XDG_CONFIG_DIRS", sandbox.work());
        // Whatever Python the machine has: its configuration is not this test's.
        command.env("VIRTUAL_ENV", sandbox.work());
        for (name, value) in variables {
            command.env(name, value);
        }
        let output = command.output().unwrap();
        let text = |bytes: &[u8]| {
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            text.replace(&self.address, "index.example").replace(
                concat!("\"", env!("CARGO_PKG_VERSION"), "\""),
                "\"[VERSION]\"",
            )
        };
        Outcome {
            code: output.status.code().unwrap_or(-1),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }
}

fn serve(head: &Head, pages: &Pages, wanted: Option<&str>, log: &Mutex<Vec<String>>) -> Answer {
    let credentials = head.header("authorization");
    let seen = format!("{} {}", head.path, credentials.unwrap_or_default());
    log.lock().unwrap().push(seen.trim().to_owned());
    let (status, body) = match pages.get(&head.path) {
        _ if wanted.is_some() && credentials != wanted => (401, ""),
        Some((status, body)) => (*status, body.as_str()),
        None => (404, ""),
    };
    (status, String::new(), body.as_bytes().to_vec())
}

const METADATA: &str = "Metadata-Version: 2.4\nName: acme\nVersion: 1.4.2\nSummary: Loads things\nLicense-Expression: MIT\n\
    Author-email: Ada <ada@acme.example>\nProject-URL: Source, https://forge.example/acme\nRequires-Python: >=3.8\n\
    Requires-Dist: idna\nClassifier: Development Status :: 4 - Beta\nClassifier: Programming Language :: Python :: 3.8\n\
    Classifier: Programming Language :: Python :: 3.9\n\n";

/// A project whose index says all there is to say.
fn rich() -> Pages {
    let hash = |c: char| c.to_string().repeat(64);
    let file = |name: &str, time: &str, more: &str| {
        format!(
            r#"{{"filename":"{name}","url":"../../f/{name}","hashes":{{"sha256":"{}"}},"size":12345,
            "upload-time":"{time}T10:00:00.000000Z"{more}}}"#,
            hash('a')
        )
    };
    let files = [
        file("acme-1.0.tar.gz", "2020-01-01", ""),
        file(
            "acme-1.1.tar.gz",
            "2020-03-01",
            r#","yanked":"broke logins""#,
        ),
        file("acme-1.4.1.tar.gz", "2026-10-01", ""),
        file("acme-1.4.2.tar.gz", "2026-11-10", ""),
        file(
            "acme-1.4.2-py3-none-any.whl",
            "2026-11-10",
            r#","core-metadata":true,"provenance":"/p""#,
        ),
        file("acme-2.0rc1.tar.gz", "2026-11-17", ""),
    ];
    let page = format!(
        r#"{{"meta":{{"api-version":"1.4"}},"name":"acme","project-status":{{"status":"archived","reason":"use apex"}},
        "files":[{}]}}"#,
        files.join(",")
    );
    let legacy = r#"{"info":{"version":"1.4.2"},"ownership":{"organization":"acme-inc","roles":[{"role":"Owner","user":"ada"}]}}"#;
    let provenance =
        r#"{"attestation_bundles":[{"publisher":{"kind":"GitHub","repository":"acme/acme"}}]}"#;
    Pages::from([
        ("/p".to_owned(), (200, provenance.to_owned())),
        ("/simple/acme/".to_owned(), (200, page)),
        ("/pypi/acme/json".to_owned(), (200, legacy.to_owned())),
        (
            "/f/acme-1.4.2-py3-none-any.whl.metadata".to_owned(),
            (200, METADATA.to_owned()),
        ),
    ])
}

/// A project whose index speaks only HTML and has nothing else.
fn poor(name: &str, page: &str) -> Pages {
    Pages::from([(format!("/simple/{name}/"), (200, page.to_owned()))])
}

#[test]
fn everything_an_index_says_is_on_the_card() {
    let (index, sandbox) = (Index::new(rich()), Sandbox::new());
    let terminal = index.show(&sandbox, &["acme"]);
    insta::assert_snapshot!(terminal.whole());
    let json = index.show(&sandbox, &["acme==1.0", "-f", "json"]);
    let card: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(card["schema"], "1.1");
    assert_eq!(
        (&card["found"], &card["version"]),
        (&true.into(), &"1.0".into())
    );
    assert_eq!(card["age"]["median_gap_days"], 40);
    assert_eq!(card["age"]["recent"].as_array().unwrap().len(), 2);
    let warnings = card["warnings"].to_string();
    assert!(
        warnings.contains("1.0 is not the newest: 1.4.2 is"),
        "{warnings}"
    );
    // Nothing was asked twice, and offline nothing at all.
    let before = index.seen().len();
    let offline = index.show(&sandbox, &["acme", "--offline"]);
    assert_eq!(index.seen().len(), before);
    assert_eq!(offline.stdout, terminal.stdout);
}

#[test]
fn what_changed_since_is_said() {
    let (index, sandbox) = (Index::new(rich()), Sandbox::new());
    let look = |now: &str| {
        let variables = [
            ("PIP_INDEX_URL", index.url()),
            ("SOURCE_DATE_EPOCH", now.to_owned()),
        ];
        let outcome = index.with(&sandbox, &["acme", "-f", "json"], &variables);
        let card: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
        card
    };
    let card = look("1795000000");
    assert_eq!(card["health"]["signals"].to_string(), "[]");
    assert_eq!(card["health"]["publisher"], "github.com/acme/acme");
    assert_eq!(card["health"]["attested_files"], 1);
    assert_eq!(card["health"]["silence_percent"], 2);
    for (_, body) in index.pages.lock().unwrap().values_mut() {
        let changed = body.replace("\"user\":\"ada\"", "\"user\":\"mallory\"");
        *body = changed.replace("acme-inc", "others-inc");
    }
    let card = look("1795086400");
    let signals = card["health"]["signals"].to_string();
    assert!(signals.contains("HOG-ID-takeover"), "{card}");
    assert!(card["warnings"].to_string().contains("mallory"), "{card}");
    assert_eq!(card["health"]["seen_since"], "2026-11-18T11:06:40Z");
}

#[test]
fn what_an_index_does_not_say_is_said() {
    let page = "<!DOCTYPE html><html><body><a href=\"/f/plain-1.0.tar.gz\">plain-1.0.tar.gz</a></body></html>";
    let (index, sandbox) = (Index::new(poor("plain", page)), Sandbox::new());
    let outcome = index.show(&sandbox, &["plain"]);
    insta::assert_snapshot!(outcome.whole());
}

#[test]
fn absent_unreachable_and_wrong() {
    let mut pages = rich();
    pages.insert("/simple/locked/".to_owned(), (403, String::new()));
    pages.insert("/simple/odd/".to_owned(), (200, "not a page".to_owned()));
    let (index, sandbox) = (Index::new(pages), Sandbox::new());
    let texts = [
        &["reqeusts"][..],
        &["acme==9"],
        &["locked"],
        &["odd"],
        &["a/b"],
        &["never-asked", "--offline"],
    ]
    .map(|arguments| format!("{arguments:?}\n{}", index.show(&sandbox, arguments).whole()));
    insta::assert_snapshot!(texts.join("\n"));
}

#[test]
fn hostile_texts_are_made_safe() {
    let metadata = format!(
        "Metadata-Version: 2.4\nName: evil\nVersion: 1.0\nSummary: \u{1b}[2J\u{202e}gone{}\nAuthor: ::error::x\u{7}\n\
         Project-URL: a\u{1b}]8;;x, https://e.example/\u{200b}\n\n",
        "x".repeat(50_000)
    );
    let page = r#"{"meta":{"api-version":"1.1"},"project-status":{"status":"\u001b[31mbad","reason":"\u202e"},"files":[
        {"filename":"evil-1.0.tar.gz","url":"/f/evil-1.0.tar.gz","hashes":{},"core-metadata":true,"yanked":"\u001b[0m\n::warning::y"},
        {"filename":"evil-1.1.tar.gz","url":"javascript:x","hashes":{}},{"filename":"evil-1.2.tar.gz","url":"file:///etc/passwd","hashes":{}},
        {"filename":"\u001b[31mevil-1.3.tar.gz","url":"/f/x","hashes":{}}]}"#;
    let mut pages = poor("evil", page);
    pages.insert("/f/evil-1.0.tar.gz.metadata".to_owned(), (200, metadata));
    let (index, sandbox) = (Index::new(pages), Sandbox::new());
    for arguments in [
        &["evil==1.0"][..],
        &["evil==1.0", "-f", "json"],
        &["evil==1.0", "-v"],
    ] {
        let outcome = index.show(&sandbox, arguments);
        assert!(
            outcome.stdout.contains("evil-1.0.tar.gz"),
            "{}",
            outcome.whole()
        );
        assert!(!outcome.stdout.contains("evil-1.1"), "{}", outcome.whole());
        let text = outcome.whole();
        for bad in ['\u{1b}', '\u{202e}', '\u{7}', '\u{200b}'] {
            assert!(!text.contains(bad), "{bad:?} in {text}");
        }
        assert!(text.lines().all(|l| !l.starts_with("::")), "{text}");
        assert!(text.len() < 20_000, "{} bytes", text.len());
    }
}

/// `me:hidden`.
const BASIC: &str = "Basic bWU6aGlkZGVu";

/// Runs with this configuration; true when the password came and is shown nowhere.
fn gets_in(index: &Index, sandbox: &Sandbox, variables: &[(&str, String)]) -> bool {
    let outcome = index.with(sandbox, &["acme"], variables);
    assert!(!outcome.whole().contains("hidden"), "{}", outcome.whole());
    let came = index.seen().iter().any(|line| line.ends_with(BASIC));
    assert_eq!(came, outcome.code != 3, "{}", outcome.whole());
    came
}

#[test]
fn passwords_come_from_where_the_tools_have_them() {
    let fresh = || (Index::guarded(rich(), Some(BASIC)), Sandbox::new());
    let with =
        |index: &Index, user: &str| index.url().replace("http://", &format!("http://{user}@"));

    let (index, sandbox) = fresh();
    assert!(!gets_in(
        &index,
        &sandbox,
        &[("PIP_INDEX_URL", index.url())]
    ));
    let (index, sandbox) = fresh();
    assert!(gets_in(
        &index,
        &sandbox,
        &[("PIP_INDEX_URL", with(&index, "me:hidden"))]
    ));

    let (index, sandbox) = fresh();
    sandbox.write("../.netrc", "machine localhost login me password hidden\n");
    assert!(!gets_in(
        &index,
        &sandbox,
        &[("PIP_INDEX_URL", index.url())]
    ));
    sandbox.write("../.netrc", "machine 127.0.0.1 login me password hidden\n");
    assert!(!gets_in(
        &index,
        &sandbox,
        &[("PIP_INDEX_URL", with(&index, "other"))]
    ));
    assert!(gets_in(&index, &sandbox, &[("PIP_INDEX_URL", index.url())]));
    let (index, sandbox) = fresh();
    let named = sandbox.write("my.netrc", "default login me password hidden\n");
    let named = named.to_str().unwrap().to_owned();
    let netrc = || ("NETRC", named.clone());
    // What is for every host is not for one that a project names.
    let source = format!("[[source]]\nname = \"own\"\nurl = \"{}\"\n", index.url());
    sandbox.write("Pipfile", source);
    assert!(!gets_in(&index, &sandbox, &[netrc()]));
    let variables = [("PIP_INDEX_URL", index.url()), netrc()];
    assert!(gets_in(&index, &sandbox, &variables));

    let (index, sandbox) = fresh();
    let url = index.url();
    let source = format!("name = \"my-own\"\nurl = \"{url}\"\n");
    sandbox.write(
        "pyproject.toml",
        format!("[[tool.uv.index]]\n{source}default = true\n"),
    );
    let variables = [
        ("UV_INDEX_MY_OWN_USERNAME", "me".to_owned()),
        ("UV_INDEX_MY_OWN_PASSWORD", "hidden".to_owned()),
    ];
    assert!(gets_in(&index, &sandbox, &variables));
    let (index, sandbox) = fresh();
    let url = index.url();
    let source = format!("name = \"my-own\"\nurl = \"{url}\"\n");
    sandbox.write(
        "pyproject.toml",
        format!("[[tool.poetry.source]]\n{source}"),
    );
    let variables = [
        ("POETRY_HTTP_BASIC_MY_OWN_USERNAME", "me".to_owned()),
        ("POETRY_HTTP_BASIC_MY_OWN_PASSWORD", "hidden".to_owned()),
    ];
    assert!(gets_in(&index, &sandbox, &variables));
    // Variables in an address that the project writes are not filled in.
    let (index, sandbox) = fresh();
    let url = with(&index, "me:${TOKEN}");
    sandbox.write(
        "Pipfile",
        format!("[[source]]\nname = \"own\"\nurl = \"{url}\"\n"),
    );
    assert!(!gets_in(
        &index,
        &sandbox,
        &[("TOKEN", "hidden".to_owned())]
    ));
}

#[cfg(unix)]
#[test]
fn the_keyring_is_asked_only_where_it_may_be() {
    use std::os::unix::fs::PermissionsExt as _;
    let script =
        "#!/bin/sh\necho \"$@\" >> \"$HOME/asked\"\n[ \"$1 $3\" = 'get me' ] && echo hidden\n";
    let install = |sandbox: &Sandbox, directory: &str| {
        let path = sandbox.write(&format!("{directory}/keyring"), script);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        let directory = path.parent().unwrap().canonicalize().unwrap();
        format!("{}:/usr/bin:/bin", directory.display())
    };
    let fresh = || (Index::guarded(rich(), Some(BASIC)), Sandbox::new());
    let pip = || ("PIP_KEYRING_PROVIDER", "subprocess".to_owned());
    let with = |index: &Index, user: &str| {
        let url = index.url().replace("http://", &format!("http://{user}"));
        ("PIP_INDEX_URL", url)
    };
    let (index, sandbox) = fresh();
    let path = install(&sandbox, "../bin");
    let path = || ("PATH", path.clone());
    assert!(!gets_in(&index, &sandbox, &[path(), with(&index, "me@")]));
    assert!(!gets_in(
        &index,
        &sandbox,
        &[path(), with(&index, ""), pip()]
    ));
    assert!(!sandbox.work().join("../asked").exists());
    assert!(gets_in(
        &index,
        &sandbox,
        &[path(), with(&index, "me@"), pip()]
    ));
    let asked = std::fs::read_to_string(sandbox.work().join("../asked")).unwrap();
    assert_eq!(asked, format!("get {} me\n", index.url()));

    let (index, sandbox) = fresh();
    let path = ("PATH", install(&sandbox, "../bin"));
    let uv = ("UV_KEYRING_PROVIDER", "subprocess".to_owned());
    assert!(gets_in(&index, &sandbox, &[path, with(&index, "me@"), uv]));
    // A program that the project brings is not run.
    let (index, sandbox) = fresh();
    let path = ("PATH", install(&sandbox, "bin"));
    assert!(!gets_in(
        &index,
        &sandbox,
        &[path, with(&index, "me@"), pip()]
    ));
    assert!(!sandbox.work().join("../asked").exists());
}

#[cfg(unix)]
#[test]
fn poetry_and_pdm_keep_passwords_in_the_keyring() {
    use std::os::unix::fs::PermissionsExt as _;
    let script = "#!/bin/sh\necho \"$@\" >> \"$HOME/asked\"\ncase \"$2 $3\" in 'poetry-repository-own me'|'pdm-pypi-own me') echo hidden;; esac\n";
    let install = |sandbox: &Sandbox| {
        let path = sandbox.write("../bin/keyring", script);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        let directory = path.parent().unwrap().canonicalize().unwrap();
        ("PATH", format!("{}:/usr/bin:/bin", directory.display()))
    };
    let poetry = "[tool.poetry]\nname = 'shop'\nversion = '1'\n[[tool.poetry.source]]\nname = 'own'\nurl = '{}'\n";
    let pdm = "[project]\nname = 'shop'\nversion = '1'\n[tool.pdm]\n";
    let stored = "[pypi.own]\nurl = '{}'\nusername = 'me'\n[pypi]\nignore_stored_index = false\n";
    let named = "[[tool.pdm.source]]\nname = 'own'\nurl = '{}'\nusername = 'me'\n";
    for (project, path, text, more, works) in [
        (
            poetry,
            "../.config/pypoetry/auth.toml",
            "[http-basic.own]\nusername = 'me'\n",
            None,
            true,
        ),
        (
            poetry,
            "../.config/pypoetry/auth.toml",
            "[http-basic.own]\nusername = 'me'\n",
            Some(("POETRY_KEYRING_ENABLED", "false".to_owned())),
            false,
        ),
        (
            poetry,
            "../.config/pypoetry/auth.toml",
            "[http-basic.other]\nusername = 'me'\n",
            None,
            false,
        ),
        (pdm, "../.config/pdm/config.toml", stored, None, true),
        // A project that names the user of one of its own sources does not open the keyring.
        (
            &format!("{pdm}{named}"),
            "../.config/pdm/config.toml",
            "",
            None,
            false,
        ),
    ] {
        let (index, sandbox) = (Index::guarded(rich(), Some(BASIC)), Sandbox::new());
        sandbox.write("pyproject.toml", project.replace("{}", &index.url()));
        sandbox.write(path, text.replace("{}", &index.url()));
        let variables: Vec<_> = std::iter::once(install(&sandbox)).chain(more).collect();
        assert_eq!(
            gets_in(&index, &sandbox, &variables),
            works,
            "{project}{text}"
        );
        assert_eq!(
            sandbox.work().join("../asked").exists(),
            works,
            "{project}{text}"
        );
    }
}

#[test]
fn a_bound_package_is_told_to_its_index_only() {
    let (bound, other, sandbox) = (Index::new(rich()), Index::new(rich()), Sandbox::new());
    sandbox.write(
        "pyproject.toml",
        format!(
            "[[tool.uv.index]]\nname = \"own\"\nurl = \"{}\"\nexplicit = true\n[tool.uv.sources]\nacme = {{ index = \"own\" }}\n",
            bound.url()
        ),
    );
    let outcome = other.show(&sandbox, &["acme"]);
    assert!(
        outcome.stdout.contains("pyproject.toml:3"),
        "{}",
        outcome.whole()
    );
    assert!(other.seen().is_empty() && !bound.seen().is_empty());
    // Not by one that is named beside it either.
    other.show(&sandbox, &["acme", "--extra-index-url", &other.url()]);
    assert!(other.seen().is_empty(), "{:?}", other.seen());
    let unbound = other.show(&sandbox, &["acme", "--no-config"]);
    assert!(!other.seen().is_empty(), "{}", unbound.whole());
}

#[test]
fn two_answers_that_contradict_each_other_are_said() {
    let mut pages = rich();
    let other = format!(
        r#"{{"info":{{}},"releases":{{"1.0":[{{"filename":"acme-1.0.tar.gz","digests":{{"sha256":"{}"}}}}]}}}}"#,
        "b".repeat(64)
    );
    pages.insert("/pypi/acme/json".to_owned(), (200, other));
    let (index, sandbox) = (Index::new(pages), Sandbox::new());
    let outcome = index.show(&sandbox, &["acme"]);
    let text = outcome.flowing();
    assert!(
        text.contains("different digests for 1 of its files, such as acme-1.0.tar.gz"),
        "{text}"
    );
}

#[test]
fn processes_share_a_cache_and_may_be_killed() {
    let (index, sandbox) = (Index::new(rich()), Sandbox::new());
    let start = |arguments: &[&str]| {
        std::process::Command::new(assert_cmd::cargo::cargo_bin("hognose"))
            .args(["show", "--no-config", "--index-url", &index.url()])
            .args(arguments)
            .current_dir(sandbox.work())
            .env_clear()
            .env("HOME", sandbox.work())
            .env("HOGNOSE_CACHE_DIR", sandbox.cache())
            .env("SOURCE_DATE_EPOCH", common::NOW)
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap()
    };
    let feed = common::root().join("examples/feeds");
    let arguments = ["acme", "--feed", feed.to_str().unwrap()];
    // Killed at one moment after another, in a cache that is new each time.
    for pause in 0..12 {
        let _ = std::fs::remove_dir_all(sandbox.cache().join("http"));
        let mut child = start(&arguments);
        std::thread::sleep(std::time::Duration::from_millis(3 * pause));
        let _ = child.kill();
        child.wait().unwrap();
        let whole = start(&arguments).wait_with_output().unwrap();
        assert_eq!(
            whole.status.code(),
            Some(0),
            "{}",
            String::from_utf8_lossy(&whole.stderr)
        );
        let text = String::from_utf8(whole.stdout).unwrap();
        assert!(
            text.contains("acme 1.4.2") && text.contains("may upload  ada"),
            "{text}"
        );
    }
    // At once, in a new cache.
    std::fs::remove_dir_all(sandbox.cache()).unwrap();
    let children: Vec<_> = (0..4).map(|_| start(&arguments)).collect();
    let mut texts: Vec<Vec<u8>> = children
        .into_iter()
        .map(|child| child.wait_with_output().unwrap().stdout)
        .collect();
    texts.dedup();
    assert_eq!(texts.len(), 1);
    assert!(String::from_utf8_lossy(&texts[0]).contains("acme 1.4.2"));
}
