//! `HOG-ID-reregistered-domain`: what registries say of domains that were named before; what they do not know is unknown.

use crate::common::{Sandbox, fixture, index::Index, serving};

/// A registry service: one domain each that was registered late, lately, long ago, and that lapses; one it fails for.
fn registry() -> String {
    serving::start(|head| {
        let registered = |date: &str, status: &str| {
            let body = format!(
                "{{\"objectClassName\":\"domain\",\"status\":[\"{status}\"],\
                 \"events\":[{{\"eventAction\":\"registration\",\"eventDate\":\"{date}\"}}]}}"
            );
            (200, String::new(), body.into_bytes())
        };
        match head.path.strip_prefix("/rdap/domain/") {
            Some("lost.example") => registered("2026-11-03T18:40:05Z", "active"),
            Some("moved.example") => registered("2026-09-01T00:00:00Z", "active"),
            Some("kept.example") => registered("2011-02-03T00:00:00+02:00", "active"),
            Some("lapsing.example") => registered("2011-02-03T00:00:00Z", "redemption period"),
            Some("unheard.example") => (403, String::new(), Vec::new()),
            _ => (404, String::new(), Vec::new()),
        }
    })
}

#[test]
fn is_raised_where_a_domain_was_registered_after_it_was_named() {
    let fixture = fixture("rules/HOG-ID-reregistered-domain");
    let sandbox = Sandbox::new();
    let lock = std::fs::read_to_string(fixture.join("requirements.txt")).unwrap();
    sandbox.write("requirements.txt", lock);
    let index = Index::new(&fixture.join("index"));
    // Nobody is asked unless it is said.
    let quiet = index.scan(&sandbox, super::TODAY, &[]);
    assert_eq!(quiet.code, 0, "{}", quiet.whole());
    let service = registry();
    sandbox.write(
        "hognose.toml",
        format!("[identity]\nrdap = \"http://{service}/rdap/\"\n"),
    );
    let outcome = index.scan(&sandbox, super::TODAY, &[]);
    insta::assert_snapshot!(outcome.whole().replace(&service, "rdap.example"));
    sandbox.write("hognose.toml", "[identity]\nrdap = \"rdap.example\"\n");
    let refused = index.scan(&sandbox, super::TODAY, &[]);
    assert_eq!(refused.code, 2, "{}", refused.whole());
    assert!(refused.stderr.contains("no address of a service"));
    super::explained("HOG-ID-reregistered-domain");
}

#[test]
fn what_was_seen_before_counts_too() {
    let fixture = fixture("rules/HOG-ID-reregistered-domain");
    let sandbox = Sandbox::new();
    sandbox.write("requirements.txt", "moved==2.0\n");
    let index = Index::new(&fixture.join("index"));
    // Looked at half a year before the domain was registered: somebody else held it then.
    let before = super::TODAY - 250 * 86_400;
    let first = index.scan(&sandbox, before, &[]);
    assert_eq!(first.code, 0, "{}", first.whole());
    let service = registry();
    sandbox.write(
        "hognose.toml",
        format!("[identity]\nrdap = \"http://{service}/rdap/\"\n"),
    );
    let outcome = index.scan(&sandbox, super::TODAY, &[]);
    assert!(
        outcome
            .stdout
            .contains("high       HOG-ID-reregistered-domain"),
        "{}",
        outcome.whole()
    );
    assert_eq!(outcome.code, 1, "{}", outcome.whole());
}
