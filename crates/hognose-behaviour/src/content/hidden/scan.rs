//! A scanner of Python source that survives anything: identifiers, strings, comments and the blanks between them.
//!
//! It needs no valid Python: a file that no parser accepts hides as well as one that is accepted.

/// What a piece of source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name or keyword.
    Name,
    /// A string; the range covers its contents, without prefix and quotes.
    String,
    /// From `#` to the end of the line.
    Comment,
    /// A run of blanks inside a line, or before its first word.
    Blanks,
    /// The end of a line.
    Newline,
    /// One other character.
    Other(char),
}

/// A piece of source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// The tokens of a text, in order.
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// What has not been read.
    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Where the rest begins.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Passes over bytes that somebody else has read.
    pub(super) fn pass(&mut self, bytes: usize) {
        self.at += bytes;
    }

    fn token(&mut self, kind: Kind, length: usize) -> Token {
        let start = self.at;
        self.at += length;
        Token {
            kind,
            start,
            end: self.at,
        }
    }

    fn blanks(&mut self, rest: &str) -> Token {
        let length = length_while(rest, is_ascii_blank, is_blank);
        self.token(Kind::Blanks, length)
    }

    /// A name, or the string whose prefix it is.
    fn name(&mut self, rest: &str) -> Token {
        let length = length_while(rest, is_ascii_name, is_name);
        let name = rest.get(..length).unwrap_or_default();
        match rest.as_bytes().get(length) {
            Some(quote @ (b'"' | b'\'')) if is_prefix(name.as_bytes()) => {
                self.at += length;
                self.string(*quote)
            }
            _ => self.token(Kind::Name, length),
        }
    }

    /// A string whose quote begins here.
    fn string(&mut self, quote: u8) -> Token {
        let bytes = self.text.as_bytes();
        let triple =
            bytes.get(self.at + 1) == Some(&quote) && bytes.get(self.at + 2) == Some(&quote);
        let width = if triple { 3 } else { 1 };
        let start = self.at + width;
        let mut end = start;
        loop {
            let rest = bytes.get(end..).unwrap_or_default();
            end += if triple {
                memchr::memchr2(quote, b'\\', rest)
            } else {
                memchr::memchr3(quote, b'\\', b'\n', rest)
            }
            .unwrap_or(rest.len());
            match bytes.get(end) {
                None => break,
                Some(b'\\') => end += 2,
                Some(b'\n') if !triple => break,
                Some(byte) if *byte == quote => {
                    if !triple || bytes.get(end..end + 3) == Some(&[quote; 3]) {
                        break;
                    }
                    end += 1;
                }
                Some(_) => end += 1,
            }
        }
        // A backslash may have jumped into a character or past the end.
        while !self.text.is_char_boundary(end.min(bytes.len())) {
            end += 1;
        }
        let end = end.min(bytes.len());
        let closes = bytes.get(end) == Some(&quote);
        self.at = if closes { end + width } else { end };
        Token {
            kind: Kind::String,
            start,
            end,
        }
    }
}

/// Blanks that Python or an editor takes for space.
pub(super) fn is_blank(c: char) -> bool {
    matches!(
        c,
        ' ' | '\t'
            | '\u{b}'
            | '\u{c}'
            | '\u{a0}'
            | '\u{3000}'
            | '\u{1680}'
            | '\u{202f}'
            | '\u{205f}'
    ) || ('\u{2000}'..='\u{200a}').contains(&c)
}

fn is_name(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// How long a text is of one class: by bytes as far as it is ASCII, which nearly all source is.
fn length_while(text: &str, ascii: impl Fn(u8) -> bool, is: impl Fn(char) -> bool) -> usize {
    let bytes = text.as_bytes();
    let plain = bytes.iter().position(|b| !ascii(*b)).unwrap_or(bytes.len());
    match bytes.get(plain) {
        Some(byte) if !byte.is_ascii() => text
            .get(plain..)
            .unwrap_or_default()
            .char_indices()
            .find(|(_, c)| !is(*c))
            .map_or(text.len(), |(at, _)| plain + at),
        _ => plain,
    }
}

fn is_ascii_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | 0xb | 0xc)
}

fn is_ascii_name(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric()
}

/// Whether a name before a quote is a prefix of a string.
pub(super) fn is_prefix(name: &[u8]) -> bool {
    let is_letter = |b: &u8| matches!(b.to_ascii_lowercase(), b'r' | b'b' | b'u' | b'f' | b't');
    name.len() <= 2 && name.iter().all(is_letter)
}

impl Iterator for Scanner<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let rest = self.rest();
        Some(match *rest.as_bytes().first()? {
            b'\n' => self.token(Kind::Newline, 1),
            b'\r' => self.token(Kind::Newline, if rest.starts_with("\r\n") { 2 } else { 1 }),
            b'#' => {
                let end = memchr::memchr2(b'\n', b'\r', rest.as_bytes()).unwrap_or(rest.len());
                self.token(Kind::Comment, end)
            }
            quote @ (b'"' | b'\'') => self.string(quote),
            byte if is_ascii_blank(byte) => self.blanks(rest),
            byte if is_ascii_name(byte) => self.name(rest),
            byte if byte.is_ascii() => self.token(Kind::Other(char::from(byte)), 1),
            _ => match rest.chars().next()? {
                c if is_blank(c) => self.blanks(rest),
                c if is_name(c) => self.name(rest),
                c => self.token(Kind::Other(c), c.len_utf8()),
            },
        })
    }
}

/// Line numbers of positions.
#[derive(Debug)]
pub(super) struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    pub(super) fn new(text: &str) -> Self {
        let mut starts = vec![0];
        let bytes = text.as_bytes();
        starts.extend(
            memchr::memchr2_iter(b'\n', b'\r', bytes)
                .filter(|at| bytes.get(*at) == Some(&b'\n') || bytes.get(at + 1) != Some(&b'\n'))
                .map(|at| at + 1),
        );
        Self { starts }
    }

    /// The line of a position, from 1.
    pub(super) fn of(&self, at: usize) -> u32 {
        u32::try_from(self.starts.partition_point(|start| *start <= at)).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<(Kind, &str)> {
        Scanner::new(text)
            .filter(|t| !matches!(t.kind, Kind::Blanks | Kind::Other(_)))
            .map(|t| (t.kind, &text[t.start..t.end]))
            .collect()
    }

    #[test]
    fn tokens() {
        assert_eq!(
            kinds("x = rb'a\\'b' # c 'd\n'''e\n'f''' \"g\nh"),
            [
                (Kind::Name, "x"),
                (Kind::String, "a\\'b"),
                (Kind::Comment, "# c 'd"),
                (Kind::Newline, "\n"),
                (Kind::String, "e\n'f"),
                (Kind::String, "g"),
                (Kind::Newline, "\n"),
                (Kind::Name, "h"),
            ]
        );
        assert_eq!(kinds("'\\é"), [(Kind::String, "\\é")]);
        assert_eq!(kinds("'\\"), [(Kind::String, "\\")]);
    }

    #[test]
    fn lines() {
        let lines = Lines::new("a\r\nb\rc\nd");
        assert_eq!([0, 3, 5, 7].map(|at| lines.of(at)), [1, 2, 3, 4]);
    }
}
