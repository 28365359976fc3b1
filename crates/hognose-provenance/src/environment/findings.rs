//! What a check found, as findings, gaps and notices.

use std::collections::BTreeMap;

use hognose_types::text::short;
use hognose_types::{
    ComponentId, Confidence, Finding, Gap, InputId, Inventory, Location, Notice, Occurrence,
    PackageName, Purl, Remedy, RuleId, Severity, Subject, rules,
};
use rules::environment as rule;

use super::bytecode::Difference;
use super::report::{
    Apart, Distribution, Hook, Problem, ProblemKind, Report, RowFault, Unlisted, Without,
};

/// Most characters of a message.
const SHOWN: usize = 500;
/// Most characters of a piece of somebody else's text in it.
const PIECE: usize = 160;
/// Most names in a list.
const NAMED: usize = 5;
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

/// One problem in words.
struct Said {
    rule: RuleId,
    severity: Severity,
    message: String,
    remedy: String,
}

impl Report {
    /// Everything that was found, about the components of an inventory.
    pub fn evidence(&self, place: &Place<'_>) -> Evidence {
        let components = self.components(place);
        let mut out = Evidence::default();
        for problem in &self.problems {
            let said = self.said(problem, place);
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

    fn said(&self, problem: &Problem, place: &Place<'_>) -> Said {
        let file = (place.shown)(&problem.file);
        let owner = problem
            .distribution
            .and_then(|at| self.distributions.get(at));
        match &problem.kind {
            ProblemKind::Altered {
                stated,
                found,
                links,
            } => altered(&file, (stated, found), *links, owner),
            ProblemKind::Missing => Said {
                rule: rule::MISSING,
                severity: Severity::Low,
                message: format!("{file} was installed and is not there"),
                remedy: reinstall(owner),
            },
            ProblemKind::Row { fault, .. } => row(&file, fault, owner),
            ProblemKind::Unlisted {
                what,
                files,
                shadows,
            } => unlisted(&file, *what, *files, shadows.as_deref(), place),
            ProblemKind::Hook(hook) => unlisted_hook(&file, hook),
            ProblemKind::Bytecode { source, difference } => {
                bytecode(&file, &(place.shown)(source), difference)
            }
            ProblemKind::Claimed { other } => Said {
                rule: rule::CLAIMED,
                severity: Severity::None,
                message: format!(
                    "{file} is also installed by {}, with other content, and that is what is there",
                    self.distributions
                        .get(*other)
                        .map_or_else(String::new, label)
                ),
                remedy: "remove one of the two, or look at which of them Python imports".to_owned(),
            },
            ProblemKind::Index(apart) => Said {
                rule: rule::INDEX,
                severity: match apart {
                    Apart::Gone => Severity::Low,
                    Apart::Other | Apart::Added => Severity::High,
                },
                message: match apart {
                    Apart::Other => format!("{file} is not what the wheel of its index holds"),
                    Apart::Gone => {
                        format!("the wheel of its index holds {file}, which is not there")
                    }
                    Apart::Added => {
                        format!("{file} is in its RECORD and not in the wheel of its index")
                    }
                },
                remedy: format!("find out who changed it; {}", reinstall(owner)),
            },
            ProblemKind::Script { entry, word } => Said {
                rule: rule::SCRIPT,
                severity: Severity::High,
                message: format!(
                    "{file} should only call {}, and uses \"{}\"",
                    short(entry, PIECE),
                    short(word, PIECE)
                ),
                remedy: format!("look at the file; {}", reinstall(owner)),
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

fn label(distribution: &Distribution) -> String {
    let label = format!("{} {}", distribution.name, distribution.version);
    short(label.trim(), PIECE)
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

fn reinstall(owner: Option<&Distribution>) -> String {
    match owner {
        Some(owner) => format!(
            "install it anew: `pip install --force-reinstall --no-deps {}=={}`",
            short(&owner.name, PIECE),
            short(&owner.version, PIECE)
        ),
        None => "remove it, or install it as a distribution".to_owned(),
    }
}

fn altered(
    file: &str,
    (stated, found): (&str, &str),
    links: Option<u64>,
    owner: Option<&Distribution>,
) -> Said {
    let is_code = [
        ".py", ".so", ".pyd", ".pth", ".start", ".dll", ".exe", ".pyc",
    ]
    .iter()
    .any(|end| file.ends_with(end))
        || file.contains("/bin/")
        || file.contains("/Scripts/")
        || file.contains(".so.");
    let mut message = format!(
        "{file} was changed after it was installed: it is {} and was {}",
        short(found, 24),
        short(stated, 24)
    );
    let mut remedy = format!("find out who changed it; {}", reinstall(owner));
    if let Some(links) = links {
        message += &format!(
            "; the same file has {links} names on this machine: every environment that shares it is affected, and so is the installer's cache"
        );
        remedy += " after cleaning the cache (`uv cache clean`)";
    }
    Said {
        rule: rule::ALTERED,
        severity: if is_code {
            Severity::High
        } else {
            Severity::Medium
        },
        message,
        remedy,
    }
}

fn row(file: &str, fault: &RowFault, owner: Option<&Distribution>) -> Said {
    let (severity, message) = match fault {
        RowFault::Unreadable => (
            Severity::Medium,
            format!("{file} has a row that is none of path, hash and size"),
        ),
        RowFault::Damaged(path) => (
            Severity::Medium,
            format!(
                "{file} states a hash of {} that is no digest",
                short(path, PIECE)
            ),
        ),
        RowFault::Weak(name) => (
            Severity::Medium,
            format!(
                "{file} states a hash of algorithm \"{}\", which installers do not write",
                short(name, PIECE)
            ),
        ),
        RowFault::Outside(path) => (
            Severity::High,
            format!(
                "{file} names {}, which is outside the environment",
                short(path, PIECE)
            ),
        ),
    };
    Said {
        rule: rule::RECORD,
        severity,
        message,
        remedy: reinstall(owner),
    }
}

fn unlisted(
    file: &str,
    what: Unlisted,
    files: usize,
    shadows: Option<&str>,
    place: &Place<'_>,
) -> Said {
    let kind = match what {
        Unlisted::Module => "Python code",
        Unlisted::Native => "a library of machine code",
        Unlisted::Directory => "a directory with code",
        Unlisted::Link => "a link to a directory",
        Unlisted::Script => "a program",
        Unlisted::EntryPoints => "entry points, which make tools load code,",
    };
    let mut message = format!("{file} is {kind} that no distribution lists");
    if what == Unlisted::EntryPoints {
        message = format!("{file} declares {kind} and its distribution does not list it");
    }
    if files > 1 {
        message += &format!(" ({files} files)");
    }
    if let Some(shadows) = shadows {
        message += &format!("; Python imports it in place of {}", (place.shown)(shadows));
    }
    let is_grave = shadows.is_some()
        || matches!(
            what,
            Unlisted::Native | Unlisted::EntryPoints | Unlisted::Link
        );
    Said {
        rule: rule::UNLISTED,
        severity: if is_grave {
            Severity::High
        } else {
            Severity::Medium
        },
        message,
        remedy: "find out who put it there; remove it, or install it as a distribution".to_owned(),
    }
}

/// What a start-up hook does, as a fragment.
fn does(hook: &Hook) -> String {
    let pieces = |pieces: &[String]| {
        let shown: Vec<String> = pieces.iter().take(NAMED).map(|p| short(p, PIECE)).collect();
        shown.join(" | ")
    };
    match (hook.runs.is_empty(), hook.adds.is_empty()) {
        (true, true) => "does nothing".to_owned(),
        (false, true) => format!("runs {}", pieces(&hook.runs)),
        (true, false) => format!("adds {} to the path", pieces(&hook.adds)),
        (false, false) => format!(
            "runs {} and adds {} to the path",
            pieces(&hook.runs),
            pieces(&hook.adds)
        ),
    }
}

fn unlisted_hook(file: &str, hook: &Hook) -> Said {
    let runs = !hook.runs.is_empty();
    Said {
        rule: rule::HOOK,
        severity: if runs { Severity::High } else { Severity::Medium },
        message: format!(
            "{file} starts with every Python of the environment, and no distribution lists it: it {}",
            does(hook)
        ),
        remedy: if runs {
            "if it is not yours, take the machine for compromised; remove it and find out who wrote it"
        } else {
            "remove it, or waive the rule for its name if it is yours"
        }
        .to_owned(),
    }
}

fn bytecode(file: &str, source: &str, difference: &Difference) -> Said {
    let what = match difference {
        Difference::Code { name, line } => format!(
            "defines {} at line {line}, where the source does not",
            short(name, PIECE)
        ),
        Difference::Name { code, name } => format!(
            "uses the name {} in {}, and the source does not",
            short(name, PIECE),
            short(code, PIECE)
        ),
        Difference::Text { code, text } => format!(
            "holds the text \"{}\" in {}, and the source does not",
            short(text, PIECE),
            short(code, PIECE)
        ),
        Difference::Missing { name, line } => format!(
            "does not do what {} at line {line} of the source says",
            short(name, PIECE)
        ),
        Difference::Unchecked => {
            "was made from another source, and tells Python not to compare".to_owned()
        }
    };
    Said {
        rule: rule::BYTECODE,
        severity: Severity::High,
        message: format!("{file} runs in place of {source}, and {what}"),
        remedy: "keep a copy, delete the __pycache__ directory, and find out who could write there"
            .to_owned(),
    }
}
