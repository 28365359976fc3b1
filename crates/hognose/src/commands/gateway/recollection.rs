//! What is remembered of projects, asked for beside their pages: a state that is away for a while must not make every page
//! wait for it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};

use hognose_provenance::memory::Memory;
use hognose_store::{Setting, Store};
use hognose_types::PackageName;

use super::held::unreadable;

/// Seconds for which a state that failed is not asked again.
const PAUSE: i64 = 10;
/// Projects whose publishers are known without the state.
const MOST: usize = 5_000;

/// What is known of the state, and without it.
#[derive(Debug, Default)]
pub(super) struct Recollection {
    /// Not to be asked before then, Unix seconds.
    away: AtomicI64,
    publishers: Mutex<HashMap<PackageName, Memory>>,
}

impl Recollection {
    /// What the state remembers; an error at once where it failed just now.
    pub(super) fn ask(
        &self,
        store: &dyn Store,
        (kind, name): (&str, &str),
        now: i64,
    ) -> Result<Option<Setting>, String> {
        if now < self.away.load(Ordering::Relaxed) {
            return Err("the state could not be read a moment ago".to_owned());
        }
        store.memory(kind, name).map_err(|e| {
            self.away
                .store(now.saturating_add(PAUSE), Ordering::Relaxed);
            unreadable(&e)
        })
    }

    /// Who published a project, as it was known last.
    pub(super) fn publishers(&self, name: &PackageName) -> Option<Memory> {
        let known = self
            .publishers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        known.get(name).cloned()
    }

    /// Keeps that.
    pub(super) fn keep(&self, name: &PackageName, memory: &Memory) {
        let mut known = self
            .publishers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.clear();
        }
        if known.get(name) != Some(memory) {
            known.insert(name.clone(), memory.clone());
        }
    }
}
