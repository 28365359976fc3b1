//! A zoo of configurations: which let others deliver a package, and which do not.

mod common;

use common::{Sandbox, root};

/// Where a pip keeps its default.
const STOCK: &str = "../env/lib/python3.12/site-packages/pip/_internal/models/index.py";

struct Case {
    what: &'static str,
    files: &'static [(&'static str, &'static str)],
    variables: &'static [(&'static str, &'static str)],
    /// Subjects of the findings, with their severities.
    expected: &'static [&'static str],
}

const REQUIREMENTS: (&str, &str) = (
    "requirements.txt",
    "acme-core==1.0\nrequests==2.32.4\nobscure==1.0\n",
);
const PLAIN: (&str, &str) = (
    "pyproject.toml",
    "[project]\nname = 'shop'\nversion = '1'\ndependencies = ['acme-core', 'requests', 'obscure']\n",
);
const BOTH: &[&str] = &["acme-core high", "obscure medium"];
const LOOSE: &[&str] = &["acme-core high", "obscure high"];
const OWN: &[&str] = &["acme-core high"];
const NONE: &[&str] = &[];

macro_rules! case {
    ($what:literal, [$($file:expr),* $(,)?], [$($variable:expr),* $(,)?], $expected:expr) => {
        Case { what: $what, files: &[$($file),*], variables: &[$($variable),*], expected: $expected }
    };
}

const PIP: &[Case] = &[
    case!("nothing is configured", [REQUIREMENTS], [], NONE),
    case!(
        "a variable adds an index",
        [REQUIREMENTS],
        [("PIP_EXTRA_INDEX_URL", "https://acme.example/simple")],
        BOTH
    ),
    case!(
        "one index of one's own",
        [REQUIREMENTS],
        [("PIP_INDEX_URL", "https://acme.example/simple")],
        NONE
    ),
    case!(
        "one's own and the public one",
        [REQUIREMENTS],
        [
            ("PIP_INDEX_URL", "https://acme.example/simple"),
            ("PIP_EXTRA_INDEX_URL", "https://index.example/simple/")
        ],
        BOTH
    ),
    case!(
        "the public one twice",
        [REQUIREMENTS],
        [("PIP_EXTRA_INDEX_URL", "https://INDEX.example/simple/")],
        NONE
    ),
    case!(
        "links beside the index",
        [REQUIREMENTS],
        [("PIP_FIND_LINKS", "/wheels")],
        OWN
    ),
    case!(
        "links and no index",
        [REQUIREMENTS],
        [("PIP_FIND_LINKS", "/wheels"), ("PIP_NO_INDEX", "1")],
        NONE
    ),
    case!(
        "the user's pip.conf",
        [
            REQUIREMENTS,
            (
                "../.config/pip/pip.conf",
                "[global]\nextra-index-url = https://acme.example/simple\n"
            )
        ],
        [],
        BOTH
    ),
    case!(
        "the user's old pip.conf",
        [
            REQUIREMENTS,
            (
                "../.pip/pip.conf",
                "[install]\nextra-index-url =\n    https://acme.example/simple\n"
            )
        ],
        [],
        BOTH
    ),
    case!(
        "the machine's pip.conf",
        [
            REQUIREMENTS,
            (
                "../xdg/pip/pip.conf",
                "[global]\nextra-index-url = https://acme.example/simple\n"
            )
        ],
        [],
        BOTH
    ),
    case!(
        "the environment's pip.conf",
        [
            REQUIREMENTS,
            (
                "../env/pip.conf",
                "[global]\nextra-index-url = https://acme.example/simple\n"
            )
        ],
        [],
        BOTH
    ),
    case!(
        "files are not read",
        [
            REQUIREMENTS,
            (
                "../.config/pip/pip.conf",
                "[global]\nextra-index-url = https://acme.example/simple\n"
            )
        ],
        [("PIP_CONFIG_FILE", "/dev/null")],
        NONE
    ),
    case!(
        "pip.conf says no index",
        [
            REQUIREMENTS,
            (
                "../.config/pip/pip.conf",
                "[global]\nno-index = true\nextra-index-url = https://acme.example/simple\n"
            )
        ],
        [],
        NONE
    ),
    case!(
        "one's own index in pip.conf, another in a variable",
        [
            REQUIREMENTS,
            (
                "../.config/pip/pip.conf",
                "[global]\nindex-url = https://acme.example/simple\n"
            )
        ],
        [("PIP_EXTRA_INDEX_URL", "https://other.example/simple")],
        BOTH
    ),
    case!(
        "an option of the file",
        [(
            "requirements.txt",
            "--extra-index-url https://acme.example/simple\nacme-core==1.0\nobscure==1.0\n"
        )],
        [],
        BOTH
    ),
    case!(
        "an option of an included file",
        [
            ("requirements.txt", "-r more.txt\nacme-core>=1.0\nobscure\n"),
            (
                "more.txt",
                "--extra-index-url=https://acme.example/simple\nflask==3.0\n"
            )
        ],
        [],
        LOOSE
    ),
    case!(
        "the option of the file holds for what it includes",
        [
            (
                "requirements.txt",
                "--extra-index-url https://acme.example/simple\n-r sub/more.txt\n"
            ),
            ("sub/more.txt", "acme-core==1.0\n")
        ],
        [],
        OWN
    ),
    case!(
        "one index in the file takes the place of all",
        [(
            "requirements.txt",
            "-i https://acme.example/simple\nacme-core==1.0\nobscure==1.0\n"
        )],
        [("PIP_EXTRA_INDEX_URL", "https://other.example/simple")],
        NONE
    ),
    case!(
        "the file says no index",
        [(
            "requirements.txt",
            "--no-index\n-f /wheels\nacme-core==1.0\n"
        )],
        [("PIP_EXTRA_INDEX_URL", "https://other.example/simple")],
        NONE
    ),
    case!(
        "digests",
        [(
            "requirements.txt",
            "--extra-index-url https://acme.example/simple\nacme-core==1.0 --hash=sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n"
        )],
        [],
        NONE
    ),
    case!(
        "broken digests",
        [(
            "requirements.txt",
            "--extra-index-url https://acme.example/simple\nacme-core==1.0 --hash=md5:d41d8cd98f00b204e9800998ecf8427e\n"
        )],
        [],
        OWN
    ),
    case!(
        "a link is no name",
        [(
            "requirements.txt",
            "--extra-index-url https://acme.example/simple\nacme-core @ https://acme.example/acme_core-1.0-py3-none-any.whl\n"
        )],
        [],
        NONE
    ),
    case!(
        "pip installs the project",
        [PLAIN],
        [("PIP_EXTRA_INDEX_URL", "https://acme.example/simple")],
        LOOSE
    ),
    case!(
        "popular names only",
        [(
            "requirements.txt",
            "--extra-index-url https://acme.example/simple\nrequests==2.32.4\nnumpy==2.1.0\n"
        )],
        [],
        NONE
    ),
];

const TOOLS: &[Case] = &[
    case!(
        "uv asks one's own first",
        [
            PLAIN,
            (
                "uv.toml",
                "[[index]]\nname = 'acme'\nurl = 'https://acme.example/simple'\n"
            )
        ],
        [],
        NONE
    ),
    case!(
        "uv takes the best of all",
        [
            PLAIN,
            (
                "uv.toml",
                "index-strategy = 'unsafe-best-match'\n[[index]]\nname = 'acme'\nurl = 'https://acme.example/simple'\n"
            )
        ],
        [],
        LOOSE
    ),
    case!(
        "uv takes the first that fits",
        [
            PLAIN,
            (
                "uv.toml",
                "index-strategy = 'unsafe-first-match'\n[[index]]\nname = 'acme'\nurl = 'https://acme.example/simple'\n"
            )
        ],
        [],
        LOOSE
    ),
    case!(
        "a variable changes the strategy",
        [
            PLAIN,
            (
                "uv.toml",
                "[[index]]\nname = 'acme'\nurl = 'https://acme.example/simple'\n"
            )
        ],
        [
            ("UV_INDEX_STRATEGY", "unsafe-best-match"),
            ("UV_INDEX", "other=https://other.example/simple")
        ],
        LOOSE
    ),
    case!(
        "uv asks the public one first",
        [
            PLAIN,
            (
                "uv.toml",
                "[[index]]\nurl = 'https://index.example/simple'\n[[index]]\nname = 'acme'\nurl = 'https://acme.example/simple'\ndefault = true\n"
            )
        ],
        [],
        OWN
    ),
    case!(
        "explicit and bound",
        [(
            "pyproject.toml",
            "[project]\nname = 'shop'\nversion = '1'\ndependencies = ['acme-core', 'obscure']\n[[tool.uv.index]]\nname = 'acme'\nurl = 'https://acme.example/simple'\nexplicit = true\n[tool.uv.sources]\nacme-core = { index = 'acme' }\n"
        )],
        [],
        NONE
    ),
    case!(
        "explicit and not bound",
        [(
            "pyproject.toml",
            "[project]\nname = 'shop'\nversion = '1'\ndependencies = ['acme-core', 'obscure']\n[[tool.uv.index]]\nname = 'acme'\nurl = 'https://acme.example/simple'\nexplicit = true\n"
        )],
        [],
        OWN
    ),
    case!(
        "bound in spite of the strategy",
        [(
            "pyproject.toml",
            "[project]\nname = 'shop'\nversion = '1'\ndependencies = ['acme-core', 'requests']\n[tool.uv]\nindex-strategy = 'unsafe-best-match'\n[[tool.uv.index]]\nname = 'acme'\nurl = 'https://acme.example/simple'\n[tool.uv.sources]\nacme-core = { index = 'acme' }\n"
        )],
        [],
        NONE
    ),
    case!(
        "a lock of uv from the public index",
        [
            PLAIN,
            (
                "uv.lock",
                "version = 1\nrequires-python = '>=3.12'\n[[package]]\nname = 'acme-core'\nversion = '1.0'\nsource = { registry = 'https://index.example/simple' }\nsdist = { url = 'https://example.invalid/a.tar.gz', hash = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' }\n"
            )
        ],
        [],
        OWN
    ),
    case!(
        "a lock of uv from one's own index",
        [
            PLAIN,
            (
                "uv.lock",
                "version = 1\nrequires-python = '>=3.12'\n[[package]]\nname = 'acme-core'\nversion = '1.0'\nsource = { registry = 'https://acme.example/simple' }\n"
            )
        ],
        [],
        NONE
    ),
    case!(
        "Poetry, the public index and another",
        [(
            "pyproject.toml",
            "[tool.poetry]\nname = 'shop'\nversion = '1'\n[tool.poetry.dependencies]\nacme-core = '^1'\nobscure = '*'\n[[tool.poetry.source]]\nname = 'public'\n[[tool.poetry.source]]\nname = 'acme'\nurl = 'https://acme.example/simple'\n"
        )],
        [],
        LOOSE
    ),
    case!(
        "Poetry, one primary source",
        [(
            "pyproject.toml",
            "[tool.poetry]\nname = 'shop'\nversion = '1'\n[tool.poetry.dependencies]\nacme-core = '^1'\nobscure = '*'\n[[tool.poetry.source]]\nname = 'acme'\nurl = 'https://acme.example/simple'\npriority = 'primary'\n"
        )],
        [],
        NONE
    ),
    case!(
        "Poetry, two primary sources",
        [(
            "pyproject.toml",
            "[tool.poetry]\nname = 'shop'\nversion = '1'\n[tool.poetry.dependencies]\nacme-core = '^1'\nobscure = '*'\n[[tool.poetry.source]]\nname = 'acme'\nurl = 'https://acme.example/simple'\n[[tool.poetry.source]]\nname = 'other'\nurl = 'https://other.example/simple'\n"
        )],
        [],
        LOOSE
    ),
    case!(
        "Poetry, a supplemental source",
        [(
            "pyproject.toml",
            "[tool.poetry]\nname = 'shop'\nversion = '1'\n[tool.poetry.dependencies]\nacme-core = '^1'\nobscure = '*'\n[[tool.poetry.source]]\nname = 'acme'\nurl = 'https://acme.example/simple'\npriority = 'supplemental'\n"
        )],
        [],
        OWN
    ),
    case!(
        "Poetry, explicit and bound",
        [(
            "pyproject.toml",
            "[tool.poetry]\nname = 'shop'\nversion = '1'\n[tool.poetry.dependencies]\nacme-core = { version = '^1', source = 'acme' }\nobscure = '*'\n[[tool.poetry.source]]\nname = 'acme'\nurl = 'https://acme.example/simple'\npriority = 'explicit'\n"
        )],
        [],
        NONE
    ),
    case!(
        "a lock of Poetry without source",
        [
            (
                "pyproject.toml",
                "[tool.poetry]\nname = 'shop'\nversion = '1'\n[tool.poetry.dependencies]\nacme-core = '^1'\n"
            ),
            (
                "poetry.lock",
                "[[package]]\nname = 'acme-core'\nversion = '1.0'\nfiles = []\n[metadata]\nlock-version = '2.1'\npython-versions = '*'\n"
            )
        ],
        [],
        OWN
    ),
    case!(
        "PDM, another source",
        [(
            "pyproject.toml",
            "[project]\nname = 'shop'\nversion = '1'\ndependencies = ['acme-core', 'obscure']\n[[tool.pdm.source]]\nname = 'acme'\nurl = 'https://acme.example/simple'\n"
        )],
        [],
        LOOSE
    ),
    case!(
        "PDM, bound by pattern",
        [(
            "pyproject.toml",
            "[project]\nname = 'shop'\nversion = '1'\ndependencies = ['acme-core', 'obscure']\n[[tool.pdm.source]]\nname = 'acme'\nurl = 'https://acme.example/simple'\ninclude_packages = ['acme-*']\n"
        )],
        [],
        // What matches no pattern comes from any source.
        &["obscure high"]
    ),
    case!(
        "PDM, all else is excluded",
        [(
            "pyproject.toml",
            "[project]\nname = 'shop'\nversion = '1'\ndependencies = ['acme-core', 'obscure']\n[[tool.pdm.source]]\nname = 'acme'\nurl = 'https://acme.example/simple'\ninclude_packages = ['acme-*']\nexclude_packages = ['*']\n"
        )],
        [],
        NONE
    ),
    case!(
        "PDM, a source that its user stored",
        [
            (
                "pyproject.toml",
                "[project]\nname = 'shop'\nversion = '1'\ndependencies = ['acme-core', 'obscure']\n[tool.pdm]\ndistribution = false\n"
            ),
            (
                "../.config/pdm/config.toml",
                "[pypi.acme]\nurl = 'https://acme.example/simple'\n"
            )
        ],
        [],
        LOOSE
    ),
    case!(
        "PDM, stored sources are ignored",
        [
            (
                "pyproject.toml",
                "[project]\nname = 'shop'\nversion = '1'\ndependencies = ['acme-core', 'obscure']\n[tool.pdm]\ndistribution = false\n"
            ),
            (
                "../.config/pdm/config.toml",
                "[pypi]\nignore_stored_index = true\n[pypi.acme]\nurl = 'https://acme.example/simple'\n"
            )
        ],
        [],
        NONE
    ),
    case!(
        "a stored source of PDM is not for a project of others",
        [
            PLAIN,
            (
                "../.config/pdm/config.toml",
                "[pypi.acme]\nurl = 'https://acme.example/simple'\n"
            )
        ],
        [],
        NONE
    ),
    case!(
        "a script has an index of its own",
        [(
            "run.py",
            "# /// script\n# dependencies = ['acme-core', 'obscure']\n# [tool.uv]\n# index-strategy = 'unsafe-best-match'\n# [[tool.uv.index]]\n# url = 'https://acme.example/simple'\n# ///\n"
        )],
        [],
        LOOSE
    ),
    case!(
        "a script binds its packages",
        [(
            "run.py",
            "# /// script\n# dependencies = ['acme-core', 'obscure']\n# [[tool.uv.index]]\n# name = 'acme'\n# url = 'https://acme.example/simple'\n# explicit = true\n# [tool.uv.sources]\n# acme-core = { index = 'acme' }\n# ///\n"
        )],
        [],
        NONE
    ),
    case!(
        "what a project binds is not bound for a script",
        [
            (
                "pyproject.toml",
                "[[tool.uv.index]]\nname = 'acme'\nurl = 'https://acme.example/simple'\nexplicit = true\n[tool.uv.sources]\nacme-core = { index = 'acme' }\n"
            ),
            (
                "run.py",
                "# /// script\n# dependencies = ['acme-core']\n# ///\n"
            )
        ],
        [],
        OWN
    ),
    case!(
        "PDM, the order counts",
        [(
            "pyproject.toml",
            "[project]\nname = 'shop'\nversion = '1'\ndependencies = ['acme-core', 'obscure']\n[tool.pdm.resolution]\nrespect-source-order = true\n[[tool.pdm.source]]\nname = 'acme'\nurl = 'https://acme.example/simple'\n"
        )],
        [],
        OWN
    ),
    case!(
        "Pipenv, not bound",
        [(
            "Pipfile",
            "[[source]]\nname = 'public'\nurl = 'https://index.example/simple'\n[[source]]\nname = 'acme'\nurl = 'https://acme.example/simple'\n[packages]\nacme-core = '*'\nobscure = '*'\n"
        )],
        [],
        OWN
    ),
    case!(
        "Pipenv, bound",
        [(
            "Pipfile",
            "[[source]]\nname = 'public'\nurl = 'https://index.example/simple'\n[[source]]\nname = 'acme'\nurl = 'https://acme.example/simple'\n[packages]\nacme-core = { version = '*', index = 'acme' }\nobscure = '*'\n"
        )],
        [],
        NONE
    ),
    case!(
        "Pipenv, all sources are searched",
        [(
            "Pipfile",
            "[[source]]\nname = 'public'\nurl = 'https://index.example/simple'\n[[source]]\nname = 'acme'\nurl = 'https://acme.example/simple'\n[pipenv]\ninstall_search_all_sources = true\n[packages]\nacme-core = '*'\nobscure = '*'\n"
        )],
        [],
        LOOSE
    ),
    case!(
        "version numbers",
        [(
            "requirements.txt",
            "obscure==9999.0.0\nother-thing==99.1\npytz==2024.1\ncalendar-thing==20240101\nnumbered==306\n"
        )],
        [],
        &["obscure medium", "other-thing medium"]
    ),
];

fn found(case: &Case) -> (Vec<String>, String) {
    let sandbox = Sandbox::new();
    sandbox.write("../env/pyvenv.cfg", "");
    sandbox.write(
        STOCK,
        "PyPI = PackageIndex(\"https://index.example/\", file_storage_domain=\"x\")\n",
    );
    sandbox.write("hognose.toml", "[identity]\nowned = ['acme-*']\n");
    for (path, text) in case.files {
        sandbox.write(path, text);
    }
    let feeds = root().join("examples/feeds");
    let feeds = feeds.to_str().unwrap_or_default();
    let mut command = sandbox.command(&["scan", "--offline", "--feed", feeds, "-f", "json"]);
    command
        .env("PIP_NO_INDEX", "0")
        .env("VIRTUAL_ENV", sandbox.work().join("../env"));
    for (name, value) in case.variables {
        command.env(name, value);
    }
    let output = command.output().map(|o| o.stdout).unwrap_or_default();
    let text = String::from_utf8_lossy(&output).into_owned();
    let report: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let findings = report["findings"].as_array().cloned().unwrap_or_default();
    let confused = findings.iter().filter(|f| f["rule"] == "HOG-ID-confusion");
    let mut names: Vec<String> = confused
        .map(|f| format!("{} {}", word(&f["package"]["name"]), word(&f["severity"])))
        .collect();
    names.sort();
    (names, text)
}

fn word(value: &serde_json::Value) -> &str {
    value.as_str().unwrap_or("?")
}

#[test]
fn every_configuration_is_judged_for_what_it_does() {
    assert!(PIP.len() + TOOLS.len() >= 40);
    let mut wrong = Vec::new();
    for case in PIP.iter().chain(TOOLS) {
        let (names, text) = found(case);
        if names != case.expected {
            let shown: String = text
                .chars()
                .take(if text.contains("findings") { 0 } else { 500 })
                .collect();
            wrong.push(format!(
                "{}: {names:?} instead of {:?} {shown}",
                case.what, case.expected
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
