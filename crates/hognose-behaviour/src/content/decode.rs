//! Plain decoders for text that carries text: base64 in both alphabets, UTF-16.

/// Base64 of either alphabet, padding optional, blanks skipped; nothing when another character occurs.
pub(crate) fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let mut bits = 0_u32;
    let mut held = 0_u32;
    let mut ended = false;
    for byte in text {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => {
                ended = true;
                continue;
            }
            b' ' | b'\t' | b'\r' | b'\n' => continue,
            _ => return None,
        };
        if ended {
            return None;
        }
        bits = (bits << 6) | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held & 0xff) as u8);
        }
    }
    Some(out)
}

/// UTF-16 in little-endian order, broken pairs replaced.
pub(crate) fn utf16(bytes: &[u8]) -> String {
    let units = bytes.chunks_exact(2).map(|pair| {
        u16::from_le_bytes([
            pair.first().copied().unwrap_or(0),
            pair.get(1).copied().unwrap_or(0),
        ])
    });
    char::decode_utf16(units)
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

/// Text of decoded bytes: UTF-16 when every second byte of the beginning is zero, else UTF-8; nothing for binary data.
pub(crate) fn text(bytes: &[u8]) -> Option<String> {
    let head = bytes.get(..bytes.len().min(64))?;
    let zeros = head.iter().skip(1).step_by(2).filter(|b| **b == 0).count();
    if head.len() >= 4 && zeros * 2 + 1 >= head.len() {
        return Some(utf16(bytes));
    }
    let text = std::str::from_utf8(bytes).ok()?;
    let odd = text
        .chars()
        .take(4_096)
        .any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{c}' | '\u{1b}'));
    (!odd).then(|| text.to_owned())
}
/// Hexadecimal digits in pairs, blanks skipped.
pub(crate) fn hexadecimal(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 2);
    let mut high = None;
    for byte in text.iter().filter(|b| !b.is_ascii_whitespace()) {
        let digit = char::from(*byte).to_digit(16)? as u8;
        match high.take() {
            None => high = Some(digit),
            Some(first) => out.push(first << 4 | digit),
        }
    }
    high.is_none().then_some(out)
}
