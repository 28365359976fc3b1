//! Passwords for indexes: variables of uv and Poetry, netrc, the `keyring` program.
//!
//! Each is bound to a host by whoever wrote it down, and goes there only: the client sends the credentials of an index
//! to its scheme, host and port.

use std::fmt;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use hognose_index::IndexUrl;
use hognose_types::{ConfiguredIndex, IndexTool};

use super::layer::Login;
use super::netrc::Netrc;
use crate::surroundings::{Surroundings, stopwatch};

/// Where passwords are looked for.
#[derive(Debug)]
pub(super) struct Secrets {
    netrc: Netrc,
    keyring: Option<PathBuf>,
}

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Secret(pub(super) String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("****")
    }
}

/// Longest answer of `keyring`: tokens have some thousand characters.
const MAX_SECRET: u64 = 64 << 10;
/// Somebody may have to unlock the keyring first.
const PATIENCE: Duration = Duration::from_mins(1);

impl Secrets {
    /// `keyring` is used only where pip or uv is told to use it.
    pub(super) fn new(keyring: bool, surroundings: &Surroundings) -> Self {
        Self {
            netrc: Netrc::find(surroundings),
            keyring: keyring.then(|| program(surroundings)).flatten(),
        }
    }

    /// The index with the credentials that are known for it. An index that has a password keeps it. The `default` of
    /// netrc counts only for an index of the user's `own`: a project that names an index would get it for the asking.
    pub(super) fn complete(&self, index: &IndexUrl, own: bool) -> IndexUrl {
        if index.has_password() {
            return index.clone();
        }
        let user = index.user_name();
        if let Some((login, password)) = self.netrc.of(index.host(), user, own) {
            return index.with_credentials(login, &password.0);
        }
        let asked = self.keyring.as_deref().zip(user);
        match asked.and_then(|(keyring, user)| Some((user, ask(keyring, index, user)?))) {
            Some((user, password)) => index.with_credentials(user, &password.0),
            None => index.clone(),
        }
    }

    /// The password that a tool keeps in the keyring for a login.
    pub(super) fn kept(login: &Login, surroundings: &Surroundings) -> Option<Secret> {
        let service = login.service.as_deref()?;
        if login.user.starts_with('-') || service.starts_with('-') {
            return None;
        }
        get(&program(surroundings)?, service, &login.user)
    }

    /// Addresses with credentials for hosts that have files but no index of theirs is configured.
    pub(super) fn hosts(&self) -> impl Iterator<Item = IndexUrl> {
        self.netrc.hosts()
    }
}

/// User and password that variables or files give a named index. An address that has a password keeps it.
pub(super) fn named(
    index: &ConfiguredIndex,
    url: IndexUrl,
    logins: &[Login],
    surroundings: &Surroundings,
) -> IndexUrl {
    let url = of_variables(index, url, surroundings);
    if url.has_password() {
        return url;
    }
    match logins.iter().find(|login| login.is_of(index)) {
        Some(login) => url.with_credentials(&login.user, &login.password.0),
        None => url,
    }
}

/// User and password that variables give a named index: as uv and Poetry call them.
fn of_variables(index: &ConfiguredIndex, url: IndexUrl, surroundings: &Surroundings) -> IndexUrl {
    let (Some(name), false) = (&index.name, url.has_password()) else {
        return url;
    };
    let upper = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_uppercase()
        } else {
            '_'
        }
    };
    let name: String = name.chars().map(upper).collect();
    let prefix = match index.tool {
        IndexTool::Uv => format!("UV_INDEX_{name}"),
        IndexTool::Poetry => format!("POETRY_HTTP_BASIC_{name}"),
        _ => return url,
    };
    let user = surroundings.variable(&format!("{prefix}_USERNAME"));
    let password = surroundings.variable(&format!("{prefix}_PASSWORD"));
    match (user.or(url.user_name()), password) {
        (None, None) => url,
        (user, password) => {
            url.with_credentials(user.unwrap_or_default(), password.unwrap_or_default())
        }
    }
}

/// The program on `PATH`. Never one that the project brings: it would be run.
fn program(surroundings: &Surroundings) -> Option<PathBuf> {
    let name = if cfg!(windows) {
        "keyring.exe"
    } else {
        "keyring"
    };
    let project = project_root();
    let path = surroundings.variable("PATH")?;
    std::env::split_paths(path)
        .filter(|directory| directory.is_absolute())
        .map(|directory| directory.join(name))
        .find(|file| {
            let real = std::fs::canonicalize(file);
            let outside = |p: &Path| project.as_ref().is_none_or(|root| !p.starts_with(root));
            real.is_ok_and(|real| real.is_file() && outside(&real)) && outside(file)
        })
}

/// The nearest directory that looks like a project's root; else the working directory.
fn project_root() -> Option<PathBuf> {
    let here = std::fs::canonicalize(".").ok()?;
    let marks = [".git", "pyproject.toml", "uv.toml", "Pipfile"];
    let root = here
        .ancestors()
        .find(|above| marks.iter().any(|mark| above.join(mark).exists()));
    Some(root.unwrap_or(&here).to_owned())
}

/// `keyring get SERVICE USER`: the address first, then its host, as pip and uv do.
fn ask(keyring: &Path, index: &IndexUrl, user: &str) -> Option<Secret> {
    // A user that reads as an option is none.
    if user.starts_with('-') {
        return None;
    }
    [index.plain(), index.host().to_owned()]
        .iter()
        .find_map(|service| get(keyring, service, user))
}

fn get(keyring: &Path, service: &str, user: &str) -> Option<Secret> {
    let mut child = Command::new(keyring)
        .args(["get", service, user])
        .env("PYTHONIOENCODING", "utf-8")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut out = child.stdout.take()?;
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        let mut text = Vec::new();
        let read = out.by_ref().take(MAX_SECRET).read_to_end(&mut text);
        let _ = send.send(read.ok().map(|_| text));
    });
    let elapsed = stopwatch();
    let status = loop {
        if let Some(status) = child.try_wait().ok()? {
            break status;
        }
        if elapsed() > PATIENCE {
            let _ = child.kill();
            let _ = child.wait();
            return None;
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    // What the program left running may hold its output open.
    let text = receive.recv_timeout(Duration::from_secs(2)).ok()??;
    let text = String::from_utf8(text).ok()?;
    let line = text.lines().next().unwrap_or_default().trim_end();
    (status.success() && !line.is_empty()).then(|| Secret(line.to_owned()))
}
