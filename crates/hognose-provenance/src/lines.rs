//! Lines as Python's `str.splitlines` sees them, which pip reads requirements files with, and new versions of `site` path
//! configuration files. What ends a line there and nowhere else would hide what stands behind it.

use std::ops::Range;

/// The places of the lines of a text, without what ends them.
pub(crate) fn of_python(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
        let start = at;
        let Some((length, end)) = rest.char_indices().find(|(_, c)| ends_line(*c)) else {
            at = text.len();
            return Some(start..at);
        };
        let stop = start + length;
        at = stop + end.len_utf8();
        if end == '\r' && text.get(at..).is_some_and(|rest| rest.starts_with('\n')) {
            at += 1;
        }
        Some(start..stop)
    })
}

/// Whether a character ends a line there.
fn ends_line(c: char) -> bool {
    matches!(
        c,
        '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_as_they_do_for_python() {
        let lines = |text: &'static str| -> Vec<&'static str> {
            of_python(text).map(|range| &text[range]).collect()
        };
        assert_eq!(lines("a\r\nb\rc\n\nd"), ["a", "b", "c", "", "d"]);
        assert_eq!(
            lines("a\u{b}b\u{c}c\u{1c}d\u{1d}e\u{1e}f\u{85}g\u{2028}h\u{2029}"),
            ["a", "b", "c", "d", "e", "f", "g", "h"]
        );
        assert_eq!(lines("a\u{1f}b\n"), ["a\u{1f}b"]);
        assert_eq!(lines(""), [""; 0]);
    }
}
