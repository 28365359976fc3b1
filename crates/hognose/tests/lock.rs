//! `hognose lock` against an index on the loopback interface, and what pip and uv make of the result.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "inspect/archives.rs"]
#[expect(dead_code, reason = "each test binary uses a part")]
mod archives;
mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::upstream::{Upstream, hex};
use common::{Outcome, Sandbox};

struct Set {
    sandbox: Sandbox,
    upstream: Upstream,
    wheel: Vec<u8>,
    sdist: Vec<u8>,
}

impl Set {
    fn new() -> Self {
        let wheel = archives::wheel("one", "1.0", &[("one.py", "X = 1\n".to_owned())], "");
        let sdist = archives::sdist("one", "1.0", &[("one.py", "X = 1\n".to_owned())]);
        let newer = archives::wheel("one", "2.0", &[("one.py", "X = 2\n".to_owned())], "");
        let upstream = Upstream::new();
        upstream.project(
            "one",
            &[
                ("one-1.0.tar.gz", &sdist, ""),
                ("one-1.0-py3-none-any.whl", &wheel, ""),
                ("one-2.0-py3-none-any.whl", &newer, ""),
            ],
        );
        Self {
            sandbox: Sandbox::new(),
            upstream,
            wheel,
            sdist,
        }
    }

    fn lock(&self, more: &[&str]) -> Outcome {
        let url = self.upstream.url();
        let mut all = vec!["lock", "requirements.txt", "--index-url", &url];
        all.extend(more);
        self.sandbox.run(&all)
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.sandbox.work().join("requirements.txt")).unwrap()
    }
}

#[test]
fn hashes_of_every_artifact_are_added_in_place() {
    let set = Set::new();
    let text = "# needed\r\none==1.0 ; python_version >= '3' # why\r\n";
    set.sandbox.write("requirements.txt", text);
    let check = set.lock(&["--check"]);
    assert_eq!(check.code, 1, "{}", check.whole());
    assert_eq!(
        check.stdout,
        "requirements.txt:2: one 1.0 lacks 2 of 2 hashes\n"
    );
    assert_eq!(set.text(), text);
    let done = set.lock(&[]);
    assert_eq!(done.code, 0, "{}", done.whole());
    let mut hashes = [hex(&set.wheel), hex(&set.sdist)];
    hashes.sort();
    let [a, b] = hashes;
    assert_eq!(
        set.text(),
        format!(
            "# needed\r\none==1.0 ; python_version >= '3' \\\r\n    --hash=sha256:{a} \\\r\n    --hash=sha256:{b} # why\r\n"
        )
    );
    assert_eq!(set.lock(&["--check"]).code, 0);
}

#[test]
fn a_file_of_a_windows_editor_is_completed() {
    let set = Set::new();
    set.sandbox
        .write("requirements.txt", "\u{feff}one==1.0\r\n");
    let done = set.lock(&[]);
    assert_eq!(done.code, 0, "{}", done.whole());
    let text = set.text();
    assert!(
        text.starts_with("\u{feff}one==1.0 \\\r\n    --hash=sha256:"),
        "{text:?}"
    );
    assert_eq!(set.lock(&["--check"]).code, 0);
}

#[test]
fn bytes_that_are_not_the_announced_ones_are_never_written() {
    let set = Set::new();
    set.sandbox.write("requirements.txt", "one==1.0\n");
    let other = common::upstream::Answer::file(b"other bytes".to_vec());
    set.upstream.put("/files/one-1.0-py3-none-any.whl", other);
    let outcome = set.lock(&[]);
    assert_eq!(outcome.code, 3, "{}", outcome.whole());
    assert_eq!(set.text(), "one==1.0\n");
}

#[test]
fn files_of_a_pylock_get_their_sha256() {
    let set = Set::new();
    let text = "lock-version = \"1.0\" # by hand\n[[packages]]\nname = \"one\"\nversion = \"1.0\"\nwheels = [{ name = \"one-1.0-py3-none-any.whl\", url = \"https://files.example/one-1.0-py3-none-any.whl\" }]\nsdist = { name = \"one-1.0.tar.gz\", size = SIZE, hashes = { md5 = \"0\" } }\n";
    let text = text.replace("SIZE", &set.sdist.len().to_string());
    set.sandbox.write("pylock.toml", &text);
    let url = set.upstream.url();
    let lock = |more: &[&str]| {
        let mut all = vec!["lock", "pylock.toml", "--index-url", &url];
        all.extend(more);
        set.sandbox.run(&all)
    };
    let check = lock(&["--check"]);
    assert_eq!(check.code, 1, "{}", check.whole());
    assert_eq!(
        check.stdout,
        "pylock.toml:5: one-1.0-py3-none-any.whl lacks a sha256\npylock.toml:6: one-1.0.tar.gz lacks a sha256\n"
    );
    let done = lock(&[]);
    assert_eq!(done.code, 0, "{}", done.whole());
    assert!(
        done.stderr.contains("its md5 is not compared"),
        "{}",
        done.whole()
    );
    let (wheel, sdist) = (hex(&set.wheel), hex(&set.sdist));
    let path = set.sandbox.work().join("pylock.toml");
    let expected = text
        .replace(
            ".whl\" }",
            &format!(".whl\", hashes = {{ sha256 = \"{wheel}\" }} }}"),
        )
        .replace("md5 = \"0\"", &format!("md5 = \"0\", sha256 = \"{sdist}\""));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), expected);
    assert_eq!(lock(&["--check"]).code, 0);
    // Bytes that the lock does not mean are not written into it.
    let other = text.replace("md5 = \"0\"", "sha512 = \"00\"");
    set.sandbox.write("pylock.toml", &other);
    let refused = lock(&[]);
    assert_eq!(refused.code, 3, "{}", refused.whole());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), other);
}

#[test]
fn what_is_not_pinned_is_refused_with_file_and_line() {
    let set = Set::new();
    set.sandbox
        .write("requirements.txt", "one==1.0\none>=1\n-e .\n");
    let outcome = set.lock(&[]);
    assert_eq!(outcome.code, 2, "{}", outcome.whole());
    for said in [
        "requirements.txt:2: \"one>=1\" names no exact version",
        "requirements.txt:3: \"-e .\" does not come from an index",
    ] {
        assert!(outcome.stderr.contains(said), "{}", outcome.whole());
    }
    set.sandbox.write("requirements.txt", "one==9.0\n");
    assert_eq!(set.lock(&[]).code, 3);
}

#[test]
fn pip_and_uv_accept_the_result() {
    let Some(installers) = std::env::var_os("HOGNOSE_TEST_INSTALLERS") else {
        assert!(
            std::env::var_os("CI").is_none(),
            "HOGNOSE_TEST_INSTALLERS is not set: run `cargo xtask test`, which installs pip, uv and Poetry"
        );
        return;
    };
    let bin = PathBuf::from(installers).join("new/bin");
    let set = Set::new();
    set.sandbox.write("requirements.txt", "one==1.0 # pinned\n");
    assert_eq!(set.lock(&[]).code, 0);
    let target = |name: &str| set.sandbox.work().join(name);
    let (pip, uv) = (target("pip"), target("uv"));
    let url = set.upstream.url();
    let file = target("requirements.txt");
    let run = |program: &str, head: &[&str], into: &Path| {
        let done = Command::new(bin.join(program))
            .args(head)
            .args(["--require-hashes", "--no-deps", "--index-url", &url])
            .arg("--target")
            .arg(into)
            .arg("-r")
            .arg(&file)
            .env("HOME", set.sandbox.work())
            .output()
            .unwrap();
        assert!(
            done.status.success(),
            "{program}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
        assert!(into.join("one.py").is_file());
    };
    run("pip", &["install", "-q", "--no-cache-dir"], &pip);
    let python = bin.join("python");
    let python = python.to_str().unwrap();
    run(
        "uv",
        &["pip", "install", "-q", "--no-cache", "-p", python],
        &uv,
    );
}
