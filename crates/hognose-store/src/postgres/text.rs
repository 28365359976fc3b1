//! Texts as PostgreSQL takes them: it has none with a zero byte in it, and names of files may.

use std::borrow::Cow;

/// Of the private use area: it stands for nothing, and so rarely anywhere.
const ESCAPE: char = '\u{e000}';

/// A text with its zero bytes written otherwise.
pub(super) fn put(text: &str) -> Cow<'_, str> {
    if !text.contains(['\0', ESCAPE]) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\0' => out.extend([ESCAPE, '0']),
            ESCAPE => out.extend([ESCAPE, '1']),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// What was put. What a foreign hand wrote stays as it is.
pub(super) fn take(text: String) -> String {
    if !text.contains(ESCAPE) {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let plain = match (c, chars.peek()) {
            (ESCAPE, Some('0')) => '\0',
            (ESCAPE, Some('1')) => ESCAPE,
            _ => {
                out.push(c);
                continue;
            }
        };
        out.push(plain);
        chars.next();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_comes_back() {
        for text in [
            "",
            "plain",
            "a\0b",
            "\0\0",
            "\u{e000}",
            "\u{e000}0",
            "é\u{e000}\0 1",
        ] {
            let stored = put(text).into_owned();
            assert!(!stored.contains('\0'));
            assert_eq!(take(stored), text);
        }
        assert_eq!(take("\u{e000}x\u{e000}".to_owned()), "\u{e000}x\u{e000}");
    }
}
