//! A package index on the loopback interface, made of the files of a directory: `NAME.json` or `NAME.html` is the page
//! of a project, `NAME.project.json` its project page, `NAME.provenance.json` what its attestations say.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::serving::{self, Answer, Head};
use super::{Outcome, Sandbox};

#[derive(Debug)]
struct Shared {
    pages: Mutex<PathBuf>,
    seen: Mutex<Vec<String>>,
}

/// The index.
#[derive(Debug)]
pub struct Index {
    address: String,
    shared: Arc<Shared>,
}

impl Index {
    pub fn new(pages: &Path) -> Self {
        let shared = Arc::new(Shared {
            pages: Mutex::new(pages.to_owned()),
            seen: Mutex::default(),
        });
        let own = Arc::clone(&shared);
        let address = serving::start(move |head| serve(head, &own));
        Self { address, shared }
    }

    /// From now on it has these pages.
    pub fn turn_to(&self, pages: &Path) {
        pages.clone_into(&mut self.shared.pages.lock().unwrap());
    }

    pub fn url(&self) -> String {
        format!("http://{}/simple/", self.address)
    }

    /// What was asked for, in order of names, and forgets it.
    pub fn seen(&self) -> Vec<String> {
        let mut seen = std::mem::take(&mut *self.shared.seen.lock().unwrap());
        seen.sort();
        seen
    }

    /// Runs `verify` over requirements, asking this index.
    pub fn verify(&self, sandbox: &Sandbox, arguments: &[&str]) -> Outcome {
        let mut all = vec!["verify", "requirements.txt"];
        all.extend(arguments);
        self.run(sandbox, super::NOW.parse().unwrap(), &all)
    }

    /// Runs a scan that asks this index at a time, with the project's own advisories.
    pub fn scan(&self, sandbox: &Sandbox, now: i64, arguments: &[&str]) -> Outcome {
        let feed = super::root().join("examples/feeds");
        let mut all = vec!["scan", "--online"];
        if !arguments.contains(&"--feed") {
            all.extend(["--feed", feed.to_str().unwrap()]);
        }
        all.extend(arguments);
        self.run(sandbox, now, &all)
    }

    fn run(&self, sandbox: &Sandbox, now: i64, all: &[&str]) -> Outcome {
        let mut command = sandbox.command(all);
        command.env_remove("PIP_NO_INDEX");
        command
            .env("PIP_INDEX_URL", self.url())
            .env("SOURCE_DATE_EPOCH", now.to_string())
            .env("XDG_CONFIG_DIRS", sandbox.work())
            // Whatever Python the machine has: its configuration is not this test's.
            .env("VIRTUAL_ENV", sandbox.work());
        let output = command.output().unwrap();
        let text = |bytes: &[u8]| sandbox.clean(bytes).replace(&self.address, "index.example");
        Outcome {
            code: output.status.code().unwrap_or(-1),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }
}

fn serve(head: &Head, shared: &Shared) -> Answer {
    let known = head.header("if-none-match");
    let mark = if known.is_some() { " again" } else { "" };
    let seen = format!("{}{mark}", head.path);
    shared.seen.lock().unwrap().push(seen);
    let pages = shared.pages.lock().unwrap().clone();
    let (status, body) = answer(&pages, &head.path);
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    let tag = format!("\"{}\"", hasher.finish());
    let headers = format!("ETag: {tag}\r\n");
    match known {
        Some(known) if status == 200 && known == tag => (304, headers, Vec::new()),
        _ => (status, headers, body),
    }
}

fn answer(pages: &Path, path: &str) -> (u16, Vec<u8>) {
    let parts: Vec<&str> = path.split('/').filter(|p| !p.is_empty()).collect();
    let files = match parts.as_slice() {
        ["simple", name] => vec![format!("{name}.json"), format!("{name}.html")],
        ["pypi", name, "json"] => vec![format!("{name}.project.json")],
        ["integrity", name] => vec![format!("{name}.provenance.json")],
        _ => Vec::new(),
    };
    let found = files
        .iter()
        .find_map(|file| std::fs::read(pages.join(file)).ok());
    match found {
        // What stands for a server that cannot answer.
        Some(body) if body == b"503\n" => (503, Vec::new()),
        Some(body) => (200, body),
        None => (404, Vec::new()),
    }
}
