//! The files of a commit, as `git ls-tree -r -z --full-tree` lists them.

use std::collections::HashSet;
use std::fmt::Write as _;

use memchr::memmem;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

/// Most files of a commit; the largest repositories have half a million.
const MAX_FILES: usize = 4_000_000;
/// Largest file whose line ends are changed to find it again.
const MAX_TEXT: usize = 8 << 20;

/// The names that git gives to bytes, and the paths that have them.
#[derive(Clone, Debug, Default)]
pub struct Blobs {
    ids: HashSet<Box<str>>,
    /// Every path and every end of one, so that `src/` and the directory of a workspace cost nothing.
    ends: HashSet<Box<str>>,
    is_sha256: bool,
}

/// Why a listing is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TreeFault {
    /// Not what `git ls-tree` writes.
    #[error("the list of the commit's files cannot be read")]
    Malformed,
    /// More files than are read.
    #[error("the commit has more than {MAX_FILES} files")]
    TooMany,
    /// Nothing in it.
    #[error("the commit has no files")]
    Empty,
}

impl Blobs {
    /// Reads `mode type object\tpath\0…`. Submodules and links hold no bytes of the commit and are passed over, as are names
    /// that are no UTF-8: no artifact can hold them under the same name, and their bytes are known all the same.
    ///
    /// # Errors
    ///
    /// A listing that is none, too long or empty.
    pub fn parse(listing: &[u8]) -> Result<Self, TreeFault> {
        let mut out = Self::default();
        for record in listing.split(|b| *b == 0).filter(|r| !r.is_empty()) {
            let tab = memchr::memchr(b'\t', record).ok_or(TreeFault::Malformed)?;
            let (about, path) = record.split_at_checked(tab).ok_or(TreeFault::Malformed)?;
            let about = std::str::from_utf8(about).map_err(|_| TreeFault::Malformed)?;
            let mut fields = about.split(' ');
            let (Some(mode), Some(kind), Some(id)) = (fields.next(), fields.next(), fields.next())
            else {
                return Err(TreeFault::Malformed);
            };
            if kind != "blob" {
                continue;
            }
            let path = path.get(1..).and_then(|p| std::str::from_utf8(p).ok());
            out.record(mode, id, path.unwrap_or_default())?;
        }
        out.whole()
    }

    /// Adds a file by its mode, its digest and its path.
    ///
    /// # Errors
    ///
    /// A digest that is none, and more files than a commit may have.
    pub fn record(&mut self, mode: &str, id: &str, path: &str) -> Result<(), TreeFault> {
        if !mode.starts_with("100") {
            return Ok(());
        }
        let is_id = matches!(id.len(), 40 | 64) && id.bytes().all(|b| b.is_ascii_hexdigit());
        if !is_id {
            return Err(TreeFault::Malformed);
        }
        if self.ids.len() >= MAX_FILES {
            return Err(TreeFault::TooMany);
        }
        self.is_sha256 = id.len() == 64;
        self.ids.insert(id.into());
        if !path.is_empty() {
            self.insert_ends(path);
        }
        Ok(())
    }

    /// All of it, unless that is nothing.
    ///
    /// # Errors
    ///
    /// No files at all.
    pub fn whole(self) -> Result<Self, TreeFault> {
        if self.ids.is_empty() {
            return Err(TreeFault::Empty);
        }
        Ok(self)
    }

    /// Adds a file that is at hand: for what is compared with an sdist instead of a commit.
    pub fn insert(&mut self, path: &str, bytes: &[u8]) {
        if self.ids.len() < MAX_FILES {
            self.ids.insert(self.id(bytes).into());
            self.insert_ends(path);
        }
    }

    fn insert_ends(&mut self, path: &str) {
        let mut end = path;
        // A hostile path of ten thousand directories would make as many ends.
        for _ in 0..64 {
            self.ends.insert(end.into());
            let Some((_, below)) = end.split_once('/') else {
                return;
            };
            end = below;
        }
    }

    /// True when the commit has these bytes under any name, but for line ends.
    pub(super) fn has(&self, bytes: &[u8]) -> bool {
        if self.ids.contains(self.id(bytes).as_str()) {
            return true;
        }
        if bytes.len() > MAX_TEXT || memchr::memchr(0, bytes).is_some() {
            return false;
        }
        let plain = without_returns(bytes);
        let other = if plain.len() == bytes.len() {
            with_returns(bytes)
        } else {
            plain
        };
        self.ids.contains(self.id(&other).as_str())
    }

    /// True when the commit has a file of this name, wherever.
    pub(super) fn knows(&self, path: &str) -> bool {
        self.ends.contains(path)
    }

    /// The name that git gives to bytes. SHA-1 where the repository uses it: collisions can be made for it, by whoever
    /// writes both files.
    fn id(&self, bytes: &[u8]) -> String {
        let head = format!("blob {}\0", bytes.len());
        if self.is_sha256 {
            let digest = Sha256::new()
                .chain_update(head.as_bytes())
                .chain_update(bytes);
            return hex(&digest.finalize());
        }
        let digest = Sha1::new()
            .chain_update(head.as_bytes())
            .chain_update(bytes);
        hex(&digest.finalize())
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}

fn without_returns(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut from = 0;
    for at in memmem::find_iter(bytes, b"\r\n") {
        out.extend_from_slice(bytes.get(from..at).unwrap_or_default());
        from = at + 1;
    }
    out.extend_from_slice(bytes.get(from..).unwrap_or_default());
    out
}

fn with_returns(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 32);
    for byte in bytes {
        if *byte == b'\n' {
            out.push(b'\r');
        }
        out.push(*byte);
    }
    out
}
