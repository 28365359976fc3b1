//! End records: the one that `zipfile` takes, and the others.

use std::io;

use super::super::kinds::ConfusionKind as Kind;
use super::super::run::{Place, Run};
use super::super::source::Source;
use crate::zip::Fields;

const END: &[u8; 4] = b"PK\x05\x06";
const END_LEN: u64 = 22;
const END_64: &[u8; 4] = b"PK\x06\x06";
const END_64_LEN: u64 = 56;
const LOCATOR: &[u8; 4] = b"PK\x06\x07";
const LOCATOR_LEN: u64 = 20;
const ENTRY: &[u8; 4] = b"PK\x01\x02";
/// A directory smaller than one entry can only be empty.
const ENTRY_LEN: u64 = 46;

/// Where the directory stands, and what stands around its end record.
#[derive(Debug)]
pub(super) struct End {
    /// Where the directory begins in this file.
    pub(super) start: u64,
    /// Its size in bytes.
    pub(super) size: u64,
    /// Entries as stated.
    pub(super) entries: u64,
    /// What must be added to offsets: bytes that were put before the archive, or taken away.
    pub(super) shift: i64,
    /// Bytes behind the record and its comment.
    pub(super) after: u64,
    /// Places of other records that lead to a directory.
    pub(super) others: Vec<u64>,
}

/// One record, as it stands.
#[derive(Clone, Copy, Debug)]
struct Record {
    at: u64,
    disks: (u16, u16),
    entries: (u64, u64),
    size: u64,
    offset: u64,
    comment: u64,
}

impl Record {
    fn parse(at: u64, bytes: &[u8]) -> Option<Self> {
        let mut f = Fields(bytes);
        (f.take(4)? == END).then_some(())?;
        Some(Self {
            at,
            disks: (f.u16()?, f.u16()?),
            entries: (f.u16()?.into(), f.u16()?.into()),
            size: f.u32()?.into(),
            offset: f.u32()?.into(),
            comment: f.u16()?.into(),
        })
    }

    fn wants_64(&self) -> bool {
        self.size == u64::from(u32::MAX)
            || self.offset == u64::from(u32::MAX)
            || self.entries.0 == u64::from(u16::MAX)
    }
}

/// True when the file ends like a ZIP archive with a directory: such a file is one whatever stands before.
pub(in super::super) fn has_end(source: &mut Source<'_>) -> bool {
    let Ok(records) = records(source) else {
        return false;
    };
    records
        .iter()
        .any(|r| r.entries.0 > 0 && matches!(locate(source, r), Ok(Some(_))))
}

/// All records in the last 64 KiB, from the back.
fn records(source: &mut Source<'_>) -> io::Result<Vec<Record>> {
    let window = source.len().min(END_LEN + u64::from(u16::MAX));
    let start = source.len() - window;
    let mut tail = vec![0; usize::try_from(window).unwrap_or_default()];
    let filled = source.fill(start, &mut tail)?;
    tail.truncate(filled);
    let found = tail.windows(4).enumerate().filter(|(_, w)| *w == END);
    let mut records: Vec<Record> = found
        .filter_map(|(i, _)| Record::parse(start + i as u64, tail.get(i..)?))
        .collect();
    records.reverse();
    // Each costs two reads; honest files have one, and one per stored archive among their last members.
    records.truncate(256);
    Ok(records)
}

/// The directory a record leads to.
#[derive(Clone, Copy, Debug)]
struct Located {
    start: u64,
    size: u64,
    entries: u64,
    shift: i64,
    /// Bytes between directory and record.
    gap: u64,
    zip64: Zip64,
    /// Both the stated place and the place before the record hold a directory.
    two: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Zip64 {
    Fine,
    Missing,
    Disagrees,
}

/// Finds a record's directory: right before the record, as `zipfile` does, else where the record says.
fn locate(source: &mut Source<'_>, record: &Record) -> io::Result<Option<Located>> {
    let (mut size, mut offset, mut entries) = (record.size, record.offset, record.entries.0);
    let mut stop = record.at;
    let mut zip64 = Zip64::Fine;
    match wide(source, record)? {
        Some((at, wide)) => {
            let differs = |plain: u64, max: u64, wide: u64| plain != max && plain != wide;
            let max = u64::from(u32::MAX);
            if differs(size, max, wide.0)
                || differs(offset, max, wide.1)
                || differs(entries, u16::MAX.into(), wide.2)
            {
                zip64 = Zip64::Disagrees;
            }
            stop = at;
            (size, offset, entries) = wide;
        }
        None if record.wants_64() => zip64 = Zip64::Missing,
        None => {}
    }
    let before = stop.checked_sub(size);
    let is_directory = |source: &mut Source<'_>, at: u64| -> io::Result<bool> {
        Ok(source.array::<4>(at)?.as_ref() == Some(ENTRY))
    };
    let empty = entries == 0 && size == 0;
    let plain = offset < stop && is_directory(source, offset)?;
    let found = |start: u64, shift: i64, two: bool| Located {
        start,
        size,
        entries,
        shift,
        gap: stop.saturating_sub(start.saturating_add(size)),
        zip64,
        two,
    };
    Ok(match before {
        Some(start) if empty && offset <= stop => Some(found(start, shift(start, offset), false)),
        Some(start) if size >= ENTRY_LEN && is_directory(source, start)? => {
            let two = plain && start != offset;
            Some(found(start, shift(start, offset), two))
        }
        _ if plain => Some(found(offset, 0, false)),
        _ => None,
    })
}

fn shift(start: u64, offset: u64) -> i64 {
    start.cast_signed().wrapping_sub(offset.cast_signed())
}

/// The ZIP64 record before a plain one: its place, and size, offset and entries.
#[expect(clippy::type_complexity, reason = "one caller, three numbers")]
fn wide(source: &mut Source<'_>, record: &Record) -> io::Result<Option<(u64, (u64, u64, u64))>> {
    let Some(locator) = record.at.checked_sub(LOCATOR_LEN) else {
        return Ok(None);
    };
    if source.array::<4>(locator)?.as_ref() != Some(LOCATOR) {
        return Ok(None);
    }
    let stated = source
        .array::<8>(locator + 8)?
        .map_or(0, u64::from_le_bytes);
    // `zipfile` looks right before the locator, others where the locator points.
    for at in [locator.checked_sub(END_64_LEN), Some(stated)] {
        let Some(at) = at.filter(|at| at.saturating_add(END_64_LEN) <= locator) else {
            continue;
        };
        let Some(bytes) = source.array::<56>(at)? else {
            continue;
        };
        let mut f = Fields(&bytes);
        let parsed = (|| {
            (f.take(4)? == END_64).then_some(())?;
            f.take(8 + 4 + 8)?;
            let entries = (f.u64()?, f.u64()?);
            Some((f.u64()?, f.u64()?, entries.0))
        })();
        if let Some(wide) = parsed {
            return Ok(Some((at, wide)));
        }
    }
    Ok(None)
}

/// Finds the directory of the file.
pub(super) fn find(
    run: &mut Run<'_, '_>,
    place: Place<'_>,
    source: &mut Source<'_>,
) -> io::Result<Option<End>> {
    let mut records = records(source)?;
    // `zipfile` first tries a record without a comment at the very end, then takes the last mark it finds.
    let last = source.len().checked_sub(END_LEN);
    if let Some(index) = records
        .iter()
        .position(|r| Some(r.at) == last && r.comment == 0)
    {
        let first = records.remove(index);
        records.insert(0, first);
    }
    let mut chosen = None;
    let mut others = Vec::new();
    for record in &records {
        if let Some(located) = locate(source, record)? {
            if chosen.is_none() {
                chosen = Some((*record, located));
            } else {
                others.push(record.at);
            }
        }
    }
    let Some((record, located)) = chosen else {
        return Ok(None);
    };
    say(run, place, &record, &located);
    let stop = record.at + END_LEN + record.comment;
    Ok(Some(End {
        start: located.start,
        size: located.size,
        entries: located.entries,
        shift: located.shift,
        after: source.len().saturating_sub(stop),
        others,
    }))
}

fn say(run: &mut Run<'_, '_>, place: Place<'_>, record: &Record, located: &Located) {
    if record.disks != (0, 0) || record.entries.0 != record.entries.1 {
        run.confuse(place, Kind::MultiVolume, None, String::new);
    }
    match located.zip64 {
        Zip64::Fine => {}
        Zip64::Missing => run.confuse(place, Kind::Zip64Missing, None, String::new),
        Zip64::Disagrees => run.confuse(place, Kind::Zip64Disagreement, None, String::new),
    }
    if located.shift < 0 {
        run.confuse(place, Kind::DirectoryPlace, None, || {
            format!("{} bytes earlier", located.shift.unsigned_abs())
        });
    }
    if located.two {
        run.confuse(
            place,
            Kind::SeveralEndRecords,
            None,
            || "one record, two places with a directory",
        );
    }
    if located.gap > 0 {
        run.confuse(place, Kind::DirectoryGap, None, || {
            format!("{} bytes", located.gap)
        });
    }
}
