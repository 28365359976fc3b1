//! The projects that were asked for: fetched once for all who wait, decided, rendered, kept in memory.
//!
//! An upstream that fails never makes a project absent: what is known of it is served on, and what is not is said to
//! be unavailable. A 404 would send installers elsewhere.

mod stranger;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hognose_index::{IndexFile, Project};
use hognose_types::PackageName;
use tokio::sync::Semaphore;

use crate::event::{Event, Events};
use crate::judge::{Artifact, Inspected, Judge, Offer, Ruling};
use crate::offer::{OfferedFile, Page, Parts};
use crate::slots::{Known, Slot, Slots, State};
use crate::unready::Unready;
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

/// Most digests kept of files for which none is announced.
const MAX_MEASURED: usize = 20_000;
/// Seconds after which a page is decided again that could not be decided for a failure of ours.
const SOON: i64 = 5;

/// The projects that were asked for.
pub struct Catalog {
    upstreams: Arc<Upstreams>,
    judge: Arc<dyn Judge>,
    clock: Clock,
    freshness: Freshness,
    slots: Slots,
    asking: Semaphore,
    events: Arc<dyn Events>,
    observe: bool,
    /// Digests of files for which none is announced, as their bytes had them last.
    measured: Mutex<HashMap<(PackageName, String), String>>,
    /// Files that could not be judged in time.
    pub(crate) unready: Unready,
    /// Questions put to upstreams.
    pub asked: AtomicU64,
}

impl std::fmt::Debug for Catalog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Catalog").finish_non_exhaustive()
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
            slots: Slots::default(),
            asking: Semaphore::new(of.asking),
            events: of.events,
            observe: of.observe,
            measured: Mutex::default(),
            unready: Unready::default(),
            asked: AtomicU64::new(0),
        }
    }

    /// The page of a project.
    pub async fn page(self: &Arc<Self>, name: &PackageName) -> Result<Arc<Page>, Unavailable> {
        let slot = self.slots.of(name);
        let state = slot.get();
        if let Some(answer) = self.answer(&slot, &state, name).await {
            return answer;
        }
        let Some(page) = state.page() else {
            return self.refresh(slot, name).await;
        };
        let old = self.current(&slot, page).await?;
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
    async fn answer(
        self: &Arc<Self>,
        slot: &Arc<Slot>,
        state: &State,
        name: &PackageName,
    ) -> Option<Result<Arc<Page>, Unavailable>> {
        match &state.known {
            Some(Known::Page(page))
                if page.asked.elapsed() < self.fresh(name) || state.failure().is_some() =>
            {
                Some(self.current(slot, page).await)
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
        self.slots.names()
    }

    /// Asks again, unless somebody just did. The question outlives a client that goes away: others may wait for it.
    async fn refresh(
        self: &Arc<Self>,
        slot: Arc<Slot>,
        name: &PackageName,
    ) -> Result<Arc<Page>, Unavailable> {
        let (catalog, name) = (Arc::clone(self), name.clone());
        let asking = tokio::spawn(async move { catalog.ask(slot, &name).await });
        asking.await.unwrap_or_else(|_| Err(broken()))
    }

    async fn ask(
        self: &Arc<Self>,
        slot: Arc<Slot>,
        name: &PackageName,
    ) -> Result<Arc<Page>, Unavailable> {
        let _turn = slot.turn.lock().await;
        let state = slot.get();
        if let Some(answer) = self.answer(&slot, &state, name).await {
            return answer;
        }
        let _permit = self.asking.acquire().await;
        self.asked.fetch_add(1, Ordering::Relaxed);
        let shown = slot.shown.load(Ordering::SeqCst);
        let (catalog, asked) = (Arc::clone(self), name.clone());
        let found = tokio::task::spawn_blocking(move || {
            let found = catalog
                .upstreams
                .find(&asked, catalog.judge.wants_people())?;
            Ok(catalog.decide(&asked, found))
        });
        let found = found.await.unwrap_or_else(|_| Err(broken()));
        match &found {
            Ok(page) => {
                slot.set(Known::Page(Arc::clone(page)));
                self.slots.shrink(name);
                if slot.shown.load(Ordering::SeqCst) != shown {
                    return self.redecided(&slot).await.unwrap_or_else(|| found.clone());
                }
            }
            Err(Unavailable::Absent) => {
                slot.set(Known::Absent(Instant::now()));
                self.slots.shrink(name);
            }
            Err(error) => {
                slot.fail(error.clone());
                self.slots.shrink(name);
            }
        }
        found
    }

    /// The page as it is to be served now: decided again when the judge knows better or a file has come of age.
    async fn current(
        self: &Arc<Self>,
        slot: &Arc<Slot>,
        page: &Arc<Page>,
    ) -> Result<Arc<Page>, Unavailable> {
        if !self.due(page) {
            return Ok(Arc::clone(page));
        }
        let (catalog, slot, page) = (Arc::clone(self), Arc::clone(slot), Arc::clone(page));
        let again = tokio::task::spawn_blocking(move || catalog.exchanged(&slot, page, false));
        again.await.map_err(|_| broken())
    }

    fn due(&self, page: &Page) -> bool {
        let until = page.parts.until;
        until.is_some_and(|until| (self.clock)() >= until)
            || page.parts.revision != self.judge.revision()
    }

    /// Decides about a page again and puts it in its place; what somebody else put there meanwhile, knowing less
    /// perhaps, does not stay.
    fn exchanged(&self, slot: &Slot, mut page: Arc<Page>, anyway: bool) -> Arc<Page> {
        while anyway || self.due(&page) {
            let again = Arc::new(self.again(&page));
            match slot.exchange(&page, &again) {
                Err(Some(newer)) => page = newer,
                Ok(()) | Err(None) => return again,
            }
        }
        page
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
    pub(crate) async fn decide_again(self: &Arc<Self>, name: &PackageName) {
        let slot = self.slots.of(name);
        slot.shown.fetch_add(1, Ordering::SeqCst);
        // Files are decided about once more when they are asked for; the page is what tells so beforehand.
        let _ = self.redecided(&slot).await;
    }

    async fn redecided(
        self: &Arc<Self>,
        slot: &Arc<Slot>,
    ) -> Option<Result<Arc<Page>, Unavailable>> {
        let page = Arc::clone(slot.get().page()?);
        let (catalog, slot) = (Arc::clone(self), Arc::clone(slot));
        let again = tokio::task::spawn_blocking(move || catalog.exchanged(&slot, page, true));
        Some(again.await.map_err(|_| broken()))
    }

    fn decide(&self, name: &PackageName, found: Found) -> Arc<Page> {
        for reason in found.missing {
            self.events.record(Event::Upstream {
                project: name.as_str().to_owned(),
                reason,
            });
        }
        let mut page = self.rule(Unruled {
            name,
            files: found.page.files,
            upstream: found.upstream,
            status: found.page.status.map(|s| (s.status, s.reason)),
            project: found.project.map(Arc::new),
            publishers: None,
        });
        // What somebody else asked for a while ago is no fresher for it.
        page.asked = page.asked.checked_sub(found.age).unwrap_or(page.asked);
        Arc::new(page)
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
            publishers = self.publishers(name, upstream, &files, &rulings.wanted);
            rulings = decide(&publishers);
        }
        let (stranger, unsure) = match self.stranger(name, upstream) {
            Ok(stranger) => (stranger, None),
            Err(reason) => (
                Some(stranger::not_known(&reason)),
                Some((self.clock)() + SOON),
            ),
        };
        let decided = rulings.files.into_iter();
        let (files, waiting) = self.offered(name, (files, upstream), decided, stranger.as_ref());
        Page::new(Parts {
            name: name.clone(),
            files,
            status,
            revision,
            until: rulings.until.into_iter().chain(unsure).chain(waiting).min(),
            project,
            publishers,
            observe: self.observe,
            refusal: None,
        })
    }

    /// Files with what is decided about each, and when the first of those that wait need not wait any more.
    fn offered(
        &self,
        name: &PackageName,
        (files, upstream): (Vec<IndexFile>, usize),
        mut decided: impl Iterator<Item = Ruling>,
        stranger: Option<&Ruling>,
    ) -> (Vec<OfferedFile>, Option<i64>) {
        let now = self.now();
        let mut waiting = None;
        let files = files.into_iter().map(|file| {
            // A file without a ruling was not judged: it is not let in by a slip of counting.
            let ruling = decided.next().unwrap_or_else(unjudged);
            let (ruling, read) = self.joined(name, &file, ruling, stranger);
            let note = if read {
                None
            } else {
                self.unready.of(name, &file.filename, now)
            };
            waiting = waiting
                .into_iter()
                .chain(note.as_ref().map(|n| n.until))
                .min();
            OfferedFile {
                metadata: file.metadata.clone(),
                ruling,
                waiting: note.map(|n| n.reason),
                file,
                upstream,
            }
        });
        (files.collect(), waiting)
    }

    /// Who published files, as attestations say that hold: what an index names beside them anybody could have written.
    fn publishers(
        &self,
        name: &PackageName,
        upstream: usize,
        files: &[IndexFile],
        wanted: &[String],
    ) -> BTreeMap<String, String> {
        let documents = self.upstreams.attestations(upstream, files, wanted);
        let told = documents.into_iter().filter_map(|(file, document)| {
            let sha256 = file.sha256.as_deref()?;
            let artifact = Artifact { name, file, sha256 };
            let publisher = self.judge.publisher(&artifact, &document)?;
            Some((file.filename.clone(), publisher))
        });
        told.collect()
    }

    /// A ruling with what the bytes of the file showed, and whose the project is; and whether they were read.
    fn joined(
        &self,
        name: &PackageName,
        file: &IndexFile,
        mut ruling: Ruling,
        stranger: Option<&Ruling>,
    ) -> (Ruling, bool) {
        let measured = match &file.sha256 {
            Some(_) => None,
            None => self.measured(name, &file.filename),
        };
        let sha256 = file.sha256.as_deref().or(measured.as_deref());
        let read = sha256.and_then(|sha256| {
            let artifact = Artifact { name, file, sha256 };
            self.judge.recall(&artifact, false)
        });
        let is_read = matches!(read, Some(Inspected::Read(_)));
        if let Some(Inspected::Read(other)) = read {
            ruling.join(other);
        }
        if let Some(stranger) = stranger {
            ruling.join(stranger.clone());
        }
        (ruling, is_read)
    }

    /// Unix seconds.
    pub(crate) fn now(&self) -> i64 {
        (self.clock)()
    }

    /// Notes what the bytes of a file have for which no digest is announced: the page tells what they showed.
    pub(crate) fn measure(&self, name: &PackageName, filename: &str, sha256: &str) {
        let mut measured = self.measured.lock().unwrap_or_else(PoisonError::into_inner);
        if measured.len() >= MAX_MEASURED {
            measured.clear();
        }
        measured.insert((name.clone(), filename.to_owned()), sha256.to_owned());
    }

    fn measured(&self, name: &PackageName, filename: &str) -> Option<String> {
        let measured = self.measured.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (name.clone(), filename.to_owned());
        measured.get(&key).cloned()
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
