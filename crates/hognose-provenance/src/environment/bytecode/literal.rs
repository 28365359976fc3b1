//! The texts of a source, one behind the other.

use memchr::memmem;
use rustc_hash::FxHashSet;

/// Longest text whose repeated parts are looked for: the compiler multiplies no further.
const FOLDED: usize = 8_192;

/// All texts of a file, decoded. Those that the compiler may join stand without anything between them.
#[derive(Debug, Default)]
pub(super) struct Literals {
    bytes: Vec<u8>,
}

impl Literals {
    /// Adds text.
    pub(super) fn push(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
    }

    /// Keeps what comes apart from what was.
    pub(super) fn part(&mut self) {
        // No text holds this byte: it is in no UTF-8, and in bytes it is rare.
        if self.bytes.last().is_some_and(|last| *last != 0xff) {
            self.bytes.push(0xff);
        }
    }

    /// Adds what an escape means, from behind its backslash. Answers how many bytes it takes.
    pub(super) fn escape(&mut self, rest: &[u8], is_bytes: bool) -> usize {
        let Some(letter) = rest.first() else { return 0 };
        let plain = match letter {
            b'\n' => return 1,
            b'\\' | b'\'' | b'"' => *letter,
            b'a' => 7,
            b'b' => 8,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'v' => 0x0b,
            b'0'..=b'7' => {
                let digits = rest.iter().take(3).take_while(|b| matches!(b, b'0'..=b'7'));
                let value = digits.clone().fold(0, |v, d| v * 8 + u32::from(d - b'0'));
                self.code(value, is_bytes);
                return digits.count();
            }
            b'x' => return self.hex(rest, 2, is_bytes),
            b'u' if !is_bytes => return self.hex(rest, 4, false),
            b'U' if !is_bytes => return self.hex(rest, 8, false),
            b'N' if !is_bytes && rest.get(1) == Some(&b'{') => {
                // The name of a character: which one, nobody needs to know here.
                self.part();
                return memchr::memchr(b'}', rest).map_or(1, |end| end + 1);
            }
            _ => {
                self.bytes.push(b'\\');
                return 0;
            }
        };
        self.bytes.push(plain);
        1
    }

    fn hex(&mut self, rest: &[u8], digits: usize, is_bytes: bool) -> usize {
        let text = rest
            .get(1..=digits)
            .and_then(|t| std::str::from_utf8(t).ok());
        match text.and_then(|t| u32::from_str_radix(t, 16).ok()) {
            Some(value) => self.code(value, is_bytes),
            None => self.bytes.push(b'\\'),
        }
        1 + digits
    }

    /// A character, or a byte. Half a character is written the way Python marshals it.
    fn code(&mut self, value: u32, is_byte: bool) {
        if is_byte {
            self.bytes.push(value as u8);
            return;
        }
        match char::from_u32(value) {
            Some(c) => self
                .bytes
                .extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            None => self.bytes.extend([
                0xe0 | (value >> 12) as u8,
                0x80 | (value >> 6 & 0x3f) as u8,
                0x80 | (value & 0x3f) as u8,
            ]),
        }
    }

    /// The texts one by one, for looking up.
    pub(super) fn whole(&self) -> FxHashSet<&[u8]> {
        let mut out = FxHashSet::default();
        let mut start = 0;
        let ends = memchr::memchr_iter(0xff, &self.bytes);
        for end in ends.chain([self.bytes.len()]) {
            out.insert(self.bytes.get(start..end).unwrap_or_default());
            start = end + 1;
        }
        out
    }

    /// Whether a text is one of these, or a part of one.
    pub(super) fn has(&self, text: &[u8]) -> bool {
        memmem::find(&self.bytes, text).is_some()
    }

    /// Whether a text is a part of these again and again: the compiler multiplies.
    pub(super) fn has_repeated(&self, text: &[u8]) -> bool {
        if text.len() > FOLDED {
            return false;
        }
        (1..=text.len() / 2)
            .filter(|period| text.len().is_multiple_of(*period))
            .find(|period| {
                let (head, tail) = text.split_at(*period);
                text.get(..text.len() - head.len()) == Some(tail)
            })
            .is_some_and(|period| self.has(text.get(..period).unwrap_or_default()))
    }

    /// Whether a text can be put together from parts of these, none shorter than some bytes; one letter again and again
    /// is one.
    pub(super) fn has_parts(&self, text: &[u8], shortest: usize) -> bool {
        let mut runs = text.chunk_by(|a, b| a == b).map(<[u8]>::len);
        if text.len() <= FOLDED && runs.all(|run| run == 1 || run > shortest) {
            let mut once = text.to_vec();
            once.dedup();
            if once.len() < text.len() && once.len() <= shortest {
                return once.iter().all(|b| self.bytes.contains(b));
            }
        }
        let mut rest = text;
        while !rest.is_empty() {
            // The longest head that is there, found by halving: every head of it is there too.
            let (mut found, mut beyond) = (0, rest.len() + 1);
            while beyond - found > 1 {
                let middle = found.midpoint(beyond);
                if self.has(rest.get(..middle).unwrap_or_default()) {
                    found = middle;
                } else {
                    beyond = middle;
                }
            }
            if found < shortest.min(rest.len()) || found == 0 {
                return false;
            }
            rest = rest.get(found..).unwrap_or_default();
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes() {
        let mut literals = Literals::default();
        for escape in [
            "x41",
            "101",
            "u00e9",
            "U0001F600",
            "n",
            "q",
            "N{DASH}",
            "ud800",
        ] {
            literals.escape(escape.as_bytes(), false);
        }
        assert!(literals.has("AAé😀\n\\".as_bytes()));
        assert!(literals.has(&[0xed, 0xa0, 0x80]));
        literals.escape(b"xff", true);
        assert!(literals.has(&[0x80, 0xff]));
    }

    #[test]
    fn what_the_compiler_joins_and_multiplies() {
        let mut literals = Literals::default();
        literals.push(b"ab-");
        literals.part();
        literals.push(b"cdef");
        assert!(!literals.has(b"ab-cdef"));
        assert!(literals.has_repeated(b"ab-ab-ab-"));
        assert!(!literals.has_repeated(b"abxabx"));
        assert!(literals.has_parts(b"cdefab-", 3));
        assert!(literals.has_parts(b"aaaaaaaabbbbbbb", 3));
        assert!(!literals.has_parts(b"cdefxab-", 1));
    }
}
