//! The projects that were asked for: fetched once for all who wait, decided, rendered, kept in memory.
//!
//! An upstream that fails never makes a project absent: what is known of it is served on, and what is not is said to
//! be unavailable. A 404 would send installers elsewhere.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use hognose_index::{IndexFile, Project};
use hognose_types::PackageName;
use tokio::sync::Semaphore;

use crate::event::{Event, Events};
use crate::judge::{Artifact, Inspected, Judge, Offer, Reason, Ruling};
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

/// How long an upstream that failed is left alone about the same project: those who wait for it need not each wait for
/// the next failure.
const FAILED: Duration = Duration::from_secs(10);
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
    events: Arc<dyn Events>,
    observe: bool,
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
    state: Mutex<State>,
    /// Held by whoever asks the upstream.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Clone, Debug, Default)]
struct State {
    known: Option<Known>,
    /// When the upstream last failed, and how; none since it answered.
    failed: Option<(Instant, Unavailable)>,
}

#[derive(Clone, Debug)]
enum Known {
    Page(Arc<Page>),
    Absent(Instant),
}

impl State {
    fn page(&self) -> Option<&Arc<Page>> {
        match &self.known {
            Some(Known::Page(page)) => Some(page),
            _ => None,
        }
    }

    fn failure(&self) -> Option<&Unavailable> {
        let (since, error) = self.failed.as_ref()?;
        (since.elapsed() < FAILED).then_some(error)
    }
}

/// What a catalog is made of.
pub struct Shelves {
    /// Who is asked.
    pub upstreams: Arc<Upstreams>,
    /// Who decides.
    pub judge: Arc<dyn Judge>,
    /// Who remembers.
    pub events: Arc<dyn Events>,
    /// The time.
    pub clock: Clock,
    /// How long pages are good.
    pub freshness: Freshness,
    /// Questions put to upstreams at a time.
    pub asking: usize,
    /// Decisions are told, and pages show everything as the upstream has it.
    pub observe: bool,
}

impl std::fmt::Debug for Shelves {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shelves").finish_non_exhaustive()
    }
}

impl Catalog {
    /// An empty catalog.
    pub fn new(of: Shelves) -> Self {
        Self {
            upstreams: of.upstreams,
            judge: of.judge,
            clock: of.clock,
            freshness: of.freshness,
            slots: RwLock::default(),
            asking: Semaphore::new(of.asking),
            events: of.events,
            observe: of.observe,
            asked: AtomicU64::new(0),
        }
    }

    /// The page of a project.
    pub async fn page(self: &Arc<Self>, name: &PackageName) -> Result<Arc<Page>, Unavailable> {
        let slot = self.slot(name);
        let state = slot.get();
        if let Some(answer) = self.answer(&slot, &state, name) {
            return answer;
        }
        let Some(page) = state.page() else {
            return self.refresh(slot, name).await;
        };
        let old = self.current(&slot, Arc::clone(page));
        if page.asked.elapsed() < self.freshness.stale {
            // Whoever comes meanwhile is served what is known; one question at a time is enough.
            if slot.turn.try_lock().is_ok() {
                let (catalog, name) = (Arc::clone(self), name.clone());
                tokio::spawn(async move { catalog.refresh(slot, &name).await });
            }
            return Ok(old);
        }
        match self.refresh(slot, name).await {
            Err(Unavailable::Failed { .. }) => Ok(old),
            other => other,
        }
    }

    /// The answer that is there already: a page that is fresh, an absence or a failure that is young.
    fn answer(
        &self,
        slot: &Slot,
        state: &State,
        name: &PackageName,
    ) -> Option<Result<Arc<Page>, Unavailable>> {
        match &state.known {
            Some(Known::Page(page)) if page.asked.elapsed() < self.fresh(name) => {
                Some(Ok(self.current(slot, Arc::clone(page))))
            }
            Some(Known::Page(page)) if state.failure().is_some() => {
                Some(Ok(self.current(slot, Arc::clone(page))))
            }
            Some(Known::Absent(since)) if since.elapsed() < self.freshness.absent => {
                Some(Err(Unavailable::Absent))
            }
            _ => state.failure().cloned().map(Err),
        }
    }

    /// How long a page is fresh, a tenth more or less by its name: what came together need not go together.
    fn fresh(&self, name: &PackageName) -> Duration {
        let sum = name.as_str().bytes().fold(17_u32, |sum, byte| {
            sum.wrapping_mul(31).wrapping_add(u32::from(byte))
        });
        self.freshness.fresh * (90 + sum % 21) / 100
    }

    /// The projects that are known, sorted.
    pub fn names(&self) -> Vec<PackageName> {
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        let known = slots.iter().filter(|(_, slot)| slot.get().page().is_some());
        let mut names: Vec<PackageName> = known.map(|(name, _)| name.clone()).collect();
        names.sort();
        names
    }

    /// Asks again, unless somebody just did. The question outlives a client that goes away: others may wait for it.
    async fn refresh(
        self: &Arc<Self>,
        slot: Arc<Slot>,
        name: &PackageName,
    ) -> Result<Arc<Page>, Unavailable> {
        let (catalog, name) = (Arc::clone(self), name.clone());
        let asking = tokio::spawn(async move { catalog.ask(&slot, &name).await });
        asking.await.unwrap_or_else(|_| Err(broken()))
    }

    async fn ask(
        self: &Arc<Self>,
        slot: &Slot,
        name: &PackageName,
    ) -> Result<Arc<Page>, Unavailable> {
        let _turn = slot.turn.lock().await;
        let state = slot.get();
        if let Some(answer) = self.answer(slot, &state, name) {
            return answer;
        }
        let _permit = self.asking.acquire().await;
        self.asked.fetch_add(1, Ordering::Relaxed);
        let (catalog, asked) = (Arc::clone(self), name.clone());
        let found = tokio::task::spawn_blocking(move || {
            let found = catalog.upstreams.find(&asked)?;
            Ok(catalog.decide(&asked, found))
        });
        let found = found.await.unwrap_or_else(|_| Err(broken()));
        match &found {
            Ok(page) => {
                slot.set(Known::Page(Arc::clone(page)));
                self.shrink(name);
            }
            Err(Unavailable::Absent) => {
                slot.set(Known::Absent(Instant::now()));
                self.shrink(name);
            }
            Err(error) => {
                slot.fail(error.clone());
                self.shrink(name);
            }
        }
        found
    }

    /// The page as it is to be served now: decided again when the judge knows better or a file has come of age.
    fn current(&self, slot: &Slot, page: Arc<Page>) -> Arc<Page> {
        let due = page
            .parts
            .until
            .is_some_and(|until| (self.clock)() >= until);
        if !due && page.parts.revision == self.judge.revision() {
            return page;
        }
        let again = Arc::new(self.again(&page));
        slot.set(Known::Page(Arc::clone(&again)));
        again
    }

    /// Decides about a page again, without asking the upstream.
    fn again(&self, page: &Page) -> Page {
        let parts = &page.parts;
        let mut again = self.rule(Unruled {
            name: &parts.name,
            files: parts.files.iter().map(|f| f.file.clone()).collect(),
            upstream: parts.files.first().map_or(0, |f| f.upstream),
            status: parts.status.clone(),
            project: parts.project.clone(),
            publishers: Some(parts.publishers.clone()),
        });
        again.asked = page.asked;
        again
    }

    /// Decides about a project again: bytes of one of its files were read.
    pub fn decide_again(&self, name: &PackageName) -> Option<Arc<Page>> {
        let slot = self.slot(name);
        let again = Arc::new(self.again(slot.get().page()?));
        slot.set(Known::Page(Arc::clone(&again)));
        Some(again)
    }

    fn decide(&self, name: &PackageName, found: Found) -> Arc<Page> {
        for reason in found.missing {
            self.events.record(Event::Upstream {
                project: name.as_str().to_owned(),
                reason,
            });
        }
        Arc::new(self.rule(Unruled {
            name,
            files: found.page.files,
            upstream: found.upstream,
            status: found.page.status.map(|s| (s.status, s.reason)),
            project: found.project.map(Arc::new),
            publishers: None,
        }))
    }

    fn rule(&self, project: Unruled<'_>) -> Page {
        let Unruled {
            name,
            files,
            upstream,
            status,
            project,
            publishers,
        } = project;
        let revision = self.judge.revision();
        let may_ask = publishers.is_none();
        let mut publishers = publishers.unwrap_or_default();
        let decide = |publishers: &BTreeMap<String, String>| {
            self.judge.page(&Offer {
                name,
                owned: self.upstreams.owns(name),
                status: status.as_ref().map(|(s, r)| (s.as_str(), r.as_deref())),
                files: &files,
                project: project.as_deref(),
                publishers,
                now: (self.clock)(),
            })
        };
        let mut rulings = decide(&publishers);
        if may_ask && !rulings.wanted.is_empty() {
            publishers = self.upstreams.publishers(upstream, &files, &rulings.wanted);
            rulings = decide(&publishers);
        }
        let stranger = self.stranger(name, upstream);
        let mut decided = rulings.files.into_iter();
        let files = files.into_iter().map(|file| {
            // A file without a ruling was not judged: it is not let in by a slip of counting.
            let ruling = decided.next().unwrap_or_else(unjudged);
            OfferedFile {
                metadata: file.metadata.clone(),
                ruling: self.joined(name, &file, ruling, stranger.as_ref()),
                file,
                upstream,
            }
        });
        Page::new(Parts {
            name: name.clone(),
            files: files.collect(),
            status,
            revision,
            until: rulings.until,
            project,
            publishers,
            observe: self.observe,
        })
    }

    /// A ruling with what the bytes of the file showed, where they were read, and whose the project is.
    fn joined(
        &self,
        name: &PackageName,
        file: &IndexFile,
        mut ruling: Ruling,
        stranger: Option<&Ruling>,
    ) -> Ruling {
        let read = file.sha256.as_deref().and_then(|sha256| {
            let artifact = Artifact { name, file, sha256 };
            self.judge.recall(&artifact, false)
        });
        if let Some(Inspected::Read(other)) = read {
            ruling.join(other);
        }
        if let Some(stranger) = stranger {
            ruling.join(stranger.clone());
        }
        ruling
    }

    /// What it means that another upstream delivered the project first: whoever can publish on one must not deliver for
    /// all once a name is gone from its home (dependency confusion).
    fn stranger(&self, name: &PackageName, upstream: usize) -> Option<Ruling> {
        if self.upstreams.iter().count() < 2 || self.upstreams.owns(name) {
            return None;
        }
        let now = &self.upstreams.get(upstream)?.name;
        let first = self.judge.owner(name, now)?;
        let known = self.upstreams.iter().any(|u| u.name == first);
        (first != *now && known).then(|| Ruling {
            decision: hognose_types::Decision::Block,
            reasons: vec![Reason {
                rule: "HOG-ID-confusion".to_owned(),
                message: format!(
                    "the project came from {first}, which has it no more; what {now} has under its name may be anybody's"
                ),
                remedy: format!(
                    "where it has moved, say so: `owned = [\"{}\"]` at that upstream",
                    name.as_str()
                ),
            }],
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
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        let held: usize = slots
            .values()
            .filter_map(|slot| Some(slot.get().page()?.parts.files.len()))
            .sum();
        if slots.len() <= MAX_PROJECTS && held < MAX_FILES {
            return;
        }
        drop(slots);
        let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
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

/// What a page is decided from.
struct Unruled<'a> {
    name: &'a PackageName,
    files: Vec<IndexFile>,
    upstream: usize,
    status: Option<(String, Option<String>)>,
    project: Option<Arc<Project>>,
    /// Who published files; none where nobody was asked yet, and there is time to ask.
    publishers: Option<BTreeMap<String, String>>,
}

fn unjudged() -> Ruling {
    Ruling {
        decision: hognose_types::Decision::Block,
        reasons: Vec::new(),
    }
}

fn broken() -> Unavailable {
    Unavailable::Failed {
        upstream: "gateway".to_owned(),
        reason: "the question failed".to_owned(),
    }
}

impl Slot {
    fn get(&self) -> State {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.clone()
    }

    fn set(&self, known: Known) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state = State {
            known: Some(known),
            failed: None,
        };
    }

    fn fail(&self, error: Unavailable) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.failed = Some((Instant::now(), error));
    }
}
