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
    elsewhere(tool, words, surroundings)?;
    let verb = verb(tool, words);
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
            let silent = ["--no-emit-index-url", "--no-emit-options"];
            if words.iter().any(|w| silent.contains(&w.as_str())) {
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

/// Refuses commands within a command that install what a lock pins: only the outermost is held to what was judged.
pub(super) fn within(
    commands: &[(Tool, Vec<String>)],
    here: &Path,
    surroundings: &Surroundings,
) -> Result<(), Failure> {
    for (tool, words) in commands {
        if way(*tool, words, here, surroundings)? != Way::Asks {
            return Err(Failure::usage(format!(
                "{} within another command installs what a lock pins, which nothing looks at there",
                verb(*tool, words)
            ))
            .hint("run it by itself behind the guard"));
        }
    }
    Ok(())
}

/// The words that tools do things by. A word before them belongs to an option.
const VERBS: [(Tool, &[&str]); 4] = [
    (
        Tool::Uv,
        &[
            "sync", "run", "add", "remove", "lock", "version", "pip", "tool", "venv", "build",
            "export", "tree", "init", "publish", "cache", "python", "self", "auth", "format",
            "help", "audit",
        ],
    ),
    (
        Tool::Poetry,
        &[
            "install", "sync", "add", "lock", "update", "self", "remove", "run", "show", "config",
            "env", "check", "version", "about", "list", "help", "search", "build", "publish",
            "init", "new", "shell", "export", "cache", "source", "python", "debug",
        ],
    ),
    (
        Tool::Pdm,
        &[
            "install",
            "sync",
            "add",
            "update",
            "lock",
            "remove",
            "run",
            "list",
            "config",
            "info",
            "show",
            "search",
            "build",
            "publish",
            "init",
            "use",
            "venv",
            "export",
            "import",
            "cache",
            "plugin",
            "self",
            "outdated",
            "python",
            "fix",
            "new",
            "completion",
        ],
    ),
    (
        Tool::Pipenv,
        &[
            "install",
            "sync",
            "lock",
            "update",
            "upgrade",
            "uninstall",
            "run",
            "shell",
            "graph",
            "check",
            "audit",
            "scan",
            "clean",
            "requirements",
            "verify",
            "open",
            "activate",
            "scripts",
            "pylock",
        ],
    ),
];

/// Where a word of the guard's own goes among those of pip-compile, and the word: it would write the address of its index
/// into what it makes. None where the command says itself what is written.
pub(super) fn unsaid(tool: Tool, words: &[String]) -> Option<(usize, &'static str)> {
    let at = match tool {
        Tool::PipCompile => 0,
        Tool::PipTools => words.iter().position(|w| w == "compile")? + 1,
        _ => return None,
    };
    let said = |w: &String| w.contains("emit-index-url") || w.contains("emit-options");
    (!words.iter().any(said)).then_some((at, "--no-emit-index-url"))
}

/// Whether a command cannot do its work without asking an index: one that asks nobody else went past the guard, or had
/// everything already.
pub(super) fn resolves(tool: Tool, words: &[String]) -> bool {
    let verb = verb(tool, words);
    let behind = words.iter().skip_while(|w| *w != verb).skip(1);
    let next = behind.map(String::as_str).find(|w| !w.starts_with('-'));
    let verbs: &[&str] = match tool {
        Tool::Pip => &["install", "download", "wheel", "lock"],
        Tool::Uv => match verb {
            "pip" => return next.is_some_and(|w| ["install", "sync", "compile"].contains(&w)),
            "tool" => return next.is_some_and(|w| ["install", "run", "upgrade"].contains(&w)),
            _ => return false,
        },
        Tool::PipCompile | Tool::PipTools | Tool::Uvx => return true,
        Tool::Pipx => &[
            "install",
            "install-all",
            "inject",
            "run",
            "upgrade",
            "upgrade-all",
            "reinstall",
            "reinstall-all",
        ],
        Tool::Pdm => &["add", "lock", "update"],
        _ => return false,
    };
    verbs.contains(&verb)
}

/// What a tool is to do.
pub(super) fn verb(tool: Tool, words: &[String]) -> &str {
    let known = VERBS
        .iter()
        .find(|(of, _)| *of == tool)
        .map(|(_, verbs)| *verbs);
    let mut plain = words.iter().map(String::as_str);
    match known {
        Some(verbs) => plain.find(|w| verbs.contains(w)),
        None => plain.find(|w| !w.starts_with('-')),
    }
    .unwrap_or_default()
}

/// Options and variables that lead a tool to another directory: the lock that is judged would not be the one it takes.
fn elsewhere(tool: Tool, words: &[String], surroundings: &Surroundings) -> Result<(), Failure> {
    let (options, variables): (&[&str], &[&str]) = match tool {
        Tool::Uv | Tool::Uvx => (
            &["--directory", "--project"],
            &["UV_PROJECT", "UV_WORKING_DIR", "UV_WORKING_DIRECTORY"],
        ),
        Tool::Poetry => (
            &["-C", "--directory", "-P", "--project"],
            &["POETRY_PROJECT"],
        ),
        Tool::Pdm => (
            &["-p", "--project", "-L", "--lockfile"],
            &["PDM_PROJECT", "PDM_LOCKFILE"],
        ),
        Tool::Pipenv => (&[], &["PIPENV_PIPFILE", "PIPENV_PROJECT_DIR"]),
        _ => return Ok(()),
    };
    let own = words.iter().take_while(|w| *w != "--");
    let mut named = own.filter(|word| {
        options.iter().any(|option| {
            let long = option.starts_with("--") && word.starts_with(&format!("{option}="));
            let short = !option.starts_with("--") && word.starts_with(option);
            *word == option || long || short
        })
    });
    let set = variables
        .iter()
        .find(|name| surroundings.variable(name).is_some());
    let Some(what) = named.next().map(String::as_str).or(set.copied()) else {
        return Ok(());
    };
    let what = hognose_types::text::short(what, 60);
    Err(Failure::usage(format!(
        "{what} leads to another directory, where the guard does not look"
    ))
    .hint("go there, and run the guard there"))
}

fn uv(verb: &str, words: &[String], here: &Path) -> Result<Way, Failure> {
    match verb {
        // Looking at the project writes its lock, too, where there is none or an old one.
        "sync" | "run" | "tree" | "export" => {}
        "add" | "remove" | "lock" | "version" => return Err(refused(WRITES, "uv", "uv.lock")),
        _ => return Ok(Way::Asks),
    }
    let has = |names: &[&str]| words.iter().any(|w| names.contains(&w.as_str()));
    let script = scripts(words, here);
    if let Some(lock) = script
        .iter()
        .map(|s| with_lock(s))
        .find(|lock| lock.is_file())
    {
        return Err(Failure::usage(format!(
            "uv takes what {} pins, from where it says",
            lock.display()
        ))
        .hint("look at it with `hognose gateway check`, or remove it: then the guard is asked"));
    }
    let alone = !script.is_empty() || has(&["--no-project", "--script", "-s", "--gui-script"]);
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

/// Scripts that say themselves what they need (PEP 723), among the words of `uv run`.
fn scripts(words: &[String], here: &Path) -> Vec<PathBuf> {
    let paths = words.iter().map(|word| here.join(word));
    paths
        .filter(|path| path.is_file() && is_script(path))
        .collect()
}

/// Whether a file says itself what it needs.
pub(super) fn is_script(path: &Path) -> bool {
    std::fs::read(path).is_ok_and(|text| {
        let mark = b"# /// script";
        text.split(|b| *b == b'\n')
            .any(|line| line.starts_with(mark))
    })
}

fn with_lock(script: &Path) -> PathBuf {
    let mut name = script.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
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
    // The lock of a directory above is that of another project.
    let manifest = if tool == "Pipenv" {
        "Pipfile"
    } else {
        "pyproject.toml"
    };
    let home = upwards(here, manifest);
    let home = home.as_deref().and_then(Path::parent);
    let lock = home
        .map(|home| home.join(file))
        .filter(|lock| lock.is_file());
    let lock = lock.ok_or_else(|| refused(OWN_FILES, tool, file))?;
    let project = upwards(here, "pyproject.toml");
    if tool == "Poetry" && project.is_some_and(|path| says(&path, "requires-plugins", "")) {
        return Err(Failure::usage(
            "the project names plugins, which Poetry fetches before anything else",
        )
        .hint("take `requires-plugins` out for this run"));
    }
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
pub(super) fn upwards(here: &Path, file: &str) -> Option<PathBuf> {
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
        for lock in [
            "uv.lock",
            "poetry.lock",
            "pdm.lock",
            "Pipfile",
            "Pipfile.lock",
        ] {
            std::fs::write(here.join(lock), "").unwrap();
        }
        let below = here.join("src");
        std::fs::create_dir(&below).unwrap();
        let (uv, pdm) = (Some("UV_FROZEN"), Some("PDM_FROZEN_LOCKFILE"));
        for (command, lock, keep) in [
            ("uv sync", "uv.lock", uv),
            ("uv sync --locked", "uv.lock", None),
            ("uv --quiet run x", "uv.lock", uv),
            ("uv --color never sync", "uv.lock", uv),
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
            "uv --directory p sync",
            "uv sync --project=p",
            "poetry -C p install",
            "poetry -Pp install",
            "pdm sync -p p",
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
        std::fs::write(below.join("x.py.lock"), "").unwrap();
        assert_eq!(of("uv run x.py", &below), Err(()));
        // A project below another has a lock of its own, or none.
        std::fs::write(below.join("pyproject.toml"), "").unwrap();
        assert_eq!(of("poetry install", &below), Err(()));
    }
}
