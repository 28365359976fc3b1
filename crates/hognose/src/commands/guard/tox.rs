//! tox's configuration: it says what is installed into environments, by which words, and with which variables.

use std::path::{Path, PathBuf};

use super::command::Tool;
use super::configs::{addressed, is_address, leads_elsewhere, refused, text, toml, unclear};
use super::inner::written;
use super::installer::{Lifted, Listed};
use hognose_types::text::short;

use crate::error::Failure;

/// Where tox looks, in its order.
const NAMES: [&str; 5] = [
    "tox.ini",
    "setup.cfg",
    "pyproject.toml",
    "tox.toml",
    "setup.py",
];

/// Refuses a configuration that names indexes or addresses. Gives the files of requirements that it names, and those of
/// the project, which tox installs too.
pub(super) fn check(words: &[String], here: &Path) -> Result<Lifted, Failure> {
    let named = named(words);
    let home = match &named {
        Some(path) => here.join(path).parent().map(Path::to_path_buf),
        None => here
            .ancestors()
            .find(|folder| NAMES.iter().any(|name| folder.join(name).is_file()))
            .map(Path::to_path_buf),
    };
    let Some(home) = home else {
        return Ok(Lifted::default());
    };
    let mut found = Found {
        home: home.clone(),
        files: Vec::new(),
        extras: false,
        commands: Lifted::default(),
        passes: false,
        beside_pip: None,
    };
    let own = named.map(|path| here.join(path));
    for path in NAMES.iter().map(|name| home.join(name)).chain(own) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(".toml") {
            if let Some(table) = toml(&path)? {
                let own = table.get("tool").and_then(|tool| tool.get("tox"));
                let own = own.and_then(toml::Value::as_table);
                let all = Some(&table).filter(|_| name != "pyproject.toml");
                if let Some(table) = own.or(all) {
                    found.table(&path, table)?;
                }
            }
        } else if !name.ends_with(".py")
            && let Some(text) = text(&path)?
        {
            found.ini(&path, &text, name == "setup.cfg")?;
        }
        let project = ["setup.cfg", "pyproject.toml", "setup.py"].contains(&&*name);
        if project && path.is_file() {
            found.list(&path);
        }
    }
    // What the project has under extras is installed only where somebody asks for it.
    let extras = found.extras;
    for file in &mut found.files {
        file.optional &= extras || !is_project(&file.path);
    }
    if let Some((path, program)) = found.beside_pip.filter(|_| !found.passes) {
        return Err(unled(&program).hint(format!("it is a command of {}", path.display())));
    }
    found.commands.files.append(&mut found.files);
    Ok(found.commands)
}

/// Tools that a command runs or is, and that go by variables which tox hands to nobody unless it is told to.
pub(super) fn beside_pip(command: &Lifted) -> bool {
    let all = [command.tool].into_iter();
    let mut all = all.chain(command.within.iter().map(|(tool, _)| *tool));
    all.any(|tool| matches!(tool, Tool::Uv | Tool::Uvx | Tool::Pdm | Tool::Pipenv))
}

/// The refusal of such a tool.
pub(super) fn unled(program: &str) -> Failure {
    Failure::usage(format!(
        "tox keeps the variables from {program} that lead it to the guard"
    ))
    .hint(
        "run it by itself behind the guard, or name them in tox's pass_env: UV_*, PDM_*, PIPENV_*",
    )
}

fn is_project(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    ["setup.cfg", "pyproject.toml", "setup.py"].contains(&name)
}

/// The configuration that the words name.
fn named(words: &[String]) -> Option<String> {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if word == "--" {
            break;
        }
        // argparse takes beginnings of options, and letters together.
        let (option, joined) = word.split_once('=').unwrap_or((word, ""));
        if option.len() > 3 && "--conf".starts_with(option) {
            let path = Some(joined.to_owned()).filter(|p| !p.is_empty());
            return path.or_else(|| words.next().cloned());
        }
        let letters = word.strip_prefix('-').filter(|w| !w.starts_with('-'));
        let at = letters.and_then(|l| {
            l.find('c').filter(|at| {
                l.get(..*at)
                    .is_some_and(|b| b.chars().all(|c| "qvra".contains(c)))
            })
        });
        if let (Some(letters), Some(at)) = (letters, at) {
            let rest = letters.get(at + 1..).unwrap_or_default();
            let path = Some(rest.trim_start_matches('=').to_owned()).filter(|p| !p.is_empty());
            return path.or_else(|| words.next().cloned());
        }
    }
    None
}

struct Found {
    home: PathBuf,
    files: Vec<Listed>,
    /// Environments install extras or groups of the project.
    extras: bool,
    /// What environments run.
    commands: Lifted,
    /// Variables of other tools than pip are handed on.
    passes: bool,
    /// A command of such a tool, and where it stands.
    beside_pip: Option<(PathBuf, String)>,
}

impl Found {
    fn list(&mut self, path: &Path) {
        self.files.push(Listed {
            path: path.to_string_lossy().into_owned(),
            optional: true,
        });
    }

    fn ini(&mut self, path: &Path, text: &str, shared: bool) -> Result<(), Failure> {
        let (mut ours, mut key) = (!shared, String::new());
        for line in text.lines() {
            let bare = line.trim();
            if bare.is_empty() || bare.starts_with(['#', ';']) {
                continue;
            }
            if let Some(section) = bare.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
                ours = !shared || section.trim_start().starts_with("tox");
                key.clear();
                continue;
            }
            if !ours {
                continue;
            }
            let value = if line.starts_with([' ', '\t']) {
                bare
            } else if let Some((name, value)) = bare.split_once(['=', ':']) {
                key = name.trim().to_ascii_lowercase();
                value.trim()
            } else {
                continue;
            };
            self.setting(path, &key, value)?;
        }
        Ok(())
    }

    fn table(&mut self, path: &Path, table: &toml::Table) -> Result<(), Failure> {
        for (key, value) in table {
            match value {
                toml::Value::String(text) if key == "legacy_tox_ini" => {
                    self.ini(path, text, false)?;
                }
                toml::Value::String(text) => self.setting(path, key, text)?,
                toml::Value::Array(list) => {
                    for item in list {
                        match item {
                            toml::Value::String(text) => self.setting(path, key, text)?,
                            toml::Value::Table(table) => self.table(path, table)?,
                            toml::Value::Array(words) if key.starts_with("commands") => {
                                let words = words.iter().filter_map(toml::Value::as_str);
                                self.command(path, words.map(str::to_owned).collect())?;
                            }
                            _ => {}
                        }
                    }
                }
                toml::Value::Table(inner) => {
                    if is_variables(key) && inner.contains_key("file") {
                        return Err(borrowed(path, key, "file"));
                    }
                    for name in inner.keys().filter(|_| is_variables(key)) {
                        self.setting(path, key, name)?;
                    }
                    self.table(path, inner)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn setting(&mut self, path: &Path, key: &str, value: &str) -> Result<(), Failure> {
        if (is_variables(key) || ["deps", "install_command"].contains(&key)) && is_borrowed(value) {
            return Err(borrowed(path, key, value));
        }
        match key {
            "disallow_pass_env" if takes_away(value) => Err(refused(
                path,
                "takes the variables away that lead pip to the guard",
            )),
            "indexserver" if !value.is_empty() => Err(refused(path, "names an index for tox")),
            "install_command" if value.split_whitespace().any(leads_elsewhere) => {
                Err(refused(path, "tells tox to install from elsewhere"))
            }
            _ if is_variables(key) && sets(value) => {
                Err(refused(path, "sets variables that name an index"))
            }
            "deps" | "requires" | "constraints" => self.dependency(path, value),
            "extras" | "dependency_groups" => {
                self.extras |= !value.is_empty();
                Ok(())
            }
            "pass_env" | "passenv" => {
                let all = ["*", "UV_*", "PDM_*", "PIPENV_*"];
                let mut words = value.split([' ', ',', '\t']);
                self.passes |= words.any(|word| all.contains(&word));
                Ok(())
            }
            _ if key.starts_with("commands") => {
                let line = value.trim_start_matches(['-', '!', ' ']);
                self.command(path, super::shell::words(line))
            }
            _ => Ok(()),
        }
    }

    /// A command of an environment.
    fn command(&mut self, path: &Path, words: Vec<String>) -> Result<(), Failure> {
        let words: Vec<String> = words
            .into_iter()
            .map(|word| match word.as_str() {
                "{envpython}" | "{env_python}" => "python".to_owned(),
                _ => word,
            })
            .collect();
        let Some(program) = words.first().cloned() else {
            return Ok(());
        };
        let place = |e: Failure| e.hint(format!("it is a command of {}", path.display()));
        let inner = written(&words).map_err(place)?;
        if beside_pip(&inner) && self.beside_pip.is_none() {
            self.beside_pip = Some((path.to_path_buf(), program));
        }
        self.commands.take_in(inner);
        Ok(())
    }

    /// One line of `deps`: a requirement or an option of pip, behind the environments that it is for.
    fn dependency(&mut self, path: &Path, line: &str) -> Result<(), Failure> {
        let bare = match line.split_once(": ") {
            // `py312,lint: pytest`
            Some((factors, rest)) if !factors.contains([' ', '/']) => rest.trim(),
            _ => line,
        };
        let (option, rest) = bare.split_once([' ', '=']).unwrap_or((bare, ""));
        let joined = ["-r", "-c"].iter().find_map(|o| bare.strip_prefix(o));
        let file = match option {
            "-r" | "-c" | "--requirement" | "--constraint" => Some(rest.trim()),
            _ => joined.map(str::trim).filter(|_| !option.starts_with("--")),
        };
        if let Some(file) = file {
            let home = self.home.to_string_lossy();
            let file = ["{toxinidir}", "{tox_root}", "{/}"]
                .iter()
                .zip([home.as_ref(), home.as_ref(), "/"])
                .fold(file.to_owned(), |file, (name, is)| file.replace(name, is));
            return self.requirements(path, &file);
        }
        if leads_elsewhere(option) {
            return Err(refused(path, "installs from an index of its own"));
        }
        if is_address(bare) {
            let what = format!("installs {} from its own address", short(bare, 80));
            return Err(addressed(path, &what));
        }
        Ok(())
    }
}

impl Found {
    /// A file of requirements; one that has the name of the environment in its own is every file that it can be.
    fn requirements(&mut self, path: &Path, file: &str) -> Result<(), Failure> {
        let one = ["{envname}", "{env_name}"]
            .iter()
            .find(|name| file.contains(**name));
        let Some(environment) = one else {
            if file.contains('{') || file.contains("://") {
                return Err(unfindable(path, file));
            }
            let file = self.home.join(file);
            self.list(&file);
            return Ok(());
        };
        let (before, after) = file.split_once(environment).unwrap_or((file, ""));
        if before.contains('{') || after.contains(['{', '/']) {
            return Err(unfindable(path, file));
        }
        let start = self.home.join(before);
        let (folder, prefix) = if before.ends_with('/') {
            (start, String::new())
        } else {
            let prefix = start.file_name().unwrap_or_default();
            let prefix = prefix.to_string_lossy().into_owned();
            (start.parent().unwrap_or(&self.home).to_path_buf(), prefix)
        };
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut names: Vec<PathBuf> = entries
            .filter(|entry| {
                let name = entry.file_name();
                let name = name.to_string_lossy();
                name.starts_with(&prefix) && name.ends_with(after)
            })
            .map(|entry| entry.path())
            .collect();
        names.sort();
        for file in names {
            self.list(&file);
        }
        Ok(())
    }
}

fn borrowed(path: &Path, key: &str, value: &str) -> Failure {
    let what = format!("takes {key} from elsewhere ({})", short(value, 60));
    let hint = "write the setting out where it is used";
    unclear(path, &what, hint)
}

fn unfindable(path: &Path, file: &str) -> Failure {
    let what = format!(
        "names requirements that only tox can find ({})",
        short(file, 60)
    );
    let hint = "name the file by its path from {tox_root}";
    unclear(path, &what, hint)
}

/// A value that another key or file has, which is not looked at under that name: `{[section]key}`, `file|x.env`.
fn is_borrowed(value: &str) -> bool {
    let file = value.trim_start().starts_with("file|");
    let mut rest = value.split("{[").skip(1);
    let checked = |reference: &str| {
        let key = reference
            .split_once(']')
            .map(|(_, key)| key.split('}').next().unwrap_or(key));
        key.is_some_and(|key| {
            ["deps", "setenv", "set_env", "install_command", "commands"].contains(&key)
        })
    };
    file || !rest.all(checked)
}

fn is_variables(key: &str) -> bool {
    ["setenv", "set_env"].contains(&key)
}

/// Whether a pattern of names takes one of pip's variables away.
fn takes_away(pattern: &str) -> bool {
    let head = pattern.split(['*', '?', '[']).next().unwrap_or(pattern);
    let head = head.trim().to_ascii_uppercase();
    ["PIP_", "NO_PROXY"]
        .iter()
        .any(|name| name.starts_with(&head) || head.starts_with("PIP_"))
}

/// Whether a line of variables, or the name of one, changes what installers are told.
fn sets(line: &str) -> bool {
    let name = line.split_once('=').map_or(line, |(name, _)| name);
    super::wrapped::matters(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(file: &str, text: &str, words: &[&str]) -> Result<Vec<String>, String> {
        let directory = tempfile::tempdir().unwrap();
        let home = directory.path();
        std::fs::write(home.join(file), text).unwrap();
        let words: Vec<String> = words.iter().map(|w| (*w).to_owned()).collect();
        let found = check(&words, home).map_err(|e| e.line())?.files;
        let prefix = format!("{}/", home.display());
        Ok(found.iter().map(|l| l.path.replace(&prefix, "")).collect())
    }

    #[test]
    fn configurations_that_name_nothing() {
        let ini = "[tox]\nenvlist = py312\n[testenv]\ndeps =\n    pytest>=8\n    py312,lint: ruff\n    -r{toxinidir}/dev.txt\n    -c constraints.txt\nsetenv =\n    PYTHONPATH = src\ncommands = pytest {posargs}\n";
        let both = vec!["dev.txt".to_owned(), "constraints.txt".to_owned()];
        assert_eq!(of("tox.ini", ini, &[]), Ok(both));
        let cfg = "[metadata]\nurl = https://a.example\n[options]\ninstall_command = -i x\n[tox:tox]\n[testenv]\n";
        assert_eq!(of("setup.cfg", cfg, &[]), Ok(vec!["setup.cfg".to_owned()]));
        let toml = "[env_run_base]\ndeps = [\"pytest\", \"-r dev.txt\"]\nset_env = { A = \"1\" }\n";
        assert_eq!(of("tox.toml", toml, &[]), Ok(vec!["dev.txt".to_owned()]));
        assert_eq!(of("other.txt", "", &[]), Ok(Vec::new()));
    }

    #[test]
    fn configurations_that_lead_elsewhere() {
        for lines in [
            "[tox]\nindexserver =\n    default = https://a.example/simple\n",
            "[testenv]\ninstall_command = pip install -i https://a.example {opts} {packages}\n",
            "[testenv]\ninstall_command =\n    python -m pip install --isolated {packages}\n",
            "[testenv]\nsetenv =\n    PIP_INDEX_URL = https://a.example\n",
            "[testenv]\nset_env = UV_DEFAULT_INDEX=https://a.example\n",
            "[testenv]\nset_env =\n    https_proxy = http://a.example\n",
            "[testenv]\ndeps =\n    --extra-index-url https://a.example\n    x\n",
            "[testenv]\ndeps = -i https://a.example\n",
            "[testenv]\ndeps = x @ https://a.example/x.whl\n",
            "[testenv]\ndeps =\n    py: git+https://a.example/x\n",
            "[testenv]\ndeps = -r {env:FILE}\n",
            "[testenv]\ndeps = -rhttps://a.example/r.txt\n",
        ] {
            assert!(of("tox.ini", lines, &[]).is_err(), "{lines}");
            let named = of("other.ini", lines, &["-c", "other.ini"]);
            assert!(named.is_err(), "{lines}");
            let toml = format!("[tool.tox]\nlegacy_tox_ini = '''\n{lines}'''\n");
            assert!(of("pyproject.toml", &toml, &[]).is_err(), "{toml}");
        }
        for text in [
            "[env_run_base]\ndeps = [\"--index-url https://a.example\"]\n",
            "[env.py]\nset_env = { PIP_EXTRA_INDEX_URL = \"https://a.example\" }\n",
            "[env_run_base]\ninstall_command = [\"pip\", \"install\", \"-i\", \"https://a.example\", \"{packages}\"]\n",
            "[env_run_base]\ncommands = [[\"pip\", \"install\", \"-i\", \"https://a.example\", \"x\"]]\n",
            "[env_run_base]\nset_env = { file = \"x.env\" }\n",
            "[env_run_base]\ndisallow_pass_env = [\"PIP_*\"]\n",
            "[env_run_base]\ncommands = [[\"uv\", \"pip\", \"install\", \"x\"]]\n",
            "[env",
        ] {
            assert!(of("tox.toml", text, &[]).is_err(), "{text}");
        }
        for commands in [
            "uv run pytest",
            "- {envpython} -m uv sync",
            "sh -c 'pip install --iso x'",
            "pdm add x",
        ] {
            let ini = format!("[testenv]\ncommands =\n    {commands}\n");
            assert!(of("tox.ini", &ini, &[]).is_err(), "{commands}");
        }
        let passed = "[testenv]\npass_env = UV_*\ncommands = uv pip install x\n";
        assert_eq!(of("tox.ini", passed, &[]), Ok(Vec::new()));
    }
}
