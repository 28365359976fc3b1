//! The layout of the database file.
//!
//! ```text
//! header  magic "HOGNOSE\x1a" · version u32 · header length u32 · file length u64 · built u64 (Unix seconds)
//!         · body digest [32] · content digest [32] · five sections (offset u64, length u64) · header digest [32]
//! body    package index · id index · information · hot heap · cold heap
//! index   sorted entries of 24 bytes: hash u64 · offset u64 (in a heap) · length u32 · check u32
//! heap    postcard blocks, in the hot one flaws and packages, popular ones first, in the cold one what is only shown:
//!         texts, popular names, problems; `check` is the first four bytes of the block's BLAKE3 digest
//! ```
//!
//! All integers are little-endian. Opening checks magic, version, lengths, section bounds and the header digest;
//! each block is checked when it is read. A file that was cut, extended or altered is therefore an error and
//! never undefined behaviour. A file is never changed in place: updates write a new one and rename it.

/// First bytes of every database.
pub const MAGIC: [u8; 8] = *b"HOGNOSE\x1a";
/// Version of this layout and of the blocks in it. Any change raises it; readers accept exactly their own and
/// rebuild from the feeds otherwise.
pub const VERSION: u32 = 1;
/// Length of the header in bytes.
pub const HEADER_LEN: usize = 8 + 4 + 4 + 8 + 8 + 32 + 32 + SECTIONS * 16 + 32;
/// Number of sections.
pub const SECTIONS: usize = 5;
/// Length of an index entry in bytes.
pub const ENTRY_LEN: usize = 24;

/// Where a block stands in the heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct BlockRef {
    /// Offset in the heap.
    pub offset: u64,
    /// Length in bytes.
    pub len: u32,
    /// First bytes of the block's digest.
    pub check: u32,
}

/// A section of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Section {
    /// Offset in the file.
    pub offset: u64,
    /// Length in bytes.
    pub len: u64,
}

/// The header, decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Length of the whole file.
    pub file_len: u64,
    /// When built, Unix seconds.
    pub built: u64,
    /// Digest of everything after the header.
    pub body_digest: [u8; 32],
    /// Digest of what matching reads (packages, ids, heap): the same feeds give the same one, whenever they are read.
    pub content_digest: [u8; 32],
    /// Packages, ids, information, hot heap, cold heap.
    pub sections: [Section; SECTIONS],
}

/// Why bytes are not a database.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// Too short, or other first bytes.
    #[error("this is not an advisory database")]
    NotADatabase,
    /// Another layout.
    #[error("the database has format {found}, this program reads format {VERSION}")]
    Version {
        /// Format of the file.
        found: u32,
    },
    /// The file was cut or extended.
    #[error("the database should have {expected} bytes and has {found}")]
    Length {
        /// Stated in the header.
        expected: u64,
        /// Found.
        found: u64,
    },
    /// A digest does not fit, or an offset points outside.
    #[error("the database is damaged: {0}")]
    Damaged(&'static str),
}

/// First eight bytes of the BLAKE3 digest of a key.
pub fn key_hash(key: &str) -> u64 {
    let digest = blake3::hash(key.as_bytes());
    u64::from_le_bytes(first(digest.as_bytes()))
}

/// First four bytes of the BLAKE3 digest of a block.
pub fn block_check(block: &[u8]) -> u32 {
    let digest = blake3::hash(block);
    u32::from_le_bytes(first(digest.as_bytes()))
}

fn first<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    for (slot, byte) in out.iter_mut().zip(bytes) {
        *slot = *byte;
    }
    out
}

/// Reads little-endian values off the front of a slice.
pub(crate) struct Cursor<'a>(pub(crate) &'a [u8]);

impl<'a> Cursor<'a> {
    pub(crate) fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(len)?;
        self.0 = tail;
        Some(head)
    }
    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.take(4).map(|b| u32::from_le_bytes(first(b)))
    }
    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.take(8).map(|b| u64::from_le_bytes(first(b)))
    }
}

impl Header {
    /// Writes the header, digest included.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER_LEN);
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&VERSION.to_le_bytes());
        out.extend_from_slice(&(HEADER_LEN as u32).to_le_bytes());
        out.extend_from_slice(&self.file_len.to_le_bytes());
        out.extend_from_slice(&self.built.to_le_bytes());
        out.extend_from_slice(&self.body_digest);
        out.extend_from_slice(&self.content_digest);
        for section in &self.sections {
            out.extend_from_slice(&section.offset.to_le_bytes());
            out.extend_from_slice(&section.len.to_le_bytes());
        }
        let digest = blake3::hash(&out);
        out.extend_from_slice(digest.as_bytes());
        out
    }

    /// Reads and checks the header of a whole file.
    pub fn decode(file: &[u8]) -> Result<Self, FormatError> {
        let mut cursor = Cursor(file);
        if cursor.take(8) != Some(&MAGIC[..]) {
            return Err(FormatError::NotADatabase);
        }
        let version = cursor.u32().ok_or(FormatError::NotADatabase)?;
        // The version is read before anything else is believed: other versions may lay out the rest differently.
        if version != VERSION {
            return Err(FormatError::Version { found: version });
        }
        let header = file
            .get(..HEADER_LEN)
            .ok_or(FormatError::Damaged("the header is cut off"))?;
        let (body, digest) = header.split_at(HEADER_LEN - 32);
        if blake3::hash(body).as_bytes() != digest {
            return Err(FormatError::Damaged("the header does not fit its digest"));
        }
        let decoded = Self::fields(cursor).ok_or(FormatError::Damaged("the header is cut off"))?;
        if decoded.file_len != file.len() as u64 {
            return Err(FormatError::Length {
                expected: decoded.file_len,
                found: file.len() as u64,
            });
        }
        let inside = |s: &Section| {
            s.offset
                .checked_add(s.len)
                .is_some_and(|end| end <= decoded.file_len)
        };
        if !decoded.sections.iter().all(inside) {
            return Err(FormatError::Damaged("a section lies outside the file"));
        }
        Ok(decoded)
    }

    fn fields(mut cursor: Cursor<'_>) -> Option<Self> {
        cursor.u32()?;
        let file_len = cursor.u64()?;
        let built = cursor.u64()?;
        let body_digest = first(cursor.take(32)?);
        let content_digest = first(cursor.take(32)?);
        let mut sections = [Section::default(); SECTIONS];
        for section in &mut sections {
            *section = Section {
                offset: cursor.u64()?,
                len: cursor.u64()?,
            };
        }
        Some(Self {
            file_len,
            built,
            body_digest,
            content_digest,
            sections,
        })
    }
}
