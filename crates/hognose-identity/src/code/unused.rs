//! `HOG-ID-unused`: a declared distribution is never imported. Many are used in other ways (plugins, programs, drivers that
//! another package imports), so this rather says nothing.

use hognose_types::{
    Component, ComponentKind, Confidence, Finding, Inventory, Places, Remedy, Severity, Subject,
    rules,
};

use super::{Code, Declared, is_manifest, normal, provides};
use crate::names;

/// Names that are used without being imported: programs, servers, drivers, build backends, what runs tests.
const TOOLS: [&str; 58] = [
    "aiosqlite",
    "asyncpg",
    "awscli",
    "bandit",
    "black",
    "build",
    "bump2version",
    "bumpversion",
    "certifi",
    "codespell",
    "colorama",
    "coverage",
    "coveralls",
    "cryptography",
    "cython",
    "debugpy",
    "furo",
    "gunicorn",
    "hatch",
    "hatchling",
    "ipykernel",
    "ipython",
    "isort",
    "jupyter",
    "jupyterlab",
    "maturin",
    "meson-python",
    "mypy",
    "myst-parser",
    "notebook",
    "nox",
    "numpydoc",
    "pip",
    "pip-tools",
    "pre-commit",
    "psycopg2",
    "psycopg2-binary",
    "pyflakes",
    "pylint",
    "pymysql",
    "pyright",
    "pytest",
    "python-dateutil",
    "python-multipart",
    "ruff",
    "scikit-build-core",
    "setuptools",
    "setuptools-scm",
    "supervisor",
    "tox",
    "twine",
    "tzdata",
    "uv",
    "uvicorn",
    "versioneer",
    "wheel",
    "whitenoise",
    "yapf",
];

/// Beginnings of names of plugins and stubs.
const PREFIXES: [&str; 22] = [
    "types-",
    "pytest-",
    "flake8",
    "sphinx",
    "mkdocs",
    "django-",
    "djangorestframework",
    "flask-",
    "mypy-",
    "pylint-",
    "tox-",
    "nox-",
    "hatch-",
    "poetry",
    "pdm",
    "flit",
    "jupyter",
    "nvidia-",
    "opentelemetry-instrumentation",
    "apache-airflow-providers",
    "backports",
    "jupyterlab-",
];

pub(super) fn findings(
    inventory: &Inventory,
    code: &Code,
    declared: &Declared<'_>,
) -> Vec<Finding> {
    let mut places = Places::new(inventory);
    let mut out = Vec::new();
    if code.imports.is_empty() {
        return out;
    }
    for (name, (members, direct)) in &declared.names {
        if !direct || is_tool(name) || is_mentioned(name, code) {
            continue;
        }
        if code
            .imports
            .iter()
            .any(|import| provides(name, import, code))
        {
            continue;
        }
        let meant: Vec<_> = members
            .iter()
            .filter(|id| {
                inventory
                    .component(**id)
                    .is_some_and(|c| is_meant(inventory, c))
            })
            .collect();
        let Some(component) = meant.first().and_then(|id| inventory.component(**id)) else {
            continue;
        };
        out.push(Finding {
            rule: rules::id_unused::ID,
            subject: Subject::of(component),
            severity: Severity::None,
            confidence: Confidence::Low,
            message: "declared by the project and imported by none of its code".to_owned(),
            advisory: None,
            occurrences: meant.iter().flat_map(|id| places.of(**id)).collect(),
            remedy: Remedy {
                text: format!(
                    "remove {name} if nothing uses it: every package less is one less to trust"
                ),
                version: None,
            },
        });
    }
    out
}

/// Written down by a person, for what the project runs with: neither for a group nor for an extra.
fn is_meant(inventory: &Inventory, component: &Component) -> bool {
    let input = inventory.input(component.input);
    component.kind == ComponentKind::Distribution
        && input.is_some_and(|i| is_manifest(i.format) || i.format.is_lock())
        && component
            .declarations
            .iter()
            .any(|d| d.direct && d.groups.is_empty() && d.extras.is_empty())
}

fn is_tool(name: &str) -> bool {
    TOOLS.contains(&name)
        || name.ends_with("-stubs")
        || PREFIXES.iter().any(|p| name.starts_with(p))
}

/// Whether the name, or a module it provides, stands anywhere as a word.
fn is_mentioned(name: &str, code: &Code) -> bool {
    let modules = names::modules().filter(|m| names::providers(m).contains(&name));
    code.words.contains(name) || modules.into_iter().any(|m| code.words.contains(&normal(m)))
}
