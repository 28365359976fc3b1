//! End record and central directory.

use std::io::{Read, Seek, SeekFrom};

use super::fields::Fields;
use crate::error::shown;
use crate::{ArchiveError, Limits, NameFault};

const END: &[u8; 4] = b"PK\x05\x06";
const END_64: &[u8; 4] = b"PK\x06\x06";
const LOCATOR_64: &[u8; 4] = b"PK\x06\x07";
const ENTRY: &[u8; 4] = b"PK\x01\x02";
const END_LEN: u64 = 22;
const LOCATOR_LEN: u64 = 20;
const END_64_LEN: u64 = 56;
const ENTRY_LEN: usize = 46;

/// One member, as the directory describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name; a trailing `/` means a directory.
    pub name: String,
    /// Unpacked size in bytes, as stated.
    pub size: u64,
    /// Packed size in bytes.
    pub packed: u64,
    /// CRC-32 of the unpacked bytes, as stated.
    pub crc: u32,
    /// Compression method: 0 stored, 8 deflated; others are listed and cannot be unpacked.
    pub method: u16,
    /// General purpose flags.
    pub(super) flags: u16,
    /// Offset of the local header.
    pub(super) header: u64,
    /// Offset of the packed bytes.
    pub(super) data: u64,
}

impl Member {
    /// True for directory entries.
    pub fn is_directory(&self) -> bool {
        self.name.ends_with('/')
    }
}

/// Where the central directory stands.
#[derive(Debug)]
pub(super) struct End {
    pub(super) offset: u64,
    size: u64,
    entries: u64,
}

/// Finds the one end record. It must be the last thing in the file: an archive comment is data no Python tool needs,
/// and every byte of it could be another end record, so the first record found from the front must reach the end.
pub(super) fn find_end<R: Read + Seek>(source: &mut R) -> Result<End, ArchiveError> {
    let len = source.seek(SeekFrom::End(0)).map_err(ArchiveError::Io)?;
    let window = len.min(END_LEN + u64::from(u16::MAX));
    let start = len - window;
    let tail = read_at(source, start, window)?;
    let at = tail
        .windows(4)
        .rposition(|w| w == END)
        .ok_or(ArchiveError::NoEndRecord)?;
    let mut fields = Fields(tail.get(at + 4..).unwrap_or_default());
    let end = (|| {
        let disks = (fields.u16()?, fields.u16()?);
        let entries = (fields.u16()?, fields.u16()?);
        Some((disks, entries, fields.u32()?, fields.u32()?, fields.u16()?))
    })();
    let (disks, entries, size, offset, comment) = end.ok_or(ArchiveError::NoEndRecord)?;
    let position = start + at as u64;
    let after = len - position - END_LEN;
    if after != u64::from(comment) {
        return Err(ArchiveError::TrailingData(after));
    }
    let plain = End {
        offset: offset.into(),
        size: size.into(),
        entries: entries.0.into(),
    };
    let needs_64 = offset == u32::MAX || size == u32::MAX || entries.0 == u16::MAX;
    let end = if needs_64 {
        find_end_64(source, position)?
    } else if disks != (0, 0) || entries.0 != entries.1 {
        return Err(ArchiveError::MultiVolume);
    } else {
        (plain, position)
    };
    check_place(end)
}

/// The directory must end where the end record begins: a gap on either side is room for another reading.
fn check_place((end, position): (End, u64)) -> Result<End, ArchiveError> {
    let stop = end
        .offset
        .checked_add(end.size)
        .ok_or(ArchiveError::Directory("its place overflows"))?;
    match position.checked_sub(stop) {
        Some(0) => Ok(end),
        Some(gap) => Err(ArchiveError::PrefixedData(gap)),
        None => Err(ArchiveError::Directory("it reaches into the end record")),
    }
}

fn find_end_64<R: Read + Seek>(source: &mut R, end: u64) -> Result<(End, u64), ArchiveError> {
    let damaged = ArchiveError::Directory("the ZIP64 end record is missing");
    let Some(at) = end.checked_sub(LOCATOR_LEN + END_64_LEN) else {
        return Err(damaged);
    };
    let bytes = read_at(source, at, LOCATOR_LEN + END_64_LEN)?;
    let mut fields = Fields(&bytes);
    let parsed = (|| {
        (fields.take(4)? == END_64).then_some(())?;
        (fields.u64()? == END_64_LEN - 12).then_some(())?;
        fields.take(4)?;
        ((fields.u32()?, fields.u32()?) == (0, 0)).then_some(())?;
        let entries = (fields.u64()?, fields.u64()?);
        (entries.0 == entries.1).then_some(())?;
        let (size, offset) = (fields.u64()?, fields.u64()?);
        (fields.take(4)? == LOCATOR_64).then_some(())?;
        fields.u32()?;
        (fields.u64()? == at).then_some(())?;
        Some(End {
            offset,
            size,
            entries: entries.0,
        })
    })();
    parsed.map(|parsed| (parsed, at)).ok_or(damaged)
}

/// Reads all entries of the directory.
pub(super) fn read<R: Read + Seek>(
    source: &mut R,
    end: &End,
    limits: &Limits,
) -> Result<Vec<Member>, ArchiveError> {
    if end.entries > limits.members as u64 {
        return Err(ArchiveError::limit(
            "the number of members",
            limits.members as u64,
        ));
    }
    let most = (limits.members as u64).saturating_mul((ENTRY_LEN + limits.path_bytes) as u64);
    if end.size > most.min(1 << 30) {
        return Err(ArchiveError::limit(
            "the size of the directory",
            most.min(1 << 30),
        ));
    }
    let bytes = read_at(source, end.offset, end.size)?;
    let mut fields = Fields(&bytes);
    // The smallest entry bounds what is reserved: the stated number may lie.
    let room = (bytes.len() / ENTRY_LEN).min(usize::try_from(end.entries).unwrap_or(0));
    let mut members = Vec::with_capacity(room);
    for _ in 0..end.entries {
        members.push(entry(&mut fields)?);
    }
    if !fields.0.is_empty() {
        return Err(ArchiveError::Directory(
            "it holds more than its stated entries",
        ));
    }
    Ok(members)
}

fn entry(fields: &mut Fields<'_>) -> Result<Member, ArchiveError> {
    let cut = || ArchiveError::Directory("an entry is cut off");
    if fields.take(4) != Some(ENTRY) {
        return Err(ArchiveError::Directory("an entry has no signature"));
    }
    let fixed = fields.take(ENTRY_LEN - 4).ok_or_else(cut)?;
    let mut fixed = Fields(fixed);
    let parsed = (|| {
        fixed.take(4)?;
        let (flags, method) = (fixed.u16()?, fixed.u16()?);
        fixed.take(4)?;
        let (crc, packed, size) = (fixed.u32()?, fixed.u32()?, fixed.u32()?);
        let lengths = (fixed.u16()?, fixed.u16()?, fixed.u16()?);
        let disk = fixed.u16()?;
        fixed.take(6)?;
        Some((
            flags,
            method,
            crc,
            packed,
            size,
            lengths,
            disk,
            fixed.u32()?,
        ))
    })();
    let (flags, method, crc, packed, size, lengths, disk, header) = parsed.ok_or_else(cut)?;
    let name = fields.take(lengths.0.into()).ok_or_else(cut)?;
    let extra = fields.take(lengths.1.into()).ok_or_else(cut)?;
    fields.take(lengths.2.into()).ok_or_else(cut)?;
    if disk != 0 && disk != u16::MAX {
        return Err(ArchiveError::MultiVolume);
    }
    let name = std::str::from_utf8(name)
        .map_err(|_| ArchiveError::Name {
            name: shown(name),
            fault: NameFault::Encoding,
        })?
        .to_owned();
    let mut member = Member {
        name,
        size: size.into(),
        packed: packed.into(),
        crc,
        method,
        flags,
        header: header.into(),
        data: 0,
    };
    widen(&mut member, extra)?;
    Ok(member)
}

/// Takes 64-bit values from the ZIP64 extra field, for exactly the fields that ask for them.
fn widen(member: &mut Member, extra: &[u8]) -> Result<(), ArchiveError> {
    const ALL: u64 = u32::MAX as u64;
    let needs = [
        member.size == ALL,
        member.packed == ALL,
        member.header == ALL,
    ];
    let mut fields = Fields(extra);
    let mut found = false;
    while !fields.0.is_empty() {
        let damaged = || ArchiveError::Directory("an extra field is cut off");
        let id = fields.u16().ok_or_else(damaged)?;
        let len = fields.u16().ok_or_else(damaged)?;
        let body = fields.take(len.into()).ok_or_else(damaged)?;
        if id != 1 {
            continue;
        }
        if found {
            return Err(ArchiveError::Directory("an entry has two ZIP64 fields"));
        }
        found = true;
        let mut wide = Fields(body);
        for (slot, needed) in [&mut member.size, &mut member.packed, &mut member.header]
            .into_iter()
            .zip(needs)
        {
            if needed {
                *slot = wide.u64().ok_or_else(damaged)?;
            }
        }
    }
    if !found && needs.contains(&true) {
        return Err(ArchiveError::Directory("an entry lacks its ZIP64 field"));
    }
    Ok(())
}

pub(super) fn read_at<R: Read + Seek>(
    source: &mut R,
    at: u64,
    len: u64,
) -> Result<Vec<u8>, ArchiveError> {
    source.seek(SeekFrom::Start(at)).map_err(ArchiveError::Io)?;
    let mut bytes = Vec::new();
    source
        .by_ref()
        .take(len)
        .read_to_end(&mut bytes)
        .map_err(ArchiveError::Io)?;
    if bytes.len() as u64 == len {
        Ok(bytes)
    } else {
        Err(ArchiveError::Directory("it lies outside the file"))
    }
}
