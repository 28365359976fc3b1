//! Files that the program wrote, fetched or copied, and then starts.

use hognose_python::{Site, Taint};

use super::labels as l;
use super::witness::Witness;
use crate::fact::FactKind as F;

impl Witness {
    /// What starts a copy starts the file.
    pub(super) fn starts_copy(&mut self, site: &Site<'_>, shown: &str) {
        let Some(ledger) = self.ledgers.get(&site.module.0) else {
            return;
        };
        let found = ledger.copies.iter().find(|(_, to)| {
            let name = to.rsplit(['/', '\\']).next().unwrap_or(to);
            name.len() > 2 && shown.contains(name)
        });
        if let Some(from) = found.map(|(from, _)| from.clone()) {
            self.starts(&from, Self::trigger(site));
        }
    }

    /// A program that writes its code into a temporary file and has another Python run it hides it.
    pub(super) fn starts_script(&mut self, site: &Site<'_>, shown: &str) {
        if Self::trigger(site) > crate::Trigger::Import || !shown.contains("python") {
            return;
        }
        let Some(ledger) = self.ledgers.get(&site.module.0) else {
            return;
        };
        let script = ledger.scripts.iter().find(|(path, _)| {
            if path.is_empty() {
                shown.contains("{}")
            } else {
                shown.contains(path.as_str())
            }
        });
        if let Some(text) = script.map(|(_, text)| text.clone()) {
            self.add(site, F::HiddenCode, &text);
        }
    }

    /// Where the bytes of the file that is started came from, when the program wrote it.
    pub(super) fn runs_dropped(
        &mut self,
        site: &Site<'_>,
        shown: &str,
        taint: Taint,
    ) -> Option<Taint> {
        if taint.has(l::DOWNLOADED_PATH) {
            return Some(l::NETWORK);
        }
        let ledger = self.ledgers.get(&site.module.0)?;
        let lower = shown.to_ascii_lowercase();
        ledger.dropped().iter().find_map(|(path, origin)| {
            if path.len() > 3
                && path.ends_with('/')
                && shown.split(' ').any(|w| w.starts_with(path))
            {
                return Some(*origin);
            }
            let name = path
                .rsplit(['/', '\\'])
                .next()
                .unwrap_or_default()
                .to_ascii_lowercase();
            let named = !name.is_empty()
                && name != "{}"
                && lower
                    .split([' ', '"', '\'', ';', '&', '|'])
                    .any(|word| word.rsplit(['/', '\\']).next() == Some(&name));
            let starts_it = named
                && !["chmod", "unzip", "tar ", "rm ", "git ", "7z"]
                    .iter()
                    .any(|p| lower.starts_with(p));
            // Neither side is known: a path in a variable was written, a path in a variable is started.
            // What a caller nobody knows hands over to be written is no payload.
            let is_given = origin.has(Taint::PARAMETER) && !origin.has(l::NETWORK);
            let both_unknown = (name.is_empty() || name == "{}")
                && !is_given
                && (lower.starts_with("subprocess.")
                    || lower.starts_with("os.")
                    || lower.starts_with("{}")
                    || lower.starts_with("python {}"));
            // What a program makes for a compiler is input; what it fetched is somebody else's either way.
            let is_run = starts_it && (origin.has(l::NETWORK) || runs_file(&lower, &name));
            (is_run || both_unknown).then_some(*origin)
        })
    }
}

/// Whether a command runs a file: by itself, or by an interpreter or shell.
fn runs_file(command: &str, file: &str) -> bool {
    let first = command.split(' ').next().unwrap_or_default();
    let program = first.rsplit(['/', '\\']).next().unwrap_or(first);
    let program = program.strip_suffix(".exe").unwrap_or(program);
    program == file
        || program == "{}"
        || program.starts_with("python")
        || program.starts_with("subprocess.")
        || command.contains(['&', ';', '|'])
        || [
            "sh",
            "bash",
            "zsh",
            "cmd",
            "start",
            "powershell",
            "pwsh",
            "wscript",
            "cscript",
            "mshta",
            "rundll32",
            "regsvr32",
            "msiexec",
            "node",
            "bun",
            "deno",
            "java",
            "perl",
            "ruby",
            "php",
            "open",
            "xdg-open",
            "explorer",
            "sudo",
            "nohup",
            "env",
            "py",
        ]
        .contains(&program)
}

/// The file a command downloads into.
pub(super) fn output_of(command: &str) -> Option<&str> {
    let mut words = command.split(' ');
    words.find(|w| {
        matches!(*w, "-o" | "--output" | "--output-document" | "-OutFile")
            || (*w == "-O" && command.contains("wget"))
    })?;
    words.next().filter(|w| !w.is_empty())
}
