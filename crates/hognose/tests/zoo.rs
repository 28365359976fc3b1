//! A zoo of configurations of pip, uv, Poetry, PDM and Pipenv, and of several projects at once: which indexes are asked about which name, in which order,
//! and with whose password. Four indexes on the loopback interface answer; nothing but their logs counts.

mod common;

use std::sync::{Arc, Mutex};

use common::serving::{self, Answer, Head};
use common::{Sandbox, root};

/// Where a pip keeps its default.
const STOCK: &str = "../env/lib/python3.12/site-packages/pip/_internal/models/index.py";
const INDEXES: [char; 4] = ['a', 'b', 'c', 'd'];

/// Name of the index, project, and who asked.
type Log = Arc<Mutex<Vec<(char, String, String)>>>;

struct Row {
    what: &'static str,
    files: &'static [(&'static str, &'static str)],
    variables: &'static [(&'static str, &'static str)],
    /// `acme` and `obscure`: the indexes in the order in which they are asked, with users where there are any. `d` is the
    /// default of pip.
    expected: [&'static str; 2],
}

macro_rules! row {
    ($what:literal, [$($file:expr),* $(,)?], [$($variable:expr),* $(,)?], $acme:literal, $obscure:literal) => {
        Row { what: $what, files: &[$($file),*], variables: &[$($variable),*], expected: [$acme, $obscure] }
    };
}

const LOCK: (&str, &str) = ("requirements.txt", "acme==1.0\nobscure==1.0\n");
const SHOP: &str = "[project]\nname = 'shop'\nversion = '1'\ndependencies = ['acme', 'obscure']\n";

const PIP: &[Row] = &[
    row!("nothing is configured", [LOCK], [], "d", "d"),
    row!("a variable", [LOCK], [("PIP_INDEX_URL", "{a}")], "a", "a"),
    row!(
        "variables, in order",
        [LOCK],
        [("PIP_INDEX_URL", "{b}"), ("PIP_EXTRA_INDEX_URL", "{a} {c}")],
        "b a c",
        "b a c"
    ),
    row!(
        "one more, and the default",
        [LOCK],
        [("PIP_EXTRA_INDEX_URL", "{a}")],
        "d a",
        "d a"
    ),
    row!(
        "a password in the address",
        [LOCK],
        [
            ("PIP_INDEX_URL", "{me:hidden@a}"),
            ("PIP_EXTRA_INDEX_URL", "{b}")
        ],
        "a(me) b",
        "a(me) b"
    ),
    row!(
        "the user's pip.conf",
        [
            LOCK,
            (
                "../.config/pip/pip.conf",
                "[global]\nindex-url = {a}\nextra-index-url = {b}\n    {c}\n"
            )
        ],
        [],
        "a b c",
        "a b c"
    ),
    row!(
        "the environment's pip.conf before the user's",
        [
            LOCK,
            ("../.config/pip/pip.conf", "[global]\nindex-url = {a}\n"),
            ("../env/pip.conf", "[global]\nindex-url = {b}\n")
        ],
        [],
        "b",
        "b"
    ),
    row!(
        "a variable before pip.conf",
        [
            LOCK,
            ("../.config/pip/pip.conf", "[global]\nindex-url = {a}\n")
        ],
        [("PIP_INDEX_URL", "{c}")],
        "c",
        "c"
    ),
    row!(
        "no file at all",
        [
            LOCK,
            ("../.config/pip/pip.conf", "[global]\nindex-url = {a}\n")
        ],
        [("PIP_CONFIG_FILE", "/dev/null")],
        "d",
        "d"
    ),
    row!(
        "a file by name",
        [LOCK, ("my.conf", "[install]\nindex-url = {c}\n")],
        [("PIP_CONFIG_FILE", "my.conf")],
        "c",
        "c"
    ),
    row!(
        "netrc",
        [
            LOCK,
            ("../.netrc", "machine 127.0.0.1 login ada password hidden\n")
        ],
        [("PIP_INDEX_URL", "{a}")],
        "a(ada)",
        "a(ada)"
    ),
    row!(
        "options of the file",
        [(
            "requirements.txt",
            "--index-url {a}\n--extra-index-url {b}\nacme==1.0\nobscure==1.0\n"
        )],
        [("PIP_INDEX_URL", "{c}")],
        "a b",
        "a b"
    ),
    row!(
        "an index in the file takes the place of all",
        [("requirements.txt", "-i {a}\nacme==1.0\nobscure==1.0\n")],
        [("PIP_EXTRA_INDEX_URL", "{b}")],
        "a",
        "a"
    ),
    row!(
        "one more in a file that is included",
        [
            ("requirements.txt", "-r more.txt\nacme==1.0\n"),
            ("more.txt", "--extra-index-url={b}\nobscure==1.0\n")
        ],
        [("PIP_INDEX_URL", "{c}")],
        "c b",
        "c b"
    ),
    row!(
        "a password in the address before netrc",
        [
            LOCK,
            ("../.netrc", "machine 127.0.0.1 login ada password hidden\n")
        ],
        [("PIP_INDEX_URL", "{me:hidden@a}")],
        "a(me)",
        "a(me)"
    ),
];

const UV: &[Row] = &[
    row!(
        "a default of uv's",
        [("pyproject.toml", SHOP)],
        [("UV_DEFAULT_INDEX", "{a}")],
        "a",
        "a"
    ),
    row!(
        "uv.toml of the project",
        [
            ("pyproject.toml", SHOP),
            ("uv.toml", "[[index]]\nurl = '{a}'\ndefault = true\n")
        ],
        [],
        "a",
        "a"
    ),
    row!(
        "uv.toml hides the table",
        [
            (
                "pyproject.toml",
                "[project]\nname = 'shop'\nversion = '1'\ndependencies = ['acme', 'obscure']\n[[tool.uv.index]]\nurl = '{b}'\ndefault = true\n"
            ),
            ("uv.toml", "[[index]]\nurl = '{a}'\ndefault = true\n")
        ],
        [],
        "a",
        "a"
    ),
    row!(
        "an explicit index for what is bound to it",
        [(
            "pyproject.toml",
            "[project]\nname = 'shop'\nversion = '1'\ndependencies = ['acme', 'obscure']\n[[tool.uv.index]]\nname = 'own'\nurl = '{a}'\nexplicit = true\n[tool.uv.sources]\nacme = { index = 'own' }\n"
        )],
        [],
        "a",
        "d"
    ),
    row!(
        "an explicit index that nothing is bound to",
        [(
            "pyproject.toml",
            "[project]\nname = 'shop'\nversion = '1'\ndependencies = ['acme', 'obscure']\n[[tool.uv.index]]\nname = 'own'\nurl = '{a}'\nexplicit = true\n"
        )],
        [],
        "d",
        "d"
    ),
    row!(
        "a named index with a password in variables",
        [(
            "pyproject.toml",
            "[project]\nname = 'shop'\nversion = '1'\ndependencies = ['acme', 'obscure']\n[[tool.uv.index]]\nname = 'my-own'\nurl = '{a}'\n[tool.uv.sources]\nacme = { index = 'my-own' }\n[[tool.uv.index]]\nname = 'other'\nurl = '{b}'\ndefault = true\n"
        )],
        [
            ("UV_INDEX_MY_OWN_USERNAME", "ada"),
            ("UV_INDEX_MY_OWN_PASSWORD", "hidden")
        ],
        "a(ada)",
        "a(ada)"
    ),
    row!(
        "the default comes last, and only for what no other has",
        [(
            "pyproject.toml",
            "[project]\nname = 'shop'\nversion = '1'\ndependencies = ['acme', 'obscure']\n[[tool.uv.index]]\nurl = '{a}none/'\n[[tool.uv.index]]\nurl = '{b}'\n"
        )],
        [],
        "a b",
        "a b"
    ),
    row!(
        "any may have the best version",
        [(
            "pyproject.toml",
            "[project]\nname = 'shop'\nversion = '1'\ndependencies = ['acme', 'obscure']\n[tool.uv]\nindex-strategy = 'unsafe-best-match'\n[[tool.uv.index]]\nurl = '{a}'\n"
        )],
        [],
        "d a",
        "d a"
    ),
    row!(
        "the user's uv.toml",
        [
            ("pyproject.toml", SHOP),
            ("../.config/uv/uv.toml", "index-url = '{c}'\n")
        ],
        [],
        "c",
        "c"
    ),
    row!(
        "a lock names the index",
        [
            ("pyproject.toml", SHOP),
            (
                "uv.lock",
                "version = 1\nrequires-python = '>=3.12'\n[[package]]\nname = 'acme'\nversion = '1.0'\nsource = { registry = '{a}' }\n[[package]]\nname = 'obscure'\nversion = '1.0'\nsource = { registry = '{b}' }\n"
            )
        ],
        [],
        "a",
        "b"
    ),
    row!(
        "a lock names the default, for which a mirror stands in",
        [
            ("pyproject.toml", SHOP),
            (
                "uv.lock",
                "version = 1\nrequires-python = '>=3.12'\n[[package]]\nname = 'acme'\nversion = '1.0'\nsource = { registry = '{d}' }\n"
            )
        ],
        [("UV_DEFAULT_INDEX", "{c}")],
        "c",
        ""
    ),
    row!(
        "a script with an index of its own",
        [(
            "run.py",
            "# /// script\n# dependencies = ['acme', 'obscure']\n# [[tool.uv.index]]\n# name = 'own'\n# url = '{a}'\n# explicit = true\n# [[tool.uv.index]]\n# url = '{b}'\n# default = true\n# [tool.uv.sources]\n# acme = { index = 'own' }\n# ///\n"
        )],
        [],
        "a",
        "b"
    ),
];

const POETRY: &[Row] = &[
    row!(
        "primary sources",
        [(
            "pyproject.toml",
            "[tool.poetry]\nname = 'shop'\nversion = '1'\n[tool.poetry.dependencies]\nacme = '^1'\nobscure = '*'\n[[tool.poetry.source]]\nname = 'one'\nurl = '{a}'\n[[tool.poetry.source]]\nname = 'two'\nurl = '{b}'\n"
        )],
        [],
        "a b",
        "a b"
    ),
    row!(
        "an explicit source",
        [(
            "pyproject.toml",
            "[tool.poetry]\nname = 'shop'\nversion = '1'\n[tool.poetry.dependencies]\nacme = { version = '^1', source = 'own' }\nobscure = '*'\n[[tool.poetry.source]]\nname = 'own'\nurl = '{a}'\npriority = 'explicit'\n"
        )],
        [],
        "a",
        "d"
    ),
    row!(
        "a password in auth.toml",
        [
            (
                "pyproject.toml",
                "[tool.poetry]\nname = 'shop'\nversion = '1'\n[tool.poetry.dependencies]\nacme = { version = '^1', source = 'own' }\nobscure = '*'\n[[tool.poetry.source]]\nname = 'own'\nurl = '{a}'\npriority = 'explicit'\n[[tool.poetry.source]]\nname = 'main'\nurl = '{b}'\n"
            ),
            (
                "../.config/pypoetry/auth.toml",
                "[http-basic.own]\nusername = 'ada'\npassword = 'hidden'\n[http-basic.elsewhere]\nusername = 'x'\npassword = 'hidden'\n"
            )
        ],
        [],
        "a(ada)",
        "b"
    ),
    row!(
        "auth.toml elsewhere",
        [
            (
                "pyproject.toml",
                "[tool.poetry]\nname = 'shop'\nversion = '1'\n[tool.poetry.dependencies]\nacme = '*'\nobscure = '*'\n[[tool.poetry.source]]\nname = 'Own'\nurl = '{a}'\n"
            ),
            (
                "conf/auth.toml",
                "[http-basic]\nown = { username = 'ada', password = 'hidden' }\n"
            )
        ],
        [("POETRY_CONFIG_DIR", "conf")],
        "a(ada)",
        "a(ada)"
    ),
    row!(
        "a variable before auth.toml",
        [
            (
                "pyproject.toml",
                "[tool.poetry]\nname = 'shop'\nversion = '1'\n[tool.poetry.dependencies]\nacme = '*'\nobscure = '*'\n[[tool.poetry.source]]\nname = 'own'\nurl = '{a}'\n"
            ),
            (
                "../.config/pypoetry/auth.toml",
                "[http-basic.own]\nusername = 'ada'\npassword = 'hidden'\n"
            )
        ],
        [
            ("POETRY_HTTP_BASIC_OWN_USERNAME", "bob"),
            ("POETRY_HTTP_BASIC_OWN_PASSWORD", "hidden")
        ],
        "a(bob)",
        "a(bob)"
    ),
    row!(
        "a password of Poetry's is not for uv",
        [
            (
                "pyproject.toml",
                "[project]\nname = 'shop'\nversion = '1'\ndependencies = ['acme', 'obscure']\n[[tool.uv.index]]\nname = 'own'\nurl = '{a}'\ndefault = true\n"
            ),
            (
                "../.config/pypoetry/auth.toml",
                "[http-basic.own]\nusername = 'ada'\npassword = 'hidden'\n"
            )
        ],
        [],
        "a",
        "a"
    ),
];

const PDM: &[Row] = &[
    row!(
        "a source beside the default",
        [(
            "pyproject.toml",
            "[project]\nname = 'shop'\nversion = '1'\ndependencies = ['acme', 'obscure']\n[[tool.pdm.source]]\nname = 'own'\nurl = '{a}'\n"
        )],
        [],
        "d a",
        "d a"
    ),
    row!(
        "a source in the place of the default",
        [(
            "pyproject.toml",
            "[project]\nname = 'shop'\nversion = '1'\ndependencies = ['acme', 'obscure']\n[[tool.pdm.source]]\nname = 'pypi'\nurl = '{a}'\n"
        )],
        [("PDM_PYPI_URL", "{b}")],
        "a",
        "a"
    ),
    row!(
        "what is included comes from there alone",
        [(
            "pyproject.toml",
            "[project]\nname = 'shop'\nversion = '1'\ndependencies = ['acme', 'obscure']\n[[tool.pdm.source]]\nname = 'own'\nurl = '{a}'\ninclude_packages = ['ac*']\n"
        )],
        [],
        "a",
        "d a"
    ),
    row!(
        "what is excluded never does",
        [(
            "pyproject.toml",
            "[project]\nname = 'shop'\nversion = '1'\ndependencies = ['acme', 'obscure']\n[[tool.pdm.source]]\nname = 'own'\nurl = '{a}'\nexclude_packages = ['Obs*']\n"
        )],
        [],
        "d a",
        "d"
    ),
    row!(
        "excluded from the default",
        [(
            "pyproject.toml",
            "[project]\nname = 'shop'\nversion = '1'\ndependencies = ['acme', 'obscure']\n[[tool.pdm.source]]\nname = 'pypi'\nurl = '{b}'\nexclude_packages = ['acme']\n[[tool.pdm.source]]\nname = 'own'\nurl = '{a}'\n"
        )],
        [],
        "a",
        "b a"
    ),
    row!(
        "the order counts",
        [(
            "pyproject.toml",
            "[project]\nname = 'shop'\nversion = '1'\ndependencies = ['acme', 'obscure']\n[tool.pdm.resolution]\nrespect-source-order = true\n[[tool.pdm.source]]\nname = 'pypi'\nurl = '{a}none/'\n[[tool.pdm.source]]\nname = 'own'\nurl = '{b}'\n[[tool.pdm.source]]\nname = 'more'\nurl = '{c}'\n"
        )],
        [],
        "a b",
        "a b"
    ),
    row!(
        "stored by its user, with passwords",
        [
            (
                "pyproject.toml",
                "[project]\nname = 'shop'\nversion = '1'\ndependencies = ['acme', 'obscure']\n[[tool.pdm.source]]\nname = 'own'\nurl = '{a}'\n"
            ),
            (
                "../.config/pdm/config.toml",
                "[pypi]\nurl = '{b}'\n[pypi.own]\nusername = 'ada'\npassword = 'hidden'\n[pypi.more]\nurl = '{c}'\n"
            )
        ],
        [],
        "b a(ada) c",
        "b a(ada) c"
    ),
    row!(
        "the project's pdm.toml before the user's",
        [
            (
                "pyproject.toml",
                "[project]\nname = 'shop'\nversion = '1'\ndependencies = ['acme', 'obscure']\n"
            ),
            ("pdm.toml", "[pypi]\nurl = '{a}'\n"),
            ("../.config/pdm/config.toml", "[pypi]\nurl = '{b}'\n")
        ],
        [],
        "a",
        "a"
    ),
    row!(
        "variables of PDM",
        [
            (
                "pyproject.toml",
                "[project]\nname = 'shop'\nversion = '1'\ndependencies = ['acme', 'obscure']\n[tool.pdm]\ndistribution = false\n"
            ),
            ("../.config/pdm/config.toml", "[pypi]\nurl = '{b}'\n")
        ],
        [
            ("PDM_PYPI_URL", "{c}"),
            ("PDM_PYPI_USERNAME", "ada"),
            ("PDM_PYPI_PASSWORD", "hidden")
        ],
        "c(ada)",
        "c(ada)"
    ),
    row!(
        "stored sources are ignored",
        [
            (
                "pyproject.toml",
                "[project]\nname = 'shop'\nversion = '1'\ndependencies = ['acme', 'obscure']\n[[tool.pdm.source]]\nname = 'pypi'\nurl = '{a}'\n"
            ),
            (
                "../.config/pdm/config.toml",
                "[pypi]\nignore_stored_index = true\n[pypi.more]\nurl = '{c}'\n"
            )
        ],
        [],
        "a",
        "a"
    ),
];

const PIPENV: &[Row] = &[
    row!(
        "the first source",
        [(
            "Pipfile",
            "[[source]]\nname = 'one'\nurl = '{a}'\n[[source]]\nname = 'two'\nurl = '{b}'\n[packages]\nacme = { version = '*', index = 'two' }\nobscure = '*'\n"
        )],
        [],
        "b",
        "a"
    ),
    row!(
        "all sources",
        [(
            "Pipfile",
            "[[source]]\nname = 'one'\nurl = '{a}'\n[[source]]\nname = 'two'\nurl = '{b}'\n[pipenv]\ninstall_search_all_sources = true\n[packages]\nacme = '*'\nobscure = '*'\n"
        )],
        [],
        "a b",
        "a b"
    ),
    row!(
        "a variable that the project writes is not filled in",
        [(
            "Pipfile",
            "[[source]]\nname = 'one'\nurl = '{${USER}:${HOME}@a}'\n[packages]\nacme = '*'\nobscure = '*'\n"
        )],
        [("USER", "ada")],
        "a",
        "a"
    ),
];

/// Several projects in one scan: each has indexes of its own.
const SEVERAL: &[Row] = &[
    row!(
        "two projects",
        [
            (
                "one/pyproject.toml",
                "[project]\nname = 'one'\nversion = '1'\ndependencies = ['acme']\n[[tool.uv.index]]\nurl = '{a}'\ndefault = true\n"
            ),
            (
                "two/pyproject.toml",
                "[project]\nname = 'two'\nversion = '1'\ndependencies = ['obscure']\n[[tool.uv.index]]\nurl = '{b}'\ndefault = true\n"
            ),
        ],
        [],
        "a",
        "b"
    ),
    row!(
        "two projects that say the same are asked for together",
        [
            (
                "one/pyproject.toml",
                "[project]\nname = 'one'\nversion = '1'\ndependencies = ['acme', 'obscure']\n[[tool.uv.index]]\nurl = '{a}'\ndefault = true\n"
            ),
            ("two/uv.toml", "[[index]]\nurl = '{a}'\ndefault = true\n"),
            (
                "two/pyproject.toml",
                "[project]\nname = 'two'\nversion = '1'\ndependencies = ['acme', 'obscure']\n"
            ),
        ],
        [],
        "a",
        "a"
    ),
    row!(
        "requirements with an index beside a project",
        [
            (
                "pyproject.toml",
                "[project]\nname = 'shop'\nversion = '1'\ndependencies = ['obscure']\n[[tool.uv.index]]\nurl = '{b}'\ndefault = true\n"
            ),
            ("requirements.txt", "--index-url {a}\nacme==1.0\n"),
        ],
        [],
        "a",
        "b"
    ),
    row!(
        "requirements of two directories",
        [
            ("requirements.txt", "--index-url {a}\nacme==1.0\n"),
            ("tools/requirements.txt", "obscure==1.0\n"),
            ("tools/dev-requirements.txt", "--extra-index-url {c}\n"),
        ],
        [("PIP_INDEX_URL", "{b}")],
        "a",
        "b c"
    ),
    row!(
        "passwords by name go where the scanned project says, not where one inside it does",
        [
            (
                "pyproject.toml",
                "[project]\nname = 'shop'\nversion = '1'\ndependencies = ['acme']\n[[tool.uv.index]]\nname = 'corp'\nurl = '{a}'\ndefault = true\n"
            ),
            (
                "vendored/pyproject.toml",
                "[project]\nname = 'evil'\nversion = '1'\ndependencies = ['obscure']\n[[tool.uv.index]]\nname = 'corp'\nurl = '{b}'\ndefault = true\n"
            ),
        ],
        [
            ("UV_INDEX_CORP_USERNAME", "ada"),
            ("UV_INDEX_CORP_PASSWORD", "hidden")
        ],
        "a(ada)",
        "b"
    ),
    row!(
        "the configuration of the directory above",
        [
            ("uv.toml", "[[index]]\nurl = '{c}'\ndefault = true\n"),
            (
                "one/pyproject.toml",
                "[project]\nname = 'one'\nversion = '1'\ndependencies = ['acme']\n"
            ),
            (
                "two/pyproject.toml",
                "[project]\nname = 'two'\nversion = '1'\ndependencies = ['obscure']\n[[tool.uv.index]]\nurl = '{b}'\ndefault = true\n"
            ),
        ],
        [],
        "c",
        "b"
    ),
];

fn serve(name: char, head: &Head, log: &Log) -> Answer {
    let parts: Vec<&str> = head.path.split('/').collect();
    let user = head.header("authorization");
    let user = user.and_then(|value| value.strip_prefix("Basic "));
    // Below `none` an index has nothing.
    if let ["", "simple", project, ""] | ["", "simple", "none", project, ""] = parts.as_slice() {
        let user = user.map(user_of).unwrap_or_default();
        if let Ok(mut log) = log.lock() {
            log.push((name, (*project).to_owned(), user));
        }
    }
    let (status, body) = match parts.as_slice() {
        ["", "simple", _, ""] => (200, "{\"meta\":{\"api-version\":\"1.0\"},\"files\":[]}"),
        _ => (404, ""),
    };
    (status, String::new(), body.as_bytes().to_vec())
}

/// The user of `USER:PASSWORD` in base64; the password must be the one that all have here.
fn user_of(encoded: &str) -> String {
    for user in ["me", "ada", "bob", "x"] {
        let pair = format!("{user}:hidden");
        if base64(pair.as_bytes()) == encoded.trim() {
            return user.to_owned();
        }
    }
    "somebody".to_owned()
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(*chunk.get(at).unwrap_or(&0));
        let group = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            let value = (group >> (18 - 6 * digit)) & 63;
            let is_there = digit <= chunk.len();
            let letter = ALPHABET.get(value as usize).filter(|_| is_there);
            out.push(char::from(*letter.unwrap_or(&b'=')));
        }
    }
    out
}

struct Zoo {
    ports: Vec<(char, String)>,
    log: Log,
}

impl Zoo {
    fn open() -> Self {
        let log = Log::default();
        let port = |name| {
            let log = Arc::clone(&log);
            (name, serving::start(move |head| serve(name, head, &log)))
        };
        Self {
            ports: INDEXES.map(port).into_iter().collect(),
            log: Arc::clone(&log),
        }
    }

    /// Addresses for `{a}`, and with a user for `{me:x@a}`.
    fn fill(&self, text: &str) -> String {
        let mut out = text.to_owned();
        for (name, port) in &self.ports {
            out = out.replace(&format!("{{{name}}}"), &format!("http://{port}/simple/"));
            let end = format!("@{name}}}");
            while let Some(at) = out.find(&end) {
                let (before, after) = (&out[..at], &out[at + end.len()..]);
                let outer = before.rfind("{$").or_else(|| before.rfind('{'));
                let start = before.find("'{").map_or(outer, |quote| Some(quote + 1));
                let start = start.unwrap_or(0);
                let user = &before[start + 1..];
                out = format!("{}http://{user}@{port}/simple/{after}", &before[..start]);
            }
        }
        out
    }

    /// What is asked of whom about a project, and by whom.
    fn asked(&self, project: &str) -> String {
        let log = self.log.lock().map(|log| log.clone()).unwrap_or_default();
        let one = |(index, _, user): (char, String, String)| match user.as_str() {
            "" => index.to_string(),
            user => format!("{index}({user})"),
        };
        let about = log.into_iter().filter(|(_, name, _)| name == project);
        about.map(one).collect::<Vec<_>>().join(" ")
    }
}

fn ask(row: &Row) -> ([String; 2], String) {
    let zoo = Zoo::open();
    let sandbox = Sandbox::new();
    sandbox.write("../env/pyvenv.cfg", "");
    let stock = zoo.fill("{d}").replace("simple/", "");
    sandbox.write(
        STOCK,
        format!("PyPI = PackageIndex(\"{stock}\", file_storage_domain=\"x\")\n"),
    );
    for (path, text) in row.files {
        sandbox.write(path, zoo.fill(text));
    }
    let feeds = root().join("examples/feeds");
    let feeds = feeds.to_str().unwrap_or_default();
    let scripts = row.files.iter().map(|(path, _)| *path);
    let script = scripts.filter(|path| path.ends_with(".py"));
    let mut words = vec!["scan", "--online", "--feed", feeds];
    words.extend(script);
    let mut command = sandbox.command(&words);
    command
        .env_remove("PIP_NO_INDEX")
        .env("VIRTUAL_ENV", sandbox.work().join("../env"));
    for (name, value) in row.variables {
        command.env(name, zoo.fill(value));
    }
    let output = command.output();
    let said = output.map(|o| String::from_utf8_lossy(&[o.stdout, o.stderr].concat()).into_owned());
    let said = said.unwrap_or_default();
    ([zoo.asked("acme"), zoo.asked("obscure")], said)
}

#[test]
fn every_configuration_is_followed() {
    let all: Vec<&Row> = [PIP, UV, POETRY, PDM, PIPENV, SEVERAL]
        .into_iter()
        .flatten()
        .collect();
    assert!(all.len() >= 40, "{}", all.len());
    let mut wrong = Vec::new();
    for row in all {
        let (asked, said) = ask(row);
        let first: String = said.lines().take(6).collect::<Vec<_>>().join(" | ");
        if asked != row.expected {
            wrong.push(format!(
                "{}: {asked:?} instead of {:?}: {first}",
                row.what, row.expected
            ));
        }
        if said.contains("hidden") {
            wrong.push(format!("{}: a password is shown: {first}", row.what));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
