//! A remote file of which only parts are fetched (RFC 9110, section 14).

use std::io::{self, Read, Seek, SeekFrom};

use crate::http::{Answer, Http};
use crate::{IndexError, IndexUrl};

/// What is fetched first: the longest end record of a ZIP archive, and in most wheels directory and metadata with it.
const TAIL: u64 = 66 << 10;
/// Least that is fetched further on; each time twice as much, for directories of large wheels.
const STEP: u64 = 32 << 10;
/// Most requests for one file: a server whose archive leads in circles is given up.
const MAX_REQUESTS: u32 = 24;

/// A file as a server is ready to send it.
pub(super) enum Opened<'h> {
    /// In parts.
    Ranges(Box<Ranged<'h>>),
    /// Only whole.
    Whole(Vec<u8>),
}

/// Parts of a remote file, fetched as they are read.
pub(super) struct Ranged<'h> {
    http: &'h Http,
    url: IndexUrl,
    size: u64,
    at: u64,
    /// Where each part starts.
    parts: Vec<(u64, Vec<u8>)>,
    requests: u32,
    step: u64,
    /// Bytes that may still be fetched.
    left: u64,
    failed: Option<IndexError>,
}

impl<'h> Ranged<'h> {
    /// Asks for the end of a file; servers that know no ranges send all of it, of which at most `limit` bytes are held.
    pub(super) fn open(
        http: &'h Http,
        url: &IndexUrl,
        limit: u64,
    ) -> Result<Opened<'h>, IndexError> {
        let range = format!("bytes=-{TAIL}");
        let answer = http.ask(url, "*/*", &[("Range", &range)])?;
        match answer.status {
            206 => {}
            200 => return body(http, answer, limit).map(Opened::Whole),
            // Refused for what was asked, not for who asks: the whole file may be had.
            400 | 405 | 416 | 500 | 501 => return Self::whole(http, url, limit).map(Opened::Whole),
            _ => return Err(refused(&answer)),
        }
        let Some((start, size)) = answer.range.filter(|(start, size)| start < size) else {
            return Self::whole(http, url, limit).map(Opened::Whole);
        };
        let url = answer.url.clone();
        let tail = body(http, answer, TAIL)?;
        if start.checked_add(tail.len() as u64) != Some(size) {
            return Err(other_file(&url));
        }
        Ok(Opened::Ranges(Box::new(Self {
            http,
            url,
            size,
            at: 0,
            parts: vec![(start, tail)],
            requests: 0,
            step: STEP,
            left: limit,
            failed: None,
        })))
    }

    /// Fetches a whole file into memory.
    pub(super) fn whole(http: &Http, url: &IndexUrl, limit: u64) -> Result<Vec<u8>, IndexError> {
        let answer = http.ask(url, "*/*", &[])?;
        match answer.status {
            200 => body(http, answer, limit),
            _ => Err(refused(&answer)),
        }
    }

    /// Why the last read failed, if the server was at fault.
    pub(super) fn failed(self) -> Option<IndexError> {
        self.failed
    }

    /// What is at hand from here on.
    fn held(&self) -> Option<&[u8]> {
        let of = |(start, bytes): &'_ (u64, Vec<u8>)| {
            let skip = usize::try_from(self.at.checked_sub(*start)?).ok()?;
            Some(skip).filter(|skip| *skip < bytes.len())
        };
        let found = self.parts.iter().find_map(|part| Some((part, of(part)?)));
        found.and_then(|((_, bytes), skip)| bytes.get(skip..))
    }

    fn fetch(&mut self) -> Result<(), IndexError> {
        let next = self.parts.iter().map(|(start, _)| *start);
        let next = next.filter(|start| *start > self.at).min();
        let stop = self
            .at
            .saturating_add(self.step)
            .min(next.unwrap_or(self.size));
        let wanted = stop.saturating_sub(self.at);
        self.requests += 1;
        if self.requests > MAX_REQUESTS || wanted > self.left {
            return Err(IndexError::TooLarge {
                url: self.url.redacted(),
                limit: self.left,
            });
        }
        self.left -= wanted;
        let range = format!("bytes={}-{}", self.at, stop.saturating_sub(1));
        let answer = self.http.ask(&self.url, "*/*", &[("Range", &range)])?;
        if answer.status != 206 {
            return Err(refused(&answer));
        }
        let same = answer.range == Some((self.at, self.size));
        let bytes = body(self.http, answer, wanted)?;
        if !same || bytes.len() as u64 != wanted {
            return Err(other_file(&self.url));
        }
        self.parts.push((self.at, bytes));
        self.step = self.step.saturating_mul(2);
        Ok(())
    }
}

impl Read for Ranged<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() || self.at >= self.size {
            return Ok(0);
        }
        if self.held().is_none()
            && let Err(error) = self.fetch()
        {
            let text = error.to_string();
            self.failed = Some(error);
            return Err(io::Error::other(text));
        }
        let held = self.held().unwrap_or_default();
        let length = held.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..length), held.get(..length)) {
            to.copy_from_slice(from);
        }
        self.at += length as u64;
        Ok(length)
    }
}

impl Seek for Ranged<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.size.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

fn body(http: &Http, answer: Answer, limit: u64) -> Result<Vec<u8>, IndexError> {
    if answer.length.is_some_and(|length| length > limit) {
        let url = answer.url.redacted();
        return Err(IndexError::TooLarge { url, limit });
    }
    Ok(http.whole(answer, limit)?.body)
}

fn refused(answer: &Answer) -> IndexError {
    let (url, status) = (answer.url.redacted(), answer.status);
    match status {
        401 | 403 | 407 => IndexError::Access { url, status },
        _ => IndexError::Status { url, status },
    }
}

fn other_file(url: &IndexUrl) -> IndexError {
    IndexError::Metadata {
        url: url.redacted(),
        reason: "the parts that the server sent are not of one file".to_owned(),
    }
}
