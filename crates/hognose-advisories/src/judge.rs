//! An inventory against the database: components → findings and gaps.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use hognose_types::{
    AdvisoryEvidence, Component, ComponentId, ComponentVersion, Confidence, Finding, Gap,
    Inventory, Occurrence, PackageName, Places, Remedy, Severity, Subject, rules,
};

use crate::database::Database;
use crate::format::FormatError;
use crate::matching::{Answer, Query};
use crate::squeeze::Unpacker;

/// What a judgement should carry.
#[derive(Clone, Copy, Debug, Default)]
pub struct JudgeOptions {
    /// Include each advisory's full text and links: needed by formats that show them.
    pub details: bool,
}

/// Evidence about an inventory.
#[derive(Debug, Default)]
pub struct Judgement {
    /// What is known to be wrong, grouped by package, worst first.
    pub findings: Vec<Finding>,
    /// What could not be decided.
    pub gaps: Vec<Gap>,
}

/// Looks every judged component up, each name and version once.
pub fn judge(
    inventory: &Inventory,
    database: &Database,
    options: JudgeOptions,
) -> Result<Judgement, FormatError> {
    let mut groups: BTreeMap<(&PackageName, Key<'_>), Vec<ComponentId>> = BTreeMap::new();
    for (index, component) in inventory
        .components
        .iter()
        .enumerate()
        .filter(|(_, c)| c.is_judged())
    {
        groups
            .entry((&component.name, Key::of(&component.version)))
            .or_default()
            .push(ComponentId(index));
    }
    let mut run = Run {
        places: Places::new(inventory),
        out: Judgement::default(),
    };
    let mut unpacker = options.details.then(Unpacker::default);
    for ((name, _), members) in &groups {
        let Some(first) = members.first().and_then(|id| inventory.component(*id)) else {
            continue;
        };
        let answer = database.answer(name, query(&first.version), unpacker.as_mut())?;
        run.take(first, members, answer);
    }
    sort(&mut run.out.findings);
    run.out
        .gaps
        .sort_by(|a, b| (&a.subject, &a.message).cmp(&(&b.subject, &b.message)));
    Ok(run.out)
}

/// Versions that are judged alike. `1.0` and `1.0.0` are one version for PEP 440, and two texts for people; they are
/// kept apart so that every finding names the text that stands in the file.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key<'a> {
    Exact(&'a str),
    Unknown,
}

impl<'a> Key<'a> {
    fn of(version: &'a ComponentVersion) -> Self {
        version.as_str().map_or(Self::Unknown, Key::Exact)
    }
}

fn query(version: &ComponentVersion) -> Query<'_> {
    match version {
        ComponentVersion::Pinned(version) => Query::Version(version),
        ComponentVersion::Opaque(text) => Query::Opaque(text),
        ComponentVersion::Range(_) | ComponentVersion::Unknown => Query::Unknown,
    }
}

struct Run<'a> {
    /// Built when the first finding needs it: most projects are clean.
    places: Places<'a>,
    out: Judgement,
}

impl Run<'_> {
    fn take(&mut self, component: &Component, members: &[ComponentId], answer: Answer) {
        for (record, reason) in answer.problems {
            self.out.gaps.push(Self::gap(
                rules::gap_database::ID,
                component,
                format!("the advisory {record} about it cannot be read: {reason}"),
            ));
        }
        // Unpinned and unknown versions are gaps of the inventory already; advisories that concern some versions only
        // would say the same again.
        if component.version.as_str().is_some() {
            self.out
                .gaps
                .extend(undecided(component, &answer.undecided));
        }
        if answer.hits.is_empty() {
            return;
        }
        let occurrences: Vec<Occurrence> =
            members.iter().flat_map(|id| self.places.of(*id)).collect();
        for advisory in answer.hits {
            self.out
                .findings
                .push(finding(component, advisory, occurrences.clone()));
        }
    }

    fn gap(rule: hognose_types::RuleId, component: &Component, message: String) -> Gap {
        let declaration = component.declarations.first();
        Gap {
            rule,
            subject: component.label(),
            location: declaration.map(|d| d.location.clone()),
            message,
            hint: None,
            groups: declaration.map(|d| d.groups.clone()).unwrap_or_default(),
        }
    }
}

/// One gap for all advisories that cannot be decided, however many there are.
fn undecided(component: &Component, advisories: &[(String, String)]) -> Option<Gap> {
    /// How many are named.
    const NAMED: usize = 3;
    let (_, reason) = advisories.first()?;
    let named: Vec<&str> = advisories
        .iter()
        .take(NAMED)
        .map(|(id, _)| id.as_str())
        .collect();
    let more = match advisories.len().saturating_sub(NAMED) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    let verb = if advisories.len() == 1 {
        "applies"
    } else {
        "apply"
    };
    let message = format!(
        "whether {}{more} {verb} cannot be decided: {reason}",
        named.join(", ")
    );
    let gap = Run::gap(rules::gap_version::ID, component, message);
    Some(gap.with_hint("pin a release with a version that follows PEP 440"))
}

fn finding(
    component: &Component,
    advisory: AdvisoryEvidence,
    occurrences: Vec<Occurrence>,
) -> Finding {
    let rule = if advisory.malicious {
        rules::mal_known::ID
    } else {
        rules::vuln::ID
    };
    let local_only = advisory.matches.iter().all(|m| m.local_ignored);
    let assumed = component.version.as_str().is_none();
    let message = message(component, &advisory, local_only);
    Finding {
        rule,
        subject: Subject::of(component),
        severity: if advisory.malicious {
            Severity::Malicious
        } else {
            advisory.severity.band
        },
        // The local part may stand for a patched build: the match is stated as less sure.
        confidence: if local_only && !advisory.matches.is_empty() && !assumed {
            Confidence::Medium
        } else {
            Confidence::High
        },
        message,
        remedy: remedy(component, &advisory),
        advisory: Some(advisory),
        occurrences,
    }
}

fn message(component: &Component, advisory: &AdvisoryEvidence, local_only: bool) -> String {
    let summary = hognose_types::text::line(&advisory.summary);
    let summary = summary.trim().trim_end_matches('.');
    let mut text = match (summary.is_empty(), advisory.malicious) {
        (false, _) => summary.to_owned(),
        (true, true) => format!("{} is known to be malicious", component.label()),
        (true, false) => format!("{} has a known flaw", component.label()),
    };
    if component.version.as_str().is_none() {
        text.push_str(" (every version is affected)");
    } else if local_only && !advisory.matches.is_empty() {
        text.push_str(" (matched without the local part of the version)");
    }
    text
}

fn remedy(component: &Component, advisory: &AdvisoryEvidence) -> Remedy {
    let version = advisory.fixed_in.as_ref().map(|v| v.as_str().to_owned());
    let name = &component.name;
    let text = match (&version, advisory.malicious) {
        (_, true) => format!(
            "remove {name}; treat every machine that installed it, and every secret on it, as compromised"
        ),
        (Some(version), false) => format!("upgrade {name} to {version} or later"),
        (None, false) => format!(
            "no fixed version of {name} is known: replace it, or accept the risk with a waiver"
        ),
    };
    Remedy {
        text,
        version: version.filter(|_| !advisory.malicious),
    }
}

/// By package, packages with the worst finding first; within a package worst first.
fn sort(findings: &mut Vec<Finding>) {
    let mut worst: BTreeMap<&str, (bool, i64)> = BTreeMap::new();
    for finding in findings.iter() {
        let rank = rank(finding);
        let entry = worst.entry(&finding.subject.name).or_insert(rank);
        *entry = rank.max(*entry);
    }
    // Positions are sorted, not findings: those are large, and every comparison would look names up again.
    let mut keys: Vec<_> = findings
        .iter()
        .enumerate()
        .map(|(at, f)| {
            let package = worst.get(f.subject.name.as_str()).copied();
            ((Reverse(package), &f.subject, Reverse(rank(f)), id(f)), at)
        })
        .collect();
    keys.sort_unstable();
    let order: Vec<usize> = keys.into_iter().map(|(_, at)| at).collect();
    let mut taken: Vec<Option<Finding>> = std::mem::take(findings).into_iter().map(Some).collect();
    findings.extend(order.into_iter().filter_map(|at| taken.get_mut(at)?.take()));
}

fn rank(finding: &Finding) -> (bool, i64) {
    let advisory = finding.advisory.as_ref();
    let score = advisory.map_or(0, |a| (a.severity.score * 10.0).round() as i64);
    (finding.severity == Severity::Malicious, score)
}

fn id(finding: &Finding) -> &str {
    finding.advisory.as_ref().map_or("", |a| a.id.as_str())
}
