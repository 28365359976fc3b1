//! What the configuration of the projects' tools shows: packages that another index could deliver.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use hognose_advisories::{Database, Judgement};
use hognose_identity::{Configured, confusion};
use hognose_types::{Gap, InputFormat, InputId, Inventory, OwnedNames, rules};

use super::identity;
use crate::error::Failure;
use crate::index_settings::Around;
use crate::surroundings::Surroundings;

/// Most directories whose configuration is read.
const MAX_DIRECTORIES: usize = 2_000;

/// What the rule needs beside the inventory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scene<'a> {
    /// Names that nobody else may publish.
    pub(super) owned: &'a OwnedNames,
    /// What the policy asks for beside the absence of findings.
    pub(super) conditions: &'a hognose_policy::Conditions,
    /// The Python whose pip counts.
    pub(super) python: Option<&'a Path>,
    pub(super) surroundings: &'a Surroundings,
}

/// Adds the findings. Configuration is only read: nothing is asked of anybody, so that of a project that is not trusted
/// counts too.
pub(super) fn add(
    evidence: &mut Judgement,
    inventory: &Inventory,
    database: &Database,
    scene: &Scene<'_>,
) -> Result<(), Failure> {
    let configured = match Around::new(scene.python, scene.surroundings) {
        Ok(around) => configured(evidence, inventory, &around),
        Err(error) => {
            evidence.gaps.push(unreadable(".", &Failure::line(&error)));
            Vec::new()
        }
    };
    let popular = identity::popular(database)?;
    let popular: BTreeSet<&str> = popular.iter().map(String::as_str).collect();
    let found = confusion(inventory, &configured, &popular, scene.owned);
    evidence.findings.extend(found);
    Ok(())
}

/// The configuration of every directory that inputs lie in; equal ones are one.
fn configured(
    evidence: &mut Judgement,
    inventory: &Inventory,
    around: &Around<'_>,
) -> Vec<Configured> {
    // A script has configuration of its own.
    let mut places: BTreeMap<(bool, &str), BTreeSet<InputId>> = BTreeMap::new();
    for (at, input) in inventory.inputs.iter().enumerate() {
        if is_resolved(input.format) {
            let is_script = input.format == InputFormat::Script;
            let directory = || input.path.rsplit_once('/').map_or(".", |(d, _)| d);
            let place = if is_script { &input.path } else { directory() };
            let inputs = places.entry((is_script, place)).or_default();
            inputs.insert(InputId(at));
        }
    }
    let mut out: Vec<Configured> = Vec::new();
    for ((is_script, directory), inputs) in places.into_iter().take(MAX_DIRECTORIES) {
        let path = Path::new(directory);
        let read = if is_script {
            around.script(path)
        } else {
            around.directory(path)
        };
        match read {
            Ok(settings) => match out.iter_mut().find(|known| known.settings == settings) {
                Some(known) => known.inputs.extend(inputs),
                None => out.push(Configured { inputs, settings }),
            },
            Err(error) => {
                let line = Failure::line(&error);
                // Where a reader of the inventory says the same of the same file, once is enough.
                let said = inventory.gaps.iter().any(|g| {
                    g.rule == rules::gap_unreadable::ID && line.contains(g.subject.as_str())
                });
                if !said {
                    evidence.gaps.push(unreadable(directory, &line));
                }
            }
        }
    }
    out
}

/// Whether a tool takes packages from indexes to meet what a file of this format says.
fn is_resolved(format: InputFormat) -> bool {
    use InputFormat as F;
    format.is_lock()
        || matches!(
            format,
            F::Requirements | F::Pyproject | F::SetupCfg | F::SetupPy | F::Pipfile | F::Script
        )
}

fn unreadable(directory: &str, line: &str) -> Gap {
    Gap {
        rule: rules::gap_unreadable::ID,
        subject: directory.to_owned(),
        location: None,
        message: format!("the configuration of package indexes was not read: {line}"),
        hint: Some("correct the file".to_owned()),
        groups: Vec::new(),
    }
}
