//! Rules over facts. The built-in ones and the user's have one form:
//!
//! ```toml
//! id = "HOG-MAL-clipper"
//! title = "replaces cryptocurrency addresses in the clipboard"
//! severity = "critical"
//! # Of every group one fact must be there.
//! when = [["crypto-address"], ["clipboard-write", "clipboard-read"]]
//! # "file" (default): all in one file. "artifact": anywhere in the artifact.
//! within = "file"
//! # For a single group: how many different kinds of it must be there.
//! at-least = 1
//! # Facts that must not be there.
//! unless = []
//! # A user's rule carries its points; the model has those of the built-in ones.
//! points = { install = 8.0, import = 8.0, call = 5.0 }
//! ```

mod fire;

use std::sync::LazyLock;

use hognose_types::Severity;
use serde::Deserialize;

use crate::fact::FactKind;
use crate::model::Points;

pub use fire::{Firing, fire};

/// Where the facts of a rule must stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Within {
    /// In one file.
    #[default]
    File,
    /// Anywhere in the artifact.
    Artifact,
}

/// A rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Stable id.
    pub id: String,
    /// What it says, as a fragment whose subject is the artifact.
    pub title: String,
    /// How bad.
    pub severity: Severity,
    /// Groups of kinds; of each one must be there.
    pub when: Vec<Vec<FactKind>>,
    /// Where.
    pub within: Within,
    /// Different kinds of the first group that must be there.
    pub at_least: usize,
    /// Kinds that must not be there.
    pub unless: Vec<FactKind>,
    /// Points a user's rule carries.
    pub points: Option<Points>,
}

/// Why a rule cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RuleError {
    /// Not TOML, or not of this form.
    #[error("the rule file cannot be read: {0}")]
    Form(String),
    /// A kind of fact that does not exist.
    #[error(
        "rule {rule} names the fact {kind:?}, which does not exist; `hognose inspect --facts` lists the kinds"
    )]
    Kind {
        /// The rule.
        rule: String,
        /// The name.
        kind: String,
    },
    /// A rule that could never or would always fire.
    #[error("rule {0} has no facts in `when`")]
    Empty(String),
    /// A severity that does not exist.
    #[error("rule {rule} has the severity {severity:?}; use low, medium, high or critical")]
    Severity {
        /// The rule.
        rule: String,
        /// The name.
        severity: String,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct RuleFile {
    id: String,
    title: String,
    severity: String,
    when: Vec<Vec<String>>,
    #[serde(default)]
    within: Within,
    #[serde(default = "one")]
    at_least: usize,
    #[serde(default)]
    unless: Vec<String>,
    points: Option<Points>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RulesFile {
    rule: Vec<RuleFile>,
}

fn one() -> usize {
    1
}

impl Rule {
    /// Reads one rule.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        let file: RuleFile = toml::from_str(text).map_err(|e| RuleError::Form(e.to_string()))?;
        Self::checked(file)
    }

    /// Reads a user's file: one rule, or several as `[[rule]]`.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, RuleError> {
        if text.lines().any(|l| l.trim() == "[[rule]]") {
            let file: RulesFile =
                toml::from_str(text).map_err(|e| RuleError::Form(e.to_string()))?;
            return file.rule.into_iter().map(Self::checked).collect();
        }
        Self::parse(text).map(|rule| vec![rule])
    }

    fn checked(file: RuleFile) -> Result<Self, RuleError> {
        let kind = |name: &String| {
            FactKind::parse(name).ok_or_else(|| RuleError::Kind {
                rule: file.id.clone(),
                kind: name.clone(),
            })
        };
        let when: Vec<Vec<FactKind>> = file
            .when
            .iter()
            .map(|group| group.iter().map(kind).collect())
            .collect::<Result<_, _>>()?;
        if when.is_empty() || when.iter().any(Vec::is_empty) {
            return Err(RuleError::Empty(file.id));
        }
        let unless = file.unless.iter().map(kind).collect::<Result<_, _>>()?;
        let severity = match file.severity.as_str() {
            "low" => Severity::Low,
            "medium" => Severity::Medium,
            "high" => Severity::High,
            "critical" => Severity::Critical,
            _ => {
                return Err(RuleError::Severity {
                    rule: file.id,
                    severity: file.severity,
                });
            }
        };
        Ok(Self {
            id: file.id,
            title: file.title,
            severity,
            when,
            within: file.within,
            at_least: file.at_least.max(1),
            unless,
            points: file.points,
        })
    }
}

/// The built-in rules, sorted by id.
pub fn builtin() -> &'static [Rule] {
    static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
        let text = include_str!(concat!(env!("OUT_DIR"), "/rules.json"));
        let files: Vec<RuleFile> = serde_json::from_str(text).unwrap_or_default();
        // A test compares them with the files: none is left out here.
        let rules = files.into_iter().map(Rule::checked);
        rules.filter_map(Result::ok).collect()
    });
    &RULES
}
