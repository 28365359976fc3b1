//! What a file holds, told by its content: names of files in mirrors differ.

use std::io::Read;

/// A recognised kind of feed file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// ZIP archive of OSV records.
    OsvZip,
    /// OSV records, one JSON document a line.
    OsvLines,
    /// One OSV record, or an array of them, in JSON.
    OsvJson,
    /// One OSV record in YAML.
    OsvYaml,
    /// EPSS scores.
    EpssCsv,
    /// CISA's catalogue.
    KevJson,
    /// Popular names in JSON.
    PopularJson,
}

/// How much of a file is looked at.
const HEAD: u64 = 64 * 1024;

/// The first bytes of a file, unpacked when it is gzipped. `None` when it cannot be read.
pub(crate) fn head(reader: impl Read) -> Option<(Vec<u8>, bool)> {
    let mut raw = Vec::new();
    reader.take(HEAD).read_to_end(&mut raw).ok()?;
    if !raw.starts_with(&[0x1f, 0x8b]) {
        return Some((raw, false));
    }
    let mut text = Vec::new();
    // The head of a gzip stream ends early by design: what could be unpacked is enough.
    let _ = flate2::read::MultiGzDecoder::new(raw.as_slice())
        .take(HEAD)
        .read_to_end(&mut text);
    Some((text, true))
}

/// Recognises content by its first bytes; `name` only tells YAML from other text.
pub(crate) fn sniff(name: &str, head: &[u8]) -> Option<Content> {
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return Some(Content::OsvZip);
    }
    let text = String::from_utf8_lossy(head);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let has = |needle: &str| text.contains(needle);
    if text.starts_with('{') {
        return json(text, has);
    }
    if text.starts_with('[') && has("\"id\"") && (has("\"affected\"") || has("\"modified\"")) {
        return Some(Content::OsvJson);
    }
    // The scores begin with a comment that states model and date.
    let scores = text
        .lines()
        .take(3)
        .any(|line| line.starts_with("cve,epss"));
    if scores {
        return Some(Content::EpssCsv);
    }
    let yaml = std::path::Path::new(name)
        .extension()
        .is_some_and(|e| e == "yaml" || e == "yml");
    if yaml
        && text.lines().any(|l| l.starts_with("id:"))
        && text
            .lines()
            .any(|l| l.starts_with("affected:") || l.starts_with("modified:"))
    {
        return Some(Content::OsvYaml);
    }
    None
}

fn json(text: &str, has: impl Fn(&str) -> bool) -> Option<Content> {
    if has("\"$schema\"") {
        return None;
    }
    if has("\"catalogVersion\"") || (has("\"cveID\"") && has("\"vulnerabilities\"")) {
        return Some(Content::KevJson);
    }
    if has("\"rows\"") && has("\"project\"") {
        return Some(Content::PopularJson);
    }
    if !(has("\"id\"") && (has("\"affected\"") || has("\"modified\"") || has("\"schema_version\"")))
    {
        return None;
    }
    // Several documents, one a line: the first line is a whole object and something follows.
    let mut lines = text.lines();
    let first = lines.next().unwrap_or("").trim_end();
    let whole = first.len() > 2
        && first.ends_with('}')
        && serde_json::from_str::<serde::de::IgnoredAny>(first).is_ok();
    let long = first.len() as u64 > HEAD / 2 && lines.next().is_none();
    Some(if whole || long {
        Content::OsvLines
    } else {
        Content::OsvJson
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_are_told_apart() {
        let cases: &[(&str, &str, Option<Content>)] = &[
            ("all.zip", "PK\u{3}\u{4}…", Some(Content::OsvZip)),
            (
                "a.jsonl",
                "{\"id\":\"A\",\"modified\":\"x\"}\n{\"id\":\"B\"",
                Some(Content::OsvLines),
            ),
            (
                "a.json",
                "{\n  \"id\": \"A\",\n  \"affected\": []\n}",
                Some(Content::OsvJson),
            ),
            (
                "a.json",
                "[{\"id\":\"A\",\"affected\":[]}]",
                Some(Content::OsvJson),
            ),
            (
                "a.yaml",
                "id: PYSEC-1\nmodified: x\n",
                Some(Content::OsvYaml),
            ),
            ("README.yaml", "title: x\n", None),
            (
                "x.csv",
                "#score_date:2026-08-16,source:x\ncve,epss,percentile\n",
                Some(Content::EpssCsv),
            ),
            (
                "x.json",
                "{\"title\":\"KEV\",\"catalogVersion\":\"1\"",
                Some(Content::KevJson),
            ),
            (
                "schema.json",
                "{\"$schema\":\"x\",\"cveID\":1,\"vulnerabilities\":1}",
                None,
            ),
            (
                "top.json",
                "{\"last_update\":\"x\",\"rows\":[{\"download_count\":1,\"project\":\"a\"}]}",
                Some(Content::PopularJson),
            ),
            ("README.md", "# Feeds\n", None),
        ];
        for (name, text, expected) in cases {
            assert_eq!(sniff(name, text.as_bytes()), *expected, "{name}");
        }
    }
}
