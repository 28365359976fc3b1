//! Manners: exit codes, streams, errors, every command.

mod common;

use common::{Sandbox, fixture, root};

#[test]
fn exit_codes() {
    let sandbox = Sandbox::new();
    sandbox.write("requirements.txt", "six==1.16.0\n");
    assert_eq!(sandbox.scan(&[]).code, 0);
    sandbox.write("requirements.txt", "jinja2==3.1.2\n");
    assert_eq!(sandbox.scan(&[]).code, 1);
    assert_eq!(sandbox.scan(&["--no-such-flag"]).code, 2);
    sandbox.write("requirements.txt", "six\n");
    assert_eq!(sandbox.scan(&[]).code, 3);
    sandbox.write("requirements.txt", "six\njinja2==3.1.2\n");
    assert_eq!(sandbox.scan(&[]).code, 1, "findings come before gaps");
    assert_eq!(Sandbox::new().scan(&[]).code, 4);
    assert_eq!(sandbox.scan(&["no-such-file.txt"]).code, 3);
}

#[test]
fn errors_have_causes_and_hints() {
    let sandbox = Sandbox::new();
    sandbox.write("requirements.txt", "six==1.16.0\n");
    let cases: &[&[&str]] = &[
        &["scan", "--resolve"],
        &["scan", "--feed", "ftp://mirror.example/all.zip"],
        &["scan", "--feed", "nvd=x"],
        &["scan", "--platform", "amiga"],
        &["scan", "--python-version", "three"],
        &["scan", "--python", "no-such-python"],
        &["scan", "--since", "HEAD"],
        &["scan", "--config", "none.toml"],
        &["scan", "--vex", "none.json"],
        &["explain", "HOG-NOTHING"],
        &["man", "nothing"],
        &["db", "status"],
        &["db", "show", "not a name!"],
        &["db", "update", "--feed", "none.jsonl"],
    ];
    let one = |arguments: &&[&str]| {
        let mut all = arguments.to_vec();
        if !all.contains(&"--feed") && all[0] != "man" {
            all.extend(["--feed", "feeds.jsonl"]);
        }
        let outcome = sandbox.run(&all);
        format!(
            "$ hognose {}\nexit {}\n{}\n",
            arguments.join(" "),
            outcome.code,
            outcome.stderr
        )
    };
    sandbox.write("feeds.jsonl", "{\"id\":\"X-1\",\"affected\":[{\"package\":{\"ecosystem\":\"PyPI\",\"name\":\"demo\"},\"versions\":[\"1\"]}]}\n");
    insta::assert_snapshot!(cases.iter().map(one).collect::<String>());
}

#[test]
fn data_and_talk_use_different_streams() {
    let sandbox = Sandbox::with("rules/HOG-VULN");
    let outcome = sandbox.scan(&["-f", "json"]);
    serde_json::from_str::<serde_json::Value>(&outcome.stdout).unwrap_or_else(|e| panic!("{e}"));
    assert!(outcome.stderr.contains("findings in"), "{}", outcome.stderr);
    let quiet = sandbox.scan(&["-f", "json", "--quiet"]);
    assert_eq!(quiet.stderr, "");
    let file = sandbox.scan(&["-f", "sarif", "-o", "out.sarif"]);
    assert_eq!(file.stdout, "");
    assert!(sandbox.work().join("out.sarif").is_file());
}

#[test]
fn reports_are_reproducible() {
    let sandbox = Sandbox::with("rules/HOG-VULN");
    for format in [
        "terminal",
        "json",
        "sarif",
        "cyclonedx",
        "spdx",
        "openvex",
        "markdown",
        "html",
        "junit",
        "github",
    ] {
        let (first, second) = (sandbox.scan(&["-f", format]), sandbox.scan(&["-f", format]));
        assert_eq!(first.stdout, second.stdout, "{format}");
        assert!(!first.stdout.is_empty(), "{format}");
    }
}

#[test]
fn a_closed_pipe_is_no_error() {
    let sandbox = Sandbox::with("rules/HOG-VULN");
    let program = assert_cmd::cargo::cargo_bin("hognose");
    let feeds = root().join("examples/feeds");
    let script = format!(
        "set -o pipefail; {} scan -f html --quiet --feed {} --cache-dir cache | true; echo ${{PIPESTATUS[0]}}",
        program.display(),
        feeds.display()
    );
    for _ in 0..5 {
        let output = std::process::Command::new("bash")
            .args(["-c", &script])
            .current_dir(sandbox.work())
            .output()
            .unwrap();
        let code = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        // The reader may be gone before or after everything was written.
        assert!(
            code == "0" || code == "1",
            "{code}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(
            output.stderr.is_empty(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[test]
fn help_completions_and_manual() {
    let sandbox = Sandbox::new();
    let help = sandbox.run(&["--help"]);
    assert_eq!(help.code, 0);
    for command in ["scan", "db", "sbom", "explain", "completions", "man"] {
        assert!(
            help.stdout.contains(&format!("\n  {command} ")),
            "{}",
            help.stdout
        );
    }
    assert_eq!(sandbox.run(&[]).code, 2);
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = sandbox.run(&["completions", shell]);
        assert!(
            script.code == 0
                && script.stdout.contains("hognose")
                && script.stdout.contains("import-ignores"),
            "{shell}"
        );
    }
    for page in [&["man"][..], &["man", "scan"], &["man", "db-update"]] {
        let roff = sandbox.run(page);
        assert!(roff.code == 0 && roff.stdout.contains(".TH"), "{page:?}");
    }
    assert_eq!(sandbox.run(&["--version"]).stdout, "hognose [VERSION]\n");
}

#[test]
fn the_database_can_be_looked_at() {
    let sandbox = Sandbox::new();
    let feeds = root().join("examples/feeds");
    let feeds = feeds.to_str().unwrap();
    let update = sandbox.run(&["db", "update", "--feed", feeds]);
    assert_eq!(update.code, 0, "{}", update.whole());
    assert!(
        update
            .stdout
            .starts_with("updated: 26 advisories (1 malicious) about 13 packages, revision "),
        "{}",
        update.stdout
    );
    assert!(
        sandbox
            .run(&["db", "update", "--feed", feeds])
            .stdout
            .starts_with("already current: ")
    );
    let show = |what: &str| sandbox.run(&["db", "show", what, "--feed", feeds]);
    insta::assert_snapshot!(format!(
        "{}\n{}\n{}",
        show("CVE-2023-4863").whole(),
        show("gunicorn").whole(),
        show("six").whole()
    ));
    let explain = sandbox.run(&["explain", "ghsa-j7hp-h8jx-5ppr", "--feed", feeds]);
    assert_eq!(explain.stdout, show("CVE-2023-4863").stdout);
    let status = sandbox.run(&["db", "status", "--feed", feeds]);
    assert_eq!(status.code, 0);
    for part in [
        "revision",
        "26 advisories (1 malicious)",
        "24 records, newest 2026-08-16",
        "osv ",
    ] {
        assert!(status.stdout.contains(part), "{part}: {}", status.stdout);
    }
}

#[test]
fn one_relative_feed_in_two_directories_is_two_feeds() {
    let sandbox = Sandbox::new();
    for (directory, package) in [("one", "alpha"), ("two", "gamma")] {
        sandbox.write(
            &format!("{directory}/requirements.txt"),
            "alpha==1\ngamma==1\n",
        );
        let record = format!(
            "{{\"id\":\"X-1\",\"affected\":[{{\"package\":{{\"ecosystem\":\"PyPI\",\"name\":\"{package}\"}},\"versions\":[\"1\"]}}]}}\n"
        );
        let path = sandbox.write(&format!("{directory}/feed.jsonl"), record);
        // The same size and time: nothing but the place tells them apart.
        let file = std::fs::File::options().write(true).open(path).unwrap();
        file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_hours(1))
            .unwrap();
    }
    for (directory, package) in [("one", "alpha 1 "), ("two", "gamma 1 ")] {
        let mut command = sandbox.command(&["scan", "--feed", "feed.jsonl", "--offline"]);
        let output = command
            .current_dir(sandbox.work().join(directory))
            .output()
            .unwrap();
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(printed.contains(package), "{directory}: {printed}");
    }
}

#[test]
fn damaged_and_newer_databases() {
    let sandbox = Sandbox::with("rules/HOG-VULN");
    assert_eq!(sandbox.scan(&[]).code, 1);
    let directory = sandbox.cache().join("db");
    let path = std::fs::read_dir(&directory)
        .unwrap()
        .flatten()
        .map(|e| e.path())
        .find(|p| p.extension().is_some_and(|e| e == "hgn"))
        .unwrap();
    let good = std::fs::read(&path).unwrap();
    std::fs::write(&path, &good[..good.len() / 2]).unwrap();
    assert_eq!(
        sandbox.scan(&[]).code,
        1,
        "a cut database is rebuilt from its feeds"
    );
    let mut newer = good.clone();
    newer[8] = 99;
    std::fs::write(&path, &newer).unwrap();
    let outcome = sandbox.scan(&[]);
    assert!(
        outcome
            .flowing()
            .contains("has format 99, written by a newer version of this program"),
        "{}",
        outcome.whole()
    );
    assert!(
        outcome.stdout.trim_end().ends_with("incomplete"),
        "{}",
        outcome.whole()
    );
    assert_eq!(
        std::fs::read(&path).unwrap(),
        newer,
        "a newer program's database is left alone"
    );
}

#[test]
fn without_a_database_or_network_the_starter_set_is_used_and_said() {
    let sandbox = Sandbox::with("rules/HOG-VULN");
    let outcome = sandbox.run(&["scan", "--offline"]);
    assert!(
        outcome
            .flowing()
            .contains("only the starter set of 26 advisories was used"),
        "{}",
        outcome.whole()
    );
    assert!(
        outcome.stdout.contains("jinja2 3.1.2"),
        "{}",
        outcome.whole()
    );
    let clean = Sandbox::new();
    clean.write("requirements.txt", "six==1.16.0\n");
    assert_eq!(clean.run(&["scan", "--offline"]).code, 3);
}

#[test]
fn sboms() {
    let sandbox = Sandbox::with("rules/HOG-VULN");
    for (format, mark) in [("cyclonedx", "\"bomFormat\""), ("spdx", "\"spdxVersion\"")] {
        let outcome = sandbox.run(&["sbom", "-f", format]);
        assert_eq!(outcome.code, 0, "{}", outcome.whole());
        assert!(
            outcome.stdout.contains(mark) && outcome.stdout.contains("pkg:pypi/jinja2@3.1.2"),
            "{}",
            outcome.stdout
        );
        sandbox.write("sbom.json", &outcome.stdout);
        let back = sandbox.scan(&["sbom.json"]);
        assert!(
            back.stdout.contains("5 findings in 1 of 2 packages"),
            "{}",
            back.whole()
        );
    }
    assert_eq!(Sandbox::new().run(&["sbom"]).code, 4);
}

#[test]
fn an_environment_is_read_without_running_it() {
    let sandbox = Sandbox::new();
    let site = "env/lib/python3.12/site-packages";
    sandbox.write("env/pyvenv.cfg", "home = /nowhere\n");
    sandbox.write(
        &format!("{site}/jinja2-3.1.2.dist-info/METADATA"),
        "Metadata-Version: 2.1\nName: Jinja2\nVersion: 3.1.2\n\nText\n",
    );
    sandbox.write(
        &format!("{site}/evil.pth"),
        "import os; os.system('touch ran')\n",
    );
    sandbox.write("env/bin/python3.12", "#!/bin/sh\ntouch ran\n");
    for python in ["env", "env/bin/python3.12"] {
        let outcome = sandbox.scan(&["--python", python]);
        assert!(
            outcome.stdout.contains("5 findings in 1 of 1 package"),
            "{}",
            outcome.whole()
        );
    }
    assert!(!sandbox.work().join("ran").exists());
}

#[test]
fn markers_are_judged_for_a_target() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "requirements.txt",
        "jinja2==3.1.2 ; sys_platform == 'win32'\n",
    );
    assert!(
        sandbox.scan(&[]).stdout.contains("only on win32"),
        "{}",
        sandbox.scan(&[]).whole()
    );
    assert_eq!(sandbox.scan(&["--platform", "linux"]).code, 0);
    assert_eq!(sandbox.scan(&["--platform", "windows"]).code, 1);
}

#[test]
fn outside_text_cannot_speak_to_the_terminal() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "requirements.txt",
        "jinja2==3.1.2\n\u{1b}[2Jflask==1\n::error::x==1\n",
    );
    for format in ["terminal", "github", "markdown", "junit"] {
        let outcome = sandbox.scan(&["-f", format]);
        assert!(
            !outcome.stdout.contains('\u{1b}') && !outcome.stderr.contains('\u{1b}'),
            "{format}: {}",
            outcome.whole()
        );
        assert!(
            !outcome.stdout.lines().any(|l| l.starts_with("::error::x")),
            "{format}"
        );
    }
    assert!(fixture("rules").is_dir());
}

/// pyenv puts launchers on `PATH`: what they would start is found without starting them.
#[test]
fn the_interpreter_behind_a_launcher_is_found() {
    let sandbox = Sandbox::new();
    let version = "pyenv/versions/3.12.1";
    let site = format!("{version}/lib/python3.12/site-packages");
    sandbox.write(
        &format!("{site}/idna-3.4.dist-info/METADATA"),
        "Name: idna\nVersion: 3.4\n",
    );
    sandbox.write(&format!("{version}/bin/python3"), "");
    sandbox.write("pyenv/shims/python3", "#!/bin/sh\ntouch ran\n");
    let scan = || sandbox.scan(&["--python", "pyenv/shims/python3"]);
    let outcome = scan();
    assert_eq!(outcome.code, 2, "{}", outcome.whole());
    assert!(
        outcome.stderr.contains("pyenv which"),
        "{}",
        outcome.whole()
    );
    sandbox.write(".python-version", "3.12.1\n");
    let outcome = scan();
    assert!(outcome.code < 2, "{}", outcome.whole());
    assert!(
        outcome.flowing().contains("1 package"),
        "{}",
        outcome.whole()
    );
    sandbox.write(".python-version", "../versions/3.12.1\n");
    assert_eq!(scan().code, 2);
    assert!(!sandbox.work().join("ran").exists());
}

#[test]
fn warnings_of_sbom_name_what_they_are_about() {
    let sandbox = Sandbox::new();
    sandbox.write("requirements.txt", "flask>=2\nno good\n");
    let outcome = sandbox.run(&["sbom"]);
    let said = outcome.flowing();
    assert!(
        outcome
            .stderr
            .contains("requirements.txt:1: flask>=2: not pinned"),
        "{said}"
    );
    assert!(
        !outcome
            .stderr
            .contains("requirements.txt:2: requirements.txt"),
        "{said}"
    );
}
