//! An sdist on disk as a directory, and what it says of how it is built.

use std::fs::File;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::{Component, Path, PathBuf};

use hognose_archive::tarball::{TarKind, walk_tar_gz};
use hognose_archive::{ArchiveError, LimitedReader, Limits};
use serde::Deserialize;

/// Largest file and all files of an sdist that is built.
const MAX_FILE: u64 = 256 << 20;
const MAX_ALL: u64 = 1 << 30;
/// Largest pyproject.toml.
const MAX_PYPROJECT: u64 = 4 << 20;
/// Most requirements of a build, and longest of them.
const MAX_REQUIRES: usize = 100;
const MAX_REQUIREMENT: usize = 300;

/// How a project is built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BuildSystem {
    pub(super) requires: Vec<String>,
    pub(super) backend: String,
    /// Directories of a backend that is part of the source.
    pub(super) path: Vec<String>,
}

#[derive(Default, Deserialize)]
struct Pyproject {
    #[serde(rename = "build-system")]
    build_system: Option<Table>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Table {
    #[serde(default)]
    requires: Vec<String>,
    #[serde(default)]
    build_backend: Option<String>,
    #[serde(default)]
    backend_path: Vec<String>,
}

/// Writes the files of an sdist below a directory, and answers the one directory that is in it. Links are left out: nothing is
/// written through them, and no build needs them that works elsewhere.
pub(super) fn unpack(sdist: &Path, below: &Path) -> Result<PathBuf, String> {
    let file = File::open(sdist).map_err(|e| e.to_string())?;
    let limits = Limits {
        member_bytes: MAX_FILE,
        total_bytes: MAX_ALL,
        ..Limits::default()
    };
    let mut top: Option<PathBuf> = None;
    walk_tar_gz(file, &limits, &mut |member, reader| {
        if member.kind != TarKind::File {
            return Ok(ControlFlow::Continue(()));
        }
        let refused = |why: &str| ArchiveError::Io(std::io::Error::other(why.to_owned()));
        let path =
            inside(&member.path).ok_or_else(|| refused("it has a path that leads out of it"))?;
        let first = path.components().next().map(|part| below.join(part));
        match (&top, first) {
            (None, first) => top = first,
            (Some(known), Some(first)) if *known != first => {
                return Err(refused("it has more than one directory"));
            }
            _ => {}
        }
        let target = below.join(&path);
        let directory = target.parent().unwrap_or(below);
        std::fs::create_dir_all(directory).map_err(ArchiveError::Io)?;
        // A second file of the same name would replace the first, as installers have it.
        let mut out = File::create(&target).map_err(ArchiveError::Io)?;
        std::io::copy(&mut LimitedReader::new(reader, MAX_FILE), &mut out)
            .map_err(ArchiveError::Io)?;
        out.flush().map_err(ArchiveError::Io)?;
        Ok(ControlFlow::Continue(()))
    })
    .map_err(|e| e.to_string())?;
    top.filter(|top| top.is_dir())
        .ok_or_else(|| "it holds no directory".to_owned())
}

/// A path of nothing but names.
fn inside(path: &str) -> Option<PathBuf> {
    let path = Path::new(path);
    let is_plain = |part: Component<'_>| matches!(part, Component::Normal(_));
    let deep = path.components().count();
    (deep > 1 && deep < 64 && path.components().all(is_plain)).then(|| path.to_owned())
}

/// What `pyproject.toml` says; what pip does where it says nothing.
pub(super) fn build_system(source: &Path) -> Result<BuildSystem, String> {
    let path = source.join("pyproject.toml");
    let text = match super::super::disk::limited(&path, MAX_PYPROJECT) {
        Ok(bytes) => {
            String::from_utf8(bytes).map_err(|_| "pyproject.toml is no text".to_owned())?
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(format!("pyproject.toml: {error}")),
    };
    let pyproject: Pyproject = toml::from_str(&text).map_err(|e| {
        format!(
            "pyproject.toml: {}",
            hognose_types::text::short(&e.to_string(), 200)
        )
    })?;
    let old = || BuildSystem {
        requires: vec!["setuptools >= 40.8.0".to_owned()],
        backend: "setuptools.build_meta:__legacy__".to_owned(),
        path: Vec::new(),
    };
    let Some(table) = pyproject.build_system else {
        return Ok(old());
    };
    let backend = table.build_backend.unwrap_or_else(|| old().backend);
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | ':');
    if backend.is_empty() || !backend.chars().all(plain) {
        return Err("pyproject.toml names a backend that is none".to_owned());
    }
    let is_below = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
    let leads_out = |part: &String| !Path::new(part).components().all(is_below);
    if table.backend_path.len() > 20 || table.backend_path.iter().any(leads_out) {
        return Err("pyproject.toml names a backend outside of the source".to_owned());
    }
    Ok(BuildSystem {
        requires: requirements(table.requires)?,
        backend,
        path: table.backend_path,
    })
}

/// Names and versions that an index is asked for. Everything else that installers take (options, addresses, paths) is refused:
/// whoever wrote the sdist wrote them.
pub(super) fn requirements(all: Vec<String>) -> Result<Vec<String>, String> {
    if all.len() > MAX_REQUIRES {
        return Err(format!(
            "it needs more than {MAX_REQUIRES} projects to be built"
        ));
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-[],<>=!~ ();'\"*+".contains(c);
    for one in &all {
        let is_name = one.starts_with(|c: char| c.is_ascii_alphanumeric());
        if !is_name || one.len() > MAX_REQUIREMENT || !one.chars().all(plain) {
            let shown = hognose_types::text::short(one, 80);
            return Err(format!(
                "it needs {shown:?} to be built, which is no project of an index"
            ));
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_that_are_names() {
        let one = |text: &str| requirements(vec![text.to_owned()]).is_ok();
        for good in [
            "setuptools>=61",
            "hatchling",
            "a[b,c] ~= 1.0 ; python_version < '3.8'",
            "wheel==0.*",
        ] {
            assert!(one(good), "{good}");
        }
        for bad in [
            "",
            "-r /etc/passwd",
            "--index-url=x",
            "./a",
            "a @ file:///etc",
            "https://a.example/x.whl",
            "a\n-r b",
            "..",
            "a\\b",
        ] {
            assert!(!one(bad), "{bad}");
        }
        assert!(requirements(vec!["a".to_owned(); 101]).is_err());
    }

    #[test]
    fn systems_of_builds() {
        let directory = tempfile::tempdir().unwrap();
        let read = |text: &str| {
            std::fs::write(directory.path().join("pyproject.toml"), text).unwrap();
            build_system(directory.path())
        };
        assert_eq!(
            build_system(directory.path()).unwrap().backend,
            "setuptools.build_meta:__legacy__"
        );
        let found = read("[build-system]\nrequires = []\nbuild-backend = \"own\"\nbackend-path = [\".\", \"tools\"]\n").unwrap();
        assert_eq!((found.backend.as_str(), found.path.len()), ("own", 2));
        for bad in [
            "[build-system]\nrequires = []\nbackend-path = [\"../x\"]\n",
            "[build-system]\nrequires = []\nbackend-path = [\"/x\"]\n",
            "[build-system]\nrequires = []\nbuild-backend = \"a; import os\"\n",
            "[build-system]\nrequires = [\"-e .\"]\n",
            "[build-system",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
