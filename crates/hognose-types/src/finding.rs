//! Findings (evidence about a subject), gaps (what could not be checked) and notices.

use serde::Serialize;

use crate::{AdvisoryEvidence, Component, ComponentId, Location, Purl, RuleId, Severity};

/// Typed evidence about a subject. Never a decision: the policy engine decides.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// The rule that raised it.
    pub rule: RuleId,
    /// What it is about.
    pub subject: Subject,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// One line: what and why it matters.
    pub message: String,
    /// The advisory, for rules that rest on one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advisory: Option<AdvisoryEvidence>,
    /// Every place that brings the subject in; never empty.
    pub occurrences: Vec<Occurrence>,
    /// What to do.
    pub remedy: Remedy,
}

/// The component or artifact a finding is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Subject {
    /// Package URL.
    pub purl: Purl,
    /// Normalised name.
    pub name: String,
    /// Exact version as written, when known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

impl Subject {
    /// The subject a component is.
    pub fn of(component: &Component) -> Self {
        Self {
            purl: Purl::of(component),
            name: component.name.to_string(),
            version: component.version.as_str().map(str::to_owned),
        }
    }

    /// `name version`; safe for one line.
    pub fn label(&self) -> String {
        match &self.version {
            Some(version) => format!("{} {}", self.name, crate::text::line(version)),
            None => self.name.clone(),
        }
    }
}

/// How sure a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// Rests on an assumption that is stated.
    Low,
    /// Likely.
    Medium,
    /// Established by the evidence shown.
    High,
}

/// One place that brings a subject in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Occurrence {
    /// The component.
    pub component: ComponentId,
    /// Where it is declared.
    pub location: Location,
    /// Named by the project itself.
    pub direct: bool,
    /// Groups that contain it; empty for the main set.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// Extras that contain it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extras: Vec<String>,
    /// When it counts, for people ("only on win32").
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// `name version` of every step from the project (or a direct dependency) to the subject, both
    /// included; empty when the input has no edges.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub path: Vec<String>,
    /// The line to edit: where the first step of the path is declared, when that is another place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edit: Option<Location>,
}

/// What to do about a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Remedy {
    /// One line for people.
    pub text: String,
    /// Version to move to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// Something that could not be checked. Any gap that the policy does not allow makes the run incomplete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// The rule that names this kind of gap.
    pub rule: RuleId,
    /// What was not checked: a component's label or a path.
    pub subject: String,
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// One lower-case fragment: what failed, on what, which limit.
    pub message: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Dependency groups it belongs to; empty for the main set.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
}

impl Gap {
    /// A gap about a file.
    pub fn file(rule: RuleId, location: Location, message: impl Into<String>) -> Self {
        Self {
            rule,
            subject: location.file.clone(),
            location: Some(location),
            message: message.into(),
            hint: None,
            groups: Vec::new(),
        }
    }

    /// Adds a hint.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// A remark that changes no verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// Where, if anywhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// One lower-case fragment.
    pub message: String,
}
