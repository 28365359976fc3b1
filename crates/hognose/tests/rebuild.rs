//! Wheels beside what their sdists give when they are built: with own little sources, and no network but the test's.

#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test stops at the first surprise"
)]

mod common;

use std::path::PathBuf;

use common::upstream::{Answer, Upstream, hex};
use common::{Outcome, Sandbox, commits};
use serde_json::{Value, json};

const CODE: &str = "def work(x):\n    return x + 1\n";
const WHEEL: &str = "tool-1.0-py3-none-any.whl";
const SDIST: &str = "tool-1.0.tar.gz";

/// A backend that is part of the source: it packs `tool.py`, always in the same way.
const BACKEND: &str = r#"
import os, zipfile

INFO = "tool-1.0.dist-info"

def build_wheel(out, settings=None, metadata=None):
    name = "tool-1.0-py3-none-any.whl"
    with open("tool.py") as file:
        code = file.read()
    with zipfile.ZipFile(os.path.join(out, name), "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in [
            (INFO + "/METADATA", "Metadata-Version: 2.4\nName: tool\nVersion: 1.0\n"),
            (INFO + "/WHEEL", "Wheel-Version: 1.0\nGenerator: own 7\nRoot-Is-Purelib: true\nTag: py3-none-any\n"),
            ("tool.py", code),
            (INFO + "/RECORD", "tool.py,,\n"),
        ]:
            archive.writestr(zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0)), text)
    return name
"#;
const PYPROJECT: &str =
    "[build-system]\nrequires = []\nbuild-backend = \"own\"\nbackend-path = [\".\"]\n";

fn sdist(files: &[(&str, &str)]) -> Vec<u8> {
    let encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    let mut archive = tar::Builder::new(encoder);
    let info = (
        "PKG-INFO",
        "Metadata-Version: 2.1\nName: tool\nVersion: 1.0\n",
    );
    for (path, text) in files.iter().chain([&info]) {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        let path = format!("tool-1.0/{path}");
        // The library refuses hostile names.
        header.as_gnu_mut().unwrap().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_cksum();
        archive.append(&header, text.as_bytes()).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}

fn source(backend: &str) -> Vec<u8> {
    sdist(&[
        ("pyproject.toml", PYPROJECT),
        ("own.py", backend),
        ("tool.py", CODE),
    ])
}

/// Verifies a wheel and the sdist with this backend.
fn rebuild(wheel: &[u8], sdist: &[u8]) -> Outcome {
    let sandbox = Sandbox::new();
    sandbox.write(WHEEL, wheel);
    sandbox.write(SDIST, sdist);
    run(&sandbox, &[])
}

fn run(sandbox: &Sandbox, more: &[&str]) -> Outcome {
    let words = [
        "verify",
        WHEEL,
        SDIST,
        "--rebuild",
        "--allow-incomplete",
        "index",
        "-f",
        "json",
    ];
    let mut command = sandbox.command(&[&words[..], more].concat());
    command.env("SECRET", "of the user");
    let output = command.output().unwrap();
    Outcome {
        code: output.status.code().unwrap_or(-1),
        stdout: sandbox.clean(&output.stdout),
        stderr: sandbox.clean(&output.stderr),
    }
}

fn report(outcome: &Outcome) -> Value {
    serde_json::from_str(&outcome.stdout).unwrap_or_else(|_| panic!("{}", outcome.whole()))
}

/// What is said of the wheel's build.
fn row(outcome: &Outcome) -> Value {
    let report = report(outcome);
    let files = report["files"].as_array().unwrap();
    let wheel = files.iter().find(|file| file["file"] == WHEEL).unwrap();
    wheel["rebuilds"][0].clone()
}

fn published(files: &[(&str, &str)]) -> Vec<u8> {
    let files: Vec<(&str, &[u8])> = files
        .iter()
        .map(|(path, text)| (*path, text.as_bytes()))
        .collect();
    commits::wheel("tool", "1.0", &files)
}

#[test]
fn the_same_but_for_what_tools_write() {
    let outcome = rebuild(&published(&[("tool.py", CODE)]), &source(BACKEND));
    assert_eq!(outcome.code, 0, "{}", outcome.whole());
    let row = row(&outcome);
    assert_eq!(row["outcome"], "normalized", "{}", outcome.whole());
    assert_eq!(row["builder"], "hognose");
    assert_eq!(row["source"], SDIST);
    let named = [
        "the order of files",
        "RECORD",
        "the tool in WHEEL",
        "the order of fields in METADATA",
    ];
    assert_eq!(row["normalized"], json!(named));
}

#[test]
fn byte_for_byte_the_same() {
    let sandbox = Sandbox::new();
    sandbox.write("own.py", BACKEND);
    sandbox.write("tool.py", CODE);
    let built = std::process::Command::new("python3")
        .args(["-c", "import own; own.build_wheel('.')"])
        .current_dir(sandbox.work())
        .status();
    assert!(built.unwrap().success());
    let wheel = std::fs::read(sandbox.work().join(WHEEL)).unwrap();
    let outcome = rebuild(&wheel, &source(BACKEND));
    assert_eq!(outcome.code, 0, "{}", outcome.whole());
    let row = row(&outcome);
    assert_eq!(row["outcome"], "identical");
    assert_eq!(row["rebuilt"], hex(&wheel));
}

#[test]
fn code_that_the_source_does_not_give_is_the_alarm() {
    for (files, words) in [
        (
            vec![("tool.py", "def work(x):\n    return x + 2\n")],
            "tool.py (line 2: \"return x + 2\" published, \"return x + 1\" built)",
        ),
        (
            vec![("tool.py", CODE), ("tool_init.pth", "import tool\n")],
            "tool_init.pth (not built)",
        ),
        (
            vec![("tool.py", CODE), ("tool.pyc", "0123456789abcdefx")],
            "tool.pyc (not built)",
        ),
    ] {
        let outcome = rebuild(&published(&files), &source(BACKEND));
        assert_eq!(outcome.code, 1, "{}", outcome.whole());
        assert_eq!(row(&outcome)["outcome"], "differs");
        let report = report(&outcome);
        let finding = &report["findings"][0];
        assert_eq!(finding["rule"], "HOG-PROV-uncommitted");
        let message = finding["message"]
            .as_str()
            .unwrap()
            .replace("    return", "return");
        assert!(message.contains(words), "{message}");
    }
    // What is no code differs too, and is no alarm.
    let outcome = rebuild(
        &published(&[("tool.py", CODE), ("names.txt", "a\n")]),
        &source(BACKEND),
    );
    assert_eq!(outcome.code, 0, "{}", outcome.whole());
    assert_eq!(row(&outcome)["outcome"], "differs");
}

/// A backend that builds only where all of this is forbidden.
const CURIOUS: &str = r#"
import os, socket, subprocess

def forbidden(what, *arguments):
    try:
        what(*arguments)
    except OSError:
        return
    raise SystemExit("allowed: %r %r" % (what, arguments))

def look():
    for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX, socket.AF_NETLINK):
        forbidden(socket.socket, family, socket.SOCK_DGRAM)
    for place in ("/root", "/home", "/var", "/tmp", "/proc/1", "/etc", "/run", os.path.dirname(os.environ["HOME"])):
        forbidden(os.listdir, place)
    for place in ("/etc/shadow", "/proc/self/environ", "/proc/1/environ"):
        forbidden(open, place)
    here = os.path.dirname(os.environ["HOME"])
    for place in ("/tmp/x", "/usr/x", "/dev/shm/x", here + "/x", here + "/build.py", here + "/environment/x.pth", here + "/environment/lib/x"):
        forbidden(open, place, "w")
    if os.getppid():
        forbidden(os.kill, os.getppid(), 0)
    forbidden(os.chroot, "/usr")
    forbidden(os.mkfifo, "/usr/x")
    forbidden(os.symlink, "/", here + "/environment/y")
    assert subprocess.call(["mount", "-t", "tmpfs", "x", "/mnt"], stderr=subprocess.DEVNULL) != 0
    assert subprocess.call(["unshare", "-Ur", "true"], stderr=subprocess.DEVNULL) != 0
    known = {"PATH", "HOME", "TMPDIR", "LC_ALL", "TZ", "PYTHONHASHSEED", "PYTHONDONTWRITEBYTECODE", "SOURCE_DATE_EPOCH", "PWD", "LC_CTYPE"}
    assert set(os.environ) <= known, set(os.environ) - known
    # What a build does need.
    open(os.environ["TMPDIR"] + "/x", "w").close()
    open(os.environ["HOME"] + "/x", "w").close()
    assert subprocess.check_output(["/bin/sh", "-c", "echo x"]) == b"x\n"
"#;

#[test]
fn what_is_built_reaches_nothing() {
    let backend = format!("{CURIOUS}\nlook()\n{BACKEND}");
    let outcome = rebuild(&published(&[("tool.py", CODE)]), &source(&backend));
    assert_eq!(
        row(&outcome)["outcome"],
        "normalized",
        "{}",
        outcome.whole()
    );
    assert_eq!(outcome.code, 0, "{}", outcome.whole());
    // And the same from the other hook.
    let backend = format!(
        "{CURIOUS}\ndef get_requires_for_build_wheel(settings):\n    look()\n    return []\n{BACKEND}"
    );
    let outcome = rebuild(&published(&[("tool.py", CODE)]), &source(&backend));
    assert_eq!(outcome.code, 0, "{}", outcome.whole());
}

#[test]
fn what_cannot_be_built_is_incomplete() {
    let wheel = published(&[("tool.py", CODE)]);
    let requires = |text: &str| {
        format!(
            "[build-system]\nrequires = [{text}]\nbuild-backend = \"own\"\nbackend-path = [\".\"]\n"
        )
    };
    let answers = |name: &str, what: &str| {
        format!(
            "import os\n{what}\ndef build_wheel(out, *rest):\n    make(out)\n    return {name}\n"
        )
    };
    let nothing = "def make(out): pass";
    for (pyproject, backend, words) in [
        (
            PYPROJECT.to_owned(),
            "raise ValueError('no such luck')\n".to_owned(),
            "the build failed: ValueError: no such luck",
        ),
        (
            PYPROJECT.to_owned(),
            "import os\nos.kill(os.getpid(), 9)\n".to_owned(),
            "the build failed",
        ),
        (
            PYPROJECT.to_owned(),
            answers("'../../x.whl'", nothing),
            "a name that is none of a wheel",
        ),
        (
            PYPROJECT.to_owned(),
            answers("'/etc/tool-1.0-py3-none-any.whl'", nothing),
            "a name that is none of a wheel",
        ),
        (
            PYPROJECT.to_owned(),
            answers("['x']", nothing),
            "something else than a wheel",
        ),
        (
            PYPROJECT.to_owned(),
            answers("'tool-1.0-py3-none-any.whl'", nothing),
            "leaves nothing where it says",
        ),
        (
            PYPROJECT.to_owned(),
            answers(
                "'tool-1.0-py3-none-any.whl'",
                "def make(out): os.symlink('/etc/passwd', out + '/tool-1.0-py3-none-any.whl')",
            ),
            "leaves nothing where it says",
        ),
        (
            PYPROJECT.to_owned(),
            answers(
                "'tool-1.0-py3-none-any.whl'",
                "def make(out): os.mkdir(out + '/tool-1.0-py3-none-any.whl')",
            ),
            "something else than a file",
        ),
        (
            PYPROJECT.to_owned(),
            answers(
                "'tool-2.0-py3-none-any.whl'",
                "def make(out): open(out + '/tool-2.0-py3-none-any.whl', 'w').close()",
            ),
            "the build gives tool-2.0-py3-none-any.whl here",
        ),
        (
            PYPROJECT.to_owned(),
            answers(
                "'tool-1.0-py3-none-any.whl'",
                "def make(out): open(out + '/tool-1.0-py3-none-any.whl', 'w').close()",
            ),
            "what was built:",
        ),
        (
            PYPROJECT.to_owned(),
            "def get_requires_for_build_wheel(settings):\n    return ['-r /etc/passwd']\n"
                .to_owned(),
            "which is no project of an index",
        ),
        (
            PYPROJECT.to_owned(),
            "def get_requires_for_build_wheel(settings):\n    return 7\n".to_owned(),
            "the build failed",
        ),
        (
            requires("\"a @ file:///etc\""),
            BACKEND.to_owned(),
            "which is no project of an index",
        ),
        (
            requires("\"--index-url=x\""),
            BACKEND.to_owned(),
            "which is no project of an index",
        ),
        (
            "[build-system]\nrequires = []\nbuild-backend = \"own\"\nbackend-path = [\"../..\"]\n"
                .to_owned(),
            BACKEND.to_owned(),
            "a backend outside of the source",
        ),
    ] {
        let files = [
            ("pyproject.toml", pyproject.as_str()),
            ("own.py", backend.as_str()),
            ("tool.py", CODE),
        ];
        let outcome = rebuild(&wheel, &sdist(&files));
        assert_eq!(outcome.code, 3, "{words}: {}", outcome.whole());
        assert_eq!(row(&outcome)["outcome"], "not-built");
        let gaps = report(&outcome)["gaps"].to_string();
        assert!(gaps.contains(words), "{words}: {gaps}");
    }
}

#[test]
fn what_is_not_asked_for_is_not_built() {
    let sandbox = Sandbox::new();
    sandbox.write(WHEEL, published(&[("tool.py", CODE)]));
    // A source that says so when it runs.
    sandbox.write(SDIST, source(&format!("open('/tmp/ran', 'w')\n{BACKEND}")));
    let outcome = sandbox.run(&[
        "verify",
        WHEEL,
        SDIST,
        "--allow-incomplete",
        "index",
        "-f",
        "json",
    ]);
    assert_eq!(outcome.code, 0, "{}", outcome.whole());
    let files = &report(&outcome)["files"];
    assert!(!files.to_string().contains("rebuilds"), "{files}");
    for words in [
        &["verify", WHEEL, "--rebuild"][..],
        &["verify", SDIST, "--rebuild"],
        &[
            "verify",
            WHEEL,
            SDIST,
            "--rebuild",
            "--rebuild-python",
            "no-such-python",
        ],
        &["verify", WHEEL, SDIST, "--rebuild-unsandboxed"],
    ] {
        let outcome = sandbox.run(words);
        assert_eq!(outcome.code, 2, "{words:?}: {}", outcome.whole());
    }
}

#[test]
fn paths_that_lead_out_of_the_source() {
    let wheel = published(&[("tool.py", CODE)]);
    for hostile in ["../../escaped", "/../../escaped", "a/../../../escaped"] {
        let files = [
            ("pyproject.toml", PYPROJECT),
            ("own.py", BACKEND),
            ("tool.py", CODE),
            (hostile, "x"),
        ];
        let sandbox = Sandbox::new();
        sandbox.write(WHEEL, &wheel);
        sandbox.write(SDIST, sdist(&files));
        let outcome = run(&sandbox, &[]);
        assert_ne!(outcome.code, 0, "{hostile}: {}", outcome.whole());
        assert_eq!(row(&outcome)["outcome"], "not-built", "{hostile}");
    }
}

/// A name and its bytes.
type File = (String, Vec<u8>);

/// A Python, and wheels of setuptools, as virtualenv carries them; none where the installers are missing.
fn setuptools() -> Option<(PathBuf, Vec<File>)> {
    let Some(installers) = std::env::var_os("HOGNOSE_TEST_INSTALLERS") else {
        let missing = "HOGNOSE_TEST_INSTALLERS is not set: run `cargo xtask test`, which installs pip and virtualenv";
        assert!(std::env::var_os("CI").is_none(), "{missing}");
        eprintln!("skipped: {missing}");
        return None;
    };
    let new = PathBuf::from(installers).join("new");
    let library = std::fs::read_dir(new.join("lib"))
        .unwrap()
        .flatten()
        .next()
        .unwrap();
    let embedded = library
        .path()
        .join("site-packages/virtualenv/seed/wheels/embed");
    let mut wheels: Vec<File> = std::fs::read_dir(embedded)
        .unwrap()
        .flatten()
        .filter(|entry| entry.path().is_file())
        .map(|entry| {
            (
                entry.file_name().into_string().unwrap(),
                std::fs::read(entry.path()).unwrap(),
            )
        })
        .filter(|(name, _)| name.starts_with("setuptools-"))
        .collect();
    wheels.sort();
    Some((new.join("bin/python"), wheels))
}

#[test]
fn a_build_gets_what_there_was_on_its_day() {
    let Some((python, wheels)) = setuptools() else {
        return;
    };
    let [(old, _), (new, _)] = wheels.as_slice() else {
        panic!("virtualenv carries other wheels: {}", wheels.len());
    };
    let index = Upstream::new();
    let put = |project: &str, files: &[(&str, &[u8], &str)]| {
        let list: Vec<Value> = files
            .iter()
            .map(|(name, bytes, day)| {
                index.put(&format!("/files/{name}"), Answer::file(bytes.to_vec()));
                json!({"filename": name, "url": format!("/files/{name}"), "hashes": {"sha256": hex(bytes)}, "upload-time": day})
            })
            .collect();
        let page = json!({"meta": {"api-version": "1.4"}, "name": project, "files": list});
        let answer = Answer {
            media: "application/vnd.pypi.simple.v1+json",
            ..Answer::html(page.to_string())
        };
        index.put(&format!("/simple/{project}/"), answer);
    };
    let sandbox = Sandbox::new();
    let wheel = published(&[
        ("tool.py", CODE),
        ("tool-1.0.dist-info/top_level.txt", "tool\n"),
    ]);
    let project = "[project]\nname = \"tool\"\nversion = \"1.0\"\n[tool.setuptools]\npy-modules = [\"tool\"]\n[build-system]\nrequires = [\"setuptools\"]\nbuild-backend = \"setuptools.build_meta\"\n";
    let source = sdist(&[("pyproject.toml", project), ("tool.py", CODE)]);
    sandbox.write(WHEEL, &wheel);
    sandbox.write(SDIST, &source);
    let run = |days: [&str; 2]| {
        let files: Vec<(&str, &[u8], &str)> = wheels
            .iter()
            .zip(days)
            .map(|((name, bytes), day)| (name.as_str(), bytes.as_slice(), day))
            .collect();
        put("setuptools", &files);
        put(
            "tool",
            &[
                (WHEEL, &wheel, "2026-03-01T00:00:00Z"),
                (SDIST, &source, "2026-03-01T00:00:00Z"),
            ],
        );
        index.seen();
        let cache = tempfile::tempdir().unwrap();
        let words = [
            "verify",
            WHEEL,
            SDIST,
            "--rebuild",
            "-f",
            "json",
            "--rebuild-python",
            python.to_str().unwrap(),
            "--cache-dir",
            cache.path().to_str().unwrap(),
        ];
        let mut command = sandbox.command(&words);
        command.env_remove("PIP_NO_INDEX");
        let output = command
            .env("PIP_INDEX_URL", index.url())
            .env("PIP_NO_CACHE_DIR", "1")
            .env("VIRTUAL_ENV", sandbox.work())
            .output()
            .unwrap();
        let outcome = Outcome {
            code: output.status.code().unwrap_or(-1),
            stdout: sandbox.clean(&output.stdout),
            stderr: sandbox.clean(&output.stderr),
        };
        assert_eq!(
            row(&outcome)["outcome"],
            "normalized",
            "{}",
            outcome.whole()
        );
        assert_eq!(outcome.code, 0, "{}", outcome.whole());
        let seen = index.seen();
        let fetched = |name: &str| {
            seen.iter()
                .any(|path| path.contains(name) && !path.ends_with(".metadata"))
        };
        (
            fetched(old),
            fetched(new),
            report(&outcome)["notices"].to_string(),
        )
    };
    let (old, new, notices) = run(["2026-01-01T00:00:00Z", "2026-06-01T00:00:00Z"]);
    assert!(old && !new, "{notices}");
    assert!(!notices.contains("is of today"), "{notices}");
    let (old, new, notices) = run(["2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"]);
    assert!(!old && new, "{notices}");
    // Nothing there was on that day: then what there is, and that is said.
    let (_, new, notices) = run(["2026-05-01T00:00:00Z", "2026-06-01T00:00:00Z"]);
    assert!(new && notices.contains("is of today"), "{notices}");
}
