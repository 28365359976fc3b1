//! The guard before the parser: how deep would the tree be?
//!
//! The parser grows its stack while it parses, but dropping and walking its tree recurses: 500,000 minus signs in a
//! row end the process, and no panic handler sees it. So nesting is bounded from above on the bytes first. CPython
//! itself refuses more than 200 brackets and a few thousand other levels: what is deeper cannot run, and is a fact.

/// Deepest tree that is parsed. CPython's own limits lie far below.
pub const MAX_DEPTH: usize = 4_000;
/// More f-strings whose braces do not close before the next quote than honest code has.
const MAX_OPEN_FSTRINGS: usize = 400;

/// Most blocks in each other: CPython's limit.
const MAX_INDENT: usize = 100;

/// Why a source is not parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooDeep {
    /// Byte offset where the limit was passed.
    pub offset: usize,
}

/// Bounds the nesting of a source.
pub fn check(source: &str) -> Result<(), TooDeep> {
    if is_shallow(source.as_bytes()) {
        return Ok(());
    }
    let mut scan = Scan::new(source.as_bytes());
    while scan.at < scan.bytes.len() {
        scan.run();
        if scan.depth > MAX_DEPTH || scan.open_fstrings > MAX_OPEN_FSTRINGS {
            return Err(TooDeep { offset: scan.at });
        }
    }
    Ok(())
}

/// Whether a source has too few bytes that nest to be deep wherever they stand, as most have: counting them takes a fraction
/// of the time of finding out where they stand.
fn is_shallow(bytes: &[u8]) -> bool {
    // Beyond this nearly every source has more of them.
    const MOST: usize = 32_000;
    if bytes.len() > MOST {
        return false;
    }
    // Comparisons and no table, so that sixteen bytes are counted at once.
    let links = |byte: u8| {
        let within = |first: u8, last: u8| u8::from(byte.wrapping_sub(first) <= last - first);
        let is = |other: u8| u8::from(byte == other);
        let low = within(b'%', b'&') | is(b'(') | within(b'*', b'+') | within(b'-', b'/');
        let middle = is(b':') | within(b'<', b'>') | is(b'@');
        let high = is(b'[') | is(b'^') | within(b'{', b'|') | is(b'~');
        u16::from(low | middle | high)
    };
    let nests: u16 = bytes.iter().map(|byte| links(*byte)).sum();
    let words = bytes.iter().zip(bytes.iter().skip(1));
    let words: u16 = words
        .map(|(word, blank)| {
            u16::from(u8::from(word.is_ascii_lowercase()) & u8::from(*blank == b' '))
        })
        .sum();
    let braces: u16 = bytes.iter().map(|byte| u16::from(*byte == b'{')).sum();
    let deepest = usize::from(nests) + usize::from(words) + MAX_INDENT;
    deepest <= MAX_DEPTH && usize::from(braces) <= MAX_OPEN_FSTRINGS
}

/// What a byte does to the depth; names, numbers and most blanks, the bulk of a source, do nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Nothing,
    Link,
    Opens,
    Closes,
    Ends,
    Line,
    Blank,
    Quote,
    Comment,
}

static CLASSES: [Class; 256] = {
    let mut table = [Class::Nothing; 256];
    let groups: [(&[u8], Class); 8] = [
        (b".-+~*/%@<>=&|^:", Class::Link),
        (b"([{", Class::Opens),
        (b")]}", Class::Closes),
        (b",;", Class::Ends),
        (b"\n\r", Class::Line),
        (b" ", Class::Blank),
        (b"\"'", Class::Quote),
        (b"#", Class::Comment),
    ];
    let mut group = 0;
    while group < groups.len() {
        let (bytes, class) = groups[group];
        let mut at = 0;
        while at < bytes.len() {
            table[bytes[at] as usize] = class;
            at += 1;
        }
        group += 1;
    }
    table
};

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The links of the chain (operators, dots, calls) since the last comma, inside the innermost bracket.
    level: usize,
    /// The same for what is around every open bracket.
    levels: Vec<usize>,
    /// Sum of all levels: an upper bound of the depth of the tree here.
    depth: usize,
    open_fstrings: usize,
    /// Blanks at the start of the line: nested blocks need at least one more each.
    indent: usize,
}

impl<'a> Scan<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            level: 0,
            levels: Vec::new(),
            depth: 0,
            open_fstrings: 0,
            indent: 0,
        }
    }

    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    /// Takes bytes up to a string, the end of a line, or the limit.
    #[inline]
    fn run(&mut self) {
        while let Some(byte) = self.bytes.get(self.at) {
            let class = CLASSES.get(usize::from(*byte)).copied();
            // Most bytes: nothing else has to be asked about them.
            if class == Some(Class::Nothing) {
                self.at += 1;
                continue;
            }
            match class {
                Some(Class::Link) => self.link(),
                // `not`, `lambda`, `await`, `if`, `else`, `yield`: every word followed by a blank may nest.
                Some(Class::Blank) if self.at > 0 && self.is_word_end() => self.link(),
                Some(Class::Nothing | Class::Blank) | None => {}
                Some(Class::Opens) => self.open(),
                Some(Class::Closes) => self.close(),
                Some(Class::Ends) => self.reset(),
                Some(Class::Comment) => {
                    let rest = self.bytes.get(self.at..).unwrap_or_default();
                    self.at += memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
                    continue;
                }
                Some(Class::Quote) => return self.string(*byte),
                Some(Class::Line) => {
                    if self.levels.is_empty() {
                        self.line();
                    }
                    self.at += 1;
                    return;
                }
            }
            self.at += 1;
            if self.depth > MAX_DEPTH {
                return;
            }
        }
    }

    fn is_word_end(&self) -> bool {
        self.bytes
            .get(self.at - 1)
            .is_some_and(u8::is_ascii_lowercase)
    }

    fn link(&mut self) {
        self.level += 1;
        self.depth += 1;
    }

    fn open(&mut self) {
        self.link();
        self.levels.push(std::mem::take(&mut self.level));
    }

    fn close(&mut self) {
        if let Some(level) = self.levels.pop() {
            self.depth -= self.level;
            self.level = level;
        }
    }

    fn reset(&mut self) {
        self.depth -= self.level;
        self.level = 0;
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
            self.indent = blanks.min(MAX_INDENT);
        }
        self.level = self.indent;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_that_nests_is_counted() {
        for byte in 0..=u8::MAX {
            let nests = matches!(
                CLASSES.get(usize::from(byte)),
                Some(Class::Link | Class::Opens)
            );
            let line = vec![byte; MAX_DEPTH + 1];
            assert_eq!(!is_shallow(&line), nests || byte == b'{', "{byte}");
        }
        assert!(!is_shallow("a ".repeat(MAX_DEPTH).as_bytes()));
        assert!(is_shallow("A ".repeat(MAX_DEPTH).as_bytes()));
        assert!(is_shallow(b""));
    }

    proptest::proptest! {
        #[test]
        fn what_is_shallow_is_let_through(text in "[-a (){}'f\"\n.:]{0,400}", times in 1..20_usize) {
            let text = text.repeat(times);
            if is_shallow(text.as_bytes()) {
                let mut scan = Scan::new(text.as_bytes());
                while scan.at < scan.bytes.len() {
                    scan.run();
                    assert!(scan.depth <= MAX_DEPTH && scan.open_fstrings <= MAX_OPEN_FSTRINGS);
                }
            }
        }
    }
}
