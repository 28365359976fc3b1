//! A PostgreSQL server of a test's own: made, started, restarted and stopped.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Names the directory of the server's programs; `cargo xtask test` sets it.
const PROGRAMS: &str = "HOGNOSE_TEST_POSTGRES";

/// A running server.
#[derive(Debug)]
pub struct Server {
    directory: tempfile::TempDir,
    programs: PathBuf,
}

impl Server {
    /// Starts a server that listens on a socket in a directory of its own, and nowhere else.
    pub fn start() -> Self {
        Self::with("-c listen_addresses=''", "trust")
    }

    /// Starts a server with further options; `access` is how those on the network show who they are.
    pub fn with(options: &str, access: &str) -> Self {
        let server = Self {
            directory: tempfile::Builder::new().prefix("pg").tempdir().unwrap(),
            programs: programs(),
        };
        if is_root() {
            let owner = Command::new("chown")
                .arg("65534:65534")
                .arg(server.path())
                .status();
            assert!(owner.unwrap().success());
        }
        let mut make = server.program("initdb");
        make.args(["-U", "hognose", "-E", "UTF8", "--locale=C", "--no-sync"])
            .args(["--auth-local=trust", &format!("--auth-host={access}")])
            .arg("-D")
            .arg(server.data());
        run(&mut make);
        // What is written outlives the processes in every case; only a machine that stops needs more.
        let fast = "-c fsync=off -c max_connections=60";
        let options = format!("-k {} {fast} {options}", server.path().display());
        std::fs::write(server.path().join("options"), &options).unwrap();
        server.control("start");
        server
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    pub fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    /// The address of the database.
    pub fn url(&self) -> String {
        self.url_on(5432)
    }

    /// The same of a server on another port than the usual one.
    pub fn url_on(&self, port: u16) -> String {
        let socket = self.path().to_str().unwrap().replace('/', "%2F");
        format!("postgres://hognose@{socket}:{port}/postgres")
    }

    /// Starts again after a stop like that of a crash.
    pub fn restart(&self) {
        self.control("restart");
    }

    pub fn stop(&self) {
        self.control("stop");
    }

    pub fn again(&self) {
        self.control("start");
    }

    /// Runs SQL as the owner.
    pub fn sql(&self, sql: &str) -> String {
        self.sql_on(5432, sql)
    }

    /// The same of a server on another port than the usual one.
    pub fn sql_on(&self, port: u16, sql: &str) -> String {
        let mut psql = self.program("psql");
        psql.args(["-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", "hognose"])
            .args(["-d", "postgres", "-p", &port.to_string(), "-c", sql, "-h"])
            .arg(self.path());
        run(&mut psql)
    }

    fn control(&self, what: &str) {
        let options = std::fs::read_to_string(self.path().join("options")).unwrap();
        let mut control = self.program("pg_ctl");
        control.args(["-w", "-t", "60", "-D"]).arg(self.data());
        control.arg("-l").arg(self.path().join("log"));
        if what != "start" {
            control.args(["-m", "immediate"]);
        }
        if what != "stop" {
            control.args(["-o", &options]);
        }
        run(control.arg(what));
    }

    /// A program of the server. It refuses to be run by root, whom it would serve badly.
    fn program(&self, name: &str) -> Command {
        let program = self.programs.join(name);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]);
            command.arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(self.path());
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let mut stop = self.program("pg_ctl");
        stop.args(["-w", "-m", "immediate", "-D"]).arg(self.data());
        let stopped = stop.arg("stop").stdout(Stdio::null()).stderr(Stdio::null());
        // It may have been stopped before.
        let _ = stopped.status();
    }
}

/// The output is written to files: a server that goes on would hold a pipe open.
fn run(command: &mut Command) -> String {
    let (out, err) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
    let status = command
        .stdin(Stdio::null())
        .stdout(out.try_clone().unwrap())
        .stderr(err.try_clone().unwrap())
        .status();
    let read = |mut file: std::fs::File| {
        use std::io::{Read as _, Seek as _};
        let mut text = String::new();
        file.rewind().unwrap();
        file.read_to_string(&mut text).unwrap();
        text
    };
    let (out, err) = (read(out), read(err));
    let status = status.unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    assert!(status.success(), "{command:?}: {out}{err}");
    out
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout == b"0\n"
}

/// Where the programs are: where it is said, else beside `initdb`, else where Debian keeps them.
fn programs() -> PathBuf {
    let named = std::env::var_os(PROGRAMS).map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let debian = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    let debian = debian.filter_map(|entry| Some(entry.ok()?.path().join("bin")));
    let mut candidates: Vec<PathBuf> = debian.collect();
    candidates.sort();
    candidates.reverse();
    named
        .into_iter()
        .chain(candidates)
        .chain(std::env::split_paths(&path))
        .find(|directory| directory.join("initdb").is_file())
        .unwrap_or_else(|| {
            panic!("these tests need PostgreSQL: install it, or name the directory of its programs in {PROGRAMS}")
        })
}
