//! Bytes at any place of a seekable source, through one buffer.

use std::io::{self, BufRead, Read, Seek, SeekFrom};

/// Everything an archive can be read from: a file, or a `Cursor` over bytes.
pub trait ReadSeek: Read + Seek {}

impl<T: Read + Seek + ?Sized> ReadSeek for T {}

const BUFFER: usize = 64 << 10;

/// A source with a window of it in memory.
pub(super) struct Source<'s> {
    inner: &'s mut dyn ReadSeek,
    len: u64,
    buffer: Vec<u8>,
    start: u64,
    filled: usize,
    /// Where the inner source stands, if known.
    at: Option<u64>,
}

impl<'s> Source<'s> {
    pub(super) fn new(inner: &'s mut dyn ReadSeek) -> io::Result<Self> {
        let len = inner.seek(SeekFrom::End(0))?;
        let size = usize::try_from(len).unwrap_or(BUFFER).clamp(1, BUFFER);
        Ok(Self {
            inner,
            len,
            buffer: vec![0; size],
            start: 0,
            filled: 0,
            at: None,
        })
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// What is in memory from this place on; empty only at the end.
    pub(super) fn chunk(&mut self, place: u64) -> io::Result<&[u8]> {
        let inside = place
            .checked_sub(self.start)
            .and_then(|n| usize::try_from(n).ok())
            .filter(|n| *n < self.filled);
        if let Some(offset) = inside {
            return Ok(self.buffer.get(offset..self.filled).unwrap_or_default());
        }
        if place >= self.len {
            return Ok(&[]);
        }
        if self.at != Some(place) {
            self.at = None;
            self.inner.seek(SeekFrom::Start(place))?;
        }
        (self.start, self.filled) = (place, 0);
        let read = loop {
            match self.inner.read(&mut self.buffer) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                result => break result?,
            }
        };
        self.filled = read;
        self.at = Some(place + read as u64);
        Ok(self.buffer.get(..read).unwrap_or_default())
    }

    /// Fills `out` from this place on; returns how much there was.
    pub(super) fn fill(&mut self, place: u64, out: &mut [u8]) -> io::Result<usize> {
        let mut done = 0;
        while done < out.len() {
            let chunk = self.chunk(place.saturating_add(done as u64))?;
            let n = chunk.len().min(out.len() - done);
            if n == 0 {
                break;
            }
            if let (Some(to), Some(from)) = (out.get_mut(done..done + n), chunk.get(..n)) {
                to.copy_from_slice(from);
            }
            done += n;
        }
        Ok(done)
    }

    /// Exactly `N` bytes, if they exist.
    pub(super) fn array<const N: usize>(&mut self, place: u64) -> io::Result<Option<[u8; N]>> {
        let mut out = [0; N];
        Ok((self.fill(place, &mut out)? == N).then_some(out))
    }

    /// A reader of one range.
    pub(super) fn range(&mut self, from: u64, to: u64) -> Range<'_, 's> {
        let to = to.min(self.len);
        Range {
            source: self,
            place: from.min(to),
            end: to,
        }
    }
}

/// A part of a source.
pub(super) struct Range<'a, 's> {
    source: &'a mut Source<'s>,
    place: u64,
    end: u64,
}

impl Range<'_, '_> {
    pub(super) fn left(&self) -> u64 {
        self.end - self.place
    }
}

impl BufRead for Range<'_, '_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let left = usize::try_from(self.left()).unwrap_or(usize::MAX);
        if left == 0 {
            return Ok(&[]);
        }
        let chunk = self.source.chunk(self.place)?;
        Ok(chunk.get(..left).unwrap_or(chunk))
    }

    fn consume(&mut self, amount: usize) {
        self.place = self.place.saturating_add(amount as u64).min(self.end);
    }
}

impl Read for Range<'_, '_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let chunk = self.fill_buf()?;
        let n = chunk.len().min(out.len());
        if let (Some(to), Some(from)) = (out.get_mut(..n), chunk.get(..n)) {
            to.copy_from_slice(from);
        }
        self.consume(n);
        Ok(n)
    }
}
