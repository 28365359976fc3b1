//! Files that could not be judged in time: pages show them as not to be chosen for a while. Whoever wants one all the same
//! has it judged when it asks for it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use hognose_types::PackageName;

/// Most files noted at a time.
const MOST: usize = 10_000;

/// Such files.
#[derive(Debug, Default)]
pub(crate) struct Unready(Mutex<HashMap<(PackageName, String), Note>>);

/// Why, and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    pub(crate) reason: String,
    /// Unix seconds.
    pub(crate) until: i64,
}

impl Unready {
    /// Notes a file.
    pub(crate) fn put(&self, project: &PackageName, filename: &str, note: Note) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.len() >= MOST {
            noted.clear();
        }
        noted.insert((project.clone(), filename.to_owned()), note);
    }

    /// Why a file is not to be chosen now.
    pub(crate) fn of(&self, project: &PackageName, filename: &str, now: i64) -> Option<Note> {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.is_empty() {
            return None;
        }
        let key = (project.clone(), filename.to_owned());
        let note = noted.get(&key)?.clone();
        if note.until <= now {
            noted.remove(&key);
            return None;
        }
        Some(note)
    }

    /// Forgets a file; whether it was noted.
    pub(crate) fn take(&self, project: &PackageName, filename: &str) -> bool {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        noted
            .remove(&(project.clone(), filename.to_owned()))
            .is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_end() {
        let (unready, name) = (Unready::default(), PackageName::new("good").unwrap());
        let note = Note {
            reason: "slow".to_owned(),
            until: 10,
        };
        assert_eq!(unready.of(&name, "a", 0), None);
        unready.put(&name, "a", note.clone());
        assert_eq!(unready.of(&name, "a", 9), Some(note.clone()));
        assert_eq!(unready.of(&name, "b", 9), None);
        assert_eq!(unready.of(&name, "a", 10), None);
        unready.put(&name, "a", note);
        assert!(unready.take(&name, "a"));
        assert!(!unready.take(&name, "a"));
    }
}
