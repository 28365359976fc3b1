//! Processes, and code run as code.

use hognose_python::{Call, Cell, Effect, Names, Site, Taint, Value};

use super::dropped::output_of;
use super::labels as l;
use super::witness::{HIDING, Witness, tainted};
use crate::content::command::{self, Reading};
use crate::fact::FactKind as F;

impl Witness {
    pub(super) fn process(
        &mut self,
        site: &Site<'_>,
        call: &Call<'_>,
        (shell, output): (bool, bool),
        names: &Names,
    ) -> Effect {
        let target = call
            .args
            .first()
            .or_else(|| call.keyword("args").or_else(|| call.keyword("cmd")));
        let through_shell = shell
            || call
                .keyword("shell")
                .is_some_and(|c| c.value.truth() == Some(true));
        let reading = target.map(|c| read_command(c, names)).unwrap_or_default();
        self.started(site, call, (target, names), reading, through_shell);
        if let Some(input) = call.keyword("input") {
            self.fed(site, input);
            let shown = target.map_or_else(String::new, |c| command_text(c, call.path, names));
            let reads = ["python", "sh", "bash", "/bin/sh", "/bin/bash"]
                .iter()
                .any(|p| shown.split(' ').next() == Some(p));
            if reads && input.deep_taint().has(l::NETWORK) {
                self.add(site, F::FlowDownloadRun, &shown);
            }
        }
        let mut effect = tainted(if output { l::COMMAND } else { Taint::NONE });
        effect.washes = l::ENV_ALL.and(l::HOME).and(HIDING);
        effect.programs = programs(target, names);
        if let Some(Value::Str(input)) = call.keyword("input").map(|c| &c.value)
            && target.is_some_and(|c| command_text(c, call.path, names).starts_with("python"))
        {
            effect.programs.push(("python -c", input.to_string()));
        }
        effect
    }

    pub(super) fn process_at(
        &mut self,
        site: &Site<'_>,
        call: &Call<'_>,
        position: usize,
        names: &Names,
    ) -> Effect {
        let target = call.args.get(position).or_else(|| call.args.first());
        // `ShellExecute(None, "runas", program, arguments, …)`.
        let mut reading = target.map(|c| read_command(c, names)).unwrap_or_default();
        for cell in call.args.iter().take(5) {
            if cell.as_text().is_some_and(|t| &**t == "runas") {
                reading.facts.push((F::PrivilegeRise, "runas".into()));
            }
        }
        if let Some(more) = call.args.get(position + 1) {
            reading.facts.extend(read_command(more, names).facts);
        }
        // `os.spawnlp(mode, file, arg0, arg1, …)`.
        let argv: Vec<&str> = call
            .args
            .iter()
            .skip(position + 1)
            .map_while(|c| c.as_text().map(|t| &**t))
            .collect();
        if argv.len() > 1 {
            reading.facts.extend(command::read_argv(&argv).facts);
        }
        self.started(site, call, (target, names), reading, false);
        Effect {
            programs: programs(call.args.get(position + 1), names),
            ..Effect::default()
        }
    }

    fn started(
        &mut self,
        site: &Site<'_>,
        call: &Call<'_>,
        (target, names): (Option<&Cell>, &Names),
        reading: Reading,
        through_shell: bool,
    ) {
        let taint = target.map_or(Taint::NONE, Cell::deep_taint);
        let shown = target.map_or_else(
            || call.path.to_owned(),
            |c| command_text(c, call.path, names),
        );
        let only_builds = !reading.facts.is_empty()
            && reading
                .facts
                .iter()
                .all(|(kind, _)| *kind == F::ProcessBuild)
            && !runs_file_or_publishes(&shown);
        if !only_builds {
            self.add(site, F::ProcessStart, &shown);
            if through_shell {
                self.add(site, F::ProcessShell, &shown);
            }
        }
        let downloads = reading
            .facts
            .iter()
            .any(|(kind, _)| *kind == F::DownloadCommand);
        for (kind, detail) in reading.facts {
            self.add(site, kind, &detail);
            if kind == F::DownloadPipeShell {
                self.add(site, F::FlowDownloadRun, &detail);
            }
        }
        if is_silent(call) && !only_builds {
            self.add(site, F::ProcessSilent, &shown);
        }
        if is_detached(call) {
            self.add(site, F::ProcessDetached, &shown);
        }
        if target.is_some_and(|c| program_label(c).has(l::NETWORK)) && !taint.has(l::WRITTEN) {
            self.told(site, F::FlowNetworkCommand, &shown, taint);
        }
        let is_known = target.is_some_and(|c| c.as_text().is_some());
        if (is_known && taint.has(HIDING) && shown.len() > 4) || taint.has(Taint::DECRYPTED) {
            self.add(site, F::HiddenCommand, &shown);
        }
        self.started_flows(site, call, &shown, taint, downloads);
    }

    /// What a started command does with data: runs what was fetched, sends what it was given.
    fn started_flows(
        &mut self,
        site: &Site<'_>,
        call: &Call<'_>,
        shown: &str,
        taint: Taint,
        downloads: bool,
    ) {
        if let Some(origin) = self.runs_dropped(site, shown, taint) {
            let kind = if origin.has(l::NETWORK) {
                F::FlowDownloadRun
            } else {
                F::FlowDecodedRun
            };
            self.add(site, kind, shown);
            if kind == F::FlowDecodedRun && shown.starts_with("python ") {
                self.add(site, F::ExecDecoded, shown);
            }
        }
        self.starts_script(site, shown);
        self.starts_copy(site, shown);
        // `curl http://x/?u=$USER` sends, whoever opens the connection.
        let lower = shown.to_ascii_lowercase();
        if ["curl", "wget", "http"].iter().any(|p| lower.contains(p)) {
            self.flows(site, call, (Taint(taint.0 & !l::NETWORK.0), true), shown);
        } else if (lower.starts_with("nslookup") || lower.starts_with("dig "))
            && taint.has(l::HOST.and(l::ENV_ALL).and(l::CREDENTIAL))
        {
            self.add(site, F::FlowDns, shown);
        }
        if downloads {
            let path = output_of(shown).unwrap_or_default().to_owned();
            self.drop_file(site, path, l::NETWORK);
        }
    }

    /// Commands written to the input of a shell.
    pub(super) fn fed(&mut self, site: &Site<'_>, cell: &Cell) {
        let text = match &cell.value {
            Value::Str(text) => text.to_string(),
            Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            _ => return,
        };
        for line in text.lines().take(64) {
            for (kind, detail) in command::read(line).facts {
                self.add(site, kind, &detail);
            }
        }
    }

    pub(super) fn exec(&mut self, site: &Site<'_>, call: &Call<'_>) -> Effect {
        let Some(code) = call.args.first().or_else(|| call.keyword("source")) else {
            return Effect::default();
        };
        let taint = code.deep_taint();
        let detail = match &code.value {
            Value::Str(text) | Value::Code(text) => text.to_string(),
            Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            _ => call.path.to_owned(),
        };
        // `compile` runs nothing by itself; what runs its result is seen there.
        if call.path == "compile" {
            return tainted(Taint::NONE);
        }
        let known = matches!(code.value, Value::Str(_) | Value::Code(_) | Value::Bytes(_));
        // A template with small holes is the program's own code, whatever fills them.
        let is_template =
            known && detail.contains("{}") && taint.has(Taint::JOINED) && detail.len() > 40;
        if is_template {
            self.add(site, F::ExecDynamic, &detail);
        } else if taint.has(l::NETWORK) && (!known || detail.trim().len() < 40) {
            self.told(site, F::ExecDownloaded, &detail, taint);
            self.told(site, F::FlowDownloadExec, &detail, taint);
        } else if taint.has(Taint::DECRYPTED) {
            self.add(site, F::ExecDecrypted, &detail);
            self.add(site, F::ExecDecoded, &detail);
        } else if taint.has(l::PIXELS) && !known {
            self.add(site, F::ExecDynamic, call.path);
            self.add(site, F::HiddenCode, call.path);
            self.add(site, F::ExecDecoded, call.path);
        } else if taint.has(Taint::DECODED)
            || (known && taint.has(Taint::ASSEMBLED) && detail.len() > 16 && call.path == "exec")
        {
            self.add(site, F::ExecDecoded, &detail);
            // No decoder of the library did it.
            if !taint.has(Taint::DECODED) {
                self.add(site, F::DecodeCustom, &detail);
            }
        } else if taint.has(l::FILE) {
            self.add(site, F::ExecFile, &detail);
        } else if known {
            if call.path != "eval" || detail.len() > 64 {
                self.add(site, F::ExecConstant, &detail);
            }
        } else if call.path != "eval" {
            self.add(site, F::ExecDynamic, call.path);
        }
        Effect::default()
    }
}

fn programs(target: Option<&Cell>, names: &Names) -> Vec<(&'static str, String)> {
    target
        .map(|c| read_command(c, names))
        .unwrap_or_default()
        .python
        .into_iter()
        .take(4)
        .map(|text| ("python -c", text))
        .collect()
}

/// The text of a command, as far as it is known.
fn command_text(cell: &Cell, path: &str, names: &Names) -> String {
    match &cell.value {
        Value::Str(text) => text.to_string(),
        Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        _ => {
            let argv = argv(cell, names);
            if argv.is_empty() {
                path.to_owned()
            } else {
                argv.join(" ")
            }
        }
    }
}

/// A build tool that is told to run a file or to publish does more than build.
fn runs_file_or_publishes(command: &str) -> bool {
    let lower = command.to_ascii_lowercase();
    let runs = [".js", ".mjs", ".cjs", ".pyz", ".ts"].iter().any(|ending| {
        lower
            .split([' ', '"', '\''])
            .any(|word| word.ends_with(ending))
    });
    (runs
        && ["node", "bun", "deno", "npx"]
            .iter()
            .any(|p| lower.contains(p)))
        || lower.contains("git push")
        || lower.contains("twine upload")
        || lower.contains("npm publish")
}

/// Where the name of the program comes from: a whole text nothing is known of, or the first argument.
fn program_label(cell: &Cell) -> Taint {
    match &cell.value {
        Value::List(cells) => cells
            .try_borrow()
            .ok()
            .and_then(|c| c.first().filter(|c| c.value.is_opaque()).map(|c| c.taint))
            .unwrap_or_default(),
        Value::Tuple(cells) => cells
            .first()
            .filter(|c| c.value.is_opaque())
            .map_or(Taint::NONE, |c| c.taint),
        Value::Str(text) if !text.starts_with("{}") => Taint::NONE,
        _ => cell.taint,
    }
}

/// The arguments of a list, with `{}` for what is not known. The interpreter's own path is `python`.
fn argv(cell: &Cell, names: &Names) -> Vec<String> {
    let list = |cells: &[Cell]| {
        cells
            .iter()
            .take(256)
            .map(|c| match &c.value {
                Value::Str(text) => text.to_string(),
                Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                Value::Path(path) if &*names.path(*path) == "sys.executable" => "python".to_owned(),
                _ => "{}".to_owned(),
            })
            .collect()
    };
    match &cell.value {
        Value::List(cells) => cells.try_borrow().map(|c| list(&c)).unwrap_or_default(),
        Value::Tuple(cells) => list(cells),
        _ => Vec::new(),
    }
}

fn read_command(cell: &Cell, names: &Names) -> Reading {
    match &cell.value {
        Value::Str(text) => command::read(text),
        Value::Bytes(bytes) => command::read(&String::from_utf8_lossy(bytes)),
        _ => {
            let mut argv = argv(cell, names);
            if argv.is_empty() {
                return Reading::default();
            }
            // `[sys.executable, "-c", code]`: the first is not known, and an option says what it is.
            if let [first, second, ..] = argv.as_mut_slice()
                && first == "{}"
                && matches!(second.as_str(), "-c" | "-m" | "-u" | "-W")
            {
                "python".clone_into(first);
            }
            let parts: Vec<&str> = argv.iter().map(String::as_str).collect();
            command::read_argv(&parts)
        }
    }
}

fn is_silent(call: &Call<'_>) -> bool {
    let hidden_window =
        call.keyword("creationflags").is_some() || call.keyword("startupinfo").is_some();
    let both_null = ["stdout", "stderr"].iter().all(|name| {
        call.keyword(name).is_some_and(|c| {
            matches!(&c.value, Value::Path(_)) && !c.taint.has(l::WRITTEN)
                || c.value.int() == Some(-3)
        })
    });
    hidden_window || (both_null && call.keyword("stdin").is_some())
}

fn is_detached(call: &Call<'_>) -> bool {
    call.keyword("start_new_session")
        .is_some_and(|c| c.value.truth() == Some(true))
}

/// A hidden text that reads like a command line.
pub(super) fn looks_like_command(text: &str) -> bool {
    if text.len() > 16_384 {
        return false;
    }
    let lower = text.trim_start().to_ascii_lowercase();
    [
        "powershell",
        "cmd /",
        "cmd.exe",
        "bash -c",
        "sh -c",
        "mshta ",
        "rundll32",
        "start /",
    ]
    .iter()
    .any(|p| lower.starts_with(p))
        || (["curl ", "wget "].iter().any(|p| lower.starts_with(p)) && lower.contains("http"))
}
