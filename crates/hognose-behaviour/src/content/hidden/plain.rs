//! Lines that hide nothing, passed over without looking at their tokens: most lines of most sources.

use super::marks::BARE;
use super::names::is_confusing;

/// Longer lines are looked at: this one fits every window.
const SHORT: usize = 79;

/// A line in which nothing can be hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plain {
    /// Its bytes, with the end of the line.
    pub(super) length: usize,
    /// Blanks before its first word.
    pub(super) indent: usize,
    /// Open brackets at its end.
    pub(super) depth: u32,
}

/// What a byte means for a line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Nothing.
    Plain,
    /// A letter, a digit or `_`.
    Word,
    /// Such a one with which a name begins that may confuse, or that a tool leaves.
    Doubtful,
    Opens,
    Closes,
    /// A string, a comment, a tab, anything beyond ASCII: it must be looked at.
    Stop,
}

static CLASSES: [Class; 256] = {
    let mut table = [Class::Stop; 256];
    let mut byte = 0x20;
    while byte < 0x7f {
        table[byte as usize] = match byte as u8 {
            b'"' | b'\'' | b'#' | b'\\' => Class::Stop,
            b'(' | b'[' | b'{' => Class::Opens,
            b')' | b']' | b'}' => Class::Closes,
            // With these begin names that confuse, and with these names of tools.
            b'_' | b'I' | b'l' | b'1' | b'O' | b'0' | b'o' | b'M' | b'N' | b'W' | b'w' | b'V'
            | b'v' | b'p' | b'P' | b'b' | b'B' | b's' | b'S' | b'm' => Class::Doubtful,
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => Class::Word,
            _ => Class::Plain,
        };
        byte += 1;
    }
    table
};

fn class(byte: u8) -> Class {
    CLASSES
        .get(usize::from(byte))
        .copied()
        .unwrap_or(Class::Stop)
}

/// The line that begins here, if nothing can be hidden in it; `depth` brackets are open before it.
pub(super) fn line(rest: &str, mut depth: u32) -> Option<Plain> {
    let bytes = rest.as_bytes();
    let window = bytes.get(..bytes.len().min(SHORT + 1)).unwrap_or_default();
    let end = memchr::memchr(b'\n', window)?;
    let line = window.get(..end).unwrap_or_default();
    let indent = line.iter().position(|b| *b != b' ')?;
    let mut at = indent;
    while let Some(byte) = line.get(at) {
        match class(*byte) {
            Class::Plain => {}
            Class::Opens => depth += 1,
            Class::Closes => depth = depth.saturating_sub(1),
            Class::Stop => return None,
            first @ (Class::Word | Class::Doubtful) => {
                let word = line.get(at..).unwrap_or_default();
                let is_name = |b: &u8| matches!(class(*b), Class::Word | Class::Doubtful);
                let length = word.iter().position(|b| !is_name(b)).unwrap_or(word.len());
                if first == Class::Doubtful && is_doubtful(rest.get(at..at + length)?) {
                    return None;
                }
                at += length;
                continue;
            }
        }
        at += 1;
    }
    Some(Plain {
        length: end + 1,
        indent,
        depth,
    })
}

fn is_doubtful(name: &str) -> bool {
    let is_mark = name
        .as_bytes()
        .first_chunk()
        .is_some_and(|front| BARE.contains(&&front.map(|b| b.to_ascii_lowercase())));
    is_mark || is_confusing(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let plain = |text: &str| line(text, 1).map(|p| (p.length, p.indent, p.depth));
        assert_eq!(plain("    x = f(a[0], l1) + 2\ny"), Some((24, 4, 1)));
        assert_eq!(plain("}}}(\n"), Some((5, 0, 1)));
        let deep = format!("{}x\n", " ".repeat(90));
        for no in [
            "",
            "\n",
            "   \n",
            "x",
            "x\r\n",
            "x = 'a'\n",
            "x # a\n",
            "x \\\n",
            "\tx\n",
            "é\n",
            "IlIlI1 = 1\n",
            "x.___ = 1\n",
            "import PyArmor_runtime\n",
            "exec(marshal.loads(x))\n",
            &deep,
        ] {
            assert_eq!(plain(no), None, "{no:?}");
        }
    }
}
