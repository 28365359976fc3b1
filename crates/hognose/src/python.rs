//! Finding an environment's `site-packages` without running its interpreter: start-up hooks (`.pth`,
//! `sitecustomize`) of a hostile environment would run with it.

use std::path::{Path, PathBuf};

use crate::error::Failure;
use crate::surroundings::Surroundings;

/// The directories that distributions are installed in, for an interpreter, a command on `PATH` (`python3.12`) or an
/// environment's directory.
pub(crate) fn site_packages(
    python: &Path,
    surroundings: &Surroundings,
) -> Result<Vec<PathBuf>, Failure> {
    let place = locate(python, surroundings)?;
    let mut found = installed_in(&place.prefix, place.version.as_deref());
    let config = std::fs::read_to_string(place.prefix.join("pyvenv.cfg")).unwrap_or_default();
    if place.is_virtual()
        && setting(&config, "include-system-site-packages")
            .is_some_and(|v| v.eq_ignore_ascii_case("true"))
    {
        let base = setting(&config, "home")
            .map(PathBuf::from)
            .and_then(|home| home.parent().map(Path::to_owned));
        found.extend(
            base.iter()
                .flat_map(|base| installed_in(base, place.version.as_deref())),
        );
    }
    if !place.is_virtual() {
        found.extend(user_site(place.version.as_deref(), surroundings));
    }
    found.dedup();
    if found.is_empty() {
        let message = format!("no site-packages directory belongs to {}", python.display());
        return Err(Failure::usage(message)
            .hint("name the environment's directory, or its site-packages, as PATH"));
    }
    Ok(found)
}

/// The directories of the standard library, with what comes with the interpreter.
pub(crate) fn standard_libraries(python: &Path, surroundings: &Surroundings) -> Vec<PathBuf> {
    let Ok(place) = locate(python, surroundings) else {
        return Vec::new();
    };
    let config = std::fs::read_to_string(place.prefix.join("pyvenv.cfg")).unwrap_or_default();
    let base = setting(&config, "home")
        .and_then(|home| Path::new(home).parent())
        .unwrap_or(&place.prefix);
    let entries = ["lib", "lib64"].map(|library| std::fs::read_dir(base.join(library)));
    let mut out: Vec<PathBuf> = entries
        .into_iter()
        .flatten()
        .flatten()
        .flatten()
        .filter(|e| wanted(&e.file_name().to_string_lossy(), place.version.as_deref()))
        .map(|e| e.path())
        .collect();
    out.sort();
    out.push(base.join("Lib"));
    out
}

/// The directory that an interpreter belongs to (`sys.prefix`).
pub(crate) fn prefix(python: &Path, surroundings: &Surroundings) -> Option<PathBuf> {
    locate(python, surroundings).ok().map(|place| place.prefix)
}

struct Place {
    prefix: PathBuf,
    /// `3.12`, where the interpreter's name tells.
    version: Option<String>,
}

impl Place {
    fn is_virtual(&self) -> bool {
        self.prefix.join("pyvenv.cfg").is_file()
    }
}

fn locate(python: &Path, surroundings: &Surroundings) -> Result<Place, Failure> {
    if python.is_dir() {
        return Ok(Place {
            prefix: python.to_owned(),
            version: None,
        });
    }
    let interpreter = if python.components().count() > 1 || python.is_file() {
        Some(python.to_owned())
    } else {
        let path = surroundings.variable("PATH").unwrap_or_default();
        std::env::split_paths(path)
            .map(|dir| dir.join(python))
            .find(|candidate| candidate.is_file())
    };
    let interpreter = interpreter.filter(|p| p.is_file()).ok_or_else(|| {
        Failure::usage(format!(
            "there is no interpreter or environment {}",
            python.display()
        ))
        .hint("give the path of python, a name on PATH, or the directory of a virtual environment")
    })?;
    let interpreter = match shims_of(&interpreter) {
        None => interpreter,
        Some(root) => behind_shim(&root, &interpreter, surroundings).ok_or_else(|| {
            Failure::usage(format!(
                "{} starts one of several interpreters",
                interpreter.display()
            ))
            .hint("give the path of the interpreter itself: `pyenv which python` prints it")
        })?,
    };
    // An environment's interpreter is a link to the base's: its own place comes first.
    let above = |path: &Path| path.parent().and_then(Path::parent).map(Path::to_owned);
    let own = above(&std::path::absolute(&interpreter).unwrap_or_else(|_| interpreter.clone()));
    let real = std::fs::canonicalize(&interpreter).unwrap_or_else(|_| interpreter.clone());
    let version = [interpreter.as_path(), real.as_path()]
        .into_iter()
        .find_map(version_in_name);
    let prefix = own
        .filter(|p| p.join("pyvenv.cfg").is_file())
        .or_else(|| above(&real))
        .unwrap_or_default();
    Ok(Place { prefix, version })
}

/// The root of a pyenv whose launcher this is.
fn shims_of(interpreter: &Path) -> Option<PathBuf> {
    let directory = interpreter.parent()?;
    let root = directory.parent()?;
    (directory.file_name()? == "shims" && root.join("versions").is_dir()).then(|| root.to_owned())
}

/// What a launcher of pyenv would start, by pyenv's rules and without starting it: the version in `PYENV_VERSION`, in
/// the nearest `.python-version`, else the global one.
fn behind_shim(root: &Path, shim: &Path, surroundings: &Surroundings) -> Option<PathBuf> {
    let here = std::path::absolute(".").unwrap_or_default();
    let files = here.ancestors().map(|above| above.join(".python-version"));
    let text = surroundings
        .variable("PYENV_VERSION")
        .map(str::to_owned)
        .or_else(|| {
            files
                .chain([root.join("version")])
                .find_map(|file| std::fs::read_to_string(file).ok())
        })?;
    let version = text.split([':', '\n', '\r', ' ']).next()?;
    // The project wrote it: it names a version, not a place.
    if version.is_empty() || version.contains(['/', '\\']) || version.starts_with('.') {
        return None;
    }
    let found = root
        .join("versions")
        .join(version)
        .join("bin")
        .join(shim.file_name()?);
    found.is_file().then_some(found)
}

/// `python3.12` → `3.12`.
fn version_in_name(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?.strip_prefix("python")?;
    let name = name.strip_suffix(".exe").unwrap_or(name);
    name.contains('.').then(|| name.to_owned())
}

fn installed_in(prefix: &Path, version: Option<&str>) -> Vec<PathBuf> {
    let mut out = Vec::new();
    // Debian keeps its own packages apart, and pip's below /usr/local.
    let roots = [prefix.to_owned(), prefix.join("local")];
    for root in &roots {
        for library in ["lib", "lib64"] {
            let mut names: Vec<String> = std::fs::read_dir(root.join(library))
                .into_iter()
                .flatten()
                .flatten()
                .filter_map(|e| e.file_name().into_string().ok())
                .filter(|name| wanted(name, version))
                .collect();
            names.sort();
            for name in names {
                for kind in ["site-packages", "dist-packages"] {
                    push(&mut out, root.join(library).join(&name).join(kind));
                }
            }
        }
        push(&mut out, root.join("Lib").join("site-packages"));
    }
    out
}

/// `python3.12`, `pypy3.10`; Debian's `python3`; every version when none is known.
fn wanted(name: &str, version: Option<&str>) -> bool {
    let Some(rest) = name
        .strip_prefix("python")
        .or_else(|| name.strip_prefix("pypy"))
    else {
        return false;
    };
    rest.starts_with(|c: char| c.is_ascii_digit())
        && version.is_none_or(|v| rest == v || v.split('.').next() == Some(rest))
}

/// Adds a directory once: `lib64` is often a link to `lib`.
fn push(out: &mut Vec<PathBuf>, path: PathBuf) {
    let real = |p: &Path| std::fs::canonicalize(p).ok();
    if path.is_dir() && !out.iter().any(|p| real(p) == real(&path)) {
        out.push(path);
    }
}

/// The directories that distributions of the user alone are installed in.
pub(crate) fn user_site(version: Option<&str>, surroundings: &Surroundings) -> Vec<PathBuf> {
    let base = match (
        surroundings.variable("PYTHONUSERBASE"),
        surroundings.variable("HOME"),
    ) {
        (Some(base), _) => PathBuf::from(base),
        (None, Some(home)) => PathBuf::from(home).join(".local"),
        (None, None) => return Vec::new(),
    };
    installed_in(&base, version)
}

fn setting<'a>(config: &'a str, key: &str) -> Option<&'a str> {
    config.lines().find_map(|line| {
        let (name, value) = line.split_once('=')?;
        (name.trim() == key).then(|| value.trim())
    })
}
