//! Core metadata (`METADATA`, `PKG-INFO`) as text: headers as in e-mail, an empty line, the description.
//!
//! Format: packaging.python.org, "Core metadata specifications". What the headers mean is for the caller: some want
//! two of them from fifty thousand files, some want all of one.

use std::borrow::Cow;

/// One header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// Its name, as written.
    pub name: &'a [u8],
    /// The line it starts on, from 1.
    pub line: u32,
    /// Everything after the colon, with the lines it goes on in.
    value: &'a [u8],
}

impl<'a> Header<'a> {
    /// The value of its first line; bytes that are no UTF-8 are replaced.
    pub fn first_line(&self) -> Cow<'a, str> {
        let end = memchr::memchr(b'\n', self.value).unwrap_or(self.value.len());
        let line = self.value.get(..end).unwrap_or_default();
        String::from_utf8_lossy(line.trim_ascii())
    }

    /// The whole value. Lines it goes on in lose their indentation, and the bar that newer writers put before it.
    pub fn text(&self) -> Cow<'a, str> {
        if memchr::memchr(b'\n', self.value).is_none() {
            return self.first_line();
        }
        let whole = String::from_utf8_lossy(self.value);
        let lines = whole.lines().enumerate().map(|(at, line)| match at {
            0 => line.trim(),
            _ => line.trim_start().trim_start_matches('|').trim_end(),
        });
        let joined: Vec<&str> = lines.collect();
        Cow::Owned(joined.join("\n").trim().to_owned())
    }
}

/// The headers of a metadata file, in order. A line that is no header is passed over.
#[derive(Clone, Debug)]
pub struct Headers<'a> {
    rest: &'a [u8],
    line: u32,
    ended: bool,
}

/// Reads headers, up to the first empty line.
pub fn headers(text: &[u8]) -> Headers<'_> {
    Headers {
        rest: text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text),
        line: 0,
        ended: false,
    }
}

impl<'a> Headers<'a> {
    /// What follows the headers read so far; after the last one, the description.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Takes one line without its end.
    fn take(&mut self) -> &'a [u8] {
        let end = memchr::memchr(b'\n', self.rest);
        let (line, rest) = match end {
            Some(at) => self
                .rest
                .split_at_checked(at + 1)
                .unwrap_or((self.rest, &[])),
            None => (self.rest, &[][..]),
        };
        self.rest = rest;
        self.line = self.line.saturating_add(1);
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        line.strip_suffix(b"\r").unwrap_or(line)
    }

    fn goes_on(&self) -> bool {
        matches!(self.rest.first(), Some(b' ' | b'\t'))
    }
}

impl<'a> Iterator for Headers<'a> {
    type Item = Header<'a>;

    fn next(&mut self) -> Option<Header<'a>> {
        while !self.ended && !self.rest.is_empty() {
            let start = self.rest;
            let number = self.line.saturating_add(1);
            let first = self.take();
            if first.is_empty() {
                self.ended = true;
                return None;
            }
            while self.goes_on() {
                self.take();
            }
            let Some(colon) = memchr::memchr(b':', first) else {
                continue;
            };
            let whole = start.len() - self.rest.len();
            return Some(Header {
                name: first.get(..colon).unwrap_or_default(),
                line: number,
                value: start.get(colon + 1..whole).unwrap_or_default(),
            });
        }
        None
    }
}

/// True when the empty line that ends the headers is in sight.
pub fn is_complete(head: &[u8]) -> bool {
    head.starts_with(b"\n")
        || memchr::memmem::find(head, b"\n\n").is_some()
        || memchr::memmem::find(head, b"\n\r\n").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<(String, u32, String)> {
        let one = |h: Header<'_>| {
            let name = String::from_utf8_lossy(h.name).into_owned();
            (name, h.line, h.text().into_owned())
        };
        headers(text.as_bytes()).map(one).collect()
    }

    #[test]
    fn headers_go_on_and_end() {
        let text = "\u{feff}Name: six\r\nLicense: MIT\r\n        |Permission is\r\n\tgranted\nnothing\nVersion:1\n\nName: no\n";
        let expected = [
            ("Name", 1, "six"),
            ("License", 2, "MIT\nPermission is\ngranted"),
            ("Version", 6, "1"),
        ];
        let expected = expected.map(|(n, l, v)| (n.to_owned(), l, v.to_owned()));
        assert_eq!(all(text), expected);
        let mut read = headers(text.as_bytes());
        assert_eq!(read.by_ref().count(), 3);
        assert_eq!((read.next(), read.rest()), (None, &b"Name: no\n"[..]));
        let license = headers(text.as_bytes()).nth(1).unwrap();
        assert_eq!(license.first_line(), "MIT");
        assert_eq!(all(""), []);
        assert_eq!(all("\n\n"), []);
        assert!(is_complete(text.as_bytes()) && !is_complete(b"Name: a\n"));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            for header in headers(&bytes) {
                proptest::prop_assert!(header.line > 0);
                let _ = header.text();
            }
        }
    }
}
