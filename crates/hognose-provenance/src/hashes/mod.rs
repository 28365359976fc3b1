//! Hashes in locks and requirements files that protect less than they seem to.
//!
//! A file without any hash promises nothing, and nothing is said of it. What installers do with each form was measured with
//! pip 26.3 and uv 0.13.8.

pub mod pylock;
pub mod requirements;

use std::collections::BTreeMap;

use hognose_types::{
    Component, ComponentId, ComponentKind, ComponentVersion, Confidence, Digest, DigestAlgorithm,
    Finding, InputFormat, InputId, Inventory, Location, Places, Remedy, RuleId, Severity, Source,
    Subject, rules, text,
};
use rules::hashes as rule;

/// One thing that is wrong.
struct Said {
    rule: RuleId,
    severity: Severity,
    message: String,
    remedy: String,
}

/// Reads the hashes of an inventory.
pub fn lint(inventory: &Inventory) -> Vec<Finding> {
    let mut by_input: BTreeMap<InputId, Vec<ComponentId>> = BTreeMap::new();
    for (at, component) in inventory.components.iter().enumerate() {
        let format = inventory.input(component.input).map(|input| input.format);
        if component.kind == ComponentKind::Distribution && format.is_some_and(has_hashes) {
            by_input
                .entry(component.input)
                .or_default()
                .push(ComponentId(at));
        }
    }
    let mut places = Places::new(inventory);
    let mut out = Vec::new();
    for (input, members) in by_input {
        let format = inventory.input(input).map(|input| input.format);
        let components = || members.iter().filter_map(|id| inventory.component(*id));
        // Where nobody asked for hashes, none are missing.
        let hashed = components().find(|component| !component.hashes.is_empty());
        let Some(hashed) = hashed.filter(|_| format == Some(InputFormat::Requirements)) else {
            for id in &members {
                out.extend(look(inventory, *id, None, &mut places));
            }
            continue;
        };
        let first = hashed.declarations.first().map(|d| d.location.clone());
        for id in &members {
            out.extend(look(inventory, *id, first.as_ref(), &mut places));
        }
    }
    out
}

/// The formats that people or tools write hashes into for installers to check.
fn has_hashes(format: InputFormat) -> bool {
    matches!(
        format,
        InputFormat::Requirements
            | InputFormat::Pylock
            | InputFormat::UvLock
            | InputFormat::PoetryLock
            | InputFormat::PdmLock
            | InputFormat::PipfileLock
    )
}

/// What is wrong with one component. `hashed` is where the first hash of a requirements file stands.
fn look(
    inventory: &Inventory,
    id: ComponentId,
    hashed: Option<&Location>,
    places: &mut Places<'_>,
) -> Vec<Finding> {
    let Some(component) = inventory.component(id) else {
        return Vec::new();
    };
    let said = [
        weak(component),
        any(component),
        unpinned(component, hashed),
        mixed(component, hashed),
    ];
    let mut out = Vec::new();
    for said in said.into_iter().flatten() {
        let occurrences = places.of(id);
        if occurrences.is_empty() {
            continue;
        }
        out.push(Finding {
            rule: said.rule,
            subject: Subject::of(component),
            severity: said.severity,
            confidence: Confidence::High,
            message: said.message,
            advisory: None,
            occurrences,
            remedy: Remedy {
                text: said.remedy,
                version: None,
            },
        });
    }
    out
}

fn is_weak(algorithm: DigestAlgorithm) -> bool {
    matches!(algorithm, DigestAlgorithm::Md5 | DigestAlgorithm::Sha1)
}

/// The algorithms of a component's hashes, each once.
fn algorithms(component: &Component) -> Vec<DigestAlgorithm> {
    let mut found: Vec<_> = component.hashes.iter().map(Digest::algorithm).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// The command that writes what is missing.
fn lock(component: &Component) -> String {
    let file = component.declarations.first().map(|d| &d.location.file);
    let file = file.map_or_else(|| "FILE".to_owned(), |file| text::short(file, 120));
    format!("`hognose lock {file}`")
}

fn weak(component: &Component) -> Option<Said> {
    let all = algorithms(component);
    let weak = all.iter().find(|algorithm| is_weak(**algorithm))?;
    Some(Said {
        rule: rule::WEAK,
        severity: Severity::Medium,
        message: format!(
            "its file is named by {}, which anybody can forge: {}",
            weak.as_str(),
            if all.len() == 1 {
                "nothing else says which file it must be".to_owned()
            } else {
                "it is enough for an installer, whatever other hash stands beside it".to_owned()
            }
        ),
        remedy: match component.source {
            Source::Url { .. } => {
                "write `#sha256=` and the sha256 of the file, which `pip hash FILE` prints"
                    .to_owned()
            }
            _ => format!("write its sha256 instead: {} does", lock(component)),
        },
    })
}

fn any(component: &Component) -> Option<Said> {
    let all = algorithms(component);
    // A weak one is reported as such.
    if all.len() < 2 || all.iter().any(|algorithm| is_weak(*algorithm)) {
        return None;
    }
    let names: Vec<&str> = all.iter().map(|algorithm| algorithm.as_str()).collect();
    Some(Said {
        rule: rule::ANY,
        severity: Severity::Low,
        message: format!(
            "it has hashes of {}: pip and uv accept a file that matches any one of them",
            names.join(" and ")
        ),
        remedy: "keep the sha256 of every file and remove the others".to_owned(),
    })
}

fn unpinned(component: &Component, hashed: Option<&Location>) -> Option<Said> {
    hashed?;
    let ComponentVersion::Range(range) = &component.version else {
        return None;
    };
    let is_direct = matches!(component.source, Source::Url { .. });
    if component.hashes.is_empty() || is_direct {
        return None;
    }
    let range = text::short(range, 80);
    Some(Said {
        rule: rule::UNPINNED,
        severity: Severity::High,
        message: format!(
            "it has hashes and no exact version ({}): uv installs any version that fits and ignores the hashes",
            if range.is_empty() {
                "any version"
            } else {
                &range
            }
        ),
        remedy:
            "pin the version that the hashes are of with `==`, and install with `--require-hashes`"
                .to_owned(),
    })
}

fn mixed(component: &Component, hashed: Option<&Location>) -> Option<Said> {
    let hashed = hashed?;
    if !component.hashes.is_empty() {
        return None;
    }
    let what = match &component.source {
        Source::Default | Source::Index { .. } | Source::Url { .. } => "it has no hash",
        Source::Vcs { .. } => "it comes from a repository, which no hash can cover",
        // A directory of the user's own has nothing that could be compared.
        Source::Path { .. } => return None,
    };
    Some(Said {
        rule: rule::MIXED,
        severity: Severity::Medium,
        message: format!(
            "{what}, while others have some ({hashed}): uv installs it unchecked, and pip refuses the file"
        ),
        remedy: match component.source {
            Source::Vcs { .. } => {
                "require a released version with its hashes, or keep it in a file of its own"
                    .to_owned()
            }
            _ => format!("add its hashes: {} does", lock(component)),
        },
    })
}
