//! A git revision as a tree of files, for `--since`.
//!
//! The `git` program reads the objects. Its environment is scrubbed and everything a repository's own configuration
//! could run (hooks, monitors, filters, lazy fetches) is off: the repository is as untrusted as the files in it.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use hognose_inventory::{Entry, EntryKind, ReadError, ReadSeek, Tree};

use crate::error::Failure;
use crate::surroundings::Surroundings;

/// Largest file that is streamed: git gives it whole, so it is held in memory.
const MAX_STREAM: u64 = 256 << 20;

/// The files of one revision.
#[derive(Debug)]
pub(crate) struct Revision {
    /// Absolute path of the repository.
    top: PathBuf,
    /// Absolute path that relative names start at.
    here: PathBuf,
    /// Object id and length of every blob by its path in the repository.
    blobs: BTreeMap<String, (String, u64)>,
    directories: BTreeSet<String>,
    reader: RefCell<Reader>,
}

impl Revision {
    /// Lists a revision of the repository that holds the working directory.
    pub(crate) fn open(
        revision: &str,
        near: &Path,
        surroundings: &Surroundings,
    ) -> Result<Self, Failure> {
        let near = if near.is_dir() {
            near
        } else {
            near.parent()
                .filter(|p| *p != Path::new(""))
                .unwrap_or(Path::new("."))
        };
        let top = run(git(near, surroundings).args(["rev-parse", "--show-toplevel"]))
            .map_err(|why| Failure::usage("--since needs a git repository").hint(why))?;
        let top = PathBuf::from(String::from_utf8_lossy(&top).trim_end_matches(['\n', '\r']));
        let commit = format!("{revision}^{{commit}}");
        let commit = run(git(near, surroundings).args([
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &commit,
        ]))
        .map_err(|_| {
            let shown = hognose_types::text::short(revision, 80);
            Failure::usage(format!("there is no git revision {shown:?}"))
                .hint("name a branch, tag or commit that is here; in CI, fetch enough history")
        })?;
        let commit = String::from_utf8_lossy(&commit).trim().to_owned();
        let listing = run(git(&top, surroundings).args([
            "ls-tree",
            "-r",
            "-z",
            "-l",
            "--full-tree",
            &commit,
        ]))
        .map_err(|why| Failure::incomplete(format!("git cannot list {commit}")).hint(why))?;
        let here = std::path::absolute(".").unwrap_or_default();
        let here = std::fs::canonicalize(&here).unwrap_or(here);
        let (blobs, directories) = parse(&listing);
        let reader = Reader::start(git(&top, surroundings))
            .map_err(|e| Failure::incomplete("git cannot be started").because(&e))?;
        Ok(Self {
            top,
            here,
            blobs,
            directories,
            reader: RefCell::new(reader),
        })
    }

    /// The path in the repository of a name as the user writes it; `None` when it lies outside.
    fn inside(&self, path: &str) -> Option<String> {
        let mut parts: Vec<String> = Vec::new();
        for part in self.here.join(path).components() {
            match part {
                std::path::Component::ParentDir => {
                    parts.pop();
                }
                std::path::Component::Normal(name) => parts.push(name.to_str()?.to_owned()),
                _ => {}
            }
        }
        let whole = PathBuf::from(format!("/{}", parts.join("/")));
        let inside = whole.strip_prefix(&self.top).ok()?;
        Some(inside.to_str()?.to_owned())
    }

    fn blob(&self, path: &str, limit: u64) -> Result<(String, u64), ReadError> {
        let inside = self.inside(path).ok_or(ReadError::NotFound)?;
        let (object, length) = self.blobs.get(&inside).ok_or(ReadError::NotFound)?;
        if *length > limit {
            return Err(ReadError::TooLarge { limit });
        }
        Ok((object.clone(), *length))
    }
}

impl Tree for Revision {
    fn read(&self, path: &str, limit: u64) -> Result<Cow<'_, [u8]>, ReadError> {
        let (object, length) = self.blob(path, limit)?;
        self.reader
            .borrow_mut()
            .blob(&object, length)
            .map(Cow::Owned)
            .map_err(ReadError::Io)
    }

    fn read_head(&self, path: &str, length: u64) -> Result<Cow<'_, [u8]>, ReadError> {
        let (object, whole) = self.blob(path, u64::MAX)?;
        let mut bytes = self
            .reader
            .borrow_mut()
            .blob(&object, whole)
            .map_err(ReadError::Io)?;
        bytes.truncate(usize::try_from(length).unwrap_or(usize::MAX));
        Ok(Cow::Owned(bytes))
    }

    fn open(&self, path: &str) -> Result<Box<dyn ReadSeek>, ReadError> {
        let (object, length) = self.blob(path, MAX_STREAM)?;
        let bytes = self
            .reader
            .borrow_mut()
            .blob(&object, length)
            .map_err(ReadError::Io)?;
        Ok(Box::new(std::io::Cursor::new(bytes)))
    }

    fn kind(&self, path: &str) -> Option<EntryKind> {
        let inside = self.inside(path)?;
        if self.blobs.contains_key(&inside) {
            return Some(EntryKind::File);
        }
        (inside.is_empty() || self.directories.contains(&inside)).then_some(EntryKind::Directory)
    }

    fn list(&self, directory: &str, limit: usize) -> Result<Vec<Entry>, ReadError> {
        let inside = self.inside(directory).ok_or(ReadError::NotFound)?;
        let prefix = if inside.is_empty() {
            String::new()
        } else {
            format!("{inside}/")
        };
        let below = |name: &&String| name.starts_with(&prefix);
        let own = |name: &String| {
            name.get(prefix.len()..)
                .filter(|rest| !rest.is_empty() && !rest.contains('/'))
                .map(str::to_owned)
        };
        let files = self
            .blobs
            .range(prefix.clone()..)
            .map(|(name, _)| name)
            .take_while(below)
            .filter_map(own);
        let directories = self
            .directories
            .range(prefix.clone()..)
            .take_while(below)
            .filter_map(own);
        let mut out: Vec<Entry> = files
            .map(|name| Entry {
                name,
                kind: EntryKind::File,
            })
            .collect();
        out.extend(directories.map(|name| Entry {
            name,
            kind: EntryKind::Directory,
        }));
        if out.len() > limit {
            return Err(ReadError::TooManyEntries { limit });
        }
        out.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(out)
    }

    fn canonical(&self, path: &str) -> Option<String> {
        self.kind(path)?;
        self.top
            .join(self.inside(path)?)
            .to_str()
            .map(str::to_owned)
    }
}

fn git(directory: &Path, surroundings: &Surroundings) -> Command {
    let mut command = Command::new("git");
    command.env_clear();
    for name in ["PATH", "HOME", "SystemRoot", "TMPDIR"] {
        if let Some(value) = surroundings.variable(name) {
            command.env(name, value);
        }
    }
    command
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("LC_ALL", "C");
    command.arg("-C").arg(directory);
    command.args([
        "-c",
        "core.fsmonitor=false",
        "-c",
        "core.hooksPath=/dev/null",
        "-c",
        "core.quotePath=false",
    ]);
    command.stdin(Stdio::null()).stderr(Stdio::piped());
    command
}

fn run(command: &mut Command) -> Result<Vec<u8>, String> {
    let output = command
        .output()
        .map_err(|e| format!("git cannot be started: {e}"))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let why = String::from_utf8_lossy(&output.stderr);
    Err(format!(
        "git says: {}",
        hognose_types::text::short(why.trim(), 300)
    ))
}

/// Reads `mode type object length\tpath\0…`. Links and submodules are left out: a link of an old revision leads
/// nowhere.
fn parse(listing: &[u8]) -> (BTreeMap<String, (String, u64)>, BTreeSet<String>) {
    let (mut blobs, mut directories) = (BTreeMap::new(), BTreeSet::new());
    for record in listing.split(|b| *b == 0) {
        let Ok(record) = std::str::from_utf8(record) else {
            continue;
        };
        let Some((about, path)) = record.split_once('\t') else {
            continue;
        };
        let fields: Vec<&str> = about.split_whitespace().collect();
        let [mode, "blob", object, length] = fields.as_slice() else {
            continue;
        };
        if !mode.starts_with("100") {
            continue;
        }
        blobs.insert(
            path.to_owned(),
            ((*object).to_owned(), length.parse().unwrap_or(0)),
        );
        let mut above = path;
        while let Some((parent, _)) = above.rsplit_once('/') {
            if !directories.insert(parent.to_owned()) {
                break;
            }
            above = parent;
        }
    }
    (blobs, directories)
}

/// One `git cat-file --batch` for all files.
#[derive(Debug)]
struct Reader {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Reader {
    fn start(mut git: Command) -> std::io::Result<Self> {
        let mut child = git
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let missing = || std::io::Error::other("git gave no pipe");
        let input = child.stdin.take().ok_or_else(missing)?;
        let output = BufReader::new(child.stdout.take().ok_or_else(missing)?);
        Ok(Self {
            child,
            input,
            output,
        })
    }

    fn blob(&mut self, object: &str, length: u64) -> std::io::Result<Vec<u8>> {
        writeln!(self.input, "{object}")?;
        self.input.flush()?;
        let mut head = String::new();
        self.output.read_line(&mut head)?;
        let stated = head
            .split_whitespace()
            .nth(2)
            .and_then(|n| n.parse::<u64>().ok());
        if stated != Some(length) {
            return Err(std::io::Error::other("git answered with another object"));
        }
        let mut bytes = Vec::new();
        (&mut self.output).take(length).read_to_end(&mut bytes)?;
        let mut newline = [0];
        self.output.read_exact(&mut newline)?;
        Ok(bytes)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // It only reads; ending it early loses nothing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
