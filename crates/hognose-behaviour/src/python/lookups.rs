//! Names looked up by a text, variables of the environment, decoders, and `setup(…)`.

use std::rc::Rc;

use hognose_python::{Call, Cell, Effect, Names, Site, Taint, Value};

use super::api;
use super::labels as l;
use super::witness::{HIDING, Witness, tainted};
use crate::fact::FactKind as F;

impl Witness {
    pub(super) fn env_get(&mut self, site: &Site<'_>, call: &Call<'_>) -> Effect {
        let name = call
            .args
            .first()
            .and_then(Cell::as_text)
            .map(ToString::to_string);
        let mut taint = l::ENV;
        match &name {
            Some(name) if is_secret_name(name) => {
                self.add(site, F::EnvSecret, name);
                let upper = name.to_ascii_uppercase();
                self.ledger(site).secrets.push(upper);
                taint = taint.and(l::ENV_SECRET);
            }
            Some(name) => {
                let upper = name.to_ascii_uppercase();
                if is_ci_name(&upper) {
                    self.add(site, F::CiCheck, name);
                }
                if matches!(
                    upper.as_str(),
                    "USERNAME" | "USER" | "LOGNAME" | "COMPUTERNAME" | "HOSTNAME" | "USERDOMAIN"
                ) {
                    taint = taint.and(l::HOST);
                    self.add(site, F::HostInfo, name);
                }
                if matches!(
                    upper.as_str(),
                    "HOME" | "USERPROFILE" | "APPDATA" | "LOCALAPPDATA"
                ) {
                    taint = taint.and(l::HOME);
                }
                if matches!(upper.as_str(), "TEMP" | "TMP" | "TMPDIR") {
                    taint = taint.and(l::TEMPORARY);
                }
                self.add(site, F::EnvRead, name);
            }
            None => self.add(site, F::EnvRead, call.path),
        }
        Effect {
            taint,
            washes: l::ENV_ALL,
            // A folder of the user is kept readable in the paths made from it.
            value: name
                .filter(|n| {
                    matches!(
                        n.as_str(),
                        "APPDATA" | "LOCALAPPDATA" | "USERPROFILE" | "TEMP" | "HOME"
                    )
                })
                .map(|n| Value::Str(format!("%{n}%").into())),
            ..Effect::default()
        }
    }

    pub(super) fn decode(
        &mut self,
        site: &Site<'_>,
        call: &Call<'_>,
        step: &'static str,
    ) -> Effect {
        // `b64decode({})` is a template whose hole nobody filled.
        if let Some(Value::Dict(hole)) = call.args.first().map(|c| &c.value) {
            return Effect {
                value: Some(Value::Dict(Rc::clone(hole))),
                ..Effect::default()
            };
        }
        self.add(site, F::DecodeCall, call.path);
        let size = match call.args.first().map(|c| &c.value) {
            Some(Value::Bytes(bytes)) => bytes.len(),
            Some(Value::Str(text)) => text.len(),
            _ => 0,
        };
        if step == "zlib" && size > 64 {
            self.add(site, F::Decompress, call.path);
        }
        if call.path == "codecs.decode"
            && !call.args.get(1).and_then(Cell::as_text).is_some_and(|c| {
                matches!(
                    &*c.to_ascii_lowercase(),
                    "hex" | "base64" | "rot13" | "rot_13" | "zlib" | "bz2"
                )
            })
        {
            return Effect::default();
        }
        tainted(Taint::step(step))
    }

    pub(super) fn import_call(&mut self, site: &Site<'_>, call: &Call<'_>) -> Effect {
        let Some(name) = call.args.first() else {
            return Effect::default();
        };
        match name.as_text() {
            Some(text) if api::is_sensitive_module(text) => {
                let text = text.to_string();
                self.add(site, F::HiddenImport, &text);
                if name.taint.has(HIDING.and(Taint::JOINED)) {
                    self.add(site, F::HiddenName, &text);
                }
            }
            Some(_) => {}
            None => self.add(site, F::DynamicImport, call.path),
        }
        Effect::default()
    }

    /// `data_files=[(folder, files)]`: the installer itself puts them there.
    fn data_files(&mut self, site: &Site<'_>, cell: &Cell) {
        let folders: Vec<(String, Taint)> = match &cell.value {
            Value::List(pairs) => pairs.try_borrow().map_or_else(
                |_| Vec::new(),
                |pairs| pairs.iter().take(64).filter_map(folder).collect(),
            ),
            Value::Tuple(pairs) => pairs.iter().take(64).filter_map(folder).collect(),
            _ => Vec::new(),
        };
        for (path, taint) in folders {
            self.write_place(site, &path, taint);
        }
    }

    pub(super) fn reflect(&mut self, site: &Site<'_>, call: &Call<'_>, names: &Names) -> Effect {
        let name = match call.path {
            "getattr" => call.args.get(1),
            _ => call.args.first(),
        };
        let Some(name) = name else {
            return Effect::default();
        };
        let target = match call.folded {
            Some(Value::Path(path)) => names.path(*path).to_string(),
            _ => name.as_text().map(ToString::to_string).unwrap_or_default(),
        };
        // Nobody writes `os.__dict__["system"]` for readers.
        let is_subscript = call.path != "getattr" && !api::is_module(&target);
        if api::is_sensitive(&target) && (is_subscript || name.taint.has(HIDING.and(Taint::JOINED)))
        {
            self.add(site, F::HiddenName, &target);
        }
        Effect::default()
    }

    pub(super) fn setup_call(&mut self, site: &Site<'_>, call: &Call<'_>) -> Effect {
        let mut effect = Effect::default();
        for (name, cell) in call.keywords {
            let Some(name) = name.as_deref() else {
                continue;
            };
            match name {
                "install_requires" | "setup_requires" | "dependency_links" => {
                    for text in texts(cell) {
                        if self.setup.len() < 1_000 {
                            self.setup.push((name.to_owned(), text));
                        }
                    }
                }
                "data_files" => self.data_files(site, cell),
                _ => {}
            }
            if let Some(text) = cell.as_text()
                && self.setup.len() < 64
            {
                let text: String = text.chars().take(2_000).collect();
                self.setup.push((name.to_owned(), text));
            }
            if name == "cmdclass"
                && let Value::Dict(dict) = &cell.value
                && let Ok(dict) = dict.try_borrow()
            {
                for (command, class) in dict.entries.iter().take(32) {
                    let command = command.as_text().map_or("?", |t| &**t);
                    self.add(site, F::HookCommand, command);
                    for method in COMMAND_METHODS {
                        effect.methods.push((class.clone(), method));
                    }
                }
            }
        }
        effect
    }
}

/// Methods of a command that setuptools calls, by itself or from a `run` that is not replaced.
const COMMAND_METHODS: [&str; 9] = [
    "initialize_options",
    "finalize_options",
    "run",
    "build_extensions",
    "build_extension",
    "build_packages",
    "build_libraries",
    "make_release_tree",
    "install_egg_scripts",
];

/// The folder of a pair of `data_files`.
fn folder(pair: &Cell) -> Option<(String, Taint)> {
    let Value::Tuple(pair) = &pair.value else {
        return None;
    };
    let first = pair.first()?;
    Some((first.as_text()?.to_string(), first.taint))
}

/// The texts of a list.
fn texts(cell: &Cell) -> Vec<String> {
    let all = |cells: &[Cell]| {
        cells
            .iter()
            .take(500)
            .filter_map(Cell::as_text)
            .map(|t| t.chars().take(500).collect())
            .collect()
    };
    match &cell.value {
        Value::List(cells) => cells.try_borrow().map(|c| all(&c)).unwrap_or_default(),
        Value::Tuple(cells) => all(cells),
        _ => Vec::new(),
    }
}

/// Names of variables that hold secrets by themselves (not an API key of one service the program is a client of).
pub(super) fn is_secret_name(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    let whole = matches!(
        upper.as_str(),
        "AWS_SECRET_ACCESS_KEY"
            | "AWS_SESSION_TOKEN"
            | "AWS_ACCESS_KEY_ID"
            | "GITHUB_TOKEN"
            | "GH_TOKEN"
            | "NPM_TOKEN"
            | "PYPI_TOKEN"
            | "TWINE_PASSWORD"
            | "ACTIONS_RUNTIME_TOKEN"
            | "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
            | "GITLAB_TOKEN"
            | "CI_JOB_TOKEN"
            | "SSH_AUTH_SOCK"
            | "KUBECONFIG"
            | "DATABASE_URL"
            | "AZURE_CLIENT_SECRET"
            | "DOCKER_PASSWORD"
            | "CARGO_REGISTRY_TOKEN"
            | "VAULT_TOKEN"
    );
    whole || upper.ends_with("PRIVATE_KEY") || upper.ends_with("_MNEMONIC")
}

fn is_ci_name(upper: &str) -> bool {
    matches!(
        upper,
        "CI" | "GITHUB_ACTIONS"
            | "GITLAB_CI"
            | "TRAVIS"
            | "JENKINS_URL"
            | "CIRCLECI"
            | "TEAMCITY_VERSION"
    )
}
