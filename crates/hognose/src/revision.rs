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

/// Most submodules that are read, and how deep they may lie in each other: each takes a process.
const MAX_SUBMODULES: usize = 64;
const MAX_DEPTH: usize = 4;

/// A file of a revision.
#[derive(Clone, Debug)]
struct Blob {
    object: String,
    length: u64,
    /// The repository that holds it: the position of its reader.
    reader: usize,
}

/// The files of one revision.
#[derive(Debug)]
pub(crate) struct Revision {
    /// Absolute path of the repository.
    top: PathBuf,
    /// Absolute path that relative names start at.
    here: PathBuf,
    /// Every file by its path in the repository.
    blobs: BTreeMap<String, Blob>,
    directories: BTreeSet<String>,
    /// The repository's and its submodules'.
    readers: Vec<RefCell<Reader>>,
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
        let here = std::path::absolute(".").unwrap_or_default();
        let here = std::fs::canonicalize(&here).unwrap_or(here);
        let mut out = Self {
            top,
            here,
            blobs: BTreeMap::new(),
            directories: BTreeSet::new(),
            readers: Vec::new(),
        };
        let submodules = out.add(&Part::new("", &commit), surroundings)?;
        out.add_submodules(submodules, surroundings);
        Ok(out)
    }

    /// Adds the files of the repository or of a submodule, and returns the submodules in it.
    fn add(&mut self, part: &Part, surroundings: &Surroundings) -> Result<Vec<Part>, Failure> {
        let commit = &part.commit;
        let place = self.top.join(&part.path);
        let listing = run(git(&place, surroundings).args([
            "ls-tree",
            "-r",
            "-z",
            "-l",
            "--full-tree",
            commit,
        ]))
        .map_err(|why| Failure::incomplete(format!("git cannot list {commit}")).hint(why))?;
        let reader = Reader::start(git(&place, surroundings))
            .map_err(|e| Failure::incomplete("git cannot be started").because(&e))?;
        self.readers.push(RefCell::new(reader));
        Ok(self.parse(&listing, part))
    }

    /// Submodules that are checked out are searched like the rest, so what they held counts as known. One whose
    /// objects are not here is left out: its findings are then new, never hidden.
    fn add_submodules(&mut self, found: Vec<Part>, surroundings: &Surroundings) {
        let mut queue = found;
        while let Some(part) = queue.pop() {
            // Without a `.git` of its own, git would answer for the repository above.
            let own = self.top.join(&part.path).join(".git").exists();
            if !own || part.depth > MAX_DEPTH || self.readers.len() > MAX_SUBMODULES {
                continue;
            }
            if let Ok(more) = self.add(&part, surroundings) {
                queue.extend(more);
            }
        }
    }

    /// Reads `mode type object length\tpath\0…`. Links are left out: a link of an old revision leads nowhere.
    fn parse(&mut self, listing: &[u8], part: &Part) -> Vec<Part> {
        let mut submodules = Vec::new();
        for record in listing.split(|b| *b == 0) {
            let Ok(record) = std::str::from_utf8(record) else {
                continue;
            };
            let Some((about, path)) = record.split_once('\t') else {
                continue;
            };
            let path = part.below(path);
            let fields: Vec<&str> = about.split_whitespace().collect();
            let [mode, _, object, length] = fields.as_slice() else {
                continue;
            };
            if *mode == "160000" {
                submodules.push(Part {
                    depth: part.depth + 1,
                    ..Part::new(&path, object)
                });
            }
            if !mode.starts_with("100") {
                continue;
            }
            let mut above = path.as_str();
            while let Some((parent, _)) = above.rsplit_once('/') {
                if !self.directories.insert(parent.to_owned()) {
                    break;
                }
                above = parent;
            }
            let blob = Blob {
                object: (*object).to_owned(),
                length: length.parse().unwrap_or(0),
                reader: self.readers.len().saturating_sub(1),
            };
            self.blobs.insert(path, blob);
        }
        submodules
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
        if let Ok(inside) = whole.strip_prefix(&self.top) {
            return Some(inside.to_str()?.to_owned());
        }
        // Named through a link that leads into the repository; what lies below it may be gone by now.
        let real = whole.ancestors().find_map(|above| {
            let real = std::fs::canonicalize(above).ok()?;
            Some(real.join(whole.strip_prefix(above).ok()?))
        })?;
        let inside = real.strip_prefix(&self.top).ok()?;
        Some(inside.to_str()?.trim_end_matches('/').to_owned())
    }

    fn blob(&self, path: &str, limit: u64) -> Result<&Blob, ReadError> {
        let inside = self.inside(path).ok_or(ReadError::NotFound)?;
        let blob = self.blobs.get(&inside).ok_or(ReadError::NotFound)?;
        if blob.length > limit {
            return Err(ReadError::TooLarge { limit });
        }
        Ok(blob)
    }

    fn bytes(&self, blob: &Blob) -> Result<Vec<u8>, ReadError> {
        let reader = self.readers.get(blob.reader).ok_or(ReadError::NotFound)?;
        reader
            .borrow_mut()
            .blob(&blob.object, blob.length)
            .map_err(ReadError::Io)
    }
}

/// When the last commit up to the checked out one changed a file, Unix seconds; none where no repository has the file. In
/// a shallow clone that is at the earliest its oldest commit: later than the truth, never before it.
pub(crate) fn last_change(path: &str, surroundings: &Surroundings) -> Option<i64> {
    let path = Path::new(path);
    let near = path.parent().filter(|p| *p != Path::new(""));
    let near = near.unwrap_or(Path::new("."));
    let name = path.file_name()?;
    // Looking for a file that no commit holds would go through all of them.
    let mut command = git(near, surroundings);
    command.args(["--literal-pathspecs", "ls-tree", "-z", "HEAD", "--"]);
    if !is_below_a_repository(near) || run(command.arg(name)).ok()?.is_empty() {
        return None;
    }
    let mut command = git(near, surroundings);
    command.args(["--literal-pathspecs", "rev-list", "--timestamp"]);
    command.args(["--max-count=1", "HEAD", "--"]).arg(name);
    let found = run(&mut command).ok()?;
    let line = String::from_utf8_lossy(&found);
    line.split_whitespace().next()?.parse().ok()
}

/// False where no directory above holds a repository: then there is nothing to start a program for.
fn is_below_a_repository(directory: &Path) -> bool {
    let Ok(directory) = directory.canonicalize() else {
        return true;
    };
    directory
        .ancestors()
        .any(|above| above.join(".git").exists())
}

/// The commit that a name means in a repository, bare or not; else why there is none.
pub(crate) fn commit(
    repository: &Path,
    name: &str,
    surroundings: &Surroundings,
) -> Result<String, String> {
    let mut command = git(repository, surroundings);
    command.args(["rev-parse", "--verify", "--quiet", "--end-of-options"]);
    let found = run(command.arg(format!("{name}^{{commit}}"))).map_err(|_| {
        let shown = hognose_types::text::short(name, 60);
        format!("the repository has no commit {shown:?}")
    })?;
    Ok(String::from_utf8_lossy(&found).trim().to_owned())
}

/// Whether a branch or a tag of a repository leads to a commit: forges show commits of forks under the address of the
/// original, too.
pub(crate) fn is_reachable(
    repository: &Path,
    commit: &str,
    surroundings: &Surroundings,
) -> Result<bool, String> {
    let mut command = git(repository, surroundings);
    command.args(["for-each-ref", "--count=1", "--format=%(refname)"]);
    command.arg(format!("--contains={commit}"));
    let found = run(command.args(["refs/heads", "refs/tags", "refs/remotes"]))?;
    Ok(!found.is_empty())
}

/// Every file of a commit, as `git ls-tree -r -z` lists them.
pub(crate) fn files(
    repository: &Path,
    commit: &str,
    surroundings: &Surroundings,
) -> Result<Vec<u8>, String> {
    let mut command = git(repository, surroundings);
    run(command.args(["ls-tree", "-r", "-z", "--full-tree", commit]))
}

/// A repository: the scanned one, or a submodule at its path.
#[derive(Debug)]
struct Part {
    path: String,
    commit: String,
    depth: usize,
}

impl Part {
    fn new(path: &str, commit: &str) -> Self {
        Self {
            path: path.to_owned(),
            commit: commit.to_owned(),
            depth: 0,
        }
    }

    /// The path of a file of this part in the scanned repository.
    fn below(&self, path: &str) -> String {
        if self.path.is_empty() {
            return path.to_owned();
        }
        format!("{}/{path}", self.path)
    }
}

impl Tree for Revision {
    fn read(&self, path: &str, limit: u64) -> Result<Cow<'_, [u8]>, ReadError> {
        self.bytes(self.blob(path, limit)?).map(Cow::Owned)
    }

    fn read_head(&self, path: &str, length: u64) -> Result<Cow<'_, [u8]>, ReadError> {
        let mut bytes = self.bytes(self.blob(path, u64::MAX)?)?;
        bytes.truncate(usize::try_from(length).unwrap_or(usize::MAX));
        Ok(Cow::Owned(bytes))
    }

    fn open(&self, path: &str) -> Result<Box<dyn ReadSeek>, ReadError> {
        let bytes = self.bytes(self.blob(path, MAX_STREAM)?)?;
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
