//! Bytes of a source file become text, the way Python reads them (PEP 263).

use std::borrow::Cow;

/// A decoded source file.
#[derive(Debug)]
pub struct Source<'a> {
    /// The text; bytes that the encoding does not allow became U+FFFD.
    pub text: Cow<'a, str>,
    /// The declared encoding, when it is one that changes what a reader sees (`utf-7`, `unicode_escape`, …).
    pub unusual: Option<String>,
}

/// Decodes a source file.
pub fn decode(bytes: &[u8]) -> Source<'_> {
    if let Some(rest) = bytes.strip_prefix(b"\xef\xbb\xbf") {
        return plain(lossy(rest));
    }
    for (mark, encoding) in [
        (&b"\xff\xfe"[..], encoding_rs::UTF_16LE),
        (b"\xfe\xff", encoding_rs::UTF_16BE),
    ] {
        if let Some(rest) = bytes.strip_prefix(mark) {
            return Source {
                text: encoding.decode_without_bom_handling(rest).0,
                unusual: Some(encoding.name().to_ascii_lowercase()),
            };
        }
    }
    let Some(label) = declared(bytes) else {
        return plain(lossy(bytes));
    };
    by_label(bytes, &label)
}

/// Nearly all source is valid UTF-8, and that is seen several times faster than what is not can be replaced.
fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(bytes),
    }
}

fn plain(text: Cow<'_, str>) -> Source<'_> {
    Source {
        text,
        unusual: None,
    }
}

fn by_label<'a>(bytes: &'a [u8], label: &str) -> Source<'a> {
    let normal = label.to_ascii_lowercase().replace('_', "-");
    let unusual = |text: Cow<'a, str>| Source {
        text,
        unusual: Some(normal.clone()),
    };
    match normal.as_str() {
        "utf-8" | "utf8" | "u8" | "utf" | "utf-8-sig" | "ascii" | "us-ascii" | "646"
        | "utf-8-unix" | "utf-8-dos" | "utf-8-mac" => plain(lossy(bytes)),
        "latin-1" | "latin1" | "iso-8859-1" | "iso8859-1" | "l1" | "iso-latin-1"
        | "iso-latin-1-unix" | "iso-8859-15" | "latin-9" => plain(latin1(bytes)),
        "utf-7" | "utf7" | "u7" => unusual(crate::text::utf7(&latin1(bytes)).into()),
        "unicode-escape" | "raw-unicode-escape" | "unicodeescape" => {
            unusual(crate::text::unescape(&latin1(bytes)).into())
        }
        "rot13" | "rot-13" => unusual(crate::text::rot13(&latin1(bytes)).into()),
        _ => match encoding_rs::Encoding::for_label(normal.as_bytes())
            .or_else(|| encoding_rs::Encoding::for_label(windows(&normal).as_bytes()))
        {
            Some(encoding) => plain(encoding.decode_without_bom_handling(bytes).0),
            // A codec that the package brings itself can turn any bytes into code.
            None => unusual(lossy(bytes)),
        },
    }
}

/// Python's `cp1252` is the web's `windows-1252`.
fn windows(label: &str) -> String {
    match label.strip_prefix("cp") {
        Some("936") => "gbk".into(),
        Some("949") => "euc-kr".into(),
        Some("950") => "big5".into(),
        Some("932") => "shift-jis".into(),
        Some(page) => format!("windows-{page}"),
        None => label.replace("gb2312", "gbk"),
    }
}

/// Bytes as Latin-1, where every byte is a character.
pub(crate) fn latin1(bytes: &[u8]) -> Cow<'_, str> {
    if bytes.is_ascii() {
        lossy(bytes)
    } else {
        bytes
            .iter()
            .map(|b| char::from(*b))
            .collect::<String>()
            .into()
    }
}

/// The encoding declared in one of the first two lines: `coding[:=]\s*([-\w.]+)` in a comment.
fn declared(bytes: &[u8]) -> Option<String> {
    let head = bytes.get(..bytes.len().min(1_000)).unwrap_or_default();
    for line in head.split(|b| *b == b'\n').take(2) {
        let line = line.trim_ascii_start();
        if line.first() != Some(&b'#') {
            // Only a blank or comment line may stand before the declaration.
            if line.iter().all(|b| b.is_ascii_whitespace() || *b == 0x0c) {
                continue;
            }
            return None;
        }
        if let Some(label) = label_in(line) {
            return Some(label);
        }
    }
    None
}

fn label_in(line: &[u8]) -> Option<String> {
    let mut rest = line;
    while let Some(at) = memchr::memmem::find(rest, b"coding") {
        rest = rest.get(at + 6..)?;
        if !matches!(rest.first(), Some(b':' | b'=')) {
            continue;
        }
        let label: String = rest
            .get(1..)?
            .trim_ascii_start()
            .iter()
            .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
            .map(|b| char::from(*b))
            .collect();
        if !label.is_empty() {
            return Some(label);
        }
    }
    None
}
