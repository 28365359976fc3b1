//! Names that code and texts lead to though no input declares them: whether an index has them, and since when.
//!
//! A name that nobody has is the plainest sign of one that was made up, and whoever reads the text or misses the module
//! installs it by that name.

use std::collections::{BTreeMap, BTreeSet};

use hognose_types::{
    Confidence, Finding, Inventory, Location, PackageName, Purl, Remedy, Severity, Subject,
    rules::online as rule, text,
};

use crate::absent;
use crate::code::{Code, occurrence, unknown};
use crate::evidence::{Circumstances, Said, span};
use crate::facts::{DAY, Presence, ProjectFacts};
use crate::mentions::Mention;
use crate::names;

/// How a name came up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lead {
    /// A text says to install it.
    Command,
    /// Code that always runs imports a module that nothing provides.
    Import,
    /// Code that may never run does: tests, documentation, functions.
    Aside,
}

impl Lead {
    /// Commands are followed to the letter; a module's name is only where somebody would look first.
    fn severity(self) -> Severity {
        match self {
            Self::Command => Severity::Medium,
            Self::Import => Severity::Low,
            Self::Aside => Severity::None,
        }
    }
}

/// A name to ask indexes about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sought {
    /// The name.
    pub name: PackageName,
    /// The strongest reason why anybody would install it.
    pub lead: Lead,
    /// Where it came up.
    pub locations: Vec<Location>,
}

/// Places of one name that are listed.
const MAX_PLACES: usize = 10;
/// A file may be committed a little before what it speaks of is published.
const TOLERANCE: i64 = DAY;
/// Words that texts write where the reader's own name belongs.
const EXAMPLES: [&str; 12] = [
    "bar",
    "example",
    "example-package",
    "foo",
    "library",
    "module",
    "my-package",
    "name",
    "package",
    "package-name",
    "some-package",
    "your-package",
];

/// The names that code and texts lead to, commands first. What an input declares was asked about already, and what is
/// popular is there.
pub fn sought(
    inventory: &Inventory,
    code: &Code,
    mentions: &[Mention],
    popular: &BTreeSet<&str>,
) -> Vec<Sought> {
    let declared: BTreeSet<&PackageName> = inventory.components.iter().map(|c| &c.name).collect();
    let mut names: BTreeMap<PackageName, (Lead, Vec<Location>)> = BTreeMap::new();
    let mut add = |name: &PackageName, lead: Lead, location: &Location| {
        let skip = declared.contains(name)
            || popular.contains(name.as_str())
            || EXAMPLES.contains(&name.as_str());
        if skip {
            return;
        }
        let entry = names.entry(name.clone()).or_insert((lead, Vec::new()));
        entry.0 = entry.0.min(lead);
        if entry.1.len() < MAX_PLACES {
            entry.1.push(location.clone());
        }
    };
    for mention in mentions {
        add(&mention.name, Lead::Command, &mention.location);
    }
    for (name, imports) in unknown(inventory, code) {
        for import in imports {
            let lead = if import.is_needed() {
                Lead::Import
            } else {
                Lead::Aside
            };
            add(&name, lead, &import.location);
        }
    }
    let mut out: Vec<Sought> = names
        .into_iter()
        .map(|(name, (lead, locations))| Sought {
            name,
            lead,
            locations,
        })
        .collect();
    out.sort_by(|a, b| (a.lead, &a.name).cmp(&(b.lead, &b.name)));
    out
}

/// What indexes say of such names. No network, no clock; a name that could not be asked about has no finding.
pub fn judge_sought(
    inventory: &Inventory,
    asked: &[(Sought, ProjectFacts)],
    circumstances: &Circumstances<'_>,
) -> Vec<Finding> {
    let mut out = Vec::new();
    for (sought, facts) in asked {
        let said = match facts.presence {
            Presence::Unknown(_) => continue,
            Presence::Absent => Some(nobody_has(sought)),
            Presence::Present => registered_since(sought, facts, circumstances)
                .or_else(|| absent::invented(facts, circumstances)),
        };
        out.extend(said.and_then(|said| finding(&said, sought, inventory)));
    }
    out
}

fn nobody_has(sought: &Sought) -> Said {
    let name = &sought.name;
    let severity = sought.lead.severity();
    if sought.lead == Lead::Command {
        let message = format!(
            "the index does not have {name}, which is to be installed here{}: anybody may register the name, and is then installed",
            match names::language(name.as_str()) {
                None => String::new(),
                Some(language) => format!(" and is a well-known {language} package"),
            }
        );
        let advice =
            format!("correct the name; if {name} is your own, say from which index it comes");
        return Said::new(rule::ABSENT, severity, message, advice);
    }
    let message = format!(
        "a module is imported that nothing provides, and the index has no {name} either: whoever registers the name is installed by those who miss the module"
    );
    let advice = format!(
        "remove the import if the module was made up; else declare what provides it, or list {name} under `[identity] owned`"
    );
    Said::new(rule::ABSENT, severity, message, advice).sure(Confidence::Medium)
}

/// The name was registered after the text that says to install it was written.
fn registered_since(
    sought: &Sought,
    facts: &ProjectFacts,
    circumstances: &Circumstances<'_>,
) -> Option<Said> {
    let first = facts.first_upload()?;
    let files = sought.locations.iter().map(|at| at.file.as_str());
    let (written, file) = files
        .filter_map(|file| Some((*circumstances.written.get(file)?, file)))
        .min()?;
    let late = Some(first.saturating_sub(written)).filter(|late| *late > TOLERANCE)?;
    let asks = match sought.lead {
        Lead::Command => "says to install it",
        Lead::Import | Lead::Aside => "imports a module of that name",
    };
    let message = format!(
        "was first uploaded {} after the last change of {}, which {asks}: the name meant another project then, or none",
        span(late),
        text::short(file, 100)
    );
    let name = &sought.name;
    let advice = format!(
        "find out which project was meant: `hognose show {name}`, `hognose inspect {name}`"
    );
    let severity = sought.lead.severity();
    Some(Said::new(rule::REVIVED, severity, message, advice).sure(Confidence::Medium))
}

fn finding(said: &Said, sought: &Sought, inventory: &Inventory) -> Option<Finding> {
    let places = sought.locations.iter();
    let occurrences: Vec<_> = places.filter_map(|at| occurrence(inventory, at)).collect();
    if occurrences.is_empty() {
        return None;
    }
    let safe = |text: &str| text::short(text, 600);
    Some(Finding {
        rule: said.rule,
        subject: Subject {
            purl: Purl::pypi(&sought.name, None),
            name: sought.name.to_string(),
            version: None,
        },
        severity: said.severity,
        confidence: said.confidence,
        message: safe(&said.message),
        advisory: None,
        occurrences,
        remedy: Remedy {
            text: safe(&said.remedy),
            version: None,
        },
    })
}
