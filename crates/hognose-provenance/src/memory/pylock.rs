//! Publishers that a `pylock.toml` names (PEP 751, `attestation-identities`).

use std::collections::BTreeMap;

use hognose_types::PackageName;
use hognose_types::text::short;
use serde::Deserialize;

use super::{MAX_FILE, MemoryError};
use crate::attestation::Publisher;

#[derive(Deserialize)]
struct Raw {
    #[serde(default)]
    packages: Vec<RawPackage>,
}

#[derive(Deserialize)]
struct RawPackage {
    name: String,
    #[serde(rename = "attestation-identities", default)]
    identities: Vec<toml::Table>,
}

/// The publishers of every package that names any.
///
/// # Errors
///
/// A text that is no TOML, or not of this shape.
pub fn stated_identities(text: &str) -> Result<BTreeMap<PackageName, Vec<Publisher>>, MemoryError> {
    if text.len() as u64 > MAX_FILE {
        return Err(MemoryError::TooLarge);
    }
    let raw: Raw = toml::from_str(text).map_err(|e| MemoryError::Malformed {
        reason: short(&e.to_string(), 200),
    })?;
    let mut out: BTreeMap<PackageName, Vec<Publisher>> = BTreeMap::new();
    for package in raw
        .packages
        .into_iter()
        .filter(|p| !p.identities.is_empty())
    {
        // A name that is none is the lock reader's to refuse.
        let Ok(name) = PackageName::new(&package.name) else {
            continue;
        };
        let identities = package.identities.iter();
        let publishers = identities
            .map(|table| Publisher::of_keys(|key| table.get(key).and_then(toml::Value::as_str)));
        out.entry(name).or_default().extend(publishers);
    }
    Ok(out)
}
