//! Where files come from: the disk, or a tree held in memory.

mod disk;
mod memory;

use std::borrow::Cow;
use std::fmt;
use std::io::{Read, Seek};

pub use disk::Disk;
pub use memory::Memory;

/// What a directory entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link; [`Tree::kind`] follows it, [`Tree::list`] does not.
    Symlink,
    /// A device, socket or pipe: never opened, because opening one may block or never end.
    Other,
}

/// One entry of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Name without directory.
    pub name: String,
    /// What it is, links not followed.
    pub kind: EntryKind,
}

/// Why a file or directory could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Nothing there.
    #[error("no such file or directory")]
    NotFound,
    /// A directory, device, socket or pipe where a file is needed.
    #[error("not a regular file")]
    NotAFile,
    /// More bytes than the limit.
    #[error("larger than the limit of {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// More directory entries than the limit.
    #[error("more than {limit} directory entries")]
    TooManyEntries {
        /// The limit.
        limit: usize,
    },
    /// The system refused.
    #[error("{0}")]
    Io(std::io::Error),
}

/// A file that is read in parts.
pub trait ReadSeek: Read + Seek {}
impl<T: Read + Seek> ReadSeek for T {}

/// Read access to files under the names a user writes (relative or absolute, `/` as separator).
pub trait Tree: fmt::Debug {
    /// The whole file, or an error when it is longer than `limit`.
    fn read(&self, path: &str, limit: u64) -> Result<Cow<'_, [u8]>, ReadError>;

    /// At most the first `length` bytes of a file.
    fn read_head(&self, path: &str, length: u64) -> Result<Cow<'_, [u8]>, ReadError>;

    /// A file to read in parts: archives, which may be larger than any limit on whole files.
    fn open(&self, path: &str) -> Result<Box<dyn ReadSeek + '_>, ReadError>;

    /// What is at a path, links followed; `None` when nothing can be seen there.
    fn kind(&self, path: &str) -> Option<EntryKind>;

    /// True when a path is itself a symbolic link. A tree without links has none.
    fn is_link(&self, _path: &str) -> bool {
        false
    }

    /// The entries of a directory, sorted by name. Names that are not Unicode are left out.
    fn list(&self, directory: &str, limit: usize) -> Result<Vec<Entry>, ReadError>;

    /// One spelling per file, all links resolved; `None` when nothing is there.
    fn canonical(&self, path: &str) -> Option<String>;
}
