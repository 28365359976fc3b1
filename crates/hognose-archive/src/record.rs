//! Rows of RECORD: CSV of path, hash, size.

use std::borrow::Cow;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    /// The path, unquoted.
    pub path: Cow<'a, str>,
    /// The hash.
    pub hash: RecordHash<'a>,
    /// The size; none when it is not stated.
    pub size: Option<u64>,
}

/// The hash of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordHash<'a> {
    /// sha256, the one in use.
    Sha256([u8; 32]),
    /// Another algorithm, or a sha256 that is not one.
    Other(&'a str),
    /// Not stated.
    None,
}

/// The rows of a RECORD file; none for one that cannot be parsed. Empty lines are passed over.
pub fn rows(text: &str) -> impl Iterator<Item = Option<Row<'_>>> {
    // Quoted line ends are legal CSV and no honest path: such a row is damaged.
    text.trim_start_matches('\u{feff}')
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(row)
}

fn row(line: &str) -> Option<Row<'_>> {
    let (path, rest) = path(line)?;
    let (hash, size) = rest.split_once(',').unwrap_or((rest, ""));
    let size = size.trim();
    let size = match size {
        "" => None,
        digits => Some(digits.parse().ok()?),
    };
    Some(Row {
        path,
        hash: hash_of(hash.trim()),
        size,
    })
}

/// The first field and what follows it.
fn path(line: &str) -> Option<(Cow<'_, str>, &str)> {
    let Some(quoted) = line.strip_prefix('"') else {
        let (path, rest) = line.split_once(',')?;
        return Some((Cow::Borrowed(path), rest));
    };
    let mut at = 0;
    loop {
        let found = at + quoted.get(at..)?.find('"')?;
        match quoted.as_bytes().get(found + 1) {
            Some(b'"') => at = found + 2,
            Some(b',') => {
                let path = quoted.get(..found)?.replace("\"\"", "\"");
                return Some((Cow::Owned(path), quoted.get(found + 2..)?));
            }
            _ => return None,
        }
    }
}

fn hash_of(field: &str) -> RecordHash<'_> {
    if field.is_empty() {
        return RecordHash::None;
    }
    let decoded = field.strip_prefix("sha256=").and_then(url_safe_base64);
    match decoded {
        Some(digest) => RecordHash::Sha256(digest),
        None => RecordHash::Other(field.split('=').next().unwrap_or(field)),
    }
}

/// 32 bytes in URL-safe base64, with or without padding.
fn url_safe_base64(text: &str) -> Option<[u8; 32]> {
    let text = text.trim_end_matches('=');
    if text.len() != 43 {
        return None;
    }
    let mut out = Vec::with_capacity(33);
    for group in text.as_bytes().chunks(4) {
        let mut bits = 0_u32;
        for byte in group {
            let value = match byte {
                b'A'..=b'Z' => byte - b'A',
                b'a'..=b'z' => byte - b'a' + 26,
                b'0'..=b'9' => byte - b'0' + 52,
                b'-' => 62,
                b'_' => 63,
                _ => return None,
            };
            bits = bits << 6 | u32::from(value);
        }
        bits <<= 6 * (4 - group.len() as u32);
        let [_, a, b, c] = bits.to_be_bytes();
        out.extend([a, b, c]);
    }
    out.truncate(32);
    out.try_into().ok()
}
