//! A gateway of the binary's own, in a process that ends with the test.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::{Sandbox, root};

/// A gateway in a process of its own, ended with the test.
pub struct Running {
    process: Child,
    pub address: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What was answered.
#[derive(Debug)]
pub struct Got {
    pub line: String,
    pub head: String,
    pub body: Vec<u8>,
}

impl Got {
    pub fn status(&self) -> u16 {
        self.line.split(' ').nth(1).unwrap().parse().unwrap()
    }

    pub fn header(&self, name: &str) -> Option<String> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then(|| value.to_owned())
        })
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Running {
    pub fn start(sandbox: &Sandbox, upstream: &str, configuration: &str) -> Self {
        let feed = root().join("examples/feeds");
        Self::start_with(sandbox, upstream, configuration, feed.to_str().unwrap())
    }

    pub fn start_with(sandbox: &Sandbox, upstream: &str, configuration: &str, feed: &str) -> Self {
        Self::start_in(sandbox, upstream, configuration, feed, &[])
    }

    pub fn start_in(
        sandbox: &Sandbox,
        upstream: &str,
        configuration: &str,
        feed: &str,
        variables: &[(&str, &str)],
    ) -> Self {
        sandbox.write("hognose.toml", configuration);
        Self::launch(sandbox, upstream, feed, variables, |program| {
            Command::new(program)
        })
    }

    /// One that another program starts.
    pub fn start_by(
        sandbox: &Sandbox,
        upstream: &str,
        configuration: &str,
        by: impl FnOnce(&OsStr) -> Command,
    ) -> Self {
        sandbox.write("hognose.toml", configuration);
        let feed = root().join("examples/feeds");
        Self::launch(sandbox, upstream, feed.to_str().unwrap(), &[], by)
    }

    /// Ends it as a power cut would.
    pub fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    fn launch(
        sandbox: &Sandbox,
        upstream: &str,
        feed: &str,
        variables: &[(&str, &str)],
        by: impl FnOnce(&OsStr) -> Command,
    ) -> Self {
        let made = sandbox.command(&[]);
        let mut command = by(made.get_program());
        command.env_clear().current_dir(sandbox.work());
        for (name, value) in made.get_envs() {
            if let Some(value) = value {
                command.env(name, value);
            }
        }
        let mut process = command
            .env_remove("PIP_NO_INDEX")
            .env("VIRTUAL_ENV", sandbox.work())
            .envs(variables.iter().copied())
            .args([
                "gateway",
                "--listen",
                "127.0.0.1:0",
                "--index-url",
                upstream,
            ])
            .arg("--feed")
            .arg(feed)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let address = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| {
                let rest = line.split("index is at ").nth(1)?.split("://").nth(1)?;
                Some(rest.split('/').next()?.to_owned())
            })
            .unwrap();
        // What it says later must not fill the pipe.
        std::thread::spawn(move || lines.count());
        Self { process, address }
    }

    /// Asks it to end, and waits until it has.
    pub fn terminate(&mut self) {
        let id = self.process.id().to_string();
        let told = Command::new("kill").arg(id).status();
        assert!(told.unwrap().success());
        assert!(self.process.wait().unwrap().success());
    }

    pub fn ask(&self, path: &str, headers: &str) -> Got {
        self.raw(&format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\n{headers}Connection: close\r\n\r\n",
            self.address
        ))
    }

    pub fn raw(&self, request: &str) -> Got {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_mins(1)))
            .unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all);
        let end = all
            .windows(4)
            .position(|w| w == b"\r\n\r\n")
            .unwrap_or(all.len());
        let head = String::from_utf8_lossy(&all[..end]).into_owned();
        let (line, head) = head.split_once("\r\n").unwrap_or((&head, ""));
        Got {
            line: line.to_owned(),
            head: head.to_owned(),
            body: all.get(end + 4..).unwrap_or_default().to_vec(),
        }
    }
}
