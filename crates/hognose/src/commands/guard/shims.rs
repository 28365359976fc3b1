//! Scripts with the names of installers that run them behind the guard, for those who would forget to.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::command::Tool;
use crate::error::Failure;
use crate::exit::Exit;
use crate::output;
use crate::surroundings::Surroundings;

/// The installers that get one.
const NAMES: [&str; 9] = [
    "pip", "pip3", "uv", "uvx", "pipx", "poetry", "pdm", "pipenv", "pip-sync",
];
/// What a script of ours has in it; nothing else is ever overwritten or removed.
const MARK: &str = "# written by `hognose guard --install-shims`";
/// The variable by which a script says where it lies, so that the installer itself is found behind it.
pub(super) const VARIABLE: &str = "HOGNOSE_SHIMS";

/// Writes the scripts.
pub(super) fn install(named: Option<&Path>, surroundings: &Surroundings) -> Result<Exit, Failure> {
    let directory = place(named, surroundings)?;
    let program = std::env::current_exe()
        .map_err(|e| Failure::incomplete("where this program lies is not known").because(&e))?;
    let fault = |path: &Path, e: &io::Error| {
        Failure::incomplete(format!("cannot write {}", path.display())).because(e)
    };
    fs::create_dir_all(&directory).map_err(|e| fault(&directory, &e))?;
    for name in NAMES {
        let path = directory.join(name);
        if path.symlink_metadata().is_ok() && !is_ours(&path) {
            return Err(
                Failure::usage(format!("{} is somebody else's", path.display()))
                    .hint("name an empty directory"),
            );
        }
        let script = format!(
            "#!/bin/sh\n{MARK}\n{VARIABLE}={} exec {} guard -- {name} \"$@\"\n",
            quoted(&directory),
            quoted(&program)
        );
        fs::write(&path, script).map_err(|e| fault(&path, &e))?;
        executable(&path).map_err(|e| fault(&path, &e))?;
    }
    output::data(&format!("{}\n", directory.display()))?;
    output::human(&format!(
        "put it first in PATH: export PATH={}:$PATH",
        quoted(&directory)
    ));
    Ok(Exit::Clean)
}

/// Takes the scripts away.
pub(super) fn remove(named: Option<&Path>, surroundings: &Surroundings) -> Result<Exit, Failure> {
    let directory = place(named, surroundings)?;
    let ours: Vec<PathBuf> = NAMES.iter().map(|name| directory.join(name)).collect();
    let ours: Vec<&PathBuf> = ours.iter().filter(|path| is_ours(path)).collect();
    for path in &ours {
        fs::remove_file(path).map_err(|e| {
            Failure::incomplete(format!("cannot remove {}", path.display())).because(&e)
        })?;
    }
    // It stays where somebody else has something in it.
    let _ = fs::remove_dir(&directory);
    output::human(&format!(
        "{} shims removed from {}",
        ours.len(),
        directory.display()
    ));
    Ok(if ours.is_empty() {
        Exit::Nothing
    } else {
        Exit::Clean
    })
}

fn place(named: Option<&Path>, surroundings: &Surroundings) -> Result<PathBuf, Failure> {
    if !cfg!(unix) {
        return Err(Failure::usage("shims are scripts of a Unix shell"));
    }
    let variable = |name| surroundings.variable(name).map(PathBuf::from);
    let usual = || {
        let data = variable("XDG_DATA_HOME").filter(|p| p.is_absolute());
        data.or_else(|| Some(variable("HOME")?.join(".local/share")))
    };
    let directory = match named {
        Some(named) => Some(named.to_owned()),
        None => usual().map(|data| data.join("hognose/shims")),
    };
    let directory = directory.ok_or_else(|| {
        Failure::usage("there is no directory for shims: HOME is not set")
            .hint("name one with `--shims-dir`")
    })?;
    std::path::absolute(&directory)
        .map_err(|e| Failure::usage(format!("cannot use {}", directory.display())).because(&e))
}

fn is_ours(path: &Path) -> bool {
    let is_file = path.symlink_metadata().is_ok_and(|m| m.is_file());
    is_file && fs::read_to_string(path).is_ok_and(|text| text.contains(MARK))
}

/// A path as one word of a shell.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.to_string_lossy().replace('\'', r"'\''"))
}

#[cfg(unix)]
fn executable(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn executable(_: &Path) -> io::Result<()> {
    Ok(())
}

/// What a run by a shim is told of it: the search path without the shims, so that the installer behind them is found.
pub(super) fn search_path(surroundings: &Surroundings) -> Option<OsString> {
    let shims = surroundings.variable(VARIABLE)?;
    let path = surroundings.variable("PATH")?;
    let kept = std::env::split_paths(path).filter(|p| p.as_os_str() != OsStr::new(shims));
    std::env::join_paths(kept).ok()
}

/// The program that a shim stands for.
pub(super) fn program(name: &OsStr, path: &OsStr) -> Option<PathBuf> {
    if Path::new(name).components().count() != 1 {
        return None;
    }
    std::env::split_paths(path)
        .map(|p| p.join(name))
        .find(|p| p.is_file())
}

/// Whether a command may install anything: a shim need not guard `pip list`.
pub(super) fn installs(tool: Tool, words: &[String]) -> bool {
    let verb = super::locks::verb(tool, words);
    let idle: &[&str] = match tool {
        Tool::Pip => &[
            "list",
            "show",
            "freeze",
            "check",
            "config",
            "cache",
            "debug",
            "hash",
            "help",
            "inspect",
            "uninstall",
        ],
        Tool::Uv => &["help", "cache", "self", "version"],
        Tool::Poetry => &[
            "show", "config", "env", "check", "about", "list", "help", "search", "version",
        ],
        Tool::Pdm => &[
            "list",
            "config",
            "info",
            "show",
            "search",
            "cache",
            "export",
            "use",
            "completion",
        ],
        Tool::Pipenv => &["graph", "check", "scripts"],
        _ => &[],
    };
    let only_options = words.iter().all(|w| w.starts_with('-'));
    !(idle.contains(&verb) || (only_options && matches!(tool, Tool::Pip | Tool::Uv | Tool::Poetry)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shim_guards() {
        let words = |text: &str| -> Vec<String> { text.split(' ').map(str::to_owned).collect() };
        assert!(installs(Tool::Pip, &words("-q install x")));
        assert!(!installs(Tool::Pip, &words("list --outdated")));
        assert!(installs(Tool::Uv, &words("--quiet pip install x")));
        assert!(!installs(Tool::Uv, &words("--version")));
        assert!(installs(Tool::Pipx, &words("run x")));
        assert!(installs(Tool::Poetry, &words("install --with env")));
        assert!(installs(Tool::Uv, &words("remove x")));
        assert_eq!(quoted(Path::new("/a'b")), r"'/a'\''b'");
    }
}
