//! The guard before the parser: how deep would the tree be?
//!
//! The parser grows its stack while it parses, but dropping and walking its tree recurses: 500,000 minus signs in a
//! row end the process, and no panic handler sees it. So nesting is bounded from above on the bytes first. CPython
//! itself refuses more than 200 brackets and a few thousand other levels: what is deeper cannot run, and is a fact.

/// Deepest tree that is parsed. CPython's own limits lie far below.
pub const MAX_DEPTH: usize = 4_000;
/// More f-strings whose braces do not close before the next quote than honest code has.
const MAX_OPEN_FSTRINGS: usize = 400;

/// Why a source is not parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooDeep {
    /// Byte offset where the limit was passed.
    pub offset: usize,
}

/// Bounds the nesting of a source.
pub fn check(source: &str) -> Result<(), TooDeep> {
    let mut scan = Scan {
        bytes: source.as_bytes(),
        at: 0,
        levels: vec![0],
        depth: 0,
        open_fstrings: 0,
        indent: 0,
    };
    while scan.at < scan.bytes.len() {
        scan.skip();
        scan.step();
        if scan.depth > MAX_DEPTH || scan.open_fstrings > MAX_OPEN_FSTRINGS {
            return Err(TooDeep { offset: scan.at });
        }
    }
    Ok(())
}

/// The bytes [`Scan::step`] looks at; names, numbers and most blanks, the bulk of a source, change nothing.
static TELLING: [bool; 256] = {
    let mut table = [false; 256];
    let bytes = b"#\"'([{)]},;\n\r.-+~*/%@<>=&|^: ";
    let mut at = 0;
    while at < bytes.len() {
        table[bytes[at] as usize] = true;
        at += 1;
    }
    table
};

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    /// For every open bracket, the links of the chain (operators, dots, calls) since the last comma.
    levels: Vec<usize>,
    /// Sum of all levels: an upper bound of the depth of the tree here.
    depth: usize,
    open_fstrings: usize,
    /// Blanks at the start of the line: nested blocks need at least one more each.
    indent: usize,
}

impl Scan<'_> {
    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    /// Goes to the next byte that tells something.
    fn skip(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let telling = |byte: &u8| TELLING.get(usize::from(*byte)).copied() == Some(true);
        self.at += rest.iter().position(telling).unwrap_or(rest.len());
    }

    fn step(&mut self) {
        let byte = self.peek(0);
        match byte {
            b'#' => {
                let rest = self.bytes.get(self.at..).unwrap_or_default();
                self.at += memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
                return;
            }
            b'"' | b'\'' => return self.string(byte),
            b'(' | b'[' | b'{' => self.open(),
            b')' | b']' | b'}' => self.close(),
            b',' | b';' => self.reset(),
            b'\n' | b'\r' if self.levels.len() == 1 => self.line(),
            b'.' | b'-' | b'+' | b'~' | b'*' | b'/' | b'%' | b'@' | b'<' | b'>' | b'=' | b'&'
            | b'|' | b'^' | b':' => self.link(),
            // `not`, `lambda`, `await`, `if`, `else`, `yield`: every word followed by a blank may nest.
            b' ' if self.at > 0 && self.is_word_end() => self.link(),
            _ => {}
        }
        self.at += 1;
    }

    fn is_word_end(&self) -> bool {
        self.bytes
            .get(self.at - 1)
            .is_some_and(u8::is_ascii_lowercase)
    }

    fn link(&mut self) {
        if let Some(level) = self.levels.last_mut() {
            *level += 1;
            self.depth += 1;
        }
    }

    fn open(&mut self) {
        self.link();
        self.levels.push(0);
    }

    fn close(&mut self) {
        if self.levels.len() > 1
            && let Some(level) = self.levels.pop()
        {
            self.depth -= level;
        }
    }

    fn reset(&mut self) {
        if let Some(level) = self.levels.last_mut() {
            self.depth -= *level;
            *level = 0;
        }
    }

    /// A new line outside of brackets starts a statement; its indentation bounds the blocks around it.
    fn line(&mut self) {
        let rest = self.bytes.get(self.at + 1..).unwrap_or_default();
        let blanks = rest
            .iter()
            .take_while(|b| matches!(b, b' ' | b'\t'))
            .count();
        let text = rest.get(blanks).copied().unwrap_or(b'\n');
        // An else-if ladder does not nest; deeper indentation does, one blank at a time at worst.
        if !matches!(text, b'\n' | b'\r' | b'#') {
            self.indent = blanks.min(100);
        }
        self.levels.clear();
        self.levels.push(self.indent);
        self.depth = self.indent;
    }

    fn string(&mut self, quote: u8) {
        let formatted = (1..=2).any(|back| {
            self.at
                .checked_sub(back)
                .and_then(|at| self.bytes.get(at))
                .is_some_and(|b| matches!(b, b'f' | b'F' | b't' | b'T'))
        });
        let triple = self.peek(1) == quote && self.peek(2) == quote;
        let start = self.at + if triple { 3 } else { 1 };
        let end = self.string_end(start, quote, triple);
        if formatted {
            self.braces(start, end);
        }
        self.at = end + if triple { 3 } else { 1 };
    }

    fn string_end(&self, start: usize, quote: u8, triple: bool) -> usize {
        let mut at = start;
        while let Some(rest) = self.bytes.get(at..) {
            let Some(found) = memchr::memchr3(quote, b'\\', b'\n', rest) else {
                break;
            };
            at += found;
            match self.bytes.get(at) {
                Some(b'\\') => at += 2,
                Some(b'\n') if triple => at += 1,
                Some(b'\n') => return at,
                _ if !triple => return at,
                _ if self.bytes.get(at + 1) == Some(&quote)
                    && self.bytes.get(at + 2) == Some(&quote) =>
                {
                    return at;
                }
                _ => at += 1,
            }
        }
        self.bytes.len()
    }

    /// Since Python 3.12 an f-string may nest in itself with the same quotes: then our pieces end inside a brace.
    fn braces(&mut self, start: usize, end: usize) {
        let text = self.bytes.get(start..end).unwrap_or_default();
        let opened = memchr::memchr_iter(b'{', text).count();
        let closed = memchr::memchr_iter(b'}', text).count();
        if opened > closed {
            self.open_fstrings += 1;
        }
        let mut deepest = 0usize;
        let mut open = 0usize;
        for byte in text {
            match byte {
                b'{' | b'(' | b'[' => open += 1,
                b'}' | b')' | b']' => open = open.saturating_sub(1),
                _ => {}
            }
            deepest = deepest.max(open);
        }
        // Literal text may hold many brackets; only what passes the limit by itself counts.
        if deepest > MAX_DEPTH {
            self.depth += deepest;
        }
    }
}
