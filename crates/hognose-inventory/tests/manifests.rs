//! `pyproject.toml` and its relatives, alone and beside a lock.

mod common;

use common::{scan_memory, show, show_gaps};

fn one(name: &str, text: &str) -> String {
    show(&scan_memory(&[(name, text)], &[name]))
}

#[test]
fn pep_621_and_735() {
    insta::assert_snapshot!(one("pyproject.toml", r#"
[build-system]
requires = ["hatchling", "pinned==1.0"]

[project]
name = "My.Shop"
version = "1.0"
dependencies = [
    "flask==2.0.1",
    "requests>=2 ; sys_platform == 'win32'",
    "lib @ git+https://forge.example/lib.git@v1",
]

[project.optional-dependencies]
cache = ["redis==4.0"]

[dependency-groups]
Dev_Tools = ["pytest==7.0", { include-group = "lint" }]
all = [{ include-group = "dev-tools" }]
lint = ["ruff==0.1"]
"#), @r#"
    input pyproject.toml (pyproject.toml)
    my-shop 1.0 Project [pyproject.toml:6 direct]
    flask 2.0.1 [pyproject.toml:9 direct]
    requests range:">=2" [pyproject.toml:10 direct if sys_platform == 'win32']
    lib unknown vcs=git+https://forge.example/lib.git@v1 [pyproject.toml:11 direct]
    redis 4.0 [pyproject.toml:15 direct extras=cache]
    pytest 7.0 [pyproject.toml:18 direct groups=dev-tools,all]
    ruff 0.1 [pyproject.toml:20 direct groups=lint,dev-tools,all]
    pinned 1.0 [pyproject.toml:3 direct groups=build-system]
    edge my-shop 1.0 -> flask 2.0.1
    edge my-shop 1.0 -> requests if sys_platform == 'win32'
    edge my-shop 1.0 -> lib
    edge my-shop 1.0 -> redis 4.0
    edge my-shop 1.0 -> pytest 7.0
    edge my-shop 1.0 -> ruff 0.1
    edge my-shop 1.0 -> pinned 1.0
    gap HOG-GAP-unpinned pyproject.toml:10: requests>=2: not pinned: cannot be judged (lock it, or pass `--resolve`)
    gap HOG-GAP-version pyproject.toml:11: lib: the version is not known: cannot be judged (pin a released version, or scan the environment it is installed in)
    notice pyproject.toml: 1 build requirement without exact version not judged
    "#);
}

#[test]
fn poetry() {
    insta::assert_snapshot!(one("pyproject.toml", r#"
[tool.poetry]
name = "shop"
version = "0.1.0"

[tool.poetry.dependencies]
python = "^3.8"
exact = "1.2.3"
also = "==2.0"
caret = "^1.0"
any = "*"
redis = { version = "4.0", optional = true }
old = [
    { version = "1.0", python = "<3.10" },
    { version = "2.0", python = ">=3.10", markers = "os_name == 'nt'" },
]
forge = { git = "https://forge.example/x.git", rev = "abc" }
local = { path = "../local", develop = true }
wheel = { path = "wheels/wheel-3.0-py3-none-any.whl" }
win = { version = "1.0", platform = "win32" }

[tool.poetry.extras]
cache = ["redis"]

[tool.poetry.dev-dependencies]
pytest = "7.0.0"

[tool.poetry.group.docs.dependencies]
mkdocs = "1.0"
"#), @r#"
    input pyproject.toml (pyproject.toml)
    shop 0.1.0 Project [pyproject.toml:3 direct]
    exact 1.2.3 [pyproject.toml:8 direct]
    also 2.0 [pyproject.toml:9 direct]
    caret range:"^1.0" [pyproject.toml:10 direct]
    any range:"" [pyproject.toml:11 direct]
    redis 4.0 [pyproject.toml:12 direct extras=cache]
    old 1.0 [pyproject.toml:14 direct if python_version < '3.10']
    old 2.0 [pyproject.toml:15 direct if (os_name == 'nt') and python_version >= '3.10']
    forge unknown vcs=git+https://forge.example/x.git@abc [pyproject.toml:17 direct]
    local unknown Project path=../local editable [pyproject.toml:18 direct]
    wheel 3.0 path=wheels/wheel-3.0-py3-none-any.whl [pyproject.toml:19 direct]
    win 1.0 [pyproject.toml:20 direct if sys_platform == 'win32']
    pytest 7.0.0 [pyproject.toml:26 direct groups=dev]
    mkdocs 1.0 [pyproject.toml:29 direct groups=docs]
    edge shop 0.1.0 -> exact 1.2.3
    edge shop 0.1.0 -> also 2.0
    edge shop 0.1.0 -> caret
    edge shop 0.1.0 -> any
    edge shop 0.1.0 -> redis 4.0
    edge shop 0.1.0 -> old 1.0 if python_version < '3.10'
    edge shop 0.1.0 -> old 2.0 if (os_name == 'nt') and python_version >= '3.10'
    edge shop 0.1.0 -> forge
    edge shop 0.1.0 -> local
    edge shop 0.1.0 -> wheel 3.0
    edge shop 0.1.0 -> win 1.0 if sys_platform == 'win32'
    edge shop 0.1.0 -> pytest 7.0.0
    edge shop 0.1.0 -> mkdocs 1.0
    gap HOG-GAP-unpinned pyproject.toml:10: caret^1.0: not pinned: cannot be judged (lock it, or pass `--resolve`)
    gap HOG-GAP-unpinned pyproject.toml:11: any: not pinned: cannot be judged (lock it, or pass `--resolve`)
    gap HOG-GAP-version pyproject.toml:17: forge: the version is not known: cannot be judged (pin a released version, or scan the environment it is installed in)
    "#);
}

#[test]
fn pdm_hatch_and_uv() {
    insta::assert_snapshot!(one("pyproject.toml", r#"
[project]
name = "shop"
dependencies = ["helper==1.0", "mirror==2.0", "fork==3.0"]

[tool.pdm.dev-dependencies]
test = ["pytest==7.0", "-e file:///srv/x#egg=edit"]

[tool.hatch.envs.default]
dependencies = ["black==22.0"]
[tool.hatch.envs.docs]
extra-dependencies = ["mkdocs==1.0"]

[tool.uv]
dev-dependencies = ["ruff==0.1"]

[[tool.uv.index]]
name = "inner"
url = "https://index.example/simple"

[tool.uv.sources]
helper = { workspace = true }
mirror = { index = "inner" }
fork = { git = "https://forge.example/fork.git", tag = "v3" }
"#), @"
    input pyproject.toml (pyproject.toml)
    shop unknown Project [pyproject.toml:3 direct]
    helper unknown Project path=. editable [pyproject.toml:4 direct]
    mirror 2.0 index=https://index.example/simple [pyproject.toml:4 direct]
    fork unknown vcs=git+https://forge.example/fork.git@v3 [pyproject.toml:4 direct]
    pytest 7.0 [pyproject.toml:7 direct groups=test]
    edit unknown Project path=/srv/x [pyproject.toml:7 direct groups=test]
    ruff 0.1 [pyproject.toml:15 direct groups=dev]
    black 22.0 [pyproject.toml:10 direct groups=default]
    mkdocs 1.0 [pyproject.toml:12 direct groups=docs]
    edge shop -> helper
    edge shop -> mirror 2.0
    edge shop -> fork
    edge shop -> pytest 7.0
    edge shop -> edit
    edge shop -> ruff 0.1
    edge shop -> black 22.0
    edge shop -> mkdocs 1.0
    gap HOG-GAP-version pyproject.toml:4: fork: the version is not known: cannot be judged (pin a released version, or scan the environment it is installed in)
    ");
}

#[test]
fn dynamic_dependencies_are_followed_or_named() {
    let files = [
        (
            "a/pyproject.toml",
            "[project]\nname = \"a\"\ndynamic = [\"dependencies\"]\n[tool.setuptools.dynamic]\ndependencies = { file = [\"reqs.txt\"] }\n",
        ),
        ("a/reqs.txt", "flask==2.0\n"),
        (
            "b/pyproject.toml",
            "[project]\nname = \"b\"\ndynamic = [\"version\", \"dependencies\"]\n",
        ),
    ];
    insta::assert_snapshot!(show(&scan_memory(&files, &["."])), @"
    input a/reqs.txt (requirements file)
    input a/pyproject.toml (pyproject.toml)
    input b/pyproject.toml (pyproject.toml)
    flask 2.0 [a/reqs.txt:1 direct]
    a unknown Project [a/pyproject.toml:2 direct]
    b unknown Project [b/pyproject.toml:2 direct]
    gap HOG-GAP-unreadable b/pyproject.toml:3: the dependencies are computed when the project is built (lock the project, or scan the environment it is installed in)
    ");
}

#[test]
fn bad_manifests() {
    let mut out = String::new();
    for text in [
        "[project]\nname = \"-x-\"\ndependencies = \"flask\"\n",
        "[project]\ndependencies = [\"flask==\", 3, \"ok==1\"]\n",
        "[dependency-groups]\na = [{ include-group = \"b\" }]\nb = [{ include-group = \"a\" }, \"x==1\"]\nc = [{ include-group = \"zzz\" }]\n",
        "[project]\nname = \"x\"\ndependencies = [\n  \"a==1\",\n",
        "[tool.poetry.dependencies]\n\"bad name\" = \"1\"\nx = 3\ny = { version = \"1\", markers = \"wat\" }\n",
    ] {
        out.push_str(&one("pyproject.toml", text));
        out.push_str("--\n");
    }
    insta::assert_snapshot!(out, @r#"
    input pyproject.toml (pyproject.toml)
    gap HOG-GAP-unreadable pyproject.toml:2: "-x-" is not a package name: only letters, digits, '.', '_' and '-' are allowed, with a letter or digit at both ends (correct the project's name; the rest of the file was read)
    gap HOG-GAP-unreadable pyproject.toml:3: "dependencies" is not a list of requirements (write it as `["name>=1.0"]`)
    --
    input pyproject.toml (pyproject.toml)
    ok 1 [pyproject.toml:2 direct]
    gap HOG-GAP-unreadable pyproject.toml:2: "==" is not a version specifier under PEP 440 (write it as `name>=1.0 ; marker`; the rest of the file was read)
    gap HOG-GAP-unreadable pyproject.toml:2: not a requirement (write it as `"name>=1.0"`)
    --
    input pyproject.toml (pyproject.toml)
    x 1 [pyproject.toml:3 direct groups=b,a]
    gap HOG-GAP-unreadable pyproject.toml:4: there is no dependency group "zzz" (correct the name)
    gap HOG-GAP-unreadable pyproject.toml:2: the dependency group "a" includes itself (remove the include that closes the loop)
    gap HOG-GAP-unreadable pyproject.toml:3: the dependency group "b" includes itself (remove the include that closes the loop)
    --
    input pyproject.toml (pyproject.toml)
    x unknown Project [pyproject.toml:2 direct]
    a 1 [pyproject.toml:4 direct]
    edge x -> a 1
    gap HOG-GAP-unreadable pyproject.toml:4: not valid TOML: unclosed array, expected `]` (correct the file; what could be read around the fault was read)
    --
    input pyproject.toml (pyproject.toml)
    y 1 [pyproject.toml:4 direct]
    gap HOG-GAP-unreadable pyproject.toml:2: "bad name" is not a package name: only letters, digits, '.', '_' and '-' are allowed, with a letter or digit at both ends (correct the name)
    gap HOG-GAP-unreadable pyproject.toml:3: cannot read the dependency "x" (write it as `name = "^1.0"`)
    gap HOG-GAP-unreadable pyproject.toml:4: cannot read the environment marker "wat" at byte 3: expected a comparison operator (correct the marker; the entry was read as if it had none)
    --
    "#);
}

#[test]
fn setup_cfg() {
    insta::assert_snapshot!(one("setup.cfg", r"
[metadata]
name = shop
version = 1.0

[options]
install_requires =
    flask==2.0.1
    # a comment
    requests>=2; python_version < '3.9'
    bad==
setup_requires = wheel
tests_require = pytest==7

[options.extras_require]
cache =
    redis==4.0
dev = black==22
more = file: more.txt
junk
"), @r#"
    input setup.cfg (setup.cfg)
    shop 1.0 Project [setup.cfg:3 direct]
    flask 2.0.1 [setup.cfg:8 direct]
    requests range:">=2" [setup.cfg:10 direct if python_version < '3.9']
    pytest 7 [setup.cfg:13 direct groups=tests]
    redis 4.0 [setup.cfg:17 direct extras=cache]
    black 22 [setup.cfg:18 direct extras=dev]
    edge shop 1.0 -> flask 2.0.1
    edge shop 1.0 -> requests if python_version < '3.9'
    edge shop 1.0 -> pytest 7
    edge shop 1.0 -> redis 4.0
    edge shop 1.0 -> black 22
    gap HOG-GAP-unreadable setup.cfg:11: "==" is not a version specifier under PEP 440 (write it as `name>=1.0 ; marker`; the rest of the file was read)
    gap HOG-GAP-unreadable setup.cfg:20: a line that is neither a section nor a setting (correct the file)
    gap HOG-GAP-unreadable setup.cfg:19: more.txt does not exist or lies outside the scanned directories (correct the path)
    gap HOG-GAP-unpinned setup.cfg:10: requests>=2: not pinned: cannot be judged (lock it, or pass `--resolve`)
    notice setup.cfg: 1 build requirement without exact version not judged
    "#);
}

#[test]
fn setup_py() {
    insta::assert_snapshot!(one("setup.py", r#"
import os
from setuptools import setup, find_packages

VERSION = "1.0"
BASE = ["flask==2.0.1", "six" "==1.16.0"]
EXTRA = {"cache": ["redis==4.0"], ":sys_platform == 'win32'": ["colorama==0.4"]}
if os.name == "nt":
    BASE.append("pywin32==300")

def read(path):
    return open(path).read()

setup(
    name="shop",
    version=VERSION,
    long_description=read("README.md"),
    packages=find_packages(exclude=["tests"]),
    install_requires=BASE + [
        'requests>=2',  # comment
        f"computed{VERSION}",
    ],
    extras_require=EXTRA,
    tests_require="""
        pytest==7.0
        mock==5.0
    """,
)
"#), @r#"
    input setup.py (setup.py)
    shop 1.0 Project [setup.py:15 direct]
    flask 2.0.1 [setup.py:6 direct]
    six 1.16.0 [setup.py:6 direct]
    requests range:">=2" [setup.py:20 direct]
    redis 4.0 [setup.py:7 direct extras=cache]
    colorama 0.4 [setup.py:7 direct if sys_platform == 'win32']
    pytest 7.0 [setup.py:25 direct groups=tests]
    mock 5.0 [setup.py:26 direct groups=tests]
    edge shop 1.0 -> flask 2.0.1
    edge shop 1.0 -> six 1.16.0
    edge shop 1.0 -> requests
    edge shop 1.0 -> redis 4.0
    edge shop 1.0 -> colorama 0.4 if sys_platform == 'win32'
    edge shop 1.0 -> pytest 7.0
    edge shop 1.0 -> mock 5.0
    gap HOG-GAP-unreadable setup.py:9: install_requires is computed: only running setup.py would tell it (setup.py is never run; lock the project, or scan the environment it is installed in)
    gap HOG-GAP-unreadable setup.py:21: install_requires is computed: only running setup.py would tell it (setup.py is never run; lock the project, or scan the environment it is installed in)
    gap HOG-GAP-unpinned setup.py:20: requests>=2: not pinned: cannot be judged (lock it, or pass `--resolve`)
    "#);
}

#[test]
fn setup_py_that_only_running_would_tell() {
    let mut out = String::new();
    for text in [
        "from setuptools import setup\nsetup(install_requires=open('r.txt').read().split())\n",
        "setup(**config)\n",
        "kw = dict(a=1)\nkw2 = {'install_requires': ['a==1']}\nsetup(**kw2)\n",
        "print('hi')\n",
        "setup(install_requires=[x for x in y], extras_require=make())\n",
        "setup(install_requires=['a==1'] if x else [])\n",
    ] {
        out.push_str(&one("setup.py", text));
        out.push_str("--\n");
    }
    insta::assert_snapshot!(out, @"
    input setup.py (setup.py)
    gap HOG-GAP-unreadable setup.py:2: install_requires is computed: only running setup.py would tell it (setup.py is never run; lock the project, or scan the environment it is installed in)
    --
    input setup.py (setup.py)
    gap HOG-GAP-unreadable setup.py:1: setup(**…) passes arguments that only running would tell (setup.py is never run; lock the project, or scan the environment it is installed in)
    --
    input setup.py (setup.py)
    a 1 [setup.py:2 direct]
    --
    input setup.py (setup.py)
    gap HOG-GAP-unreadable setup.py: no call of setup() was found (setup.py is never run; lock the project, or scan the environment it is installed in)
    --
    input setup.py (setup.py)
    gap HOG-GAP-unreadable setup.py:1: install_requires is computed: only running setup.py would tell it (setup.py is never run; lock the project, or scan the environment it is installed in)
    gap HOG-GAP-unreadable setup.py:1: extras_require is computed: only running setup.py would tell it (setup.py is never run; lock the project, or scan the environment it is installed in)
    --
    input setup.py (setup.py)
    a 1 [setup.py:1 direct]
    gap HOG-GAP-unreadable setup.py:1: install_requires is computed: only running setup.py would tell it (setup.py is never run; lock the project, or scan the environment it is installed in)
    --
    ");
}

#[test]
fn pipfile() {
    insta::assert_snapshot!(one("Pipfile", r#"
[[source]]
name = "inner"
url = "https://me:secret@index.example/simple"

[packages]
flask = "==2.0.1"
requests = "*"
inner = { version = "==1.0", index = "inner" }
win = { version = "==1.0", sys_platform = "== 'win32'" }
fork = { git = "https://forge.example/fork.git", ref = "v1", editable = true }
here = { path = ".", editable = true }

[dev-packages]
pytest = "==7.0"

[docs]
mkdocs = "==1.0"
"#), @r#"
    input Pipfile (Pipfile)
    flask 2.0.1 [Pipfile:7 direct]
    requests range:"" [Pipfile:8 direct]
    inner 1.0 index=https://****@index.example/simple [Pipfile:9 direct]
    win 1.0 [Pipfile:10 direct if sys_platform == 'win32']
    fork unknown vcs=git+https://forge.example/fork.git@v1 [Pipfile:11 direct]
    here unknown Project path=. editable [Pipfile:12 direct]
    pytest 7.0 [Pipfile:15 direct groups=dev]
    mkdocs 1.0 [Pipfile:18 direct groups=docs]
    gap HOG-GAP-unpinned Pipfile:8: requests: not pinned: cannot be judged (lock it, or pass `--resolve`)
    gap HOG-GAP-version Pipfile:11: fork: the version is not known: cannot be judged (pin a released version, or scan the environment it is installed in)
    "#);
}

#[test]
fn script() {
    insta::assert_snapshot!(one("run.py", r#"#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "httpx<1",
#
#   "rich==13.7.1",
# ]
# ///
print()
"#), @r#"
    input run.py (script)
    httpx range:"<1" [run.py:5 direct]
    rich 13.7.1 [run.py:7 direct]
    gap HOG-GAP-unpinned run.py:5: httpx<1: not pinned: cannot be judged (lock it, or pass `--resolve`)
    "#);
    insta::assert_snapshot!(one("run.py", "# /// script\n# dependencies = []\nprint()\n"), @"
    input run.py (script)
    gap HOG-GAP-unreadable run.py:1: the script block is not closed by `# ///` (close the block)
    ");
}

#[test]
fn a_lock_beats_its_manifest_and_a_stale_lock_is_named() {
    let files = [
        (
            "pyproject.toml",
            "[project]\nname = \"shop\"\nversion = \"1\"\ndependencies = [\"flask\", \"new\", \"win; sys_platform == 'win32'\"]\n",
        ),
        (
            "uv.lock",
            "version = 1\n[[package]]\nname = \"flask\"\nversion = \"2.0\"\nsource = { registry = \"https://index.example/simple\" }\n[[package]]\nname = \"shop\"\nversion = \"1\"\nsource = { editable = \".\" }\ndependencies = [{ name = \"flask\" }]\n",
        ),
        ("sub/requirements.txt", "flask>=1\n"),
    ];
    insta::assert_snapshot!(show(&scan_memory(&files, &["."])), @"
    input uv.lock (uv lock)
    input sub/requirements.txt (requirements file)
    flask 2.0 index=https://index.example/simple [uv.lock:3] [pyproject.toml:4 direct] [sub/requirements.txt:1 direct]
    shop 1 Project path=. editable [uv.lock:7]
    edge shop 1 -> flask 2.0
    skipped pyproject.toml: uv.lock pins it; read only for the lines to edit
    gap HOG-GAP-unpinned pyproject.toml:4: new is not in uv.lock: the lock is out of date (run `uv lock`)
    ");
}

#[test]
fn what_a_lock_rightly_lacks_is_judged_or_said() {
    let files = [
        (
            "pyproject.toml",
            "[project]\nname = \"shop\"\ndependencies = [\"flask\"]\n[dependency-groups]\ndocs = [\"jinja2<3.1\"]\n[build-system]\nrequires = [\"setuptools==58.0\", \"wheel\", \"flask==0.5\"]\n",
        ),
        (
            "pdm.lock",
            "[metadata]\nlock_version = \"4.5.0\"\ngroups = [\"default\"]\n[[package]]\nname = \"flask\"\nversion = \"2.0\"\ngroups = [\"default\"]\n",
        ),
    ];
    insta::assert_snapshot!(show(&scan_memory(&files, &["."])), @"
    input pdm.lock (PDM lock)
    flask 2.0 [pdm.lock:5] [pyproject.toml:3 direct]
    setuptools 58.0 [pyproject.toml:7 direct groups=build-system]
    flask 0.5 [pyproject.toml:7 direct groups=build-system]
    shop unknown Project [pyproject.toml:2 direct]
    edge shop -> flask 2.0
    skipped pyproject.toml: pdm.lock pins it; read only for the lines to edit
    notice pyproject.toml: 1 requirement of docs is not in pdm.lock: not judged
    ");
}

#[test]
fn every_gap_has_a_hint() {
    let inventory = scan_memory(
        &[
            ("requirements.txt", "a\nb==\n"),
            ("x/setup.py", "pass"),
            ("y/poetry.lock", "garbage"),
        ],
        &["."],
    );
    assert!(inventory.gaps.len() >= 4, "{}", show_gaps(&inventory));
    assert!(
        inventory.gaps.iter().all(|gap| gap.hint.is_some()),
        "{}",
        show_gaps(&inventory)
    );
}
