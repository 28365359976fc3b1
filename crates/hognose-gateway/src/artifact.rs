//! Serving files: decided, read where they must be, and only then sent.

use std::collections::HashMap;
use std::io::{self, SeekFrom};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::BodyExt as _;
use http_body_util::channel::{Channel, Sender};
use hyper::header;
use hyper::{Response, StatusCode};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};

use crate::answer::{self, Answer, Body, Ranged, put};
use crate::blobs::{Blob, Flight};
use crate::event::{Event, FileEvent};
use crate::gateway::{Asked, Gateway, OnUnknown, count, matches_tag};
use crate::judge::{Inspected, Reason, Ruling};
use crate::offer::{OfferedFile, Page};
use crate::problem::Problem;
use crate::route::FilePath;

/// Bytes read and sent at a time.
const PIECE: usize = 256 << 10;

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
            .filter(|digest| self.is_settled(digest))
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
    fn is_settled(&self, digest: &str) -> bool {
        !self.judge.inspects()
            || matches!(
                self.rulings.find(digest, &self.judge.revision()),
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
        let stored = offered
            .file
            .sha256
            .as_deref()
            .and_then(|d| self.blobs.find(d));
        let settled = offered
            .file
            .sha256
            .as_deref()
            .is_some_and(|d| self.is_settled(d));
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
        let revision = self.judge.revision();
        if let Some(known) = self.rulings.find(&blob.sha256, &revision) {
            return known;
        }
        let (judge, file) = (Arc::clone(&self.judge), offered.file.clone());
        let (path, budget) = (blob.path.clone(), self.options.budget);
        let read = tokio::task::spawn_blocking(move || judge.artifact(&file, &path, budget));
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
        // What could not be read may be readable at the next try.
        if let Inspected::Read(ruling) = &inspected {
            self.rulings.keep(&blob.sha256, &revision, &inspected);
            if ruling.decision != hognose_types::Decision::Allow {
                self.catalog.decide_again(&page.name);
            }
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

fn head(offered: &OfferedFile, status: StatusCode, body: Body) -> Answer {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    put(
        &mut answer,
        header::CONTENT_TYPE,
        "application/octet-stream",
    );
    put(&mut answer, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    match &offered.file.sha256 {
        Some(digest) => {
            put(&mut answer, header::ETAG, &format!("\"{digest}\""));
            let forever = "private, max-age=31536000, immutable";
            put(&mut answer, header::CACHE_CONTROL, forever);
        }
        None => put(&mut answer, header::CACHE_CONTROL, "private, no-cache"),
    }
    answer
}

/// The part of a file that is asked for; `If-Range` with another validator means all of it.
fn wanted(offered: &OfferedFile, size: u64, asked: &Asked<'_>) -> Ranged {
    let etag = offered.file.sha256.as_ref().map(|d| format!("\"{d}\""));
    let condition = asked.header(header::IF_RANGE);
    if condition.is_some_and(|c| etag.as_deref() != Some(c)) {
        return Ranged::Whole;
    }
    answer::range(asked.header(header::RANGE), size)
}

fn not_modified(offered: &OfferedFile, asked: &Asked<'_>) -> Option<Answer> {
    let etag = format!("\"{}\"", offered.file.sha256.as_ref()?);
    let tags = asked.header(header::IF_NONE_MATCH)?;
    matches_tag(tags, &etag).then(|| head(offered, StatusCode::NOT_MODIFIED, answer::empty()))
}

fn beyond(offered: &OfferedFile, size: u64) -> Answer {
    let mut answer = head(offered, StatusCode::RANGE_NOT_SATISFIABLE, answer::empty());
    put(
        &mut answer,
        header::CONTENT_RANGE,
        &format!("bytes */{size}"),
    );
    answer
}

/// A file that is in memory.
fn whole(offered: &OfferedFile, bytes: Bytes, asked: &Asked<'_>) -> Answer {
    if let Some(answer) = not_modified(offered, asked) {
        return answer;
    }
    let size = bytes.len() as u64;
    let mut answer = match wanted(offered, size, asked) {
        Ranged::Whole => head(offered, StatusCode::OK, answer::full(bytes)),
        Ranged::Beyond => return beyond(offered, size),
        Ranged::Part(first, last) => {
            let part = bytes.slice(first as usize..=last as usize);
            let mut answer = head(offered, StatusCode::PARTIAL_CONTENT, answer::full(part));
            let range = format!("bytes {first}-{last}/{size}");
            put(&mut answer, header::CONTENT_RANGE, &range);
            answer
        }
    };
    put(&mut answer, header::ACCEPT_RANGES, "bytes");
    answer
}

/// A file that is sent from disk, piece by piece.
fn large(offered: &OfferedFile, blob: &Blob, asked: &Asked<'_>) -> Answer {
    if let Some(answer) = not_modified(offered, asked) {
        return answer;
    }
    let size = blob.size;
    let (status, first, last) = match wanted(offered, size, asked) {
        Ranged::Whole => (StatusCode::OK, 0, size.saturating_sub(1)),
        Ranged::Beyond => return beyond(offered, size),
        Ranged::Part(first, last) => (StatusCode::PARTIAL_CONTENT, first, last),
    };
    let length = last + 1 - first;
    let (sender, body) = Channel::new(2);
    let path = blob.path.clone();
    tokio::spawn(async move {
        let mut sender: Sender<Bytes, io::Error> = sender;
        if let Err(error) = send_part(&mut sender, path, first, length).await {
            sender.abort(error);
        }
    });
    let mut answer = head(offered, status, body.boxed_unsync());
    put(&mut answer, header::CONTENT_LENGTH, &length.to_string());
    put(&mut answer, header::ACCEPT_RANGES, "bytes");
    if status == StatusCode::PARTIAL_CONTENT {
        let range = format!("bytes {first}-{last}/{size}");
        put(&mut answer, header::CONTENT_RANGE, &range);
    }
    answer
}

async fn send_part(
    sender: &mut Sender<Bytes, io::Error>,
    path: PathBuf,
    first: u64,
    mut left: u64,
) -> io::Result<()> {
    let mut file = tokio::fs::File::open(path).await?;
    file.set_max_buf_size(PIECE);
    file.seek(SeekFrom::Start(first)).await?;
    while left > 0 {
        let piece = next_piece(&mut file, left).await?;
        left -= piece.len() as u64;
        if sender.send_data(piece).await.is_err() {
            // The client has gone.
            return Ok(());
        }
    }
    Ok(())
}

async fn next_piece(file: &mut tokio::fs::File, left: u64) -> io::Result<Bytes> {
    let mut buffer = vec![0; PIECE.min(usize::try_from(left).unwrap_or(PIECE))];
    let read = file.read(&mut buffer).await?;
    if read == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    buffer.truncate(read);
    Ok(Bytes::from(buffer))
}

/// A file that is still coming: sent on as far as it is, but for the last piece, which waits for the digest.
async fn coming(offered: &OfferedFile, flight: &Arc<Flight>) -> Answer {
    let mut news = flight.watch();
    // The first bytes tell whether there is a file at all, and how large it is.
    let begun = news.wait_for(|p| p.ready > 0 || p.done.is_some()).await;
    let (length, failed) = match &begun {
        Ok(progress) => (
            progress.length,
            progress
                .done
                .as_ref()
                .and_then(|d| d.as_ref().err().cloned()),
        ),
        Err(_) => (None, Some("the download was given up".into())),
    };
    drop(begun);
    if let Some(reason) = failed {
        return answer::problem(&Problem::new(503, "Upstream unavailable", &reason));
    }
    let (sender, body) = Channel::new(2);
    let flight = Arc::clone(flight);
    tokio::spawn(async move {
        let mut sender: Sender<Bytes, io::Error> = sender;
        if let Err(error) = send_coming(&mut sender, &flight).await {
            // The connection is cut: half a file must not look like a whole one.
            sender.abort(error);
        }
    });
    let mut answer = head(offered, StatusCode::OK, body.boxed_unsync());
    if let Some(length) = length {
        put(&mut answer, header::CONTENT_LENGTH, &length.to_string());
    }
    answer
}

async fn send_coming(sender: &mut Sender<Bytes, io::Error>, flight: &Flight) -> io::Result<()> {
    let mut news = flight.watch();
    let mut sent = 0_u64;
    let mut file: Option<tokio::fs::File> = None;
    loop {
        let (ready, done) = {
            let progress = news
                .wait_for(|p| p.ready > sent || p.done.is_some())
                .await
                .map_err(io::Error::other)?;
            (progress.ready, progress.done.clone())
        };
        let end = match &done {
            Some(Err(reason)) => return Err(io::Error::other(reason.to_string())),
            Some(Ok(blob)) => Some(blob.path.clone()),
            None => None,
        };
        let mut open = match file.take() {
            Some(open) => open,
            // The file keeps its bytes when it gets its place; only its name changes.
            None => match tokio::fs::File::open(&flight.path).await {
                Ok(open) => open,
                Err(error) => match &end {
                    Some(path) => tokio::fs::File::open(path).await?,
                    None => return Err(error),
                },
            },
        };
        while sent < ready {
            let piece = next_piece(&mut open, ready - sent).await?;
            sent += piece.len() as u64;
            if sender.send_data(piece).await.is_err() {
                return Ok(());
            }
        }
        if done.is_some() {
            return Ok(());
        }
        file = Some(open);
    }
}
