//! Installers that take what a lock pins, from where the lock says: nothing can stand between them and the file host,
//! so the lock is judged before they start, and they install the bytes whose hashes it has.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::error::Failure;

/// How a command gets its packages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// It asks the index that variables name.
    Asks,
    /// It installs what this lock pins.
    Lock(PathBuf),
}

/// Finds out how a command gets its packages; `here` is where it runs.
pub(super) fn way(program: &OsString, arguments: &[OsString], here: &Path) -> Result<Way, Failure> {
    let name = Path::new(program)
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let words = arguments.iter().map(|w| w.to_string_lossy().into_owned());
    let verb = words
        .clone()
        .find(|w| !w.starts_with('-'))
        .unwrap_or_default();
    let (tool, file) = match (name.as_str(), verb.as_str()) {
        ("uv", "sync" | "run") => ("uv", "uv.lock"),
        ("poetry", "install" | "sync") => ("Poetry", "poetry.lock"),
        ("pdm", "install" | "sync") => ("PDM", "pdm.lock"),
        ("pipenv", "install" | "sync") => ("Pipenv", "Pipfile.lock"),
        // What they do here is to choose versions, from indexes that only their own files name.
        ("poetry", "add" | "lock" | "update" | "self") => {
            return Err(refused(OWN_FILES, "Poetry", "poetry.lock"));
        }
        ("uv", "add" | "remove" | "lock" | "version") => {
            return Err(refused(WRITES, "uv", "uv.lock"));
        }
        ("pip-compile", _) if !words.into_iter().any(|w| w == "--no-emit-index-url") => {
            return Err(Failure::usage(
                "pip-compile writes the address of its index into what it makes, and the guard's ends with the command",
            )
            .hint("give it `--no-emit-index-url`"));
        }
        _ => return Ok(Way::Asks),
    };
    if let Some(lock) = upwards(here, file) {
        return Ok(Way::Lock(lock));
    }
    match tool {
        // A script or a tool of its own: there is no project that a lock would be made for.
        "uv" if upwards(here, "pyproject.toml").is_none() => Ok(Way::Asks),
        "uv" => Err(refused(WRITES, tool, file)),
        _ => Err(refused(OWN_FILES, tool, file)),
    }
}

const OWN_FILES: &str =
    "takes its index from its own files alone, so nothing can stand between the two";
const WRITES: &str =
    "writes the address of its index into its lock, and the guard's address ends with the command";

fn refused(why: &str, tool: &str, lock: &str) -> Failure {
    Failure::usage(format!("{tool} {why}")).hint(format!(
        "make {lock} without the guard, look at it with `hognose gateway check {lock}`; installing from it can be guarded"
    ))
}

/// A file in a directory or one above it.
fn upwards(here: &Path, file: &str) -> Option<PathBuf> {
    here.ancestors()
        .map(|directory| directory.join(file))
        .find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(command: &str, here: &Path) -> Result<Way, ()> {
        let mut words = command.split(' ').map(OsString::from);
        let program = words.next().unwrap();
        way(&program, &words.collect::<Vec<_>>(), here).map_err(|_| ())
    }

    #[test]
    fn ways() {
        let directory = tempfile::tempdir().unwrap();
        let here = directory.path();
        for asks in [
            "pip install x",
            "uv pip install x",
            "uv run script.py",
            "uvx x",
            "pip-compile --no-emit-index-url",
            "make install",
        ] {
            assert_eq!(of(asks, here), Ok(Way::Asks), "{asks}");
        }
        std::fs::write(here.join("pyproject.toml"), "").unwrap();
        for refused in [
            "uv sync",
            "uv add x",
            "uv lock",
            "pip-compile",
            "poetry add x",
            "poetry install",
            "pdm sync",
            "pipenv install",
        ] {
            assert_eq!(of(refused, here), Err(()), "{refused}");
        }
        for lock in ["uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock"] {
            std::fs::write(here.join(lock), "").unwrap();
        }
        let below = here.join("src");
        std::fs::create_dir(&below).unwrap();
        for (command, lock) in [
            ("uv sync", "uv.lock"),
            ("uv --quiet run x", "uv.lock"),
            ("/bin/poetry install", "poetry.lock"),
            ("pdm sync", "pdm.lock"),
            ("pipenv sync", "Pipfile.lock"),
        ] {
            assert_eq!(
                of(command, &below),
                Ok(Way::Lock(here.join(lock))),
                "{command}"
            );
        }
    }
}
