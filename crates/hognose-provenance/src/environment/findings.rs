//! What a check found, as findings, gaps and notices.

use std::collections::BTreeMap;

use hognose_types::text::short;
use hognose_types::{
    ComponentId, Confidence, Finding, Gap, InputId, Inventory, Location, Notice, Occurrence,
    PackageName, Purl, Remedy, Subject, rules,
};

use super::report::{Distribution, Problem, ProblemKind, Report, Without};
use super::said::{NAMED, Said, does, label, said};

/// Most characters of a message.
const SHOWN: usize = 500;
/// Most start-up hooks that are shown.
const HOOKS: usize = 30;

/// The name of what has none that could be one of a package.
const UNNAMED: &str = "unlisted-file";

/// Where an environment stands in an inventory.
pub struct Place<'a> {
    /// The inventory that was read of it.
    pub inventory: &'a Inventory,
    /// Its inputs there.
    pub inputs: &'a [InputId],
    /// Paths as the user would write them.
    pub shown: &'a dyn Fn(&str) -> String,
}

impl std::fmt::Debug for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Place")
            .field("inputs", &self.inputs)
            .finish_non_exhaustive()
    }
}

/// What a check says.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// Findings, in the order of the files.
    pub findings: Vec<Finding>,
    /// What could not be checked.
    pub gaps: Vec<Gap>,
    /// What is there to be known.
    pub notices: Vec<Notice>,
}

impl Report {
    /// Everything that was found, about the components of an inventory.
    pub fn evidence(&self, place: &Place<'_>) -> Evidence {
        let components = self.components(place);
        let mut out = Evidence::default();
        for problem in &self.problems {
            let said = said(self, problem, place);
            let id = problem
                .distribution
                .and_then(|at| components.get(at).copied().flatten());
            out.findings.push(self.finding(problem, &said, id, place));
        }
        self.gaps(place, &mut out);
        self.notices(place, &mut out);
        out
    }

    /// The component of every distribution.
    fn components(&self, place: &Place<'_>) -> Vec<Option<ComponentId>> {
        let mut known: BTreeMap<(&str, &str), ComponentId> = BTreeMap::new();
        for (at, component) in place.inventory.components.iter().enumerate() {
            if place.inputs.contains(&component.input) {
                let version = component.version.as_str().unwrap_or_default();
                known.insert((component.name.as_str(), version), ComponentId(at));
            }
        }
        let find = |distribution: &Distribution| {
            let name = PackageName::new(&distribution.name).ok()?;
            known
                .get(&(name.as_str(), distribution.version.as_str()))
                .copied()
        };
        self.distributions.iter().map(find).collect()
    }

    fn finding(
        &self,
        problem: &Problem,
        said: &Said,
        id: Option<ComponentId>,
        place: &Place<'_>,
    ) -> Finding {
        let distribution = problem
            .distribution
            .and_then(|at| self.distributions.get(at));
        let component = id.and_then(|id| place.inventory.component(id));
        let subject = match (component, distribution) {
            (Some(component), _) => Subject::of(component),
            (None, Some(distribution)) => subject(&distribution.name, Some(&distribution.version)),
            (None, None) => nobody(&problem.file),
        };
        let line = match problem.kind {
            ProblemKind::Row { line, .. } => Some(line),
            _ => None,
        };
        Finding {
            rule: said.rule,
            subject,
            severity: said.severity,
            confidence: Confidence::High,
            message: short(&said.message, SHOWN),
            advisory: None,
            occurrences: vec![Occurrence {
                component: id.unwrap_or_else(|| first(place)),
                location: Location {
                    file: (place.shown)(&problem.file),
                    line,
                },
                direct: false,
                groups: Vec::new(),
                extras: Vec::new(),
                condition: None,
                path: Vec::new(),
                edit: None,
            }],
            remedy: Remedy {
                text: short(&said.remedy, SHOWN),
                version: None,
            },
        }
    }

    fn gaps(&self, place: &Place<'_>, out: &mut Evidence) {
        // An environment of a system has hundreds without RECORD: one gap says it of all.
        let mut bare: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for unchecked in &self.unchecked {
            let distribution = unchecked
                .distribution
                .and_then(|at| self.distributions.get(at));
            if let (Some(distribution), Without::Record | Without::Hashes) =
                (distribution, &unchecked.why)
            {
                let names = bare.entry(unchecked.why.to_string()).or_default();
                names.push(label(distribution));
                continue;
            }
            let location = Location::file((place.shown)(&unchecked.path));
            let gap = Gap::file(
                rules::gap_unreadable::ID,
                location,
                unchecked.why.to_string(),
            );
            out.gaps.push(gap);
        }
        for (why, names) in bare {
            let count = names.len();
            let plural = if count == 1 { "" } else { "s" };
            out.gaps.push(Gap {
                rule: rules::gap_unreadable::ID,
                subject: format!("{count} distribution{plural}"),
                location: None,
                message: format!("the files of {} were not compared: {why}", listed(&names)),
                hint: Some(
                    "what a system or conda installed is checked by its own tool (`dpkg --verify`, `rpm -V`); install the rest with a current pip or uv"
                        .to_owned(),
                ),
                groups: Vec::new(),
            });
        }
    }

    fn notices(&self, place: &Place<'_>, out: &mut Evidence) {
        let notice = |file: Option<String>, message: String| Notice {
            location: file.map(Location::file),
            message,
        };
        let counts = self.counts;
        let checked = self.distributions.iter().filter(|d| d.has_record).count();
        out.notices.push(notice(
            None,
            format!(
                "compared {} ({} bytes) of {} with what was recorded at installation, and the bytecode of {} with its source",
                plural(counts.files, "file"),
                counts.bytes,
                plural(checked as u64, "distribution"),
                plural(counts.bytecode, "module"),
            ),
        ));
        let editable = self.distributions.iter().filter(|d| d.editable.is_some());
        let editable: Vec<String> = editable.map(label).collect();
        if !editable.is_empty() {
            out.notices.push(notice(
                None,
                format!(
                    "installed in place, and their sources compared with nothing: {}",
                    listed(&editable)
                ),
            ));
        }
        if self.sees_system {
            out.notices.push(notice(
                None,
                "the environment lets in packages of the system and of the user, which were not compared".to_owned(),
            ));
        }
        let listed_hooks = self.hooks.iter().filter(|hook| hook.distribution.is_some());
        for hook in listed_hooks.take(HOOKS) {
            let owner = hook.distribution.and_then(|at| self.distributions.get(at));
            let owner = owner.map_or_else(String::new, label);
            let message = format!("starts with Python, installed by {owner}: {}", does(hook));
            out.notices.push(notice(
                Some((place.shown)(&hook.file)),
                short(&message, SHOWN),
            ));
        }
    }
}

fn plural(count: u64, what: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {what}{s}")
}

fn listed(names: &[String]) -> String {
    let shown = names
        .iter()
        .take(NAMED)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn first(place: &Place<'_>) -> ComponentId {
    let all = place.inventory.components.iter();
    let at = all
        .enumerate()
        .find(|(_, component)| place.inputs.contains(&component.input))
        .map_or(0, |(at, _)| at);
    ComponentId(at)
}

fn subject(name: &str, version: Option<&str>) -> Subject {
    let version = version.filter(|v| !v.is_empty());
    let known = PackageName::new(name).ok();
    let Some(known) = known else {
        return nobody(name);
    };
    Subject {
        purl: Purl::pypi(&known, version),
        name: known.to_string(),
        version: version.map(str::to_owned),
    }
}

/// What belongs to no distribution is known by the name of its file, which a waiver can name like a package.
fn nobody(file: &str) -> Subject {
    let name = file.rsplit('/').next().unwrap_or(file);
    let name = name.trim_matches(['_', '.', '-']);
    let name = PackageName::new(name).map_or_else(|_| UNNAMED.to_owned(), |n| n.to_string());
    Subject {
        purl: Purl::generic(&name),
        name,
        version: None,
    }
}
