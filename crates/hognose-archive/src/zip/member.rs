//! Local headers and packed bytes.

use std::io::{Read, Seek};

use super::directory::{End, Member, read_at};
use super::fields::Fields;
use crate::ArchiveError;
use crate::error::shown;

const LOCAL: &[u8; 4] = b"PK\x03\x04";
const LOCAL_LEN: u64 = 30;
const ENCRYPTED: u16 = 1;
/// Sizes and checksum follow the data instead of standing in the local header.
const DESCRIPTOR: u16 = 1 << 3;
const STORED: u16 = 0;
const DEFLATED: u16 = 8;

/// Compares every local header with the directory, and refuses members that share bytes.
pub(super) fn check_local_headers<R: Read + Seek>(
    source: &mut R,
    members: &mut [Member],
    end: &End,
) -> Result<(), ArchiveError> {
    let mut order: Vec<usize> = (0..members.len()).collect();
    order.sort_by_key(|&i| members.get(i).map_or(0, |m| m.header));
    let mut reached = 0;
    for (place, index) in order.into_iter().enumerate() {
        let Some(member) = members.get_mut(index) else {
            continue;
        };
        if place == 0 && member.header != 0 {
            return Err(ArchiveError::PrefixedData(member.header));
        }
        if member.header < reached {
            return Err(ArchiveError::Overlap(shown(member.name.as_bytes())));
        }
        check_local(source, member)?;
        reached = member
            .data
            .checked_add(member.packed)
            .filter(|stop| *stop <= end.offset)
            .ok_or(ArchiveError::Directory(
                "a member reaches into the directory",
            ))?;
    }
    Ok(())
}

/// Compares one local header with the directory, and finds where the packed bytes start.
pub(super) fn check_local<R: Read + Seek>(
    source: &mut R,
    member: &mut Member,
) -> Result<(), ArchiveError> {
    let head = read_at(source, member.header, LOCAL_LEN)?;
    let mut fields = Fields(&head);
    let parsed = (|| {
        (fields.take(4)? == LOCAL).then_some(())?;
        fields.take(2)?;
        let (flags, method) = (fields.u16()?, fields.u16()?);
        fields.take(4)?;
        let (crc, packed, size) = (fields.u32()?, fields.u32()?, fields.u32()?);
        Some((
            flags,
            method,
            crc,
            packed,
            size,
            fields.u16()?,
            fields.u16()?,
        ))
    })();
    let Some((flags, method, crc, packed, size, name_len, extra_len)) = parsed else {
        return Err(ArchiveError::Directory("a member has no local header"));
    };
    let name = read_at(source, member.header + LOCAL_LEN, name_len.into())?;
    if name != member.name.as_bytes() {
        return Err(ArchiveError::NameMismatch {
            central: shown(member.name.as_bytes()),
            local: shown(&name),
        });
    }
    let differ = |field| {
        Err(ArchiveError::HeaderMismatch {
            name: shown(member.name.as_bytes()),
            field,
        })
    };
    if method != member.method {
        return differ("the compression method");
    }
    if (flags ^ member.flags) & (ENCRYPTED | DESCRIPTOR) != 0 {
        return differ("the flags");
    }
    // With a descriptor the local fields are zero (or repeat the directory); otherwise they must agree, unless they
    // point to a ZIP64 field.
    let lax = flags & DESCRIPTOR != 0;
    let same = |local: u32, central: u64| {
        u64::from(local) == central || local == u32::MAX || (lax && local == 0)
    };
    if !same(packed, member.packed) || !same(size, member.size) {
        return differ("the size");
    }
    if crc != member.crc && !(lax && crc == 0) {
        return differ("the checksum");
    }
    member.data = member.header + LOCAL_LEN + u64::from(name_len) + u64::from(extra_len);
    Ok(())
}

/// Reused from member to member: an archive of a hundred thousand small records would otherwise scatter its decoders'
/// windows all over the heap.
#[derive(Debug)]
pub(super) struct Unpacker {
    inflate: flate2::Decompress,
    packed: Vec<u8>,
}

impl Unpacker {
    pub(super) fn new() -> Self {
        Self {
            inflate: flate2::Decompress::new(false),
            packed: Vec::new(),
        }
    }

    /// Unpacks from the current position of the source.
    pub(super) fn unpack<R: Read>(
        &mut self,
        source: &mut R,
        member: &Member,
    ) -> Result<Vec<u8>, ArchiveError> {
        let name = || shown(member.name.as_bytes());
        if member.flags & ENCRYPTED != 0 {
            return Err(ArchiveError::Unsupported {
                name: name(),
                what: "encrypted",
            });
        }
        self.packed.clear();
        source
            .take(member.packed)
            .read_to_end(&mut self.packed)
            .map_err(ArchiveError::Io)?;
        let out = match member.method {
            STORED if self.packed.len() as u64 == member.size => self.packed.clone(),
            STORED => {
                return Err(ArchiveError::Lie {
                    name: name(),
                    field: "size",
                });
            }
            DEFLATED => self.inflate(member)?,
            _ => {
                let what = "packed with a method that wheels do not use";
                return Err(ArchiveError::Unsupported { name: name(), what });
            }
        };
        let mut crc = flate2::Crc::new();
        crc.update(&out);
        if crc.sum() == member.crc {
            Ok(out)
        } else {
            Err(ArchiveError::Lie {
                name: name(),
                field: "checksum",
            })
        }
    }

    /// Inflates what was read. The stated size only bounds the output: memory is taken as bytes come.
    fn inflate(&mut self, member: &Member) -> Result<Vec<u8>, ArchiveError> {
        let name = || shown(member.name.as_bytes());
        let lie = |field| {
            Err(ArchiveError::Lie {
                name: name(),
                field,
            })
        };
        let corrupt = |source: std::io::Error| ArchiveError::Corrupt {
            name: name(),
            source,
        };
        let size = usize::try_from(member.size).unwrap_or(usize::MAX);
        let mut out = Vec::with_capacity(size.min(CHUNK).saturating_add(1));
        self.inflate.reset(false);
        loop {
            let (read, written) = (self.inflate.total_in(), out.len());
            let rest = self
                .packed
                .get(usize::try_from(read).unwrap_or(usize::MAX)..)
                .unwrap_or_default();
            let status = self
                .inflate
                .decompress_vec(rest, &mut out, flate2::FlushDecompress::None);
            if out.len() > size {
                return lie("size");
            }
            match status.map_err(|e| corrupt(e.into()))? {
                flate2::Status::StreamEnd => break,
                _ if out.len() == out.capacity() => out.reserve(out.len().clamp(1, CHUNK)),
                _ if self.inflate.total_in() == read && out.len() == written => {
                    return Err(corrupt(std::io::ErrorKind::UnexpectedEof.into()));
                }
                _ => {}
            }
        }
        if out.len() != size {
            return lie("size");
        }
        // Bytes behind the end of the stream belong to nobody: room for something hidden.
        if self.inflate.total_in() != self.packed.len() as u64 {
            return lie("packed size");
        }
        Ok(out)
    }
}

/// How much memory is taken at once.
const CHUNK: usize = 1 << 20;
