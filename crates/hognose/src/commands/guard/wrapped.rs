//! Words of programs that start others, and of commands that are not known: what would take the guard's word away.

use std::ffi::OsString;

use super::command::installer_in;
use super::configs::{is_address, leads_elsewhere};
use crate::error::Failure;

/// Variables that say where installers ask, or where they look.
const MATTER: [&str; 44] = [
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "PIP_NO_INDEX",
    "PIP_FIND_LINKS",
    "PIP_PYPI_URL",
    "PIP_PROXY",
    "PIP_ISOLATED",
    "PIP_CONFIG_FILE",
    "PIP_NO_CACHE_DIR",
    "PIP_CONSTRAINT",
    "PIP_BUILD_CONSTRAINT",
    "PIP_REQUIREMENT",
    "PIP_EDITABLE",
    "UV_DEFAULT_INDEX",
    "UV_INDEX",
    "UV_INDEX_URL",
    "UV_EXTRA_INDEX_URL",
    "UV_FIND_LINKS",
    "UV_NO_INDEX",
    "UV_CONFIG_FILE",
    "UV_NO_CONFIG",
    "UV_TORCH_BACKEND",
    "UV_CACHE_DIR",
    "UV_ENV_FILE",
    "UV_NO_ENV_FILE",
    "UV_CONSTRAINT",
    "UV_OVERRIDE",
    "UV_FROZEN",
    "UV_NO_SOURCES",
    "UV_PROJECT",
    "UV_WORKING_DIR",
    "UV_WORKING_DIRECTORY",
    "PDM_PYPI_URL",
    "PDM_PROJECT",
    "PDM_LOCKFILE",
    "PDM_CONFIG_FILE",
    "PDM_FROZEN_LOCKFILE",
    "PIPENV_PYPI_MIRROR",
    "PIPENV_PIPFILE",
    "PIPENV_DONT_LOAD_ENV",
    "POETRY_PROJECT",
    "TOX_CONFIG_FILE",
    "TOX_OVERRIDE",
    "NO_PROXY",
];

/// Whether a variable says where installers ask. pip takes its own in any case and with hyphens.
pub(super) fn matters(name: &str) -> bool {
    let upper = name.trim().to_ascii_uppercase().replace('-', "_");
    MATTER.contains(&upper.as_str())
        || upper.ends_with("S_PROXY")
        || ["HTTP_PROXY", "ALL_PROXY"].contains(&upper.as_str())
}

/// The refusal of a word that sets such a variable, or takes it away.
pub(super) fn changes(word: &str) -> Failure {
    let word = hognose_types::text::short(word, 60);
    Failure::usage(format!(
        "{word} changes what leads the command to the guard"
    ))
    .hint("put it in front: `env … hognose guard -- …`")
}

/// Refuses words of a wrapper that change what the command behind it is told, or where it runs.
pub(super) fn check(program: &str, words: &[OsString]) -> Result<(), Failure> {
    let words: Vec<String> = words
        .iter()
        .map(|w| w.to_string_lossy().into_owned())
        .collect();
    match program {
        "env" => env(&words),
        "xargs" => Err(Failure::usage(
            "xargs gives the installer words that the guard has not seen",
        )
        .hint("write them to a file, and give it that: `pip install -r FILE`")),
        _ => Ok(()),
    }
}

/// Refuses programs that give an installer words which the guard has not seen, or start it elsewhere.
pub(super) fn fed(program: &str, words: &[String]) -> Result<(), Failure> {
    let starts = |options: &[&str]| {
        let at = words.iter().position(|w| options.contains(&w.as_str()));
        at.and_then(|at| words.get(at + 1..)).unwrap_or_default()
    };
    let started = match program {
        "find" => starts(&["-exec", "-execdir", "-ok", "-okdir"]),
        "fd" | "fdfind" => starts(&["-x", "-X", "--exec", "--exec-batch"]),
        "parallel" | "watch" | "entr" => words,
        _ => &[],
    };
    if !names_installer(started) {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "{program} gives the installer words that the guard has not seen, or starts it elsewhere"
    ))
    .hint("write what to install to a file, and give it that: `pip install -r FILE`"))
}

/// Refuses an installer in a word that `env` takes apart by itself (`env -S`).
pub(super) fn texts_of_env(program: &str, words: &[String]) -> Result<(), Failure> {
    let split = words.iter().position(|word| {
        let letters = word.strip_prefix('-').unwrap_or_default();
        word.starts_with("--s") || !letters.starts_with('-') && letters.contains('S')
    });
    let Some(split) = split.filter(|_| program == "env") else {
        return Ok(());
    };
    let from = words.get(split..).unwrap_or_default();
    let behind = from.iter().map(|word| {
        let bare = word
            .split_once(['S', '='])
            .filter(|_| word.starts_with('-'));
        bare.map_or(word.as_str(), |(_, rest)| rest).to_owned()
    });
    if names_installer(&behind.collect::<Vec<_>>()) {
        return Err(changes(&from.join(" ")));
    }
    Ok(())
}

fn env(words: &[String]) -> Result<(), Failure> {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let letters = word.strip_prefix('-').filter(|w| !w.starts_with('-'));
        let (option, joined) = word.split_once('=').unwrap_or((word, ""));
        let changed = match letters {
            Some("") => true,
            Some(letters) => match letters.find('u') {
                Some(at) if !letters.contains(['i', 'S', 'C']) => {
                    let rest = letters.get(at + 1..).unwrap_or_default();
                    let name = if rest.is_empty() {
                        words.next().map_or("", String::as_str)
                    } else {
                        rest
                    };
                    matters(name)
                }
                _ => letters.contains(['i', 'S', 'C']),
            },
            None if option.starts_with("--unset") => {
                let next = if joined.is_empty() {
                    words.next().map_or("", String::as_str)
                } else {
                    joined
                };
                matters(next)
            }
            None if option.starts_with("--") => ["--ignore", "--split", "--chdir"]
                .iter()
                .any(|o| option.starts_with(o)),
            None => matters(option),
        };
        if changed {
            return Err(changes(word));
        }
    }
    Ok(())
}

/// The words of words: some are texts for a shell.
fn parts(words: &[String]) -> impl Iterator<Item = &str> {
    words
        .iter()
        .flat_map(|word| word.split(is_between))
        .filter(|part| !part.is_empty())
}

fn is_between(c: char) -> bool {
    c.is_whitespace() || "\"';&|(){}<>`,".contains(c)
}

/// Whether an installer is named among words, or in a text that one of them is.
pub(super) fn names_installer(words: &[String]) -> bool {
    parts(words).any(installer_in)
}

/// Refuses an index or an address in the words of a command that is not known, where an installer is named among them: it
/// would count more than the guard's. A text for a shell is read by its words; this does what it can, and no more.
pub(super) fn foreign(words: &[String]) -> Result<(), Failure> {
    let marks = [
        "--index-url",
        "--extra-index-url",
        "--default-index",
        "--find-links",
    ];
    let all: Vec<&str> = parts(words).collect();
    let installer = names_installer(words);
    let named = |word: &&&str| {
        marks.iter().any(|mark| word.starts_with(mark))
            || installer && (leads_elsewhere(word) || is_address(word))
    };
    let Some(word) = all.iter().find(named) else {
        return Ok(());
    };
    let word = hognose_types::text::short(word, 80);
    Err(Failure::usage(format!(
        "{word} names an index or an address in a command whose options are not known here"
    ))
    .hint("run the installer itself behind the guard: `hognose guard -- pip …`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapper(command: &str) -> Result<(), Failure> {
        let mut words = command.split(' ').map(OsString::from);
        let program = words.next().unwrap();
        check(&program.to_string_lossy(), &words.collect::<Vec<_>>())
    }

    #[test]
    fn ordinary_words_are_let_through() {
        for command in [
            "env FOO=1",
            "env PIP_ROOT_USER_ACTION=ignore",
            "env UV_LINK_MODE=copy",
            "env -u PYTHONPATH",
            "env FOO=my-pip-cache",
            "env --unset=LANG",
            "stdbuf -i0",
            "chrt -i 0",
            "timeout -s KILL 60",
            "nice -n 5",
        ] {
            assert!(wrapper(command).is_ok(), "{command}");
        }
        for command in [
            "env -i",
            "env -",
            "env -iv",
            "env -S",
            "env -C other",
            "env --chdir=other",
            "env -u PIP_INDEX_URL",
            "env -uPIP_INDEX_URL",
            "env --unset UV_INDEX",
            "env pip_index-url=x",
            "env https_proxy=x",
            "xargs -a list",
        ] {
            assert!(wrapper(command).is_err(), "{command}");
        }
        let of = |text: &str| foreign(&text.split(' ').map(str::to_owned).collect::<Vec<_>>());
        for text in [
            "curl -i http://127.0.0.1/",
            "python -m pytest -i http://x",
            "make -i x",
            "sh -c ls",
        ] {
            assert!(of(text).is_ok(), "{text}");
        }
        let shell = |text: &str| foreign(&["-c".to_owned(), text.to_owned()]);
        for text in [
            "pip install -i 'https://a.example' x",
            "pip install --index https://a.example x",
            "pip install https://a.example/x.whl",
        ] {
            assert!(shell(text).is_err(), "{text}");
        }
        assert!(shell("pip install -U x && pytest").is_ok());
    }
}
