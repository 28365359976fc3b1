//! `pip-audit --ignore-vuln ID`, wherever it is called: the tool has no file of its own.

use hognose_types::Location;

use super::waiver;
use crate::Waiver;

const FLAG: &str = "--ignore-vuln";

pub(super) fn read(file: &str, text: &str) -> Vec<Waiver> {
    let mut out: Vec<Waiver> = Vec::new();
    let mut pending = false;
    for (index, line) in text.lines().enumerate() {
        let words = line
            .split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | '[' | ']'))
            .filter(|w| !w.is_empty());
        for word in words {
            if word.starts_with('#') {
                break;
            }
            let value = word
                .strip_prefix(FLAG)
                .map(|rest| rest.trim_start_matches('='));
            let id = match value {
                Some("") => {
                    pending = true;
                    continue;
                }
                Some(id) => id,
                // A YAML list (`- --ignore-vuln` / `- ID`) or a continued line stands between flag and value.
                None if pending && !matches!(word, "-" | "\\") => word,
                None => continue,
            };
            pending = false;
            if looks_like_an_id(id) {
                let location = Location::line(file, index as u32 + 1);
                out.push(waiver(id, Some("ignored for pip-audit"), None, location));
            }
        }
    }
    out
}

fn looks_like_an_id(text: &str) -> bool {
    text.contains('-')
        && !text.starts_with('-')
        && text.len() < 100
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}
