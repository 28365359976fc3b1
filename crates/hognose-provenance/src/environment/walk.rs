//! Every file of an environment, read once: its bytes beside RECORD, its bytecode beside its source.
//!
//! A few threads take directories from one queue. Each has one buffer; a file that does not fit is hashed in parts.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Condvar, Mutex, PoisonError};

use super::bytecode::{Bytecode, Source};
use super::claims::{Claims, Stated};
use super::digest::Hasher;
use super::hooks;
use super::report::{Counts, Hook, Problem, ProblemKind, Unchecked, Without};

/// Largest file that is held whole; larger ones are hashed in parts, and their bytecode is not compared.
const WHOLE: u64 = 16 << 20;
/// How much of a larger file is read at a time.
const PART: usize = 1 << 20;
/// Most files and directories.
pub(super) const MAX_FILES: usize = 4_000_000;
/// Deepest directory below a site.
const MAX_DEPTH: u32 = 100;
/// Most problems of one thread; a tree of a million strange files says nothing that the first thousands do not.
const MAX_PROBLEMS: usize = 20_000;

/// A directory to look at.
#[derive(Debug)]
pub(super) struct Directory {
    pub(super) path: PathBuf,
    pub(super) text: String,
    pub(super) depth: u32,
    /// Whether everything in it should belong to a distribution: false for a standard library.
    pub(super) is_listed: bool,
}

/// What is waiting to be looked at.
#[derive(Debug)]
pub(super) enum Work {
    Directory(Directory),
    /// Claimed files outside the sites.
    Files(Vec<String>),
}

/// A file of code that nobody lists.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Loose {
    pub(super) path: String,
    pub(super) is_link: bool,
}

/// What one thread found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) problems: Vec<Problem>,
    pub(super) hooks: Vec<Hook>,
    pub(super) loose: Vec<Loose>,
    pub(super) unchecked: Vec<Unchecked>,
    pub(super) counts: Counts,
}

/// Looks at everything with some threads.
pub(super) fn walk(work: Vec<Work>, claims: &Claims, threads: usize) -> Found {
    let queue = Queue {
        state: Mutex::new(State {
            work,
            busy: 0,
            met: 0,
        }),
        changed: Condvar::new(),
    };
    let mut found = Found::default();
    std::thread::scope(|scope| {
        let one = || Worker::new(claims, &queue).run();
        let others: Vec<_> = (1..threads.max(1)).map(|_| scope.spawn(one)).collect();
        found = one();
        for other in others {
            // A thread that ended otherwise would have left files unread.
            match other.join() {
                Ok(more) => found.absorb(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    found
}

impl Found {
    pub(super) fn absorb(&mut self, more: Self) {
        self.problems.extend(more.problems);
        self.hooks.extend(more.hooks);
        self.loose.extend(more.loose);
        self.unchecked.extend(more.unchecked);
        let (own, other) = (&mut self.counts, more.counts);
        own.files += other.files;
        own.bytes += other.bytes;
        own.bytecode += other.bytecode;
        own.stale += other.stale;
        own.data += other.data;
    }
}

struct State {
    work: Vec<Work>,
    /// Threads that may still add work.
    busy: usize,
    /// Entries met so far.
    met: usize,
}

struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

impl Queue {
    /// The next piece of work; none when nothing is left and nobody can add any.
    fn take(&self) -> Option<Work> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(work) = state.work.pop() {
                state.busy += 1;
                return Some(work);
            }
            if state.busy == 0 {
                return None;
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Adds what a piece of work brought. Answers false when there is too much of it.
    fn done(&self, more: Vec<Directory>, met: usize) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.busy -= 1;
        state.met += met;
        let fits = state.met <= MAX_FILES;
        if fits {
            state.work.extend(more.into_iter().map(Work::Directory));
        } else {
            state.work.clear();
        }
        drop(state);
        self.changed.notify_all();
        fits
    }
}

/// What an entry of a directory is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    Directory,
    Link,
    Other,
}

struct Worker<'c> {
    claims: &'c Claims,
    queue: &'c Queue,
    buffer: Vec<u8>,
    bytecode: Vec<u8>,
    found: Found,
}

impl<'c> Worker<'c> {
    fn new(claims: &'c Claims, queue: &'c Queue) -> Self {
        Self {
            claims,
            queue,
            buffer: Vec::with_capacity(PART),
            bytecode: Vec::new(),
            found: Found::default(),
        }
    }

    fn run(mut self) -> Found {
        while let Some(work) = self.queue.take() {
            let fits = match work {
                Work::Directory(directory) => {
                    let mut more = Vec::new();
                    let met = self.directory(&directory, &mut more);
                    self.queue.done(more, met)
                }
                Work::Files(paths) => {
                    for path in paths {
                        let file = PathBuf::from(&path);
                        self.file(&path, &file, &[]);
                    }
                    self.queue.done(Vec::new(), 0)
                }
            };
            if !fits {
                let limit = Without::Files { limit: MAX_FILES };
                self.found
                    .unchecked
                    .push(Unchecked::new("environment".to_owned(), limit));
            }
        }
        self.found
    }

    /// Looks at one directory; answers how many entries it has.
    fn directory(&mut self, directory: &Directory, more: &mut Vec<Directory>) -> usize {
        let entries = match list(&directory.path) {
            Ok(entries) => entries,
            Err(error) => {
                let why = Without::Unreadable(error.to_string());
                let path = directory.text.clone();
                self.found.unchecked.push(Unchecked::new(path, why));
                return 0;
            }
        };
        let caches = self.caches(directory, &entries);
        for (name, kind) in &entries {
            let text = format!("{}/{name}", directory.text);
            let path = directory.path.join(name);
            match kind {
                Kind::Directory if name == "__pycache__" => {}
                // Below a standard library lie the distributions, which are checked as such.
                Kind::Directory if !directory.is_listed && is_site(name) => {}
                Kind::Directory if directory.depth < MAX_DEPTH => more.push(Directory {
                    path,
                    text,
                    depth: directory.depth + 1,
                    is_listed: directory.is_listed,
                }),
                Kind::Directory => self.found.unchecked.push(Unchecked::new(
                    text,
                    Without::Unreadable("directories are nested too deeply".to_owned()),
                )),
                Kind::Link if path.is_dir() => self.link(directory, text),
                // Opening what a link to a pipe leads to would wait for ever.
                Kind::Link if !path.is_file() => {}
                Kind::File | Kind::Link => {
                    let stem = name.strip_suffix(".py");
                    let own = stem.and_then(|stem| caches.get(stem));
                    let is_claimed = self.file(&text, &path, own.map_or(&[][..], Vec::as_slice));
                    if directory.depth == 0 {
                        let hook = hooks::read(&text, name, &path, self.claims);
                        self.found.hooks.extend(hook);
                    }
                    if !is_claimed && directory.is_listed {
                        self.unlisted(directory, name, text, false);
                    }
                }
                Kind::Other => {}
            }
        }
        entries.len() + caches.values().map(Vec::len).sum::<usize>()
    }

    /// A link to a directory is a package like any other.
    fn link(&mut self, directory: &Directory, text: String) {
        if directory.is_listed && self.claims.of(&text).next().is_none() {
            self.unlisted(directory, "", text, true);
        }
    }

    fn unlisted(&mut self, directory: &Directory, name: &str, path: String, is_link: bool) {
        let is_declared = name == "entry_points.txt" && directory.text.ends_with(".dist-info");
        if is_link || is_declared || is_code(name) {
            if self.found.loose.len() < MAX_PROBLEMS {
                self.found.loose.push(Loose { path, is_link });
            }
        } else {
            self.found.counts.data += 1;
        }
    }

    /// The bytecode of a directory, by the stem of its source.
    fn caches(
        &mut self,
        directory: &Directory,
        entries: &[(String, Kind)],
    ) -> HashMap<String, Vec<(String, PathBuf)>> {
        let mut out: HashMap<String, Vec<(String, PathBuf)>> = HashMap::new();
        let is_cache = |(name, kind): &&(String, Kind)| {
            name == "__pycache__" && matches!(kind, Kind::Directory | Kind::Link)
        };
        if !entries.iter().any(|entry| is_cache(&entry)) {
            return out;
        }
        let folder = directory.path.join("__pycache__");
        for (name, kind) in list(&folder).unwrap_or_default() {
            let path = folder.join(&name);
            let text = format!("{}/__pycache__/{name}", directory.text);
            // Few distributions ship bytecode with hashes.
            let mut claims = self.claims.of(&text).peekable();
            if claims.peek().is_some() {
                let stated = claims.any(|(_, claim)| claim.digest != Stated::None);
                self.mark(&text);
                if stated && (kind == Kind::File || path.is_file()) {
                    self.file(&text, &path, &[]);
                }
            }
            let is_file = kind == Kind::File || (kind == Kind::Link && path.is_file());
            if name.ends_with(".pyc") && is_file {
                let stem = name.split('.').next().unwrap_or(&name).to_owned();
                out.entry(stem).or_default().push((name, path));
            }
        }
        out
    }

    fn mark(&self, text: &str) {
        for (_, claim) in self.claims.of(text) {
            claim.seen.store(true, Ordering::Relaxed);
        }
    }

    /// Reads a file, compares it with its claims and its bytecode with it. Answers whether it is claimed.
    fn file(&mut self, text: &str, path: &PathBuf, caches: &[(String, PathBuf)]) -> bool {
        self.mark(text);
        let is_claimed = self.claims.by_path.contains_key(text);
        let is_stated = self
            .claims
            .of(text)
            .any(|(_, claim)| claim.digest != Stated::None || claim.size.is_some());
        if !is_stated && caches.is_empty() {
            return is_claimed;
        }
        if let Err(error) = self.read(text, path, is_stated, caches) {
            let why = Without::Unreadable(error.to_string());
            self.found
                .unchecked
                .push(Unchecked::new(text.to_owned(), why));
        }
        is_claimed
    }

    fn read(
        &mut self,
        text: &str,
        path: &PathBuf,
        is_stated: bool,
        caches: &[(String, PathBuf)],
    ) -> std::io::Result<()> {
        let mut file = File::open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(std::io::Error::other("not a regular file"));
        }
        let size = metadata.len();
        let is_whole = size <= WHOLE;
        let mut hasher = Hasher::for_claims(self.claims.of(text).map(|(_, claim)| &claim.digest));
        self.buffer.clear();
        if is_whole {
            fill(&mut file, &mut self.buffer, size)?;
            if is_stated {
                hasher.update(&self.buffer);
            }
        } else if is_stated {
            let mut part = vec![0; PART];
            loop {
                let read = file.read(&mut part)?;
                match part.get(..read).filter(|part| !part.is_empty()) {
                    Some(part) => hasher.update(part),
                    None => break,
                }
            }
        }
        if is_stated {
            self.found.counts.files += 1;
            self.found.counts.bytes += size;
            let problem = hasher.judge(self.claims.of(text), text, &metadata);
            self.found.problems.extend(problem);
        }
        if is_whole && !caches.is_empty() {
            self.compare(text, &metadata, caches);
        }
        Ok(())
    }

    /// Compares the bytecode of the source in the buffer.
    fn compare(&mut self, text: &str, metadata: &fs::Metadata, caches: &[(String, PathBuf)]) {
        let modified = metadata.modified().ok();
        let time = modified.and_then(|t| t.duration_since(std::time::UNIX_EPOCH).ok());
        let time = time.map_or(0, |t| t.as_secs() as u32);
        let mut source = Source::new(&self.buffer, time);
        for (name, path) in caches {
            let came = match load(path, &mut self.bytecode) {
                Ok(()) => source.compare(name, &self.bytecode),
                Err(_) => Bytecode::Unreadable,
            };
            match came {
                Bytecode::Same => self.found.counts.bytecode += 1,
                Bytecode::Stale => self.found.counts.stale += 1,
                Bytecode::Different(difference) => self.found.problems.push(Problem {
                    file: cache_of(text, name),
                    distribution: self.claims.of(text).next().map(|(_, claim)| claim.by),
                    kind: ProblemKind::Bytecode {
                        source: text.to_owned(),
                        difference,
                    },
                }),
                Bytecode::Unreadable => self
                    .found
                    .unchecked
                    .push(Unchecked::new(cache_of(text, name), Without::Bytecode)),
            }
        }
    }
}

/// The path of a source's bytecode.
fn cache_of(source: &str, name: &str) -> String {
    let folder = source.rsplit_once('/').map_or("", |(folder, _)| folder);
    format!("{folder}/__pycache__/{name}")
}

/// The whole of a file that may have grown since.
fn fill(file: &mut File, buffer: &mut Vec<u8>, size: u64) -> std::io::Result<()> {
    buffer.reserve(size as usize + 1);
    file.take(size + 1).read_to_end(buffer).map(|_| ())
}

fn load(path: &PathBuf, buffer: &mut Vec<u8>) -> std::io::Result<()> {
    buffer.clear();
    let mut file = File::open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.len() > WHOLE {
        return Err(std::io::Error::other("not a regular file within the limit"));
    }
    fill(&mut file, buffer, metadata.len())
}

/// The entries of a directory. A name that is no Unicode is read as one that no RECORD has.
fn list(path: &PathBuf) -> std::io::Result<Vec<(String, Kind)>> {
    let mut out = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let kind = match entry.file_type() {
            Ok(kind) if kind.is_file() => Kind::File,
            Ok(kind) if kind.is_dir() => Kind::Directory,
            Ok(kind) if kind.is_symlink() => Kind::Link,
            _ => Kind::Other,
        };
        out.push((entry.file_name().to_string_lossy().into_owned(), kind));
        if out.len() > MAX_FILES {
            break;
        }
    }
    Ok(out)
}

fn is_site(name: &str) -> bool {
    matches!(name, "site-packages" | "dist-packages")
}

/// Whether Python or the system may run a file of this name.
fn is_code(name: &str) -> bool {
    let Some((_, ending)) = name.rsplit_once('.') else {
        return false;
    };
    let code = [
        "py", "pyw", "pyc", "pyd", "so", "dll", "dylib", "pth", "start", "exe", "egg-link",
    ];
    code.contains(&ending.to_ascii_lowercase().as_str()) || name.contains(".so.")
}
