//! Core metadata (`METADATA`, `PKG-INFO`): only the headers, never the description below them.

use hognose_archive::metadata::headers as headers_of;
pub(crate) use hognose_archive::metadata::is_complete;

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

/// Reads the headers; bytes that are not UTF-8 are replaced.
pub(crate) fn parse(head: &[u8]) -> Headers {
    let mut headers = Headers::default();
    let (mut expression, mut license, mut classifier) = (None, None, None);
    // Of values that go on in further lines only the first is read: none of those that count is ever folded.
    for header in headers_of(head) {
        let text = || header.first_line().into_owned();
        match header.name.to_ascii_lowercase().as_slice() {
            b"name" if headers.name.is_none() => headers.name = Some(text()),
            b"version" if headers.version.is_none() => {
                headers.version = Some(text());
                headers.version_line = Some(header.line);
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
