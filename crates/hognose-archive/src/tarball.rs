//! Walking tar archives, member by member, without unpacking to disk.

use std::io::Read;
use std::ops::ControlFlow;

use tar::EntryType;

use crate::error::shown;
use crate::{ArchiveError, LimitedReader, Limits, check_name};

/// Longest long-name or PAX block; real ones are a few hundred bytes, and the block is held in memory.
const MAX_EXTENSION: u64 = 1 << 20;

/// What a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TarKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic or hard link.
    Link,
    /// A device, a FIFO, or something else no sdist needs.
    Other,
}

/// One member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TarMember {
    /// Its path as written, without a leading `./`.
    pub path: String,
    /// What it is.
    pub kind: TarKind,
    /// Size in bytes.
    pub size: u64,
}

/// What the walk calls for every member: read what is wanted from the reader, then go on or stop.
pub type Visit<'v> =
    dyn FnMut(&TarMember, &mut dyn Read) -> Result<ControlFlow<()>, ArchiveError> + 'v;

/// Walks a gzipped tar archive.
pub fn walk_tar_gz<R: Read>(
    reader: R,
    limits: &Limits,
    visit: &mut Visit<'_>,
) -> Result<(), ArchiveError> {
    walk_tar(flate2::read::MultiGzDecoder::new(reader), limits, visit)
}

/// Walks a plain tar archive.
pub fn walk_tar<R: Read>(
    reader: R,
    limits: &Limits,
    visit: &mut Visit<'_>,
) -> Result<(), ArchiveError> {
    let mut archive = tar::Archive::new(LimitedReader::new(reader, limits.total_bytes));
    let mut extension = Extension::default();
    // Raw: the library would read long names and PAX blocks of any size into memory.
    let io = |source: std::io::Error| match source.kind() {
        std::io::ErrorKind::FileTooLarge => {
            ArchiveError::limit("the unpacked size of the archive", limits.total_bytes)
        }
        _ => ArchiveError::Io(source),
    };
    for (count, entry) in archive.entries().map_err(io)?.raw(true).enumerate() {
        if count >= limits.members {
            return Err(ArchiveError::limit(
                "the number of members",
                limits.members as u64,
            ));
        }
        let mut entry = entry.map_err(io)?;
        let kind = entry.header().entry_type();
        if extension.read(kind, &mut entry)? {
            continue;
        }
        let member = describe(&entry, std::mem::take(&mut extension), limits)?;
        if visit(&member, &mut entry)?.is_break() {
            break;
        }
    }
    Ok(())
}

fn describe<R: Read>(
    entry: &tar::Entry<'_, R>,
    extension: Extension,
    limits: &Limits,
) -> Result<TarMember, ArchiveError> {
    let raw = extension
        .path
        .unwrap_or_else(|| entry.path_bytes().into_owned());
    let size = entry.header().entry_size().map_err(ArchiveError::Io)?;
    // The library walks by the header's size; a reader that believes PAX would see other members (TARmageddon).
    if extension.size.is_some_and(|stated| stated != size) {
        return Err(ArchiveError::TwoSizes(shown(&raw)));
    }
    let fault = |fault| ArchiveError::Name {
        name: shown(&raw),
        fault,
    };
    let path = std::str::from_utf8(&raw).map_err(|_| fault(crate::NameFault::Encoding))?;
    let path = path
        .strip_prefix("./")
        .filter(|rest| !rest.is_empty())
        .unwrap_or(path);
    let kind = match entry.header().entry_type() {
        EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => TarKind::File,
        EntryType::Directory => TarKind::Directory,
        EntryType::Symlink | EntryType::Link => TarKind::Link,
        _ => TarKind::Other,
    };
    if !(kind == TarKind::Directory && matches!(path, "." | "./")) {
        check_name(path, limits.path_bytes).map_err(fault)?;
    }
    Ok(TarMember {
        path: path.to_owned(),
        kind,
        size,
    })
}

/// What extension members say about the next member.
#[derive(Default)]
struct Extension {
    path: Option<Vec<u8>>,
    size: Option<u64>,
}

impl Extension {
    /// True when the member was an extension and has been taken in.
    fn read<R: Read>(
        &mut self,
        kind: EntryType,
        entry: &mut tar::Entry<'_, R>,
    ) -> Result<bool, ArchiveError> {
        match kind {
            EntryType::GNULongName => {
                let mut name = Self::block(entry)?;
                name.truncate(name.iter().position(|b| *b == 0).unwrap_or(name.len()));
                self.path = Some(name);
            }
            EntryType::XHeader => {
                let block = Self::block(entry)?;
                self.pax(&block);
            }
            EntryType::GNULongLink | EntryType::XGlobalHeader => {
                Self::block(entry)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn block<R: Read>(entry: &mut tar::Entry<'_, R>) -> Result<Vec<u8>, ArchiveError> {
        let mut bytes = Vec::new();
        LimitedReader::new(entry, MAX_EXTENSION)
            .read_to_end(&mut bytes)
            .map_err(|e| match e.kind() {
                std::io::ErrorKind::FileTooLarge => {
                    ArchiveError::limit("an extended header", MAX_EXTENSION)
                }
                _ => ArchiveError::Io(e),
            })?;
        Ok(bytes)
    }

    fn pax(&mut self, block: &[u8]) {
        for extension in tar::PaxExtensions::new(block).flatten() {
            match extension.key_bytes() {
                b"path" => self.path = Some(extension.value_bytes().to_vec()),
                b"size" => self.size = extension.value().ok().and_then(|v| v.parse().ok()),
                _ => {}
            }
        }
    }
}
