//! The projects that were asked for: fetched once for all who wait, decided, rendered, kept in memory.
//!
//! An upstream that fails never makes a project absent: what is known of it is served on, and what is not is said to
//! be unavailable. A 404 would send installers elsewhere.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use hognose_index::{IndexFile, Project};
use hognose_types::PackageName;
use tokio::sync::Semaphore;

use crate::judge::{Artifact, Inspected, Judge, Offer, Ruling};
use crate::offer::{OfferedFile, Page, Parts};
use crate::upstream::{Found, Unavailable, Upstreams};

/// How long pages count as what the upstream says, and how long they are served when it says nothing.
#[derive(Clone, Copy, Debug)]
pub struct Freshness {
    /// Until then a page is not asked for again.
    pub fresh: Duration,
    /// Until then it is served while it is asked for again.
    pub stale: Duration,
    /// How long the absence of a project counts: names are taken by the minute.
    pub absent: Duration,
}

impl Default for Freshness {
    fn default() -> Self {
        Self {
            fresh: Duration::from_mins(5),
            stale: Duration::from_hours(1),
            absent: Duration::from_secs(30),
        }
    }
}

/// Seconds since 1970, from wherever the caller has them.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// Most projects kept in memory.
const MAX_PROJECTS: usize = 2_000;
/// Most files of all of them.
const MAX_FILES: usize = 60_000;

/// The projects that were asked for.
pub struct Catalog {
    upstreams: Arc<Upstreams>,
    judge: Arc<dyn Judge>,
    clock: Clock,
    freshness: Freshness,
    slots: RwLock<HashMap<PackageName, Arc<Slot>>>,
    asking: Semaphore,
    /// Questions put to upstreams.
    pub asked: AtomicU64,
}

impl std::fmt::Debug for Catalog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Catalog").finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
struct Slot {
    known: Mutex<Option<Known>>,
    /// Held by whoever asks the upstream.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Clone, Debug)]
enum Known {
    Page(Arc<Page>),
    Absent(Instant),
}

impl Catalog {
    /// A catalog of upstreams. At most `asking` questions are put at a time.
    pub fn new(
        upstreams: Arc<Upstreams>,
        judge: Arc<dyn Judge>,
        clock: Clock,
        freshness: Freshness,
        asking: usize,
    ) -> Self {
        Self {
            upstreams,
            judge,
            clock,
            freshness,
            slots: RwLock::default(),
            asking: Semaphore::new(asking),
            asked: AtomicU64::new(0),
        }
    }

    /// The page of a project.
    pub async fn page(self: &Arc<Self>, name: &PackageName) -> Result<Arc<Page>, Unavailable> {
        let slot = self.slot(name);
        match slot.get() {
            Some(Known::Page(page)) => {
                let age = page.asked.elapsed();
                if age < self.freshness.fresh {
                    return Ok(self.current(&slot, page));
                }
                if age < self.freshness.stale {
                    let (catalog, theirs, name) =
                        (Arc::clone(self), Arc::clone(&slot), name.clone());
                    // Whoever comes meanwhile is served what is known.
                    tokio::spawn(async move {
                        let _ = catalog.refresh(&theirs, &name, false).await;
                    });
                    return Ok(self.current(&slot, page));
                }
                match self.refresh(&slot, name, true).await {
                    Err(Unavailable::Failed { .. }) => Ok(self.current(&slot, page)),
                    other => other,
                }
            }
            Some(Known::Absent(since)) if since.elapsed() < self.freshness.absent => {
                Err(Unavailable::Absent)
            }
            _ => self.refresh(&slot, name, true).await,
        }
    }

    /// The projects that are known, sorted.
    pub fn names(&self) -> Vec<PackageName> {
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        let known = slots
            .iter()
            .filter(|(_, slot)| matches!(slot.get(), Some(Known::Page(_))));
        let mut names: Vec<PackageName> = known.map(|(name, _)| name.clone()).collect();
        names.sort();
        names
    }

    /// Forgets all decisions that bytes of this digest were part of.
    pub fn forget(&self, name: &PackageName) {
        let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
        slots.remove(name);
    }

    /// Asks again, unless somebody just did.
    async fn refresh(
        self: &Arc<Self>,
        slot: &Arc<Slot>,
        name: &PackageName,
        wait: bool,
    ) -> Result<Arc<Page>, Unavailable> {
        let turn = if wait {
            slot.turn.lock().await
        } else {
            let Ok(turn) = slot.turn.try_lock() else {
                return Err(Unavailable::Absent);
            };
            turn
        };
        match slot.get() {
            Some(Known::Page(page)) if page.asked.elapsed() < self.freshness.fresh => {
                return Ok(self.current(slot, page));
            }
            Some(Known::Absent(since)) if since.elapsed() < self.freshness.absent => {
                return Err(Unavailable::Absent);
            }
            _ => {}
        }
        let failed = |reason: &str| Unavailable::Failed {
            upstream: "gateway".to_owned(),
            reason: reason.to_owned(),
        };
        let _permit = self.asking.acquire().await;
        self.asked.fetch_add(1, Ordering::Relaxed);
        let (catalog, asked) = (Arc::clone(self), name.clone());
        let found = tokio::task::spawn_blocking(move || {
            let found = catalog.upstreams.find(&asked)?;
            Ok(catalog.decide(&asked, found))
        });
        let found = found.await.map_err(|_| failed("the question failed"))?;
        match found {
            Ok(page) => {
                slot.set(Known::Page(Arc::clone(&page)));
                drop(turn);
                self.shrink(name);
                Ok(page)
            }
            Err(Unavailable::Absent) => {
                slot.set(Known::Absent(Instant::now()));
                Err(Unavailable::Absent)
            }
            Err(error) => Err(error),
        }
    }

    /// The page as it is to be served now: decided again when the judge knows better or a file has come of age.
    fn current(&self, slot: &Slot, page: Arc<Page>) -> Arc<Page> {
        let due = page.until.is_some_and(|until| (self.clock)() >= until);
        if !due && page.revision == self.judge.revision() {
            return page;
        }
        let again = Arc::new(self.again(&page));
        slot.set(Known::Page(Arc::clone(&again)));
        again
    }

    /// Decides about a page again, without asking the upstream.
    fn again(&self, page: &Page) -> Page {
        let mut again = self.rule(Unruled {
            name: &page.name,
            files: page.files.iter().map(|f| f.file.clone()).collect(),
            upstream: page.files.first().map_or(0, |f| f.upstream),
            status: page.status.clone(),
            project: page.project.clone(),
            missing: page.missing.clone(),
        });
        again.asked = page.asked;
        again
    }

    /// Decides about a project again: bytes of one of its files were read.
    pub fn decide_again(&self, name: &PackageName) -> Option<Arc<Page>> {
        let slot = self.slot(name);
        let Some(Known::Page(page)) = slot.get() else {
            return None;
        };
        let again = Arc::new(self.again(&page));
        slot.set(Known::Page(Arc::clone(&again)));
        Some(again)
    }

    fn decide(&self, name: &PackageName, found: Found) -> Arc<Page> {
        Arc::new(self.rule(Unruled {
            name,
            files: found.page.files,
            upstream: found.upstream,
            status: found.page.status.map(|s| (s.status, s.reason)),
            project: found.project.map(Arc::new),
            missing: found.missing,
        }))
    }

    fn rule(&self, project: Unruled<'_>) -> Page {
        let Unruled {
            name,
            files,
            upstream,
            status,
            project,
            missing,
        } = project;
        let revision = self.judge.revision();
        let rulings = self.judge.page(&Offer {
            name,
            owned: self.upstreams.owns(name),
            status: status.as_ref().map(|(s, r)| (s.as_str(), r.as_deref())),
            files: &files,
            project: project.as_deref(),
            now: (self.clock)(),
        });
        let mut decided = rulings.files.into_iter();
        let files = files.into_iter().map(|file| {
            // A file without a ruling was not judged: it is not let in by a slip of counting.
            let mut ruling = decided.next().unwrap_or_else(unjudged);
            let digest = file.sha256.as_deref();
            let read = digest.and_then(|sha256| {
                self.judge.recall(&Artifact {
                    name,
                    file: &file,
                    sha256,
                })
            });
            if let Some(Inspected::Read(other)) = read {
                ruling.join(other);
            }
            OfferedFile {
                metadata: file.metadata.clone(),
                file,
                upstream,
                ruling,
            }
        });
        Page::new(Parts {
            name: name.clone(),
            files: files.collect(),
            status,
            missing,
            unchecked: rulings.unchecked,
            revision,
            until: rulings.until,
            project,
        })
    }

    fn slot(&self, name: &PackageName) -> Arc<Slot> {
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.get(name) {
            return Arc::clone(slot);
        }
        drop(slots);
        let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry(name.clone()).or_default())
    }

    /// Keeps memory bounded: the projects asked for longest ago go, never the one that just came.
    fn shrink(&self, newest: &PackageName) {
        let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
        let mut known: Vec<(Instant, usize, PackageName)> = slots
            .iter()
            .filter(|(name, _)| *name != newest)
            .map(|(name, slot)| match slot.get() {
                Some(Known::Page(page)) => (page.asked, page.files.len(), name.clone()),
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

/// What a page is decided from.
struct Unruled<'a> {
    name: &'a PackageName,
    files: Vec<IndexFile>,
    upstream: usize,
    status: Option<(String, Option<String>)>,
    project: Option<Arc<Project>>,
    missing: Vec<String>,
}

fn unjudged() -> Ruling {
    Ruling {
        decision: hognose_types::Decision::Block,
        reasons: Vec::new(),
    }
}

impl Slot {
    fn get(&self) -> Option<Known> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.clone()
    }

    fn set(&self, known: Known) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(known);
    }
}
