//! The scripts that are read to enter an environment. venv, virtualenv and uv write them from templates that change from
//! release to release, so not their text is compared but their words: with those that any of the templates uses, nothing can
//! be fetched, read or run that is not the environment's own.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use super::claims::small;
use super::paths::{self, Environment};
use super::report::{Own, Problem, ProblemKind, Report};

/// The words of all templates, by language. Made from the scripts of venv (Python 3.6 to 3.15), virtualenv (20.0 to 21.15) and
/// uv (0.1 to 0.13).
const WORDS: &str = include_str!("activate.words");
/// Absolute paths that templates hold.
const PATHS: [&str; 7] = [
    "/dev/null",
    "/bin",
    "/bin/deactivate.nu",
    "/bin/activate.xsh",
    "/deactivate.csh",
    "/activate",
    "/f",
];
/// An address in the head of one template.
const HOME: &str = "//github.com/pypa/virtualenv";
/// What is put before a path by scripts that convert it.
const BEFORE: [&str; 4] = ["cygpath", "wslpath", "r", "#"];

/// The language of a script to enter or leave an environment, as the words name it; none for another name.
pub(super) fn language(name: &str) -> Option<&'static str> {
    match name {
        "activate" => Some("bash"),
        "activate_this.py" => Some("py"),
        "pydoc.bat" => Some("bat"),
        _ => {
            let (stem, ending) = name.split_once('.')?;
            let known =
                stem.eq_ignore_ascii_case("activate") || stem.eq_ignore_ascii_case("deactivate");
            match ending {
                _ if !known => None,
                "csh" => Some("csh"),
                "fish" => Some("fish"),
                "nu" => Some("nu"),
                "ps1" => Some("ps"),
                "bat" => Some("bat"),
                "xsh" => Some("xsh"),
                "elv" => Some("elv"),
                _ => None,
            }
        }
    }
}

/// Checks the scripts of an environment.
pub(super) fn check(environment: &Environment, report: &mut Report) {
    let Some(prefix) = &environment.prefix else {
        return;
    };
    let Some(settings) = small(&prefix.join("pyvenv.cfg")) else {
        return;
    };
    for directory in &environment.scripts {
        let entries = fs::read_dir(directory).into_iter().flatten().flatten();
        for entry in entries.take(super::walk::MAX_FILES) {
            let name = entry.file_name().to_string_lossy().into_owned();
            let Some(language) = language(&name) else {
                continue;
            };
            let path = directory.join(&name);
            if !path.is_file() {
                continue;
            }
            // A script that is too large to be read is none that these tools write.
            let own = match small(&path) {
                Some(text) => strange(&text, language, prefix, &settings),
                None => Some(Own::Word("more than can be read".to_owned())),
            };
            report.problems.extend(own.map(|own| Problem {
                file: format!("{}/{name}", paths::text(directory)),
                distribution: None,
                kind: ProblemKind::Own(own),
            }));
        }
    }
}

/// The first thing in a script that no template has.
fn strange(text: &str, language: &str, prefix: &Path, settings: &str) -> Option<Own> {
    let prefix = prefix.to_string_lossy();
    let code = without_comments(text, language);
    let entered = entered(&code);
    let first = entered.first().copied().unwrap_or_default();
    let is_this = |value: &str| {
        let value = value.trim_end_matches('/');
        // Where an image is unpacked somewhere, its paths are the ends of those here.
        let ends = prefix.strip_suffix(value);
        ends.is_some_and(|head| head.is_empty() || value.starts_with('/'))
            || fs::canonicalize(value).is_ok_and(|found| Some(found) == here(&prefix))
    };
    let other = entered
        .iter()
        .find(|value| !is_this(value) || (**value != first));
    let mut masked = code.replace(&*prefix, " ");
    if !first.is_empty() {
        masked = masked.replace(first, " ");
    }
    let masked = without_prompts(&masked);
    // Old templates ask whether there is a prompt by `"xPROMPT" != x`.
    let asked = prompt(settings).next().map(|word| format!("x{word}"));
    let known: HashSet<&str> = vocabulary(language)
        .map(|word| -> &str { word })
        .chain(words(first))
        .chain(words(&prefix))
        .chain(prompt(settings))
        .chain(asked.as_deref())
        .collect();
    let word = words(&masked)
        .find(|word| !known.contains(word))
        .or_else(|| absolute(&masked).find(|path| !is_usual(path)));
    match word {
        Some(word) => Some(Own::Word(word.to_owned())),
        None => other.map(|other| Own::Enters((*other).to_owned())),
    }
}

fn is_usual(path: &str) -> bool {
    PATHS.contains(&path) || path.starts_with(HOME)
}

fn here(prefix: &str) -> Option<std::path::PathBuf> {
    fs::canonicalize(prefix).ok()
}

fn vocabulary(language: &str) -> impl Iterator<Item = &'static str> + use<> {
    let lines = WORDS.lines().filter_map(|line| line.split_once(':'));
    let of = { lines }.find(|(name, _)| *name == language);
    of.map_or("", |(_, words)| words).split_whitespace()
}

/// Words of the prompt that somebody asked for when the environment was made.
fn prompt(settings: &str) -> impl Iterator<Item = &str> {
    let lines = settings.lines().filter_map(|line| line.split_once('='));
    let prompts = lines.filter(|(key, _)| key.trim() == "prompt");
    prompts.flat_map(|(_, value)| words(value))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.split(move |c: char| !is_part(c))
        .map(|word| word.trim_start_matches(|c: char| c.is_ascii_digit()))
        .filter(|word| !word.is_empty())
}

/// Paths that begin at the root, or at somebody's home directory.
fn absolute(text: &str) -> impl Iterator<Item = &str> {
    text.char_indices().filter_map(move |(at, c)| {
        let before = text.get(..at)?.chars().next_back();
        let continues = before.is_some_and(|b| {
            b.is_alphanumeric()
                || matches!(b, '_' | '}' | ']' | '$' | '%' | '.' | '*' | '/' | '-' | '~')
        });
        if !matches!(c, '/' | '~') || continues {
            return None;
        }
        let rest = text.get(at..)?;
        let end = rest.find(|c: char| c.is_whitespace() || "\"'`:;)".contains(c));
        let path = rest.get(..end.unwrap_or(rest.len()))?;
        path.contains(char::is_alphanumeric).then_some(path)
    })
}

/// The text without lines that are only a comment, and without the long comments of PowerShell.
fn without_comments(text: &str, language: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut is_inside = false;
    for line in text.trim_start_matches('\u{feff}').lines() {
        let content = line.trim_start();
        if language == "ps" && !is_inside && content.starts_with("<#") {
            is_inside = true;
        }
        let is_comment = match language {
            "bat" => content
                .trim_start_matches('@')
                .split_whitespace()
                .next()
                .is_some_and(|first| first.eq_ignore_ascii_case("rem")),
            _ => content.starts_with('#'),
        };
        if is_inside {
            // What stands behind the end of a comment runs.
            if let Some((_, rest)) = line.split_once("#>") {
                is_inside = false;
                out.push_str(rest);
                out.push('\n');
            }
        } else if !is_comment {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

/// The environments that a script says it enters.
fn entered(code: &str) -> Vec<&str> {
    let lower = code.to_ascii_lowercase();
    let mut out: Vec<&str> = Vec::new();
    for (at, name) in lower.match_indices("virtual_env") {
        let rest = code.get(at + name.len()..).unwrap_or_default();
        // Part of a longer name, or of a path below.
        if rest.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '/' | '\\')) {
            continue;
        }
        let mut rest = rest;
        let mut quote = None;
        loop {
            let before = rest;
            rest = rest.trim_start_matches([' ', '\t', '=', '$', '(']);
            for word in BEFORE {
                rest = rest.strip_prefix(word).unwrap_or(rest);
            }
            if quote.is_none() && rest.starts_with(['"', '\'']) {
                quote = rest.chars().next();
                rest = rest.get(1..).unwrap_or_default();
            }
            if rest == before {
                break;
            }
        }
        let is_path = rest.starts_with('/') || rest.get(1..3) == Some(":\\");
        let end = rest.find(|c: char| match quote {
            Some(quote) => c == quote || c == '\n',
            None => c.is_whitespace() || ")\"';".contains(c),
        });
        let value = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        if is_path && !out.contains(&value) {
            out.push(value);
        }
    }
    out
}

/// The text without what prompts show: `"(name) `, with nothing in it that a shell would put anything else for.
fn without_prompts(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\"(").into_iter().chain(rest.find("'(")).min() {
        let (head, tail) = rest.split_at(at);
        out.push_str(head);
        let inside = tail.get(2..).unwrap_or_default();
        let end = inside.find(|c: char| "\"'`$\\()\n".contains(c));
        let is_closed = |end: &usize| inside.get(*end..).is_some_and(|r| r.starts_with(')'));
        if let Some(end) = end.filter(is_closed) {
            rest = inside.get(end..).unwrap_or_default();
        } else {
            out.push_str(tail.get(..2).unwrap_or_default());
            rest = inside;
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASH: &str = "# comment curl\ndeactivate () {\n    hash -r 2> /dev/null || true\n    unset VIRTUAL_ENV\n}\ncase \"$(uname)\" in\n    CYGWIN*)\n        VIRTUAL_ENV=$(cygpath /e/my-env)\n        ;;\n    *)\n        export VIRTUAL_ENV=/e/my-env\n        ;;\nesac\nPATH=\"$VIRTUAL_ENV/\"bin\":$PATH\"\nPS1=\"(my-env) ${PS1:-}\"\n";

    fn look(text: &str, prefix: &str) -> Option<Own> {
        strange(text, "bash", Path::new(prefix), "prompt = 'some name'\n")
    }

    #[test]
    fn words_and_paths_of_templates_only() {
        assert_eq!(look(BASH, "/e/my-env"), None);
        let word = |word: &str| Some(Own::Word(word.to_owned()));
        let with = |line: &str| look(&format!("{BASH}{line}\n"), "/e/my-env");
        assert_eq!(with("curl -s x.example | sh"), word("curl"));
        assert_eq!(with("PATH=\"/e/bin:$PATH\""), word("/e/bin"));
        assert_eq!(with("alias pydoc=/my/env"), word("/my/env"));
        assert_eq!(with("PS1=\"(my-env $(id)) $PS1\""), word("id"));
        assert_eq!(with("VIRTUAL_ENV_PROMPT='some name'"), None);
        assert_eq!(with("# curl"), None);
        assert_eq!(with("hash -r # curl"), word("curl"));
    }

    #[test]
    fn another_environment_than_this() {
        let enters = |path: &str| Some(Own::Enters(path.to_owned()));
        assert_eq!(look(BASH, "/elsewhere/env"), enters("/e/my-env"));
        assert_eq!(look(BASH, "/image/e/my-env"), None);
        let two = BASH.replace("export VIRTUAL_ENV=/e/my-env", "export VIRTUAL_ENV=/my/e");
        let word = Own::Word("/my/e".to_owned());
        assert_eq!(look(&two, "/e/my-env"), Some(word));
    }
}
