//! Commands that the files of a project name: PDM's and Pipenv's scripts, and what PDM runs before and after what it does.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::command::Tool;
use super::configs::{refused, text, toml};
use super::inner::{text_of, written};
use super::installer::Lifted;
use super::{locks, shell, shims, wrapped};
use crate::error::Failure;

/// What PDM runs by itself where a script has the name.
const HOOKS: [&str; 15] = [
    "post_init",
    "pre_lock",
    "post_lock",
    "pre_install",
    "post_install",
    "pre_build",
    "post_build",
    "pre_publish",
    "post_publish",
    "pre_run",
    "post_run",
    "pre_script",
    "post_script",
    "post_use",
    "pre_invoke",
];
/// Options of `pdm run` that take a word.
const WITH_WORD: [&str; 7] = [
    "--env",
    "--env-file",
    "--working-dir",
    "--skip",
    "-k",
    "--venv",
    "--project",
];

/// Refuses scripts that would run with other indexes than the guard's. Gives what the others need.
pub(super) fn check(tool: Tool, words: &[String], here: &Path) -> Result<Lifted, Failure> {
    let is_pdm = tool == Tool::Pdm;
    let file = if is_pdm { "pyproject.toml" } else { "Pipfile" };
    let Some(path) = locks::upwards(here, file) else {
        return Ok(Lifted::default());
    };
    let table = toml(&path)?.unwrap_or_default();
    let pdm = table.get("tool").and_then(|tool| tool.get("pdm"));
    let pdm = pdm.and_then(toml::Value::as_table);
    let Some(own) = (if is_pdm { pdm } else { Some(&table) }) else {
        return Ok(Lifted::default());
    };
    let verb = locks::verb(tool, words);
    let mut scripts = Scripts {
        home: path.parent().unwrap_or(here).to_path_buf(),
        path,
        table: own.get("scripts").and_then(toml::Value::as_table),
        tool,
        beside_lock: ["install", "sync"].contains(&verb),
        seen: BTreeSet::new(),
        out: Lifted::default(),
    };
    if is_pdm {
        scripts.options(own)?;
        for hook in HOOKS {
            scripts.named(hook)?;
        }
    }
    // `pdm NAME` is `pdm run NAME`.
    if is_pdm || verb == "run" {
        if let Some(name) = started(words) {
            scripts.around(name)?;
        }
        scripts.shared()?;
    }
    Ok(scripts.out)
}

/// The first word of what `run` is given.
fn started(words: &[String]) -> Option<&str> {
    let behind = words.iter().position(|w| w == "run").map_or(0, |at| at + 1);
    let mut words = words.iter().skip(behind);
    while let Some(word) = words.next() {
        if WITH_WORD.contains(&word.as_str()) {
            words.next();
        } else if !word.starts_with('-') {
            return Some(word);
        }
    }
    None
}

struct Scripts<'t> {
    path: PathBuf,
    home: PathBuf,
    table: Option<&'t toml::Table>,
    tool: Tool,
    /// What is installed is judged by a lock, and nobody answers beside that.
    beside_lock: bool,
    seen: BTreeSet<String>,
    out: Lifted,
}

impl Scripts<'_> {
    /// Options that the project adds to commands.
    fn options(&self, own: &toml::Table) -> Result<(), Failure> {
        let all = own.get("options").and_then(toml::Value::as_table);
        for (verb, list) in all.into_iter().flatten() {
            let list = list.as_array().into_iter().flatten();
            let given = list.filter_map(toml::Value::as_str).map(str::to_owned);
            let command: Vec<String> = ["pdm".to_owned(), verb.clone()]
                .into_iter()
                .chain(given)
                .collect();
            if written(&command).is_err() {
                return Err(refused(
                    &self.path,
                    "gives PDM an option that leads past the guard",
                ));
            }
        }
        Ok(())
    }

    /// A script with those before and after it.
    fn around(&mut self, name: &str) -> Result<(), Failure> {
        for name in [
            format!("pre_{name}"),
            name.to_owned(),
            format!("post_{name}"),
        ] {
            self.named(&name)?;
        }
        Ok(())
    }

    /// What PDM tells every script.
    fn shared(&mut self) -> Result<(), Failure> {
        let shared = self.table.and_then(|t| t.get("_")?.as_table());
        match shared.filter(|_| self.tool == Tool::Pdm) {
            Some(shared) => self.surroundings(shared).map(drop),
            None => Ok(()),
        }
    }

    fn named(&mut self, name: &str) -> Result<(), Failure> {
        let Some(script) = self.table.and_then(|table| table.get(name)) else {
            return Ok(());
        };
        if name == "_" || !self.seen.insert(name.to_owned()) {
            return Ok(());
        }
        self.shared()?;
        let parts = |list: &[toml::Value]| -> Vec<String> {
            let texts = list.iter().filter_map(toml::Value::as_str);
            texts.map(str::to_owned).collect()
        };
        match script {
            toml::Value::String(text) => self.line(text, false),
            // One command in words for PDM, several commands for Pipenv.
            toml::Value::Array(list) if self.tool == Tool::Pdm => self.run(&parts(list), false),
            toml::Value::Array(list) => parts(list)
                .iter()
                .try_for_each(|text| self.line(text, false)),
            toml::Value::Table(table) => self.table(table),
            _ => Ok(()),
        }
    }

    fn table(&mut self, script: &toml::Table) -> Result<(), Failure> {
        let has_moved = self.surroundings(script)?;
        for (kind, value) in script {
            match (kind.as_str(), value) {
                ("cmd", toml::Value::String(text)) => self.line(text, has_moved)?,
                ("cmd", toml::Value::Array(list)) => {
                    let words = list.iter().filter_map(toml::Value::as_str);
                    self.run(&words.map(str::to_owned).collect::<Vec<_>>(), has_moved)?;
                }
                ("shell", toml::Value::String(text)) => {
                    let inner = text_of(text, has_moved).map_err(|e| self.here(e))?;
                    self.take_in(inner)?;
                }
                ("composite", toml::Value::Array(list)) => {
                    for text in list.iter().filter_map(toml::Value::as_str) {
                        let words = shell::words(text);
                        match words.first() {
                            Some(name) if self.table.is_some_and(|t| t.contains_key(name)) => {
                                self.around(name)?;
                            }
                            _ => self.run(&words, has_moved)?,
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Variables that a script is given, and whether it runs elsewhere.
    fn surroundings(&self, script: &toml::Table) -> Result<bool, Failure> {
        let variables = script.get("env").and_then(toml::Value::as_table);
        let mut names: Vec<String> = variables
            .into_iter()
            .flatten()
            .map(|(name, _)| name.clone())
            .collect();
        let file = script.get("env_file");
        let file = file.and_then(|f| f.as_str().or_else(|| f.get("override")?.as_str()));
        if let Some(file) = file {
            let read = text(&self.home.join(file))?.unwrap_or_default();
            names.extend(read.lines().map(|line| {
                let line = line.trim();
                let line = line.strip_prefix("export ").unwrap_or(line);
                line.split('=')
                    .next()
                    .unwrap_or(line)
                    .trim_matches(['\'', ' '])
                    .to_owned()
            }));
        }
        if names.iter().any(|name| wrapped::matters(name)) {
            return Err(refused(
                &self.path,
                "has a script that sets variables which name an index",
            ));
        }
        Ok(script.contains_key("working_dir"))
    }

    fn line(&mut self, text: &str, has_moved: bool) -> Result<(), Failure> {
        self.run(&shell::words(text), has_moved)
    }

    fn run(&mut self, words: &[String], has_moved: bool) -> Result<(), Failure> {
        // What stands for PDM itself.
        let words: Vec<String> = words.iter().map(|w| w.replace("{pdm}", "pdm")).collect();
        let set = words
            .iter()
            .take_while(|w| shell::assigned(w).is_some())
            .count();
        let (set, words) = words.split_at(set);
        if set
            .iter()
            .filter_map(|w| shell::assigned(w))
            .any(wrapped::matters)
        {
            return Err(refused(
                &self.path,
                "has a script that sets variables which name an index",
            ));
        }
        let inner = written(words).map_err(|e| self.here(e))?;
        let own = inner.own();
        if has_moved && inner.tool != Tool::Other && shims::installs(inner.tool, &own) {
            return Err(refused(
                &self.path,
                "has a script that installs in another directory",
            ));
        }
        if inner.tool == self.tool
            && let Some(name) = started(&own)
        {
            self.around(name)?;
        }
        self.take_in(inner)
    }

    fn take_in(&mut self, inner: Lifted) -> Result<(), Failure> {
        let installs =
            |tool: Tool, words: &[String]| tool != Tool::Other && shims::installs(tool, words);
        let any = installs(inner.tool, &inner.own())
            || inner
                .within
                .iter()
                .any(|(tool, words)| installs(*tool, words));
        if self.beside_lock && any {
            return Err(refused(
                &self.path,
                "has a script that installs something beside the lock",
            ));
        }
        self.out.take_in(inner);
        Ok(())
    }

    /// Where something stands.
    fn here(&self, failure: Failure) -> Failure {
        failure.hint(format!("it is a script of {}", self.path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(tool: Tool, text: &str, words: &str) -> bool {
        let directory = tempfile::tempdir().unwrap();
        let home = directory.path();
        let file = if tool == Tool::Pdm {
            "pyproject.toml"
        } else {
            "Pipfile"
        };
        std::fs::write(home.join(file), text).unwrap();
        std::fs::write(
            home.join("bad.env"),
            "A=1\nexport UV_INDEX=https://a.example\n",
        )
        .unwrap();
        std::fs::write(home.join("good.env"), "A=1\n# PIP_INDEX_URL=x\n").unwrap();
        let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
        check(tool, &words, home).is_ok()
    }

    #[test]
    fn scripts_of_pdm() {
        for script in [
            "x = \"pip install -i https://a.example x\"",
            "x = [\"pip\", \"install\", \"--ind\", \"https://a.example\"]",
            "x = { cmd = \"pip install x\", env = { PIP_INDEX_URL = \"https://a.example\" } }",
            "x = { cmd = \"pip install x\", env_file = \"bad.env\" }",
            "x = { cmd = \"pip install x\", env_file.override = \"bad.env\" }",
            "x = { cmd = \"pip install x\", working_dir = \"other\" }",
            "x = { shell = \"cd a && pip install x\" }",
            "x = { shell = \"PIP_INDEX_URL=https://a.example pip install x\" }",
            "x = { composite = [\"ls\", \"y\"] }\ny = \"pip install https://a.example/x.whl\"",
            "x = \"pdm run y\"\ny = \"pip install -f https://a.example/ x\"",
            "x = \"{pdm} run y\"\ny = \"pip install -f https://a.example/ x\"",
            "x = \"ls\"\npre_x = \"pip install --isolated x\"",
            "x = \"ls\"\npost_run = \"pip install --isolated x\"",
            "x = \"ls\"\n_.env_file = \"bad.env\"",
            "x = \"ls\"\n_.env = { UV_DEFAULT_INDEX = \"https://a.example\" }",
        ] {
            let text = format!("[tool.pdm.scripts]\n{script}\n");
            for words in ["run x", "x", "run -s x a", "run --venv v x", "-q run x"] {
                assert!(!of(Tool::Pdm, &text, words), "{words}: {script}");
            }
        }
        let text = "[tool.pdm.scripts]\nx = \"pip install -i https://a.example x\"\ny = { cmd = \"pytest\", env = { A = \"1\" }, env_file = \"good.env\" }\nz = { shell = \"cd docs && make\" }\n";
        for words in ["run y", "run z", "y", "install", "add flask", "run pytest"] {
            assert!(of(Tool::Pdm, text, words), "{words}");
        }
        let beside = "[tool.pdm.scripts]\npost_install = \"pip install x\"\n";
        assert!(!of(Tool::Pdm, beside, "install"));
        let beside_no_lock = "[tool.pdm.scripts]\npost_lock = \"pdm export -o requirements.txt\"\n";
        assert!(of(Tool::Pdm, beside_no_lock, "install"));
        assert!(of(Tool::Pdm, beside, "run ls"));
        let options = "[tool.pdm.options]\nadd = [\"--project\", \"other\"]\n";
        assert!(!of(Tool::Pdm, options, "add x"));
        assert!(of(
            Tool::Pdm,
            "[tool.pdm.options]\ninstall = [\"--no-lock\"]\n",
            "install"
        ));
    }

    #[test]
    fn scripts_of_pipenv() {
        for script in [
            "x = \"pip install -i https://a.example x\"",
            "x = \"PIP_INDEX_URL=https://a.example pip install x\"",
            "x = [\"ls\", \"pip install --index-url https://a.example x\"]",
            "x = \"sh -c 'cd a; pip install x'\"",
        ] {
            let text = format!("[scripts]\n{script}\n");
            assert!(!of(Tool::Pipenv, &text, "run x"), "{script}");
            assert!(of(Tool::Pipenv, &text, "run y"), "{script}");
            assert!(of(Tool::Pipenv, &text, "sync"), "{script}");
        }
    }
}
