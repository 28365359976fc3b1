//! `scan --online --imports`: names that only code and texts lead to, and files that are older than what they name.

#![expect(clippy::panic, reason = "a test stops at the first surprise")]

mod common;

use std::path::PathBuf;
use std::process::Command;

use common::index::Index;
use common::{Outcome, Sandbox};

/// 2026-11-18.
const TODAY: i64 = 1_795_000_000;
const DAY: i64 = 86_400;

fn page(name: &str, releases: &[(&str, i64)]) -> String {
    let file = |(version, at): &(&str, i64)| {
        let time = jiff::Timestamp::from_second(*at).unwrap_or_else(|e| panic!("{e}"));
        let file = format!("{}-{version}.tar.gz", name.replace('-', "_"));
        format!(
            "{{\"filename\":\"{file}\",\"url\":\"/f/{file}\",\"hashes\":{{}},\"upload-time\":\"{time}\"}}"
        )
    };
    let files: Vec<String> = releases.iter().map(file).collect();
    format!(
        "{{\"meta\":{{\"api-version\":\"1.4\"}},\"files\":[{}]}}",
        files.join(",")
    )
}

/// A sandbox, and an index that has these projects with one release each, so many days old.
fn with(projects: &[(&str, i64)]) -> (Sandbox, Index, PathBuf) {
    let sandbox = Sandbox::new();
    let directory = sandbox.cache().with_file_name("pages");
    std::fs::create_dir_all(&directory).unwrap_or_else(|e| panic!("{e}"));
    for (name, days) in projects {
        let text = page(name, &[("1.0", TODAY - days * DAY)]);
        std::fs::write(directory.join(format!("{name}.json")), text)
            .unwrap_or_else(|e| panic!("{e}"));
    }
    let index = Index::new(&directory);
    (sandbox, index, directory)
}

/// Rule, severity and package of every finding that rests on an index.
fn findings(outcome: &Outcome) -> Vec<String> {
    let report: serde_json::Value = serde_json::from_str(&outcome.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", outcome.whole()));
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let list = report["findings"].as_array().cloned().unwrap_or_default();
    let mut all: Vec<String> = list
        .iter()
        .map(|f| {
            let rule = text(&f["rule"]);
            let name = text(&f["package"]["name"]);
            format!("{rule} {} {name}", text(&f["severity"]))
        })
        .filter(|line| !line.contains("undeclared") && !line.contains("unused"))
        .collect();
    all.sort();
    all
}

fn commit(sandbox: &Sandbox, at: i64) {
    for arguments in [
        &["init", "-q", "-b", "main"][..],
        &["add", "."],
        &["commit", "-q", "-m", "x"],
    ] {
        let mut command = Command::new("git");
        command
            .current_dir(sandbox.work())
            .env("GIT_COMMITTER_DATE", format!("{at} +0000"))
            .env("GIT_AUTHOR_DATE", format!("{at} +0000"))
            .args(["-c", "user.name=T", "-c", "user.email=t@example.invalid"])
            .args(["-c", "commit.gpgsign=false"]);
        let done = command.args(arguments).output();
        assert!(done.is_ok_and(|d| d.status.success()), "git is needed");
    }
}

#[test]
fn names_that_nobody_has() {
    let (sandbox, index, _) = with(&[("calm", 400), ("there", 900), ("flask-requests", 20)]);
    sandbox.write("requirements.txt", "calm==1.0\n");
    sandbox.write("hognose.toml", "[identity]\nowned = [\"acme-*\"]\n");
    sandbox.write(
        "README.md",
        "```sh\npip install there nobody-has-it acme-secret your-package requests\npip install flask-requests\n```\n",
    );
    sandbox.write(
        "app.py",
        "import calm, os, helper, made_up_module, acme_secret, yaml\ndef f():\n    import made_up_too\n\
         try:\n    import optional_thing\nexcept ImportError:\n    pass\n",
    );
    sandbox.write("helper.py", "");
    let outcome = index.scan(&sandbox, TODAY, &["--imports", "-f", "json"]);
    let asked: Vec<String> = index.seen();
    let pages: Vec<&str> = asked
        .iter()
        .filter_map(|path| path.strip_prefix("/simple/")?.strip_suffix('/'))
        .collect();
    assert_eq!(
        pages,
        [
            "calm",
            "flask-requests",
            "made-up-module",
            "made-up-too",
            "nobody-has-it",
            "there"
        ]
    );
    assert_eq!(
        findings(&outcome),
        [
            "HOG-ID-absent low made-up-module",
            "HOG-ID-absent medium nobody-has-it",
            "HOG-ID-absent none made-up-too",
            "HOG-ID-invented low flask-requests",
        ]
    );
    let shown = index.scan(&sandbox, TODAY, &["--imports"]);
    assert_eq!(shown.code, 1, "{}", shown.whole());
    insta::assert_snapshot!(shown.whole());
}

/// Nobody is asked without both flags.
#[test]
fn names_in_code_stay_here_unless_they_are_to_be_asked_about() {
    let (sandbox, index, _) = with(&[("calm", 400)]);
    sandbox.write("requirements.txt", "calm==1.0\n");
    sandbox.write("app.py", "import calm, made_up_module\n");
    index.scan(&sandbox, TODAY, &[]);
    assert!(!index.seen().concat().contains("made"));
    let offline = index.scan(&sandbox, TODAY, &["--imports", "--offline"]);
    assert!(index.seen().is_empty());
    let said = "no index was asked about 2 projects: `--offline` forbids it";
    assert!(offline.flowing().contains(said), "{}", offline.whole());
}

#[test]
fn texts_do_not_decide_how_much_is_asked() {
    let (sandbox, index, _) = with(&[("calm", 400)]);
    sandbox.write("requirements.txt", "calm==1.0\n");
    let lines: Vec<String> = (0..250)
        .map(|n| format!("pip install nobody-has-{n}\n"))
        .collect();
    sandbox.write("setup.sh", lines.concat());
    sandbox.write("app.py", "import calm, made_up_module\n");
    let outcome = index.scan(&sandbox, TODAY, &["--imports"]);
    let asked = index.seen().into_iter();
    let asked: Vec<String> = asked.filter(|p| p.starts_with("/simple/nobody")).collect();
    assert_eq!(asked.len(), 200);
    let said = "no index was asked about 51 projects that code and texts lead to: the limit is 200";
    assert!(outcome.flowing().contains(said), "{}", outcome.whole());
}

#[test]
fn an_index_that_does_not_answer_is_no_absence() {
    let (sandbox, index, directory) = with(&[("calm", 400)]);
    sandbox.write("requirements.txt", "calm==1.0\n");
    sandbox.write("app.py", "import calm, made_up_module\n");
    std::fs::write(directory.join("made-up-module.html"), "503\n")
        .unwrap_or_else(|e| panic!("{e}"));
    let outcome = index.scan(&sandbox, TODAY, &["--imports"]);
    assert!(!outcome.stdout.contains("HOG-ID-absent"));
    assert!(
        outcome.stdout.contains("HOG-GAP-index"),
        "{}",
        outcome.whole()
    );
}

#[test]
fn what_was_registered_after_it_was_asked_for() {
    let (sandbox, index, _) = with(&[("calm", 400), ("late", 30), ("told", 30), ("lead", 30)]);
    sandbox.write("requirements.txt", "calm==1.0\nlate\n");
    sandbox.write("README.md", "`pip install told`\n");
    sandbox.write("app.py", "import calm, lead, late\n");
    let scan = || findings(&index.scan(&sandbox, TODAY, &["--imports", "-f", "json"]));
    // Without a repository nobody knows since when a file asks for it.
    assert_eq!(scan(), Vec::<String>::new());
    commit(&sandbox, TODAY - 100 * DAY);
    assert_eq!(
        scan(),
        [
            "HOG-ID-revived low lead",
            "HOG-ID-revived medium late",
            "HOG-ID-revived medium told"
        ]
    );
    // A file that is not as it was committed may have been written today.
    sandbox.write("README.md", "# New\n`pip install told`\n");
    assert_eq!(scan().len(), 2);
    commit(&sandbox, TODAY - 20 * DAY);
    assert_eq!(scan().len(), 2);
}

#[test]
fn a_pin_that_is_older_than_its_release() {
    let (sandbox, index, directory) = with(&[]);
    let releases = [("1.0", TODAY - 900 * DAY), ("1.1", TODAY - 10 * DAY)];
    for name in ["calm", "swift"] {
        std::fs::write(
            directory.join(format!("{name}.json")),
            page(name, &releases),
        )
        .unwrap_or_else(|e| panic!("{e}"));
    }
    sandbox.write("requirements.txt", "calm==1.0\nswift==1.1\n");
    commit(&sandbox, TODAY - 12 * DAY);
    let outcome = index.scan(&sandbox, TODAY, &[]);
    assert_eq!(outcome.code, 1, "{}", outcome.whole());
    let said = "1.1 was uploaded 2 days after the last change of requirements.txt, which pins it";
    assert!(outcome.flowing().contains(said), "{}", outcome.whole());
    assert_eq!(outcome.stdout.matches("HOG-ID-revived").count(), 1);
}
