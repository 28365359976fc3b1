//! Files that make Python or a tool run code without being asked: `.pth`, `.start`, `sitecustomize`, entry points,
//! and modules with the name of a standard one.

use super::stdlib;
use crate::fact::{Fact, FactKind, Place, Trigger};

/// Most lines read of one file; `site` reads all, nobody writes more.
const LINES: usize = 20_000;
/// Most facts of one file.
const FACTS: usize = 50;

/// What a `.pth` file makes Python do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pth {
    /// Line and text of each piece of code, to be read as Python.
    pub code: Vec<(u32, String)>,
    /// Folders it adds to the path.
    pub paths: Vec<String>,
    /// Whether all its code has the exact shape of what packaging tools write (editable installs, namespace packages,
    /// the `distutils` of setuptools, coverage).
    pub known_shape: bool,
}

/// Reads a `.pth` file the way `site` does: a line beginning with `import` and a blank is run, another is a folder.
pub fn pth(path: &str, text: &str, out: &mut Vec<Fact>) -> Pth {
    let mut read = Pth {
        known_shape: true,
        ..Pth::default()
    };
    let text = text.trim_start_matches('\u{feff}');
    for (number, line) in (1..).zip(text.lines().take(LINES)) {
        if line.starts_with('#') || line.trim().is_empty() {
            continue;
        }
        let place = || Place::line(path, number);
        if line.starts_with("import ") || line.starts_with("import\t") {
            read.known_shape &= is_known_shape(line.trim_end());
            if read.code.len() < FACTS {
                out.push(Fact::new(
                    FactKind::PthCode,
                    Trigger::Startup,
                    place(),
                    line,
                ));
                read.code.push((number, line.to_owned()));
            }
        } else if read.paths.len() < FACTS {
            out.push(Fact::new(
                FactKind::PthPath,
                Trigger::Startup,
                place(),
                line.trim_end(),
            ));
            read.paths.push(line.trim_end().to_owned());
        }
    }
    read.known_shape &= !read.code.is_empty();
    read
}

/// Statements of the `.pth` files that packaging tools write; `*` stands for names, quotes and dots.
const STATEMENTS: [&str; 37] = [
    // Editable installs of setuptools.
    "import __editable___*_finder",
    "__editable___*_finder.install()",
    "import _*_editable_finder",
    // setuptools' own distutils.
    "import os",
    "var = 'SETUPTOOLS_USE_DISTUTILS'",
    "enabled = os.environ.get(var, 'local') == 'local'",
    "enabled = os.environ.get(var, 'stdlib') == 'local'",
    "enabled and __import__('_distutils_hack')",
    "enabled and __import__('_distutils_hack').add_shim()",
    // Namespace packages.
    "import sys, types, os",
    "import sys,types,os",
    "import sys,new,os",
    "has_mfs = sys.version_info > (3, 5)",
    "p = os.path.join(sys._getframe(1).f_locals['sitedir'], *(*))",
    "ie = os.path.exists(os.path.join(p,'__init__.py'))",
    "importlib = __import__('importlib.util')",
    "__import__('importlib.machinery')",
    "m = sys.modules.setdefault('*', importlib.util.module_from_spec(importlib.machinery.PathFinder.find_spec('*', [os.path.dirname(p)])))",
    "importlib = has_mfs and __import__('importlib.util')",
    "has_mfs and __import__('importlib.machinery')",
    "m = has_mfs and sys.modules.setdefault('*', importlib.util.module_from_spec(importlib.machinery.PathFinder.find_spec('*', [os.path.dirname(p)])))",
    "m = m or sys.modules.setdefault('*', types.ModuleType('*'))",
    "m = not ie and sys.modules.setdefault('*',new.module('*'))",
    "m = not ie and sys.modules.setdefault('*', types.ModuleType('*'))",
    "mp = (m or []) and m.__dict__.setdefault('__path__',[])",
    "(p not in mp) and mp.append(p)",
    "m and setattr(sys.modules['*'], '*', m)",
    // virtualenv and easy_install.
    "import _virtualenv",
    "import sys",
    "sys.__plen = len(sys.path)",
    "new=sys.path[sys.__plen:]",
    "del sys.path[sys.__plen:]",
    "p=getattr(sys,'__egginsert',0)",
    "sys.path[p:p]=new",
    "sys.__egginsert = p+len(new)",
    // coverage in child processes.
    "import coverage",
    "coverage.process_startup()",
];

/// Whether every statement of a line is one that packaging tools write.
fn is_known_shape(line: &str) -> bool {
    line.split(';')
        .map(str::trim)
        .filter(|statement| !statement.is_empty())
        .all(|statement| STATEMENTS.iter().any(|shape| fits(statement, shape)))
        // A module named in a single import is not known by its shape.
        && line.trim_end() != "import os"
        && line.trim_end() != "import sys"
}

/// Whether a statement fits a shape with holes.
fn fits(statement: &str, shape: &str) -> bool {
    let hole = |text: &str| {
        !text.is_empty()
            && text.bytes().all(|b| {
                b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'\'' | b',' | b' ')
            })
    };
    let mut rest = statement;
    let mut parts = shape.split('*');
    let Some(after) = parts.next().and_then(|head| rest.strip_prefix(head)) else {
        return false;
    };
    rest = after;
    let mut open = false;
    for part in parts {
        // Two stars in a row: the first is the shape's own (`*(…)`).
        open = true;
        if part.is_empty() {
            continue;
        }
        if let Some(after) = rest.strip_prefix('*').and_then(|r| r.strip_prefix(part)) {
            rest = after;
            open = false;
            continue;
        }
        let Some(at) = rest.find(part) else {
            return false;
        };
        if !hole(rest.get(..at).unwrap_or_default()) {
            return false;
        }
        rest = rest.get(at + part.len()..).unwrap_or_default();
        open = false;
    }
    if open { hole(rest) } else { rest.is_empty() }
}

/// Reads a `.start` file (PEP 829): each line names a function that every start of Python calls.
pub fn start_file(path: &str, text: &str, out: &mut Vec<Fact>) -> Vec<String> {
    let mut names = Vec::new();
    for (number, line) in (1..).zip(text.lines().take(LINES)) {
        let name = line.trim();
        if name.is_empty() || name.starts_with('#') || names.len() >= FACTS {
            continue;
        }
        out.push(Fact::new(
            FactKind::StartFile,
            Trigger::Startup,
            Place::line(path, number),
            name,
        ));
        names.push(name.to_owned());
    }
    names
}

/// Judges the paths of an artifact's installed files: modules at the top level that `site` imports, and those that
/// stand in for a standard module.
pub fn modules<'a>(paths: impl IntoIterator<Item = &'a str>, out: &mut Vec<Fact>) {
    let mut seen = Vec::new();
    for path in paths {
        let (first, inside) = path.split_once('/').unwrap_or((path, ""));
        let module = match first.split_once('.') {
            // `name.cpython-312-x86_64-linux-gnu.so`, `name.py`, `name.abi3.so`.
            Some((stem, ending)) if inside.is_empty() && is_module(ending) => stem,
            None if matches!(inside, "__init__.py" | "__init__.pyc" | "__init__.pyi") => first,
            _ => continue,
        };
        if seen.contains(&module) || seen.len() >= LINES {
            continue;
        }
        seen.push(module);
        if matches!(module, "sitecustomize" | "usercustomize") {
            out.push(Fact::new(
                FactKind::SiteCustomize,
                Trigger::Startup,
                Place::file(path),
                module,
            ));
        } else if stdlib::is_standard(module) {
            out.push(Fact::new(
                FactKind::ShadowsStdlib,
                Trigger::Import,
                Place::file(path),
                module,
            ));
        }
    }
}

fn is_module(ending: &str) -> bool {
    let last = ending.rsplit('.').next().unwrap_or(ending);
    matches!(last, "py" | "pyc" | "pyw" | "so" | "pyd")
}

/// What `entry_points.txt` declares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntryPoints {
    /// Commands: name and `module:function`.
    pub scripts: Vec<(String, String)>,
    /// Plugins of other tools: group, name and `module:object`.
    pub plugins: Vec<(String, String, String)>,
}

/// Groups whose entries a tool loads as soon as they are installed.
const AUTOMATIC: [&str; 17] = [
    "pytest11",
    "flake8.extension",
    "distutils.commands",
    "distutils.setup_keywords",
    "setuptools.file_finders",
    "setuptools.finalize_distribution_options",
    "egg_info.writers",
    "poetry.plugin",
    "poetry.application.plugin",
    "keyring.backends",
    "hypothesis",
    "nose.plugins",
    "nose.plugins.0.10",
    "pdm",
    "hatch",
    "tox",
    "opentelemetry_distro",
];

/// Reads `entry_points.txt`.
pub fn entry_points(path: &str, text: &str, out: &mut Vec<Fact>) -> EntryPoints {
    let mut read = EntryPoints::default();
    let mut group = "";
    for (number, line) in (1..).zip(text.lines().take(LINES)) {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            group = name.trim();
            continue;
        }
        let Some((name, target)) = line.split_once('=') else {
            continue;
        };
        // Extras follow in brackets.
        let target = target
            .split(['[', ' '])
            .find(|t| !t.is_empty())
            .unwrap_or_default();
        let (name, target) = (name.trim().to_owned(), target.to_owned());
        if matches!(group, "console_scripts" | "gui_scripts") {
            read.scripts.push((name, target));
        } else if !group.is_empty() {
            if AUTOMATIC.contains(&group) {
                let detail = format!("{group}: {target}");
                out.push(Fact::new(
                    FactKind::PluginHook,
                    Trigger::EntryPoint,
                    Place::line(path, number),
                    &detail,
                ));
            }
            read.plugins.push((group.to_owned(), name, target));
        }
    }
    read
}
