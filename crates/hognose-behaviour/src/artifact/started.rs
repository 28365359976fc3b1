//! What Python starts runs when Python starts it: scripts, programs, modules and archives of the artifact.

use std::collections::BTreeMap;

use crate::fact::{Fact, FactKind, Trigger};

/// Names in what is started, each with the most automatic trigger.
#[derive(Debug, Default)]
struct Started {
    /// Names of files with an ending.
    names: BTreeMap<String, Trigger>,
    /// Paths of files, without what stands before the package.
    paths: BTreeMap<String, Trigger>,
    /// Modules of `python -m`.
    modules: BTreeMap<String, Trigger>,
}

/// Gives facts of what is started the trigger of what starts it. What lies in an archive that nothing starts happens
/// when somebody unpacks it.
pub(super) fn take_over(facts: &mut [Fact], places: BTreeMap<String, Trigger>) {
    let mut started = Started::default();
    for (place, trigger) in places {
        started.place(&place, trigger);
    }
    for fact in facts
        .iter()
        .filter(|f| starts(f.kind) && f.trigger < Trigger::Call)
    {
        started.command(&fact.detail, fact.trigger);
    }
    for fact in facts.iter_mut().filter(|f| f.trigger != Trigger::Test) {
        let nested = fact.place.file.contains("!/");
        match started.trigger_of(&fact.place.file, fact.trigger) {
            Some(trigger) => fact.trigger = fact.trigger.min(trigger),
            None if nested => fact.trigger = fact.trigger.max(Trigger::Call),
            None => {}
        }
    }
}

fn starts(kind: FactKind) -> bool {
    matches!(
        kind,
        FactKind::ProcessStart
            | FactKind::ProcessShell
            | FactKind::ProcessPython
            | FactKind::PipInstall
            | FactKind::NativeLoad
            | FactKind::ExecFile
            | FactKind::LivingOffLand
    )
}

fn note(map: &mut BTreeMap<String, Trigger>, name: &str, trigger: Trigger) {
    let slot = map.entry(name.to_owned()).or_insert(trigger);
    *slot = (*slot).min(trigger);
}

impl Started {
    fn command(&mut self, command: &str, trigger: Trigger) {
        let mut words = command.split([' ', '"', '\'', ';', ',']).peekable();
        while let Some(word) = words.next() {
            if word == "-m"
                && command.starts_with("python")
                && let Some(module) = words.peek()
            {
                note(&mut self.modules, module, trigger);
            }
            self.word(word, trigger);
        }
    }

    fn word(&mut self, word: &str, trigger: Trigger) {
        let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
        // Every package has these.
        let anywhere = matches!(name, "__init__.py" | "__main__.py" | "setup.py");
        if name.len() > 3 && name.contains('.') && !anywhere {
            note(&mut self.names, name, trigger);
        }
        self.place(word, trigger);
    }

    fn place(&mut self, word: &str, trigger: Trigger) {
        // A name without an ending could be anything; with the folder it lies in, it is that file.
        let path = word.trim_start_matches(['/', '.']).replace('\\', "/");
        if path.contains('/') && !path.contains("://") && !path.contains("{}") {
            note(&mut self.paths, &path, trigger);
        }
    }

    fn trigger_of(&self, file: &str, own: Trigger) -> Option<Trigger> {
        let outer = file.split("!/").next().unwrap_or(file);
        let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        let by_name = self
            .names
            .get(&name(outer))
            .or_else(|| self.names.get(&name(file)));
        let by_path = || {
            self.paths
                .iter()
                .find(|(path, _)| ends_with(outer, path))
                .map(|(_, trigger)| trigger)
        };
        let nested = file.contains("!/");
        // Of an archive only what runs by itself runs; of a file that is started, all may.
        if let Some(trigger) = by_name.or_else(by_path) {
            return (!nested || own <= Trigger::EntryPoint).then_some(*trigger);
        }
        let module = self.modules.iter().find(|(module, _)| {
            let path = module.replace('.', "/");
            ends_with(file, &format!("{path}/__main__.py"))
                || ends_with(file, &format!("{path}.py"))
        });
        module
            .filter(|_| own <= Trigger::EntryPoint)
            .map(|(_, trigger)| *trigger)
    }
}

/// Whether the last components of a path are these.
fn ends_with(file: &str, path: &str) -> bool {
    file.strip_suffix(path)
        .is_some_and(|before| before.is_empty() || before.ends_with('/'))
}
