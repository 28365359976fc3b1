//! Installers that take what a lock pins, from where the lock says: nothing can stand between them and the file host,
//! so the lock is judged before they start, and they install the bytes whose hashes it has.

use std::path::{Path, PathBuf};

use super::command::Tool;
use crate::error::Failure;
use crate::surroundings::Surroundings;

/// How a command gets its packages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// It asks the index that variables name.
    Asks,
    /// It installs what a lock pins.
    Lock(Pins),
}

/// A lock, and what keeps the command to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pins {
    pub(super) lock: PathBuf,
    /// A variable without which the command would write the lock anew when it finds it old.
    pub(super) keep: Option<&'static str>,
    /// What the lock does not have is asked of the index that variables name.
    pub(super) asks: bool,
}

/// Finds out how a command gets its packages, from the tool's own words; `here` is where it runs.
pub(super) fn way(
    tool: Tool,
    words: &[String],
    here: &Path,
    surroundings: &Surroundings,
) -> Result<Way, Failure> {
    let verb = words.iter().find(|w| !w.starts_with('-'));
    let verb = verb.map(String::as_str).unwrap_or_default();
    match tool {
        Tool::Uv => uv(verb, words, here),
        Tool::Poetry => match verb {
            "install" | "sync" => locked(here, "Poetry", "poetry.lock", None),
            // What they do here is to choose versions, from indexes that only their own files name.
            "add" | "lock" | "update" | "self" | "remove" => {
                Err(refused(OWN_FILES, "Poetry", "poetry.lock"))
            }
            _ => Ok(Way::Asks),
        },
        Tool::Pdm => match verb {
            "sync" | "install" => locked(here, "PDM", "pdm.lock", Some("PDM_FROZEN_LOCKFILE")),
            "add" | "update" | "lock" | "remove" if names_sources(here, surroundings) => {
                Err(refused(OWN_FILES, "PDM", "pdm.lock"))
            }
            _ => Ok(Way::Asks),
        },
        Tool::Pipenv => pipenv(verb, words, here),
        Tool::PipCompile | Tool::PipTools if tool == Tool::PipCompile || verb == "compile" => {
            if words.iter().any(|w| w == "--no-emit-index-url") {
                return Ok(Way::Asks);
            }
            Err(Failure::usage(
                "pip-compile writes the address of its index into what it makes, and the guard's ends with the command",
            )
            .hint("give it `--no-emit-index-url`"))
        }
        _ => Ok(Way::Asks),
    }
}

fn uv(verb: &str, words: &[String], here: &Path) -> Result<Way, Failure> {
    match verb {
        "sync" | "run" => {}
        "add" | "remove" | "lock" | "version" => return Err(refused(WRITES, "uv", "uv.lock")),
        _ => return Ok(Way::Asks),
    }
    let has = |names: &[&str]| words.iter().any(|w| names.contains(&w.as_str()));
    let alone =
        verb == "run" && (has(&["--no-project", "--script", "-s"]) || is_script(words, here));
    // A script or a tool of its own: there is no project that a lock would be made for.
    if alone || upwards(here, "pyproject.toml").is_none() {
        return Ok(Way::Asks);
    }
    let Some(lock) = upwards(here, "uv.lock") else {
        return Err(refused(WRITES, "uv", "uv.lock"));
    };
    let newer = words
        .iter()
        .any(|w| ["-U", "--upgrade", "-P"].contains(&w.as_str()) || w.starts_with("--upgrade-"));
    if newer {
        return Err(refused(WRITES, "uv", "uv.lock"));
    }
    Ok(Way::Lock(Pins {
        lock,
        keep: (!has(&["--locked", "--frozen"])).then_some("UV_FROZEN"),
        asks: true,
    }))
}

/// Whether `uv run` is given a script that says itself what it needs (PEP 723).
fn is_script(words: &[String], here: &Path) -> bool {
    words.iter().any(|word| {
        let path = here.join(word);
        let python = path.extension().is_some_and(|e| e == "py");
        python
            && std::fs::read(path).is_ok_and(|text| {
                let mark = b"# /// script";
                text.split(|b| *b == b'\n')
                    .any(|line| line.starts_with(mark))
            })
    })
}

fn pipenv(verb: &str, words: &[String], here: &Path) -> Result<Way, Failure> {
    let kept = words
        .iter()
        .any(|w| w == "--deploy" || w == "--ignore-pipfile");
    let plain = words.iter().filter(|w| !w.starts_with('-')).count();
    match verb {
        "sync" => locked(here, "Pipenv", "Pipfile.lock", None),
        "install" if kept && plain == 1 && !words.iter().any(|w| w == "--skip-lock") => {
            locked(here, "Pipenv", "Pipfile.lock", None)
        }
        "install" | "lock" | "update" | "upgrade" | "uninstall" => {
            Err(refused(OWN_FILES, "Pipenv", "Pipfile.lock"))
        }
        _ => Ok(Way::Asks),
    }
}

fn locked(here: &Path, tool: &str, file: &str, keep: Option<&'static str>) -> Result<Way, Failure> {
    let lock = upwards(here, file).ok_or_else(|| refused(OWN_FILES, tool, file))?;
    Ok(Way::Lock(Pins {
        lock,
        keep,
        asks: false,
    }))
}

/// Whether a project, or the user's configuration of PDM, names sources: PDM asks them beside the one of its variables.
fn names_sources(here: &Path, surroundings: &Surroundings) -> bool {
    let variable = |name| surroundings.variable(name).map(PathBuf::from);
    let user = variable("XDG_CONFIG_HOME").or_else(|| Some(variable("HOME")?.join(".config")));
    let configured = [
        variable("PDM_CONFIG_FILE"),
        user.map(|folder| folder.join("pdm/config.toml")),
        Some(PathBuf::from("/etc/xdg/pdm/config.toml")),
        upwards(here, "pdm.toml"),
    ];
    let project = upwards(here, "pyproject.toml");
    project.is_some_and(|path| says(&path, "source", "tool.pdm"))
        || configured
            .iter()
            .flatten()
            .any(|path| says(path, "url", "pypi"))
}

/// Whether a file has both words. What is there and cannot be read may say anything.
fn says(path: &Path, one: &str, other: &str) -> bool {
    match std::fs::read_to_string(path) {
        Ok(text) => text.contains(one) && text.contains(other),
        Err(error) => error.kind() != std::io::ErrorKind::NotFound,
    }
}

const OWN_FILES: &str =
    "takes its index from its own files alone here, so nothing can stand between the two";
const WRITES: &str =
    "writes the address of its index into its lock, and the guard's address ends with the command";

fn refused(why: &str, tool: &str, lock: &str) -> Failure {
    let sync = if tool == "Pipenv" {
        " (`pipenv sync`)"
    } else {
        ""
    };
    Failure::usage(format!("{tool} {why}")).hint(format!(
        "make {lock} without the guard, look at it with `hognose gateway check {lock}`; installing from it{sync} can be guarded"
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
    use crate::commands::guard::installer::lift;

    fn of(command: &str, here: &Path) -> Result<Way, ()> {
        let words: Vec<_> = command.split(' ').map(std::ffi::OsString::from).collect();
        let lifted = lift(&words).map_err(|_| ())?;
        let surroundings = Surroundings {
            variables: std::collections::BTreeMap::new(),
            now: 0,
            arguments: Vec::new(),
        };
        way(lifted.tool, &lifted.own(), here, &surroundings).map_err(|_| ())
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
            "pdm add x",
        ] {
            assert_eq!(of(asks, here), Ok(Way::Asks), "{asks}");
        }
        std::fs::write(here.join("pyproject.toml"), "[[tool.pdm.source]]\n").unwrap();
        for refused in [
            "uv sync",
            "uv add x",
            "uv lock",
            "pip-compile",
            "python -m piptools compile",
            "poetry add x",
            "poetry install",
            "python -m poetry install",
            "pdm sync",
            "pdm add x",
            "pipenv sync",
        ] {
            assert_eq!(of(refused, here), Err(()), "{refused}");
        }
        for lock in ["uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock"] {
            std::fs::write(here.join(lock), "").unwrap();
        }
        let below = here.join("src");
        std::fs::create_dir(&below).unwrap();
        let (uv, pdm) = (Some("UV_FROZEN"), Some("PDM_FROZEN_LOCKFILE"));
        for (command, lock, keep) in [
            ("uv sync", "uv.lock", uv),
            ("uv sync --locked", "uv.lock", None),
            ("uv --quiet run x", "uv.lock", uv),
            ("/bin/poetry install", "poetry.lock", None),
            ("pdm sync", "pdm.lock", pdm),
            ("pipenv sync", "Pipfile.lock", None),
            ("pipenv install --deploy", "Pipfile.lock", None),
        ] {
            let pins = Pins {
                lock: here.join(lock),
                keep,
                asks: lock == "uv.lock",
            };
            assert_eq!(of(command, &below), Ok(Way::Lock(pins)), "{command}");
        }
        for refused in [
            "uv sync -U",
            "uv sync --upgrade-package x",
            "pipenv install x",
            "pipenv install",
            "pipenv install --deploy --skip-lock",
            "pipenv update",
        ] {
            assert_eq!(of(refused, &below), Err(()), "{refused}");
        }
        std::fs::write(below.join("x.py"), "# /// script\n# ///\n").unwrap();
        assert_eq!(of("uv run x.py", &below), Ok(Way::Asks));
    }
}
