//! What was used lately, in bounded memory.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use crate::{MAX_BODY, StoreError};

/// Rulings kept in memory, in each of two generations.
const RECENT: usize = 4_096;
/// A longer ruling is read from where it is kept every time.
const RECENT_BYTES: usize = 4_096;

/// Refuses a ruling that is too long to be kept.
pub(crate) fn check(json: &str) -> Result<(), StoreError> {
    if json.len() > MAX_BODY {
        return Err(StoreError::TooLong {
            field: "ruling",
            bytes: json.len(),
            most: MAX_BODY,
        });
    }
    Ok(())
}

/// Rulings that were used lately.
#[derive(Debug)]
pub(crate) struct Rulings(Mutex<Recent<(String, String), Arc<str>>>);

impl Default for Rulings {
    fn default() -> Self {
        Self(Mutex::new(Recent::new(RECENT)))
    }
}

impl Rulings {
    pub(crate) fn remember(&self, sha256: &str, revision: &str, json: &Arc<str>) {
        if json.len() <= RECENT_BYTES {
            let key = (sha256.to_owned(), revision.to_owned());
            let mut recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            recent.put(key, Arc::clone(json));
        }
    }

    pub(crate) fn get(&self, sha256: &str, revision: &str) -> Option<Arc<str>> {
        let key = (sha256.to_owned(), revision.to_owned());
        let mut recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        recent.get(&key)
    }
}

/// A map that forgets what was not used for longest. Two generations instead of a list: what is used moves to the young
/// one, and when that is full the old one goes. Every operation is a look-up or two, and at most twice the capacity is
/// held.
#[derive(Debug)]
struct Recent<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    capacity: usize,
}

impl<K: Eq + Hash + Clone, V: Clone> Recent<K, V> {
    fn new(capacity: usize) -> Self {
        Self {
            young: HashMap::new(),
            old: HashMap::new(),
            capacity: capacity.max(1),
        }
    }

    fn get(&mut self, key: &K) -> Option<V> {
        if let Some(value) = self.young.get(key) {
            return Some(value.clone());
        }
        let (key, value) = self.old.remove_entry(key)?;
        self.put(key, value.clone());
        Some(value)
    }

    fn put(&mut self, key: K, value: V) {
        self.old.remove(&key);
        if self.young.len() >= self.capacity && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_memory_is_bounded() {
        let mut recent = Recent::new(10);
        for i in 0..1_000 {
            recent.put(i, i * 2);
            assert_eq!(recent.get(&0), Some(0), "used all the time, at {i}");
            assert!(recent.young.len() + recent.old.len() <= 20);
        }
        assert_eq!(recent.get(&999), Some(1_998));
        assert_eq!(recent.get(&500), None);
        recent.put(999, 1);
        assert_eq!(recent.get(&999), Some(1));
    }
}
