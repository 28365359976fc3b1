//! Where pictures and sounds really end, by walking their own structure.

/// Most blocks walked.
const BLOCKS: usize = 1_000_000;

fn big(bytes: &[u8], at: usize) -> Option<usize> {
    let value = bytes
        .get(at..at.checked_add(4)?)?
        .try_into()
        .ok()
        .map(u32::from_be_bytes)?;
    usize::try_from(value).ok()
}

fn little(bytes: &[u8], at: usize) -> Option<usize> {
    let value = bytes
        .get(at..at.checked_add(4)?)?
        .try_into()
        .ok()
        .map(u32::from_le_bytes)?;
    usize::try_from(value).ok()
}

/// The end of a picture or sound; nothing for other files and for those that are cut off.
pub(super) fn end(bytes: &[u8]) -> Option<usize> {
    let end = match bytes {
        [0x89, b'P', b'N', b'G', ..] => png(bytes),
        [0xff, 0xd8, 0xff, ..] => jpeg(bytes),
        [b'G', b'I', b'F', b'8', ..] => gif(bytes),
        [b'B', b'M', _, _, _, _, 0, 0, 0, 0, ..] => little(bytes, 2),
        [b'R', b'I', b'F', b'F', ..] => little(bytes, 4)?.checked_add(8).map(|end| end + end % 2),
        _ => None,
    }?;
    (end < bytes.len() && end > 8).then_some(end)
}

fn png(bytes: &[u8]) -> Option<usize> {
    let mut at = 8_usize;
    for _ in 0..BLOCKS {
        let next = at.checked_add(big(bytes, at)?)?.checked_add(12)?;
        if bytes.get(at + 4..at + 8)? == b"IEND" {
            return Some(next);
        }
        at = next;
    }
    None
}

fn jpeg(bytes: &[u8]) -> Option<usize> {
    let mut at = 2_usize;
    for _ in 0..BLOCKS {
        // Between segments only markers stand; inside a scan, `ff 00` and restarts belong to the data.
        at += memchr::memchr(0xff, bytes.get(at..)?)?;
        let marker = *bytes.get(at + 1)?;
        match marker {
            0xd9 => return Some(at + 2),
            0xff => at += 1,
            0x00 | 0x01 | 0xd0..=0xd8 => at += 2,
            _ => {
                let length = usize::from(u16::from_be_bytes(
                    bytes.get(at + 2..at + 4)?.try_into().ok()?,
                ));
                at = at.checked_add(2)?.checked_add(length)?;
            }
        }
    }
    None
}

fn gif(bytes: &[u8]) -> Option<usize> {
    let table = |flags: u8| {
        if flags & 0x80 == 0 {
            0
        } else {
            3 << ((flags & 7) + 1)
        }
    };
    let mut at = 13 + table(*bytes.get(10)?);
    for _ in 0..BLOCKS {
        match *bytes.get(at)? {
            0x3b => return Some(at + 1),
            0x21 => at = sub_blocks(bytes, at + 2)?,
            0x2c => {
                let flags = *bytes.get(at + 9)?;
                at = sub_blocks(bytes, at + 11 + table(flags))?;
            }
            _ => return None,
        }
    }
    None
}

fn sub_blocks(bytes: &[u8], mut at: usize) -> Option<usize> {
    for _ in 0..BLOCKS {
        let length = usize::from(*bytes.get(at)?);
        at += 1 + length;
        if length == 0 {
            return Some(at);
        }
    }
    None
}

/// A WAV file whose samples are text: no sound is.
pub(super) fn encoded_sound(bytes: &[u8]) -> Option<&'static str> {
    if !bytes.starts_with(b"RIFF") || bytes.get(8..12)? != b"WAVE" {
        return None;
    }
    let mut at = 12_usize;
    for _ in 0..BLOCKS {
        let length = little(bytes, at + 4)?;
        if bytes.get(at..at + 4)? == b"data" {
            let data = bytes.get(at + 8..)?;
            let data = data.get(..length.min(data.len()).min(8_192))?;
            let text = data
                .iter()
                .filter(|b| b.is_ascii_graphic() || matches!(b, b'\n' | b'\r'))
                .count();
            let distinct = (0..=255_u8).filter(|b| data.contains(b)).count();
            return (data.len() >= 512 && text == data.len() && distinct > 16)
                .then_some("sound whose samples are text");
        }
        at = at
            .checked_add(8)?
            .checked_add(length)?
            .checked_add(length % 2)?;
    }
    None
}
