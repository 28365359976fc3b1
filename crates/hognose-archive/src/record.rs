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
    /// sha384, which the specification allows.
    Sha384(Box<[u8; 48]>),
    /// sha512, which the specification allows.
    Sha512(Box<[u8; 64]>),
    /// One of these algorithms, and what follows is no digest of it.
    Damaged(&'a str),
    /// Another algorithm, or none that is named.
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
    let (path, rest) = field(line)?;
    let (hash, rest) = field(rest?)?;
    let size = match rest {
        None => Cow::Borrowed(""),
        Some(rest) => match field(rest)? {
            (size, None) => size,
            // A fourth field belongs to no row of this kind.
            (_, Some(_)) => return None,
        },
    };
    let size = match size.trim() {
        "" => None,
        digits => Some(digits.parse().ok()?),
    };
    let hash = match hash {
        Cow::Borrowed(hash) => hash_of(hash.trim()),
        // No digest has a quotation mark in it.
        Cow::Owned(_) => RecordHash::Other("\""),
    };
    Some(Row { path, hash, size })
}

/// The first field and what follows its comma.
fn field(line: &str) -> Option<(Cow<'_, str>, Option<&str>)> {
    let Some(quoted) = line.strip_prefix('"') else {
        return Some(match line.split_once(',') {
            Some((field, rest)) => (Cow::Borrowed(field), Some(rest)),
            None => (Cow::Borrowed(line), None),
        });
    };
    let mut at = 0;
    loop {
        let found = at + quoted.get(at..)?.find('"')?;
        let rest = match quoted.as_bytes().get(found + 1) {
            Some(b'"') => {
                at = found + 2;
                continue;
            }
            Some(b',') => Some(quoted.get(found + 2..)?),
            Some(_) => return None,
            None => None,
        };
        let text = quoted.get(..found)?;
        let text = if at == 0 {
            Cow::Borrowed(text)
        } else {
            Cow::Owned(text.replace("\"\"", "\""))
        };
        return Some((text, rest));
    }
}

fn hash_of(field: &str) -> RecordHash<'_> {
    if field.is_empty() {
        return RecordHash::None;
    }
    let (name, text) = field.split_once('=').unwrap_or((field, ""));
    let found = match name {
        "sha256" => url_safe_base64(text).map(RecordHash::Sha256),
        "sha384" => url_safe_base64(text).map(|d| RecordHash::Sha384(Box::new(d))),
        "sha512" => url_safe_base64(text).map(|d| RecordHash::Sha512(Box::new(d))),
        _ => return RecordHash::Other(name),
    };
    found.unwrap_or(RecordHash::Damaged(name))
}

/// `N` bytes in URL-safe base64, with or without padding.
fn url_safe_base64<const N: usize>(text: &str) -> Option<[u8; N]> {
    let text = text.trim_end_matches('=');
    if text.len() != (N * 8).div_ceil(6) {
        return None;
    }
    let mut out = [0; N];
    let mut filled = out.iter_mut();
    let (mut bits, mut held) = (0_u32, 0);
    for byte in text.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            *filled.next()? = (bits >> held) as u8;
            bits &= (1 << held) - 1;
        }
    }
    // What is left over is nothing: a digest is written in one way only.
    (bits == 0).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_of_every_algorithm_are_read_and_damage_is_named() {
        let hash = |field: &str| match rows(&format!("a.py,{field},1")).next() {
            Some(Some(row)) => format!("{:?}", row.hash),
            _ => "no row".to_owned(),
        };
        let empty = "sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";
        assert!(hash(empty).starts_with("Sha256([227, 176, 196, 66"));
        assert_eq!(hash(&format!("\"{empty}=\"")), hash(empty));
        assert!(hash(&format!("sha384={}", "A".repeat(64))).starts_with("Sha384([0,"));
        assert!(hash(&format!("sha512={}", "A".repeat(86))).starts_with("Sha512([0,"));
        for damaged in [
            empty.replace('-', "+"),
            empty.replace("FU", "FV"),
            empty.trim_end_matches('U').to_owned(),
            "sha512=47DEQ".to_owned(),
            "sha256".to_owned(),
        ] {
            assert!(hash(&damaged).starts_with("Damaged"), "{damaged}");
        }
        assert_eq!(hash("md5=1B2M2Y8AsgTpgAmY7PhCfg"), "Other(\"md5\")");
        assert_eq!(hash(""), "None");
    }

    #[test]
    fn rows_are_read_as_csv() {
        let all: Vec<_> =
            rows("\u{feff}a,,\r\n\n\"b,\"\"c\",\"\",\"3\"\nd,,x\ne\nf,,1,2\n\"g\n").collect();
        let paths: Vec<_> = all
            .iter()
            .map(|row| row.as_ref().map(|r| r.path.to_string()))
            .collect();
        let read = [Some("a"), Some("b,\"c"), None, None, None, None];
        assert_eq!(paths, read.map(|p| p.map(str::to_owned)));
        assert_eq!(all[1].as_ref().and_then(|r| r.size), Some(3));
    }
}
