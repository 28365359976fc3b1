//! What the examination tells its caller.

use std::io::{self, Read};

use sha2::{Digest as _, Sha256};

use super::kinds::Confusion;

/// The format of an archive, by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// ZIP: wheels, eggs, some sdists.
    Zip,
    /// Tar, uncompressed.
    Tar,
    /// Tar in gzip.
    TarGz,
    /// Tar in bzip2.
    TarBz2,
    /// Tar in xz.
    TarXz,
    /// Tar in Zstandard.
    TarZst,
    /// One file in gzip.
    Gz,
    /// One file in bzip2.
    Bz2,
    /// One file in xz.
    Xz,
    /// One file in Zstandard.
    Zst,
    /// None of these.
    Unknown,
}

impl Format {
    /// Its name: `zip`, `tar.gz`, `gzip` and so on.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Zip => "zip",
            Self::Tar => "tar",
            Self::TarGz => "tar.gz",
            Self::TarBz2 => "tar.bz2",
            Self::TarXz => "tar.xz",
            Self::TarZst => "tar.zst",
            Self::Gz => "gzip",
            Self::Bz2 => "bzip2",
            Self::Xz => "xz",
            Self::Zst => "zstd",
            Self::Unknown => "unknown",
        }
    }

    /// True for tar in any compression.
    pub fn is_tar(self) -> bool {
        matches!(
            self,
            Self::Tar | Self::TarGz | Self::TarBz2 | Self::TarXz | Self::TarZst
        )
    }
}

/// What a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryKind {
    /// A regular file, or what Python reads as one.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A hard link.
    Hardlink,
    /// A device, a FIFO, or anything else.
    Other,
}

/// One member.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// Full path with nesting: `pkg-1.0/inner.zip!/a.py`.
    pub path: &'a str,
    /// The name in its own archive as Python reads it, without a leading `./`. Lossy where it is not UTF-8.
    pub name: &'a str,
    /// What another reader calls it, when there is disagreement.
    pub other_name: Option<&'a str>,
    /// What it is.
    pub kind: EntryKind,
    /// Target of a link.
    pub link: Option<&'a str>,
    /// 0 in the outermost archive.
    pub depth: u8,
    /// Size as stated; the content may turn out longer or shorter. 0 where the format does not state one.
    pub size: u64,
    /// Whether it may be run by its mode.
    pub executable: bool,
    /// Readers that follow the standard do not see it: not in the directory, or behind the end mark.
    pub hidden: bool,
}

/// How much of a member was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ended {
    /// All of it.
    Whole,
    /// More follows than was asked for.
    Cut,
    /// It cannot be read further: damaged, or over a limit. A confusion says which.
    Damaged,
}

/// A member's first bytes and its digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digested {
    /// sha256 of everything that could be read.
    pub sha256: [u8; 32],
    /// How many bytes that were.
    pub size: u64,
    /// `Whole` or `Cut` when the digest covers the member; `Cut` says that the first bytes do not.
    pub ended: Ended,
}

/// The content of a member, bounded by the limits. Reading fails where it cannot be unpacked further; the reason is
/// recorded as a confusion, so that callers need not look at the error.
pub struct Content<'a> {
    head: &'a [u8],
    rest: &'a mut dyn Read,
}

impl std::fmt::Debug for Content<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Content").finish_non_exhaustive()
    }
}

impl<'a> Content<'a> {
    pub(super) fn new(head: &'a [u8], rest: &'a mut dyn Read) -> Self {
        Self { head, rest }
    }

    /// Reads up to `max` bytes into an empty buffer: never fails, says how it ended.
    pub fn read_up_to(&mut self, max: usize, buffer: &mut Vec<u8>) -> Ended {
        buffer.clear();
        // A buffer of one's own is cleared once; that of the caller would be for every read, as far as it has room.
        let mut chunk = [0; 8 << 10];
        while buffer.len() < max {
            let room = chunk.len().min(max - buffer.len());
            match self.read(chunk.get_mut(..room).unwrap_or_default()) {
                Ok(0) => return Ended::Whole,
                Ok(read) => buffer.extend_from_slice(chunk.get(..read).unwrap_or_default()),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Ended::Damaged,
            }
        }
        loop {
            match self.read(&mut [0]) {
                Ok(0) => return Ended::Whole,
                Ok(_) => return Ended::Cut,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Ended::Damaged,
            }
        }
    }

    /// Reads everything for its digest, and keeps the first `max` bytes in the buffer.
    pub fn digest(&mut self, max: usize, buffer: &mut Vec<u8>) -> Digested {
        let mut digest = Sha256::new();
        buffer.clear();
        let mut chunk = [0; 16 << 10];
        let (mut size, mut ended) = (0_u64, Ended::Whole);
        loop {
            match self.read(&mut chunk) {
                Ok(0) => break,
                Ok(read) => {
                    let bytes = chunk.get(..read).unwrap_or_default();
                    digest.update(bytes);
                    size += read as u64;
                    let room = max - buffer.len();
                    buffer.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
                    if read > room {
                        ended = Ended::Cut;
                    }
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => {
                    ended = Ended::Damaged;
                    break;
                }
            }
        }
        Digested {
            sha256: digest.finalize().into(),
            size,
            ended,
        }
    }
}

impl Read for Content<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.head.is_empty() {
            return self.rest.read(out);
        }
        self.head.read(out)
    }
}

/// What an examination found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The format of the outermost archive.
    pub format: Format,
    /// Members visited, nested ones included.
    pub members: u64,
    /// Bytes unpacked, nested ones included.
    pub unpacked_bytes: u64,
    /// Size of the file.
    pub packed_bytes: u64,
    /// Top-level names of the outermost archive, at most sixteen, in order of appearance.
    pub roots: Vec<String>,
    /// What was met, in order; at most [`Limits::confusions`](crate::Limits::confusions) of a kind.
    pub confusions: Vec<Confusion>,
    /// Confusions beyond that number.
    pub suppressed: u64,
    /// False when something could not be read or the visitor stopped.
    pub complete: bool,
}
