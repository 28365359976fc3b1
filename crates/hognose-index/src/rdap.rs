//! What the registry of a domain says of it (RDAP, RFC 9082 and 9083): when it was registered, and whether it is about to
//! be free again.
//!
//! Registries know registered domains only, and not every registry answers: that nothing is known of a domain does not mean
//! that nobody holds it. Nothing is told but the domain.

use serde::Deserialize;

use crate::{Client, IndexError, IndexUrl};

/// What a registry says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registration {
    /// The domain that is registered: the one asked about, or one that it lies below.
    pub domain: String,
    /// When, as RFC 3339.
    pub registered: Option<String>,
    /// The holder lost it, and it will be free within weeks unless somebody pays.
    pub is_lapsing: bool,
}

const ACCEPT: &str = "application/rdap+json, application/json;q=0.5";
/// Largest answer that is read.
const MAX_ANSWER: u64 = 1 << 20;
/// Most names above a domain that are asked about.
const MAX_LABELS: usize = 6;
/// Statuses (RFC 8056) of a domain whose holder did not pay.
const LAPSING: [&str; 4] = [
    "redemption period",
    "pending delete",
    "pending restore",
    "auto renew period hold",
];

#[derive(Debug, Deserialize)]
struct Document {
    #[serde(rename = "objectClassName")]
    class: String,
    #[serde(default)]
    status: Vec<String>,
    #[serde(default)]
    events: Vec<Event>,
}

#[derive(Debug, Deserialize)]
struct Event {
    #[serde(rename = "eventAction", default)]
    action: String,
    #[serde(rename = "eventDate", default)]
    date: String,
}

impl Client {
    /// Asks a service about a domain, and about those that it lies below until one is known; none when none is.
    ///
    /// # Errors
    ///
    /// A service that could not be asked, refuses, or answers with something else: then nobody knows.
    pub fn registration(
        &self,
        service: &IndexUrl,
        domain: &str,
    ) -> Result<Option<Registration>, IndexError> {
        for name in above(domain) {
            let url = place(service, name)?;
            let Some(answer) = self.http.fetch(&url, ACCEPT, MAX_ANSWER)?.present()? else {
                continue;
            };
            let broken = |reason| IndexError::Registry {
                url: answer.url.redacted(),
                reason,
            };
            return read(&answer.body, name).map(Some).map_err(broken);
        }
        Ok(None)
    }
}

/// A domain and those above it, without the last label.
fn above(domain: &str) -> impl Iterator<Item = &str> {
    fn next<'a>(name: &&'a str) -> Option<&'a str> {
        name.split_once('.').map(|(_, rest)| rest)
    }
    std::iter::successors(Some(domain), next)
        .take(MAX_LABELS)
        .filter(|name| name.contains('.'))
}

fn place(service: &IndexUrl, name: &str) -> Result<IndexUrl, IndexError> {
    let path = format!("{}/domain/{name}", service.plain().trim_end_matches('/'));
    IndexUrl::parse(&path).map_err(|reason| IndexError::Location {
        url: service.redacted(),
        reason,
    })
}

fn read(body: &[u8], name: &str) -> Result<Registration, String> {
    let document: Document = serde_json::from_slice(body).map_err(|e| e.to_string())?;
    if !document.class.eq_ignore_ascii_case("domain") {
        return Err("it is about something else than a domain".to_owned());
    }
    let mut events = document.events.iter();
    let registration = events.find(|event| event.action.eq_ignore_ascii_case("registration"));
    let lapses = |status: &String| LAPSING.iter().any(|word| status.eq_ignore_ascii_case(word));
    Ok(Registration {
        domain: name.to_owned(),
        registered: registration.map(|event| event.date.clone()),
        is_lapsing: document.status.iter().any(lapses),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_above() {
        let all = |domain| above(domain).collect::<Vec<_>>();
        assert_eq!(
            all("mail.acme.example"),
            ["mail.acme.example", "acme.example"]
        );
        assert_eq!(all("example"), [""; 0]);
        assert_eq!(all(&"a.".repeat(100)).len(), MAX_LABELS);
    }

    #[test]
    fn answers() {
        let answer = br#"{"objectClassName":"domain","ldhName":"ACME.EXAMPLE","status":["active","Pending Delete"],
            "events":[{"eventAction":"last changed","eventDate":"2026-01-01T00:00:00Z"},
                      {"eventAction":"registration","eventDate":"2022-05-14T18:40:05Z"}]}"#;
        let found = read(answer, "acme.example").unwrap();
        assert_eq!(found.registered.as_deref(), Some("2022-05-14T18:40:05Z"));
        assert!(found.is_lapsing);
        for bad in [
            &b"{"[..],
            b"[]",
            br#"{"objectClassName":"nameserver"}"#,
            b"{\"errorCode\":404}",
        ] {
            assert!(read(bad, "acme.example").is_err());
        }
    }

    proptest::proptest! {
        #[test]
        fn any_answer_is_survived(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200), name in ".{0,80}") {
            let _ = read(&bytes, &name);
            let _ = above(&name).count();
            let service = IndexUrl::parse("https://rdap.example/v1/").unwrap();
            let _ = place(&service, &name);
        }
    }
}
