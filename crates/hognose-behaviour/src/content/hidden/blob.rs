//! Large encoded constants.

use std::ops::Range;

use super::View;
use super::scan::{Kind, Token};
use crate::content::{decode, media};
use crate::fact::FactKind;

/// Smallest constant worth a word, in encoded characters.
const SMALL: usize = 1_024;
/// Encoded data has long lines; a list of words has short ones.
const LINE: usize = 32;
/// Most characters kept to look at what a constant holds.
const HEAD: usize = 512;

/// The strings that stand side by side and make one constant, until something else comes.
#[derive(Debug, Default)]
pub(super) struct Blobs {
    start: usize,
    /// Kept until they are worth reading: most constants never are.
    strings: Vec<Range<usize>>,
    bytes: usize,
    blob: Option<Blob>,
}

impl Blobs {
    /// Takes the next token; strings with nothing but blanks between them are one constant.
    #[inline]
    pub(super) fn token(&mut self, view: &mut View<'_>, token: Token) {
        match token.kind {
            Kind::String => self.string(view.text, token.start..token.end),
            Kind::Blanks | Kind::Newline | Kind::Comment | Kind::Other('\\') => {}
            _ => self.end(view),
        }
    }

    /// Something else than strings and blanks has come.
    pub(super) fn end(&mut self, view: &mut View<'_>) {
        if self.bytes > 0 {
            self.finish(view);
        }
    }

    /// Whether strings were taken that the next one may go on.
    pub(super) fn is_open(&self) -> bool {
        self.bytes > 0
    }

    /// Takes the content of a string.
    pub(super) fn string(&mut self, text: &str, content: Range<usize>) {
        if content.is_empty() {
            return;
        }
        if self.bytes == 0 {
            self.start = content.start;
        }
        self.bytes += content.len();
        self.strings.push(content);
        if self.bytes >= SMALL {
            let blob = self.blob.get_or_insert_default();
            for range in self.strings.drain(..) {
                blob.string(text.get(range).unwrap_or_default().as_bytes());
            }
        }
    }

    /// Judges the constant that has ended.
    pub(super) fn finish(&mut self, view: &mut View<'_>) {
        if let Some(blob) = self.blob.take() {
            blob.judge(self.start, view);
        }
        self.strings.clear();
        self.bytes = 0;
    }
}

/// What the characters of a constant are.
#[derive(Debug)]
struct Blob {
    length: usize,
    base64: bool,
    hexadecimal: bool,
    base85: bool,
    escapes: usize,
    backslashes: usize,
    /// Ends of lines inside the strings.
    breaks: usize,
    classes: u8,
    head: Vec<u8>,
}

impl Default for Blob {
    fn default() -> Self {
        Self {
            length: 0,
            base64: true,
            hexadecimal: true,
            base85: true,
            escapes: 0,
            backslashes: 0,
            breaks: 0,
            classes: 0,
            head: Vec::new(),
        }
    }
}

impl Blob {
    /// Takes the content of a string. Once it is clear that the constant is nothing encoded, as of most texts by their first
    /// word, only escapes count.
    fn string(&mut self, content: &[u8]) {
        let mut at = 0_usize;
        for part in content.chunks(64) {
            if !(self.base64 || self.hexadecimal || self.base85) {
                break;
            }
            let before = at.checked_sub(1).and_then(|at| content.get(at));
            self.part(part, before == Some(&b'\\'));
            at += part.len();
        }
        let rest = content.get(at..).unwrap_or_default();
        let counts = |byte: &&u8| !byte.is_ascii_whitespace() && **byte != b'\\';
        self.length += rest.iter().filter(counts).count();
        let has_digit = rest
            .iter()
            .fold(false, |any, byte| any | byte.is_ascii_digit());
        self.classes |= if has_digit { 4 } else { 0 };
        let near = content.get(at.saturating_sub(1)..).unwrap_or_default();
        for found in memchr::memchr_iter(b'\\', near) {
            let next = near.get(found + 1);
            self.escapes += usize::from(next.is_some_and(|b| *b == b'x' || b.is_ascii_digit()));
        }
    }

    fn part(&mut self, content: &[u8], mut escaped: bool) {
        for &byte in content {
            // `\x41` and `\101`, not the `\u` and `\w` of patterns.
            if std::mem::take(&mut escaped) && (byte == b'x' || byte.is_ascii_digit()) {
                self.escapes += 1;
            }
            if byte.is_ascii_whitespace() || byte == b'\\' {
                escaped = byte == b'\\';
                self.breaks += usize::from(byte == b'\n');
                self.backslashes += usize::from(escaped);
                // Text has blanks inside its lines, encoded data only at their ends.
                self.base85 &= byte != b' ';
                self.base64 &= byte != b' ';
                continue;
            }
            self.length += 1;
            self.base64 &=
                byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=');
            self.hexadecimal &= byte.is_ascii_hexdigit();
            self.base85 &= byte.is_ascii_graphic();
            self.classes |= match byte {
                b'A'..=b'Z' => 1,
                b'a'..=b'z' => 2,
                b'0'..=b'9' => 4,
                _ => 8,
            };
            if self.head.len() < HEAD {
                self.head.push(byte);
            }
        }
    }

    fn judge(&self, start: usize, view: &mut View<'_>) {
        if self.length < SMALL {
            return;
        }
        let Some(encoding) = self.encoding() else {
            return;
        };
        if !self.is_harmless(encoding) {
            let length = self.length;
            view.add(
                FactKind::EncodedBlob,
                start,
                format!("{encoding}, {length} characters"),
            );
        }
    }

    fn encoding(&self) -> Option<&'static str> {
        let mixed = self.classes & 7 == 7;
        if self.escapes * 4 >= self.length && self.classes & 4 != 0 {
            Some("escapes")
        } else if self.backslashes > self.length / 64 + 2 || self.breaks * LINE > self.length {
            None
        } else if self.hexadecimal && self.classes & 4 != 0 {
            Some("hexadecimal")
        } else if self.base64 && mixed {
            Some("base64")
        } else if self.base85 && self.classes == 15 && self.looks_random() {
            Some("base85")
        } else {
            None
        }
    }

    /// Text without blanks (URLs, minified code) uses few characters often; encoded data uses all alike.
    fn looks_random(&self) -> bool {
        let mut counts = [0_u16; 256];
        for byte in &self.head {
            if let Some(count) = counts.get_mut(usize::from(*byte)) {
                *count += 1;
            }
        }
        let distinct = counts.iter().filter(|c| **c > 0).count();
        let most = counts.iter().copied().max().unwrap_or(0);
        distinct >= 60 && usize::from(most) * 20 <= self.head.len()
    }

    /// Whether the constant is a picture, a font, a certificate or text of data.
    fn is_harmless(&self, encoding: &str) -> bool {
        let even = self.head.get(..self.head.len() & !3).unwrap_or_default();
        let bytes = match encoding {
            "base64" => decode::base64(even),
            "hexadecimal" => decode::hexadecimal(even),
            _ => None,
        };
        bytes
            .is_some_and(|bytes| media::is_presentation(&bytes) || bytes.starts_with(&[0x30, 0x82]))
    }
}
