//! Which records say "this package is malicious" rather than "this package has a flaw".
//!
//! `MAL-` ids and aliases and the weakness CWE-506 are explicit. The PyPA database also describes some takeovers
//! in words only; a short list of phrases recognises those. The phrases speak of a release that *is* the attack;
//! flaws that merely mention attackers or malicious input must not match.

use crate::osv::{Affected, Record};

/// Lower-case phrases looked for in the summary and the first sentences of the details.
const PHRASES: &[&str] = &[
    "malicious code in ",
    "malicious package.",
    "contains credential harvesting",
    "containing credential harvesting",
    "containing malware",
    "contained malicious",
    "a new malicious release",
    "replaced with a malicious project",
    "an attacker published a malicious version",
    "project exfiltrates user data",
    "exfiltrates user cookies to",
    "exfiltrates cookies to",
    "posts scraped data to ip address associated with other malware",
];

/// How much of the details is looked at: takeovers are stated up front.
const DETAILS_BYTES: usize = 500;

pub(crate) fn is_malicious(record: &Record) -> bool {
    record.id.starts_with("MAL-")
        || record.aliases.iter().any(|a| a.starts_with("MAL-"))
        || record.affected.iter().any(embedded_malicious_code)
        || cwe_ids(record.database_specific.as_ref()).any(|c| c == "CWE-506")
        || (record.id.starts_with("PYSEC-") && says_so(record))
}

fn embedded_malicious_code(affected: &Affected) -> bool {
    cwe_ids(affected.database_specific.as_ref()).any(|c| c == "CWE-506")
}

fn says_so(record: &Record) -> bool {
    let details = record.details.as_deref().unwrap_or("");
    let mut end = details.len().min(DETAILS_BYTES);
    while !details.is_char_boundary(end) {
        end -= 1;
    }
    let text = format!(
        "{}\n{}",
        record.summary.as_deref().unwrap_or(""),
        details.get(..end).unwrap_or("")
    )
    .to_lowercase();
    PHRASES.iter().any(|phrase| text.contains(phrase))
}

/// Weakness ids in the shapes the databases use: `cwe_ids: ["CWE-79"]` and `cwes: [{"cweId": "CWE-79"}]`.
pub(crate) fn cwe_ids(specific: Option<&serde_json::Value>) -> impl Iterator<Item = &str> {
    let list = |key: &str| {
        specific
            .and_then(|s| s.get(key))
            .and_then(serde_json::Value::as_array)
    };
    let plain = list("cwe_ids")
        .into_iter()
        .flatten()
        .filter_map(serde_json::Value::as_str);
    let objects = list("cwes")
        .into_iter()
        .flatten()
        .filter_map(|c| c.get("cweId").and_then(serde_json::Value::as_str));
    plain.chain(objects).filter(|c| c.starts_with("CWE-"))
}
