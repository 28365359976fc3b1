//! The index that a pip asks when nobody tells it otherwise, as its source says.

use std::fs::File;
use std::path::{Path, PathBuf};

use hognose_archive::Limits;
use hognose_archive::zip::ZipArchive;
use hognose_index::IndexUrl;

use super::files::text;
use crate::python;
use crate::surroundings::Surroundings;

/// The module of pip that names it, since pip 10.
const MODULE: &str = "pip/_internal/models/index.py";

/// The default of the pip that belongs to the user's Python: the one named, else of the active environment, else the
/// first on `PATH`. An installed pip counts before the one that `ensurepip` bundles.
pub(super) fn index(named: Option<&Path>, surroundings: &Surroundings) -> Option<IndexUrl> {
    let active = surroundings.variable("VIRTUAL_ENV").map(PathBuf::from);
    let own = named.map(Path::to_owned).into_iter().chain(active);
    let pythons: Vec<PathBuf> = own
        .chain(["python3", "python"].map(PathBuf::from))
        .collect();
    let installed = || {
        pythons
            .iter()
            .find_map(|python| of_installed(python, surroundings))
    };
    let bundled = || {
        pythons
            .iter()
            .find_map(|python| of_bundled(python, surroundings))
    };
    installed().or_else(bundled)
}

fn of_installed(python: &Path, surroundings: &Surroundings) -> Option<IndexUrl> {
    let sites = python::site_packages(python, surroundings).ok()?;
    sites
        .iter()
        .find_map(|site| stated(&text(&site.join(MODULE)).ok()??))
}

fn of_bundled(python: &Path, surroundings: &Surroundings) -> Option<IndexUrl> {
    let libraries = python::standard_libraries(python, surroundings);
    let own = libraries
        .iter()
        .map(|l| l.join("ensurepip").join("_bundled"));
    // Debian keeps the wheels of its ensurepip apart.
    let mut directories = own.chain([PathBuf::from("/usr/share/python-wheels")]);
    directories.find_map(|directory| wheels(&directory).iter().find_map(|wheel| of_wheel(wheel)))
}

fn wheels(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let mut out: Vec<PathBuf> = entries
        .filter(|e| {
            let name = e.file_name();
            let name = name.to_string_lossy();
            name.starts_with("pip-") && name.ends_with(".whl")
        })
        .map(|e| e.path())
        .collect();
    out.sort();
    out
}

fn of_wheel(path: &Path) -> Option<IndexUrl> {
    let mut archive = ZipArchive::new(File::open(path).ok()?, Limits::default()).ok()?;
    let bytes = archive.read_named(MODULE)?.ok()?;
    stated(&String::from_utf8(bytes).ok()?)
}

/// `PyPI = PackageIndex("URL", …)`: its pages lie below `simple`.
fn stated(source: &str) -> Option<IndexUrl> {
    let assignment = source
        .lines()
        .position(|line| line.starts_with("PyPI = PackageIndex("))?;
    let rest: String = source.lines().skip(assignment).take(3).collect();
    let argument = rest.split_once('(')?.1.trim_start();
    let quote = argument.chars().next().filter(|c| "\"'".contains(*c))?;
    let (url, _) = argument.get(1..)?.split_once(quote)?;
    IndexUrl::parse(url).ok()?.join("simple").ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_pip_says() {
        let source = "class PackageIndex:\n    pass\n\nPyPI = PackageIndex(\n    'https://index.example/', file_storage_domain='x'\n)\n\
                      TestPyPI = PackageIndex(\"https://test.example/\")\n";
        assert_eq!(
            stated(source).unwrap().to_string(),
            "https://index.example/simple"
        );
        let one = "PyPI = PackageIndex(\"https://index.example/\", file_storage_domain=\"x\")";
        assert_eq!(
            stated(one).unwrap().to_string(),
            "https://index.example/simple"
        );
        for no in [
            "",
            "PyPI = PackageIndex(url)",
            "PyPI = PackageIndex('file:///x')",
        ] {
            assert!(stated(no).is_none(), "{no}");
        }
    }
}
