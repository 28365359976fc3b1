//! pip's form of INI: `key = value` or `key: value`, values that go on in indented lines, comments in lines of their own.

use std::path::Path;

use hognose_types::{IndexPlace, IndexRole, IndexScope, IndexTool, Location};

use super::layer::{Layer, is_true};

/// One setting; each line of its value with its number.
struct Setting {
    section: String,
    key: String,
    lines: Vec<(u32, String)>,
}

impl Setting {
    fn first(&self) -> &str {
        let said = self.lines.iter().find(|(_, line)| !line.is_empty());
        said.map_or("", |(_, line)| line)
    }
}

/// Reads a `pip.conf`; none when it says nothing about indexes.
pub(super) fn pip(text: &str, path: &Path) -> Option<Layer> {
    let found = settings(text);
    // What is set for one command overrides what is set for all; a later line overrides an earlier one.
    let value = |key: &str| {
        let of = |section| {
            let mut all = found.iter().rev();
            all.find(|s| s.section == section && s.key == key)
        };
        ["install", "download", "global"].into_iter().find_map(of)
    };
    let file = path.display().to_string();
    let place = |line| IndexPlace::File(Location::line(file.as_str(), line));
    let mut layer = Layer::new(IndexTool::Pip, IndexScope::User);
    for (key, role) in [
        ("index-url", IndexRole::Default),
        ("extra-index-url", IndexRole::Extra),
        ("find-links", IndexRole::FindLinks),
    ] {
        for (line, words) in value(key).map(|s| s.lines.as_slice()).unwrap_or_default() {
            for word in words.split_whitespace() {
                layer.add(role, word, place(*line), None);
            }
        }
    }
    let none = value("no-index").filter(|s| is_true(s.first()));
    layer.none = none.and_then(|s| Some(place(s.lines.first()?.0)));
    layer.keyring = value("keyring-provider").map(|s| s.first() == "subprocess");
    let certificates = value("cert").map(|s| s.first().to_owned());
    layer.certificates = certificates.filter(|path| !path.is_empty());
    layer.says_something()
}

fn settings(text: &str) -> Vec<Setting> {
    let mut found: Vec<Setting> = Vec::new();
    let mut section = String::new();
    for (number, line) in (1_u32..).zip(text.lines()) {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if line.starts_with([' ', '\t']) {
            if let Some(setting) = found.last_mut() {
                setting.lines.push((number, trimmed.to_owned()));
            }
        } else if let Some(name) = trimmed.strip_prefix('[').and_then(|t| t.strip_suffix(']')) {
            name.clone_into(&mut section);
        } else if let Some((key, value)) = trimmed.split_once(['=', ':']) {
            found.push(Setting {
                section: section.clone(),
                key: key.trim().to_ascii_lowercase().replace('_', "-"),
                lines: vec![(number, value.trim().to_owned())],
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let layer = pip(text, Path::new("pip.conf"));
        let indexes = layer.map(|l| l.indexes).unwrap_or_default();
        let one =
            |i: &hognose_types::ConfiguredIndex| format!("{:?} {} {}", i.role, i.url, i.place);
        indexes.iter().map(one).collect()
    }

    #[test]
    fn pip_configuration() {
        let text = "# comment\n[global]\nindex_url = https://index.example/simple\nextra-index-url =\n    https://a.example\n    \
                    # no\n    https://b.example\ntimeout: 60\nfind-links = /wheels\n[install]\nindex-url: https://install.example/simple\n";
        assert_eq!(
            shown(text),
            [
                "Default https://install.example/simple pip.conf:11",
                "Extra https://a.example pip.conf:5",
                "Extra https://b.example pip.conf:7",
                "FindLinks /wheels pip.conf:9",
            ]
        );
        let of = |text| pip(text, Path::new("pip.conf"));
        assert!(of("[global]\ntimeout = 3\n").is_none());
        assert!(of("[global]\nno-index = true\n").unwrap().none.is_some());
        let other = of("[global]\nkeyring-provider = subprocess\ncert = /etc/ca.pem\n").unwrap();
        assert_eq!(other.keyring, Some(true));
        assert_eq!(other.certificates.as_deref(), Some("/etc/ca.pem"));
    }
}
