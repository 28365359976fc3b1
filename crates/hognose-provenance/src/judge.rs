//! Evidence about releases of an inventory as findings and gaps.

use hognose_types::text::short;
use hognose_types::{
    ComponentId, Confidence, Finding, Gap, Inventory, Places, Remedy, RuleId, Severity, Subject,
    Version, rules,
};
use rules::provenance as rule;

use crate::attestation::{Outcome, Publisher};
use crate::commit::Comparison;
use crate::memory::{Change, Known, Part};
use crate::rebuilt::RebuildFault;
use crate::reproduce;

/// Most characters of a message.
const SHOWN: usize = 600;
/// Most files that a message names.
const NAMED: usize = 3;

/// A release of an inventory: the components that are it.
#[derive(Clone, Copy, Debug)]
pub struct Release<'a> {
    /// The inventory.
    pub inventory: &'a Inventory,
    /// Where it stands there; never empty.
    pub members: &'a [ComponentId],
}

/// What one rule says.
struct Said {
    rule: RuleId,
    severity: Severity,
    confidence: Confidence,
    message: String,
    remedy: String,
}

impl Release<'_> {
    /// What the attestations of one of its files show: a finding where one is wrong, a gap where one cannot be judged.
    pub fn outcome(
        &self,
        file: &str,
        outcome: &Outcome,
        places: &mut Places<'_>,
    ) -> (Option<Finding>, Option<Gap>) {
        let Some(refused) = outcome.refused().first() else {
            return (None, None);
        };
        let more = match outcome.refused().len() {
            1 => String::new(),
            n => format!(" (and {} more)", n - 1),
        };
        let message = format!("{file}: {}{more}", refused.refusal);
        match outcome {
            Outcome::Refused(_) => {
                let said = Said {
                    rule: rule::BAD,
                    severity: Severity::Critical,
                    confidence: Confidence::High,
                    message,
                    remedy: "do not install this file; ask the index itself, not a mirror, and compare the sha256 of both".to_owned(),
                };
                (self.finding(&said, places), None)
            }
            _ => (
                None,
                self.gap(
                    message,
                    Some("update hognose, or name a newer root with `--trusted-root`"),
                ),
            ),
        }
    }

    /// That what somebody is said to have signed about one of its files does not hold.
    pub fn forged(
        &self,
        file: &str,
        document: &str,
        fault: &RebuildFault,
        places: &mut Places<'_>,
    ) -> Option<Finding> {
        let said = Said {
            rule: rule::BAD,
            severity: Severity::Critical,
            confidence: Confidence::High,
            message: format!("{file}: {document}: {fault}"),
            remedy: "do not install this file on the strength of this document; get both again from where they come from"
                .to_owned(),
        };
        self.finding(&said, places)
    }

    /// Something about its attestations that could not be found out.
    pub fn gap(&self, message: impl AsRef<str>, hint: Option<&str>) -> Option<Gap> {
        let component = self.inventory.component(*self.members.first()?)?;
        let declaration = component.declarations.first();
        Some(Gap {
            rule: rules::gap_provenance::ID,
            subject: component.label(),
            location: declaration.map(|d| d.location.clone()),
            message: short(message.as_ref(), SHOWN),
            hint: hint.map(str::to_owned),
            groups: declaration.map(|d| d.groups.clone()).unwrap_or_default(),
        })
    }

    /// That nobody attests any of its files, and the index says so.
    pub fn unattested(&self, places: &mut Places<'_>) -> Option<Finding> {
        let said = Said {
            rule: rule::UNATTESTED,
            severity: Severity::None,
            confidence: Confidence::High,
            message: "has no attestation: nothing but its name tells who published it".to_owned(),
            remedy: "nothing, or ask the project to publish with Trusted Publishing".to_owned(),
        };
        self.finding(&said, places)
    }

    /// A file that has other bytes than somebody says it must have.
    pub fn other_bytes(
        &self,
        file: &str,
        found: &str,
        who: &str,
        expected: &str,
        places: &mut Places<'_>,
    ) -> Option<Finding> {
        let said = Said {
            rule: rule::DIGEST,
            severity: Severity::Critical,
            confidence: Confidence::High,
            message: format!("{file} has sha256 {found}, and {who} {expected}"),
            remedy: "do not install this file; download it again from the index and compare"
                .to_owned(),
        };
        self.finding(&said, places)
    }

    /// Code that is not in what a file was built from: `commit …`, or the sdist beside it.
    pub fn uncommitted(
        &self,
        file: &str,
        base: &str,
        found: &Comparison,
        places: &mut Places<'_>,
    ) -> Option<Finding> {
        if found.holds() {
            return None;
        }
        let part = |what: &str, list: &[String]| {
            let all = names(list);
            (!list.is_empty()).then(|| format!("{all} {what}"))
        };
        let parts = [
            part("not in it", &found.absent),
            part("with other bytes", &found.changed),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        let said = certain(
            (rule::UNCOMMITTED, Severity::High),
            format!("{file} is not what {base} holds: {}", parts.join("; ")),
            "read these files before anybody runs them; if a build writes them, waive this rule with that reason",
        );
        self.finding(&said, places)
    }

    /// Code of a wheel that its sdist does not give when it is built.
    pub fn rebuilt(
        &self,
        file: &str,
        sdist: &str,
        found: &reproduce::Comparison,
        places: &mut Places<'_>,
    ) -> Option<Finding> {
        let code: Vec<String> = found.code().take(NAMED).map(ToString::to_string).collect();
        if code.is_empty() {
            return None;
        }
        let more = match found.code().count() - code.len() {
            0 => String::new(),
            n => format!("; and {n} more"),
        };
        let said = certain(
            (rule::UNCOMMITTED, Severity::High),
            format!(
                "{file} is not what {sdist} gives when it is built: {}{more}",
                code.join("; ")
            ),
            "read these files before anybody runs them; if a build writes them otherwise each time, waive this rule with that reason",
        );
        self.finding(&said, places)
    }

    /// Something that is other than it was.
    pub fn change(&self, change: &Change, places: &mut Places<'_>) -> Option<Finding> {
        self.finding(&said(change), places)
    }

    fn finding(&self, said: &Said, places: &mut Places<'_>) -> Option<Finding> {
        let component = self.inventory.component(*self.members.first()?)?;
        let occurrences = self.members.iter().flat_map(|id| places.of(*id));
        Some(Finding {
            rule: said.rule,
            subject: Subject::of(component),
            severity: said.severity,
            confidence: said.confidence,
            message: short(&said.message, SHOWN),
            advisory: None,
            occurrences: occurrences.collect(),
            remedy: Remedy {
                text: short(&said.remedy, SHOWN),
                version: None,
            },
        })
    }
}

/// What to do where a change may be honest.
const ACCEPT: &str =
    "if the project announced it, waive this rule for this version and run `hognose verify --lock`";

fn said(change: &Change) -> Said {
    match change {
        Change::Lost { files, before } => {
            let before = before.as_ref().map(|v| format!("{v} was attested"));
            let remedy = "stay on the release before, and read what this one does with `hognose inspect --diff`";
            certain(
                (rule::LOST, Severity::High),
                lost(files, before.as_deref()),
                &format!("{remedy}; {ACCEPT}"),
            )
        }
        Change::Changed {
            what,
            before,
            now,
            since,
        } => changed(*what, before, now, since),
        Change::Unnamed { file, named, now } => {
            let named: Vec<String> = named.iter().map(words).collect();
            let (now, named) = (now.describe(), named.join(", "));
            certain(
                (rule::CHANGED, Severity::High),
                format!("{file} was published by {now}, and the lock names {named}"),
                "do not install it before the change is explained; lock again when it is",
            )
        }
        Change::Partial {
            attested,
            without,
            knew_better,
        } => partial(*attested, without, *knew_better),
        Change::Inconsistent {
            publishers,
            knew_better,
        } => inconsistent(publishers, *knew_better),
        Change::LateFile { file, uploaded } => {
            let day = uploaded.as_ref().map(|t| t.get(..10).unwrap_or(t));
            let when = day.map(|day| format!(" on {day}")).unwrap_or_default();
            certain(
                (rule::LATE_FILE, Severity::High),
                format!("{file} was added{when} to a release that was known without it"),
                &format!("pin the hashes of the files that were known; {ACCEPT}"),
            )
        }
        Change::Replaced { file, before, now } => certain(
            (rule::DIGEST, Severity::Critical),
            format!("{file} has sha256 {now}, and {before} is remembered"),
            "do not install it: an index never replaces a file",
        ),
    }
}

fn certain((rule, severity): (RuleId, Severity), message: String, remedy: &str) -> Said {
    Said {
        rule,
        severity,
        confidence: Confidence::High,
        message,
        remedy: remedy.to_owned(),
    }
}

fn changed(what: Part, before: &Known, now: &Known, since: &Version) -> Said {
    let value = |known: &Known| known.part(what).unwrap_or_else(|| "none".to_owned());
    // How a project builds changes with the project.
    let severity = if what.is_minor() {
        Severity::None
    } else {
        Severity::High
    };
    let message = format!(
        "its publisher has another {} than that of {since}: {}, and it was {}",
        what.as_str(),
        value(now),
        value(before)
    );
    let place = before.describe();
    certain(
        (rule::CHANGED, severity),
        message,
        &format!("look for the change in {place}; {ACCEPT}"),
    )
}

fn partial(attested: usize, without: &[String], knew_better: bool) -> Said {
    let (severity, more) = if knew_better {
        let more = "; all were, in the release that is remembered";
        (Severity::High, more)
    } else {
        (Severity::None, "")
    };
    let all = attested + without.len();
    let without = names(without);
    certain(
        (rule::PARTIAL, severity),
        format!("{attested} of its {all} files are attested and not {without}{more}"),
        &format!("install the attested files; {ACCEPT}"),
    )
}

fn inconsistent(publishers: &[Known], knew_better: bool) -> Said {
    let severity = if knew_better {
        Severity::High
    } else {
        Severity::None
    };
    let all: Vec<String> = publishers.iter().map(Known::describe).collect();
    let (count, all) = (all.len(), all.join(", "));
    certain(
        (rule::INCONSISTENT, severity),
        format!("its files come from {count} publishers: {all}"),
        &format!("see in the table which file comes from where; {ACCEPT}"),
    )
}

fn lost(files: &[String], before: Option<&str>) -> String {
    let have = if files.len() == 1 { "has" } else { "have" };
    let before = before.unwrap_or("the lock names who publishes it");
    format!("{} {have} no attestation, and {before}", names(files))
}

fn names(files: &[String]) -> String {
    let mut out = files
        .iter()
        .take(NAMED)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    if let Some(more) = files.len().checked_sub(NAMED).filter(|more| *more > 0) {
        out.push_str(&format!(" and {more} more"));
    }
    out
}

fn words(publisher: &Publisher) -> String {
    match publisher {
        Publisher::GitHub {
            repository,
            workflow,
        }
        | Publisher::GitLab {
            repository,
            workflow,
        } => {
            format!("{repository} ({workflow}) of {}", publisher.kind())
        }
        Publisher::Google { email } => format!("{email} of Google"),
        Publisher::CircleCi { project, .. } => format!("project {project} of CircleCI"),
        Publisher::Unknown { kind } => format!("a publisher of kind {kind:?}"),
    }
}
