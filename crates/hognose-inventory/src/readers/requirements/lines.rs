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
pub(super) fn logical(text: &str) -> Vec<Logical<'_>> {
    let mut out = Vec::new();
    let mut lines = (1_u32..).zip(text.split('\n'));
    while let Some((number, line)) = lines.next() {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let (head, comment) = split_comment(line);
        let mut joined = Cow::Borrowed(head);
        let mut comment = comment;
        // A comment ends the joining, even if it ends with a backslash.
        let mut open = comment.is_none() && head.ends_with('\\');
        while open {
            let owned = joined.to_mut();
            owned.pop();
            let Some((_, next)) = lines.next() else { break };
            let next = next.strip_suffix('\r').unwrap_or(next);
            let (head, next_comment) = split_comment(next);
            owned.push_str(head);
            comment = next_comment;
            open = next_comment.is_none() && head.ends_with('\\');
        }
        let text = match joined {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
            Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
        };
        if !text.is_empty() || comment.is_some() {
            out.push(Logical { number, text, comment });
        }
    }
    out
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
            .into_iter()
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
}
