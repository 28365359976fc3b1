//! Lines that hide nothing, passed over without looking at their tokens: most lines of most sources.

use std::ops::Range;

use super::marks::BARE;
use super::names::is_confusing;
use super::scan::is_prefix;

/// Longer lines are looked at.
const SHORT: usize = 200;
/// Shorter names neither confuse nor are a tool's, but for those of nothing but `_`.
const SHORTEST: usize = 5;
/// More blanks in a row may push code out of a window.
const BLANKS: usize = 79;

/// A line in which nothing can be hidden but words, in its strings and its comment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plain {
    /// Its bytes, with the end of the line.
    pub(super) length: usize,
    /// Blanks before its first code; none where it has no code.
    pub(super) indent: Option<usize>,
    /// Open brackets at its end.
    pub(super) depth: u32,
    /// Bytes of its comment.
    pub(super) comment: usize,
    /// It has strings or a comment.
    pub(super) has_words: bool,
    /// It has code beside strings: those before and after make no constant together.
    pub(super) parts: bool,
    /// The content of the string at its end, to which the next line may add.
    pub(super) tail: Option<Range<usize>>,
}

/// What a byte means for a line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Blank,
    /// Nothing.
    Plain,
    /// A letter, a digit or `_`.
    Word,
    /// Such a one with which a name begins that may confuse, or that a tool leaves.
    Doubtful,
    Opens,
    Closes,
    Quote,
    Comment,
    /// A backslash, a tab, anything beyond ASCII: it must be looked at.
    Stop,
}

static CLASSES: [Class; 256] = {
    let mut table = [Class::Stop; 256];
    let mut byte = 0x20;
    while byte < 0x7f {
        table[byte as usize] = match byte as u8 {
            b'\\' => Class::Stop,
            b' ' => Class::Blank,
            b'"' | b'\'' => Class::Quote,
            b'#' => Class::Comment,
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

/// The line that begins here, if nothing but words can be hidden in it; `depth` brackets are open before it, and where
/// `continues`, so is a constant of several strings.
pub(super) fn line(rest: &str, depth: u32, continues: bool) -> Option<Plain> {
    let bytes = rest.as_bytes();
    let window = bytes.get(..bytes.len().min(SHORT + 1)).unwrap_or_default();
    let end = memchr::memchr(b'\n', window)?;
    let line = window.get(..end).unwrap_or_default();
    let indent = line.iter().position(|b| *b != b' ')?;
    if indent > BLANKS {
        return None;
    }
    let mut out = Plain {
        length: end + 1,
        depth,
        ..Plain::default()
    };
    let mut at = indent;
    while let Some(byte) = line.get(at) {
        let here = class(*byte);
        match here {
            Class::Blank => {
                at += 1;
                if line.get(at) == Some(&b' ') {
                    at += blanks(line, at)?;
                }
            }
            Class::Stop => return None,
            Class::Comment => {
                out.has_words = true;
                out.comment = end - at;
                return are_shown(line.get(at..)?).then_some(out);
            }
            Class::Quote => {
                if continues && !out.parts {
                    return None;
                }
                at = out.string(line, at, *byte)?;
                out.indent = Some(indent);
            }
            Class::Word | Class::Doubtful => {
                let word = word(line, at);
                at += word.len();
                let is_quoted = matches!(line.get(at), Some(b'"' | b'\''));
                if is_quoted && is_prefix(word) {
                    continue;
                }
                if here == Class::Doubtful && is_doubtful(word) {
                    return None;
                }
                out.code(indent);
            }
            Class::Plain | Class::Opens | Class::Closes => {
                out.depth += u32::from(here == Class::Opens);
                out.depth = out.depth.saturating_sub(u32::from(here == Class::Closes));
                out.code(indent);
                at += 1;
            }
        }
    }
    Some(out)
}

impl Plain {
    /// Takes code that is no string.
    fn code(&mut self, indent: usize) {
        self.indent = Some(indent);
        self.parts = true;
        self.tail = None;
    }

    /// Takes the string whose quote is at `at`; where the line goes on. None where it is not a simple one, or stands
    /// beside another.
    fn string(&mut self, line: &[u8], at: usize, quote: u8) -> Option<usize> {
        let start = at + 1;
        let mut end = start;
        let stops = |byte: &u8| matches!(class(*byte), Class::Quote | Class::Stop);
        loop {
            end += line.get(end..)?.iter().position(stops)?;
            match line.get(end) {
                Some(byte) if *byte == quote => break,
                Some(b'"' | b'\'') => end += 1,
                _ => return None,
            }
        }
        let opens_three = end == start && line.get(end + 1) == Some(&quote);
        if opens_three || self.tail.is_some() {
            return None;
        }
        self.has_words = true;
        self.tail = Some(start..end).filter(|content| !content.is_empty());
        Some(end + 1)
    }
}

/// How many blanks there are; none where they are too many.
fn blanks(line: &[u8], at: usize) -> Option<usize> {
    let rest = line.get(at..).unwrap_or_default();
    let run = rest.iter().take_while(|b| **b == b' ').count();
    (run < BLANKS).then_some(run)
}

/// Whether all bytes are seen as they are.
fn are_shown(bytes: &[u8]) -> bool {
    let is_shown = |byte: &u8| matches!(byte, b' '..=b'~');
    bytes.iter().fold(true, |all, byte| all & is_shown(byte))
}

/// The name, or number, that begins at a byte.
fn word(line: &[u8], at: usize) -> &[u8] {
    let word = line.get(at..).unwrap_or_default();
    let is_name = |b: &u8| matches!(class(*b), Class::Word | Class::Doubtful);
    let length = word.iter().position(|b| !is_name(b)).unwrap_or(word.len());
    word.get(..length).unwrap_or_default()
}

fn is_doubtful(name: &[u8]) -> bool {
    if name.len() < SHORTEST && !name.starts_with(b"__") {
        return false;
    }
    let is_mark = name
        .first_chunk()
        .is_some_and(|front| BARE.contains(&&front.map(|b| b.to_ascii_lowercase())));
    is_mark || std::str::from_utf8(name).is_ok_and(is_confusing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let plain = |text: &str| line(text, 1, false).map(|p| (p.length, p.indent, p.depth));
        assert_eq!(plain("    x = f(a[0], l1) + 2\ny"), Some((24, Some(4), 1)));
        assert_eq!(plain("}}}(\n"), Some((5, Some(0), 1)));
        assert_eq!(plain("x = 'a['\n"), Some((9, Some(0), 1)));
        assert_eq!(plain("  # a (\n"), Some((8, None, 1)));
        let deep = format!("{}x\n", " ".repeat(90));
        let far = format!("x;{}x\n", " ".repeat(80));
        let long = format!("x = {}\n", "2".repeat(200));
        for no in [
            "",
            "\n",
            "   \n",
            "x",
            "x\r\n",
            "x = 'a\n",
            "x = 'a\\n'\n",
            "x = '\t'\n",
            "x = 'a' 'b'\n",
            "x = '''a'''\n",
            "x = ''''''\n",
            "x # a\r\n",
            "x # \ta\n",
            "x \\\n",
            "\tx\n",
            "é\n",
            "IlIlI1 = 1\n",
            "x.___ = 1\n",
            "import PyArmor_runtime\n",
            "exec(marshal.loads(x))\n",
            &deep,
            &far,
            &long,
        ] {
            assert_eq!(plain(no), None, "{no:?}");
        }
    }

    #[test]
    fn strings_and_comments() {
        let plain = |text: &str, continues| {
            let plain = line(text, 0, continues)?;
            Some((plain.has_words, plain.parts, plain.comment, plain.tail))
        };
        assert_eq!(plain("x = 1\n", true), Some((false, true, 0, None)));
        assert_eq!(plain("x = 'a'\n", true), Some((true, true, 0, Some(5..6))));
        assert_eq!(plain("'a': rb'c',\n", false), Some((true, true, 0, None)));
        assert_eq!(plain("'a': 'c',\n", true), None);
        assert_eq!(
            plain("  'ab' # c\n", false),
            Some((true, false, 3, Some(3..5)))
        );
        assert_eq!(plain("''\n", false), Some((true, false, 0, None)));
        assert_eq!(plain("# c 'd\n", true), Some((true, false, 6, None)));
        assert_eq!(
            plain("f('', \"it's\")\n", false),
            Some((true, true, 0, None))
        );
    }
}
