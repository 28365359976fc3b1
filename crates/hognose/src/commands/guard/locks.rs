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
    let locks = match (name.as_str(), verb.as_str()) {
        ("uv", "sync" | "run") => ("uv", "uv.lock"),
        ("poetry", "install" | "sync") => ("Poetry", "poetry.lock"),
        ("pdm", "install" | "sync") => ("PDM", "pdm.lock"),
        ("pipenv", "install" | "sync") => ("Pipenv", "Pipfile.lock"),
        // What they do here is to choose versions, from indexes that only their own files name.
        ("poetry", "add" | "lock" | "update" | "self") => {
            return Err(refused("Poetry", "poetry.lock"));
        }
        _ => return Ok(Way::Asks),
    };
    let (tool, file) = locks;
    match upwards(here, file) {
        Some(lock) => Ok(Way::Lock(lock)),
        // uv makes the lock itself, from the index that it is told of.
        None if tool == "uv" => Ok(Way::Asks),
        None => Err(refused(tool, file)),
    }
}

fn refused(tool: &str, lock: &str) -> Failure {
    Failure::usage(format!(
        "{tool} takes its index from its own files alone, so nothing can stand between the two"
    ))
    .hint(format!(
        "run it without the guard until there is a {lock}, then `hognose gateway check {lock}`; installing from the lock can be guarded"
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
            "uv sync",
            "uv add x",
            "make install",
        ] {
            assert_eq!(of(asks, here), Ok(Way::Asks), "{asks}");
        }
        for refused in [
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
