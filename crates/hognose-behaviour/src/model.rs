//! The model: points by name, in a file people can read. See `model.toml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::fact::{FactKind, Trigger};

/// The text of the built-in model.
pub const BUILTIN: &str = include_str!("../model.toml");

/// Version of the analyser: facts of another version are not comparable. Raised with every change of what is seen.
pub const ANALYSER: &str = "4";

/// Points by trigger; a trigger that is not named has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Points {
    /// At install.
    #[serde(default)]
    pub install: f64,
    /// At every start of Python.
    #[serde(default)]
    pub startup: f64,
    /// At import.
    #[serde(default)]
    pub import: f64,
    /// When a command is started.
    #[serde(default)]
    pub entry_point: f64,
    /// When a function is called.
    #[serde(default)]
    pub call: f64,
    /// In tests, documentation and examples.
    #[serde(default)]
    pub test: f64,
}

impl Points {
    /// The points of a trigger.
    pub fn of(&self, trigger: Trigger) -> f64 {
        match trigger {
            Trigger::Install => self.install,
            Trigger::Startup => self.startup,
            Trigger::Import => self.import,
            Trigger::EntryPoint => self.entry_point,
            Trigger::Call => self.call,
            Trigger::Test => self.test,
        }
    }

    fn all(&self) -> [f64; 6] {
        Trigger::ALL.map(|trigger| self.of(trigger))
    }
}

/// Points of one rule.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RulePoints {
    /// For any fact that fires it.
    pub points: Points,
    /// For particular facts, instead.
    #[serde(default)]
    pub facts: BTreeMap<String, Points>,
}

/// Scores from which a band begins.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bands {
    /// Lowest score of *malicious*.
    pub malicious: f64,
    /// Lowest score of *suspicious*.
    pub suspicious: f64,
    /// Lowest score of *notable*.
    pub notable: f64,
}

/// What a score means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Band {
    /// Nothing worth a word.
    Nothing,
    /// Worth knowing, not worth worrying.
    Notable,
    /// Somebody should look.
    Suspicious,
    /// Sure enough to block.
    Malicious,
}

impl Band {
    /// The name used in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Notable => "notable",
            Self::Suspicious => "suspicious",
            Self::Malicious => "malicious",
        }
    }
}

/// A model.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Its version, part of every cached verdict.
    pub version: String,
    /// The logit of an artifact on which nothing fires.
    pub bias: f64,
    /// What each further rule counts, relative to the one before it.
    pub decay: f64,
    /// Bands.
    pub bands: Bands,
    /// Points that facts about the whole artifact add to the bias: in ten thousand lines chance finds more than in ten.
    #[serde(default)]
    pub priors: BTreeMap<String, f64>,
    /// The least band of an artifact in which a fact is seen, whatever else is or is not.
    #[serde(default)]
    pub floors: BTreeMap<String, Band>,
    /// Points by rule.
    pub rules: BTreeMap<String, RulePoints>,
}

/// Why a model cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// Not TOML, or not of this form.
    #[error("the model cannot be read: {0}")]
    Form(String),
    /// A number out of its range.
    #[error("the model's {what} is {value}; it must be {expected}")]
    Range {
        /// Which.
        what: String,
        /// The value.
        value: f64,
        /// What is allowed.
        expected: &'static str,
    },
    /// A fact that does not exist.
    #[error("the model names the fact {0:?}, which does not exist")]
    Kind(String),
    /// A rule that does not exist.
    #[error("the model names the rule {0:?}, which does not exist")]
    Rule(String),
}

const NUMBER: &str = "between -100 and 100";

fn in_range(what: &str, value: f64, holds: bool, expected: &'static str) -> Result<(), ModelError> {
    if holds && value.is_finite() {
        return Ok(());
    }
    Err(ModelError::Range {
        what: what.to_owned(),
        value,
        expected,
    })
}

fn known_kind(kind: &str) -> Result<(), ModelError> {
    match FactKind::parse(kind) {
        Some(_) => Ok(()),
        None => Err(ModelError::Kind(kind.to_owned())),
    }
}

impl Model {
    /// The built-in model.
    pub fn builtin() -> &'static Self {
        static MODEL: LazyLock<Model> = LazyLock::new(|| {
            // Made from `model.toml` when the program was; a test checks that text.
            let text = include_str!(concat!(env!("OUT_DIR"), "/model.json"));
            serde_json::from_str(text).unwrap_or(Model {
                // A model without rules would call everything clean, so call nothing so.
                version: "unreadable".into(),
                bias: 100.0,
                decay: 0.0,
                bands: Bands {
                    malicious: 95.0,
                    suspicious: 50.0,
                    notable: 8.0,
                },
                priors: BTreeMap::new(),
                floors: BTreeMap::new(),
                rules: BTreeMap::new(),
            })
        });
        &MODEL
    }

    /// Reads a model and checks it.
    pub fn parse(text: &str) -> Result<Self, ModelError> {
        let model: Self = toml::from_str(text).map_err(|e| ModelError::Form(e.to_string()))?;
        in_range("bias", model.bias, model.bias.abs() <= 100.0, NUMBER)?;
        let share = (0.0..=1.0).contains(&model.decay);
        in_range("decay", model.decay, share, "between 0 and 1")?;
        let b = model.bands;
        let sorted = b.notable < b.suspicious && b.suspicious < b.malicious;
        let order = "notable < suspicious < malicious";
        in_range("bands", b.suspicious, sorted, order)?;
        for (kind, value) in &model.priors {
            known_kind(kind)?;
            in_range(kind, *value, value.abs() <= 100.0, NUMBER)?;
        }
        model.floors.keys().try_for_each(|kind| known_kind(kind))?;
        for (rule, points) in &model.rules {
            if !crate::rules::builtin().iter().any(|r| r.id == *rule) {
                return Err(ModelError::Rule(rule.clone()));
            }
            points.facts.keys().try_for_each(|kind| known_kind(kind))?;
            let all = points.facts.values().chain([&points.points]);
            for value in all.flat_map(Points::all) {
                in_range(rule, value, value.abs() <= 100.0, NUMBER)?;
            }
        }
        Ok(model)
    }

    /// Points of a rule for a fact and a trigger.
    pub fn points(&self, rule: &str, kind: FactKind, trigger: Trigger) -> f64 {
        self.rules.get(rule).map_or(0.0, |points| {
            points
                .facts
                .get(kind.as_str())
                .unwrap_or(&points.points)
                .of(trigger)
        })
    }

    /// The bias for these facts: the model's own, and its priors.
    pub fn bias(&self, facts: &[crate::Fact]) -> f64 {
        self.priors
            .iter()
            .filter(|(kind, _)| facts.iter().any(|f| f.kind.as_str() == kind.as_str()))
            .fold(self.bias, |sum, (_, value)| sum + value)
    }

    /// The least score of these facts.
    pub fn floor(&self, facts: &[crate::Fact]) -> f64 {
        let floors = self.floors.iter();
        let seen = floors.filter(|(kind, _)| facts.iter().any(|f| f.kind.as_str() == *kind));
        match seen.map(|(_, band)| *band).max() {
            Some(Band::Malicious) => self.bands.malicious,
            Some(Band::Suspicious) => self.bands.suspicious,
            Some(Band::Notable) => self.bands.notable,
            Some(Band::Nothing) | None => 0.0,
        }
    }

    /// The band of a score.
    pub fn band(&self, score: f64) -> Band {
        if score >= self.bands.malicious {
            Band::Malicious
        } else if score >= self.bands.suspicious {
            Band::Suspicious
        } else if score >= self.bands.notable {
            Band::Notable
        } else {
            Band::Nothing
        }
    }
}
