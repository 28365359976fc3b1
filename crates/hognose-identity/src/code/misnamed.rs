//! `HOG-ID-import-name`: a declared distribution bears the name of a module that comes with another one.

use std::collections::BTreeSet;

use hognose_types::{
    Component, Confidence, Finding, Inventory, OwnedNames, Places, Remedy, Severity, Subject, rules,
};

use super::{Declared, normal};
use crate::names;

/// Declared distributions whose names are those of well-known modules that other distributions provide. `popular` are
/// names that nobody can take any more.
pub fn misnamed(
    inventory: &Inventory,
    popular: &BTreeSet<&str>,
    owned: &OwnedNames,
) -> Vec<Finding> {
    let declared = Declared::of(inventory);
    let mut places = Places::new(inventory);
    let mut out = Vec::new();
    for module in names::modules() {
        let name = normal(module);
        let Some((members, true)) = declared.names.get(name.as_str()) else {
            continue;
        };
        let providers = names::providers(module);
        let judged: Vec<_> = members
            .iter()
            .filter(|id| inventory.component(**id).is_some_and(Component::is_judged))
            .collect();
        let (Some(component), Some(usual)) = (
            judged.first().and_then(|id| inventory.component(**id)),
            providers.first(),
        ) else {
            continue;
        };
        if providers.contains(&name.as_str()) || owned.owns(&component.name) {
            continue;
        }
        out.push(Finding {
            rule: rules::id_import_name::ID,
            subject: Subject::of(component),
            severity: if popular.contains(name.as_str()) {
                Severity::Low
            } else {
                Severity::Medium
            },
            confidence: Confidence::Medium,
            message: format!("module {module} comes with {usual}; the distribution called {name} is another one"),
            advisory: None,
            occurrences: judged.iter().flat_map(|id| places.of(**id)).collect(),
            remedy: Remedy {
                text: format!("declare {usual} in its place, and look at what was installed: `hognose inspect {name}`"),
                version: None,
            },
        });
    }
    out
}
