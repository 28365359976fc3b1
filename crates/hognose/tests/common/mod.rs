//! The binary, in surroundings that a test controls.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part")]

pub mod commits;
pub mod gateway;
pub mod index;
pub mod serving;
pub mod upstream;

use std::path::{Path, PathBuf};

/// The time of every run: 2026-11-18.
pub const NOW: &str = "1795000000";

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

pub fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(path)
}

/// A working directory and a cache of its own.
#[derive(Debug)]
pub struct Sandbox {
    directory: tempfile::TempDir,
}

/// How a run ended.
#[derive(Debug)]
pub struct Outcome {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Sandbox {
    pub fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
        }
    }

    /// A sandbox that holds a copy of a fixture.
    pub fn with(name: &str) -> Self {
        let sandbox = Self::new();
        copy(&fixture(name), &sandbox.work());
        sandbox
    }

    pub fn work(&self) -> PathBuf {
        let work = self.directory.path().join("work");
        std::fs::create_dir_all(&work).unwrap();
        work
    }

    pub fn cache(&self) -> PathBuf {
        self.directory.path().join("cache")
    }

    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.work().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    pub fn command(&self, arguments: &[&str]) -> assert_cmd::Command {
        let mut command =
            assert_cmd::Command::cargo_bin("hognose").expect("the binary is built with its tests");
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command
            .env("HOME", self.directory.path())
            .env("HOGNOSE_CACHE_DIR", self.cache())
            // A test never asks the index of the machine it runs on.
            .env("PIP_NO_INDEX", "1")
            // Nor does the machine's configuration count.
            .env("XDG_CONFIG_DIRS", self.directory.path().join("xdg"))
            .env("SOURCE_DATE_EPOCH", NOW);
        command.current_dir(self.work()).args(arguments);
        command
    }

    /// Runs with exactly these arguments.
    pub fn run(&self, arguments: &[&str]) -> Outcome {
        let output = self.command(arguments).output().unwrap();
        Outcome {
            code: output.status.code().unwrap_or(-1),
            stdout: self.clean(&output.stdout),
            stderr: self.clean(&output.stderr),
        }
    }

    /// Runs `scan` with the project's own advisories.
    pub fn scan(&self, arguments: &[&str]) -> Outcome {
        let feed = root().join("examples/feeds");
        let feed = feed.to_str().unwrap();
        let mut all = vec!["scan", "--offline"];
        if !arguments.contains(&"--feed") && !self.work().join("hognose.toml").exists() {
            all.extend(["--feed", feed]);
        }
        all.extend(arguments);
        self.run(&all)
    }

    /// Output without what differs from run to run.
    pub fn clean(&self, bytes: &[u8]) -> String {
        let text = String::from_utf8(bytes.to_vec()).expect("output is UTF-8");
        let text = text.replace(self.directory.path().to_str().unwrap(), "[DIR]");
        text.replace(root().to_str().unwrap(), "[ROOT]").replace(
            concat!("hognose ", env!("CARGO_PKG_VERSION")),
            "hognose [VERSION]",
        )
    }
}

impl Outcome {
    /// Stdout with every run of white space as one space: messages wrap.
    pub fn flowing(&self) -> String {
        self.stdout.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Everything, for snapshots.
    pub fn whole(&self) -> String {
        format!(
            "exit: {}\n--- stdout\n{}--- stderr\n{}",
            self.code, self.stdout, self.stderr
        )
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from)
        .unwrap_or_else(|e| panic!("{}: {e}", from.display()))
        .flatten()
    {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
