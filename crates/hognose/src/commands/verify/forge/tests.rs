//! What an attestation names, looked up on a forge of the test.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;

use super::*;

const COMMIT: &str = "00000000000000000000000000000000000000c1";

/// A forge that has one repository, number 7, and answers every path of a list.
fn forge(answers: &'static [(&'static str, &'static str)]) -> (Forge, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let web = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let first = lines.next().and_then(Result::ok).unwrap_or_default();
            for line in lines.map_while(Result::ok) {
                if line.is_empty() {
                    break;
                }
            }
            let path = first.split(' ').nth(1).unwrap_or_default();
            let path = path.strip_prefix("/api/v3/repos/acme/tool").unwrap_or("?");
            let found = answers.iter().find(|(known, _)| *known == path);
            let (status, body) = found.map_or((404, ""), |(_, body)| (200, *body));
            let length = body.len();
            let _ = write!(
                stream,
                "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
            );
        }
    });
    let surroundings = Surroundings {
        variables: BTreeMap::new(),
        now: 0,
        arguments: Vec::new(),
    };
    let forge = Forge::new(Some(&format!("github={web}")), None, &surroundings);
    (forge.unwrap(), web)
}

fn identity(web: &str, id: &str, reference: &str) -> Identity {
    Identity {
        repository: Some(format!("{web}/acme/tool")),
        repository_id: Some(id.to_owned()),
        commit: Some(COMMIT.to_owned()),
        reference: Some(reference.to_owned()),
        ..Identity::default()
    }
}

const REPOSITORY: (&str, &str) = ("", r#"{"id": 7, "default_branch": "main"}"#);
const FILES: (&str, &str) = (
    "/git/commits/00000000000000000000000000000000000000c1",
    r#"{"sha": "00000000000000000000000000000000000000c1", "tree": {"sha": "00000000000000000000000000000000000000a1"}}"#,
);
const TREE: (&str, &str) = (
    "/git/trees/00000000000000000000000000000000000000a1?recursive=1",
    r#"{"tree": [{"path": "a.py", "mode": "100644", "type": "blob", "sha": "00000000000000000000000000000000000000d1"}]}"#,
);
const BEHIND: (&str, &str) = (
    "/compare/main...00000000000000000000000000000000000000c1?per_page=1",
    r#"{"status": "behind"}"#,
);

fn files(answers: &'static [(&str, &str)], id: &str, reference: &str) -> Result<String, String> {
    let (forge, web) = forge(answers);
    let identity = identity(&web, id, reference);
    let wanted = Wanted {
        attested: Some(&identity),
        ..Wanted::default()
    };
    forge.files(&wanted).map(|(commit, _)| commit)
}

#[test]
fn the_attested_commit_of_the_attested_repository() {
    let found = files(&[REPOSITORY, FILES, TREE, BEHIND], "7", "refs/heads/main");
    assert_eq!(found.as_deref(), Ok(COMMIT));
    // The old name in new hands.
    let found = files(&[REPOSITORY, FILES, TREE, BEHIND], "8", "refs/heads/main");
    let words = "acme/tool has number 7 now, and 8 in the attestation: it is another repository";
    assert_eq!(found.unwrap_err(), words);
    // Nothing leads there but the tag that was built.
    let tag = (
        "/git/ref/tags/v1",
        r#"{"object": {"type": "commit", "sha": "00000000000000000000000000000000000000c1"}}"#,
    );
    let found = files(&[REPOSITORY, FILES, TREE], "7", "refs/tags/v1");
    assert!(found.unwrap_err().contains("it may be of a fork"));
    static WITH_TAG: std::sync::OnceLock<Vec<(&str, &str)>> = std::sync::OnceLock::new();
    let answers = WITH_TAG.get_or_init(|| vec![REPOSITORY, FILES, TREE, tag]);
    assert_eq!(files(answers, "7", "refs/tags/v1").as_deref(), Ok(COMMIT));
}

#[test]
fn repositories_on_a_forge() {
    let (forge, web) = forge(&[]);
    let at = |path: &str| forge.path(&format!("{web}{path}"));
    assert_eq!(at("/acme/tool").as_deref(), Some("acme/tool"));
    assert_eq!(at("/acme/tool.git").as_deref(), Some("acme/tool"));
    for none in [
        "",
        "/",
        "/acme",
        "/acme/tool/more",
        "/acme/..",
        "/acme/%2e%2e",
        "/acme/to ol",
        "/acme/tool?x",
        ".evil.example/acme/tool",
    ] {
        assert_eq!(at(none), None, "{none}");
    }
    assert_eq!(forge.path("https://github.com/acme/tool"), None);
    let wanted = Wanted {
        attested: Some(&Identity {
            repository: Some("https://github.com/acme/tool".to_owned()),
            ..Identity::default()
        }),
        ..Wanted::default()
    };
    let refused = forge.files(&wanted).map(|_| ()).unwrap_err();
    assert!(
        refused.contains("which is not on http://127.0.0.1"),
        "{refused}"
    );
}
