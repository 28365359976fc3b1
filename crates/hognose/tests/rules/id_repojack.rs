//! `HOG-ID-repojack`: by other owners, other names and absence; only where forges may be asked.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::sync::{Arc, Mutex};

use crate::common::{Sandbox, fixture, index::Index, serving};

/// A forge that leads from old names to new ones; answers its address and what it was asked.
fn forge() -> (String, Arc<Mutex<Vec<String>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let address = serving::start(move |head| {
        let (status, location) = match head.path.as_str() {
            "/old/moved.git" => (301, "/new/moved"),
            "/acme/renamed" => (301, "/acme/other"),
            "/acme/same.git" => (301, "/acme/same"),
            "/acme/private" => (302, "/users/sign_in"),
            "/acme/gone" => (404, ""),
            "/acme/broken" => (500, ""),
            _ => (200, ""),
        };
        log.lock()
            .unwrap()
            .push(format!("{} {}", head.method, head.path));
        (status, format!("Location: {location}\r\n"), Vec::new())
    });
    (address, seen)
}

#[test]
fn is_raised_where_a_repository_moved() {
    let fixture = fixture("rules/HOG-ID-repojack");
    let (address, seen) = forge();
    let sandbox = Sandbox::new();
    let lock = std::fs::read_to_string(fixture.join("requirements.txt")).unwrap();
    sandbox.write("requirements.txt", lock.replace("FORGE", &address));
    let index = Index::new(&fixture);
    // Nobody is asked unless it is said.
    let quiet = index.scan(&sandbox, super::TODAY, &[]);
    assert!(seen.lock().unwrap().is_empty(), "{}", quiet.whole());
    sandbox.write("hognose.toml", "[identity]\nforges = true\n");
    let outcome = index.scan(&sandbox, super::TODAY, &[]);
    let text = outcome.whole().replace(&address, "forge.example");
    insta::assert_snapshot!(text);
    let asked = seen.lock().unwrap().clone();
    assert_eq!(asked.len(), 6, "{asked:?}");
    assert!(
        asked.iter().all(|line| line.starts_with("HEAD ")),
        "{asked:?}"
    );
    let offline = sandbox.scan(&[]);
    assert_eq!(seen.lock().unwrap().len(), 6, "{}", offline.whole());
    super::explained("HOG-ID-repojack");
}
