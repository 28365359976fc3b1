//! How a refusal reaches the developer: a reason phrase for pip and Poetry, a problem document (RFC 9457) for uv.

use hognose_types::text;
use serde_json::json;

use crate::judge::Ruling;

/// Longest reason phrase: it stands in one line of an installer's error.
const MAX_PHRASE: usize = 150;
/// Longest detail.
const MAX_DETAIL: usize = 1_500;

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// HTTP status.
    pub status: u16,
    /// What is shown in the status line: visible ASCII only.
    pub phrase: String,
    /// The document, `application/problem+json` without parameters: uv takes nothing else.
    pub body: String,
}

impl Problem {
    /// A refusal in one sentence.
    pub fn new(status: u16, title: &str, detail: &str) -> Self {
        let body = json!({
            "status": status,
            "title": title,
            "detail": text::short(detail, MAX_DETAIL),
        });
        Self {
            status,
            phrase: phrase(title),
            body: body.to_string(),
        }
    }

    /// A file that the policy withholds.
    pub fn withheld(filename: &str, ruling: &Ruling) -> Self {
        let summary = ruling.summary().unwrap_or_else(|| "policy".to_owned());
        let mut detail = format!("{filename} is withheld by policy: {summary}.");
        let remedy = ruling.reasons.iter().find(|r| !r.remedy.is_empty());
        if let Some(reason) = remedy {
            detail.push_str(&format!(" What to do: {}.", reason.remedy));
        }
        // A list of the policy is changed, not waived.
        let first = ruling.reasons.first();
        if first.is_some_and(|reason| reason.rule.starts_with("HOG-")) {
            detail.push_str(" To let it in, add a [[waiver]] to hognose.toml.");
        }
        let rules: Vec<_> = ruling
            .reasons
            .iter()
            .map(|r| json!({"rule": r.rule, "message": text::short(&r.message, MAX_DETAIL)}))
            .collect();
        let body = json!({
            "status": 403,
            "title": "Withheld by policy",
            "detail": text::short(&detail, MAX_DETAIL),
            "rules": rules,
        });
        Self {
            status: 403,
            phrase: phrase(&format!("Withheld by policy: {summary}")),
            body: body.to_string(),
        }
    }
}

/// Text for a status line: visible ASCII and blanks, short. A line break here would be a second header.
fn phrase(text: &str) -> String {
    let safe = |c: char| {
        if c == ' ' || c.is_ascii_graphic() {
            c
        } else {
            '?'
        }
    };
    let mut out: String = text.chars().take(MAX_PHRASE).map(safe).collect();
    if text.chars().nth(MAX_PHRASE).is_some() {
        out.push_str("...");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::Reason;
    use hognose_types::Decision;

    #[test]
    fn nothing_breaks_the_status_line() {
        let ruling = Ruling {
            decision: Decision::Block,
            reasons: vec![Reason {
                rule: "HOG-MAL-known".into(),
                message: "bad\r\nSet-Cookie: a=b \u{e9}".into(),
                remedy: "remove it".into(),
            }],
        };
        let problem = Problem::withheld("x-1.0.tar.gz", &ruling);
        assert_eq!(
            problem.phrase,
            "Withheld by policy: HOG-MAL-known: bad??Set-Cookie: a=b ?"
        );
        assert!(problem.body.contains("remove it"));
        assert!(phrase(&"x".repeat(1_000)).len() < 160);
    }
}
