//! An inventory against what is known of names: components → findings.

use std::collections::BTreeMap;

use hognose_types::{
    ComponentId, ComponentKind, Confidence, Finding, Inventory, PackageName, Places, Remedy,
    Severity, Source, Subject, rules, text,
};

use crate::lookalike::{Lookalike, Model, Targets, is_used_too};

/// What names are compared with.
#[derive(Debug)]
pub struct Knowledge<'a> {
    /// Popular names, most popular first, in the normal form of PEP 503.
    pub popular: Vec<&'a str>,
    /// How often names are downloaded, the most popular first: these and others. Empty where that is not known.
    pub downloads: &'a [(String, u64)],
    /// Names of the user's own beside those of the projects scanned.
    pub own: Vec<&'a str>,
    /// How likenesses are weighed.
    pub model: Model,
}

/// Everything that names and sources alone show. No network, no clock.
pub fn judge(inventory: &Inventory, knowledge: &Knowledge<'_>) -> Vec<Finding> {
    let mut names: BTreeMap<&PackageName, Vec<ComponentId>> = BTreeMap::new();
    let mut roots = Vec::new();
    for (at, component) in inventory.components.iter().enumerate() {
        if component.kind == ComponentKind::Project {
            roots.push(component.name.as_str());
        } else if component.is_judged() {
            names
                .entry(&component.name)
                .or_default()
                .push(ComponentId(at));
        }
    }
    let mut places = Places::new(inventory);
    let mut out = lookalikes(inventory, &names, &roots, knowledge, &mut places);
    out.extend(moving(inventory, &mut places));
    out
}

fn lookalikes(
    inventory: &Inventory,
    names: &BTreeMap<&PackageName, Vec<ComponentId>>,
    roots: &[&str],
    knowledge: &Knowledge<'_>,
    places: &mut Places<'_>,
) -> Vec<Finding> {
    // In most projects every name is a popular one: then there is nothing to compare.
    let mut unknown: rustc_hash::FxHashSet<&str> = names.keys().map(|n| n.as_str()).collect();
    for name in &knowledge.popular {
        unknown.remove(name);
    }
    if unknown.is_empty() {
        return Vec::new();
    }
    let mut own: Vec<&str> = roots.iter().chain(&knowledge.own).copied().collect();
    for name in crate::names::imitated() {
        own.push(name);
    }
    let targets = Targets::new(knowledge.popular.iter().copied(), own);
    let mut out = Vec::new();
    for (name, members) in names.iter().filter(|(n, _)| unknown.contains(n.as_str())) {
        let Some(found) = targets.check(name.as_str(), &knowledge.model) else {
            continue;
        };
        if is_used_too(knowledge.downloads, name.as_str(), found.target) {
            continue;
        }
        let Some(component) = members.first().and_then(|id| inventory.component(*id)) else {
            continue;
        };
        let occurrences = members.iter().flat_map(|id| places.of(*id)).collect();
        out.push(Finding {
            occurrences,
            ..lookalike(Subject::of(component), &found, knowledge.model.high)
        });
    }
    out
}

/// A name alone proves nothing: half of what looks like a typo is honest, so this is for somebody to look at.
pub(crate) fn lookalike(subject: Subject, found: &Lookalike<'_>, high: f32) -> Finding {
    let (name, target) = (subject.name.clone(), found.target);
    let known = match found.rank {
        Some(rank) => format!("one of the {} most popular names", round_up(rank)),
        None => "a name that is often imitated, or your own".to_owned(),
    };
    Finding {
        rule: rules::id_lookalike::ID,
        subject,
        severity: Severity::Low,
        confidence: if found.score >= high {
            Confidence::Medium
        } else {
            Confidence::Low
        },
        message: format!(
            "looks like {target}, {known}: {}",
            found.likeness.describe()
        ),
        advisory: None,
        occurrences: Vec::new(),
        remedy: Remedy {
            text: format!(
                "check that {name} is what you mean and not {target}; if it is, waive this rule for the package"
            ),
            version: None,
        },
    }
}

/// 100, 1,000, 5,000 …: a rank as people say it.
fn round_up(rank: u32) -> u32 {
    [100, 500, 1_000, 5_000, 15_000]
        .into_iter()
        .find(|step| rank <= *step)
        .unwrap_or(rank)
}

/// Requirements from version control that follow a branch or a tag: whoever holds the repository, or takes over its
/// abandoned name, decides what is installed tomorrow.
fn moving(inventory: &Inventory, places: &mut Places<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    for (at, component) in inventory.components.iter().enumerate() {
        let Source::Vcs {
            url,
            reference,
            commit,
        } = &component.source
        else {
            continue;
        };
        let pinned = commit.as_deref().or(reference.as_deref());
        if pinned.is_some_and(is_commit) {
            continue;
        }
        let what = match reference {
            Some(reference) => format!("whatever {} is", text::short(reference, 60)),
            None => "whatever its default branch holds".to_owned(),
        };
        out.push(Finding {
            rule: rules::id_moving_source::ID,
            subject: Subject::of(component),
            severity: Severity::Medium,
            confidence: Confidence::High,
            message: format!(
                "comes from {url} without a commit: {what} on the day of the installation"
            ),
            advisory: None,
            occurrences: places.of(ComponentId(at)),
            remedy: Remedy {
                text: "name the full commit (`@` and 40 hexadecimal digits), or lock the project"
                    .to_owned(),
                version: None,
            },
        });
    }
    out
}

/// A full object name: SHA-1 of 40 digits, or SHA-256 of 64. Shorter ones can be made to fit another commit.
fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits() {
        assert!(is_commit(&"a1".repeat(20)));
        for no in ["main", "v1.2.3", "a1b2c3d", &"g".repeat(40)] {
            assert!(!is_commit(no), "{no}");
        }
    }
}
