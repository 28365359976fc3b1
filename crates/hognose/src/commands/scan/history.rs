//! What indexes said before, kept below the cache directory: one small file for each project of each index.
//!
//! A file is written beside its place and renamed, so two runs and a killed one leave whole files behind; of two runs
//! at the same time the later one's look stays. What a newer version of the program wrote is neither read nor replaced.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use hognose_identity::history::{FORMAT, Past};
use sha2::{Digest as _, Sha256};

/// Larger than any of ours.
const MAX_FILE: u64 = 4 << 20;

/// The directory of what was seen.
#[derive(Debug)]
pub(super) struct History {
    directory: PathBuf,
}

/// What is kept of one project.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kept {
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
    pub(super) fn new(cache: &Path) -> Self {
        Self {
            directory: cache.join("history"),
        }
    }

    fn path(&self, index: &str, name: &str) -> PathBuf {
        let mut hasher = Sha256::new();
        for part in [index, name] {
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        let digest = hasher.finalize();
        let hex = digest
            .iter()
            .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        self.directory.join(format!("{hex}.json"))
    }

    /// What was seen of a project.
    pub(super) fn recall(&self, index: &str, name: &str) -> Kept {
        let path = self.path(index, name);
        let is_small = fs::metadata(&path).is_ok_and(|meta| meta.len() <= MAX_FILE);
        let Some(text) = is_small.then(|| fs::read_to_string(&path).ok()).flatten() else {
            return Kept::Nothing;
        };
        match serde_json::from_str::<Format>(&text) {
            Ok(found) if found.format > FORMAT => Kept::Newer,
            Ok(_) => match serde_json::from_str::<Past>(&text) {
                // A file that was put in another's place is nobody's past.
                Ok(past) if past.name == name && past.index == index => Kept::Past(Box::new(past)),
                _ => Kept::Nothing,
            },
            Err(_) => Kept::Nothing,
        }
    }

    /// Keeps a past.
    pub(super) fn keep(&self, past: &Past) -> std::io::Result<()> {
        let path = self.path(&past.index, &past.name);
        // One write: a file is not buffered.
        let text = serde_json::to_vec(past)?;
        fs::create_dir_all(&self.directory)?;
        let mut file = tempfile::Builder::new()
            .prefix(".new-")
            .tempfile_in(&self.directory)?;
        file.write_all(&text)?;
        file.persist(&path).map_err(|e| e.error)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use hognose_identity::history::{Look, Seen};

    use super::*;

    fn past() -> Past {
        let look = Look {
            at: 7,
            present: true,
            owners: Some(["ada".to_owned()].into()),
            ..Look::default()
        };
        let seen = Seen {
            version: "1.0".to_owned(),
            sha256: None,
            at: 7,
        };
        Past {
            format: FORMAT,
            name: "acme".to_owned(),
            index: "https://index.example/simple/".to_owned(),
            looks: vec![look],
            files: BTreeMap::from([("acme-1.0.tar.gz".to_owned(), seen)]),
        }
    }

    #[test]
    fn what_is_kept_comes_back() {
        let directory = tempfile::tempdir().unwrap();
        let history = History::new(directory.path());
        let past = past();
        assert_eq!(history.recall(&past.index, &past.name), Kept::Nothing);
        history.keep(&past).unwrap();
        let kept = Kept::Past(Box::new(past.clone()));
        assert_eq!(history.recall(&past.index, &past.name), kept);
        // Another index is another past, and a file in another's place is none.
        assert_eq!(
            history.recall("https://other.example/", "acme"),
            Kept::Nothing
        );
        let there = history.path(&past.index, "other");
        fs::create_dir_all(there.parent().unwrap()).unwrap();
        fs::copy(history.path(&past.index, "acme"), &there).unwrap();
        assert_eq!(history.recall(&past.index, "other"), Kept::Nothing);
    }

    /// Old reader, new data: fields that it does not know are passed over; another number is left alone.
    #[test]
    fn newer_data() {
        let directory = tempfile::tempdir().unwrap();
        let history = History::new(directory.path());
        let past = past();
        history.keep(&past).unwrap();
        let path = history.path(&past.index, &past.name);
        let text = fs::read_to_string(&path).unwrap();
        let more = text.replacen('{', "{\"colour\":[1],", 1);
        fs::write(
            &path,
            more.replace("\"present\"", "\"mood\":\"calm\",\"present\""),
        )
        .unwrap();
        assert!(matches!(
            history.recall(&past.index, &past.name),
            Kept::Past(_)
        ));
        let newer = format!("{{\"format\":{},\"looks\":\"packed\"}}", FORMAT + 1);
        fs::write(&path, newer).unwrap();
        assert_eq!(history.recall(&past.index, &past.name), Kept::Newer);
    }

    /// New reader, old data: the first form had no more than this.
    #[test]
    fn older_and_damaged_data() {
        let directory = tempfile::tempdir().unwrap();
        let history = History::new(directory.path());
        let path = history.path("i", "acme");
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let least = r#"{"format":1,"name":"acme","index":"i","looks":[{"at":1,"present":true}]}"#;
        fs::write(&path, least).unwrap();
        assert!(matches!(history.recall("i", "acme"), Kept::Past(_)));
        for damaged in ["", "{", "[]", "{\"format\":1}", "{\"format\":-1}", "\u{0}"] {
            fs::write(&path, damaged).unwrap();
            assert_eq!(history.recall("i", "acme"), Kept::Nothing, "{damaged}");
        }
    }

    #[test]
    fn two_at_once_leave_whole_files() {
        let directory = tempfile::tempdir().unwrap();
        let history = History::new(directory.path());
        std::thread::scope(|scope| {
            for at in 0..4 {
                let history = &history;
                scope.spawn(move || {
                    for round in 0..50 {
                        let mut past = past();
                        past.looks[0].at = at * 100 + round;
                        history.keep(&past).unwrap();
                        assert!(matches!(
                            history.recall(&past.index, &past.name),
                            Kept::Past(_)
                        ));
                    }
                });
            }
        });
        let left = fs::read_dir(
            history
                .path("https://index.example/simple/", "acme")
                .parent()
                .unwrap(),
        );
        assert_eq!(left.unwrap().count(), 1);
    }
}
