//! `HOG-ID-undeclared`: a module is imported that no declared distribution provides.

use std::collections::{BTreeMap, BTreeSet};

use hognose_types::{
    Confidence, Finding, Inventory, Occurrence, PackageName, Purl, Remedy, Severity, Subject,
    rules, text,
};

use super::{Code, Declared, Imported, NAMESPACES, first_word, normal, occurrence, provides};
use crate::names;

/// Places of one module that are listed.
const MAX_PLACES: usize = 10;
/// Longest module name that is shown.
const MAX_NAME: usize = 80;

pub(super) fn findings(
    inventory: &Inventory,
    code: &Code,
    declared: &Declared<'_>,
    popular: &BTreeSet<&str>,
) -> Vec<Finding> {
    let mut out = Vec::new();
    for (module, imports) in foreign(code) {
        let providers = providers(&imports, code, declared);
        if providers.iter().any(|(_, direct)| *direct) {
            continue;
        }
        let places: Vec<Occurrence> = imports
            .iter()
            .filter_map(|i| occurrence(inventory, &i.location))
            .take(MAX_PLACES)
            .collect();
        let own = normal(module);
        let usual = names::providers(module).first().copied().unwrap_or(&own);
        // What another package needs is unknown before it is locked, and a popular name cannot be a trap.
        let harmless = popular.contains(usual) && !declared.is_closed;
        let shipped = !harmless && imports.iter().any(|i| i.is_needed());
        if !places.is_empty() {
            out.extend(finding(
                module,
                providers.first().map(|p| p.0),
                shipped,
                places,
            ));
        }
    }
    out
}

/// Imports of what neither Python nor the project itself holds, by module.
fn foreign(code: &Code) -> BTreeMap<&str, Vec<&Imported>> {
    let mut modules: BTreeMap<&str, Vec<&Imported>> = BTreeMap::new();
    for import in &code.imports {
        let top = first_word(&import.module);
        let known = names::is_standard(top) || code.local.contains(top);
        if !known && !import.optional && !top.is_empty() {
            modules.entry(top).or_default().push(import);
        }
    }
    modules
}

/// What of the inventory may provide a module, and whether the project names it itself.
fn providers<'i>(
    imports: &[&Imported],
    code: &Code,
    declared: &Declared<'i>,
) -> Vec<(&'i str, bool)> {
    let all = declared.names.iter();
    all.filter(|(name, _)| imports.iter().any(|i| provides(name, i, code)))
        .map(|(name, (_, direct))| (*name, *direct))
        .collect()
}

/// Imports of which nobody knows what provides them: all that is left is to install something of the module's name.
pub(crate) fn unknown<'c>(
    inventory: &Inventory,
    code: &'c Code,
) -> Vec<(PackageName, Vec<&'c Imported>)> {
    let declared = Declared::of(inventory);
    if !declared.is_any {
        return Vec::new();
    }
    let mut out = Vec::new();
    for (module, imports) in foreign(code) {
        let is_known = !names::providers(module).is_empty()
            || code.installed.contains_key(module)
            || NAMESPACES.contains(&module)
            || !providers(&imports, code, &declared).is_empty();
        if !is_known && let Ok(name) = PackageName::new(&normal(module)) {
            out.push((name, imports));
        }
    }
    out
}

fn finding(
    module: &str,
    transitive: Option<&str>,
    shipped: bool,
    occurrences: Vec<Occurrence>,
) -> Option<Finding> {
    let own = normal(module);
    let usual = names::providers(module).first().copied();
    let usual = usual.filter(|usual| *usual != own);
    let name = PackageName::new(transitive.or(usual).unwrap_or(&own)).ok()?;
    let shown = text::short(module, MAX_NAME);
    let (message, advice) = match (transitive, usual) {
        (Some(by), _) => (
            format!(
                "module {shown} is imported, and {by} is only there because another package needs it"
            ),
            format!("declare {by}, or the import fails when the other package lets go of it"),
        ),
        (None, Some(usual)) => (
            format!(
                "module {shown} is imported, and nothing that is declared provides it: it comes with {usual}, and a distribution called {own} is not it"
            ),
            format!("declare {usual}; do not install {own}"),
        ),
        (None, None) => (
            format!("module {shown} is imported, and nothing that is declared provides it"),
            format!(
                "find out which distribution provides {shown} before installing anything by that name, and declare it"
            ),
        ),
    };
    Some(Finding {
        rule: rules::id_undeclared::ID,
        subject: Subject {
            purl: Purl::pypi(&name, None),
            name: name.to_string(),
            version: None,
        },
        severity: if transitive.is_none() && shipped {
            Severity::Low
        } else {
            Severity::None
        },
        confidence: Confidence::Medium,
        message,
        advisory: None,
        occurrences,
        remedy: Remedy {
            text: advice,
            version: None,
        },
    })
}
