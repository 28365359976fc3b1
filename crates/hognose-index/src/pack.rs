//! Many answers in few files.
//!
//! A run keeps hundreds of small answers, and making a file costs a file system more than anything else that is done
//! about an answer. So answers are appended, one after the other, to a file that this process has locked; whoever finds
//! all files locked begins another one. An entry is a frame of fixed size, then its two parts:
//!
//! | bytes | what |
//! |---|---|
//! | 8 | [`MAGIC`] |
//! | 32 | what was asked, as a digest |
//! | 8 | when it was written |
//! | 4, 4 | lengths of head and body |
//!
//! A process that is killed leaves a torn entry at the end, which readers pass over and the next writer cuts off. What
//! entries say is not believed here: whoever reads them checks the digest of their body.

mod others;

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::cache::MAX_HEAD;

/// First bytes of an entry; the last one is the version of the format.
const MAGIC: [u8; 8] = *b"hognose\x02";
/// Bytes of a frame.
const FRAME: usize = 56;
/// Ending of the files. Another version of the format has another one: it is neither read nor removed.
const ENDING: &str = "pack2";
/// A file that is larger gets no further entries: what is not asked for any more goes a file at a time.
const FULL: u64 = 32 << 20;
/// Most entries that are known at a time; more are not found.
const MAX_ENTRIES: usize = 500_000;
/// Most files; more are not made.
const MAX_FILES: u32 = 9_999;

/// How often a new file is made that somebody else takes.
const TRIES: usize = 8;

/// What was asked, as a digest.
pub(crate) type Key = [u8; 32];

/// The files of one directory.
#[derive(Debug)]
pub(crate) struct Packs {
    directory: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Entries are known as they were when this was first asked for, and what was written here since.
    is_read: bool,
    entries: HashMap<Key, Place>,
    files: Vec<Pack>,
    /// The file that is appended to.
    out: Option<usize>,
}

#[derive(Debug)]
struct Pack {
    path: PathBuf,
    file: File,
    /// Where the last whole entry ends.
    end: u64,
}

/// Where the newest entry about something is.
#[derive(Clone, Copy, Debug)]
struct Place {
    file: usize,
    /// Where its head begins.
    at: u64,
    written: u64,
    head: u32,
    body: u32,
}

impl Packs {
    /// Those in a directory, which is made when something is first kept.
    pub(crate) fn new(directory: &Path) -> Self {
        Self {
            directory: directory.to_owned(),
            state: Mutex::default(),
        }
    }

    /// The newest entry: head and body; none when there is none, or its body is over the limit.
    pub(crate) fn read(&self, key: &Key, limit: u64) -> Option<(Vec<u8>, Vec<u8>)> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.read_all(&self.directory);
        let place = *state.entries.get(key)?;
        if u64::from(place.body) > limit {
            return None;
        }
        let file = &mut state.files.get_mut(place.file)?.file;
        file.seek(SeekFrom::Start(place.at)).ok()?;
        let mut part = |length: u32| {
            let mut bytes = vec![0; usize::try_from(length).ok()?];
            file.read_exact(&mut bytes).ok()?;
            Some(bytes)
        };
        Some((part(place.head)?, part(place.body)?))
    }

    /// Appends an entry.
    pub(crate) fn write(
        &self,
        key: &Key,
        written: u64,
        head: &[u8],
        body: &[u8],
    ) -> io::Result<()> {
        let too_large = |_| io::Error::from(io::ErrorKind::FileTooLarge);
        let lengths = (
            u32::try_from(head.len()).map_err(too_large)?,
            u32::try_from(body.len()).map_err(too_large)?,
        );
        if head.len() > MAX_HEAD {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        // One write an entry: less is torn when the process is killed.
        let mut entry = Vec::with_capacity(FRAME + head.len() + body.len());
        entry.extend(MAGIC);
        entry.extend(key);
        entry.extend(written.to_le_bytes());
        entry.extend(lengths.0.to_le_bytes());
        entry.extend(lengths.1.to_le_bytes());
        entry.extend(head);
        entry.extend(body);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.read_all(&self.directory);
        let at = state.out(&self.directory)?;
        let Some(pack) = state.files.get_mut(at) else {
            return Err(io::ErrorKind::NotFound.into());
        };
        pack.file.seek(SeekFrom::Start(pack.end))?;
        if let Err(error) = pack.file.write_all(&entry) {
            // A full disk: what is torn is cut off at once, or by the next writer.
            let _ = pack.file.set_len(pack.end);
            return Err(error);
        }
        let place = Place {
            file: at,
            at: pack.end + FRAME as u64,
            written,
            head: lengths.0,
            body: lengths.1,
        };
        pack.end += entry.len() as u64;
        state.entries.insert(*key, place);
        Ok(())
    }
}

impl State {
    /// Learns what all files hold, once.
    fn read_all(&mut self, directory: &Path) {
        if std::mem::replace(&mut self.is_read, true) {
            return;
        }
        for path in paths(directory) {
            if let Some(pack) = open(path) {
                self.files.push(pack);
                self.scan(self.files.len() - 1);
            }
        }
    }

    /// Reads the frames of a file from where it was left. The bodies are passed over.
    fn scan(&mut self, at: usize) {
        let Some(pack) = self.files.get_mut(at) else {
            return;
        };
        let size = pack.file.metadata().map_or(0, |meta| meta.len());
        while let Some((key, place)) = frame(&mut pack.file, pack.end, at) {
            let end = place.at + u64::from(place.head) + u64::from(place.body);
            if end > size {
                break;
            }
            pack.end = end;
            let known = self.entries.get(&key).map(|old| old.written);
            let has_room = self.entries.len() < MAX_ENTRIES;
            if known.map_or(has_room, |old| old <= place.written) {
                self.entries.insert(key, place);
            }
        }
    }

    /// The file to append to: one of those that are there, or another one.
    fn out(&mut self, directory: &Path) -> io::Result<usize> {
        let is_full = |pack: &Pack| pack.end >= FULL;
        if let Some(at) = self.out
            && !self.files.get(at).is_none_or(is_full)
        {
            return Ok(at);
        }
        if let Some(at) = self.out.take()
            && let Some(pack) = self.files.get(at)
        {
            let _ = pack.file.unlock();
        }
        for at in 0..self.files.len() {
            if self.files.get(at).is_some_and(|pack| !is_full(pack)) && self.take(at).is_ok() {
                self.out = Some(at);
                return Ok(at);
            }
        }
        // Another process may lock a file between its being made and our locking it.
        for _ in 0..TRIES {
            let pack = make(directory)?;
            self.files.push(pack);
            let at = self.files.len() - 1;
            if self.take(at).is_ok() {
                self.out = Some(at);
                return Ok(at);
            }
        }
        Err(io::ErrorKind::WouldBlock.into())
    }

    /// Locks a file for as long as this process has it open, and cuts off what another left torn.
    fn take(&mut self, at: usize) -> io::Result<()> {
        let pack = self.files.get(at).ok_or(io::ErrorKind::NotFound)?;
        pack.file.try_lock()?;
        // It may have grown since it was read, or be gone.
        let is_there = others::is_same(&pack.file, &pack.path);
        self.scan(at);
        let pack = self.files.get(at).ok_or(io::ErrorKind::NotFound)?;
        let settled = if is_there && pack.end < FULL {
            pack.file.set_len(pack.end)
        } else {
            Err(io::ErrorKind::NotFound.into())
        };
        if settled.is_err() {
            let _ = pack.file.unlock();
        }
        settled
    }
}

/// A file that is there. Whoever cannot write here can still read.
fn open(path: PathBuf) -> Option<Pack> {
    let file = OpenOptions::new().read(true).write(true).open(&path);
    let file = file.or_else(|_| File::open(&path)).ok()?;
    Some(Pack { path, file, end: 0 })
}

/// Reads the frame at an offset; none at the end, and where there is none.
fn frame(file: &mut File, start: u64, at: usize) -> Option<(Key, Place)> {
    let mut bytes = [0; FRAME];
    file.seek(SeekFrom::Start(start)).ok()?;
    file.read_exact(&mut bytes).ok()?;
    let (magic, rest) = bytes.split_first_chunk::<8>()?;
    let (key, rest) = rest.split_first_chunk::<32>()?;
    let (written, rest) = rest.split_first_chunk::<8>()?;
    let (head, rest) = rest.split_first_chunk::<4>()?;
    let (body, _) = rest.split_first_chunk::<4>()?;
    let place = Place {
        file: at,
        at: start.checked_add(FRAME as u64)?,
        written: u64::from_le_bytes(*written),
        head: u32::from_le_bytes(*head),
        body: u32::from_le_bytes(*body),
    };
    let plausible = *magic == MAGIC && place.head as usize <= MAX_HEAD;
    plausible.then_some((*key, place))
}

/// A new file with the first name that is free, readable by its owner only.
fn make(directory: &Path) -> io::Result<Pack> {
    make_private(directory)?;
    for number in 0..=MAX_FILES {
        let path = directory.join(format!("{number:04}.{ENDING}"));
        match create(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => {
                let file = made?;
                return Ok(Pack { path, file, end: 0 });
            }
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

#[cfg(unix)]
fn create(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true).mode(0o600);
    options.open(path)
}

#[cfg(not(unix))]
fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true).open(path)
}

#[cfg(unix)]
fn make_private(directory: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
}

#[cfg(not(unix))]
fn make_private(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)
}

/// The files of a directory, in the order of their names.
fn paths(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == ENDING));
    paths.sort();
    paths
}

/// Removes the files that were not written to for longest, until at most `most` bytes are left, and the answers that
/// versions before this one kept in files of their own. Answers how many bytes are kept.
pub(crate) fn prune(directory: &Path, most: u64) -> u64 {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let is_old = name.len() == 2
            && name
                .to_string_lossy()
                .chars()
                .all(|c| c.is_ascii_hexdigit());
        if is_old {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    let mut files: Vec<_> = paths(directory)
        .into_iter()
        .filter_map(|path| {
            let meta = fs::metadata(&path).ok()?;
            Some((meta.modified().ok(), path, meta.len()))
        })
        .collect();
    files.sort();
    let mut total: u64 = files.iter().map(|(_, _, size)| size).sum();
    for (_, path, size) in files {
        if total <= most {
            break;
        }
        if fs::remove_file(&path).is_ok() {
            total -= size;
        }
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = [7; 32];

    fn put(packs: &Packs, key: Key, written: u64, body: &str) {
        packs
            .write(&key, written, b"head", body.as_bytes())
            .unwrap();
    }

    fn get(packs: &Packs, key: Key) -> Option<String> {
        let (head, body) = packs.read(&key, 1 << 20)?;
        assert_eq!(head, b"head");
        Some(String::from_utf8(body).unwrap())
    }

    #[test]
    fn the_newest_entry_counts() {
        let directory = tempfile::tempdir().unwrap();
        let packs = Packs::new(directory.path());
        assert_eq!(get(&packs, KEY), None);
        put(&packs, KEY, 1, "one");
        put(&packs, [8; 32], 1, "other");
        put(&packs, KEY, 2, "two");
        assert_eq!(get(&packs, KEY).as_deref(), Some("two"));
        assert_eq!(packs.read(&KEY, 2), None);
        // Another process finds the same, and writes elsewhere while this one is there.
        let other = Packs::new(directory.path());
        assert_eq!(get(&other, KEY).as_deref(), Some("two"));
        put(&other, KEY, 3, "three");
        assert_eq!(get(&packs, KEY).as_deref(), Some("two"));
        assert_eq!(paths(directory.path()).len(), 2);
        drop((packs, other));
        let third = Packs::new(directory.path());
        assert_eq!(get(&third, KEY).as_deref(), Some("three"));
        put(&third, [9; 32], 1, "x");
        assert_eq!(paths(directory.path()).len(), 2);
    }

    /// Cut at every byte: what was whole before stays, what is torn is nothing, and the next writer mends the file.
    #[test]
    fn killed_in_the_middle() {
        let directory = tempfile::tempdir().unwrap();
        put(&Packs::new(directory.path()), KEY, 1, "whole");
        let path = paths(directory.path()).remove(0);
        let first = fs::metadata(&path).unwrap().len();
        put(&Packs::new(directory.path()), [8; 32], 1, "torn");
        let both = fs::read(&path).unwrap();
        for end in first..both.len() as u64 {
            fs::write(&path, &both[..usize::try_from(end).unwrap()]).unwrap();
            let packs = Packs::new(directory.path());
            assert_eq!(get(&packs, KEY).as_deref(), Some("whole"));
            assert_eq!(get(&packs, [8; 32]), None);
            put(&packs, [9; 32], 1, "next");
            drop(packs);
            let packs = Packs::new(directory.path());
            assert_eq!(get(&packs, KEY).as_deref(), Some("whole"));
            assert_eq!(get(&packs, [9; 32]).as_deref(), Some("next"));
        }
    }

    #[test]
    fn several_at_once() {
        let directory = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for writer in 0..4_u8 {
                let directory = directory.path();
                scope.spawn(move || {
                    for round in 0..50_u8 {
                        let packs = Packs::new(directory);
                        let mut key = [writer; 32];
                        key[0] = round;
                        put(&packs, key, 1, &format!("{writer} {round}"));
                        assert!(get(&packs, key).is_some());
                    }
                });
            }
        });
        let packs = Packs::new(directory.path());
        for writer in 0..4_u8 {
            for round in 0..50_u8 {
                let mut key = [writer; 32];
                key[0] = round;
                assert_eq!(get(&packs, key), Some(format!("{writer} {round}")));
            }
        }
        assert!(paths(directory.path()).len() <= 8);
    }

    #[test]
    fn older_and_newer_forms() {
        let directory = tempfile::tempdir().unwrap();
        let newer = directory.path().join("0000.pack3");
        fs::write(&newer, "something else").unwrap();
        let older = directory.path().join("ab/cdef");
        fs::create_dir_all(older.parent().unwrap()).unwrap();
        fs::write(&older, "{}\nbody").unwrap();
        put(&Packs::new(directory.path()), KEY, 1, "body");
        assert!(prune(directory.path(), u64::MAX) > 0);
        assert!(newer.exists() && !older.exists());
        assert_eq!(prune(directory.path(), 0), 0);
        assert!(newer.exists());
    }

    proptest::proptest! {
        #[test]
        fn any_file_is_survived(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300), valid: bool) {
            let directory = tempfile::tempdir().unwrap();
            let mut all = if valid { MAGIC.to_vec() } else { Vec::new() };
            all.extend(&bytes);
            fs::write(directory.path().join("0000.pack2"), &all).unwrap();
            let packs = Packs::new(directory.path());
            let _ = packs.read(&KEY, 1 << 20);
            put(&packs, KEY, u64::MAX, "body");
            proptest::prop_assert_eq!(get(&packs, KEY), Some("body".to_owned()));
        }
    }
}
