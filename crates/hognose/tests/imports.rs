//! `scan --imports`: which files are read, and what a configuration may own.

mod common;

use common::{Outcome, Sandbox, root};

fn scan(sandbox: &Sandbox, arguments: &[&str]) -> Outcome {
    let feeds = root().join("examples/feeds");
    let feeds = feeds.to_str().unwrap_or_default();
    sandbox.run(&[&["scan", "--offline", "--feed", feeds], arguments].concat())
}

#[test]
fn only_the_projects_own_code_is_read() {
    let sandbox = Sandbox::new();
    sandbox.write("requirements.txt", "flask==3.1.2\n");
    sandbox.write(
        "app.py",
        "import flask, helper, vendored_thing, own_space.part, _speedups\n",
    );
    sandbox.write("lib/helper.py", "");
    sandbox.write("src/own_space/part/x.py", "");
    sandbox.write("_speedups.cpython-312-x86_64-linux-gnu.so", "");
    sandbox.write("_vendor/vendored_thing/__init__.py", "import nothing_one");
    for elsewhere in [
        "venv/lib/a.py",
        "env2/a.py",
        "node_modules/a.py",
        ".hidden/a.py",
        "build/lib/a.py",
        "left/out/a.py",
    ] {
        sandbox.write(elsewhere, "import nothing_two");
    }
    sandbox.write("env2/pyvenv.cfg", "");
    let outcome = scan(&sandbox, &["--imports", "--exclude", "left/**"]);
    assert_eq!(outcome.code, 0, "{}", outcome.whole());
    let outcome = scan(&sandbox, &["--imports"]);
    assert_eq!(outcome.code, 1, "{}", outcome.whole());
    assert!(
        outcome.stdout.contains("left/out/a.py:1"),
        "{}",
        outcome.whole()
    );
}

#[test]
fn what_cannot_be_read_is_a_gap() {
    let sandbox = Sandbox::new();
    sandbox.write("requirements.txt", "flask==3.1.2\n");
    sandbox.write("deep.py", "(".repeat(100_000));
    sandbox.write("odd.ipynb", "no notebook");
    sandbox.write("broken.py", b"import flask\n\xff\xfe def (:\n\0");
    let outcome = scan(&sandbox, &["--imports"]);
    assert_eq!(outcome.code, 3, "{}", outcome.whole());
    for file in ["deep.py", "odd.ipynb"] {
        assert!(outcome.stdout.contains(file), "{}", outcome.whole());
    }
    assert!(!outcome.stdout.contains("broken.py"), "{}", outcome.whole());
}

#[test]
fn an_environment_says_what_it_provides() {
    let sandbox = Sandbox::new();
    let site = "../env/lib/python3.12/site-packages";
    sandbox.write("../env/pyvenv.cfg", "");
    for (file, text) in [
        (
            "odd_name-1.0.dist-info/METADATA",
            "Metadata-Version: 2.1\nName: odd-name\nVersion: 1.0\n",
        ),
        (
            "odd_name-1.0.dist-info/RECORD",
            "unguessable/__init__.py,,\nodd_name-1.0.dist-info/METADATA,,\n",
        ),
        ("unguessable/__init__.py", ""),
    ] {
        sandbox.write(&format!("{site}/{file}"), text);
    }
    sandbox.write("app.py", "import unguessable\nimport missing_thing\n");
    let outcome = scan(&sandbox, &["--imports", "--python", "../env"]);
    assert!(
        !outcome.stdout.contains("unguessable"),
        "{}",
        outcome.whole()
    );
    assert!(
        outcome.stdout.contains("missing_thing"),
        "{}",
        outcome.whole()
    );
}

#[test]
fn names_of_ones_own_are_checked() {
    for pattern in ["*", "a*", "acme-*-core", "not a name"] {
        let sandbox = Sandbox::new();
        sandbox.write("requirements.txt", "flask==3.1.2\n");
        sandbox.write(
            "hognose.toml",
            format!("[identity]\nowned = [\"acme-*\",\n  \"{pattern}\"]\n"),
        );
        let outcome = scan(&sandbox, &[]);
        assert_eq!(outcome.code, 2, "{}", outcome.whole());
        assert!(
            outcome.stderr.contains("hognose.toml:3: owned: "),
            "{}",
            outcome.whole()
        );
    }
}

#[test]
fn names_of_ones_own_imitate_nobody_and_are_imitated() {
    let sandbox = Sandbox::new();
    sandbox.write("requirements.txt", "requestss==1.0\nacme-corre==1.0\n");
    sandbox.write(
        "pyproject.toml",
        "[tool.hognose.identity]\nowned = ['requestss', 'acme-core']\n",
    );
    let outcome = scan(&sandbox, &[]);
    assert_eq!(outcome.code, 0, "{}", outcome.whole());
    assert!(!outcome.stdout.contains("requestss"), "{}", outcome.whole());
    assert!(
        outcome.flowing().contains("looks like acme-core"),
        "{}",
        outcome.whole()
    );
}
