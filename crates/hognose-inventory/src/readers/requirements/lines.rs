//! From physical lines to logical ones, the way pip does it.

use std::borrow::Cow;

/// One logical line: continuations joined, comments and surrounding space gone.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Logical<'a> {
    /// First physical line, from 1.
    pub(super) number: u32,
    /// The text without comment; empty for a line that is only a comment.
    pub(super) text: Cow<'a, str>,
    /// The comment after `#`, trimmed.
    pub(super) comment: Option<&'a str>,
}

/// Splits a file into logical lines; lines without text or comment are left out.
pub(super) fn logical(text: &str) -> impl Iterator<Item = Logical<'_>> {
    let mut lines = physical(text);
    std::iter::from_fn(move || {
        loop {
            let line = join(lines.next()?, &mut lines);
            if !line.text.is_empty() || line.comment.is_some() {
                return Some(line);
            }
        }
    })
}

/// What ends a line for Python's `str.splitlines`, and so for pip, beside a line feed: what stands behind one of these in a
/// comment is a requirement.
const ENDS: [char; 8] = [
    '\r', '\u{b}', '\u{c}', '\u{1c}', '\u{1d}', '\u{1e}', '\u{2028}', '\u{2029}',
];

/// Physical lines with the number that an editor shows: a line feed alone counts there.
fn physical(text: &str) -> impl Iterator<Item = (u32, &str)> {
    (1_u32..).zip(text.split('\n')).flat_map(|(number, line)| {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let parts = line.split(|c| ENDS.contains(&c) || c == '\u{85}');
        parts.map(move |part| (number, part))
    })
}

/// Joins a line with those that a backslash at its end goes on with.
fn join<'a>(
    (number, line): (u32, &'a str),
    lines: &mut impl Iterator<Item = (u32, &'a str)>,
) -> Logical<'a> {
    let (head, mut comment) = split_comment(line.strip_suffix('\r').unwrap_or(line));
    let mut joined = Cow::Borrowed(head);
    // A comment ends the joining, even if it ends with a backslash.
    let mut open = comment.is_none() && head.ends_with('\\');
    while open {
        let owned = joined.to_mut();
        owned.pop();
        let Some((_, next)) = lines.next() else { break };
        let (head, next_comment) = split_comment(next.strip_suffix('\r').unwrap_or(next));
        owned.push_str(head);
        comment = next_comment;
        open = next_comment.is_none() && head.ends_with('\\');
    }
    let text = match joined {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    };
    Logical {
        number,
        text,
        comment,
    }
}

/// A `#` at the start or after white space begins a comment; one inside a URL does not.
fn split_comment(line: &str) -> (&str, Option<&str>) {
    let bytes = line.as_bytes();
    let at = line
        .match_indices('#')
        .map(|(at, _)| at)
        .find(|&at| at == 0 || bytes[at - 1].is_ascii_whitespace());
    match at {
        Some(at) => (&line[..at], Some(line[at + 1..].trim())),
        None => (line, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<(u32, String, Option<&str>)> {
        logical(text)
            .map(|l| (l.number, l.text.into_owned(), l.comment))
            .collect()
    }

    #[test]
    fn joins_and_comments() {
        let text = "a==1 \\\r\n  --hash=x \\\r\n  --hash=y\r\n    # via b\n\n# c \\\nd # e\nf @ https://x#egg=f\ng \\";
        assert_eq!(
            shown(text),
            [
                (1, "a==1   --hash=x   --hash=y".to_owned(), None),
                (4, String::new(), Some("via b")),
                (6, String::new(), Some("c \\")),
                (7, "d".to_owned(), Some("e")),
                (8, "f @ https://x#egg=f".to_owned(), None),
                (9, "g".to_owned(), None),
            ]
        );
        assert_eq!(shown("\\\n\\\n\\"), []);
    }

    #[test]
    fn what_ends_a_line_for_pip_ends_it_here() {
        for end in [
            "\r", "\u{b}", "\u{c}", "\u{1c}", "\u{1d}", "\u{1e}", "\u{85}", "\u{2028}", "\u{2029}",
        ] {
            let text = format!("a==1 # b{end}c==2\nd==3");
            assert_eq!(
                shown(&text),
                [
                    (1, "a==1".to_owned(), Some("b")),
                    (1, "c==2".to_owned(), None),
                    (2, "d==3".to_owned(), None),
                ],
                "{end:?}"
            );
        }
    }
}
