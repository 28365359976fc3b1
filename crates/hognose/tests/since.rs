//! `--since REV`: only what the change introduced.

#![expect(clippy::panic, reason = "a test stops at the first surprise")]

mod common;

use std::process::Command;

use common::Sandbox;

fn git(sandbox: &Sandbox, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.current_dir(sandbox.work()).args([
        "-c",
        "user.name=T",
        "-c",
        "user.email=t@example.invalid",
        "-c",
        "commit.gpgsign=false",
    ]);
    let done = command
        .args(arguments)
        .output()
        .unwrap_or_else(|e| panic!("git must be installed: {e}"));
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
}

fn repository() -> Sandbox {
    let sandbox = Sandbox::new();
    git(&sandbox, &["init", "-q", "-b", "main"]);
    sandbox.write(
        "app/requirements.txt",
        "-r base.txt\njinja2==3.1.2\nflask\n",
    );
    sandbox.write("app/base.txt", "idna==3.4\n");
    git(&sandbox, &["add", "."]);
    git(&sandbox, &["commit", "-q", "-m", "first"]);
    sandbox
}

#[test]
fn nothing_new_is_clean() {
    let sandbox = repository();
    assert_eq!(sandbox.scan(&["app"]).code, 1);
    let outcome = sandbox.scan(&["app", "--since", "HEAD"]);
    assert_eq!(outcome.code, 0, "{}", outcome.whole());
    assert!(outcome.stdout.contains("since HEAD"), "{}", outcome.whole());
}

#[test]
fn only_the_new_flaw_is_reported_wherever_lines_move() {
    let sandbox = repository();
    sandbox.write(
        "app/requirements.txt",
        "# moved\n\n-r base.txt\nflask\njinja2==3.1.2\ngunicorn==20.1.0\n",
    );
    for paths in [
        &["app"][..],
        &["app/requirements.txt"],
        &["."],
        &["./app/../app"],
    ] {
        let outcome = sandbox.scan(&[paths, &["--since", "main"]].concat());
        assert_eq!(outcome.code, 1, "{}", outcome.whole());
        assert!(
            outcome.stdout.contains("2 new findings in 1 of"),
            "{paths:?}: {}",
            outcome.whole()
        );
        assert!(outcome.stdout.contains("gunicorn"), "{}", outcome.whole());
    }
}

#[test]
fn a_new_gap_counts_too() {
    let sandbox = repository();
    sandbox.write("app/base.txt", "idna==3.4\nsix\n");
    assert_eq!(sandbox.scan(&["app", "--since", "HEAD"]).code, 3);
}

#[test]
fn revisions_that_are_none_are_refused() {
    let sandbox = repository();
    for revision in [
        "no-such-branch",
        "--upload-pack=touch ran",
        "HEAD:app",
        "$(touch ran)",
    ] {
        let outcome = sandbox.scan(&["app", &format!("--since={revision}")]);
        assert_eq!(outcome.code, 2, "{}", outcome.whole());
    }
    assert!(!sandbox.work().join("ran").exists());
}

#[test]
fn a_repository_cannot_run_anything() {
    let sandbox = repository();
    git(&sandbox, &["config", "core.fsmonitor", "touch ran; false"]);
    git(&sandbox, &["config", "filter.x.smudge", "touch ran"]);
    sandbox.write(".gitattributes", "* filter=x\n");
    sandbox.scan(&["app", "--since", "HEAD"]);
    assert!(!sandbox.work().join("ran").exists());
}

/// A submodule's own history is what counts: unchanged, it brings nothing new.
#[test]
fn submodules_and_links_are_followed() {
    let sandbox = repository();
    sandbox.write("vendor/requirements.txt", "gunicorn==20.1.0\n");
    let inner = |arguments: &[&str]| {
        let mut all = vec!["-C", "vendor"];
        all.extend(arguments);
        git(&sandbox, &all);
    };
    inner(&["init", "-q", "-b", "main"]);
    inner(&["add", "."]);
    inner(&["commit", "-q", "-m", "inner"]);
    git(
        &sandbox,
        &["-c", "advice.addEmbeddedRepo=false", "add", "vendor"],
    );
    git(&sandbox, &["commit", "-q", "-m", "with a submodule"]);
    assert_eq!(sandbox.scan(&["vendor"]).code, 1);
    let outcome = sandbox.scan(&["--since", "HEAD"]);
    assert_eq!(outcome.code, 0, "{}", outcome.whole());
    sandbox.write(
        "vendor/requirements.txt",
        "gunicorn==20.1.0\njinja2==3.1.1\n",
    );
    assert_eq!(sandbox.scan(&["--since", "HEAD"]).code, 1);

    let link = sandbox.work().with_file_name("link-to-work");
    std::os::unix::fs::symlink(sandbox.work(), &link).unwrap_or_else(|e| panic!("{e}"));
    let app = link.join("app").display().to_string();
    let outcome = sandbox.scan(&[&app, "--since", "HEAD"]);
    assert_eq!(outcome.code, 0, "{}", outcome.whole());
}

/// What is installed is in no revision: everything in it would look new.
#[test]
fn environments_alone_are_refused() {
    let sandbox = repository();
    sandbox.write("venv/pyvenv.cfg", "version = 3.11.7\n");
    sandbox.write(
        "venv/lib/python3.11/site-packages/idna-3.4.dist-info/METADATA",
        "Name: idna\nVersion: 3.4\n\n",
    );
    let outcome = sandbox.scan(&["--python", "venv", "--since", "HEAD"]);
    assert_eq!(outcome.code, 2, "{}", outcome.whole());
    assert!(
        outcome.stderr.contains("no installed environment") && outcome.stderr.contains("hint:"),
        "{}",
        outcome.whole()
    );
    let both = sandbox.scan(&["app", "--python", "venv", "--since", "HEAD"]);
    assert_ne!(both.code, 2, "{}", both.whole());
}
