//! The configuration as it stands in the file.

use std::collections::BTreeMap;

use hognose_types::{RuleId, rules};
use serde::Deserialize;
use toml::Spanned;

/// The words of `allow-incomplete`.
pub(crate) const GAPS: [(&str, RuleId); 7] = [
    ("database", rules::gap_database::ID),
    ("index", rules::gap_index::ID),
    ("provenance", rules::gap_provenance::ID),
    ("unmapped", rules::gap_unmapped::ID),
    ("unpinned", rules::gap_unpinned::ID),
    ("unreadable", rules::gap_unreadable::ID),
    ("version", rules::gap_version::ID),
];

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct RawConfig {
    pub(crate) policy: RawPolicy,
    pub(crate) waiver: Vec<Spanned<RawWaiver>>,
    pub(crate) feeds: Option<RawFeeds>,
    pub(crate) scan: RawScan,
    pub(crate) identity: RawIdentity,
    pub(crate) gateway: crate::gateway::RawGateway,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct RawPolicy {
    pub(crate) fail_on: Option<Spanned<String>>,
    pub(crate) block_exploited: Option<bool>,
    pub(crate) allow_incomplete: Vec<Spanned<String>>,
    pub(crate) max_database_age: Option<Spanned<String>>,
    pub(crate) min_age: Option<Spanned<String>>,
    pub(crate) max_epss: Option<Spanned<f64>>,
    pub(crate) max_score: Option<Spanned<f64>>,
    pub(crate) min_project_age: Option<Spanned<String>>,
    pub(crate) max_rank: Option<Spanned<i64>>,
    pub(crate) licenses: RawLicenses,
    pub(crate) provenance: crate::provenance::RawProvenance,
    pub(crate) groups: BTreeMap<String, RawGroup>,
    pub(crate) rules: BTreeMap<Spanned<String>, Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct RawLicenses {
    pub(crate) allow: Vec<Spanned<String>>,
    pub(crate) deny: Vec<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RawGroup {
    pub(crate) fail_on: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RawWaiver {
    pub(crate) rule: Option<Spanned<String>>,
    pub(crate) advisory: Option<String>,
    pub(crate) package: Option<Spanned<String>>,
    pub(crate) version: Option<Spanned<String>>,
    pub(crate) reason: Option<String>,
    pub(crate) owner: Option<String>,
    pub(crate) expires: Option<Spanned<toml::Value>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct RawFeeds {
    pub(crate) directory: Option<Spanned<String>>,
    pub(crate) osv: Option<OneOrMany>,
    pub(crate) malicious: Option<OneOrMany>,
    pub(crate) epss: Option<OneOrMany>,
    pub(crate) kev: Option<OneOrMany>,
    pub(crate) popular: Option<OneOrMany>,
}

/// A string, or a list of them.
#[derive(Debug)]
pub(crate) struct OneOrMany(pub(crate) Vec<String>);

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = OneOrMany;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an address or a list of addresses")
            }
            fn visit_str<E>(self, text: &str) -> Result<OneOrMany, E> {
                Ok(OneOrMany(vec![text.to_owned()]))
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                mut items: A,
            ) -> Result<OneOrMany, A::Error> {
                let mut out = Vec::new();
                while let Some(item) = items.next_element()? {
                    out.push(item);
                }
                Ok(OneOrMany(out))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct RawScan {
    pub(crate) exclude: Vec<String>,
    pub(crate) python_version: Option<Spanned<String>>,
    pub(crate) platform: Option<Spanned<String>>,
    pub(crate) online: bool,
    pub(crate) imports: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct RawIdentity {
    pub(crate) owned: Vec<Spanned<String>>,
    pub(crate) dns: Option<Spanned<RawDns>>,
    pub(crate) rdap: Option<Spanned<String>>,
    pub(crate) forges: bool,
}

/// Whether names are resolved, and by whom.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum RawDns {
    Switch(bool),
    Resolver(String),
}
