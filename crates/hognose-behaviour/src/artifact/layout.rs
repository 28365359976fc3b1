//! Where a file stands in an artifact, and what that means.

use serde::Serialize;

use crate::python::Role;

/// What an artifact is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A wheel: unpacked at install, nothing is run.
    Wheel,
    /// A source distribution: its build runs code.
    #[default]
    Sdist,
    /// An installed distribution, or a directory that is none of these.
    Directory,
}

impl Kind {
    /// Told from a file name.
    pub fn of_file(name: &str) -> Self {
        let lower = name.to_ascii_lowercase();
        if lower.ends_with(".whl") || lower.ends_with(".egg") {
            Self::Wheel
        } else {
            Self::Sdist
        }
    }
}

/// Folders whose files are there for developers, unless something imports them.
const ASIDE: [&str; 22] = [
    "test",
    "tests",
    "testing",
    "testsuite",
    "unit_tests",
    "test_data",
    "doc",
    "docs",
    "documentation",
    "example",
    "examples",
    "sample",
    "samples",
    "demo",
    "demos",
    "benchmark",
    "benchmarks",
    "ci",
    ".github",
    ".circleci",
    "notebooks",
    "tutorials",
];

/// Files at the root that only developers start.
const DEVELOPMENT: [&str; 12] = [
    "noxfile.py",
    "conftest.py",
    "tasks.py",
    "fabfile.py",
    "toxfile.py",
    "dodo.py",
    "versioneer.py",
    "runtests.py",
    "ez_setup.py",
    "bootstrap.py",
    "release.py",
    "dev.py",
];

/// The path of a module inside what gets installed, and its dotted name.
pub(super) struct Placed {
    pub(super) name: String,
    pub(super) is_package: bool,
    pub(super) role: Role,
}

/// The path without the source folder or the wheel's data folder around it.
pub(super) fn installed(path: &str, kind: Kind) -> &str {
    if kind == Kind::Wheel {
        let mut parts = path.splitn(3, '/');
        if let (Some(first), Some(_), Some(rest)) = (parts.next(), parts.next(), parts.next())
            && first.ends_with(".data")
        {
            return rest;
        }
        return path;
    }
    ["src/", "lib/", "python/", "source/"]
        .iter()
        .find_map(|prefix| path.strip_prefix(prefix))
        .unwrap_or(path)
}

/// Places a Python file. `path` is relative to the root of the artifact.
pub(super) fn place(path: &str, kind: Kind) -> Placed {
    let mut parts: Vec<&str> = path.split('/').filter(|p| !p.is_empty()).collect();
    let mut role = Role::Module;
    if kind == Kind::Wheel {
        // `name-1.0.data/purelib/pkg/x.py` is installed as `pkg/x.py`.
        if let [first, area, ..] = *parts
            && first.ends_with(".data")
        {
            if area == "scripts" {
                role = Role::Script;
            }
            parts.drain(..2);
        }
    } else if parts.len() > 1
        && parts
            .first()
            .is_some_and(|p| matches!(*p, "src" | "lib" | "python" | "source"))
    {
        parts.remove(0);
    }
    let file = parts.last().copied().unwrap_or_default();
    if kind != Kind::Wheel {
        role = sdist_role(&parts, file, role);
    } else if is_aside(&parts) {
        role = Role::Test;
    }
    let stem = file.split('.').next().unwrap_or(file);
    let is_name = stem.chars().all(|c| c.is_alphanumeric() || c == '_')
        && !stem.starts_with(|c: char| c.is_ascii_digit());
    // What no import statement can name is only ever started.
    if role == Role::Module && (file == "__main__.py" || !is_name) {
        role = Role::Script;
    }
    let is_package = file == "__init__.py" || file == "__init__.pyw";
    let mut names: Vec<&str> = parts.clone();
    if let Some(last) = names.last_mut() {
        *last = last
            .strip_suffix(".py")
            .or_else(|| last.strip_suffix(".pyw"))
            .unwrap_or(last);
    }
    if is_package {
        names.pop();
    }
    Placed {
        name: names.join("."),
        is_package,
        role,
    }
}

fn sdist_role(parts: &[&str], file: &str, role: Role) -> Role {
    match parts {
        ["setup.py"] => Role::Setup,
        [name] if DEVELOPMENT.contains(name) => Role::Test,
        [name] if name.starts_with("test_") || name.ends_with("_test.py") => Role::Test,
        [
            "bin" | "scripts" | "script" | "tools" | "utils" | "dev" | "util",
            ..,
        ] => Role::Test,
        _ if is_aside(parts) => Role::Test,
        // A `setup.py` below is another project's, or a template.
        _ if file == "setup.py" => Role::Test,
        _ => role,
    }
}

fn is_aside(parts: &[&str]) -> bool {
    let folders = parts.split_last().map_or(&[][..], |(_, folders)| folders);
    folders.iter().any(|f| {
        let lower = f.to_ascii_lowercase();
        ASIDE.contains(&lower.as_str())
            || lower
                .split([' ', '-', '.'])
                .any(|word| matches!(word, "test" | "tests" | "examples"))
    }) || (folders.len() > 1 && folders.iter().skip(1).any(|f| f.starts_with("test_")))
}

/// True for paths that tests, documentation and examples live in.
pub(super) fn is_aside_path(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').filter(|p| !p.is_empty()).collect();
    is_aside(&parts)
}
