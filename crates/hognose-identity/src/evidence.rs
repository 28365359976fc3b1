//! What the rules that ask an index are given, and how they say what they found.

use std::collections::{BTreeMap, BTreeSet};

use hognose_types::{
    ComponentId, ComponentVersion, Confidence, DigestAlgorithm, Finding, Inventory, Notice,
    PackageName, Places, Remedy, RuleId, Severity, Subject, Version,
};

use crate::facts::{DAY, ProjectFacts};
use crate::history::Past;

/// A project of an inventory, and what its index says.
#[derive(Debug)]
pub struct Asked {
    /// The components that come from it.
    pub members: Vec<ComponentId>,
    /// What the index says.
    pub facts: ProjectFacts,
    /// What it said before.
    pub past: Option<Past>,
}

/// A known flaw of a pinned version that no release mends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmended {
    /// The advisory.
    pub id: String,
    /// When its first record was published, Unix seconds.
    pub disclosed: i64,
}

/// What the rules need beside the facts.
#[derive(Debug)]
pub struct Circumstances<'a> {
    /// Unix seconds.
    pub now: i64,
    /// Youngest release that is no longer new, in seconds.
    pub min_age: i64,
    /// The Python that the scan is for.
    pub python: Option<&'a Version>,
    /// Popular names.
    pub popular: BTreeSet<&'a str>,
    /// Flaws that no release mends, by name and version.
    pub unmended: BTreeMap<(String, String), Vec<Unmended>>,
    /// When files of the project were changed last, Unix seconds; only where that is certain.
    pub written: BTreeMap<String, i64>,
}

/// What the rules found.
#[derive(Debug, Default)]
pub struct Evidence {
    /// Findings.
    pub findings: Vec<Finding>,
    /// Remarks about what is not known.
    pub notices: Vec<Notice>,
}

/// One version of one project, wherever the inventory lists it.
#[derive(Debug)]
pub(crate) struct Pin<'a> {
    pub(crate) asked: &'a Asked,
    pub(crate) members: Vec<ComponentId>,
    /// None where nothing is pinned.
    pub(crate) version: Option<&'a Version>,
    /// sha256 of the files that locks allow; empty where nothing pins them.
    pub(crate) hashes: BTreeSet<&'a str>,
}

impl<'a> Pin<'a> {
    /// The versions of a project that an inventory has.
    pub(crate) fn all(asked: &'a Asked, inventory: &'a Inventory) -> Vec<Self> {
        let mut pins: BTreeMap<Option<&Version>, Self> = BTreeMap::new();
        for id in &asked.members {
            let Some(component) = inventory.component(*id) else {
                continue;
            };
            let version = match &component.version {
                ComponentVersion::Pinned(version) => Some(version),
                _ => None,
            };
            let pin = pins.entry(version).or_insert_with(|| Self {
                asked,
                members: Vec::new(),
                version,
                hashes: BTreeSet::new(),
            });
            pin.members.push(*id);
            let hashes = component.hashes.iter();
            let sha256 = hashes.filter(|h| h.algorithm() == DigestAlgorithm::Sha256);
            pin.hashes.extend(sha256.map(hognose_types::Digest::hex));
        }
        pins.into_values().collect()
    }

    pub(crate) fn facts(&self) -> &'a ProjectFacts {
        &self.asked.facts
    }

    pub(crate) fn name(&self) -> &'a PackageName {
        &self.asked.facts.name
    }

    /// Whether an installer may take a file: where a lock pins files, only they count.
    pub(crate) fn allows(&self, sha256: Option<&str>) -> bool {
        self.hashes.is_empty() || sha256.is_none_or(|hash| self.hashes.contains(hash))
    }
}

/// What a rule says of a pin.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) rule: RuleId,
    pub(crate) severity: Severity,
    pub(crate) confidence: Confidence,
    pub(crate) message: String,
    pub(crate) remedy: String,
    pub(crate) version: Option<Version>,
}

impl Said {
    /// Something certain; the texts are made safe when the finding is.
    pub(crate) fn new(
        rule: RuleId,
        severity: Severity,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            rule,
            severity,
            confidence: Confidence::High,
            message: message.into(),
            remedy: remedy.into(),
            version: None,
        }
    }

    pub(crate) fn sure(self, confidence: Confidence) -> Self {
        Self { confidence, ..self }
    }

    pub(crate) fn finding(
        self,
        pin: &Pin<'_>,
        inventory: &Inventory,
        places: &mut Places<'_>,
    ) -> Option<Finding> {
        let component = inventory.component(*pin.members.first()?)?;
        let safe = |text: &str| hognose_types::text::short(text, 600);
        Some(Finding {
            rule: self.rule,
            subject: Subject::of(component),
            severity: self.severity,
            confidence: self.confidence,
            message: safe(&self.message),
            advisory: None,
            occurrences: pin.members.iter().flat_map(|id| places.of(*id)).collect(),
            remedy: Remedy {
                text: safe(&self.remedy),
                version: self.version.map(|v| v.to_string()),
            },
        })
    }
}

/// A length of time as people say it.
pub(crate) fn span(seconds: i64) -> String {
    let (count, unit) = match seconds {
        s if s < 3_600 => ((s / 60).max(1), "minute"),
        s if s < 2 * DAY => (s / 3_600, "hour"),
        s if s < 730 * DAY => (s / DAY, "day"),
        s => (s / (365 * DAY), "year"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// `1 release`, `2 releases`.
pub(crate) fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans() {
        for (seconds, expected) in [
            (0, "1 minute"),
            (7_200, "2 hours"),
            (3 * DAY, "3 days"),
            (731 * DAY, "2 years"),
        ] {
            assert_eq!(span(seconds), expected);
        }
    }
}
