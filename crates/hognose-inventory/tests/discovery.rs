//! What a scan of a directory chooses, and what it leaves out and why.

mod common;

use common::{scan_memory, scan_memory_for, show};
use hognose_inventory::{Disk, Options, scan_paths};

const LOCK: &str = "version = 1\n[[package]]\nname = \"six\"\nversion = \"1.16.0\"\n";

#[test]
fn chosen_and_left_out() {
    let files = [
        ("uv.lock", LOCK),
        (
            "pyproject.toml",
            "[project]\nname = \"shop\"\ndependencies = [\"six\"]\n",
        ),
        ("setup.py", "import setuptools; setuptools.setup()\n"),
        ("requirements.in", "flask\n"),
        ("requirements.txt", "flask==2.0\n"),
        (
            "requirements/base.txt",
            "-c ../constraints.txt\nattrs==22.1\n",
        ),
        (
            "requirements/notes.txt",
            "These are notes, not requirements\n",
        ),
        ("constraints.txt", "attrs==22.1\n"),
        ("dev-constraints.txt", "attrs==22.1\n"),
        ("bom.json", "{\"bomFormat\": \"CycloneDX\"}"),
        ("build/requirements.txt", "evil==1\n"),
        ("node_modules/x/requirements.txt", "evil==1\n"),
        (".git/requirements.txt", "evil==1\n"),
        (".cache/requirements.txt", "evil==1\n"),
        (".github/requirements.txt", "ci==1\n"),
        ("src/__pycache__/requirements.txt", "evil==1\n"),
        ("shop.egg-info/requires.txt", "evil\n"),
        (
            "scripts/run.py",
            "# /// script\n# dependencies = [\"rich==13.0\"]\n# ///\n",
        ),
        ("scripts/plain.py", "print()\n"),
        (
            "lib/module.py",
            "# /// script\n# dependencies = [\"hidden==1\"]\n# ///\n",
        ),
        ("wheels/six-1.16.0-py3-none-any.whl", "PK"),
        ("services/api/Pipfile", "[packages]\nflask = \"*\"\n"),
        (
            "services/api/Pipfile.lock",
            "{\"_meta\": {\"pipfile-spec\": 6}, \"default\": {\"flask\": {\"version\": \"==2.0\"}}}",
        ),
        ("docs/readme.md", "# hello\n"),
    ];
    insta::assert_snapshot!(show(&scan_memory(&files, &[])), @"
    input uv.lock (uv lock)
    input requirements.txt (requirements file)
    input .github/requirements.txt (requirements file)
    input requirements/base.txt (requirements file)
    input constraints.txt (requirements file)
    input scripts/run.py (script)
    input services/api/Pipfile.lock (Pipenv lock)
    six 1.16.0 [uv.lock:3] [pyproject.toml:3 direct]
    flask 2.0 [requirements.txt:1 direct]
    ci 1 [.github/requirements.txt:1 direct]
    attrs 22.1 [requirements/base.txt:2 direct]
    rich 13.0 [scripts/run.py:2 direct]
    flask 2.0 [services/api/Pipfile.lock:1] [services/api/Pipfile:2 direct]
    skipped .cache: a hidden directory; name it to scan it
    skipped build: build results or other tools' packages; name it to scan it
    skipped node_modules: build results or other tools' packages; name it to scan it
    skipped pyproject.toml: uv.lock pins it; read only for the lines to edit
    skipped services/api/Pipfile: Pipfile.lock pins it; read only for the lines to edit
    skipped requirements.in: requirements.txt was compiled from it
    skipped dev-constraints.txt: a constraints file lists versions without asking for them; name it to scan it
    skipped bom.json: an SBOM beside the files it describes; name it to scan it
    skipped setup.py: uv.lock pins it
    skipped wheels/six-1.16.0-py3-none-any.whl: an artifact; name it or its directory to scan it
    ");
}

#[test]
fn exclusions() {
    let files = [
        ("app/requirements.txt", "a==1\n"),
        ("app/tests/requirements.txt", "b==1\n"),
        ("app/tests/deep/requirements.txt", "c==1\n"),
        ("app/tools/requirements-dev.txt", "d==1\n"),
    ];
    for (pattern, names) in [
        ("tests", "a d"),
        ("app/tests", "a d"),
        ("**/deep", "a b d"),
        ("requirements-*.txt", "a b c"),
        ("**/*.txt", ""),
        ("./app/tests/", "a d"),
        ("other", "a b c d"),
    ] {
        let options = Options {
            exclude: vec![pattern.to_owned()],
            ..Options::default()
        };
        let inventory = scan_memory_for(&files, &["app"], &options);
        let mut found: Vec<&str> = inventory
            .components
            .iter()
            .map(|c| c.name.as_str())
            .collect();
        found.sort_unstable();
        assert_eq!(found.join(" "), names, "{pattern}");
        assert_eq!(
            inventory.skipped.is_empty(),
            pattern == "other",
            "{pattern}"
        );
    }
}

#[test]
fn limits_of_the_search_are_said() {
    let deep = format!("{}requirements.txt", "d/".repeat(10));
    let files = [
        (deep.as_str(), "a==1\n"),
        ("x/requirements.txt", "b==1\n"),
        ("y/requirements.txt", "c==1\n"),
    ];
    insta::assert_snapshot!(show(&scan_memory(&files, &[])), @"
    input x/requirements.txt (requirements file)
    input y/requirements.txt (requirements file)
    b 1 [x/requirements.txt:1 direct]
    c 1 [y/requirements.txt:1 direct]
    notice .: directories more than 6 levels down were not searched
    ");
    let mut options = Options::default();
    options.limits.directories = 3;
    options.limits.entries = 2;
    insta::assert_snapshot!(show(&scan_memory_for(&files, &[], &options)), @"gap HOG-GAP-unreadable .: cannot list the directory: more than 2 directory entries (check its permissions, or leave it out with `--exclude`)");
    let options = Options {
        allow_discovery: false,
        ..Options::default()
    };
    insta::assert_snapshot!(show(&scan_memory_for(&files, &[], &options)), @"gap HOG-GAP-unreadable .: a directory that is not an environment (name the files to scan)");
}

#[test]
fn a_file_named_twice_is_read_once() {
    let files = [
        ("requirements.txt", "a==1\n"),
        ("dev.txt", "-r requirements.txt\nb==1\n"),
    ];
    let inventory = scan_memory(
        &files,
        &["dev.txt", "requirements.txt", "./requirements.txt", "."],
    );
    assert_eq!(inventory.components.len(), 2, "{}", show(&inventory));
}

#[test]
fn constraints_reach_files_that_were_read_before() {
    let files = [
        ("a/requirements.txt", "flask\n"),
        ("b/requirements.txt", "-r ../a/requirements.txt\n-c c.txt\n"),
        ("b/c.txt", "flask==2.0\n"),
    ];
    insta::assert_snapshot!(show(&scan_memory(&files, &["."])), @"
    input a/requirements.txt (requirements file)
    input b/requirements.txt (requirements file)
    input b/c.txt (requirements file)
    flask 2.0 [b/c.txt:1] [a/requirements.txt:1 direct]
    ");
}

#[test]
fn a_workspace_is_read_through_its_lock() {
    let lock = concat!(
        "version = 1\n[manifest]\nmembers = [\"root\", \"member\"]\n",
        "[[package]]\nname = \"root\"\nversion = \"1\"\nsource = { virtual = \".\" }\ndependencies = [{ name = \"member\" }]\n",
        "[[package]]\nname = \"member\"\nversion = \"1\"\nsource = { editable = \"packages/member\" }\ndependencies = [{ name = \"six\" }]\n",
        "[[package]]\nname = \"six\"\nversion = \"1.16.0\"\nsource = { registry = \"https://index.example/simple\" }\n",
    );
    let files = [
        ("uv.lock", lock),
        (
            "pyproject.toml",
            "[project]\nname = \"root\"\ndependencies = [\"member\"]\n",
        ),
        (
            "packages/member/pyproject.toml",
            "[project]\nname = \"member\"\ndependencies = [\"six>=1\"]\n",
        ),
    ];
    insta::assert_snapshot!(show(&scan_memory(&files, &[])), @"
    input uv.lock (uv lock)
    root 1 Project path=. [uv.lock:5]
    member 1 Project path=packages/member editable [uv.lock:10] [pyproject.toml:3 direct]
    six 1.16.0 index=https://index.example/simple [uv.lock:15] [packages/member/pyproject.toml:3 direct]
    edge root 1 -> member 1
    edge member 1 -> six 1.16.0
    skipped pyproject.toml: uv.lock pins it; read only for the lines to edit
    skipped packages/member/pyproject.toml: uv.lock pins it; read only for the lines to edit
    ");
}

#[cfg(unix)]
#[test]
fn pipes_sockets_and_dangling_links_are_said() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    // Opening the pipe would wait for ever.
    let made = std::process::Command::new("mkfifo")
        .arg(root.join("requirements.txt"))
        .status()
        .unwrap();
    assert!(made.success());
    let _socket = std::os::unix::net::UnixListener::bind(root.join("uv.lock")).unwrap();
    std::os::unix::fs::symlink("requirements.txt", root.join("dev-requirements.txt")).unwrap();
    std::os::unix::fs::symlink("gone", root.join("poetry.lock")).unwrap();
    std::os::unix::fs::symlink("gone", root.join("readme.md")).unwrap();
    let path = root.display().to_string();
    let inventory = scan_paths(&Disk, std::slice::from_ref(&path), &Options::default());
    let gaps: Vec<String> = inventory
        .gaps
        .iter()
        .map(|gap| format!("{}: {}", gap.subject.replace(&path, "."), gap.message))
        .collect();
    assert_eq!(
        gaps,
        [
            "./dev-requirements.txt: not a regular file: not opened",
            "./poetry.lock: a link that leads nowhere",
            "./requirements.txt: not a regular file: not opened",
            "./uv.lock: not a regular file: not opened",
        ]
    );
    assert!(inventory.inputs.is_empty());
}
