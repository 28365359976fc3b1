//! `HOG-ID-expired-domain`: what name servers say does not exist; what they do not answer is unknown.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::net::UdpSocket;
use std::sync::{Arc, Mutex};

use crate::common::{Sandbox, fixture, index::Index};

/// A name server that knows one name, denies another and fails for a third; answers its address and what it was asked.
fn name_server() -> (String, Arc<Mutex<Vec<String>>>) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap().to_string();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    std::thread::spawn(move || {
        let mut bytes = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut bytes) {
            let mut answer = bytes[..length].to_vec();
            let text = String::from_utf8_lossy(&answer[12..]).into_owned();
            let (code, count) = match () {
                () if text.contains("nobodys") => (3, 0),
                () if text.contains("silent") => (2, 0),
                () => (0, 1),
            };
            answer[2] |= 0x80;
            answer[3] = 0x80 | code;
            answer[7] = count;
            log.lock().unwrap().push(text);
            let _ = socket.send_to(&answer, from);
        }
    });
    (address, seen)
}

#[test]
fn is_raised_where_a_domain_is_nobodys() {
    let fixture = fixture("rules/HOG-ID-expired-domain");
    let (address, seen) = name_server();
    let sandbox = Sandbox::new();
    let lock = std::fs::read_to_string(fixture.join("requirements.txt")).unwrap();
    sandbox.write("requirements.txt", lock);
    let index = Index::new(&fixture.join("index"));
    // Nobody is asked unless it is said.
    let quiet = index.scan(&sandbox, super::TODAY, &[]);
    assert_eq!(quiet.code, 0, "{}", quiet.whole());
    assert!(seen.lock().unwrap().is_empty());
    sandbox.write("hognose.toml", format!("[identity]\ndns = \"{address}\"\n"));
    let outcome = index.scan(&sandbox, super::TODAY, &[]);
    insta::assert_snapshot!(outcome.whole());
    assert!(!seen.lock().unwrap().is_empty());
    sandbox.write("hognose.toml", "[identity]\ndns = \"somewhere\"\n");
    let refused = index.scan(&sandbox, super::TODAY, &[]);
    assert_eq!(refused.code, 2, "{}", refused.whole());
    assert!(refused.stderr.contains("no address of a name server"));
    super::explained("HOG-ID-expired-domain");
}
