//! Core metadata (`METADATA`, `PKG-INFO`): only the headers, never the description below them.

/// The headers that are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Headers {
    pub(crate) name: Option<String>,
    pub(crate) version: Option<String>,
    /// Line of `Version`, from 1.
    pub(crate) version_line: Option<u32>,
    pub(crate) license: Option<String>,
    /// `Requires-Dist` values, unparsed.
    pub(crate) requires: Vec<String>,
}

/// Longest licence text kept: some projects paste the whole licence into the field.
const MAX_LICENSE: usize = 200;

/// True when the blank line that ends the headers is in sight.
pub(crate) fn is_complete(head: &[u8]) -> bool {
    head.starts_with(b"\n")
        || memchr::memmem::find(head, b"\n\n").is_some()
        || memchr::memmem::find(head, b"\n\r\n").is_some()
}

/// Reads the headers; bytes that are not UTF-8 are replaced.
pub(crate) fn parse(head: &[u8]) -> Headers {
    let mut headers = Headers::default();
    let (mut expression, mut license, mut classifier) = (None, None, None);
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    for (number, line) in (1_u32..).zip(head.split(|b| *b == b'\n')) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            break;
        }
        // A folded line goes on with the value above; none of the values read is ever folded.
        if matches!(line.first(), Some(b' ' | b'\t')) {
            continue;
        }
        let Some(colon) = memchr::memchr(b':', line) else {
            continue;
        };
        let (key, value) = (&line[..colon], &line[colon + 1..]);
        let text = || String::from_utf8_lossy(value).trim().to_owned();
        match key.to_ascii_lowercase().as_slice() {
            b"name" if headers.name.is_none() => headers.name = Some(text()),
            b"version" if headers.version.is_none() => {
                headers.version = Some(text());
                headers.version_line = Some(number);
            }
            b"requires-dist" => headers.requires.push(text()),
            b"license-expression" => expression = Some(text()),
            b"license" => license = Some(text()),
            b"classifier" => {
                let value = text();
                if let Some(rest) = value.strip_prefix("License ::") {
                    classifier = rest.rsplit("::").next().map(|last| last.trim().to_owned());
                }
            }
            _ => {}
        }
    }
    headers.license = [expression, license, classifier]
        .into_iter()
        .flatten()
        .find(|text| !text.is_empty() && text != "UNKNOWN" && text.len() <= MAX_LICENSE);
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_only() {
        let text = b"Metadata-Version: 2.1\r\nname: A_b\r\nVersion: 1.0\r\nLicense: MIT\r\n Permission is\r\nRequires-Dist: x>1; extra == 'y'\r\n\r\nVersion: 9\r\n";
        let headers = parse(text);
        assert_eq!(headers.name.as_deref(), Some("A_b"));
        assert_eq!(headers.version.as_deref(), Some("1.0"));
        assert_eq!(headers.version_line, Some(3));
        assert_eq!(headers.license.as_deref(), Some("MIT"));
        assert_eq!(headers.requires, ["x>1; extra == 'y'"]);
        assert!(is_complete(text));
        assert!(!is_complete(b"Name: a\nVersion: 1\n"));
    }

    #[test]
    fn the_licence_expression_wins_and_long_texts_are_left_out() {
        let long = "x".repeat(1000);
        let text = format!("License: {long}\nClassifier: License :: OSI Approved :: BSD License\n");
        assert_eq!(
            parse(text.as_bytes()).license.as_deref(),
            Some("BSD License")
        );
        let text = format!("{text}License-Expression: BSD-3-Clause\n");
        assert_eq!(
            parse(text.as_bytes()).license.as_deref(),
            Some("BSD-3-Clause")
        );
    }
}
