//! Serving files: decided, read where they must be, and only then sent.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use hognose_index::{IndexError, IndexFile};
use hognose_types::{Decision, PackageName};

use crate::answer::{self, Answer};
use crate::blobs::{Blob, Flight};
use crate::event::{Event, FileEvent};
use crate::gateway::{Asked, Gateway, OnUnknown, count};
use crate::judge::{Artifact, Inspected, Reason, Ruling};
use crate::offer::{OfferedFile, Page};
use crate::problem::Problem;
use crate::route::FilePath;
use crate::send::{coming, large, whole};

/// How the reason begins where this side is at fault, and not the upstream.
const NOT_KEPT: &str = "the artifact cannot be kept";

/// Artifacts that are being read, one turn for each; whoever had it before leaves what was found.
#[derive(Debug, Default)]
pub(crate) struct Turns(Mutex<HashMap<String, Turn>>);

type Turn = Arc<tokio::sync::Mutex<Option<Inspected>>>;

impl Turns {
    fn of(&self, key: &str) -> Turn {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody waits for what only this table holds.
        turns.retain(|_, turn| Arc::strong_count(turn) > 1);
        Arc::clone(turns.entry(key.to_owned()).or_default())
    }
}

/// A file that may be sent.
enum Ready {
    Stored(Blob),
    Coming(Arc<Flight>),
}

/// What is decided about a file at the moment when it is asked for. The page may be older than what its bytes showed.
pub(crate) struct Standing {
    pub(crate) ruling: Ruling,
    /// Its bytes need not be read any more.
    settled: bool,
}

impl Gateway {
    /// Answers for a distribution file.
    pub(crate) async fn file(
        self: &Arc<Self>,
        path: &FilePath,
        asked: &Asked<'_>,
    ) -> Result<Answer, Box<Answer>> {
        let (page, offered) = self.offered(path).await?;
        let mut standing = self.standing(&page, &offered).await;
        self.allow(&page, &offered, &standing.ruling, asked)?;
        let digest = offered.file.sha256.as_deref();
        if let Some(digest) = digest {
            self.witness(&page, &offered, digest, asked).await?;
            let vouched = self.vouched(&page, &offered, digest).await;
            if vouched.blocks() && !standing.ruling.blocks() {
                self.gear.catalog.decide_again(&page.parts.name).await;
            }
            standing.ruling.join(vouched);
            self.allow(&page, &offered, &standing.ruling, asked)?;
        }
        if let Some(bytes) = digest
            .filter(|_| standing.settled)
            .and_then(|digest| self.gear.blobs.remembered(digest))
        {
            self.served(&page, &offered, &standing.ruling, asked);
            return Ok(whole(&offered, bytes, asked));
        }
        let (ready, ruling) = self.ready(&page, &offered, standing, asked).await?;
        self.served(&page, &offered, &ruling, asked);
        Ok(match ready {
            Ready::Stored(blob) => self.stored(&offered, &blob, asked).await,
            Ready::Coming(flight) => coming(&offered, &flight).await,
        })
    }

    /// The page and the file that a path means. A digest that the page does not have is another file: the bytes that
    /// were judged are the bytes that are served.
    pub(crate) async fn offered(
        &self,
        path: &FilePath,
    ) -> Result<(Arc<Page>, OfferedFile), Box<Answer>> {
        let gone = |detail: &str| {
            let problem = Problem::new(404, "Not found", detail);
            Box::new(answer::problem(&problem))
        };
        let page = self.known(&path.project).await;
        let page = page.map_err(|problem| Box::new(answer::problem(&problem)))?;
        let offered = page
            .file(&path.filename)
            .ok_or_else(|| gone("the project has no such file"))?;
        if offered.file.sha256 != path.sha256 {
            return Err(gone(
                "the file has another digest now: ask for the page again",
            ));
        }
        let offered = offered.clone();
        Ok((page, offered))
    }

    /// What is decided about a file now, by its page and by what is known of its bytes.
    pub(crate) async fn standing(
        self: &Arc<Self>,
        page: &Arc<Page>,
        offered: &OfferedFile,
    ) -> Standing {
        let mut standing = Standing {
            ruling: offered.ruling.clone(),
            settled: !self.gear.judge.inspects(),
        };
        if let Some(Inspected::Read(read)) = self.recalled(page, offered).await {
            standing.settled = true;
            // What the page knew already is not said twice.
            if !read
                .reasons
                .iter()
                .all(|r| standing.ruling.reasons.contains(r))
            {
                if read.blocks() && !standing.ruling.blocks() {
                    // Another page or another node saw it first; this page says so from now on.
                    self.gear.catalog.decide_again(&page.parts.name).await;
                }
                standing.ruling.join(read);
            }
        }
        standing
    }

    /// What the bytes of a file showed before, on whichever node. What this one does not know costs a thread that may
    /// wait, for the others are asked through a database.
    async fn recalled(
        self: &Arc<Self>,
        page: &Arc<Page>,
        offered: &OfferedFile,
    ) -> Option<Inspected> {
        let digest = offered.file.sha256.as_deref()?;
        let judge = &self.gear.judge;
        if let Some(known) = judge.recall(&artifact(page, offered, digest), false) {
            return Some(known);
        }
        let (judge, page) = (Arc::clone(judge), Arc::clone(page));
        let (offered, digest) = (offered.clone(), digest.to_owned());
        let asked = tokio::task::spawn_blocking(move || {
            judge.recall(&artifact(&page, &offered, &digest), true)
        });
        asked.await.ok().flatten()
    }

    /// Refuses what is blocked, unless decisions are only told.
    pub(crate) fn allow(
        &self,
        page: &Page,
        offered: &OfferedFile,
        ruling: &Ruling,
        asked: &Asked<'_>,
    ) -> Result<(), Box<Answer>> {
        if !ruling.blocks() || self.gear.options.observe {
            return Ok(());
        }
        count(&self.counts.blocked);
        self.gear.events.record(Event::Blocked {
            file: FileEvent::new(&page.parts.name, &offered.file, asked.client),
            reasons: ruling.reasons.clone(),
        });
        Err(Box::new(answer::problem(&Problem::withheld(
            &offered.file.filename,
            ruling,
        ))))
    }

    pub(crate) fn unavailable<T>(&self, reason: &str) -> Result<T, Box<Answer>> {
        count(&self.counts.failures);
        let phrase = if reason.starts_with(NOT_KEPT) {
            "No room"
        } else {
            "Upstream unavailable"
        };
        let problem = Problem::new(503, phrase, reason);
        Err(Box::new(answer::problem(&problem)))
    }

    fn served(&self, page: &Page, offered: &OfferedFile, ruling: &Ruling, asked: &Asked<'_>) {
        count(&self.counts.files);
        self.gear.events.record(Event::Served {
            file: FileEvent::new(&page.parts.name, &offered.file, asked.client),
            reasons: ruling.reasons.clone(),
        });
    }

    /// The file, judged by its bytes where that is wanted. While nobody needs to read it first, it is sent as it comes.
    async fn ready(
        self: &Arc<Self>,
        page: &Arc<Page>,
        offered: &OfferedFile,
        standing: Standing,
        asked: &Asked<'_>,
    ) -> Result<(Ready, Ruling), Box<Answer>> {
        let digest = offered.file.sha256.as_deref();
        let stored = digest.and_then(|d| self.gear.blobs.find(d));
        let mut ruling = standing.ruling;
        // What has no announced digest is nobody's word: it is known by its bytes, which must be there first.
        if standing.settled && digest.is_some() {
            return match stored {
                Some(blob) => Ok((Ready::Stored(blob), ruling)),
                None => self.fetch(offered).map(|f| (Ready::Coming(f), ruling)),
            };
        }
        let blob = if let Some(blob) = stored {
            blob
        } else {
            let fetched = self.fetch(offered)?.finish().await;
            fetched.or_else(|reason| self.unavailable(&reason))?
        };
        if digest.is_none() {
            // Nobody announced it: that it is another one than before shows only now.
            self.gear
                .catalog
                .measure(&page.parts.name, &offered.file.filename, &blob.sha256);
            self.witness(page, offered, &blob.sha256, asked).await?;
            ruling.join(self.vouched(page, offered, &blob.sha256).await);
        }
        if !standing.settled {
            match self.read(page, offered, &blob, asked.client).await {
                Inspected::Read(read) => ruling.join(read),
                Inspected::Unknown(reason) => {
                    ruling.join(self.not_judged(page, offered, &blob, &reason).await);
                }
            }
        }
        if digest.is_none() && ruling.blocks() != offered.ruling.blocks() {
            self.gear.catalog.decide_again(&page.parts.name).await;
        }
        self.allow(page, offered, &ruling, asked)?;
        Ok((Ready::Stored(blob), ruling))
    }

    pub(crate) async fn not_judged(
        &self,
        page: &Page,
        offered: &OfferedFile,
        blob: &Blob,
        reason: &str,
    ) -> Ruling {
        let decision = match self.gear.judge.on_unknown() {
            OnUnknown::Allow => Decision::Warn,
            OnUnknown::KnownGood if self.known_good(page, offered, blob).await => Decision::Warn,
            OnUnknown::Block | OnUnknown::KnownGood => Decision::Block,
        };
        Ruling {
            decision,
            reasons: vec![Reason {
                rule: "HOG-GAP-unreadable".to_owned(),
                message: format!("its content could not be judged: {reason}"),
                remedy: "try again later, or set on-unknown = \"allow\"".to_owned(),
            }],
        }
    }

    async fn known_good(&self, page: &Page, offered: &OfferedFile, blob: &Blob) -> bool {
        let judge = Arc::clone(&self.gear.judge);
        let reading = Reading::new(page, offered, blob, "");
        let asked = tokio::task::spawn_blocking(move || judge.known_good(&reading.artifact()));
        asked.await.unwrap_or(false)
    }

    /// What a client would be told of a file: by the page, and by its bytes where they are to be read.
    pub(crate) async fn judged(
        self: &Arc<Self>,
        page: &Arc<Page>,
        offered: &OfferedFile,
        client: &str,
    ) -> Result<Ruling, String> {
        let Standing {
            mut ruling,
            settled,
        } = self.standing(page, offered).await;
        let digest = offered.file.sha256.as_deref();
        if let Some(digest) = digest {
            ruling.join(self.vouched(page, offered, digest).await);
        }
        if ruling.blocks() || (settled && digest.is_some()) {
            return Ok(ruling);
        }
        let blob = if let Some(blob) = digest.and_then(|d| self.gear.blobs.find(d)) {
            blob
        } else {
            let full = |_| "the cache has no room".to_owned();
            let flight = self.fetch(offered).map_err(full)?;
            flight.finish().await.map_err(|reason| reason.to_string())?
        };
        if digest.is_none() {
            self.gear
                .catalog
                .measure(&page.parts.name, &offered.file.filename, &blob.sha256);
            ruling.join(self.vouched(page, offered, &blob.sha256).await);
        }
        if settled {
            return Ok(ruling);
        }
        match self.read(page, offered, &blob, client).await {
            Inspected::Read(other) => {
                ruling.join(other);
                Ok(ruling)
            }
            Inspected::Unknown(reason) => Err(reason),
        }
    }

    /// Reads an artifact within the budget. What takes longer goes on, and its result is there for the next who asks.
    async fn read(
        self: &Arc<Self>,
        page: &Page,
        offered: &OfferedFile,
        blob: &Blob,
        client: &str,
    ) -> Inspected {
        let reading = Reading::new(page, offered, blob, client);
        let read = tokio::spawn(Arc::clone(self).read_once(reading));
        match tokio::time::timeout(self.gear.options.budget, read).await {
            Ok(Ok(inspected)) => inspected,
            Ok(Err(_)) => Inspected::Unknown("the analysis failed".to_owned()),
            Err(_) => Inspected::Unknown("the analysis takes long, and goes on".to_owned()),
        }
    }

    /// Reads an artifact, once for all who wait for it.
    async fn read_once(self: Arc<Self>, reading: Reading) -> Inspected {
        let turn = self.reading.of(&reading.blob.sha256);
        let mut left = turn.lock().await;
        if let Some(known) = self.gear.judge.recall(&reading.artifact(), true) {
            return known;
        }
        if let Some(found) = left.clone() {
            return found;
        }
        // Each takes a core and memory for itself: many at once would be slower together.
        let permit = self.analyses.acquire().await;
        let judge = Arc::clone(&self.gear.judge);
        let (name, filename) = (reading.name.clone(), reading.file.filename.clone());
        let (name, event) = (
            name,
            FileEvent::new(&reading.name, &reading.file, &reading.client),
        );
        let read = tokio::task::spawn_blocking(move || {
            judge.artifact(&reading.artifact(), &reading.blob.path)
        });
        let inspected = read
            .await
            .unwrap_or_else(|_| Inspected::Unknown("the analysis failed".to_owned()));
        drop(permit);
        *left = Some(inspected.clone());
        count(&self.counts.inspected);
        let outcome = match &inspected {
            Inspected::Read(ruling) => format!("{:?}", ruling.decision).to_ascii_lowercase(),
            Inspected::Unknown(reason) => reason.clone(),
        };
        self.gear.events.record(Event::Inspected {
            file: event,
            outcome,
        });
        if let Inspected::Read(ruling) = &inspected
            // What pages said to be waited for need not be any more.
            && (self.gear.catalog.unready.take(&name, &filename)
                || ruling.decision != Decision::Allow)
        {
            self.gear.catalog.decide_again(&name).await;
        }
        inspected
    }

    /// Starts or joins the download of a file.
    fn fetch(&self, offered: &OfferedFile) -> Result<Arc<Flight>, Box<Answer>> {
        let file = offered.file.clone();
        let key = key(offered);
        let (upstreams, at) = (Arc::clone(&self.gear.upstreams), offered.upstream);
        let started = self.gear.blobs.follow(
            &key,
            offered.file.sha256.as_deref(),
            Box::new(move |sink| {
                let upstream = upstreams.get(at).ok_or("the index is gone")?;
                let streamed = upstream.client.stream(&file, sink);
                streamed.map(|s| s.sha256).map_err(|e| match e {
                    IndexError::Write { source, .. } => format!("{NOT_KEPT}: {source}"),
                    other => other.to_string(),
                })
            }),
        );
        count(&self.counts.downloads);
        started.map_err(|e| {
            let detail = format!("{NOT_KEPT}: {e}");
            Box::new(answer::problem(&Problem::new(503, "No room", &detail)))
        })
    }

    async fn stored(&self, offered: &OfferedFile, blob: &Blob, asked: &Asked<'_>) -> Answer {
        let (blobs, small) = (Arc::clone(&self.gear.blobs), blob.clone());
        let loaded = tokio::task::spawn_blocking(move || blobs.load(&small)).await;
        match loaded {
            Ok(Ok(Some(bytes))) => whole(offered, bytes, asked),
            Ok(Ok(None)) => large(offered, blob, asked),
            _ => answer::problem(&Problem::new(
                503,
                "Cache failed",
                "the artifact cannot be read from the cache",
            )),
        }
    }
}

/// An artifact to be read, and for whom.
struct Reading {
    name: PackageName,
    file: IndexFile,
    blob: Blob,
    client: String,
}

impl Reading {
    fn new(page: &Page, offered: &OfferedFile, blob: &Blob, client: &str) -> Self {
        Self {
            name: page.parts.name.clone(),
            file: offered.file.clone(),
            blob: blob.clone(),
            client: client.to_owned(),
        }
    }

    fn artifact(&self) -> Artifact<'_> {
        Artifact {
            name: &self.name,
            file: &self.file,
            sha256: &self.blob.sha256,
        }
    }
}

fn artifact<'a>(page: &'a Page, offered: &'a OfferedFile, sha256: &'a str) -> Artifact<'a> {
    Artifact {
        name: &page.parts.name,
        file: &offered.file,
        sha256,
    }
}

/// What a file is kept under: the same address with other bytes announced is another file.
pub(crate) fn key(offered: &OfferedFile) -> String {
    let digest = offered.file.sha256.as_deref().unwrap_or_default();
    format!("{}#{digest}", offered.file.url.plain())
}
