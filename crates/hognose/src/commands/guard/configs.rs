//! Files by which tools tell the installers that they run where packages come from: tox's, pip-tools', and what pipx and
//! uv wrote down of tools when those were installed.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::command::Tool;
use super::grammar::Grammar;
use super::installer::{Lifted, Listed};
use crate::error::Failure;
use crate::surroundings::Surroundings;

/// Refuses a command whose tool is told by files of its own to ask elsewhere. Gives the files of requirements that they
/// name, and the commands.
pub(super) fn check(
    tool: Tool,
    words: &[String],
    here: &Path,
    surroundings: &Surroundings,
) -> Result<Lifted, Failure> {
    let of = |files| Lifted {
        files,
        ..Lifted::default()
    };
    match tool {
        Tool::Tox => super::tox::check(words, here),
        Tool::PipCompile | Tool::PipTools => pip_tools(tool, words, here).map(of),
        Tool::Pipx => pipx(words, here, surroundings).map(|()| Lifted::default()),
        Tool::Uv => uv_tools(words, surroundings).map(|()| Lifted::default()),
        Tool::Pdm | Tool::Pipenv => super::scripts::check(tool, words, here),
        _ => Ok(Lifted::default()),
    }
}

/// Whether a word of pip or uv names where packages come from, or takes the guard's word from them.
pub(super) fn leads_elsewhere(word: &str) -> bool {
    let long = [
        "--index",
        "--default-index",
        "--config-file",
        "--torch-backend",
    ];
    let option = word.split('=').next().unwrap_or(word);
    // `-i` and `-f` take what they name joined, or in the next word.
    let short = |letter: &str| {
        word == letter
            || word
                .strip_prefix(letter)
                .is_some_and(|rest| rest.starts_with(['=', '/', '.']) || rest.contains("://"))
    };
    long.iter().any(|option| word.starts_with(option))
        || Grammar::leads_pip_elsewhere(option)
        || short("-i")
        || short("-f")
}

/// Whether a requirement is fetched from an address of its own.
pub(super) fn is_address(requirement: &str) -> bool {
    let head = requirement.split(" ;").next().unwrap_or(requirement);
    head.contains("://") || head.contains("git+") || head.contains("git@")
}

/// The refusal of a file of a tool that names an index, or leads to one.
pub(super) fn refused(path: &Path, what: &str) -> Failure {
    Failure::usage(format!(
        "{} {what}, which goes before anything the guard can say",
        path.display()
    ))
    .hint("take it out for this run, and give the index to the guard: `hognose guard --index-url … -- …`")
}

/// The refusal of a file of a tool that has something fetched from an address of its own.
pub(super) fn addressed(path: &Path, what: &str) -> Failure {
    Failure::usage(format!(
        "{} {what}, which the guard cannot stand before",
        path.display()
    ))
    .hint("download it, look at it with `hognose inspect`, and name the file")
}

/// The refusal of a file of a tool that the guard reads otherwise than the tool.
pub(super) fn unclear(path: &Path, what: &str, hint: &str) -> Failure {
    Failure::usage(format!(
        "{} {what}, so the guard does not know what it says",
        path.display()
    ))
    .hint(hint)
}

fn unreadable(path: &Path, why: impl std::fmt::Display) -> Failure {
    Failure::usage(format!(
        "{} cannot be read, so the guard does not know what it says: {why}",
        path.display()
    ))
}

/// A file that need not be there; one that is there must be readable.
pub(super) fn text(path: &Path) -> Result<Option<String>, Failure> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable(path, error)),
    }
}

pub(super) fn toml(path: &Path) -> Result<Option<toml::Table>, Failure> {
    let Some(text) = text(path)? else {
        return Ok(None);
    };
    let table = text.parse::<toml::Table>();
    table.map(Some).map_err(|e| unreadable(path, e.message()))
}

/// pip-tools takes its options from a file too, and files of requirements when none is named.
fn pip_tools(tool: Tool, words: &[String], here: &Path) -> Result<Vec<Listed>, Failure> {
    for name in [".pip-tools.toml", "pyproject.toml"] {
        let path = here.join(name);
        let Some(table) = toml(&path)? else { continue };
        let Some(tools) = table.get("tool") else {
            continue;
        };
        for section in ["pip-tools", "pip-compile", "pip-sync"] {
            let section = tools.get(section).and_then(toml::Value::as_table);
            for (key, value) in section.into_iter().flatten() {
                let key = key.to_ascii_lowercase().replace('_', "-");
                let named = [
                    "index-url",
                    "extra-index-url",
                    "find-links",
                    "config",
                    "i",
                    "f",
                ];
                if named.contains(&key.as_str()) || arguments(value).any(leads_elsewhere) {
                    return Err(refused(&path, "tells pip-tools of an index"));
                }
            }
        }
    }
    let verb = super::locks::verb(tool, words);
    let is_verb = |w: &str| tool == Tool::PipTools && ["compile", "sync"].contains(&w);
    let named = words.iter().any(|w| !w.starts_with('-') && !is_verb(w));
    if named {
        return Ok(Vec::new());
    }
    let usual: &[&str] = if tool == Tool::PipCompile || verb == "compile" {
        &["requirements.in", "setup.py", "pyproject.toml", "setup.cfg"]
    } else {
        &["requirements.txt"]
    };
    let there = usual.iter().map(|name| here.join(name));
    Ok(there
        .filter(|path| path.is_file())
        .map(|path| Listed {
            path: path.to_string_lossy().into_owned(),
            optional: true,
        })
        .collect())
}

/// The words of a value: of a text, or of a list of them.
fn arguments(value: &toml::Value) -> impl Iterator<Item = &str> {
    let one = value.as_str();
    let many = value.as_array().into_iter().flatten();
    one.into_iter()
        .chain(many.filter_map(toml::Value::as_str))
        .flat_map(str::split_whitespace)
}

/// What pipx installed before it installs again with the same words.
fn pipx(words: &[String], here: &Path, surroundings: &Surroundings) -> Result<(), Failure> {
    let verbs = [
        "upgrade",
        "upgrade-all",
        "reinstall",
        "reinstall-all",
        "repair",
        "inject",
        "install",
        "install-all",
    ];
    let Some(at) = words.iter().position(|w| !w.starts_with('-')) else {
        return Ok(());
    };
    let verb = words.get(at).map(String::as_str).unwrap_or_default();
    if verb == "manifest" {
        return Err(Failure::usage(
            "pipx installs what the locks of a manifest pin, from where they say",
        )
        .hint("look at each with `hognose gateway check`, and run pipx without the guard"));
    }
    if !verbs.contains(&verb) {
        return Ok(());
    }
    let variable = |name| surroundings.variable(name).map(PathBuf::from);
    let home = variable("HOME");
    let under = |folder: &str| home.as_ref().map(|home| home.join(folder));
    let homes = [
        variable("PIPX_HOME"),
        variable("PIPX_GLOBAL_HOME"),
        under(".local/share/pipx"),
        under(".local/pipx"),
        Some(PathBuf::from("/opt/pipx")),
    ];
    let behind = words.get(at + 1..).unwrap_or_default();
    let named: Vec<&String> = behind.iter().filter(|w| !w.starts_with('-')).collect();
    if verb == "install-all" {
        // What `pipx list --json` wrote, of this machine or of another.
        for path in named.iter().map(|name| here.join(name)) {
            stored(&path)?;
        }
        return Ok(());
    }
    if named.is_empty() && verb == "install" {
        return Ok(());
    }
    for folder in homes.iter().flatten().map(|home| home.join("venvs")) {
        for path in inside(&folder, &named, "pipx_metadata.json") {
            stored(&path)?;
        }
    }
    Ok(())
}

/// Refuses what pipx wrote down with an index or an address.
fn stored(path: &Path) -> Result<(), Failure> {
    let Some(text) = text(path)? else {
        return Ok(());
    };
    let stored: Value = serde_json::from_str(&text).map_err(|e| unreadable(path, e))?;
    if stored_elsewhere(&stored) {
        return Err(refused(path, "has an index or an address of its own"));
    }
    Ok(())
}

/// The files of a name in the folders of a folder: of those that are named, else of all.
fn inside(folder: &Path, named: &[&String], file: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries
        .filter(|entry| {
            let name = entry.file_name();
            named.is_empty() || named.iter().any(|n| **n == *name.to_string_lossy())
        })
        .map(|entry| entry.path().join(file))
        .filter(|path| path.is_file())
        .collect();
    found.sort();
    found
}

/// Whether what pipx wrote down of packages names an index, or another address than one.
fn stored_elsewhere(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.iter().any(|(key, value)| match key.as_str() {
            "pip_args" => texts(value).any(leads_elsewhere),
            "package_or_url" => texts(value).any(is_address),
            _ => stored_elsewhere(value),
        }),
        Value::Array(list) => list.iter().any(stored_elsewhere),
        _ => false,
    }
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    let many = value.as_array().into_iter().flatten();
    let one = value.as_str();
    one.into_iter().chain(many.filter_map(Value::as_str))
}

/// `uv tool upgrade` goes by the receipts of what was installed before.
fn uv_tools(words: &[String], surroundings: &Surroundings) -> Result<(), Failure> {
    let plain: Vec<&String> = words.iter().filter(|w| !w.starts_with('-')).collect();
    let Some(at) = plain.iter().position(|w| *w == "upgrade") else {
        return Ok(());
    };
    if !plain.iter().take(at).any(|w| *w == "tool") {
        return Ok(());
    }
    let variable = |name| surroundings.variable(name).map(PathBuf::from);
    let data = variable("XDG_DATA_HOME").or_else(|| Some(variable("HOME")?.join(".local/share")));
    let folder = variable("UV_TOOL_DIR").or_else(|| Some(data?.join("uv/tools")));
    let named = plain.get(at + 1..).unwrap_or_default();
    let receipts = folder.map(|folder| inside(&folder, named, "uv-receipt.toml"));
    for path in receipts.into_iter().flatten() {
        let Some(table) = toml(&path)? else { continue };
        let tool = table.get("tool");
        let options = tool.and_then(|t| t.get("options"));
        let keys = ["index", "index-url", "extra-index-url", "find-links"];
        let index = keys
            .iter()
            .any(|key| options.and_then(|o| o.get(key)).is_some());
        let requirements = tool.and_then(|t| t.get("requirements")?.as_array());
        let address = requirements.into_iter().flatten().any(|requirement| {
            let has = |key| requirement.get(key).is_some();
            has("url") || has("git") || has("index") || requirement.as_str().is_some_and(is_address)
        });
        if index || address {
            return Err(refused(&path, "has an index or an address of its own"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(tool: Tool, command: &str, home: &Path) -> Result<Vec<String>, String> {
        let words: Vec<String> = command.split(' ').map(str::to_owned).collect();
        let home_text = home.to_string_lossy().into_owned();
        let surroundings = Surroundings {
            variables: [("HOME".to_owned(), home_text)].into(),
            now: 0,
            arguments: Vec::new(),
        };
        let found = check(tool, &words, home, &surroundings).map_err(|e| e.line())?;
        let name = |l: Listed| l.path.rsplit('/').next().unwrap_or_default().to_owned();
        Ok(found.files.into_iter().map(name).collect())
    }

    #[test]
    fn words_that_lead_elsewhere() {
        for word in [
            "-i",
            "-ihttps://a.example",
            "--index-url=https://a.example",
            "--index",
            "-f",
            "-f./wheels",
            "--isolated",
            "--iso",
            "--ind=https://a.example",
            "--ext",
            "--find",
            "--default-index",
            "--proxy=http://a.example",
        ] {
            assert!(leads_elsewhere(word), "{word}");
        }
        for word in [
            "-I",
            "-U",
            "-fx",
            "--no-binary",
            "x",
            "-e",
            "--ignore-installed",
            "--no-deps",
            "--pre",
            "--python",
            "--progress-bar=off",
            "--",
        ] {
            assert!(!leads_elsewhere(word), "{word}");
        }
    }

    #[test]
    fn options_and_files_of_pip_tools() {
        let directory = tempfile::tempdir().unwrap();
        let here = directory.path();
        assert_eq!(of(Tool::PipTools, "--dry-run", here), Ok(Vec::new()));
        std::fs::write(here.join("requirements.txt"), "").unwrap();
        let usual = Ok(vec!["requirements.txt".to_owned()]);
        assert_eq!(of(Tool::PipTools, "--dry-run", here), usual);
        assert_eq!(of(Tool::PipTools, "sync", here), usual);
        assert_eq!(of(Tool::PipTools, "other.txt", here), Ok(Vec::new()));
        for options in [
            "index-url = \"https://a.example\"",
            "extra_index_url = [\"https://a.example\"]",
            "pip-args = \"-i https://a.example\"",
            "find-links = [\"https://a.example\"]",
        ] {
            let text = format!("[tool.pip-tools]\n{options}\n");
            std::fs::write(here.join("pyproject.toml"), text).unwrap();
            assert!(of(Tool::PipCompile, "x.in", here).is_err(), "{options}");
        }
        std::fs::write(
            here.join("pyproject.toml"),
            "[tool.pip-tools]\nquiet = true\n",
        )
        .unwrap();
        assert_eq!(of(Tool::PipCompile, "x.in", here), Ok(Vec::new()));
        std::fs::write(here.join("pyproject.toml"), "[tool").unwrap();
        assert!(of(Tool::PipCompile, "x.in", here).is_err());
    }

    #[test]
    fn what_was_written_down_of_tools() {
        let directory = tempfile::tempdir().unwrap();
        let home = directory.path();
        let put = |path: &str, text: &str| {
            let path = home.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let pipx = ".local/share/pipx/venvs/black/pipx_metadata.json";
        put(
            pipx,
            r#"{"main_package":{"package_or_url":"black","pip_args":["-q"]},"injected_packages":{}}"#,
        );
        assert!(of(Tool::Pipx, "upgrade black", home).is_ok());
        for stored in [
            r#"{"main_package":{"package_or_url":"black","pip_args":["--index-url","https://a.example"]}}"#,
            r#"{"main_package":{"package_or_url":"git+https://a.example/x","pip_args":[]}}"#,
            r#"{"main_package":{},"injected_packages":{"x":{"pip_args":["-ihttps://a.example"]}}}"#,
            "{",
        ] {
            put(pipx, stored);
            for verb in [
                "upgrade black",
                "upgrade-all",
                "reinstall black",
                "inject black x",
            ] {
                assert!(of(Tool::Pipx, verb, home).is_err(), "{verb}: {stored}");
            }
            assert!(of(Tool::Pipx, "upgrade ruff", home).is_ok());
            assert!(of(Tool::Pipx, "install ruff", home).is_ok());
        }
        let uv = ".local/share/uv/tools/black/uv-receipt.toml";
        put(uv, "[tool]\nrequirements = [{ name = \"black\" }]\n");
        assert!(of(Tool::Uv, "tool upgrade black", home).is_ok());
        for stored in [
            "[tool]\nrequirements = [{ name = \"black\" }]\n[tool.options]\nindex = [{ url = \"https://a.example\" }]\n",
            "[tool]\nrequirements = [{ name = \"black\", git = \"https://a.example\" }]\n",
            "[tool",
        ] {
            put(uv, stored);
            assert!(
                of(Tool::Uv, "tool upgrade black", home).is_err(),
                "{stored}"
            );
            assert!(
                of(Tool::Uv, "tool upgrade --all", home).is_err(),
                "{stored}"
            );
            assert!(of(Tool::Uv, "tool upgrade ruff", home).is_ok());
            assert!(of(Tool::Uv, "tool install ruff", home).is_ok());
        }
    }
}
