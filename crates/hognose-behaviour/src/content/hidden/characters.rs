//! Characters that nobody sees, and files made large by nothing.

use std::io::Write;

use flate2::Compression;
use flate2::write::DeflateEncoder;

use super::View;
use super::scan::{Kind, Token, is_blank};
use crate::fact::FactKind;

/// Blanks and comments that make a file larger than scanners read.
const PADDING: usize = 100_000;
/// Size from which the compression of a file is measured.
const LARGE: usize = 200_000;
/// How much of a file is compressed.
const SAMPLE: usize = 4 << 20;
/// Code compresses three to ten times; nothing people write compresses this well.
const RATIO: usize = 25;

/// Characters that reorder what is shown.
fn is_bidi(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Characters without a shape.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{180e}' | '\u{ad}' | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e007f}' | '\u{e0100}'..='\u{e01ef}'
    )
}

/// Looks through one token for characters that hide.
pub(super) fn token(view: &mut View<'_>, token: Token) {
    let Some(text) = view
        .text
        .get(token.start..token.end)
        .filter(|t| !t.is_ascii())
    else {
        return;
    };
    let mut run = 0_usize;
    for (at, c) in text.char_indices() {
        let at = token.start + at;
        if is_bidi(c) {
            view.once(FactKind::BidiControl, at, format!("U+{:04X}", u32::from(c)));
        }
        if is_invisible(c) && at > 0 {
            run += 1;
            // Emoji, Persian and Indian words join letters with one; data is many in a row.
            let limit = if matches!(token.kind, Kind::String | Kind::Comment) {
                16
            } else {
                1
            };
            if run >= limit {
                view.once(FactKind::ZeroWidth, at, format!("U+{:04X}", u32::from(c)));
            }
        } else {
            run = 0;
        }
    }
}

/// Notes a file that is mostly nothing, given the bytes of its blanks and comments.
pub(super) fn padding(view: &mut View<'_>, nothing: usize) {
    let size = view.text.len();
    if nothing >= PADDING && nothing * 2 >= size {
        view.once(
            FactKind::Padding,
            0,
            format!("{nothing} of {size} bytes are blanks and comments"),
        );
    } else if size >= LARGE && !is_table(view.text) {
        let sample = view
            .text
            .as_bytes()
            .get(..size.min(SAMPLE))
            .unwrap_or_default();
        let compressed = deflated(sample);
        if sample.len() / compressed.max(1) > RATIO {
            view.once(
                FactKind::Padding,
                0,
                format!("{} bytes compress to {compressed}", sample.len()),
            );
        }
    }
}

/// Whether most of a text is numbers and what separates them.
fn is_table(text: &str) -> bool {
    let values = text
        .bytes()
        .take(SAMPLE)
        .filter(|b| b.is_ascii_digit() || matches!(b, b',' | b'.' | b'-' | b'x' | b'\n' | b' '))
        .count();
    values * 10 >= text.len().min(SAMPLE) * 6
        && !text.chars().take(2_000).all(|c| is_blank(c) || c == '\n')
}

fn deflated(sample: &[u8]) -> usize {
    let mut encoder = DeflateEncoder::new(Counter(0), Compression::fast());
    if encoder.write_all(sample).is_err() {
        return sample.len();
    }
    encoder.finish().map_or(sample.len(), |counter| counter.0)
}

/// Counts what is written into it.
struct Counter(usize);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
