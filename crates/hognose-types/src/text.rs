//! Making text from outside safe to show.
//!
//! Names, versions, paths, summaries and reasons come from files an attacker may write. A raw
//! escape sequence can rewrite a terminal, a bidirectional control can swap what a reviewer reads,
//! and a line break can smuggle a workflow command into a CI log. Every renderer passes outside
//! text through [`line`] or [`block`] before its own, format-specific escaping.

use std::borrow::Cow;
use std::fmt::Write as _;

/// True for characters that must never reach a terminal, log or editor as they are: C0 and C1
/// controls, line and paragraph separators, bidirectional controls and invisible formatters.
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// One line: unsafe characters become visible `\u{…}` escapes, white space (line breaks, tabs)
/// becomes a single space.
pub fn line(raw: &str) -> Cow<'_, str> {
    // Nearly everything is printable ASCII: bytes are looked at before characters.
    if raw.bytes().all(|b| matches!(b, b' '..=b'~')) || !raw.chars().any(is_unsafe) {
        return Cow::Borrowed(raw);
    }
    let mut out = String::with_capacity(raw.len());
    for c in raw.chars() {
        if matches!(c, '\n' | '\r' | '\t') {
            if !out.ends_with(' ') {
                out.push(' ');
            }
        } else {
            push_visible(&mut out, c);
        }
    }
    Cow::Owned(out)
}

/// Several lines: like [`line`], but `\n` stays.
pub fn block(raw: &str) -> Cow<'_, str> {
    if !raw.chars().any(|c| c != '\n' && is_unsafe(c)) {
        return Cow::Borrowed(raw);
    }
    let mut out = String::with_capacity(raw.len());
    for c in raw.chars() {
        match c {
            '\n' => out.push('\n'),
            '\t' => out.push_str("    "),
            '\r' => {}
            _ => push_visible(&mut out, c),
        }
    }
    Cow::Owned(out)
}

/// At most `max` characters of one safe line, with `…` where text was left out.
pub fn short(raw: &str, max: usize) -> String {
    // Of a text without end only so much is read; runs of line breaks become one blank, so it is more than is shown.
    let end = raw
        .char_indices()
        .nth(max.saturating_mul(8).saturating_add(64));
    let head = end.and_then(|(at, _)| raw.get(..at)).unwrap_or(raw);
    let safe = line(head);
    if end.is_none() && safe.chars().count() <= max {
        return safe.into_owned();
    }
    let mut out: String = safe.chars().take(max.saturating_sub(1)).collect();
    out.truncate(out.trim_end().len());
    out.push('…');
    out
}

fn push_visible(out: &mut String, c: char) {
    if is_unsafe(c) {
        let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
    } else {
        out.push(c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_become_visible() {
        assert_eq!(line("a\u{1b}[31mb"), "a\\u{1b}[31mb");
        assert_eq!(line("a\r\n::error::x"), "a ::error::x");
        assert_eq!(line("\u{202e}abc\u{9b}"), "\\u{202e}abc\\u{9b}");
        assert_eq!(block("a\r\nb\u{7}"), "a\nb\\u{7}");
        assert_eq!(short("abcdef", 4), "abc…");
        assert!(matches!(line("plain"), Cow::Borrowed(_)));
    }
}
