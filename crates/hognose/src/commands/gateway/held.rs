//! Rulings kept in memory, so that the warm path touches no disk.

use std::collections::HashMap;
use std::sync::Arc;

use hognose_gateway::judge::Inspected;
use hognose_store::StoreError;

/// Most rulings held in memory.
pub(super) const MAX_HELD: usize = 50_000;

/// Rulings of bytes under one revision, by digest and file name: the same bytes may bear the names of two versions.
#[derive(Default)]
pub(super) struct Held {
    revision: Arc<str>,
    rulings: HashMap<(String, String), Option<Inspected>>,
}

impl Held {
    pub(super) fn of(
        &mut self,
        revision: &Arc<str>,
    ) -> &mut HashMap<(String, String), Option<Inspected>> {
        if self.revision != *revision || self.rulings.len() >= MAX_HELD {
            self.revision = Arc::clone(revision);
            self.rulings.clear();
        }
        &mut self.rulings
    }
}

/// Why the state could not be asked.
pub(super) fn unreadable(error: &StoreError) -> String {
    format!("the state cannot be read: {error}")
}
