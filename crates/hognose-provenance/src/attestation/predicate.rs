//! What may be attested of a file.

use serde::Serialize;

/// What an attestation says of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Predicate {
    /// The publisher uploaded it. Says nothing of how it was built.
    Publish,
    /// How it was built (SLSA provenance v1).
    Slsa,
}

/// SLSA provenance v1, on any index.
const SLSA: &str = "https://slsa.dev/provenance/v1";
/// Before the host of an index, in the type of its publish attestations.
const BEFORE: &str = "https://docs.";
/// Behind it.
const BEHIND: &str = "/attestations/publish/v1";

/// Which types of predicates count. The type of publish attestations carries the name of the index that defined it, so it
/// is derived from the user's own index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Predicates {
    publish: Option<String>,
}

impl Predicates {
    /// Publish attestations as the index on this host defines them.
    pub fn of_host(host: &str) -> Self {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        Self {
            publish: Some(format!("{BEFORE}{host}{BEHIND}")),
        }
    }

    /// Publish attestations of any index: where nobody knows which one defines them, as behind a mirror.
    pub fn of_any_host() -> Self {
        Self { publish: None }
    }

    /// Which predicate a type is; none for those that do not count.
    pub(crate) fn find(&self, predicate_type: &str) -> Option<Predicate> {
        if predicate_type == SLSA {
            return Some(Predicate::Slsa);
        }
        let publishes = match &self.publish {
            Some(exact) => predicate_type == exact,
            None => predicate_type
                .strip_prefix(BEFORE)
                .and_then(|rest| rest.strip_suffix(BEHIND))
                .is_some_and(is_host),
        };
        publishes.then_some(Predicate::Publish)
    }
}

fn is_host(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'.' || b == b'-';
    text.contains('.') && text.bytes().all(plain) && !text.starts_with('.') && !text.ends_with('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_two_kinds_count() {
        let own = Predicates::of_host("Index.Example");
        let any = Predicates::of_any_host();
        let publish = "https://docs.index.example/attestations/publish/v1";
        for predicates in [&own, &any] {
            assert_eq!(predicates.find(publish), Some(Predicate::Publish));
            assert_eq!(predicates.find(SLSA), Some(Predicate::Slsa));
            for no in [
                "",
                "https://docs./attestations/publish/v1",
                "https://docs.a/b.example/attestations/publish/v1",
                "https://docs.index.example/attestations/publish/v2",
                "https://slsa.dev/provenance/v0.2",
            ] {
                assert_eq!(predicates.find(no), None, "{no}");
            }
        }
        let other = "https://docs.other.example/attestations/publish/v1";
        assert_eq!(own.find(other), None);
        assert_eq!(any.find(other), Some(Predicate::Publish));
    }
}
