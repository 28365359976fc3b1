//! From bytes to text, and from byte offsets to line numbers.

use std::borrow::Cow;

/// Why bytes are not text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DecodeError {
    /// An odd number of bytes, or a lone surrogate, after a UTF-16 byte order mark.
    #[error("starts like UTF-16 and is not valid UTF-16")]
    Utf16,
    /// Bytes that are not UTF-8.
    #[error("not valid UTF-8")]
    Utf8 {
        /// Line of the first such byte.
        line: u32,
    },
}

/// Decodes UTF-8 (with or without a byte order mark) and UTF-16 with a byte order mark, as pip does.
pub(crate) fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, DecodeError> {
    match bytes {
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes).map(Cow::Owned),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes).map(Cow::Owned),
        _ => {
            let rest = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
            match std::str::from_utf8(rest) {
                Ok(text) => Ok(Cow::Borrowed(text)),
                Err(error) => Err(DecodeError::Utf8 {
                    line: line_of(rest, error.valid_up_to()),
                }),
            }
        }
    }
}

/// Like [`decode`], but bad UTF-8 becomes U+FFFD, so that the good lines can still be read.
pub(crate) fn decode_lossy(bytes: &[u8]) -> Result<Cow<'_, str>, DecodeError> {
    match decode(bytes) {
        Err(DecodeError::Utf8 { .. }) => {
            let rest = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
            Ok(String::from_utf8_lossy(rest))
        }
        decoded => decoded,
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, DecodeError> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(DecodeError::Utf16);
    }
    char::decode_utf16(pairs.iter().map(|pair| unit(*pair)))
        .collect::<Result<String, _>>()
        .map_err(|_| DecodeError::Utf16)
}

/// Line (from 1) of a byte offset.
pub(crate) fn line_of(bytes: &[u8], offset: usize) -> u32 {
    1 + newlines(bytes.get(..offset).unwrap_or(bytes))
}

fn newlines(bytes: &[u8]) -> u32 {
    // Counted in blocks whose sums fit a byte, a shape the compiler turns into vector instructions.
    bytes
        .chunks(255)
        .map(|block| u32::from(block.iter().map(|b| u8::from(*b == b'\n')).sum::<u8>()))
        .sum()
}

/// Line numbers for offsets that mostly grow: each look-up only counts what lies between.
#[derive(Debug)]
pub(crate) struct LineCursor<'a> {
    bytes: &'a [u8],
    offset: usize,
    line: u32,
}

impl<'a> LineCursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            offset: 0,
            line: 1,
        }
    }

    /// Line (from 1) of a byte offset.
    pub(crate) fn line(&mut self, offset: usize) -> u32 {
        let offset = offset.min(self.bytes.len());
        if offset >= self.offset {
            self.line += newlines(&self.bytes[self.offset..offset]);
        } else {
            self.line -= newlines(&self.bytes[offset..self.offset]);
        }
        self.offset = offset;
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings() {
        assert_eq!(decode(b"\xEF\xBB\xBFa").unwrap(), "a");
        assert_eq!(decode(b"\xFF\xFEa\0\n\0").unwrap(), "a\n");
        assert_eq!(decode(b"\xFE\xFF\0a").unwrap(), "a");
        assert_eq!(decode(b"\xFF\xFEa"), Err(DecodeError::Utf16));
        assert_eq!(decode(b"\xFF\xFE\x00\xD8"), Err(DecodeError::Utf16));
        assert_eq!(decode(b"a\nb\n\xE9"), Err(DecodeError::Utf8 { line: 3 }));
        assert_eq!(decode_lossy(b"a\n\xE9").unwrap(), "a\n\u{fffd}");
    }

    #[test]
    fn lines() {
        let text = "a\n".repeat(1000);
        let mut cursor = LineCursor::new(text.as_bytes());
        for line in [1, 500, 1000, 3, 999, 1] {
            assert_eq!(cursor.line((line as usize - 1) * 2), line);
        }
        assert_eq!(cursor.line(usize::MAX), 1001);
        assert_eq!(line_of(text.as_bytes(), 600), 301);
    }
}
