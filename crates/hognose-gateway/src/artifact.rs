//! Serving files: decided, read where they must be, and only then sent.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header;

use crate::answer::{self, Answer, put};
use crate::blobs::{Blob, Flight};
use crate::event::{Event, FileEvent};
use crate::gateway::{Asked, Gateway, OnUnknown, count};
use crate::judge::{Artifact, Inspected, Reason, Ruling};
use crate::offer::{OfferedFile, Page};
use crate::problem::Problem;
use crate::route::FilePath;
use crate::send::{coming, large, whole};

/// Artifacts that are being read, one turn for each.
#[derive(Debug, Default)]
pub(crate) struct Turns(Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>);

impl Turns {
    fn of(&self, key: &str) -> Arc<tokio::sync::Mutex<()>> {
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

impl Gateway {
    /// Answers for a distribution file.
    pub(crate) async fn file(&self, path: &FilePath, asked: &Asked<'_>) -> Answer {
        let page = match self.known(&path.project).await {
            Ok(page) => page,
            Err(problem) => return answer::problem(&problem),
        };
        let offered = match offered(&page, path) {
            Ok(offered) => offered.clone(),
            Err(problem) => return answer::problem(&problem),
        };
        if offered.ruling.blocks() && !self.options.observe {
            return self.refuse(&page, &offered, &offered.ruling, asked);
        }
        let digest = offered.file.sha256.as_deref();
        if let Some(bytes) = digest
            .filter(|digest| self.is_settled(&page, &offered, digest))
            .and_then(|digest| self.blobs.remembered(digest))
        {
            self.served(&page, &offered, asked);
            return whole(&offered, bytes, asked);
        }
        let ready = match self.ready(&page, &offered, asked).await {
            Ok(ready) => ready,
            Err(refusal) => return *refusal,
        };
        self.served(&page, &offered, asked);
        match ready {
            Ready::Stored(blob) => self.stored(&offered, &blob, asked).await,
            Ready::Coming(flight) => coming(&offered, &flight).await,
        }
    }

    /// Answers for a file's metadata.
    pub(crate) async fn metadata(&self, path: &FilePath, asked: &Asked<'_>) -> Answer {
        let page = match self.known(&path.project).await {
            Ok(page) => page,
            Err(problem) => return answer::problem(&problem),
        };
        let offered = match offered(&page, path) {
            Ok(offered) => offered.clone(),
            Err(problem) => return answer::problem(&problem),
        };
        if offered.ruling.blocks() && !self.options.observe {
            return self.refuse(&page, &offered, &offered.ruling, asked);
        }
        let key = format!("metadata of {}", offered.file.url.plain());
        let bytes = match self.blobs.remembered(&key) {
            Some(bytes) => bytes,
            None => match self.fetch_metadata(&offered).await {
                Ok(bytes) => {
                    self.blobs.remember(&key, &bytes);
                    bytes
                }
                Err(reason) => {
                    count(&self.counts.failures);
                    return answer::problem(&Problem::new(503, "Upstream unavailable", &reason));
                }
            },
        };
        let mut answer = answer::with(StatusCode::OK, "application/octet-stream", bytes);
        put(&mut answer, header::CACHE_CONTROL, "private, max-age=600");
        answer
    }

    async fn fetch_metadata(&self, offered: &OfferedFile) -> Result<Bytes, String> {
        let (upstreams, at) = (Arc::clone(&self.upstreams), offered.upstream);
        let file = offered.file.clone();
        let fetched = tokio::task::spawn_blocking(move || {
            let upstream = upstreams.get(at).ok_or("the index is gone")?;
            let bytes = upstream.client.metadata_bytes(&file);
            bytes.map(Bytes::from).map_err(|e| e.to_string())
        });
        fetched.await.map_err(|e| e.to_string())?
    }

    fn refuse(
        &self,
        page: &Page,
        offered: &OfferedFile,
        ruling: &Ruling,
        asked: &Asked<'_>,
    ) -> Answer {
        count(&self.counts.blocked);
        self.events.record(Event::Blocked {
            file: FileEvent::new(&page.name, &offered.file, asked.client),
            reasons: ruling.reasons.clone(),
        });
        answer::problem(&Problem::withheld(&offered.file.filename, ruling))
    }

    fn served(&self, page: &Page, offered: &OfferedFile, asked: &Asked<'_>) {
        count(&self.counts.files);
        self.events.record(Event::Served {
            file: FileEvent::new(&page.name, &offered.file, asked.client),
            reasons: offered.ruling.reasons.clone(),
        });
    }

    /// Whether bytes of a digest need not be read any more.
    fn is_settled(&self, page: &Page, offered: &OfferedFile, sha256: &str) -> bool {
        !self.judge.inspects()
            || matches!(
                self.judge.recall(&artifact(page, offered, sha256)),
                Some(Inspected::Read(_))
            )
    }

    /// The file, judged by its bytes where that is wanted. While nobody needs to read it first, it is sent as it comes.
    async fn ready(
        &self,
        page: &Page,
        offered: &OfferedFile,
        asked: &Asked<'_>,
    ) -> Result<Ready, Box<Answer>> {
        let digest = offered.file.sha256.as_deref();
        let stored = digest.and_then(|d| self.blobs.find(d));
        let settled = digest.is_some_and(|d| self.is_settled(page, offered, d));
        if settled || !self.judge.inspects() {
            return match stored {
                Some(blob) => Ok(Ready::Stored(blob)),
                None => self.fetch(offered).map(Ready::Coming),
            };
        }
        let blob = if let Some(blob) = stored {
            blob
        } else {
            let fetched = self.fetch(offered)?.finish().await;
            fetched.map_err(|reason| {
                count(&self.counts.failures);
                let problem = Problem::new(503, "Upstream unavailable", &reason);
                Box::new(answer::problem(&problem))
            })?
        };
        match self.read(page, offered, &blob, asked).await {
            Inspected::Read(ruling) if ruling.blocks() && !self.options.observe => {
                Err(Box::new(self.refuse(page, offered, &ruling, asked)))
            }
            Inspected::Unknown(reason)
                if self.options.on_unknown == OnUnknown::Block && !self.options.observe =>
            {
                let ruling = Ruling {
                    decision: hognose_types::Decision::Block,
                    reasons: vec![Reason {
                        rule: "HOG-GAP-unreadable".to_owned(),
                        message: format!("its content could not be judged: {reason}"),
                        remedy: "try again later, or set on-unknown = \"allow\"".to_owned(),
                    }],
                };
                Err(Box::new(self.refuse(page, offered, &ruling, asked)))
            }
            Inspected::Read(_) | Inspected::Unknown(_) => Ok(Ready::Stored(blob)),
        }
    }

    /// What a client would be told of a file: by the page, and by its bytes where they are to be read.
    pub(crate) async fn judged(
        &self,
        page: &Page,
        offered: &OfferedFile,
        asked: &Asked<'_>,
    ) -> Result<Ruling, String> {
        let mut ruling = offered.ruling.clone();
        if ruling.blocks() || !self.judge.inspects() {
            return Ok(ruling);
        }
        let digest = offered.file.sha256.as_deref();
        let blob = if let Some(blob) = digest.and_then(|d| self.blobs.find(d)) {
            blob
        } else {
            let full = |_| "the cache has no room".to_owned();
            let flight = self.fetch(offered).map_err(full)?;
            flight.finish().await.map_err(|reason| reason.to_string())?
        };
        match self.read(page, offered, &blob, asked).await {
            Inspected::Read(other) => {
                ruling.join(other);
                Ok(ruling)
            }
            Inspected::Unknown(reason) => Err(reason),
        }
    }

    /// Reads an artifact, once for all who wait for it.
    async fn read(
        &self,
        page: &Page,
        offered: &OfferedFile,
        blob: &Blob,
        asked: &Asked<'_>,
    ) -> Inspected {
        let turn = self.reading.of(&blob.sha256);
        let _turn = turn.lock().await;
        let known = self.judge.recall(&artifact(page, offered, &blob.sha256));
        if let Some(known) = known {
            return known;
        }
        let (judge, file, name) = (
            Arc::clone(&self.judge),
            offered.file.clone(),
            page.name.clone(),
        );
        let (blob, budget) = (blob.clone(), self.options.budget);
        let read = tokio::task::spawn_blocking(move || {
            let artifact = Artifact {
                name: &name,
                file: &file,
                sha256: &blob.sha256,
            };
            judge.artifact(&artifact, &blob.path, budget)
        });
        let read = tokio::time::timeout(budget * 2, read).await;
        let inspected = match read {
            Ok(Ok(inspected)) => inspected,
            Ok(Err(_)) => Inspected::Unknown("the analysis failed".to_owned()),
            Err(_) => Inspected::Unknown("the analysis took too long".to_owned()),
        };
        count(&self.counts.inspected);
        let outcome = match &inspected {
            Inspected::Read(ruling) => format!("{:?}", ruling.decision).to_ascii_lowercase(),
            Inspected::Unknown(reason) => reason.clone(),
        };
        self.events.record(Event::Inspected {
            file: FileEvent::new(&page.name, &offered.file, asked.client),
            outcome,
        });
        if let Inspected::Read(ruling) = &inspected
            && ruling.decision != hognose_types::Decision::Allow
        {
            self.catalog.decide_again(&page.name);
        }
        inspected
    }

    /// Starts or joins the download of a file.
    fn fetch(&self, offered: &OfferedFile) -> Result<Arc<Flight>, Box<Answer>> {
        let file = offered.file.clone();
        let key = file.url.plain();
        let (upstreams, at) = (Arc::clone(&self.upstreams), offered.upstream);
        let started = self.blobs.follow(
            &key,
            Box::new(move |sink| {
                let upstream = upstreams.get(at).ok_or("the index is gone")?;
                let streamed = upstream.client.stream(&file, sink);
                streamed.map(|s| s.sha256).map_err(|e| e.to_string())
            }),
        );
        count(&self.counts.downloads);
        started.map_err(|e| {
            let detail = format!("the artifact cannot be kept: {e}");
            Box::new(answer::problem(&Problem::new(503, "No room", &detail)))
        })
    }

    async fn stored(&self, offered: &OfferedFile, blob: &Blob, asked: &Asked<'_>) -> Answer {
        let (blobs, small) = (Arc::clone(&self.blobs), blob.clone());
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

fn artifact<'a>(page: &'a Page, offered: &'a OfferedFile, sha256: &'a str) -> Artifact<'a> {
    Artifact {
        name: &page.name,
        file: &offered.file,
        sha256,
    }
}

/// The file of a page that a path means. A digest that the page does not have is another file: the bytes that were
/// judged are the bytes that are served.
fn offered<'p>(page: &'p Page, path: &FilePath) -> Result<&'p OfferedFile, Problem> {
    let gone = |detail: &str| Problem::new(404, "Not found", detail);
    let offered = page
        .file(&path.filename)
        .ok_or_else(|| gone("the project has no such file"))?;
    if offered.file.sha256 != path.sha256 {
        return Err(gone(
            "the file has another digest now: ask for the page again",
        ));
    }
    Ok(offered)
}
