//! From findings to rulings of files.

use std::collections::BTreeMap;

use hognose_gateway::judge::{Reason, Ruling};
use hognose_index::IndexFile;
use hognose_policy::conditions::Whom;
use hognose_types::{
    Component, ComponentKind, ComponentVersion, Decision, Declaration, Gap, InputId, Judged,
    Location, PackageName, Source, Subject, Version, rules,
};

use crate::project_facts;

/// What was found of each version, however it is spelled: `1.0` and `1.0.0` are one.
pub(super) struct ByVersion<'j> {
    judged: BTreeMap<Version, Vec<&'j Judged>>,
    gaps: BTreeMap<Version, Vec<&'j Gap>>,
    /// Something to be told beside.
    also: Option<Reason>,
}

impl<'j> ByVersion<'j> {
    pub(super) fn new(judged: &'j [Judged], gaps: &'j [Gap]) -> Self {
        let mut out = Self {
            judged: BTreeMap::new(),
            gaps: BTreeMap::new(),
            also: None,
        };
        for one in judged {
            let version = one.finding.subject.version.as_deref();
            if let Some(version) = version.and_then(|v| Version::new(v).ok()) {
                out.judged.entry(version).or_default().push(one);
            }
        }
        for gap in gaps {
            // `name version`, as components are called.
            let version = gap.subject.rsplit(' ').next().unwrap_or_default();
            if let Ok(version) = Version::new(version) {
                out.gaps.entry(version).or_default().push(gap);
            }
        }
        out
    }

    pub(super) fn judged(&self, version: &Version) -> &[&'j Judged] {
        self.judged.get(version).map_or(&[], Vec::as_slice)
    }

    /// The same where the age of a version does not count, for this reason.
    pub(super) fn without_age(&self, version: &Version, reason: &Reason) -> ByVersion<'j> {
        let mut own = Self {
            judged: BTreeMap::new(),
            gaps: BTreeMap::new(),
            also: Some(reason.clone()),
        };
        let kept = self.judged(version).iter().copied();
        let kept = kept.filter(|j| j.finding.rule != rules::online::NEW);
        own.judged.insert(version.clone(), kept.collect());
        let gaps = self.gaps.get(version).cloned().unwrap_or_default();
        own.gaps.insert(version.clone(), gaps);
        own
    }

    /// What could not be decided of a version.
    pub(super) fn gaps(&self, version: &Version) -> impl Iterator<Item = Reason> {
        let gaps = self.gaps.get(version).map_or(&[][..], Vec::as_slice);
        let gaps = gaps.iter().map(|gap| Reason {
            rule: gap.rule.as_str().to_owned(),
            message: gap.message.clone(),
            remedy: gap.hint.clone().unwrap_or_default(),
        });
        gaps.chain(self.also.clone())
    }
}

/// What is worth telling an installer: what decides, and what is grave though it only warns.
fn reason(judged: &Judged) -> Option<Reason> {
    let tells = judged.decision == Decision::Block
        || (judged.decision == Decision::Warn
            && judged.finding.severity >= hognose_types::Severity::Medium);
    tells.then(|| Reason {
        rule: judged.finding.advisory.as_ref().map_or_else(
            || judged.finding.rule.as_str().to_owned(),
            |a| format!("{} {}", judged.finding.rule.as_str(), a.id),
        ),
        message: judged.finding.message.clone(),
        remedy: judged.finding.remedy.text.clone(),
    })
}

/// What all that was found comes to.
pub(super) fn ruling<'j>(judged: impl Iterator<Item = &'j Judged>) -> Ruling {
    let mut out = Ruling::ALLOW;
    for one in judged {
        if let Some(reason) = reason(one) {
            out.join(Ruling {
                decision: one.decision,
                reasons: vec![reason],
            });
        }
    }
    out
}

/// What is on the list of what is kept out.
pub(super) fn denied() -> Ruling {
    Ruling {
        decision: Decision::Block,
        reasons: vec![Reason {
            rule: "deny".to_owned(),
            message: "the policy denies it".to_owned(),
            remedy: "take it from the list `deny` of [gateway]".to_owned(),
        }],
    }
}

/// What nobody says the age of.
pub(super) fn not_dated() -> Ruling {
    Ruling {
        decision: Decision::Block,
        reasons: vec![Reason {
            rule: rules::online::NEW.as_str().to_owned(),
            message: "nobody says when it was uploaded".to_owned(),
            remedy: "set on-undated = \"allow\" in [gateway]".to_owned(),
        }],
    }
}

/// A release that an index offers: it is nowhere in a project.
pub(super) fn whom(subject: Subject) -> Whom {
    Whom {
        subject,
        occurrences: Vec::new(),
    }
}

/// A release as a component, for what judges inventories.
pub(super) fn component(name: &PackageName, version: &Version) -> Component {
    Component {
        input: InputId(0),
        kind: ComponentKind::Distribution,
        name: name.clone(),
        version: ComponentVersion::Pinned(version.clone()),
        source: Source::Default,
        declarations: vec![Declaration {
            location: Location::line("index", 1),
            direct: true,
            groups: Vec::new(),
            extras: Vec::new(),
            marker: None,
        }],
        hashes: Vec::new(),
        license: None,
        conda: None,
        foreign: None,
    }
}

/// Whether nobody says how old a file is.
pub(super) fn undated(file: &IndexFile) -> bool {
    let time = file.upload_time.as_deref();
    time.and_then(project_facts::seconds).is_none()
}
