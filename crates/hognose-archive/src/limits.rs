//! Limits, and a reader that keeps one.

use std::io::{self, Read};
use std::time::Duration;

/// What an archive may cost. All sizes are in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Members of one archive.
    pub members: usize,
    /// Unpacked size of one member.
    pub member_bytes: u64,
    /// Unpacked size of all members read.
    pub total_bytes: u64,
    /// Unpacked size over packed size of one member. Only counts above one MiB: small text compresses well.
    pub ratio: u64,
    /// Length of one path.
    pub path_bytes: usize,
    /// How deep archives inside archives are opened; 0 opens none. Only [`examine`](crate::examine) opens them.
    pub depth: u8,
    /// Bytes of archives inside archives held in memory at once: a ZIP archive must be read from its end.
    pub nested_bytes: u64,
    /// Memory a decoder may take for its dictionary or window; `xz -9` needs 65 MiB.
    pub decoder_bytes: u64,
    /// Time for one call of [`examine`](crate::examine), by the clock of its caller.
    pub time: Duration,
    /// Confusions that are kept of one kind; further ones are counted.
    pub confusions: usize,
}

impl Default for Limits {
    /// Fits every artifact seen on PyPI: the largest wheels hold about 4 GiB in tens of thousands of members.
    fn default() -> Self {
        Self {
            members: 500_000,
            member_bytes: 1 << 30,
            total_bytes: 8 << 30,
            ratio: 1_100,
            path_bytes: 4_096,
            depth: 4,
            nested_bytes: 64 << 20,
            decoder_bytes: 80 << 20,
            time: Duration::from_mins(5),
            confusions: 50,
        }
    }
}

/// A reader that fails, instead of ending, when more than its limit is asked of it: a cut text that looks whole is
/// how a bomb becomes a wrong answer.
#[derive(Debug)]
pub struct LimitedReader<R> {
    inner: R,
    left: u64,
}

impl<R: Read> LimitedReader<R> {
    /// Allows `limit` bytes.
    pub fn new(inner: R, limit: u64) -> Self {
        Self { inner, left: limit }
    }
}

impl<R: Read> Read for LimitedReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // One byte more than allowed is asked for, so that "exactly the limit" and "more" differ.
        let allowed = usize::try_from(self.left.saturating_add(1)).unwrap_or(usize::MAX);
        let window = buffer.len().min(allowed);
        let read = self
            .inner
            .read(buffer.get_mut(..window).unwrap_or_default())?;
        match self.left.checked_sub(read as u64) {
            Some(left) => self.left = left,
            None => {
                return Err(io::Error::new(
                    io::ErrorKind::FileTooLarge,
                    "more bytes than the limit allows",
                ));
            }
        }
        Ok(read)
    }
}
