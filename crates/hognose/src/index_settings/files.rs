//! The configuration files of pip, uv, Poetry, PDM and Pipenv: which there are, nearest first.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use hognose_types::{IndexScope, IndexTool};

use super::ini;
use super::layer::{Layer, Login, is_true};
use super::secrets::Secret;
use super::tables::{Document, Value, below, entries, get, word};
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

/// Every file, nearest first; those of a project only where that lies somewhere.
pub(super) fn layers(
    python: Option<&Path>,
    project: Option<&Path>,
    surroundings: &Surroundings,
) -> Result<Vec<Layer>, Failure> {
    let mut out = Vec::new();
    if let Some(directory) = project {
        let start = std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
        out.extend(of_project(&start, Path::to_owned, surroundings)?);
    }
    out.extend(of_user(python, surroundings)?);
    Ok(out)
}

/// The files of the nearest directory that says something, from `start` up to the root of its repository. `shown` is how
/// a directory is named.
pub(super) fn of_project(
    start: &Path,
    shown: impl Fn(&Path) -> PathBuf,
    surroundings: &Surroundings,
) -> Result<Vec<Layer>, Failure> {
    for directory in start.ancestors() {
        let found = project(&shown(directory), surroundings)?;
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
fn project(directory: &Path, surroundings: &Surroundings) -> Result<Vec<Layer>, Failure> {
    let mut out = Vec::new();
    let own = directory.join("uv.toml");
    let uv = text(&own)?;
    if let Some(text) = &uv {
        out.extend(Document::parse(text, &own)?.uv(&[], IndexScope::Project));
    }
    let pyproject = directory.join("pyproject.toml");
    let written = text(&pyproject)?;
    let speaks = |text: &&String| {
        ["uv", "poetry", "pdm"]
            .iter()
            .any(|tool| text.contains(tool))
    };
    let document = written.as_ref().filter(speaks);
    let document = document.map(|text| Document::parse(text, &pyproject));
    let document = document.transpose()?;
    if let Some(document) = &document {
        if uv.is_none() {
            out.extend(document.uv(&["tool", "uv"], IndexScope::Project));
        }
        out.extend(document.poetry());
    }
    let has_pdm = document
        .as_ref()
        .is_some_and(|d| below(&d.root, &["tool", "pdm"]).is_some());
    let marks = ["pdm.toml", "pdm.lock"];
    if has_pdm || marks.iter().any(|mark| directory.join(mark).is_file()) {
        out.extend(pdm(directory, document.as_ref(), surroundings)?);
    }
    let pipfile = directory.join("Pipfile");
    if let Some(text) = text(&pipfile)? {
        out.extend(Document::parse(&text, &pipfile)?.pipfile());
    }
    Ok(out)
}

/// What a script says of uv in its own metadata (PEP 723).
pub(super) fn script(path: &Path) -> Result<Option<Layer>, Failure> {
    let Some(text) = text(path)? else {
        return Ok(None);
    };
    let block = script_block(&text);
    let Some(block) = block.filter(|block| block.contains("uv")) else {
        return Ok(None);
    };
    let document = Document::parse(&block, path)?;
    Ok(document.uv(&["tool", "uv"], IndexScope::Project))
}

/// The TOML of a script's metadata, its lines numbered as those of the script; none where there is no whole block.
fn script_block(text: &str) -> Option<String> {
    let mut toml = String::new();
    let mut is_open = false;
    for line in text.lines().map(str::trim_end) {
        match (is_open, line) {
            (false, "# /// script") => is_open = true,
            (true, "# ///") => return Some(toml),
            (true, line) => toml.push_str(line.strip_prefix('#')?),
            (false, _) => {}
        }
        toml.push('\n');
    }
    None
}

/// PDM's sources: those of the project, and those that its user stored.
fn pdm(
    directory: &Path,
    project: Option<&Document<'_>>,
    surroundings: &Surroundings,
) -> Result<Option<Layer>, Failure> {
    let mut paths = vec![(directory.join("pdm.toml"), IndexScope::Project)];
    let own = surroundings.variable("PDM_CONFIG_FILE").map(PathBuf::from);
    let home = own.or_else(|| Some(application(surroundings, "pdm")?.join("config.toml")));
    paths.extend(home.map(|path| (path, IndexScope::User)));
    for directory in machine_directories(surroundings) {
        paths.push((directory.join("pdm").join("config.toml"), IndexScope::User));
    }
    let mut texts = Vec::new();
    for (path, scope) in paths {
        if let Some(text) = text(&path)? {
            texts.push((text, path, scope));
        }
    }
    let parsed = texts
        .iter()
        .map(|(text, path, scope)| Ok((Document::parse(text, path)?, *scope)));
    let stored = parsed.collect::<Result<Vec<_>, Failure>>()?;
    Ok(super::pdm::layer(project, &stored, surroundings))
}

/// What `poetry config http-basic.NAME` stored.
pub(super) fn poetry_logins(surroundings: &Surroundings) -> Result<Vec<Login>, Failure> {
    let own = surroundings
        .variable("POETRY_CONFIG_DIR")
        .map(PathBuf::from);
    let Some(directory) = own.or_else(|| application(surroundings, "pypoetry")) else {
        return Ok(Vec::new());
    };
    let path = directory.join("auth.toml");
    let Some(text) = text(&path)? else {
        return Ok(Vec::new());
    };
    let document = Document::parse(&text, &path)?;
    let disabled = surroundings.variable("POETRY_KEYRING_ENABLED");
    let disabled = disabled.is_some_and(|word| !is_true(word));
    let login = |(name, table): (&str, &Value<'_>)| {
        let password = word(table, "password");
        let asked = password.is_none() && !disabled;
        Some(Login {
            tool: IndexTool::Poetry,
            name: name.to_owned(),
            user: word(table, "username")?.to_owned(),
            password: Secret(password.unwrap_or_default().to_owned()),
            service: asked.then(|| format!("poetry-repository-{name}")),
        })
    };
    Ok(entries(get(&document.root, "http-basic"))
        .filter_map(login)
        .collect())
}

/// Where programs other than pip and uv keep their configuration.
fn application(surroundings: &Surroundings, name: &str) -> Option<PathBuf> {
    if cfg!(target_os = "macos") {
        let home = surroundings.variable("HOME").map(PathBuf::from)?;
        return Some(home.join("Library/Application Support").join(name));
    }
    Some(config_home(surroundings)?.join(name))
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
