//! Which tool a command runs: `pip`, `python -m pip` and `uv run pip` are one tool with one set of options.

use std::ffi::OsString;
use std::path::Path;

/// A program that installs packages, by what its options mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Tool {
    /// pip; its options may be abbreviated.
    Pip,
    /// `pip-compile`.
    PipCompile,
    /// `pip-sync`, and pip-tools by the name of its module.
    PipTools,
    /// uv; the words of the command it runs are not its own.
    Uv,
    /// `uvx`, which is `uv tool run`.
    Uvx,
    Pipx,
    Poetry,
    Pdm,
    Pipenv,
    Tox,
    /// A program that starts others and tells them nothing of its own surroundings.
    Sudo,
    /// A program that starts the one that its words name, in its own surroundings or a little other ones.
    Wrapper,
    /// Whatever it is, its arguments are its own; the variables are all that it is told.
    #[default]
    Other,
}

/// Where the words of the tool begin among those of the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) tool: Tool,
    /// Words before the tool's own: the program, and what an interpreter is told first.
    pub(super) lead: usize,
}

/// Finds out what a command runs.
pub(super) fn call(command: &[OsString]) -> Call {
    let Some(program) = command.first() else {
        return other();
    };
    let name = stem(program);
    match name.as_str() {
        "python" | "pypy" | "py" | "pythonw" => module(command),
        name => Call {
            tool: named(name),
            lead: 1,
        },
    }
}

/// The words of a wrapper that come before the command that it starts: up to the first that names a program known here.
pub(super) fn wrapped(words: &[OsString]) -> Option<usize> {
    words.iter().position(|word| {
        let program = stem(word);
        let python = matches!(program.as_str(), "python" | "pypy" | "py" | "pythonw");
        python || SHELLS.contains(&program.as_str()) || named(&program) != Tool::Other
    })
}

/// Programs that are given commands as a text.
pub(super) const SHELLS: [&str; 7] = ["sh", "bash", "dash", "zsh", "ksh", "ash", "mksh"];

/// Whether a word is the name of an installer.
pub(super) fn installer_in(word: &str) -> bool {
    let tool = named(&stem(&OsString::from(word)));
    !matches!(tool, Tool::Other | Tool::Wrapper | Tool::Sudo)
}

fn other() -> Call {
    Call {
        tool: Tool::Other,
        lead: 1,
    }
}

/// The name of a program without its folder, its suffix and the version behind it.
fn stem(program: &OsString) -> String {
    let name = Path::new(program).file_name().unwrap_or_default();
    let name = name.to_string_lossy();
    let name = name.strip_suffix(".exe").unwrap_or(&name);
    // uvx's `pip@24`; the `t` and `d` of threads and debugging behind a version.
    let name = name.split('@').next().unwrap_or(name);
    let bare = name.trim_end_matches(['t', 'd']);
    let name = if bare.ends_with(|c: char| c.is_ascii_digit()) {
        bare
    } else {
        name
    };
    name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.')
        .trim_end_matches('-')
        .to_owned()
}

/// The name of a program, without folder and version.
pub(super) fn name(program: Option<&OsString>) -> String {
    program.map(stem).unwrap_or_default()
}

fn named(name: &str) -> Tool {
    match name {
        "pip" => Tool::Pip,
        "pip-compile" => Tool::PipCompile,
        "pip-sync" | "piptools" => Tool::PipTools,
        "uv" => Tool::Uv,
        "uvx" => Tool::Uvx,
        "pipx" => Tool::Pipx,
        "poetry" => Tool::Poetry,
        "pdm" => Tool::Pdm,
        "pipenv" => Tool::Pipenv,
        "tox" => Tool::Tox,
        "sudo" | "doas" | "su" | "runuser" | "pkexec" => Tool::Sudo,
        "env" | "nice" | "ionice" | "nohup" | "timeout" | "time" | "setsid" | "stdbuf" | "chrt"
        | "taskset" | "flock" | "strace" | "chronic" | "unshare" | "xargs" | "exec" | "command"
        | "busybox" | "script" | "unbuffer" => Tool::Wrapper,
        _ => Tool::Other,
    }
}

/// What an interpreter is told to run: a module that is known, or something of its own.
fn module(command: &[OsString]) -> Call {
    let mut at = 1;
    while let Some(word) = command.get(at) {
        let word = word.to_string_lossy();
        at += 1;
        let Some(letters) = word.strip_prefix('-').filter(|l| !l.is_empty()) else {
            // A script; that of an installer, or its package, is the installer.
            let script = Path::new(&*word);
            let folder = script.parent().and_then(Path::file_name);
            let main = script.file_name().is_some_and(|n| n == "__main__.py");
            let name = script.file_stem().filter(|_| !main).or(folder);
            let name = name.unwrap_or_default().to_string_lossy();
            return of_module(&name, at);
        };
        if letters.starts_with('-') {
            // `--check-hash-based-pycs` is the one that takes a word.
            at += usize::from(letters == "-check-hash-based-pycs");
            continue;
        }
        for (position, letter) in letters.char_indices() {
            let rest = letters.get(position + letter.len_utf8()..).unwrap_or("");
            match letter {
                'm' if rest.is_empty() => {
                    let module = command.get(at).map(|w| w.to_string_lossy().into_owned());
                    return of_module(&module.unwrap_or_default(), at + 1);
                }
                'm' => return of_module(rest, at),
                'c' => return other(),
                // They take the rest of the word, or the next.
                'W' | 'X' => {
                    at += usize::from(rest.is_empty());
                    break;
                }
                _ => {}
            }
        }
    }
    other()
}

fn of_module(module: &str, lead: usize) -> Call {
    let name = module.split('.').next().unwrap_or(module);
    Call {
        tool: named(name),
        lead,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_by_their_names() {
        for (command, tool, rest) in [
            ("pip install x", Tool::Pip, "install x"),
            ("/usr/bin/pip3.12 install x", Tool::Pip, "install x"),
            ("pip.exe install x", Tool::Pip, "install x"),
            ("python3.11 -m pip install x", Tool::Pip, "install x"),
            ("python -Im pip install x", Tool::Pip, "install x"),
            (
                "python -W ignore -X dev -m pip install x",
                Tool::Pip,
                "install x",
            ),
            ("python -mpip install x", Tool::Pip, "install x"),
            ("py -3 -m pip install x", Tool::Pip, "install x"),
            ("python -m pip.__main__ install x", Tool::Pip, "install x"),
            ("python -m uv pip install x", Tool::Uv, "pip install x"),
            ("python -m piptools sync", Tool::PipTools, "sync"),
            ("python -m poetry install", Tool::Poetry, "install"),
            ("python setup.py -m pip", Tool::Other, "-m pip"),
            ("python -c import -m pip", Tool::Other, "-c import -m pip"),
            ("python3.13t -m pip install x", Tool::Pip, "install x"),
            ("pip@24 install x", Tool::Pip, "install x"),
            (
                "python lib/pip/__main__.py install x",
                Tool::Pip,
                "install x",
            ),
            (
                "python lib/site-packages/pip install x",
                Tool::Pip,
                "install x",
            ),
            ("python", Tool::Other, ""),
            ("sudo pip install x", Tool::Sudo, "pip install x"),
            ("make -i x", Tool::Other, "-i x"),
        ] {
            let words: Vec<OsString> = command.split(' ').map(OsString::from).collect();
            let call = call(&words);
            let own: Vec<_> = words
                .iter()
                .skip(call.lead)
                .map(|w| w.to_string_lossy())
                .collect();
            assert_eq!(
                (call.tool, own.join(" ").as_str()),
                (tool, rest),
                "{command}"
            );
        }
    }
}
