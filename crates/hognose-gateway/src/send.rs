//! Sending files: from memory, from disk, or while they come.

use std::io::{self, SeekFrom};
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use http_body_util::channel::{Channel, Sender};
use hyper::header;
use hyper::{Response, StatusCode};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};

use crate::answer::{self, Answer, Body, Ranged, put};
use crate::blobs::{Blob, Flight};
use crate::gateway::{Asked, matches_tag};
use crate::offer::OfferedFile;
use crate::problem::Problem;

/// Bytes read and sent at a time.
const PIECE: usize = 256 << 10;

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
pub(crate) fn whole(offered: &OfferedFile, bytes: Bytes, asked: &Asked<'_>) -> Answer {
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
pub(crate) fn large(offered: &OfferedFile, blob: &Blob, asked: &Asked<'_>) -> Answer {
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
pub(crate) async fn coming(offered: &OfferedFile, flight: &Arc<Flight>) -> Answer {
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

/// The file that is coming, or has come: it keeps its bytes when it gets its place, and only its name changes.
async fn opened(flight: &Flight, place: Option<&Path>) -> io::Result<Option<tokio::fs::File>> {
    if let Ok(open) = tokio::fs::File::open(&flight.path).await {
        return Ok(Some(open));
    }
    match place {
        Some(place) => tokio::fs::File::open(place).await.map(Some),
        None => Ok(None),
    }
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
        let mut open = if let Some(open) = file.take() {
            open
        } else if let Some(open) = opened(flight, end.as_deref()).await? {
            open
        } else {
            // It got its place just now, and whoever put it there is about to say so.
            let told = news.wait_for(|p| p.done.is_some()).await;
            drop(told.map_err(io::Error::other)?);
            continue;
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
