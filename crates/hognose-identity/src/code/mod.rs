//! What a project's code imports, against what the project declares.
//!
//! A module and the distribution that provides it are two names: `yaml` comes with pyyaml. Whoever installs a package by
//! the name of a missing module gets what somebody else registered under that name.

mod misnamed;
mod read;
mod undeclared;
mod unused;

use std::collections::{BTreeMap, BTreeSet};

use hognose_types::{
    ComponentId, ComponentKind, Finding, InputFormat, Inventory, Location, Occurrence, PackageName,
};

use crate::names;
pub use misnamed::misnamed;
pub use read::CodeReader;
pub(crate) use undeclared::unknown;

/// One import of the project's code.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Imported {
    /// The dotted name as written.
    pub module: String,
    /// What is taken from it.
    pub names: Vec<String>,
    /// Where.
    pub location: Location,
    /// The code can do without it.
    pub optional: bool,
    /// It stands in a function, which may never be called.
    pub late: bool,
}

impl Imported {
    /// True for code that is shipped and runs whenever its module is imported.
    pub(crate) fn is_needed(&self) -> bool {
        !self.late && !is_aside(&self.location.file)
    }
}

/// The code of the projects of an inventory.
#[derive(Clone, Debug, Default)]
pub struct Code {
    /// Every absolute import.
    pub imports: Vec<Imported>,
    /// Modules and packages that the projects themselves hold: the first words of their dotted names.
    pub local: BTreeSet<String>,
    /// Words of code and of files that start programs, in lower case with `-` for `_`: what stands there is used in ways
    /// that no import shows.
    pub words: BTreeSet<String>,
    /// What installed distributions provide, where an environment was read: modules, then names.
    pub installed: BTreeMap<String, BTreeSet<PackageName>>,
    /// False when limits left files out: then nothing is called unused.
    pub is_whole: bool,
}

/// Imports that nothing declares, and declarations that nothing imports. `popular` are names that nobody can take any more.
pub fn judge_code(inventory: &Inventory, code: &Code, popular: &BTreeSet<&str>) -> Vec<Finding> {
    let declared = Declared::of(inventory);
    if !declared.is_any {
        return Vec::new();
    }
    let mut out = undeclared::findings(inventory, code, &declared, popular);
    if code.is_whole {
        out.extend(unused::findings(inventory, code, &declared));
    }
    out
}

/// The distributions of an inventory by name.
#[derive(Debug, Default)]
struct Declared<'i> {
    /// Every component of a name, and whether the project itself names one.
    names: BTreeMap<&'i str, (Vec<ComponentId>, bool)>,
    /// Whether any input says what is needed.
    is_any: bool,
    /// Whether what is needed by others is listed too.
    is_closed: bool,
}

impl<'i> Declared<'i> {
    fn of(inventory: &'i Inventory) -> Self {
        let mut out = Self::default();
        for (at, component) in inventory.components.iter().enumerate() {
            let foreign = matches!(
                component.kind,
                ComponentKind::Foreign | ComponentKind::Interpreter
            );
            if foreign {
                continue;
            }
            let entry = out.names.entry(component.name.as_str()).or_default();
            entry.0.push(ComponentId(at));
            entry.1 |= component.is_root();
            out.is_closed |= !component.is_root();
        }
        out.is_any = !out.names.is_empty();
        out
    }
}

/// Packages that several distributions share: each adds modules below them, and usually bears their names.
const NAMESPACES: [&str; 22] = [
    "aliyun",
    "azure",
    "backports",
    "collective",
    "flufl",
    "google",
    "jaraco",
    "keystoneauth1",
    "logilab",
    "mpl_toolkits",
    "odoo",
    "opentelemetry",
    "oslo",
    "paste",
    "plone",
    "poetry",
    "repoze",
    "ruamel",
    "sphinxcontrib",
    "twisted",
    "zc",
    "zope",
];

/// Whether a distribution may provide a module: rather too often than not often enough.
fn provides(name: &str, import: &Imported, code: &Code) -> bool {
    let top = first_word(&import.module);
    // What bears the name of a shared namespace is told by the longer name below.
    let shared = NAMESPACES.contains(&top) && name.starts_with(&format!("{top}-"));
    if names::providers(top).contains(&name) && !shared {
        return true;
    }
    if let Some(installed) = code.installed.get(top)
        && installed.iter().any(|p| p.as_str() == name)
    {
        return true;
    }
    let top = normal(top);
    if is_affixed(name, &top) {
        return true;
    }
    // `google.cloud.storage` comes with google-cloud-storage, `zope.interface` with zope-interface.
    let dotted = normal(&import.module);
    let below =
        |whole: &str| whole == name || whole.strip_prefix(name).is_some_and(|r| r.starts_with('-'));
    if NAMESPACES.contains(&first_word(&import.module)) {
        let taken = import
            .names
            .iter()
            .map(|n| format!("{dotted}-{}", normal(n)));
        return below(&dotted)
            || taken.into_iter().any(|t| below(&t))
            || name
                .strip_prefix(dotted.as_str())
                .is_some_and(|r| r.starts_with('-'));
    }
    below(&dotted)
}

/// Whether a name is that of a module with one of the words around it that are usual for distributions.
fn is_affixed(name: &str, top: &str) -> bool {
    let affixed = |whole: &str| {
        let rest = whole.strip_prefix(top);
        rest.is_some_and(|r| {
            matches!(
                r,
                "" | "-python"
                    | "-py"
                    | "-binary"
                    | "-lib"
                    | "-client"
                    | "-sdk"
                    | "2"
                    | "3"
                    | "-ng"
                    | "-api"
            )
        })
    };
    let bare = ["python-", "py", "lib", "django-", "pytest-", "flask-"]
        .iter()
        .filter_map(|prefix| name.strip_prefix(prefix));
    // Organisations put their name before that of the module: microsoft-kiota-abstractions.
    let prefix = name.strip_suffix(top);
    let is_last = top.len() > 3 && prefix.is_some_and(|p| p.ends_with('-'));
    is_last
        || affixed(name)
        || bare
            .into_iter()
            .any(|rest| affixed(rest.trim_start_matches('-')))
}

/// The first word of a dotted name.
fn first_word(module: &str) -> &str {
    module.split('.').next().unwrap_or(module)
}

/// A module's name in the form of the names of distributions.
fn normal(module: &str) -> String {
    module.to_ascii_lowercase().replace(['_', '.'], "-")
}

/// Code that is not shipped: what it imports may be installed by other means.
fn is_aside(file: &str) -> bool {
    const DIRECTORIES: [&str; 16] = [
        "tests",
        "test",
        "testing",
        "docs",
        "doc",
        "examples",
        "example",
        "benchmarks",
        "benchmark",
        "scripts",
        "script",
        "tools",
        "ci",
        "samples",
        "notebooks",
        ".github",
    ];
    const FILES: [&str; 7] = [
        "setup.py",
        "conftest.py",
        "noxfile.py",
        "tasks.py",
        "fabfile.py",
        "conf.py",
        "hatch_build.py",
    ];
    let mut parts = file.rsplit('/');
    let name = parts.next().unwrap_or(file);
    FILES.contains(&name)
        || name.starts_with("test_")
        || name.ends_with("_test.py")
        || name.ends_with(".ipynb")
        || parts.any(|part| DIRECTORIES.contains(&part))
}

/// A place in code, as an occurrence of the project whose directory holds it.
pub(crate) fn occurrence(inventory: &Inventory, location: &Location) -> Option<Occurrence> {
    let directory = |at: usize| {
        let component = inventory.components.get(at)?;
        let path = inventory.input(component.input)?.path.as_str();
        Some(path.rsplit_once('/').map_or("", |(d, _)| d))
    };
    let holds = |at: &usize| directory(*at).is_some_and(|d| location.file.starts_with(d));
    let is_project = |at: &usize| {
        inventory
            .components
            .get(*at)
            .is_some_and(|c| c.kind == ComponentKind::Project)
    };
    let all = || 0..inventory.components.len();
    let nearest = all()
        .filter(is_project)
        .filter(holds)
        .max_by_key(|at| directory(*at).map(str::len));
    let at = nearest.or_else(|| all().next())?;
    Some(Occurrence {
        component: ComponentId(at),
        location: location.clone(),
        direct: false,
        groups: Vec::new(),
        extras: Vec::new(),
        condition: None,
        path: Vec::new(),
        edit: None,
    })
}

/// Whether people write an input of this format by hand: what stands there is meant.
fn is_manifest(format: InputFormat) -> bool {
    matches!(
        format,
        InputFormat::Pyproject
            | InputFormat::SetupCfg
            | InputFormat::SetupPy
            | InputFormat::Pipfile
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn import(module: &str, names: &[&str]) -> Imported {
        Imported {
            module: module.to_owned(),
            names: names.iter().map(|n| (*n).to_owned()).collect(),
            location: Location::line("a.py", 1),
            optional: false,
            late: false,
        }
    }

    #[test]
    fn modules_and_their_distributions() {
        for (name, module, names, expected) in [
            ("requests", "requests.adapters", &[][..], true),
            ("pyyaml", "yaml", &[], true),
            ("yaml", "yaml", &[], true),
            ("requests", "yaml", &[], false),
            ("google-cloud-storage", "google.cloud", &["storage"], true),
            (
                "google-cloud-storage",
                "google.cloud.storage.blob",
                &[],
                true,
            ),
            ("google-cloud-storage", "google.cloud.vision", &[], false),
            ("google-cloud-vision", "google.cloud", &["storage"], true),
            ("azure-identity", "azure.identity", &["X"], true),
            ("zope-interface", "zope.interface", &[], true),
            ("zope-event", "zope.interface", &[], false),
            ("typing-extensions", "typing_extensions", &["Self"], true),
            ("psycopg2-binary", "psycopg2.extras", &[], true),
            ("django-filter", "django", &[], false),
            ("django", "django.db", &[], true),
            ("acme-kiota-core", "kiota_core", &[], true),
            ("pyobjc-core", "foo", &[], false),
        ] {
            let import = import(module, names);
            assert_eq!(
                provides(name, &import, &Code::default()),
                expected,
                "{name} {module}"
            );
        }
    }

    #[test]
    fn places_that_are_not_shipped() {
        for (file, expected) in [
            ("src/shop/a.py", false),
            ("tests/a.py", true),
            ("a/docs/conf.py", true),
            ("setup.py", true),
            ("test_a.py", true),
            ("shop/contest.py", false),
        ] {
            assert_eq!(is_aside(file), expected, "{file}");
        }
    }
}
