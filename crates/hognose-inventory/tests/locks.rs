//! Locks as uv, Poetry, PDM and Pipenv write them.

mod common;

use common::{fixture, scan_fixture, scan_memory, show, target};
use hognose_inventory::{Disk, scan_paths};

#[test]
fn uv() {
    insta::assert_snapshot!(show(&scan_fixture("uv_lock/uv.lock")));
}

#[test]
fn uv_script() {
    insta::assert_snapshot!(show(&scan_fixture("script/run.py.lock")));
}

#[test]
fn poetry() {
    insta::assert_snapshot!(show(&scan_fixture("poetry_lock/poetry.lock")));
}

#[test]
fn pdm() {
    insta::assert_snapshot!(show(&scan_fixture("pdm_lock/pdm.lock")));
}

#[test]
fn pipenv() {
    insta::assert_snapshot!(show(&scan_fixture("pipfile_lock/Pipfile.lock")));
}

#[test]
fn pylock() {
    insta::assert_snapshot!(show(&scan_fixture("pylock/pylock.toml")));
}

#[test]
fn a_target_narrows_every_lock() {
    let linux = target("3.12", "linux");
    for (lock, all, some) in [
        ("uv_lock/uv.lock", 44, 29),
        ("poetry_lock/poetry.lock", 24, 19),
        ("pdm_lock/pdm.lock", 25, 20),
        ("pipfile_lock/Pipfile.lock", 31, 30),
        ("pylock/pylock.toml", 44, 29),
    ] {
        let narrowed = scan_paths(&Disk, &[fixture(lock)], &linux);
        assert_eq!(
            (
                scan_fixture(lock).components.len(),
                narrowed.components.len()
            ),
            (all, some),
            "{lock}"
        );
        assert!(
            narrowed
                .components
                .iter()
                .all(|c| c.name.as_str() != "colorama"),
            "{lock}"
        );
    }
}

#[test]
fn uv_sources_and_scripts_without_project() {
    insta::assert_snapshot!(show(&scan_memory(&[("uv.lock", r#"
version = 1
revision = 3

[[package]]
name = "root"
version = "0.1.0"
source = { virtual = "." }
dependencies = [
    { name = "archive" },
    { name = "flat" },
    { name = "forge", extra = ["fast"] },
    { name = "here" },
    { name = "wheel" },
]

[package.optional-dependencies]
speed = [{ name = "native", marker = "sys_platform != 'win32'" }]

[package.dev-dependencies]
dev = [{ name = "native" }]

[[package]]
name = "forge"
version = "1.0"
source = { git = "https://forge.example/forge.git?tag=v1#0123456789012345678901234567890123456789" }
dependencies = [{ name = "archive" }]

[package.optional-dependencies]
fast = [{ name = "fastlib" }]
slow = [{ name = "slowlib" }]

[[package]]
name = "fastlib"
version = "1.0"
source = { registry = "https://me:secret@index.example/simple" }
sdist = { url = "https://files.index.example/f.tar.gz", hash = "sha256:0000000000000000000000000000000000000000000000000000000000000000", size = 1 }

[[package]]
name = "slowlib"
version = "1.0"
source = { registry = "https://index.example/simple" }

[[package]]
name = "archive"
version = "2.0"
source = { url = "https://files.index.example/archive-2.0.zip" }

[[package]]
name = "flat"
version = "3.0"
source = { registry = "../wheels" }

[[package]]
name = "wheel"
version = "4.0"
source = { path = "wheels/wheel-4.0-py3-none-any.whl" }

[[package]]
name = "here"
source = { directory = "libs/here" }

[[package]]
name = "native"
version = "5.0"
source = { registry = "https://index.example/simple" }
"#)], &["uv.lock"])), @"
    input uv.lock (uv lock)
    root 0.1.0 Project path=. [uv.lock:6]
    forge 1.0 vcs=git+https://forge.example/forge.git@v1@0123456789012345678901234567890123456789 [uv.lock:24]
    fastlib 1.0 index=https://****@index.example/simple hashes=1 [uv.lock:34]
    slowlib 1.0 index=https://index.example/simple [uv.lock:40]
    archive 2.0 url=https://files.index.example/archive-2.0.zip [uv.lock:45]
    flat 3.0 index=../wheels [uv.lock:50]
    wheel 4.0 path=wheels/wheel-4.0-py3-none-any.whl [uv.lock:55]
    here unknown Project path=libs/here [uv.lock:60]
    native 5.0 index=https://index.example/simple [uv.lock:64 groups=dev extras=speed]
    edge root 0.1.0 -> archive 2.0
    edge root 0.1.0 -> flat 3.0
    edge root 0.1.0 -> forge 1.0
    edge root 0.1.0 -> here
    edge root 0.1.0 -> wheel 4.0
    edge root 0.1.0 -> native 5.0 if sys_platform != 'win32'
    edge root 0.1.0 -> native 5.0
    edge forge 1.0 -> archive 2.0
    edge forge 1.0 -> fastlib 1.0
    ");
}

#[test]
fn poetry_of_old_and_new() {
    insta::assert_snapshot!(show(&scan_memory(&[("a/poetry.lock", r#"
[[package]]
name = "Flask"
version = "1.0"
description = "with \"quotes\" inside"
category = "main"
optional = false
python-versions = "*"

[package.dependencies]
click = ">=5.1"
colorama = {version = "*", markers = "platform_system == \"Windows\""}
werkzeug = [
    {version = ">=0.14", markers = "python_version < \"3\""},
    {version = ">=1", markers = "python_version >= \"3\""},
]

[[package]]
name = "click"
version = "7.0"
category = "dev"
optional = false

[[package]]
name = "werkzeug"
version = "1.0"
category = "main"

[package.source]
type = "git"
url = "https://forge.example/w.git"
reference = "main"
resolved_reference = "abc"

[metadata]
lock-version = "1.1"

[metadata.files]
flask = [
    {file = "Flask-1.0.whl", hash = "sha256:0000000000000000000000000000000000000000000000000000000000000000"},
]
Flask = [
    {file = "Flask-1.0.whl", hash = "sha256:0000000000000000000000000000000000000000000000000000000000000000"},
]
"#), ("b/poetry.lock", r#"
[[package]]
name = "both"
version = "1.0"
groups = ["main", "dev"]
markers = {main = "os_name == 'nt'", dev = "os_name == 'posix'"}

[[package]]
name = "partly"
version = "1.0"
groups = ["dev", "docs"]
markers = {docs = "os_name == 'nt'"}

[[package]]
name = "local"
version = "0.1"
groups = ["main"]
[package.source]
type = "directory"
url = "../local"

[metadata]
lock-version = "2.1"
"#)], &["."])), @r#"
    input a/poetry.lock (Poetry lock)
    input b/poetry.lock (Poetry lock)
    flask 1.0 hashes=1 [a/poetry.lock:3]
    click 7.0 [a/poetry.lock:19 groups=dev]
    werkzeug 1.0 vcs=git+https://forge.example/w.git@main@abc [a/poetry.lock:25]
    both 1.0 [b/poetry.lock:3 if (os_name == 'nt') or (os_name == 'posix')]
    partly 1.0 [b/poetry.lock:9 groups=dev,docs]
    local 0.1 Project path=../local [b/poetry.lock:15]
    edge flask 1.0 -> click 7.0
    edge flask 1.0 -> werkzeug 1.0 if python_version < "3"
    edge flask 1.0 -> werkzeug 1.0 if python_version >= "3"
    "#);
}

#[test]
fn pdm_and_pylock_sources() {
    insta::assert_snapshot!(show(&scan_memory(&[("pdm.lock", r#"
[metadata]
lock_version = "4.4.1"

[[package]]
name = "forge"
version = "1.0"
git = "https://forge.example/forge.git"
ref = "main"
revision = "abc"
groups = ["default", "dev"]

[[package]]
name = "link"
version = "1.0"
url = "https://files.index.example/link-1.0.tar.gz"
groups = ["default"]

[[package]]
name = "here"
path = "./here"
editable = true
groups = ["default"]
"#), ("pylock.toml", r#"
lock-version = "1.0"
created-by = "hand"

[[packages]]
name = "forge"
vcs = { type = "git", url = "https://forge.example/forge.git", requested-revision = "main", commit-id = "abc" }

[[packages]]
name = "link"
archive = { url = "https://files.index.example/link-1.0.tar.gz", hashes = { sha256 = "0000000000000000000000000000000000000000000000000000000000000000" } }

[[packages]]
name = "here"
directory = { path = "here", editable = true }

[[packages]]
name = "named"
wheels = [{ name = "named-2.0-py3-none-any.whl", url = "https://files.index.example/x", hashes = { sha256 = "0000000000000000000000000000000000000000000000000000000000000000" } }]
dependencies = [{ name = "link" }]

[[packages]]
name = "grouped"
version = "1.0"
marker = "'dev' in dependency_groups or 'docs' in dependency_groups or 'fast' in extras"

[[packages]]
name = "always"
version = "1.0"
marker = "'dev' in dependency_groups or os_name == 'nt'"
"#)], &["."])), @"
    input pdm.lock (PDM lock)
    input pylock.toml (pylock)
    forge 1.0 vcs=git+https://forge.example/forge.git@main@abc [pdm.lock:6]
    link 1.0 url=https://files.index.example/link-1.0.tar.gz [pdm.lock:14]
    here unknown Project path=./here editable [pdm.lock:20]
    forge unknown vcs=git+https://forge.example/forge.git@main@abc [pylock.toml:6]
    link 1.0 url=https://files.index.example/link-1.0.tar.gz hashes=1 [pylock.toml:10]
    here unknown Project path=here editable [pylock.toml:14]
    named 2.0 hashes=1 [pylock.toml:18]
    grouped 1.0 [pylock.toml:23 groups=dev,docs extras=fast if 'dev' in dependency_groups or 'docs' in dependency_groups or 'fast' in extras]
    always 1.0 [pylock.toml:28 if 'dev' in dependency_groups or os_name == 'nt']
    edge named 2.0 -> link 1.0
    gap HOG-GAP-version pylock.toml:6: forge: the version is not known: cannot be judged (pin a released version, or scan the environment it is installed in)
    ");
}

/// PDM lists extras of the project among the groups; a name that is both stays what the lock says.
#[test]
fn pdm_extras_are_no_groups() {
    let lock = r#"
[metadata]
lock_version = "4.5.0"

[[package]]
name = "redis"
version = "4.0"
dependencies = ["async-timeout"]
groups = ["cache", "test"]

[[package]]
name = "async-timeout"
version = "5.0"
groups = ["cache", "both"]
"#;
    let manifest = r#"
[project]
name = "shop"
version = "1"
[project.optional-dependencies]
cache = ["redis>=4"]
both = ["redis"]
[dependency-groups]
test = ["redis"]
both = ["redis"]
"#;
    let inventory = scan_memory(&[("pdm.lock", lock), ("pyproject.toml", manifest)], &[]);
    let sets: Vec<_> = inventory
        .components
        .iter()
        .filter_map(|c| c.declarations.first())
        .map(|d| (d.groups.join(","), d.extras.join(",")))
        .take(2)
        .collect();
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(sets, [pair("test", "cache"), pair("both", "cache")]);
}
