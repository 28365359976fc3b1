//! `HOG-ID-repojack`: by other owners, other names and absence; only where forges may be asked.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use crate::common::{Sandbox, fixture, index::Index};

/// A forge that leads from old names to new ones; answers its address and what it was asked.
fn forge() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let head: Vec<String> = BufReader::new(&stream)
                .lines()
                .map_while(Result::ok)
                .take_while(|line| !line.is_empty())
                .collect();
            let first = head.first().cloned().unwrap_or_default();
            let path = first.split(' ').nth(1).unwrap_or_default();
            let (status, location) = match path {
                "/old/moved.git" => (301, "/new/moved"),
                "/acme/renamed" => (301, "/acme/other"),
                "/acme/same.git" => (301, "/acme/same"),
                "/acme/private" => (302, "/users/sign_in"),
                "/acme/gone" => (404, ""),
                "/acme/broken" => (500, ""),
                _ => (200, ""),
            };
            log.lock().unwrap().push(first);
            let _ = write!(
                stream,
                "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: 0\r\nLocation: {location}\r\n\r\n"
            );
        }
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
