//! What indexes said before, kept below the cache directory: one journal for each index.
//!
//! A line is the name of a project, a tab and what was seen of it; the last line of a project counts. Lines of a run are
//! appended in one write by whoever holds the lock, so two runs and a killed one leave whole lines behind; of two runs at
//! the same time the later one's look stays. What a newer version of the program wrote is neither read nor replaced.
//! Earlier versions kept a file for each project, which counts where the journal has no line.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use hognose_identity::history::{FORMAT, Past};
use sha2::{Digest as _, Sha256};

/// Longer than what is seen of any project.
const MAX_LINE: u64 = 4 << 20;
/// Journals are not longer.
const MAX_JOURNAL: u64 = 256 << 20;
/// Journals that are longer, and half of whose bytes are of former lines, are written anew.
const SHORT: u64 = 1 << 20;
/// How often another process is waited for.
const TRIES: u32 = 100;
/// How long, each time.
const PAUSE: Duration = Duration::from_millis(20);

/// The directory of what was seen.
#[derive(Debug)]
pub(in crate::commands) struct History {
    directory: PathBuf,
    /// The projects whose past matters.
    names: BTreeSet<String>,
    journals: BTreeMap<String, Journal>,
}

/// What is known of one index.
#[derive(Debug, Default)]
struct Journal {
    /// The last lines of projects that matter, without their names.
    lines: BTreeMap<String, String>,
    /// Lines to append.
    new: Vec<u8>,
}

/// What is kept of one project.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::commands) enum Kept {
    /// Nothing, or nothing that can be read.
    Nothing,
    /// What an older look saw.
    Past(Box<Past>),
    /// Something that only a newer version of the program understands.
    Newer,
}

#[derive(serde::Deserialize)]
struct Format {
    format: u32,
}

impl History {
    pub(in crate::commands) fn new(cache: &Path, names: impl Iterator<Item = String>) -> Self {
        Self {
            directory: cache.join("history"),
            names: names.collect(),
            journals: BTreeMap::new(),
        }
    }

    fn path(&self, index: &str) -> PathBuf {
        self.directory.join(format!("{}.jsonl", digest(&[index])))
    }

    /// Where earlier versions kept what they saw.
    fn old_path(&self, index: &str, name: &str) -> PathBuf {
        self.directory
            .join(format!("{}.json", digest(&[index, name])))
    }

    /// What was seen of a project.
    pub(in crate::commands) fn recall(&mut self, index: &str, name: &str) -> Kept {
        if !self.journals.contains_key(index) {
            let journal = Journal {
                lines: self.lines(index),
                new: Vec::new(),
            };
            self.journals.insert(index.to_owned(), journal);
        }
        let line = self.journals.get(index).and_then(|j| j.lines.get(name));
        let old = || {
            let path = self.old_path(index, name);
            let is_small = fs::metadata(&path).is_ok_and(|meta| meta.len() <= MAX_LINE);
            is_small.then(|| fs::read_to_string(&path).ok()).flatten()
        };
        let Some(text) = line.cloned().or_else(old) else {
            return Kept::Nothing;
        };
        match serde_json::from_str::<Format>(&text) {
            Ok(found) if found.format > FORMAT => Kept::Newer,
            Ok(_) => match serde_json::from_str::<Past>(&text) {
                // A line that was put in another's place is nobody's past.
                Ok(past) if past.name == name && past.index == index => Kept::Past(Box::new(past)),
                _ => Kept::Nothing,
            },
            Err(_) => Kept::Nothing,
        }
    }

    /// The last lines of the projects that matter.
    fn lines(&self, index: &str) -> BTreeMap<String, String> {
        let mut out = BTreeMap::new();
        if let Ok(file) = File::open(self.path(index)) {
            let _ = each_line(file, |name, line| {
                if self.names.contains(name) {
                    out.insert(name.to_owned(), line.to_owned());
                }
            });
        }
        out
    }

    /// Notes what is to be kept; [`save`](Self::save) writes it.
    pub(in crate::commands) fn keep(&mut self, past: &Past) -> io::Result<()> {
        let line = serde_json::to_vec(past)?;
        let journal = self.journals.entry(past.index.clone()).or_default();
        if past.name.bytes().all(|b| b.is_ascii_graphic()) {
            journal.new.extend(past.name.as_bytes());
            journal.new.push(b'\t');
            journal.new.extend(line);
            journal.new.push(b'\n');
        }
        Ok(())
    }

    /// Appends all that is to be kept.
    pub(in crate::commands) fn save(&mut self) -> io::Result<()> {
        let journals = std::mem::take(&mut self.journals);
        if journals.values().all(|journal| journal.new.is_empty()) {
            return Ok(());
        }
        fs::create_dir_all(&self.directory)?;
        let _lock = self.lock()?;
        for (index, journal) in journals {
            if !journal.new.is_empty() {
                self.append(&self.path(&index), &journal.new)?;
            }
        }
        Ok(())
    }

    /// Waits for others that write; the lock ends with the file.
    fn lock(&self) -> io::Result<File> {
        let mut options = OpenOptions::new();
        let path = self.directory.join("lock");
        let file = options
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        for _ in 1..TRIES {
            match file.try_lock() {
                Err(fs::TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
                other => return other.map(|()| file).map_err(io::Error::from),
            }
        }
        file.try_lock()?;
        Ok(file)
    }

    fn append(&self, path: &Path, lines: &[u8]) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        let mut file = options.open(path)?;
        let size = file.metadata()?.len();
        if size > MAX_JOURNAL {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        mend(&mut file, size)?;
        file.write_all(lines)?;
        if size > SHORT {
            file.seek(SeekFrom::Start(0))?;
            self.shorten(path, file)?;
        }
        Ok(())
    }

    /// Writes a journal anew when most of it is of former lines.
    fn shorten(&self, path: &Path, file: File) -> io::Result<()> {
        let size = file.metadata()?.len();
        let mut last: BTreeMap<String, String> = BTreeMap::new();
        each_line(file, |name, line| {
            last.insert(name.to_owned(), line.to_owned());
        })?;
        let live: usize = last.iter().map(|(n, l)| n.len() + l.len() + 2).sum();
        if live as u64 > size / 2 {
            return Ok(());
        }
        let text = last
            .iter()
            .fold(String::with_capacity(live), |text, (name, line)| {
                text + name + "\t" + line + "\n"
            });
        let mut new = tempfile::Builder::new()
            .prefix(".new-")
            .tempfile_in(&self.directory)?;
        new.write_all(text.as_bytes())?;
        new.persist(path).map_err(|e| e.error)?;
        Ok(())
    }
}

/// Cuts off the half line that a process left which was killed.
fn mend(file: &mut File, size: u64) -> io::Result<()> {
    let mut last = [b'\n'];
    if size > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    if last == [b'\n'] {
        return Ok(());
    }
    let start = size.saturating_sub(MAX_LINE);
    file.seek(SeekFrom::Start(start))?;
    let mut tail = Vec::new();
    file.take(MAX_LINE).read_to_end(&mut tail)?;
    let end = tail.iter().rposition(|b| *b == b'\n');
    file.set_len(end.map_or(start, |at| start + at as u64 + 1))
}

/// Tells of every whole line; what is no text or too long is passed over.
fn each_line(file: File, mut tell: impl FnMut(&str, &str)) -> io::Result<()> {
    let mut reader = BufReader::with_capacity(64 << 10, file);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = reader
            .by_ref()
            .take(MAX_LINE)
            .read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(());
        }
        if line.pop() != Some(b'\n') {
            skip_line(&mut reader)?;
            continue;
        }
        let text = std::str::from_utf8(&line).ok();
        if let Some((name, rest)) = text.and_then(|text| text.split_once('\t')) {
            tell(name, rest);
        }
    }
}

/// Passes over the rest of a line.
fn skip_line(reader: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = reader.fill_buf()?;
        let end = buffer.iter().position(|b| *b == b'\n');
        let used = end.map_or(buffer.len(), |at| at + 1);
        let is_over = end.is_some() || buffer.is_empty();
        reader.consume(used);
        if is_over {
            return Ok(());
        }
    }
}

fn digest(parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let digest = hasher.finalize();
    digest
        .iter()
        .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use hognose_identity::history::{Look, Seen};

    use super::*;

    const INDEX: &str = "https://index.example/simple/";

    fn past(name: &str, at: i64) -> Past {
        let look = Look {
            at,
            present: true,
            owners: Some(["ada".to_owned()].into()),
            ..Look::default()
        };
        let seen = Seen {
            version: "1.0".to_owned(),
            sha256: None,
            at,
        };
        Past {
            format: FORMAT,
            name: name.to_owned(),
            index: INDEX.to_owned(),
            looks: vec![look],
            files: BTreeMap::from([("acme-1.0.tar.gz".to_owned(), seen)]),
        }
    }

    fn history(cache: &Path) -> History {
        History::new(cache, ["acme", "other"].map(str::to_owned).into_iter())
    }

    fn keep(cache: &Path, pasts: &[Past]) {
        let mut history = history(cache);
        for past in pasts {
            history.keep(past).unwrap();
        }
        history.save().unwrap();
    }

    fn kept(past: &Past) -> Kept {
        Kept::Past(Box::new(past.clone()))
    }

    #[test]
    fn what_is_kept_comes_back() {
        let cache = tempfile::tempdir().unwrap();
        let past = past("acme", 7);
        assert_eq!(history(cache.path()).recall(INDEX, "acme"), Kept::Nothing);
        keep(cache.path(), std::slice::from_ref(&past));
        assert_eq!(history(cache.path()).recall(INDEX, "acme"), kept(&past));
        // Another index is another past, and a line in another's place is none.
        let elsewhere = history(cache.path()).recall("https://other.example/", "acme");
        assert_eq!(elsewhere, Kept::Nothing);
        let path = history(cache.path()).path(INDEX);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace("acme\t", "other\t")).unwrap();
        assert_eq!(history(cache.path()).recall(INDEX, "other"), Kept::Nothing);
    }

    #[test]
    fn the_last_line_counts_and_torn_ones_do_not() {
        let cache = tempfile::tempdir().unwrap();
        keep(cache.path(), &[past("acme", 1), past("other", 1)]);
        keep(cache.path(), &[past("acme", 2)]);
        let path = history(cache.path()).path(INDEX);
        let whole = fs::read(&path).unwrap();
        let last = whole
            .iter()
            .rev()
            .skip(1)
            .position(|b| *b == b'\n')
            .unwrap();
        for cut in 0..last {
            fs::write(&path, &whole[..whole.len() - 1 - cut]).unwrap();
            let mut history = history(cache.path());
            assert_eq!(history.recall(INDEX, "acme"), kept(&past("acme", 1)));
            keep(cache.path(), &[past("other", 3)]);
            let mut history = self::history(cache.path());
            assert_eq!(history.recall(INDEX, "acme"), kept(&past("acme", 1)));
            assert_eq!(history.recall(INDEX, "other"), kept(&past("other", 3)));
        }
        fs::write(&path, &whole).unwrap();
        let found = history(cache.path()).recall(INDEX, "acme");
        assert_eq!(found, kept(&past("acme", 2)));
    }

    #[test]
    fn former_lines_are_dropped_in_time() {
        let cache = tempfile::tempdir().unwrap();
        let many: Vec<Past> = (0..6_000).map(|at| past("acme", at)).collect();
        keep(cache.path(), &many);
        keep(cache.path(), &[past("other", 1)]);
        let path = history(cache.path()).path(INDEX);
        assert!(fs::metadata(&path).unwrap().len() < 2_000);
        let mut history = history(cache.path());
        assert_eq!(history.recall(INDEX, "acme"), kept(&past("acme", 5_999)));
        assert_eq!(history.recall(INDEX, "other"), kept(&past("other", 1)));
    }

    /// Old reader, new data: fields that it does not know are passed over; another number is left alone.
    #[test]
    fn newer_data() {
        let cache = tempfile::tempdir().unwrap();
        keep(cache.path(), &[past("acme", 7)]);
        let path = history(cache.path()).path(INDEX);
        let text = fs::read_to_string(&path).unwrap();
        let more = text.replacen('{', "{\"colour\":[1],", 1);
        fs::write(
            &path,
            more.replace("\"present\"", "\"mood\":\"calm\",\"present\""),
        )
        .unwrap();
        let found = history(cache.path()).recall(INDEX, "acme");
        assert!(matches!(found, Kept::Past(_)));
        let newer = format!("acme\t{{\"format\":{},\"looks\":\"packed\"}}\n", FORMAT + 1);
        fs::write(&path, newer).unwrap();
        assert_eq!(history(cache.path()).recall(INDEX, "acme"), Kept::Newer);
    }

    /// New reader, old data: the first form had no more than this, in a file of its own.
    #[test]
    fn older_and_damaged_data() {
        let cache = tempfile::tempdir().unwrap();
        let old = history(cache.path()).old_path("i", "acme");
        fs::create_dir_all(old.parent().unwrap()).unwrap();
        let least = r#"{"format":1,"name":"acme","index":"i","looks":[{"at":1,"present":true}]}"#;
        fs::write(&old, least).unwrap();
        let recall = || history(cache.path()).recall("i", "acme");
        assert!(matches!(recall(), Kept::Past(_)));
        for damaged in ["", "{", "[]", "{\"format\":1}", "{\"format\":-1}", "\u{0}"] {
            fs::write(&old, damaged).unwrap();
            assert_eq!(recall(), Kept::Nothing, "{damaged}");
            let line = format!("acme\t{damaged}\n");
            fs::write(history(cache.path()).path("i"), line).unwrap();
            assert_eq!(recall(), Kept::Nothing, "{damaged}");
        }
        let long = [b"acme\t".to_vec(), vec![b'x'; 9 << 20], b"\n".to_vec()].concat();
        let good = format!("acme\t{least}\n").into_bytes();
        fs::write(history(cache.path()).path("i"), [long, good].concat()).unwrap();
        assert!(matches!(recall(), Kept::Past(_)));
    }

    #[test]
    fn several_at_once_leave_whole_lines() {
        let cache = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let cache = cache.path();
                scope.spawn(move || {
                    for round in 0..25 {
                        keep(cache, &[past("acme", writer * 100 + round)]);
                    }
                });
            }
        });
        let path = history(cache.path()).path(INDEX);
        assert_eq!(fs::read_to_string(path).unwrap().lines().count(), 100);
        let found = history(cache.path()).recall(INDEX, "acme");
        assert!(matches!(found, Kept::Past(_)));
    }
}
