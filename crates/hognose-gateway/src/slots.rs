//! Where the projects that were asked for are kept, within bounds.

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use hognose_types::PackageName;

use crate::offer::Page;
use crate::upstream::Unavailable;

/// How long an upstream that failed is left alone about the same project: those who wait for it need not each wait for
/// the next failure.
const FAILED: Duration = Duration::from_secs(10);
/// Most projects kept in memory.
const MAX_PROJECTS: usize = 2_000;
/// Most files of all of them.
const MAX_FILES: usize = 60_000;

/// The projects that were asked for, by name.
#[derive(Debug, Default)]
pub(crate) struct Slots(RwLock<HashMap<PackageName, Arc<Slot>>>);

#[derive(Debug, Default)]
pub(crate) struct Slot {
    state: Mutex<State>,
    /// Held by whoever asks the upstream.
    pub(crate) turn: tokio::sync::Mutex<()>,
    /// How often bytes of the project showed something new: a page decided meanwhile may not know it.
    pub(crate) shown: AtomicU64,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    pub(crate) known: Option<Known>,
    /// When the upstream last failed, and how; none since it answered.
    pub(crate) failed: Option<(Instant, Unavailable)>,
}

#[derive(Clone, Debug)]
pub(crate) enum Known {
    Page(Arc<Page>),
    Absent(Instant),
}

impl State {
    pub(crate) fn page(&self) -> Option<&Arc<Page>> {
        match &self.known {
            Some(Known::Page(page)) => Some(page),
            _ => None,
        }
    }

    pub(crate) fn failure(&self) -> Option<&Unavailable> {
        let (since, error) = self.failed.as_ref()?;
        (since.elapsed() < FAILED).then_some(error)
    }
}

impl Slot {
    pub(crate) fn get(&self) -> State {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.clone()
    }

    pub(crate) fn set(&self, known: Known) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state = State {
            known: Some(known),
            failed: None,
        };
    }

    /// Puts a page in the place of another; where somebody was faster, what stands there now.
    pub(crate) fn exchange(
        &self,
        old: &Arc<Page>,
        new: &Arc<Page>,
    ) -> Result<(), Option<Arc<Page>>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match state.page() {
            Some(page) if Arc::ptr_eq(page, old) => {
                state.known = Some(Known::Page(Arc::clone(new)));
                Ok(())
            }
            other => Err(other.cloned()),
        }
    }

    pub(crate) fn fail(&self, error: Unavailable) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.failed = Some((Instant::now(), error));
    }
}

impl Slots {
    /// The projects that are known, sorted.
    pub(crate) fn names(&self) -> Vec<PackageName> {
        let slots = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let known = slots.iter().filter(|(_, slot)| slot.get().page().is_some());
        let mut names: Vec<PackageName> = known.map(|(name, _)| name.clone()).collect();
        names.sort();
        names
    }

    pub(crate) fn of(&self, name: &PackageName) -> Arc<Slot> {
        let slots = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.get(name) {
            return Arc::clone(slot);
        }
        drop(slots);
        let mut slots = self.0.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry(name.clone()).or_default())
    }

    /// Keeps memory bounded: the projects asked for longest ago go, never the one that just came.
    pub(crate) fn shrink(&self, newest: &PackageName) {
        let slots = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let held: usize = slots
            .values()
            .filter_map(|slot| Some(slot.get().page()?.parts.files.len()))
            .sum();
        if slots.len() <= MAX_PROJECTS && held < MAX_FILES {
            return;
        }
        drop(slots);
        let mut slots = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let mut known: Vec<(Instant, usize, PackageName)> = slots
            .iter()
            .filter(|(name, _)| *name != newest)
            .map(|(name, slot)| match slot.get().known {
                Some(Known::Page(page)) => (page.asked, page.parts.files.len(), name.clone()),
                Some(Known::Absent(since)) => (since, 0, name.clone()),
                None => (Instant::now(), 0, name.clone()),
            })
            .collect();
        let mut files: usize = known.iter().map(|(_, files, _)| files).sum();
        if known.len() < MAX_PROJECTS && files < MAX_FILES {
            return;
        }
        known.sort_by_key(|(asked, _, _)| *asked);
        let mut left = known.len();
        for (_, count, name) in known {
            if left < MAX_PROJECTS && files < MAX_FILES {
                break;
            }
            slots.remove(&name);
            left -= 1;
            files -= count;
        }
    }
}
