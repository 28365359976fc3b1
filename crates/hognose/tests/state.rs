//! `hognose gateway audit`, `exposure`, `backup` and `restore`, on state that a store has written.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "inspect/archives.rs"]
#[expect(dead_code, reason = "a part is used")]
mod archives;
mod common;

use std::time::Duration;

use common::gateway::Running;
use common::upstream::{Upstream, hex};
use common::{Outcome, Sandbox};
use hognose_store::{AuditEntry, Opening, Options, SqliteStore, Store};
use insta::assert_snapshot;

/// 2026-11-18T11:06:40Z, the time of every run.
const NOW: i64 = 1_795_000_000_000;
const HOUR: i64 = 3_600_000;

/// The place where the state is by default.
fn place(sandbox: &Sandbox) -> std::path::PathBuf {
    sandbox.work().join("../.local/state/hognose/gateway.db")
}

fn store(sandbox: &Sandbox) -> SqliteStore {
    let path = place(sandbox);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    SqliteStore::open(&path, Opening::Create, Options::default()).unwrap()
}

fn entry(hours: i64, kind: &str, version: &str, client: &str, body: &str) -> AuditEntry {
    AuditEntry {
        time: NOW - hours * HOUR,
        kind: kind.to_owned(),
        project: Some("example-app".to_owned()),
        version: Some(version.to_owned()),
        filename: Some(format!("example_app-{version}-py3-none-any.whl")),
        sha256: Some(format!("{:064x}", hours % 3)),
        client: Some(client.to_owned()),
        body: body.to_owned(),
    }
}

/// A few days of a gateway, and texts of somebody who means harm.
fn filled() -> Sandbox {
    let sandbox = Sandbox::new();
    let store = store(&sandbox);
    let reasons = r#"{"event":"blocked","reasons":[{"rule":"HOG-MAL-known","message":"is known to be malicious","remedy":""}]}"#;
    let withheld = r#"{"event":"withheld","project":"example-app","versions":[["1.0","old"],["3.0","HOG-STATUS-new: was uploaded 2 hours ago"]]}"#;
    let hostile = "::error::\u{1b}[2J\u{202e}gpj";
    for entry in [
        entry(240, "served", "1.0", "192.0.2.1", "{}"),
        entry(75, "served", "2.0", "192.0.2.1", "{}"),
        entry(50, "served", "2.0", "ci-token", "{}"),
        entry(48, "served", "2.0", "192.0.2.1", "{}"),
        entry(30, "blocked", "3.0", "192.0.2.7", reasons),
        AuditEntry {
            version: None,
            filename: None,
            sha256: None,
            client: None,
            ..entry(29, "withheld", "", "", withheld)
        },
        entry(
            28,
            "replaced",
            "2.0",
            "192.0.2.1",
            &format!(r#"{{"event":"replaced","before":"{}"}}"#, "cd".repeat(32)),
        ),
        AuditEntry {
            filename: Some(hostile.to_owned()),
            body: serde_json::json!({ "reason": hostile }).to_string(),
            ..entry(1, "served", "6.6.6", hostile, "{}")
        },
    ] {
        store.append(entry).unwrap();
    }
    store.flush().unwrap();
    sandbox
}

fn audit(sandbox: &Sandbox, arguments: &[&str]) -> Outcome {
    let mut all = vec!["gateway", "audit"];
    all.extend(arguments);
    sandbox.run(&all)
}

#[test]
fn entries_on_a_terminal() {
    let sandbox = filled();
    assert_snapshot!("audit", audit(&sandbox, &[]).whole());
    assert_snapshot!(
        "audit_some",
        audit(
            &sandbox,
            &[
                "--since",
                "3d",
                "--limit",
                "2",
                "--oldest",
                "--project",
                "Example.App"
            ]
        )
        .whole()
    );
}

#[test]
fn what_can_be_asked_for() {
    let sandbox = filled();
    let count = |arguments: &[&str]| {
        let outcome = audit(&sandbox, arguments);
        assert_eq!(outcome.code, 0, "{}", outcome.whole());
        outcome.stdout.lines().count()
    };
    assert_eq!(count(&["--kind", "blocked"]), 1);
    assert_eq!(count(&["--client", "192.0.2.1"]), 4);
    assert_eq!(count(&["--since", "2026-11-16"]), 6);
    assert_eq!(count(&["--until", "2026-11-16T00:00:00Z"]), 2);
    assert_eq!(count(&["--since", "80h", "--until", "40h"]), 3);
    assert_eq!(count(&["--sha256", &"0".repeat(64)]), 4);
    assert_eq!(count(&["--limit", "3"]), 3);
    assert_eq!(count(&["--format", "jsonl", "--limit", "0"]), 8);
    let none = audit(&sandbox, &["--project", "nothing"]);
    assert_eq!((none.code, none.stdout.as_str()), (4, ""));
    let wrong = audit(&sandbox, &["--since", "yesterday"]);
    assert_snapshot!("audit_wrong_time", wrong.whole());
}

#[test]
fn entries_as_json() {
    let sandbox = filled();
    let whole = audit(&sandbox, &["--format", "json"]);
    let document: serde_json::Value = serde_json::from_str(&whole.stdout).unwrap();
    assert_eq!(document["schema"], 1);
    assert_eq!(document["entries"].as_array().unwrap().len(), 8);
    let lines = audit(&sandbox, &["--format", "jsonl", "--oldest"]);
    let parsed: Vec<serde_json::Value> = lines
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(parsed[4]["body"]["reasons"][0]["rule"], "HOG-MAL-known");
    // Exact for programs, harmless for terminals.
    assert_eq!(parsed[7]["client"], "::error::\u{1b}[2J\u{202e}gpj");
    assert!(!lines.stdout.contains(['\u{1b}', '\u{202e}']));
    let empty = audit(&sandbox, &["--format", "json", "--kind", "none"]);
    let document: serde_json::Value = serde_json::from_str(&empty.stdout).unwrap();
    assert_eq!(document["entries"], serde_json::json!([]));
}

#[test]
fn hostile_texts_stay_texts() {
    let sandbox = filled();
    for arguments in [
        &["gateway", "audit"][..],
        &["gateway", "exposure", "example-app"],
        &["gateway", "exposure", "example-app==6.6.6"],
    ] {
        let outcome = sandbox.run(arguments);
        assert_eq!(outcome.code, 0);
        assert!(!outcome.stdout.contains(['\u{1b}', '\u{202e}']));
        assert!(!outcome.stdout.contains("::error"), "{}", outcome.stdout);
        assert!(outcome.stdout.contains(r"\u{202e}"));
    }
}

#[test]
fn a_chain_that_is_whole_broken_or_cut_off() {
    let sandbox = filled();
    let whole = audit(&sandbox, &["verify"]);
    assert_eq!(whole.code, 0);
    let head = whole.stdout.trim().rsplit(' ').next().unwrap().to_owned();
    assert_eq!(whole.stdout, format!("whole: 8 entries, head {head}\n"));
    let store = store(&sandbox);
    store.append(entry(0, "served", "2.0", "x", "{}")).unwrap();
    drop(store);
    let noted = audit(&sandbox, &["verify", "--head", &head]);
    assert_eq!(noted.code, 0);
    assert!(
        noted
            .stdout
            .ends_with("; the noted head is that of entry 8\n")
    );
    let other = audit(&sandbox, &["verify", "--head", &"0".repeat(64)]);
    assert_eq!(other.code, 1);
    assert!(other.stdout.starts_with("cut off or replaced: "));
    let word = audit(&sandbox, &["verify", "--head", "abc"]);
    assert_eq!(word.code, 2, "{}", word.whole());
    // A byte of the row, and a byte of the index that questions are answered from.
    let bytes = std::fs::read(place(&sandbox)).unwrap();
    let mut places = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(b"ci-token"));
    for (at, words) in [
        (places.next(), "broken at entry 3: expected "),
        (places.next_back(), "damaged: "),
    ] {
        let mut changed = bytes.clone();
        changed[at.unwrap()] = b'C';
        std::fs::write(place(&sandbox), changed).unwrap();
        let broken = audit(&sandbox, &["verify"]);
        assert_eq!(broken.code, 1, "{}", broken.whole());
        assert!(broken.stdout.starts_with(words), "{}", broken.whole());
    }
    // What is gone or no database is not whole either.
    std::fs::write(place(&sandbox), "gone".repeat(2_000)).unwrap();
    assert_eq!(audit(&sandbox, &["verify"]).code, 3);
    std::fs::remove_file(place(&sandbox)).unwrap();
    assert_eq!(audit(&sandbox, &["verify"]).code, 3);
    assert!(!place(&sandbox).exists(), "looking makes nothing");
}

#[test]
fn who_was_sent_what() {
    let sandbox = filled();
    let ask = |what: &str| sandbox.run(&["gateway", "exposure", what]);
    assert_snapshot!("exposure", ask("example_app==2").whole());
    assert_snapshot!("exposure_nobody", ask("example-app==3.0").whole());
    let bytes = ask(&format!("{:064X}", 1));
    assert_eq!((bytes.code, bytes.stdout.lines().count()), (0, 3));
    assert_snapshot!("exposure_wrong", ask("a b").whole());
    let json = sandbox.run(&["gateway", "exposure", "example-app", "--format", "json"]);
    let document: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(document["complete"], true);
    let first = &document["exposures"][0];
    assert_eq!(
        (&first["client"], &first["times"]),
        (&"192.0.2.1".into(), &1.into())
    );
}

#[test]
fn a_backup_comes_back() {
    let sandbox = filled();
    let backup = sandbox.run(&["gateway", "backup", "backup.db"]);
    assert_snapshot!("backup", backup.whole());
    assert_snapshot!(
        "backup_again",
        sandbox.run(&["gateway", "backup", "backup.db"]).whole()
    );
    let head = audit(&sandbox, &["verify"]).stdout;
    let running = store(&sandbox);
    running
        .append(entry(0, "served", "2.0", "x", "{}"))
        .unwrap();
    running.flush().unwrap();
    let busy = sandbox.run(&["gateway", "restore", "backup.db"]);
    assert_eq!(busy.code, 3);
    assert!(busy.stderr.contains("stop the gateway"), "{}", busy.stderr);
    drop(running);
    let restored = sandbox.run(&["gateway", "restore", "backup.db"]);
    assert_eq!(restored.code, 0, "{}", restored.whole());
    assert_eq!(restored.stdout, head.replace("whole", "restored"));
    assert!(restored.stderr.contains("gateway.db.before-restore"));
    // The log itself says that it was set back, and goes on from there.
    let head = head.trim().rsplit(' ').next().unwrap();
    let after = audit(&sandbox, &["verify", "--head", head]);
    assert_eq!(after.code, 0);
    assert!(after.stdout.starts_with("whole: 9 entries"));
    let last = audit(&sandbox, &["--kind", "restored"]);
    assert_snapshot!("restored", last.stdout);
    let text = sandbox.write("text.db", "no database".repeat(1_000));
    let wrong = sandbox.run(&["gateway", "restore", text.to_str().unwrap()]);
    assert_snapshot!("restore_wrong", wrong.whole());
}

#[test]
fn where_there_is_no_state() {
    let sandbox = Sandbox::new();
    assert_snapshot!("no_state", audit(&sandbox, &[]).whole());
    for arguments in [
        &["gateway", "exposure", "flask"][..],
        &["gateway", "backup", "b.db"],
        &["gateway", "audit", "--state", "here.db"],
    ] {
        assert_eq!(sandbox.run(arguments).code, 4);
    }
    assert_eq!(std::fs::read_dir(sandbox.work()).unwrap().count(), 0);
    // A directory of one's own.
    let mut command = sandbox.command(&["gateway", "audit"]);
    command.env("HOGNOSE_STATE_DIR", "/nonexistent/hognose");
    let output = command.output().unwrap();
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("/nonexistent/hognose/gateway.db")
    );
}

#[test]
fn a_gateway_writes_down_what_it_does() {
    let (sandbox, upstream) = (Sandbox::new(), Upstream::new());
    let wheel =
        |version: &str| archives::wheel("good", version, &[("good.py", "X = 1\n".to_owned())], "");
    let (old, young) = (wheel("1.0"), wheel("2.0"));
    let long_ago = "data-upload-time=\"2024-01-02T03:04:05Z\"";
    let yesterday = "data-upload-time=\"2026-11-17T11:00:00Z\"";
    upstream.project(
        "good",
        &[
            ("good-1.0-py3-none-any.whl", &old, long_ago),
            ("good-2.0-py3-none-any.whl", &young, yesterday),
        ],
    );
    let gateway = Running::start(&sandbox, &upstream.url(), "");
    let path = |version: &str, bytes: &[u8]| {
        format!("/files/good/{}/good-{version}-py3-none-any.whl", hex(bytes))
    };
    assert_eq!(gateway.ask(&path("1.0", &old), "").status(), 200);
    assert_eq!(gateway.ask(&path("2.0", &young), "").status(), 403);
    // It is written within milliseconds, whether the gateway ends well or not.
    let seen = |kind: &str| audit(&sandbox, &["--kind", kind]);
    for _ in 0..100 {
        if seen("blocked").code == 0 && seen("served").code == 0 {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    drop(gateway);
    let blocked = seen("blocked").stdout;
    assert!(blocked.contains("good-2.0-py3-none-any.whl"), "{blocked}");
    assert!(blocked.contains("HOG-STATUS-new: "), "{blocked}");
    let exposed = sandbox.run(&["gateway", "exposure", &hex(&old)]);
    assert_eq!(exposed.code, 0, "{}", exposed.whole());
    assert!(exposed.stdout.contains("127.0.0.1"), "{}", exposed.stdout);
    assert_eq!(sandbox.run(&["gateway", "exposure", "good==2.0"]).code, 4);
    assert_eq!(audit(&sandbox, &["verify"]).code, 0);
}
