//! Pages of upstreams that are kept: those of `scan`, `inspect` and `show` are those of the gateway and the guard.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use hognose_gateway::catalog::{Clock, Freshness};
use hognose_index::{Elsewhere, Running};
use hognose_policy::GatewaySettings;
use hognose_store::Store;

use super::setup::{Request, clock};
use crate::index_settings::MAX_KEPT;

/// How long a node waits for another that asks for the same page, before it does so itself.
const PATIENCE: Duration = Duration::from_secs(20);
/// Seconds for which a store that failed is not asked again.
const PAUSE: i64 = 10;

/// How kept answers count, as the configuration wants pages asked for again.
pub(super) fn running(own: &GatewaySettings, request: &Request<'_>) -> Running {
    let clock = clock(request.surroundings);
    let oldest = oldest(own.fresh);
    // Never for a run that is no server: the state of a project's configuration is not for its developer's pages.
    let shared = request.store.as_ref().filter(|_| request.nodes);
    let shared = shared.filter(|store| store.keeps_answers());
    let elsewhere = shared.map(|store| {
        let others = Others {
            store: Arc::clone(store),
            clock: Arc::clone(&clock),
            away: AtomicI64::new(0),
        };
        Arc::new(others) as Arc<dyn Elsewhere>
    });
    Running {
        clock: Arc::new(move || u64::try_from(clock()).unwrap_or(0)),
        oldest,
        absent: Freshness::default().absent.as_secs().min(oldest),
        most: MAX_KEPT,
        elsewhere,
    }
}

/// A page in memory is asked for again after nine tenths of that at the earliest: then what is kept must not answer.
fn oldest(fresh: Duration) -> u64 {
    (fresh * 9 / 10).as_secs()
}

/// What the nodes of one gateway keep in their common store.
struct Others {
    store: Arc<dyn Store>,
    clock: Clock,
    /// The store is not to be asked before then, Unix seconds.
    away: AtomicI64,
}

impl Others {
    /// What the store says; nothing where it fails, or did so a moment ago: the index can be asked instead.
    fn ask<T>(
        &self,
        what: impl FnOnce(&dyn Store) -> Result<T, hognose_store::StoreError>,
    ) -> Option<T> {
        let now = (self.clock)();
        if now < self.away.load(Ordering::Relaxed) {
            return None;
        }
        let said = what(self.store.as_ref());
        if said.is_err() {
            let until = now.saturating_add(PAUSE);
            self.away.store(until, Ordering::Relaxed);
        }
        said.ok()
    }
}

impl Elsewhere for Others {
    fn get(&self, key: &str, limit: u64) -> Option<Vec<u8>> {
        self.ask(|store| store.answer(key, limit))?
    }

    fn put(&self, key: &str, answer: &[u8]) {
        let now = (self.clock)();
        let _ = self.ask(|store| store.keep_answer(key, answer, now));
    }

    fn turn(&self, key: &str) -> Option<Box<dyn Any + Send>> {
        let turn = self.ask(|store| store.turn(&format!("page {key}"), PATIENCE))??;
        Some(Box::new(turn))
    }
}
