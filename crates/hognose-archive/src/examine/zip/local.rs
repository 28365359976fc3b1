//! Local headers, extra fields, data descriptors.

use std::io;

use super::super::source::Source;
use super::directory::Listed;
use crate::zip::Fields;

const LOCAL: &[u8; 4] = b"PK\x03\x04";
pub(super) const LOCAL_LEN: u64 = 30;
const MARK: &[u8; 4] = b"PK\x07\x08";

/// A local header.
#[derive(Debug)]
pub(super) struct Local {
    pub(super) name: Box<[u8]>,
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) crc: u32,
    pub(super) packed: u64,
    pub(super) size: u64,
    /// Where the data begins.
    pub(super) data: u64,
    pub(super) extra: Extra,
}

impl Local {
    /// Reads the header at a place; none when there is none.
    pub(super) fn read(source: &mut Source<'_>, at: u64) -> io::Result<Option<Self>> {
        let Some(fixed) = source.array::<30>(at)? else {
            return Ok(None);
        };
        let mut f = Fields(&fixed);
        let parsed = (|| {
            (f.take(4)? == LOCAL).then_some(())?;
            f.take(2)?;
            let (flags, method) = (f.u16()?, f.u16()?);
            f.take(4)?;
            let numbers = (f.u32()?, f.u32()?, f.u32()?);
            Some((flags, method, numbers, f.u16()?, f.u16()?))
        })();
        let Some((flags, method, (crc, packed, size), name_len, extra_len)) = parsed else {
            return Ok(None);
        };
        let length = usize::from(name_len) + usize::from(extra_len);
        let mut variable = vec![0; length];
        if source.fill(at + LOCAL_LEN, &mut variable)? != length {
            return Ok(None);
        }
        let (name, extra) = variable
            .split_at_checked(name_len.into())
            .unwrap_or_default();
        let mut wide = [u64::from(size), u64::from(packed), 0];
        let extra = Extra::parse(extra, name, &mut wide);
        Ok(Some(Self {
            name: name.into(),
            flags,
            method,
            crc,
            packed: wide[1],
            size: wide[0],
            data: at + LOCAL_LEN + length as u64,
            extra,
        }))
    }
}

/// What the extra field says.
#[derive(Debug, Default)]
pub(super) struct Extra {
    pub(super) damaged: bool,
    pub(super) zip64_disagrees: bool,
    pub(super) zip64_missing: bool,
    /// A Unicode path that is not the name.
    pub(super) unicode_path: bool,
}

impl Extra {
    /// Parses the fields; numbers at their maximum (size, packed size, header) take their value from the ZIP64 field.
    pub(super) fn parse(extra: &[u8], name: &[u8], wide: &mut [u64; 3]) -> Self {
        const MAX: u64 = u32::MAX as u64;
        let mut out = Self::default();
        let wanted = wide.map(|n| n == MAX);
        let (mut f, mut found) = (Fields(extra), false);
        // Android's tools pad with up to three zeros.
        while f.0.len() >= 4 || f.0.iter().any(|b| *b != 0) {
            let field = (|| {
                let (id, len) = (f.u16()?, f.u16()?);
                Some((id, f.take(len.into())?))
            })();
            let Some((id, body)) = field else {
                out.damaged = true;
                break;
            };
            match id {
                1 => {
                    out.zip64_disagrees |= found;
                    out.zip64_disagrees |= !widen(body, wanted, wide, found);
                    found = true;
                }
                // Version 1, checksum of the name it replaces, the path.
                0x7075 => {
                    let path = body.get(5..).unwrap_or_default();
                    out.unicode_path |= path != name;
                }
                _ => {}
            }
        }
        out.zip64_missing = !found && wanted.contains(&true);
        out
    }
}

/// Takes the numbers that were asked for, in their order; false when one is missing. Values beyond those are allowed
/// by some readers and skipped by others, and must then repeat what the plain fields say.
fn widen(body: &[u8], wanted: [bool; 3], wide: &mut [u64; 3], again: bool) -> bool {
    let mut f = Fields(body);
    if !wanted.contains(&true) {
        // A field nobody asked for: some writers always write both sizes.
        return [wide[0], wide[1]]
            .iter()
            .all(|plain| f.u64().is_none_or(|n| n == *plain || *plain == 0));
    }
    for (slot, wanted) in wide.iter_mut().zip(wanted) {
        if wanted {
            match f.u64() {
                Some(n) if !again => *slot = n,
                Some(_) => {}
                None => return false,
            }
        }
    }
    true
}

/// Length of the data descriptor at the front of `bytes`, 0 when there is none, and whether it says what the directory
/// says. With and without its mark, with 32-bit and 64-bit sizes: all four are written by someone.
pub(super) fn descriptor(bytes: &[u8], listed: &Listed) -> (u64, bool) {
    let marked = bytes.starts_with(MARK);
    for (mark, wide) in [(4, false), (4, true), (0, false), (0, true)] {
        if (mark == 4) != marked {
            continue;
        }
        let mut f = Fields(bytes.get(mark..).unwrap_or_default());
        let numbers = (|| {
            let crc = f.u32()?;
            Some(if wide {
                (crc, f.u64()?, f.u64()?)
            } else {
                (crc, f.u32()?.into(), f.u32()?.into())
            })
        })();
        let length = mark as u64 + if wide { 20 } else { 12 };
        if numbers == Some((listed.crc, listed.packed, listed.size)) {
            return (length, true);
        }
    }
    // Something stands there and says something else.
    match (marked, bytes.len()) {
        (true, 24) => (24, false),
        (true, 16..) => (16, false),
        (false, 12 | 20) => (bytes.len() as u64, false),
        _ => (0, false),
    }
}
