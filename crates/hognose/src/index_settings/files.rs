//! The configuration files of pip, uv, Poetry, PDM and Pipenv: which there are, nearest first.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use hognose_types::IndexScope;

use super::ini;
use super::layer::Layer;
use super::tables::Document;
use crate::error::Failure;
use crate::python;
use crate::surroundings::Surroundings;

/// Larger than any configuration a person writes.
const MAX_FILE: u64 = 4 << 20;

/// Reads a file within a limit.
pub(super) fn limited(path: &Path, limit: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(std::io::Error::other(format!(
            "over the limit of {limit} bytes"
        )));
    }
    Ok(bytes)
}

/// Text of a file; none when it is not there. One that cannot be read is an error: going on without it could tell a
/// public index the names of private packages.
pub(super) fn text(path: &Path) -> Result<Option<String>, Failure> {
    // A device or pipe in the place of a configuration never ends.
    if !path.is_file() {
        return Ok(None);
    }
    let read = limited(path, MAX_FILE)
        .and_then(|bytes| String::from_utf8(bytes).map_err(std::io::Error::other));
    read.map(Some)
        .map_err(|e| Failure::usage(format!("cannot read {}", path.display())).because(&e))
}

/// Every file, nearest first.
pub(super) fn layers(
    python: Option<&Path>,
    trusted: bool,
    surroundings: &Surroundings,
) -> Result<Vec<Layer>, Failure> {
    let mut out = Vec::new();
    if trusted {
        let here = std::path::absolute(".").unwrap_or_default();
        out.extend(of_project(&here, Path::to_owned)?);
    }
    out.extend(of_user(python, surroundings)?);
    Ok(out)
}

/// The files of the nearest directory that says something, from `start` up to the root of its repository. `shown` is how
/// a directory is named.
pub(super) fn of_project(
    start: &Path,
    shown: impl Fn(&Path) -> PathBuf,
) -> Result<Vec<Layer>, Failure> {
    for directory in start.ancestors() {
        let found = project(&shown(directory))?;
        if !found.is_empty() {
            return Ok(found);
        }
        // Above the root of a repository begins what is not the project's.
        if directory.join(".git").exists() {
            break;
        }
    }
    Ok(Vec::new())
}

/// The files of the user and of the machine.
pub(super) fn of_user(
    python: Option<&Path>,
    surroundings: &Surroundings,
) -> Result<Vec<Layer>, Failure> {
    let mut out = Vec::new();
    for path in pip_files(python, surroundings) {
        out.extend(text(&path)?.and_then(|text| ini::pip(&text, &path)));
    }
    for path in uv_files(surroundings) {
        if let Some(text) = text(&path)? {
            out.extend(Document::parse(&text, &path)?.uv(&[], IndexScope::User));
        }
    }
    Ok(out)
}

/// What the files of one directory say; `uv.toml` hides the table of `pyproject.toml`, as with uv.
fn project(directory: &Path) -> Result<Vec<Layer>, Failure> {
    let mut out = Vec::new();
    let own = directory.join("uv.toml");
    let uv = text(&own)?;
    if let Some(text) = &uv {
        out.extend(Document::parse(text, &own)?.uv(&[], IndexScope::Project));
    }
    let pyproject = directory.join("pyproject.toml");
    if let Some(text) = text(&pyproject)?
        && ["uv", "poetry", "pdm"]
            .iter()
            .any(|tool| text.contains(tool))
    {
        let document = Document::parse(&text, &pyproject)?;
        if uv.is_none() {
            out.extend(document.uv(&["tool", "uv"], IndexScope::Project));
        }
        out.extend(document.poetry());
        out.extend(document.pdm());
    }
    let pipfile = directory.join("Pipfile");
    if let Some(text) = text(&pipfile)? {
        out.extend(Document::parse(&text, &pipfile)?.pipfile());
    }
    Ok(out)
}

/// pip's files, the one that wins first: the environment's, the user's, the machine's.
fn pip_files(python: Option<&Path>, surroundings: &Surroundings) -> Vec<PathBuf> {
    let named = surroundings.variable("PIP_CONFIG_FILE");
    // pip reads no file at all when it is told to read the null device.
    if named.is_some_and(|n| n == "/dev/null" || n.eq_ignore_ascii_case("nul")) {
        return Vec::new();
    }
    let name = if cfg!(windows) { "pip.ini" } else { "pip.conf" };
    let mut out: Vec<PathBuf> = named.map(PathBuf::from).into_iter().collect();
    // The environment's, which is the interpreter's where there is no environment (`sys.prefix`).
    let active = surroundings.variable("VIRTUAL_ENV").map(PathBuf::from);
    let named = python.map(Path::to_owned).or(active);
    let python = named.unwrap_or_else(|| PathBuf::from("python3"));
    out.extend(python::prefix(&python, surroundings).map(|prefix| prefix.join(name)));
    out.extend(config_home(surroundings).map(|home| home.join("pip").join(name)));
    if let Some(home) = surroundings.variable("HOME").map(PathBuf::from) {
        if cfg!(target_os = "macos") {
            out.push(home.join("Library/Application Support/pip").join(name));
        }
        out.push(home.join(".pip").join(name));
    }
    if !cfg!(windows) {
        out.push(PathBuf::from("/etc/pip.conf"));
    }
    // pip reads the machine's directories in order, and what is read later counts.
    for directory in machine_directories(surroundings).into_iter().rev() {
        out.push(directory.join("pip").join(name));
    }
    out
}

fn uv_files(surroundings: &Surroundings) -> Vec<PathBuf> {
    let mut out: Vec<PathBuf> = Vec::new();
    out.extend(surroundings.variable("UV_CONFIG_FILE").map(PathBuf::from));
    out.extend(config_home(surroundings).map(|home| home.join("uv").join("uv.toml")));
    for directory in machine_directories(surroundings) {
        out.push(directory.join("uv").join("uv.toml"));
    }
    if !cfg!(windows) {
        out.push(PathBuf::from("/etc/uv/uv.toml"));
    }
    out
}

fn config_home(surroundings: &Surroundings) -> Option<PathBuf> {
    if cfg!(windows) {
        return surroundings.variable("APPDATA").map(PathBuf::from);
    }
    let set = surroundings.variable("XDG_CONFIG_HOME").map(PathBuf::from);
    set.or_else(|| Some(PathBuf::from(surroundings.variable("HOME")?).join(".config")))
}

fn machine_directories(surroundings: &Surroundings) -> Vec<PathBuf> {
    if cfg!(windows) {
        let data = surroundings.variable("PROGRAMDATA").map(PathBuf::from);
        return data.into_iter().collect();
    }
    let listed = surroundings
        .variable("XDG_CONFIG_DIRS")
        .unwrap_or("/etc/xdg");
    std::env::split_paths(listed).collect()
}
