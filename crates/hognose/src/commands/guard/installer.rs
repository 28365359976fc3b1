//! What an installer's arguments say of indexes: they count more than variables, so they are taken out and become
//! upstreams.

use std::ffi::OsString;

use crate::error::Failure;

/// A command without the indexes that its arguments name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Lifted {
    pub(super) program: OsString,
    pub(super) arguments: Vec<OsString>,
    /// The index that was named.
    pub(super) index: Option<String>,
    /// Further ones.
    pub(super) extra: Vec<String>,
}

/// Options that name the index, in pip and uv.
const INDEX: [&str; 4] = ["--index-url", "-i", "--pypi-url", "--default-index"];
/// Options that name a further one.
const EXTRA: [&str; 2] = ["--extra-index-url", "--index"];
/// Options that lead past every index.
const PAST: [&str; 2] = ["--find-links", "-f"];

/// Takes indexes out of a command's arguments.
pub(super) fn lift(command: &[OsString]) -> Result<Lifted, Failure> {
    let mut words = command.iter().cloned();
    let mut out = Lifted {
        program: words.next().unwrap_or_default(),
        ..Lifted::default()
    };
    if !is_installer(&out.program) {
        // Whatever it is, its arguments are its own; the variables are all that it is told.
        out.arguments = words.collect();
        return Ok(out);
    }
    while let Some(word) = words.next() {
        let text = word.to_string_lossy().into_owned();
        if text == "--" {
            out.arguments.push(word);
            out.arguments.extend(words);
            break;
        }
        let (option, joined) = match text.split_once('=') {
            Some((option, value)) if option.starts_with("--") => (option, Some(value.to_owned())),
            _ => (text.as_str(), None),
        };
        let is_index = INDEX.contains(&option);
        if is_index || EXTRA.contains(&option) {
            let value = match joined {
                Some(value) => value,
                None => words
                    .next()
                    .map_or_else(String::new, |w| w.to_string_lossy().into_owned()),
            };
            // uv's `name=address`.
            let address = value
                .split_once('=')
                .filter(|(name, _)| !name.contains(':'))
                .map_or(value.as_str(), |(_, address)| address)
                .to_owned();
            if is_index {
                out.index = Some(address);
            } else {
                out.extra.push(address);
            }
            continue;
        }
        if PAST.contains(&option) {
            let value = joined.or_else(|| words.next().map(|w| w.to_string_lossy().into_owned()));
            if value
                .as_deref()
                .is_some_and(|v| v.contains("://") && !v.starts_with("file:"))
            {
                return Err(Failure::usage(format!(
                    "{option} names a page that the guard cannot stand before"
                ))
                .hint("leave it out, or put the page behind an index"));
            }
            out.arguments.push(OsString::from(option));
            out.arguments.extend(value.map(OsString::from));
            continue;
        }
        out.arguments.push(word);
    }
    Ok(out)
}

/// Whether a program is one whose options are known; `python -m pip` is.
fn is_installer(program: &OsString) -> bool {
    let name = std::path::Path::new(program)
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    matches!(
        name,
        "pip"
            | "uv"
            | "uvx"
            | "python"
            | "pypy"
            | "pipx"
            | "pip-compile"
            | "pip-sync"
            | "tox"
            | "nox"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lifted(command: &str) -> (String, Option<String>, Vec<String>) {
        let words: Vec<OsString> = command.split(' ').map(OsString::from).collect();
        let lifted = lift(&words).unwrap();
        let rest: Vec<_> = lifted
            .arguments
            .iter()
            .map(|w| w.to_string_lossy())
            .collect();
        (rest.join(" "), lifted.index, lifted.extra)
    }

    #[test]
    fn indexes_are_taken_out() {
        let a = || Some("https://a.example/simple".to_owned());
        for command in [
            "pip install -i https://a.example/simple flask",
            "pip3.12 install --index-url=https://a.example/simple flask",
            "/usr/bin/python3 install --index-url https://a.example/simple flask",
            "uv install --default-index main=https://a.example/simple flask",
        ] {
            assert_eq!(
                lifted(command),
                ("install flask".to_owned(), a(), Vec::new()),
                "{command}"
            );
        }
        let extra = lifted("pip install --extra-index-url https://a.example/simple x");
        assert_eq!(extra, ("install x".to_owned(), None, vec![a().unwrap()]));
        let kept = "install -f ./wheels --no-index x";
        assert_eq!(lifted(&format!("pip {kept}")).0, kept);
        assert_eq!(lifted("make -i https://a.example").1, None);
        assert_eq!(lifted("uv run -- x -i https://a.example").1, None);
    }

    #[test]
    fn pages_past_every_index_are_refused() {
        let words = ["pip", "install", "--find-links=https://a.example/", "x"];
        assert!(lift(&words.map(OsString::from)).is_err());
    }
}
