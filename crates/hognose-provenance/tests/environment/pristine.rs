//! Environments as pip and uv make them: nothing may be said of them, before modules are imported and after.

use std::path::{Path, PathBuf};
use std::process::Command;

use hognose_provenance::environment::{Environment, check};

use super::environment;

/// The installers of the tests; none outside `cargo xtask test`, where that is an error in CI only.
fn installers() -> Option<PathBuf> {
    let found = std::env::var_os("HOGNOSE_TEST_INSTALLERS").map(PathBuf::from);
    assert!(
        found.is_some() || std::env::var_os("CI").is_none(),
        "HOGNOSE_TEST_INSTALLERS is not set: run `cargo xtask test`, which installs pip, uv and Poetry"
    );
    found
}

fn silent(root: &Path, what: &str) {
    let report = check(&environment(root), 2);
    assert_eq!(report.problems, [], "{what}");
    assert_eq!(report.unchecked, [], "{what}");
    assert!(report.counts.files > 100, "{what}: {:?}", report.counts);
}

#[test]
fn environments_of_pip_are_silent() {
    let Some(installers) = installers() else {
        return;
    };
    for name in ["new", "old", "more"] {
        let root = installers.join(name);
        if root.is_dir() {
            silent(&root, name);
        }
    }
}

#[test]
fn environments_as_virtualenv_and_uv_make_them_are_silent() {
    let Some(installers) = installers() else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let bin = installers.join("new/bin");
    let cases: [(&str, &[&str]); 5] = [
        ("virtualenv", &["-q", "--no-download"]),
        (
            "virtualenv",
            &["-q", "--no-download", "--copies", "--prompt", "a b"],
        ),
        (
            "virtualenv",
            &["-q", "--no-download", "--system-site-packages"],
        ),
        ("uv", &["venv", "-q", "--offline"]),
        (
            "uv",
            &[
                "venv",
                "-q",
                "--offline",
                "--relocatable",
                "--prompt",
                "a b",
            ],
        ),
    ];
    for (number, (program, arguments)) in cases.iter().enumerate() {
        let root = directory.path().join(format!("env {number}"));
        let done = Command::new(bin.join(program))
            .args(*arguments)
            .args(["-p", bin.join("python").to_str().unwrap()])
            .arg(&root)
            .env("HOME", directory.path())
            .output();
        let done = done.unwrap();
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{program}: {said}");
        let report = check(&environment(&root), 2);
        assert_eq!(report.problems, [], "{program} {arguments:?}");
        assert_eq!(report.unchecked, [], "{program} {arguments:?}");
    }
}

#[test]
fn an_environment_of_uv_is_silent_before_and_after_imports() {
    let Some(installers) = installers() else {
        return;
    };
    // What a package of the test's own looks like after uv installed it, without an index.
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().join("env");
    let source = installers.join("new/lib");
    let python = source.join("../bin/python");
    let uv = installers.join("new/bin/uv");
    if !uv.is_file() {
        return;
    }
    let run = |arguments: &[&str]| {
        let done = Command::new(&uv)
            .args(arguments)
            .env("UV_CACHE_DIR", directory.path().join("cache"))
            .env("VIRTUAL_ENV", &root)
            .output()
            .unwrap();
        assert!(
            done.status.success(),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
    };
    run(&[
        "venv",
        "-q",
        "--offline",
        "-p",
        python.to_str().unwrap(),
        root.to_str().unwrap(),
    ]);
    let wheel = wheel(directory.path());
    run(&["pip", "install", "-q", "--offline", wheel.to_str().unwrap()]);
    let problems = || check(&environment(&root), 2);
    assert_eq!(problems().problems, []);
    assert!(problems().counts.files > 3);
    let imported = Command::new(root.join("bin/python"))
        .args(["-c", "import sample.part"])
        .env_remove("PYTHONDONTWRITEBYTECODE")
        .status();
    assert!(imported.unwrap().success());
    let after = problems();
    assert_eq!(after.problems, []);
    assert_eq!(after.counts.bytecode, 2);
    let ran = Command::new(root.join("bin/sample")).status();
    assert!(ran.unwrap().success());
}

/// A wheel with a program, made without a build.
fn wheel(directory: &Path) -> PathBuf {
    let script = r"
import hashlib, base64, sys, zipfile
info = 'sample-1.0.dist-info/'
files = {
    'sample/__init__.py': 'def main():\n    return 0\n',
    'sample/part.py': 'import json\nNAME = json.dumps([1])\n',
    info + 'METADATA': 'Metadata-Version: 2.1\nName: sample\nVersion: 1.0\n',
    info + 'WHEEL': 'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
    info + 'entry_points.txt': '[console_scripts]\nsample = sample:main\n',
}
digest = lambda b: base64.urlsafe_b64encode(hashlib.sha256(b).digest()).decode().rstrip('=')
rows = ''.join(f'{n},sha256={digest(t.encode())},{len(t)}\n' for n, t in files.items())
files[info + 'RECORD'] = rows + info + 'RECORD,,\n'
with zipfile.ZipFile(sys.argv[1], 'w') as archive:
    for name, text in files.items():
        archive.writestr(name, text)
";
    let wheel = directory.join("sample-1.0-py3-none-any.whl");
    let done = Command::new("python3")
        .args(["-I", "-c", script])
        .arg(&wheel)
        .status();
    assert!(done.unwrap().success());
    wheel
}

#[test]
fn a_standard_library_is_silent() {
    let python = std::env::var("HOGNOSE_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let done = Command::new(python)
        .args([
            "-I",
            "-c",
            "import json, asyncio, email; print(json.__file__)",
        ])
        .output()
        .unwrap();
    let file = PathBuf::from(String::from_utf8(done.stdout).unwrap().trim());
    let Some(library) = file.parent().and_then(Path::parent) else {
        panic!("{} has no parent", file.display());
    };
    let parts = ["json", "asyncio", "email", "importlib"].map(|part| library.join(part));
    let report = check(
        &Environment {
            libraries: parts.to_vec(),
            ..Environment::default()
        },
        2,
    );
    assert_eq!(report.problems, []);
    assert!(report.counts.bytecode + report.counts.stale > 0);
}
