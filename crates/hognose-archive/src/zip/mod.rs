//! A strict reader of ZIP structure: end record → central directory → every local header → gaps.
//!
//! Python's `zipfile`, `unzip` and installers disagree about malformed archives; each disagreement has been used to
//! show a scanner one file and an installer another. This reader accepts only archives with one reading. Format:
//! APPNOTE.TXT 6.3.10 by PKWARE.

mod directory;
mod fields;
mod member;

use std::collections::HashSet;
use std::io::{Read, Seek, SeekFrom};

use crate::error::shown;
use crate::{ArchiveError, Limits, check_name};
pub use directory::Member;
pub(crate) use fields::Fields;

/// An opened archive: its directory is checked, its members are read on request.
#[derive(Debug)]
pub struct ZipArchive<R> {
    source: R,
    members: Vec<Member>,
    limits: Limits,
    spent: u64,
    /// Every local header was compared with the directory.
    compared: bool,
    unpacker: member::Unpacker,
}

impl<R: Read + Seek> ZipArchive<R> {
    /// Reads and checks the structure; unpacks nothing.
    pub fn new(mut source: R, limits: Limits) -> Result<Self, ArchiveError> {
        let end = directory::find_end(&mut source)?;
        let mut members = directory::read(&mut source, &end, &limits)?;
        check_members(&members, &limits)?;
        member::check_local_headers(&mut source, &mut members, &end)?;
        Ok(Self {
            source,
            members,
            limits,
            spent: 0,
            compared: true,
            unpacker: member::Unpacker::new(),
        })
    }

    /// Reads the directory alone, for archives of which only a part is at hand: a member's local header is compared
    /// with the directory when that member is read. Overlaps and gaps are not looked for, so this judges no archive.
    pub fn partial(mut source: R, limits: Limits) -> Result<Self, ArchiveError> {
        let end = directory::find_end(&mut source)?;
        let members = directory::read(&mut source, &end, &limits)?;
        check_members(&members, &limits)?;
        Ok(Self {
            source,
            members,
            limits,
            spent: 0,
            compared: false,
            unpacker: member::Unpacker::new(),
        })
    }

    /// The members in the order of the directory.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Unpacks one member and checks its size and checksum.
    pub fn read(&mut self, index: usize) -> Result<Vec<u8>, ArchiveError> {
        let member = self
            .members
            .get_mut(index)
            .ok_or(ArchiveError::Directory("no such member"))?;
        if member.size.max(member.packed) > self.limits.member_bytes {
            return Err(ArchiveError::limit(
                format!("the member {:?}", member.name),
                self.limits.member_bytes,
            ));
        }
        if member.size > 1 << 20 && member.size / member.packed.max(1) > self.limits.ratio {
            return Err(ArchiveError::limit(
                format!("the compression ratio of {:?}", member.name),
                self.limits.ratio,
            ));
        }
        self.spent = self.spent.saturating_add(member.size);
        if self.spent > self.limits.total_bytes {
            return Err(ArchiveError::limit(
                "the unpacked size of the archive",
                self.limits.total_bytes,
            ));
        }
        if !self.compared {
            member::check_local(&mut self.source, member)?;
        }
        self.source
            .seek(SeekFrom::Start(member.data))
            .map_err(ArchiveError::Io)?;
        self.unpacker.unpack(&mut self.source, member)
    }

    /// Unpacks the member with exactly this name.
    pub fn read_named(&mut self, name: &str) -> Option<Result<Vec<u8>, ArchiveError>> {
        let index = self.members.iter().position(|m| m.name == name)?;
        Some(self.read(index))
    }
}

fn check_members(members: &[Member], limits: &Limits) -> Result<(), ArchiveError> {
    let mut seen = HashSet::with_capacity(members.len());
    for member in members {
        check_name(&member.name, limits.path_bytes).map_err(|fault| ArchiveError::Name {
            name: shown(member.name.as_bytes()),
            fault,
        })?;
        if !seen.insert(member.name.as_str()) {
            return Err(ArchiveError::Duplicate(shown(member.name.as_bytes())));
        }
    }
    Ok(())
}
