//! How bad a flaw is, with every source kept.

use serde::{Deserialize, Serialize};

/// The band of a finding. Malicious stands above every vulnerability.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// CVSS 0.0.
    None,
    /// CVSS 0.1–3.9.
    Low,
    /// CVSS 4.0–6.9; also assumed when no source gives a score.
    Medium,
    /// CVSS 7.0–8.9.
    High,
    /// CVSS 9.0–10.0.
    Critical,
    /// The package is known to be malicious: a class of its own.
    Malicious,
}

impl Severity {
    /// The qualitative band of a CVSS 3.x or 4.0 base score (0.0–10.0).
    pub fn from_score(score: f64) -> Self {
        match score {
            s if s >= 9.0 => Self::Critical,
            s if s >= 7.0 => Self::High,
            s if s >= 4.0 => Self::Medium,
            s if s > 0.0 => Self::Low,
            _ => Self::None,
        }
    }

    /// Lower-case word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
            Self::Malicious => "malicious",
        }
    }

    /// Reads a word, with the spellings advisory databases use.
    pub fn from_word(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "none" => Self::None,
            "low" => Self::Low,
            "medium" | "moderate" => Self::Medium,
            "high" => Self::High,
            "critical" => Self::Critical,
            "malicious" => Self::Malicious,
            _ => return None,
        })
    }
}

/// The CVSS version of a vector. Scores of v4 and v3 are not comparable and never mixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum CvssVersion {
    /// CVSS 2.0.
    #[serde(rename = "2.0")]
    V2,
    /// CVSS 3.0.
    #[serde(rename = "3.0")]
    V30,
    /// CVSS 3.1.
    #[serde(rename = "3.1")]
    V31,
    /// CVSS 4.0.
    #[serde(rename = "4.0")]
    V4,
}

impl CvssVersion {
    /// The version number as written in vectors.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V2 => "2.0",
            Self::V30 => "3.0",
            Self::V31 => "3.1",
            Self::V4 => "4.0",
        }
    }
}

/// One CVSS vector from one record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// CVSS version.
    pub version: CvssVersion,
    /// The vector as published.
    pub vector: String,
    /// Base score, 0.0–10.0.
    pub base: f64,
    /// The record that carries it.
    pub record: String,
}

/// Where a severity comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SeverityOrigin {
    /// One or more CVSS vectors.
    Cvss,
    /// A word such as `HIGH` in a record.
    Word,
    /// No source says anything: 6.0 within 4.0–9.0 is assumed, never "safe".
    Assumed,
    /// The package is malicious.
    Malicious,
}

/// A severity with its interval: the mean of same-version base scores, and the span of all of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeverityEstimate {
    /// Band of `score`.
    pub band: Severity,
    /// Point estimate, 0.0–10.0.
    pub score: f64,
    /// Lowest score any source gives.
    pub low: f64,
    /// Highest score any source gives.
    pub high: f64,
    /// What it rests on.
    pub origin: SeverityOrigin,
    /// Every vector, sorted by record.
    pub scores: Vec<Score>,
}

impl SeverityEstimate {
    /// Malicious packages have no score formula.
    pub fn malicious() -> Self {
        Self {
            band: Severity::Malicious,
            score: 10.0,
            low: 10.0,
            high: 10.0,
            origin: SeverityOrigin::Malicious,
            scores: Vec::new(),
        }
    }

    /// True when sources fall into different bands.
    pub fn sources_disagree(&self) -> bool {
        self.origin == SeverityOrigin::Cvss
            && Severity::from_score(self.low) != Severity::from_score(self.high)
    }
}
