//! Opening and reading the database.

use std::fs::File;
use std::path::{Path, PathBuf};

use hognose_types::{DatabaseInfo, PackageName};
use serde::de::DeserializeOwned;

use crate::codec::{DetailsBlock, FlawBlock, PackageBlock, PopularBlock};
use crate::format::{BlockRef, Cursor, ENTRY_LEN, FormatError, Header, Section, key_hash};
use crate::squeeze::Unpacker;
use crate::status::Status;

/// An opened advisory database.
#[derive(Debug)]
pub struct Database {
    bytes: Bytes,
    header: Header,
}

enum Bytes {
    Mapped(memmap2::Mmap),
    Owned(Vec<u8>),
}

impl std::fmt::Debug for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes", self.as_slice().len())
    }
}

impl Bytes {
    fn as_slice(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Owned(vec) => vec,
        }
    }
}

/// Why a database file could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file cannot be read.
    #[error("cannot open {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// The bytes are not a database this program reads.
    #[error("cannot use {}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: FormatError,
    },
}

impl Database {
    /// Maps a file and checks it cheaply (a few hundred bytes are read).
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let io = |source| OpenError::Io {
            path: path.to_owned(),
            source,
        };
        let file = File::open(path).map_err(io)?;
        let map = map(&file).map_err(io)?;
        // Look-ups touch a few pages anywhere in the file: reading ahead would only cost memory. Advice may be refused.
        #[cfg(unix)]
        let _ = map.advise(memmap2::Advice::Random);
        Self::new(Bytes::Mapped(map)).map_err(|source| OpenError::Format {
            path: path.to_owned(),
            source,
        })
    }

    /// Reads a database from memory.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, FormatError> {
        Self::new(Bytes::Owned(bytes))
    }

    fn new(bytes: Bytes) -> Result<Self, FormatError> {
        let header = Header::decode(bytes.as_slice())?;
        Ok(Self { bytes, header })
    }

    /// Compares the whole body with its digest. Opening does not: matching checks each block it reads.
    pub fn verify(&self) -> Result<(), FormatError> {
        let body = self
            .bytes
            .as_slice()
            .get(crate::format::HEADER_LEN..)
            .unwrap_or_default();
        if *blake3::hash(body).as_bytes() == self.header.body_digest {
            Ok(())
        } else {
            Err(FormatError::Damaged("the body does not fit its digest"))
        }
    }

    /// Digest of the content: the same feeds give the same revision.
    pub fn revision(&self) -> String {
        blake3::Hash::from_bytes(self.header.content_digest)
            .to_hex()
            .chars()
            .take(16)
            .collect()
    }

    /// When built, Unix seconds.
    pub fn built(&self) -> u64 {
        self.header.built
    }

    /// Size in bytes.
    pub fn size(&self) -> u64 {
        self.header.file_len
    }

    /// Feeds, counts, problems.
    pub fn status(&self) -> Result<Status, FormatError> {
        let bytes = self.section(2)?;
        postcard::from_bytes(bytes)
            .map_err(|_| FormatError::Damaged("the information section cannot be read"))
    }

    /// Records that do not count, with reasons; a bounded number of them are named.
    pub fn problems(&self) -> Result<Vec<crate::RecordProblem>, FormatError> {
        self.block_in(COLD, self.status()?.problems)
    }

    /// The part that reports carry.
    pub fn info(&self) -> Result<DatabaseInfo, FormatError> {
        let built = i64::try_from(self.built())
            .ok()
            .and_then(|s| jiff::Timestamp::from_second(s).ok());
        let built = built.map_or_else(String::new, |t| t.to_string());
        Ok(self.status()?.info(self.revision(), built))
    }

    /// Popular project names with downloads, most popular first.
    pub fn popular(&self) -> Result<Vec<(String, u64)>, FormatError> {
        let at = self.status()?.popular;
        if at.len == 0 {
            return Ok(Vec::new());
        }
        Ok(self.block_in::<PopularBlock>(COLD, at)?.names)
    }

    pub(crate) fn package(&self, name: &PackageName) -> Result<Option<PackageBlock>, FormatError> {
        for at in self.lookup(0, name.as_str())? {
            let block: PackageBlock = self.block(at)?;
            if block.name == name.as_str() {
                return Ok(Some(block));
            }
        }
        Ok(None)
    }

    pub(crate) fn flaw(&self, at: BlockRef) -> Result<FlawBlock, FormatError> {
        self.block(at)
    }

    /// The flaw that an id or alias names, in any case.
    pub(crate) fn flaw_by_id(&self, id: &str) -> Result<Option<FlawBlock>, FormatError> {
        for at in self.lookup(1, &id.to_ascii_uppercase())? {
            let block: FlawBlock = self.block(at)?;
            if std::iter::once(&block.id)
                .chain(&block.aliases)
                .any(|i| i.eq_ignore_ascii_case(id))
            {
                return Ok(Some(block));
            }
        }
        Ok(None)
    }

    pub(crate) fn details(
        &self,
        at: BlockRef,
        unpacker: &mut Unpacker,
    ) -> Result<(String, Vec<hognose_types::Reference>), FormatError> {
        let block: DetailsBlock = self.block_in(COLD, at)?;
        let text = unpacker.unpack(&block.details, MAX_DETAILS);
        let text = text.ok_or(FormatError::Damaged("an advisory's text cannot be read"))?;
        Ok((text, block.references))
    }

    fn section(&self, index: usize) -> Result<&[u8], FormatError> {
        let section = self.header.sections.get(index).copied().unwrap_or_default();
        slice(self.bytes.as_slice(), section)
            .ok_or(FormatError::Damaged("a section lies outside the file"))
    }

    fn block<T: DeserializeOwned>(&self, at: BlockRef) -> Result<T, FormatError> {
        self.block_in(HOT, at)
    }

    fn block_in<T: DeserializeOwned>(&self, heap: usize, at: BlockRef) -> Result<T, FormatError> {
        let heap = self.section(heap)?;
        let bytes = slice(
            heap,
            Section {
                offset: at.offset,
                len: u64::from(at.len),
            },
        )
        .ok_or(FormatError::Damaged("a block lies outside the file"))?;
        if crate::format::block_check(bytes) != at.check {
            return Err(FormatError::Damaged("a block does not fit its digest"));
        }
        postcard::from_bytes(bytes).map_err(|_| FormatError::Damaged("a block cannot be decoded"))
    }

    /// All index entries with the key's hash.
    fn lookup(&self, section: usize, key: &str) -> Result<Vec<BlockRef>, FormatError> {
        let index = self.section(section)?;
        let hash = key_hash(key);
        let count = index.len() / ENTRY_LEN;
        let entry = |i: usize| -> Option<(u64, BlockRef)> {
            let mut cursor = Cursor(index.get(i * ENTRY_LEN..(i + 1) * ENTRY_LEN)?);
            Some((
                cursor.u64()?,
                BlockRef {
                    offset: cursor.u64()?,
                    len: cursor.u32()?,
                    check: cursor.u32()?,
                },
            ))
        };
        let (mut low, mut high) = (0, count);
        while low < high {
            let middle = low.midpoint(high);
            match entry(middle) {
                Some((found, _)) if found < hash => low = middle + 1,
                _ => high = middle,
            }
        }
        Ok((low..count)
            .map_while(|i| entry(i).filter(|(found, _)| *found == hash))
            .map(|(_, at)| at)
            .collect())
    }
}

/// Sections of blocks.
const HOT: usize = 3;
const COLD: usize = 4;

/// Longest advisory text shown, in bytes.
const MAX_DETAILS: usize = 1 << 20;

fn slice(bytes: &[u8], section: Section) -> Option<&[u8]> {
    let start = usize::try_from(section.offset).ok()?;
    let len = usize::try_from(section.len).ok()?;
    bytes.get(start..start.checked_add(len)?)
}

/// The only `unsafe` of the workspace.
#[expect(unsafe_code, reason = "a memory map has no safe constructor")]
fn map(file: &File) -> std::io::Result<memmap2::Mmap> {
    // SAFETY: the map is read-only and every value is decoded by copying, after a digest check, so altered bytes
    // cannot break an invariant of the type system. Hognose itself never changes or truncates a database in place
    // (it writes a new file and renames it); another process that truncates the file makes a read fail with SIGBUS,
    // which ends the process and cannot be turned into a wrong answer.
    unsafe { memmap2::Mmap::map(file) }
}
