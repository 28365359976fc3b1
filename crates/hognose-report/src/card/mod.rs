//! One page about one project of a package index: what it is, who stands behind it, how old it is, what is known.
//!
//! What an index does not say is not left out but named, in [`Card::unknown`].

mod terminal;

use std::collections::BTreeMap;

use hognose_types::RedactedUrl;
use serde::Serialize;

use crate::{RenderError, Style, escape};

/// Version of the JSON document: `major.minor`, with the compatibility rule of `docs/reports.md`.
pub const CARD_SCHEMA: &str = "1.1";

/// How to show a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum CardFormat {
    /// Text for people.
    Terminal,
    /// JSON.
    Json,
}

impl CardFormat {
    const ALL: [Self; 2] = [Self::Terminal, Self::Json];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Terminal => "terminal",
            Self::Json => "json",
        }
    }
}

impl std::str::FromStr for CardFormat {
    type Err = crate::FormatError;

    fn from_str(raw: &str) -> Result<Self, Self::Err> {
        crate::format::find(raw, &Self::ALL, Self::name)
    }
}

/// Everything that is shown of a project.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Card {
    /// The program's version.
    pub tool_version: String,
    /// When it was asked (RFC 3339).
    pub started: String,
    /// The project, in normal form.
    pub name: String,
    /// The version asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked: Option<String>,
    /// The release shown; none when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The indexes that were asked.
    pub indexes: Vec<CardIndex>,
    /// What it says it is.
    pub what: CardWhat,
    /// Who stands behind it.
    pub who: CardWho,
    /// How old it is.
    pub age: CardAge,
    /// Whether it is to be used.
    pub status: CardStatus,
    /// Files of the release shown.
    pub files: Vec<CardFile>,
    /// What others know of it.
    pub known: CardKnown,
    /// What its releases, owners and files show: whether it is alive, and in the same hands.
    pub health: CardHealth,
    /// What somebody should look at before using it.
    pub warnings: Vec<String>,
    /// What is not known, and why.
    pub unknown: Vec<String>,
    /// False when something could not be asked or read.
    pub complete: bool,
}

/// An index that was asked.
#[derive(Clone, Debug, Serialize)]
pub struct CardIndex {
    /// Its address.
    pub url: RedactedUrl,
    /// Where it is configured.
    pub place: String,
    /// Whether it knows the project; none when it could not be asked.
    pub knows: Option<bool>,
}

/// What a project says it is.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CardWhat {
    /// One line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// Licence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
    /// Labels and addresses.
    pub links: BTreeMap<String, String>,
    /// Classifiers about its maturity and purpose.
    pub classifiers: Vec<String>,
    /// Number of distributions it needs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requirements: Option<usize>,
    /// Where this comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// Who stands behind a project.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CardWho {
    /// Authors and maintainers as the project writes them: nobody checked that.
    pub people: Vec<String>,
    /// Accounts that may upload, as the index says; none when it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maintainers: Option<Vec<String>>,
    /// The organisation that owns it, as the index says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
}

/// One release and when it was first uploaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CardRelease {
    /// Its version.
    pub version: String,
    /// RFC 3339; none when the index does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uploaded: Option<String>,
    /// Days before the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days_ago: Option<i64>,
}

/// How old a project is.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CardAge {
    /// Number of releases with files.
    pub releases: usize,
    /// The first release, by time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<CardRelease>,
    /// The last release, by time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<CardRelease>,
    /// The release shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shown: Option<CardRelease>,
    /// Median of the days between releases.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub median_gap_days: Option<i64>,
    /// Releases of the last 30 days, newest first.
    pub recent: Vec<CardRelease>,
    /// Where the times come from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// A release that was withdrawn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CardYank {
    /// Its version.
    pub version: String,
    /// Why, where a reason is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Whether a project is to be used.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CardStatus {
    /// Status (PEP 792); none when the index does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Highest version that is no pre-release and was not withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub newest_stable: Option<String>,
    /// Highest version of all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub newest: Option<String>,
    /// Withdrawn releases, newest first.
    pub yanked: Vec<CardYank>,
    /// Versions of Python, as the release says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requires_python: Option<String>,
    /// Versions of Python in its classifiers.
    pub pythons: Vec<String>,
}

/// One file of the release shown.
#[derive(Clone, Debug, Serialize)]
pub struct CardFile {
    /// Its name.
    pub name: String,
    /// `wheel` or `sdist`.
    pub kind: &'static str,
    /// Bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// sha256 in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uploaded: Option<String>,
    /// Withdrawn.
    pub yanked: bool,
    /// The index announces attestations (PEP 740). They were not checked.
    pub attested: bool,
}

/// What others know of a project.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CardKnown {
    /// Advisories about the release shown.
    pub advisories: Vec<CardAdvisory>,
    /// Number of advisories about any release.
    pub advisories_of_all: usize,
    /// When the database of advisories was built (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// The name it looks like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lookalike: Option<CardLookalike>,
}

/// Whether a project is alive, and in the same hands.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CardHealth {
    /// Files of the release shown with attestations announced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attested_files: Option<usize>,
    /// The repository that they name as publisher, as the index announces it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publisher: Option<String>,
    /// Time since the last release in medians of the time between releases, in hundredths.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub silence_percent: Option<i64>,
    /// When this machine saw it first (RFC 3339); none when it never did before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen_since: Option<String>,
    /// What rules say, the worst first.
    pub signals: Vec<CardSignal>,
}

/// What a rule says of a project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CardSignal {
    /// The rule.
    pub rule: String,
    /// How bad.
    pub severity: String,
    /// What.
    pub message: String,
}

/// An advisory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CardAdvisory {
    /// Its id.
    pub id: String,
    /// How bad.
    pub severity: String,
    /// One line.
    pub summary: String,
}

/// A name that another looks like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CardLookalike {
    /// The name that may have been meant.
    pub target: String,
    /// How they are alike.
    pub why: String,
}

impl Card {
    /// True when some index has the project.
    pub fn is_known(&self) -> bool {
        self.indexes.iter().any(|i| i.knows == Some(true))
    }

    /// True when there is something not to go on without having looked at: the name or version is not there, the index
    /// has locked it away, or the release shown is in an advisory.
    pub fn fails(&self) -> bool {
        let absent = self.indexes.iter().all(|i| i.knows == Some(false));
        let missing = self.is_known() && self.version.is_none();
        let quarantined = self.status.project.as_deref() == Some("quarantined");
        absent || missing || quarantined || !self.known.advisories.is_empty()
    }
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    report: &'static str,
    found: bool,
    #[serde(flatten)]
    card: &'a Card,
}

/// Shows a card.
pub fn render_card(card: &Card, format: CardFormat, style: &Style) -> Result<String, RenderError> {
    match format {
        CardFormat::Terminal => Ok(terminal::render(card, style)),
        CardFormat::Json => escape::to_json(&Document {
            schema: CARD_SCHEMA,
            report: "card",
            found: card.is_known(),
            card,
        }),
    }
}
