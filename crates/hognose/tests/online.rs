//! `scan --online`: what is asked and what never is, and what recorded attacks look like on the day.

#![expect(clippy::panic, reason = "a test stops at the first surprise")]

mod common;

use std::path::PathBuf;

use common::index::Index;
use common::{Outcome, Sandbox};

/// 2026-11-18.
const TODAY: i64 = 1_795_000_000;
const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// A time as indexes write it.
fn stamp(at: i64) -> String {
    jiff::Timestamp::from_second(at)
        .unwrap_or_else(|e| panic!("{e}"))
        .to_string()
}

/// A file of a page: version, upload, whether an attestation is announced.
fn file(name: &str, version: &str, at: i64, attested: bool) -> String {
    let file = format!("{}-{version}.tar.gz", name.replace('-', "_"));
    let provenance = if attested {
        format!(",\"provenance\":\"/integrity/{name}\"")
    } else {
        String::new()
    };
    let time = stamp(at);
    format!(
        "{{\"filename\":\"{file}\",\"url\":\"/f/{file}\",\"hashes\":{{}},\"upload-time\":\"{time}\"{provenance}}}"
    )
}

fn page(files: &[String]) -> String {
    format!(
        "{{\"meta\":{{\"api-version\":\"1.4\"}},\"project-status\":{{\"status\":\"active\"}},\"files\":[{}]}}",
        files.join(",")
    )
}

/// A sandbox with the pages of an index beside the project.
fn pages(pages: &[(&str, String)]) -> (Sandbox, Index, PathBuf) {
    let sandbox = Sandbox::new();
    let directory = sandbox.cache().with_file_name("pages");
    std::fs::create_dir_all(&directory).unwrap_or_else(|e| panic!("{e}"));
    for (name, text) in pages {
        std::fs::write(directory.join(name), text).unwrap_or_else(|e| panic!("{e}"));
    }
    let index = Index::new(&directory);
    (sandbox, index, directory)
}

/// Rule and package of every finding.
fn findings(outcome: &Outcome) -> Vec<(String, String)> {
    let report: serde_json::Value = serde_json::from_str(&outcome.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", outcome.whole()));
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let list = report["findings"].as_array().cloned().unwrap_or_default();
    list.iter()
        .map(|f| (text(&f["rule"]), text(&f["package"]["name"])))
        .collect()
}

fn calm() -> Vec<(&'static str, String)> {
    let old = |name: &str| page(&[file(name, "1.0", TODAY - 200 * DAY, false)]);
    vec![("calm.json", old("calm")), ("mild.json", old("mild"))]
}

#[test]
fn a_second_run_asks_nothing_and_a_later_one_only_whether_anything_changed() {
    let mut all = calm();
    all.push(("calm.project.json", "{}".to_owned()));
    let (sandbox, index, _) = pages(&all);
    sandbox.write("requirements.txt", "calm==1.0\nmild==1.0\n");
    let first = index.scan(&sandbox, TODAY, &["-f", "json"]);
    assert_eq!(
        index.seen(),
        [
            "/pypi/calm/json",
            "/pypi/mild/json",
            "/simple/calm/",
            "/simple/mild/"
        ]
    );
    let again = index.scan(&sandbox, TODAY, &["-f", "json"]);
    assert_eq!(index.seen(), Vec::<String>::new());
    assert_eq!(first.stdout, again.stdout);
    index.scan(&sandbox, TODAY + DAY, &["-f", "json"]);
    let later = index.seen();
    assert!(
        later.len() == 4 && later.iter().all(|asked| asked.ends_with(" again")),
        "{later:?}"
    );
}

#[test]
fn an_old_project_is_no_imitation() {
    let releases = |name: &str, step: i64| {
        let one = |at: i64| file(name, &format!("1.{at}"), TODAY - (20 - at) * step, false);
        page(&(0..20).map(one).collect::<Vec<_>>())
    };
    for (step, expected) in [(100 * DAY, false), (DAY, true)] {
        let (sandbox, index, _) = pages(&[("reqeusts.json", releases("reqeusts", step))]);
        sandbox.write("requirements.txt", "reqeusts==1.19\nlodash==4.17.21\n");
        let outcome = index.scan(&sandbox, TODAY, &["-f", "json"]);
        let found = findings(&outcome);
        let is_found = found.iter().any(|(rule, _)| rule == "HOG-ID-lookalike");
        assert_eq!(is_found, expected, "{}", outcome.whole());
        let said = outcome
            .stdout
            .contains("that look like another are not reported");
        assert_eq!(said, !expected, "{}", outcome.whole());
        assert!(
            outcome
                .stdout
                .contains("lodash, which is a well-known JavaScript package")
        );
    }
}

#[test]
fn an_index_without_project_pages_is_not_asked_for_each_of_them() {
    let names = ["a1", "b2", "c3", "d4", "e5"];
    let html = |name: &str| {
        format!("<!DOCTYPE html><html><body><a href=\"/f/{name}-1.0.tar.gz\">x</a></body></html>")
    };
    let all: Vec<(String, String)> = names
        .iter()
        .map(|name| (format!("{name}.html"), html(name)))
        .collect();
    let all: Vec<(&str, String)> = all.iter().map(|(n, t)| (n.as_str(), t.clone())).collect();
    let (sandbox, index, _) = pages(&all);
    let lock = names.map(|name| format!("{name}==1.0\n")).concat();
    sandbox.write("requirements.txt", lock);
    let outcome = index.scan(&sandbox, TODAY, &[]);
    let seen = index.seen();
    let asked = |prefix: &str| seen.iter().filter(|s| s.starts_with(prefix)).count();
    assert_eq!((asked("/simple/"), asked("/pypi/")), (5, 2));
    // What is not known is said once, and nobody is accused.
    insta::assert_snapshot!(outcome.whole());
}

#[test]
fn nobody_is_asked_about_what_does_not_come_from_an_index() {
    let (sandbox, index, _) = pages(&calm());
    let (_kept, other, _) = pages(&calm());
    sandbox.write(
        "pyproject.toml",
        format!(
            "[project]\nname = \"own\"\nversion = \"1\"\ndependencies = [\"calm==1.0\", \"mild==1.0\", \"own\"]\n\
             [[tool.uv.index]]\nname = \"inner\"\nurl = \"{}\"\nexplicit = true\n\
             [tool.uv.sources]\nmild = {{ index = \"inner\" }}\n",
            other.url()
        ),
    );
    sandbox.write(
        "requirements.txt",
        "kept @ git+https://forge.example/kept@0123456789012345678901234567890123456789\n\
         linked @ https://files.example/linked-1.0.tar.gz\n./here\n",
    );
    index.scan(&sandbox, TODAY, &[]);
    assert_eq!(index.seen(), ["/pypi/calm/json", "/simple/calm/"]);
    assert_eq!(other.seen(), ["/pypi/mild/json", "/simple/mild/"]);
}

/// A name of the user's own goes to the index it is bound to, and to no public one.
#[test]
fn names_of_ones_own_stay_here() {
    let (sandbox, index, _) = pages(&calm());
    sandbox.write("requirements.txt", "calm==1.0\nacme-billing==1.0\n");
    sandbox.write("hognose.toml", "[identity]\nowned = [\"acme-*\"]\n");
    let outcome = index.scan(&sandbox, TODAY, &[]);
    assert_eq!(index.seen(), ["/pypi/calm/json", "/simple/calm/"]);
    assert!(
        outcome
            .flowing()
            .contains("no index was asked about 1 project of your own"),
        "{}",
        outcome.whole()
    );
}

#[test]
fn only_who_asks_for_it_tells_names() {
    let (sandbox, index, _) = pages(&calm());
    sandbox.write("requirements.txt", "calm==1.0\n");
    sandbox.scan(&["requirements.txt"]);
    let offline = index.scan(&sandbox, TODAY, &["--offline"]);
    assert_eq!((offline.code, index.seen().len()), (0, 0));
    assert!(
        offline
            .flowing()
            .contains("no index was asked about 1 project: `--offline` forbids it"),
        "{}",
        offline.whole()
    );
    // The same by configuration.
    let feed = common::root().join("examples/feeds");
    let config = format!(
        "[scan]\nonline = true\n[feeds]\ndirectory = \"{}\"\n",
        feed.display()
    );
    sandbox.write("hognose.toml", config);
    let mut command = sandbox.command(&["scan"]);
    command
        .env_remove("PIP_NO_INDEX")
        .env("PIP_INDEX_URL", index.url())
        .env("VIRTUAL_ENV", sandbox.work());
    assert!(command.output().is_ok_and(|o| o.status.success()));
    assert_eq!(index.seen().len(), 2);
    // Without an index the run is incomplete, not clean.
    let none = sandbox.run(&["scan"]);
    assert_eq!(none.code, 3, "{}", none.whole());
    assert!(none.stdout.contains("HOG-GAP-index"), "{}", none.whole());
}

#[test]
fn the_minimum_age_is_configured() {
    let young = page(&[file("young", "1.0", TODAY - 5 * DAY, false)]);
    let (sandbox, index, _) = pages(&[("young.json", young)]);
    sandbox.write("requirements.txt", "young==1.0\n");
    let count = |config: &str| {
        sandbox.write("hognose.toml", config);
        let outcome = index.scan(&sandbox, TODAY, &["-f", "json"]);
        findings(&outcome).len()
    };
    assert_eq!(count(""), 0);
    assert_eq!(count("[policy]\nmin-age = \"7d\"\n"), 1);
    assert_eq!(count("[policy]\nmin-age = \"0h\"\n"), 0);
}

/// An index that answers nobody is waited for twice, not once for every name.
#[test]
fn an_index_that_is_not_there_is_a_gap_for_every_package() {
    let (sandbox, _, _) = pages(&[]);
    sandbox.write("requirements.txt", "a==1\nb==1\nc==1\nd==1\n");
    let feed = common::root().join("examples/feeds");
    let closed = std::net::TcpListener::bind("127.0.0.1:0").map(|l| l.local_addr());
    let closed = closed.and_then(|a| a).unwrap_or_else(|e| panic!("{e}"));
    let url = format!("http://{closed}/simple/");
    let outcome = sandbox.run(&[
        "scan",
        "--online",
        "--feed",
        feed.to_str().unwrap_or_default(),
        "--index-url",
        &url,
    ]);
    assert_eq!(outcome.code, 3, "{}", outcome.whole());
    assert_eq!(outcome.stdout.matches("could not be asked").count(), 4 + 1);
}

#[test]
fn a_change_is_all_that_is_asked_about() {
    let (sandbox, index, _) = pages(&calm());
    sandbox.write("requirements.txt", "calm==1.0\nmild==1.0\n");
    sandbox.write("old/requirements.txt", "calm==1.0\n");
    for flag in ["--since", "--new-since"] {
        let outcome = index.scan(
            &sandbox,
            TODAY,
            &["requirements.txt", flag, "old/requirements.txt"],
        );
        assert_eq!(outcome.code, 0, "{}", outcome.whole());
    }
    assert_eq!(index.seen(), ["/pypi/mild/json", "/simple/mild/"]);
    sandbox.write("old/notes.md", "nothing\n");
    let refused = index.scan(&sandbox, TODAY, &["--since", "old/notes.md"]);
    assert_eq!(refused.code, 2, "{}", refused.whole());
}

/// What an index writes is shown on one line, without characters that a terminal obeys.
#[test]
fn hostile_texts_are_made_safe() {
    let bad = r"\u001b[2J\u202e\u0007";
    let evil = format!(
        "{{\"meta\":{{\"api-version\":\"1.4\"}},\"project-status\":{{\"status\":\"deprecated\",\"reason\":\"{bad}\\n::error::x\"}},\
         \"files\":[{{\"filename\":\"evil-1.0.tar.gz\",\"url\":\"/f/evil-1.0.tar.gz\",\"hashes\":{{}},\"yanked\":\"{bad}\\n::warning::y\",\
         \"requires-python\":\"<3.5,!=1{bad}\",\"upload-time\":\"99999-01-01T00:00:00Z\"}}]}}"
    );
    let owner = |name: &str| {
        format!(
            "{{\"info\":{{\"author_email\":\"a@b.example{bad}\",\"project_urls\":{{\"Source\":\"https://github.com/a/b{bad}\"}}}},\
             \"ownership\":{{\"roles\":[{{\"user\":\"{name}{bad}\"}}]}}}}"
        )
    };
    let (sandbox, index, directory) =
        pages(&[("evil.json", evil), ("evil.project.json", owner("ada"))]);
    sandbox.write("requirements.txt", "evil==1.0\n");
    index.scan(&sandbox, TODAY - DAY, &[]);
    std::fs::write(directory.join("evil.project.json"), owner("eve"))
        .unwrap_or_else(|e| panic!("{e}"));
    for format in ["terminal", "json", "github", "markdown", "html"] {
        let outcome = index.scan(&sandbox, TODAY, &["-f", format]);
        let text = outcome.whole();
        for rule in ["HOG-STATUS-yanked", "HOG-ID-takeover"] {
            assert!(text.contains(rule), "{format}: {text}");
        }
        for bad in ['\u{1b}', '\u{202e}', '\u{7}'] {
            assert!(!text.contains(bad), "{bad:?} in {text}");
        }
        let lines = text.lines();
        let mut commands =
            lines.filter(|l| l.starts_with("::error::x") || l.starts_with("::warning::y"));
        assert_eq!(commands.next(), None, "{text}");
    }
}

/// A recorded takeover: name, releases before it (days before the first bad one), the bad releases (minutes after it).
struct Takeover {
    name: &'static str,
    before: &'static [(&'static str, i64)],
    bad: &'static [(&'static str, i64)],
    /// Whether the releases before, and the bad ones, have attestations.
    attested: (bool, bool),
    /// What more than its age shows it.
    also: &'static [&'static str],
}

/// Names, versions and order as advisories have them; where a day or an hour is not on record it is ours.
const TAKEOVERS: &[Takeover] = &[
    Takeover {
        name: "ultralytics",
        before: &[("8.3.42", 3), ("8.3.43", 2), ("8.3.44", 1)],
        bad: &[("8.3.45", 0), ("8.3.46", 60)],
        attested: (true, false),
        also: &["HOG-ID-takeover"],
    },
    Takeover {
        name: "durabletask",
        before: &[("1.1.0", 200), ("1.2.0", 150), ("1.3.0", 90), ("1.4.0", 30)],
        bad: &[("1.4.1", 0), ("1.4.2", 20), ("1.4.3", 35)],
        attested: (false, false),
        also: &["HOG-ID-burst"],
    },
    Takeover {
        name: "ctx",
        before: &[
            ("0.0.9", 2900),
            ("0.1.0", 2800),
            ("0.1.1", 2750),
            ("0.1.2", 2700),
        ],
        bad: &[("0.2.2", 0), ("0.2.6", 300)],
        attested: (false, false),
        also: &["HOG-ID-burst"],
    },
    Takeover {
        name: "litellm",
        before: &[("1.82.4", 6), ("1.82.5", 4), ("1.82.6", 2)],
        bad: &[("1.82.7", 0), ("1.82.8", 13)],
        attested: (false, false),
        also: &[],
    },
    Takeover {
        name: "telnyx",
        before: &[("4.86.0", 9), ("4.87.0", 4)],
        bad: &[("4.87.1", 0), ("4.87.2", 15)],
        attested: (false, false),
        also: &[],
    },
    Takeover {
        name: "elementary-data",
        before: &[("0.23.1", 30), ("0.23.2", 12)],
        bad: &[("0.23.3", 0)],
        attested: (false, false),
        also: &[],
    },
    Takeover {
        name: "lightning",
        before: &[("2.6.0", 80), ("2.6.1", 30)],
        bad: &[("2.6.2", 0), ("2.6.3", 20)],
        attested: (false, false),
        also: &[],
    },
    Takeover {
        name: "mistralai",
        before: &[("2.4.4", 12), ("2.4.5", 5)],
        bad: &[("2.4.6", 0)],
        attested: (false, false),
        also: &[],
    },
    Takeover {
        name: "guardrails-ai",
        before: &[("0.9.2", 60), ("0.9.3", 20)],
        bad: &[("0.10.1", 0)],
        attested: (false, false),
        also: &[],
    },
];

/// On the day, every one of them is too young, and some show more; once they are removed, the pin is gone.
#[test]
fn recorded_takeovers() {
    for case in TAKEOVERS {
        let day = TODAY - 6 * HOUR;
        let before = case
            .before
            .iter()
            .map(|(version, days)| file(case.name, version, day - days * DAY, case.attested.0));
        let bad = case.bad.iter().map(|(version, minutes)| {
            file(case.name, version, day + minutes * 60, case.attested.1)
        });
        let clean: Vec<String> = before.collect();
        let all: Vec<String> = clean.iter().cloned().chain(bad).collect();
        let json = format!("{}.json", case.name);
        let (sandbox, index, directory) = pages(&[(&json, page(&all))]);
        let (pinned, _) = case.bad[0];
        sandbox.write("requirements.txt", format!("{}=={pinned}\n", case.name));
        let outcome = index.scan(&sandbox, TODAY, &["-f", "json"]);
        let found: Vec<String> = findings(&outcome)
            .into_iter()
            .map(|(rule, _)| rule)
            .collect();
        for rule in case.also.iter().chain(&["HOG-STATUS-new"]) {
            assert!(found.iter().any(|f| f == rule), "{}: {found:?}", case.name);
        }
        std::fs::write(directory.join(&json), page(&clean)).unwrap_or_else(|e| panic!("{e}"));
        let outcome = index.scan(&sandbox, TODAY + DAY, &["-f", "json"]);
        assert_eq!(outcome.code, 1, "{}", outcome.whole());
        let gone = findings(&outcome)
            .iter()
            .any(|(rule, _)| rule == "HOG-STATUS-gone");
        assert!(gone, "{}", outcome.whole());
    }
}

/// The twenty packages of the campaign of 2025-03 that calls itself time utilities.
const TIME: [&str; 20] = [
    "snapshot-photo",
    "time-check-server",
    "time-check-server-get",
    "time-server-analysis",
    "time-server-analyzer",
    "time-server-test",
    "time-service-checker",
    "aclient-sdk",
    "acloud-client",
    "acloud-clients",
    "acloud-client-uses",
    "alicloud-client",
    "alicloud-client-sdk",
    "amzclients-sdk",
    "awscloud-clients-core",
    "credential-python-sdk",
    "enumer-iam",
    "tclients-sdk",
    "tcloud-python-sdks",
    "tcloud-python-test",
];

/// No name of them is a typing error: on the day it is their age that shows, and since they were removed, that anybody
/// may register them.
#[test]
fn recorded_campaign() {
    let first = |name: &str| page(&[file(name, "0.0.1", TODAY - 20 * HOUR, false)]);
    let all: Vec<(String, String)> = TIME
        .iter()
        .map(|name| (format!("{name}.json"), first(name)))
        .collect();
    let all: Vec<(&str, String)> = all.iter().map(|(n, t)| (n.as_str(), t.clone())).collect();
    let (sandbox, index, directory) = pages(&all);
    let lock = TIME.map(|name| format!("{name}==0.0.1\n")).concat();
    sandbox.write("requirements.txt", lock);
    let count = |now: i64, rule: &str| {
        let found = findings(&index.scan(&sandbox, now, &["-f", "json"]));
        found.iter().filter(|(found, _)| found == rule).count()
    };
    assert_eq!(count(TODAY, "HOG-STATUS-new"), TIME.len());
    std::fs::remove_dir_all(&directory).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(count(TODAY + DAY, "HOG-ID-absent"), TIME.len());
    // Somebody registers one of them again.
    std::fs::create_dir_all(&directory).unwrap_or_else(|e| panic!("{e}"));
    let again = page(&[file("enumer-iam", "9.0", TODAY + DAY + HOUR, false)]);
    std::fs::write(directory.join("enumer-iam.json"), again).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(count(TODAY + 2 * DAY, "HOG-ID-revived"), 1);
}
