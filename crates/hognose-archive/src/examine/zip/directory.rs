//! The central directory, entry by entry.

use std::io::{self, Read as _};

use super::super::kinds::ConfusionKind as Kind;
use super::super::run::{Place, Run};
use super::super::source::Source;
use super::end::End;
use super::local::Extra;
use crate::zip::Fields;

const ENTRY: &[u8; 4] = b"PK\x01\x02";
const ENTRY_LEN: usize = 46;

/// One member, as the directory describes it.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) name: Box<[u8]>,
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) crc: u32,
    pub(super) packed: u64,
    pub(super) size: u64,
    /// Where the local header stands in this file.
    pub(super) header: u64,
    /// External attributes; the upper half is the Unix mode.
    attributes: u32,
    pub(super) zip64_disagrees: bool,
    pub(super) zip64_missing: bool,
    pub(super) extra_damaged: bool,
    pub(super) unicode_path: bool,
}

impl Listed {
    /// What a directory would say of a member that it does not list.
    pub(super) fn hidden(local: &super::local::Local, packed: u64) -> Self {
        Self {
            name: local.name.clone(),
            flags: local.flags,
            method: local.method,
            crc: local.crc,
            packed,
            size: local.size,
            header: 0,
            attributes: 0,
            zip64_disagrees: false,
            zip64_missing: false,
            extra_damaged: false,
            unicode_path: false,
        }
    }

    pub(super) fn mode(&self) -> u32 {
        self.attributes >> 16
    }

    pub(super) fn is_symlink(&self) -> bool {
        self.mode() & 0o170_000 == 0o120_000
    }

    pub(super) fn is_device(&self) -> bool {
        matches!(
            self.mode() & 0o170_000,
            0o010_000 | 0o020_000 | 0o060_000 | 0o140_000
        )
    }
}

/// Reads entries to the stated end of the directory, as `zipfile` does, whatever their stated number.
pub(super) fn read(
    run: &mut Run<'_, '_>,
    place: Place<'_>,
    source: &mut Source<'_>,
    end: &End,
) -> io::Result<Vec<Listed>> {
    let limit = run.budget.limits.members;
    let mut range = source.range(end.start, end.start.saturating_add(end.size));
    let (mut listed, mut count, mut variable) = (Vec::new(), 0_u64, Vec::new());
    while range.left() > 0 {
        if listed.len() >= limit {
            run.confuse(place, Kind::LimitMembers, None, String::new);
            // The stated number cannot be compared with what was not read.
            count = end.entries;
            break;
        }
        let Some(entry) = entry(&mut range, &mut variable, end.shift)? else {
            run.confuse(place, Kind::DirectoryDamaged, None, || {
                format!("entry {count}")
            });
            // Nor here.
            count = end.entries;
            break;
        };
        count += 1;
        if entry.1 {
            run.confuse(place, Kind::MultiVolume, None, String::new);
        }
        listed.push(entry.0);
    }
    if count != end.entries {
        run.confuse(place, Kind::DirectoryCount, None, || {
            format!("{} stated, {count} found", end.entries)
        });
    }
    Ok(listed)
}

/// One entry, and whether it lies on another volume.
fn entry(
    range: &mut super::super::source::Range<'_, '_>,
    variable: &mut Vec<u8>,
    shift: i64,
) -> io::Result<Option<(Listed, bool)>> {
    let mut fixed = [0; ENTRY_LEN];
    match range.read_exact(&mut fixed) {
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        result => result?,
    }
    let mut f = Fields(&fixed);
    let parsed = (|| {
        (f.take(4)? == ENTRY).then_some(())?;
        f.take(4)?;
        let (flags, method) = (f.u16()?, f.u16()?);
        f.take(4)?;
        let (crc, packed, size) = (f.u32()?, f.u32()?, f.u32()?);
        let lengths = [f.u16()?, f.u16()?, f.u16()?].map(usize::from);
        let disk = f.u16()?;
        f.take(2)?;
        let (attributes, header) = (f.u32()?, f.u32()?);
        let listed = Listed {
            name: Box::default(),
            flags,
            method,
            crc,
            packed: packed.into(),
            size: size.into(),
            header: header.into(),
            attributes,
            zip64_disagrees: false,
            zip64_missing: false,
            extra_damaged: false,
            unicode_path: false,
        };
        Some((listed, lengths, disk))
    })();
    let Some((mut listed, [name, extra, comment], disk)) = parsed else {
        return Ok(None);
    };
    variable.clear();
    let length = name + extra + comment;
    range.take(length as u64).read_to_end(variable)?;
    // `zipfile` takes an entry that is cut off by the end of the directory.
    let (name, rest) = variable.split_at(name.min(variable.len()));
    listed.name = name.into();
    let mut wide = [listed.size, listed.packed, listed.header];
    let extra = Extra::parse(rest.get(..extra).unwrap_or(rest), name, &mut wide);
    [listed.size, listed.packed, listed.header] = wide;
    listed.header = listed.header.saturating_add_signed(shift);
    listed.zip64_disagrees = extra.zip64_disagrees;
    listed.zip64_missing = extra.zip64_missing;
    listed.extra_damaged = extra.damaged || variable.len() < length;
    listed.unicode_path = extra.unicode_path;
    Ok(Some((listed, disk != 0 && disk != u16::MAX)))
}
