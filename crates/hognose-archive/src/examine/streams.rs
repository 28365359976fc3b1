//! Compressed streams, one after another, as one reader.

use std::cell::Cell;
use std::io::{self, BufRead, Read};

use super::budget::Budget;
use crate::codec::{Codec, Decoder};

/// A source that counts what is taken from it and can be looked into.
pub(super) struct Tally<'a> {
    inner: &'a mut dyn BufRead,
    /// Bytes that were looked at and not yet taken.
    ahead: Vec<u8>,
    used: usize,
    taken: &'a Cell<u64>,
}

impl<'a> Tally<'a> {
    pub(super) fn new(inner: &'a mut dyn BufRead, taken: &'a Cell<u64>) -> Self {
        Self {
            inner,
            ahead: Vec::new(),
            used: 0,
            taken,
        }
    }

    /// The next bytes, at most `n`, without taking them.
    pub(super) fn peek(&mut self, n: usize) -> io::Result<&[u8]> {
        if self.used > 0 {
            self.ahead.drain(..self.used);
            self.used = 0;
        }
        while self.ahead.len() < n {
            let chunk = match self.inner.fill_buf() {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                result => result?,
            };
            let some = chunk.len().min(n - self.ahead.len());
            if some == 0 {
                break;
            }
            self.ahead
                .extend_from_slice(chunk.get(..some).unwrap_or_default());
            self.inner.consume(some);
        }
        Ok(self.ahead.get(..n).unwrap_or(&self.ahead))
    }
}

impl BufRead for Tally<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.used < self.ahead.len() {
            return Ok(self.ahead.get(self.used..).unwrap_or_default());
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.taken
            .set(self.taken.get().saturating_add(amount as u64));
        if self.used < self.ahead.len() {
            self.used = (self.used + amount).min(self.ahead.len());
        } else {
            self.inner.consume(amount);
        }
    }
}

impl Read for Tally<'_> {
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

enum State<'a> {
    /// Between streams.
    Between(Tally<'a>),
    Open(Decoder<Tally<'a>>),
    /// Behind the last stream.
    Behind(Tally<'a>),
    Broken,
}

/// All streams of a file as one reader; charges the budget.
pub(super) struct Streams<'a> {
    state: State<'a>,
    codec: Codec,
    budget: &'a Budget<'a>,
    taken: &'a Cell<u64>,
    /// How many streams were begun.
    pub(super) count: u32,
    unpacked: u64,
}

/// What follows the last stream.
#[derive(Debug)]
pub(super) struct Trailing {
    pub(super) bytes: u64,
    pub(super) head: Vec<u8>,
}

impl<'a> Streams<'a> {
    pub(super) fn new(
        codec: Codec,
        inner: &'a mut dyn BufRead,
        budget: &'a Budget<'a>,
        taken: &'a Cell<u64>,
    ) -> Self {
        Self {
            state: State::Between(Tally::new(inner, taken)),
            codec,
            budget,
            taken,
            count: 0,
            unpacked: 0,
        }
    }

    /// Opens the next stream, or ends.
    fn next(&mut self, mut tally: Tally<'a>) -> io::Result<State<'a>> {
        if self.count > 0 {
            skip_zeros(&mut tally)?;
        }
        loop {
            let head = tally.peek(8)?;
            if self.codec == Codec::Zstd
                && let [0x50..=0x5f, 0x2a, 0x4d, 0x18, a, b, c, d] = *head
            {
                let length = u64::from(u32::from_le_bytes([a, b, c, d]));
                io::copy(&mut (&mut tally).take(length + 8), &mut io::sink())?;
                self.budget.in_time()?;
                continue;
            }
            if !begins(self.codec, head) {
                return Ok(State::Behind(tally));
            }
            self.count = self.count.saturating_add(1);
            let memory = self.budget.limits.decoder_bytes;
            return Ok(State::Open(Decoder::new(self.codec, tally, memory)?));
        }
    }

    /// Counts what stands behind the last stream; nothing when the streams could not be read to their end.
    pub(super) fn trailing(self) -> io::Result<Option<Trailing>> {
        let State::Behind(mut tally) = self.state else {
            return Ok(None);
        };
        let head = tally.peek(super::sniff::HEAD)?.to_vec();
        let mut bytes = 0_u64;
        loop {
            let n = tally.fill_buf()?.len();
            if n == 0 {
                break;
            }
            bytes += n as u64;
            tally.consume(n);
            self.budget.charge(n as u64)?;
        }
        Ok((bytes > 0).then_some(Trailing { bytes, head }))
    }
}

impl Read for Streams<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            match std::mem::replace(&mut self.state, State::Broken) {
                State::Between(tally) => self.state = self.next(tally)?,
                State::Open(mut decoder) => {
                    let read = decoder.read(out)?;
                    if read == 0 {
                        self.state = State::Between(decoder.into_inner());
                        // A file of endless empty streams unpacks to nothing, for ever.
                        self.budget.in_time()?;
                        continue;
                    }
                    self.state = State::Open(decoder);
                    self.unpacked = self.unpacked.saturating_add(read as u64);
                    self.budget.charge(read as u64)?;
                    self.budget.check_ratio(self.unpacked, self.taken.get())?;
                    return Ok(read);
                }
                State::Behind(tally) => {
                    self.state = State::Behind(tally);
                    return Ok(0);
                }
                State::Broken => return Err(io::ErrorKind::InvalidData.into()),
            }
        }
    }
}

/// Padding behind a stream, which every reader skips.
fn skip_zeros(tally: &mut Tally<'_>) -> io::Result<()> {
    loop {
        let chunk = tally.fill_buf()?;
        let zeros = chunk.iter().take_while(|b| **b == 0).count();
        if zeros == 0 {
            return Ok(());
        }
        tally.consume(zeros);
    }
}

fn begins(codec: Codec, head: &[u8]) -> bool {
    match codec {
        Codec::Gzip => head.starts_with(&[0x1f, 0x8b]),
        Codec::Bzip2 => head.starts_with(b"BZh"),
        Codec::Xz => head.starts_with(b"\xfd7zXZ\0"),
        Codec::Zstd => head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]),
        Codec::Zlib | Codec::Deflate | Codec::Lzma => true,
    }
}
