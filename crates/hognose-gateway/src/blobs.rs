//! Artifacts on disk, each under the sha256 of its bytes.
//!
//! A file gets its place only when its digest is the one announced; until then it has no name that anything is served
//! from. It is sent on while it comes, but for its last piece, which waits for the digest: what is wrong is cut off and
//! never whole. Any number of clients that want one file wait for one download.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::{self, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use tokio::sync::watch;

use crate::shared::{Shared, SharedError, Turns};
use crate::verified::Verified;

/// Largest artifact that is kept in memory.
const SMALL: usize = 4 << 20;
/// Most bytes of artifacts kept in memory.
const MEMORY: usize = 16 << 20;
/// Most downloads at a time.
const MAX_FLIGHTS: usize = 48;
/// How often an artifact is marked as used.
const USED: Duration = Duration::from_hours(1);

/// Artifacts on disk.
#[derive(Debug)]
pub struct Blobs {
    directory: PathBuf,
    max_bytes: u64,
    bytes: AtomicU64,
    memory: Mutex<Memory>,
    flights: Mutex<HashMap<String, Arc<Flight>>>,
    /// Artifacts whose bytes were seen to be those of their name, with the size and time they had then.
    verified: Verified,
    common: Option<Common>,
}

/// What is shared with other nodes.
struct Common {
    shared: Arc<dyn Shared>,
    turns: Turns,
    taken: AtomicU64,
    failures: AtomicU64,
}

impl std::fmt::Debug for Common {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Common")
            .field("shared", &self.shared)
            .finish_non_exhaustive()
    }
}

/// An artifact that is there.
#[derive(Clone, Debug)]
pub struct Blob {
    /// Its sha256.
    pub sha256: String,
    /// Where it is.
    pub path: PathBuf,
    /// Its size in bytes.
    pub size: u64,
}

/// How far a download is.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// Bytes that may be sent on.
    pub ready: u64,
    /// Size of the whole, where the upstream says.
    pub length: Option<u64>,
    /// How it ended.
    pub done: Option<Result<Blob, Arc<str>>>,
}

/// A download that others can follow.
#[derive(Debug)]
pub struct Flight {
    /// The file being written; it may be gone once the download is done.
    pub path: PathBuf,
    progress: watch::Receiver<Progress>,
}

impl Flight {
    /// How far it is, and news of it.
    pub fn watch(&self) -> watch::Receiver<Progress> {
        self.progress.clone()
    }

    /// Waits for the end.
    pub async fn finish(&self) -> Result<Blob, Arc<str>> {
        let mut progress = self.progress.clone();
        let done = progress.wait_for(|p| p.done.is_some()).await;
        match done.map(|p| p.done.clone()) {
            Ok(Some(end)) => end,
            _ => Err("the download was given up".into()),
        }
    }
}

/// Takes a flight off the list however it ends: one that broke off must not be followed for ever.
struct Landing {
    blobs: Arc<Blobs>,
    key: String,
}

impl Drop for Landing {
    fn drop(&mut self) {
        let flights = &self.blobs.flights;
        let mut flights = flights.lock().unwrap_or_else(PoisonError::into_inner);
        flights.remove(&self.key);
    }
}

/// What takes the bytes of a download, told of the whole size first.
pub type Sink<'a> = &'a mut dyn FnMut(&[u8], Option<u64>) -> io::Result<()>;
/// Downloads: gives every piece to the sink, answers the sha256 that it verified, or why not.
pub type Fetch = Box<dyn FnOnce(Sink<'_>) -> Result<String, String> + Send>;

#[derive(Debug, Default)]
struct Memory {
    held: BTreeMap<String, (Bytes, u64)>,
    bytes: usize,
    clock: u64,
}

impl Blobs {
    /// Opens a directory of ours, making it where it is missing, and clears what was never finished.
    pub fn open(directory: &Path, max_bytes: u64) -> io::Result<Self> {
        fs::create_dir_all(directory)?;
        let blobs = Self {
            directory: directory.to_owned(),
            max_bytes,
            bytes: AtomicU64::new(0),
            memory: Mutex::default(),
            flights: Mutex::default(),
            verified: Verified::default(),
            common: None,
        };
        let total = blobs.list()?.iter().map(|(_, size, _)| size).sum();
        blobs.bytes.store(total, Ordering::Relaxed);
        Ok(blobs)
    }

    /// With a store that other nodes share: what one of them fetched, the others take from there. The directory is what
    /// this node served lately.
    #[must_use]
    pub fn with_shared(self, shared: Arc<dyn Shared>, turns: Turns) -> Self {
        Self {
            common: Some(Common {
                shared,
                turns,
                taken: AtomicU64::new(0),
                failures: AtomicU64::new(0),
            }),
            ..self
        }
    }

    /// Artifacts taken from the store that is shared, and how often it failed; none where nothing is shared.
    pub fn common(&self) -> Option<(u64, u64)> {
        let of = |c: &Common| {
            let read = |n: &AtomicU64| n.load(Ordering::Relaxed);
            (read(&c.taken), read(&c.failures))
        };
        self.common.as_ref().map(of)
    }

    /// An artifact that is there. Its name is believed once its bytes were looked at: a disk may err, and others may
    /// write to it. What is wrong goes, and is fetched anew.
    pub fn find(&self, sha256: &str) -> Option<Blob> {
        let path = self.place(sha256)?;
        let found = fs::metadata(&path).ok()?;
        if !self.verified.has(sha256, &path, &found) {
            // Where it cannot be removed it is looked at again next time.
            let _ = fs::remove_file(&path);
            return None;
        }
        let age = found.modified().ok()?.elapsed().unwrap_or_default();
        if age > USED
            && let Ok(file) = fs::File::options().write(true).open(&path)
        {
            // Only a hint for what to drop first.
            let _ = file.set_modified(SystemTime::now());
            drop(file);
            self.verified.put(sha256, &path);
        }
        Some(Blob {
            sha256: sha256.to_owned(),
            path,
            size: found.len(),
        })
    }

    /// The bytes of a small artifact that was asked for lately.
    pub fn remembered(&self, sha256: &str) -> Option<Bytes> {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.clock += 1;
        let clock = memory.clock;
        let (bytes, used) = memory.held.get_mut(sha256)?;
        *used = clock;
        Some(bytes.clone())
    }

    /// Reads a small artifact and remembers it; larger ones are for the caller to read piece by piece.
    pub fn load(&self, blob: &Blob) -> io::Result<Option<Bytes>> {
        if blob.size > SMALL as u64 {
            return Ok(None);
        }
        let bytes = Bytes::from(fs::read(&blob.path)?);
        self.remember(&blob.sha256, &bytes);
        Ok(Some(bytes))
    }

    /// Keeps bytes in memory under a name, as long as there is room.
    pub fn remember(&self, name: &str, bytes: &Bytes) {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.clock += 1;
        let clock = memory.clock;
        memory.bytes += bytes.len();
        if let Some((old, _)) = memory.held.insert(name.to_owned(), (bytes.clone(), clock)) {
            memory.bytes -= old.len();
        }
        while memory.bytes > MEMORY {
            let oldest = memory.held.iter().min_by_key(|(_, (_, used))| *used);
            let Some(oldest) = oldest.map(|(digest, _)| digest.clone()) else {
                break;
            };
            if let Some((old, _)) = memory.held.remove(&oldest) {
                memory.bytes -= old.len();
            }
        }
    }

    /// Follows the download of `key`, starting it where nobody has. Where the digest is announced, other nodes are asked
    /// first.
    pub fn follow(
        self: &Arc<Self>,
        key: &str,
        announced: Option<&str>,
        fetch: Fetch,
    ) -> io::Result<Arc<Flight>> {
        let mut flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = flights.get(key) {
            return Ok(Arc::clone(flight));
        }
        // Each holds a thread as long as its upstream likes: pages must go on coming.
        if flights.len() >= MAX_FLIGHTS {
            return Err(io::Error::other("too many downloads at a time; try again"));
        }
        let temporary = tempfile::Builder::new()
            .prefix(".coming-")
            .tempfile_in(&self.directory)?;
        let (sender, progress) = watch::channel(Progress::default());
        let flight = Arc::new(Flight {
            path: temporary.path().to_owned(),
            progress,
        });
        flights.insert(key.to_owned(), Arc::clone(&flight));
        drop(flights);
        let landing = Landing {
            blobs: Arc::clone(self),
            key: key.to_owned(),
        };
        let announced = announced.map(str::to_owned);
        tokio::task::spawn_blocking(move || {
            let blobs = Arc::clone(&landing.blobs);
            let (done, turn) = blobs.bring(temporary, announced.as_deref(), fetch, &sender);
            let brought = done.clone();
            // First the flight goes, then the word is out: who comes in between finds the file or starts anew.
            drop(landing);
            sender.send_modify(|p| {
                if let Ok(blob) = &done {
                    p.ready = blob.size;
                    p.length = Some(blob.size);
                }
                p.done = Some(done.map_err(Arc::from));
            });
            // Nobody here waits for this; who waits elsewhere does so until the turn is over.
            if let (Some(turn), Ok(blob)) = (turn, brought) {
                blobs.give(&blob);
                drop(turn);
            }
        });
        Ok(flight)
    }

    /// Takes an artifact from other nodes, else from where it comes from: then with a turn that is held until the others
    /// can have it.
    fn bring(
        &self,
        mut temporary: tempfile::NamedTempFile,
        announced: Option<&str>,
        fetch: Fetch,
        sender: &watch::Sender<Progress>,
    ) -> (Result<Blob, String>, Option<Turn>) {
        let (Some(common), Some(sha256)) = (&self.common, announced) else {
            let turn = self.common.as_ref().map(|_| None);
            return (self.receive(temporary, fetch, sender), turn);
        };
        let mut turn = None;
        for _ in 0..2 {
            match common.take(&mut temporary, sha256) {
                Ok(Some(size)) => return (self.keep(temporary, sha256, size), None),
                Ok(None) if turn.is_none() => {
                    turn = Some((common.turns)(&format!("artifact {sha256}")));
                }
                Ok(None) => break,
                Err(reason) => {
                    // What cannot be had from the others is fetched; what is wrong there is written anew.
                    common.failures.fetch_add(1, Ordering::Relaxed);
                    turn = turn.or(Some(None));
                    if let SharedError::Here(e) = reason {
                        return (Err(unkept(&e)), None);
                    }
                    break;
                }
            }
        }
        (self.receive(temporary, fetch, sender), turn)
    }

    /// Gives an artifact to the other nodes.
    fn give(&self, blob: &Blob) {
        if let Some(common) = &self.common
            && common
                .shared
                .put(&blob.sha256, &blob.path, blob.size)
                .is_err()
        {
            common.failures.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn receive(
        &self,
        mut temporary: tempfile::NamedTempFile,
        fetch: Fetch,
        sender: &watch::Sender<Progress>,
    ) -> Result<Blob, String> {
        let mut written = 0_u64;
        let sha256 = fetch(&mut |piece, length| {
            temporary.write_all(piece)?;
            // The piece before this one may go: this one waits for the digest, should it be the last.
            sender.send_modify(|p| {
                p.ready = written;
                p.length = length;
            });
            written += piece.len() as u64;
            Ok(())
        })?;
        self.keep(temporary, &sha256, written)
    }

    /// Gives a file the place of its digest.
    fn keep(
        &self,
        temporary: tempfile::NamedTempFile,
        sha256: &str,
        written: u64,
    ) -> Result<Blob, String> {
        let path = self
            .place(sha256)
            .ok_or_else(|| "the digest is none".to_owned())?;
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|e| unkept(&e))?;
        }
        temporary.as_file().sync_data().map_err(|e| unkept(&e))?;
        temporary.persist(&path).map_err(|e| unkept(&e.error))?;
        self.verified.put(sha256, &path);
        let total = self.bytes.fetch_add(written, Ordering::Relaxed) + written;
        if total > self.max_bytes {
            // What is dropped can be fetched again; failing to drop harms nobody now.
            let _ = self.shrink_but(self.max_bytes / 10 * 9, Some(&path));
        }
        Ok(Blob {
            sha256: sha256.to_owned(),
            path,
            size: written,
        })
    }

    /// Drops artifacts, those not used for longest first, until at most so many bytes are left. Answers how many
    /// artifacts and bytes went.
    pub fn shrink(&self, keep: u64) -> io::Result<(usize, u64)> {
        self.shrink_but(keep, None)
    }

    /// The same, but for one that just came: it is about to be read.
    fn shrink_but(&self, keep: u64, newest: Option<&Path>) -> io::Result<(usize, u64)> {
        let mut all = self.list()?;
        all.sort_by_key(|(_, _, used)| *used);
        let mut total: u64 = all.iter().map(|(_, size, _)| size).sum();
        let (mut files, mut bytes) = (0, 0);
        for (path, size, _) in all {
            if total <= keep {
                break;
            }
            if newest == Some(path.as_path()) {
                continue;
            }
            match fs::remove_file(&path) {
                Ok(()) => (files, bytes) = (files + 1, bytes + size),
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(e) => return Err(e),
            }
            total -= size;
        }
        self.bytes.store(total, Ordering::Relaxed);
        Ok((files, bytes))
    }

    /// Bytes of all artifacts.
    pub fn size(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// The place of a digest; none for what is no digest.
    fn place(&self, sha256: &str) -> Option<PathBuf> {
        let plain = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
        if sha256.len() != 64 || !sha256.bytes().all(plain) {
            return None;
        }
        Some(self.directory.join(sha256.get(..2)?).join(sha256))
    }

    /// Path, size and last use of every artifact; what was left half-written goes.
    fn list(&self) -> io::Result<Vec<(PathBuf, u64, SystemTime)>> {
        let mut out = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            let entry = entry?;
            if !entry.file_type()?.is_dir() {
                let old = entry.metadata().and_then(|m| m.modified());
                let age = old.ok().and_then(|m| m.elapsed().ok()).unwrap_or_default();
                // Another process may still write a young one.
                if entry.file_name().to_string_lossy().starts_with(".coming-")
                    && age > Duration::from_hours(24)
                {
                    let _ = fs::remove_file(entry.path());
                }
                continue;
            }
            for file in fs::read_dir(entry.path())? {
                let file = file?;
                let about = file.metadata()?;
                let used = about.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                out.push((file.path(), about.len(), used));
            }
        }
        Ok(out)
    }
}

/// A turn at fetching; empty where none could be had, and the others are to have the artifact all the same.
type Turn = Option<Box<dyn std::any::Any + Send>>;

impl Common {
    /// Takes an artifact from the store that is shared. Its size, or none where it is not there; the file is empty then.
    fn take(
        &self,
        temporary: &mut tempfile::NamedTempFile,
        sha256: &str,
    ) -> Result<Option<u64>, SharedError> {
        let mut size = 0_u64;
        let got = self.shared.get(sha256, &mut |piece| {
            size += piece.len() as u64;
            temporary.write_all(piece)
        });
        if let Ok(true) = got {
            self.taken.fetch_add(1, Ordering::Relaxed);
            return Ok(Some(size));
        }
        let file = temporary.as_file_mut();
        let emptied = file.set_len(0).and_then(|()| file.rewind());
        emptied.map_err(|e| SharedError::Here(Arc::new(e)))?;
        got.map(|_| None)
    }
}

fn unkept(error: &io::Error) -> String {
    format!("the artifact cannot be kept: {error}")
}
