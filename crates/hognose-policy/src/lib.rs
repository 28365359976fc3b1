//! Policy: the one place that turns findings and gaps into a verdict.
//!
//! [`Config`] reads `hognose.toml` or `[tool.hognose]`; [`import`] reads the ignores of other tools and OpenVEX documents as
//! waivers; [`decide`] applies gates and waivers. Nothing here knows how a verdict is shown, and the date comes from the
//! caller.

pub mod conditions;
mod config;
mod decide;
pub mod fuzzing;
mod gateway;
pub mod import;
mod licenses;
mod provenance;
mod raw;
mod waiver;

pub use conditions::Conditions;
pub use config::{Asking, Config, ConfigError, ConfigFile, FeedText, Resolver, ScanSettings};
pub use decide::{Outcome, decide};
pub use gateway::{
    BucketSettings, Entry, GatewaySettings, OnUnknown, ServerSettings, TokenSettings,
    UpstreamSettings, size,
};
pub use provenance::{Built, ProvenancePolicy};
pub use waiver::{Waiver, WaiverOrigin};

use std::collections::BTreeMap;

use hognose_types::{RuleId, Severity};

/// The severity at which a finding fails the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// This severity and everything above it.
    At(Severity),
    /// Only malicious packages, which no gate lets through.
    Never,
}

impl Gate {
    /// True when a finding of this severity fails the run.
    pub fn blocks(self, severity: Severity) -> bool {
        match self {
            _ if severity == Severity::Malicious => true,
            Self::At(gate) => severity >= gate,
            Self::Never => false,
        }
    }

    /// Reads `low`, `medium`, `high`, `critical`, `malicious` or `never`.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "never" => Some(Self::Never),
            "low" | "medium" | "high" | "critical" | "malicious" => {
                Severity::from_word(word).map(Self::At)
            }
            _ => None,
        }
    }

    /// The word that [`Gate::from_word`] reads.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::At(severity) => severity.as_str(),
            Self::Never => "never",
        }
    }

    /// The stricter of two.
    fn strictest(self, other: Self) -> Self {
        match (self, other) {
            (Self::At(a), Self::At(b)) => Self::At(a.min(b)),
            (Self::At(gate), Self::Never) | (Self::Never, Self::At(gate)) => Self::At(gate),
            (Self::Never, Self::Never) => Self::Never,
        }
    }
}

/// What a policy says of one rule, whatever the severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Its findings fail the run.
    Block,
    /// They are shown.
    Warn,
    /// They do not count.
    Off,
}

impl Action {
    /// Reads `block`, `warn` or `off`.
    pub fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "block" => Self::Block,
            "warn" => Self::Warn,
            "off" => Self::Off,
            _ => return None,
        })
    }
}

/// What decides.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The gate of the main set, and of groups without one of their own.
    pub fail_on: Gate,
    /// Gates of dependency groups.
    pub groups: BTreeMap<String, Gate>,
    /// A flaw known to be exploited fails the run whatever its severity.
    pub block_exploited: bool,
    /// Probability of exploitation within thirty days (EPSS) from which a flaw fails the run whatever its severity.
    pub max_epss: Option<f64>,
    /// Kinds of gaps that leave a run complete.
    pub allow_incomplete: Vec<RuleId>,
    /// Rules with an action of their own. Malicious packages are known by more than one rule and are not among them:
    /// only a waiver, with a reason and an end, lets one in.
    pub rules: BTreeMap<RuleId, Action>,
    /// Exceptions.
    pub waivers: Vec<Waiver>,
}

impl Default for Policy {
    /// Any finding fails; any gap makes the run incomplete.
    fn default() -> Self {
        Self {
            fail_on: Gate::At(Severity::Low),
            groups: BTreeMap::new(),
            block_exploited: true,
            max_epss: None,
            allow_incomplete: Vec::new(),
            rules: BTreeMap::new(),
            waivers: Vec::new(),
        }
    }
}
