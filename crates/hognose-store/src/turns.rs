//! One at a time for the same thing.

use std::collections::HashSet;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// A turn at something: nobody else has it until this is dropped.
#[must_use]
pub struct Turn {
    end: Option<Box<dyn FnOnce() + Send>>,
}

impl Turn {
    pub(crate) fn new(end: impl FnOnce() + Send + 'static) -> Self {
        Self {
            end: Some(Box::new(end)),
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(end) = self.end.take() {
            end();
        }
    }
}

impl std::fmt::Debug for Turn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Turn").finish_non_exhaustive()
    }
}

/// The turns of one process.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    held: Mutex<HashSet<String>>,
    freed: Condvar,
}

impl Turns {
    /// Waits for a turn, at most so long.
    pub(crate) fn take(self: &Arc<Self>, key: &str, patience: Duration) -> Option<Turn> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .freed
            .wait_timeout_while(held, patience, |held| held.contains(key));
        let (mut held, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if !held.insert(key.to_owned()) {
            return None;
        }
        drop(held);
        let (turns, key) = (Arc::clone(self), key.to_owned());
        Some(Turn::new(move || {
            let mut held = turns.held.lock().unwrap_or_else(PoisonError::into_inner);
            held.remove(&key);
            drop(held);
            turns.freed.notify_all();
        }))
    }
}
