//! The OSV record, as far as Hognose reads it.
//!
//! Follows the OSV schema 1.x (<https://ossf.github.io/osv-schema/>). Unknown fields are ignored; a field of the
//! wrong type makes the record malformed, which is counted and named, never fatal to others.

use serde::Deserialize;

/// The ecosystem whose records count.
pub const ECOSYSTEM: &str = "PyPI";

/// One advisory.
#[derive(Clone, Debug, Deserialize)]
pub struct Record {
    /// Identifier, such as `PYSEC-2023-74`.
    pub id: String,
    /// Schema version; absent means 1.0.0.
    #[serde(default)]
    pub schema_version: Option<String>,
    /// Last change, RFC 3339.
    #[serde(default)]
    pub modified: Option<String>,
    /// First publication, RFC 3339.
    #[serde(default)]
    pub published: Option<String>,
    /// Set when the record was withdrawn: it then says nothing any more.
    #[serde(default)]
    pub withdrawn: Option<String>,
    /// Other ids of the same flaw.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub aliases: Vec<String>,
    /// One line.
    #[serde(default)]
    pub summary: Option<String>,
    /// Markdown.
    #[serde(default)]
    pub details: Option<String>,
    /// CVSS vectors.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub severity: Vec<Rating>,
    /// What is affected.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub affected: Vec<Affected>,
    /// Links.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub references: Vec<Link>,
    /// Database-specific part; read for severity words and weaknesses only.
    #[serde(default)]
    pub database_specific: Option<serde_json::Value>,
}

/// A rating.
#[derive(Clone, Debug, Deserialize)]
pub struct Rating {
    /// `CVSS_V2`, `CVSS_V3`, `CVSS_V4`, or something newer.
    #[serde(rename = "type", default)]
    pub kind: String,
    /// The vector.
    #[serde(default)]
    pub score: String,
}

/// A link.
#[derive(Clone, Debug, Deserialize)]
pub struct Link {
    /// `ADVISORY`, `FIX`, ….
    #[serde(rename = "type", default)]
    pub kind: String,
    /// Address.
    #[serde(default)]
    pub url: String,
}

/// One `affected` entry.
#[derive(Clone, Debug, Deserialize)]
pub struct Affected {
    /// The package; entries without one say nothing about distributions.
    #[serde(default)]
    pub package: Option<Package>,
    /// Ratings for this package.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub severity: Vec<Rating>,
    /// Ranges.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub ranges: Vec<Range>,
    /// Explicit versions.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub versions: Vec<String>,
    /// Database-specific part; read for weaknesses only.
    #[serde(default)]
    pub database_specific: Option<serde_json::Value>,
}

/// The package of an `affected` entry.
#[derive(Clone, Debug, Deserialize)]
pub struct Package {
    /// `PyPI` for what counts here.
    #[serde(default)]
    pub ecosystem: String,
    /// Name, in any spelling.
    #[serde(default)]
    pub name: String,
}

/// A range.
#[derive(Clone, Debug, Deserialize)]
pub struct Range {
    /// `ECOSYSTEM`, `SEMVER` or `GIT`.
    #[serde(rename = "type", default)]
    pub kind: String,
    /// Events in any order.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub events: Vec<Event>,
}

/// One event. The schema asks for exactly one of the fields; a record that sets several means each of them.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Event {
    /// First affected version; `"0"` is before every version.
    #[serde(default)]
    pub introduced: Option<String>,
    /// First version no longer affected.
    #[serde(default)]
    pub fixed: Option<String>,
    /// Last affected version.
    #[serde(default)]
    pub last_affected: Option<String>,
    /// The range says nothing from here on; `"*"` is no limit.
    #[serde(default)]
    pub limit: Option<String>,
}

impl Record {
    /// True when the schema's major version is one this reader knows.
    pub fn schema_known(&self) -> bool {
        self.schema_version.as_deref().is_none_or(|v| {
            v.split('.')
                .next()
                .is_some_and(|major| matches!(major, "0" | "1"))
        })
    }
}

impl Affected {
    /// The package name when the entry is about a Python distribution. `PyPI:suffix` is the same ecosystem.
    pub fn python_name(&self) -> Option<&str> {
        let package = self.package.as_ref()?;
        let ecosystem = package.ecosystem.split(':').next().unwrap_or("");
        (ecosystem == ECOSYSTEM).then_some(package.name.as_str())
    }
}

impl Range {
    /// `GIT` ranges hold commits; everything else is ordered as PEP 440 orders.
    pub fn is_ordered(&self) -> bool {
        self.kind != "GIT"
    }
}

fn null_is_empty<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::<Vec<T>>::deserialize(deserializer)?.unwrap_or_default())
}
