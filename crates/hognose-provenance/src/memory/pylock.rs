//! Publishers that a `pylock.toml` names (PEP 751, `attestation-identities`), read and written.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use hognose_types::PackageName;
use hognose_types::text::short;
use serde::Deserialize;
use toml::Spanned;

use super::format::quoted;
use super::{MAX_FILE, MemoryError};
use crate::attestation::Publisher;

#[derive(Deserialize)]
struct Raw {
    #[serde(default)]
    packages: Vec<RawPackage>,
}

#[derive(Deserialize)]
struct RawPackage {
    name: Spanned<String>,
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
        let Ok(name) = PackageName::new(package.name.get_ref()) else {
            continue;
        };
        let identities = package.identities.iter();
        let publishers = identities
            .map(|table| Publisher::of_keys(|key| table.get(key).and_then(toml::Value::as_str)));
        out.entry(name).or_default().extend(publishers);
    }
    Ok(out)
}

/// The text with the publishers of packages that name none yet; everything else stays as it is. Answers how many packages
/// got any.
///
/// # Errors
///
/// A text that is no TOML, not of this shape, or written in a way that leaves no place for them.
pub fn with_identities(
    text: &str,
    publishers: &BTreeMap<PackageName, BTreeSet<Publisher>>,
) -> Result<(String, usize), MemoryError> {
    let raw: Raw = toml::from_str(text).map_err(|e| malformed(e.message()))?;
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut heads: Vec<usize> = Vec::new();
    for package in &raw.packages {
        let before = text.get(..package.name.span().start).unwrap_or_default();
        let head = before.rfind("[[packages]]");
        heads.push(head.ok_or_else(|| malformed("its packages are no tables of their own"))?);
    }
    let mut out = String::with_capacity(text.len());
    let (mut at, mut count) = (0, 0);
    for (number, package) in raw.packages.iter().enumerate() {
        // Behind everything that belongs to a package: before the next one.
        let until = heads.get(number + 1).copied().unwrap_or(text.len());
        out.push_str(text.get(at..until).unwrap_or_default());
        at = until;
        let name = PackageName::new(package.name.get_ref()).ok();
        let own = name.and_then(|name| publishers.get(&name));
        let own = own.filter(|own| !own.is_empty() && package.identities.is_empty());
        if let Some(own) = own {
            count += 1;
            if !out.ends_with('\n') {
                out.push_str(end);
            }
            write(&mut out, own, end);
        }
    }
    // However a file is written: what comes of it has to say what it should.
    let said = stated_identities(&out)?;
    let is_there = |package: &RawPackage| {
        let Ok(name) = PackageName::new(package.name.get_ref()) else {
            return true;
        };
        let wanted = publishers.get(&name).filter(|own| !own.is_empty());
        let wanted = wanted.filter(|_| package.identities.is_empty());
        wanted.is_none_or(|own| {
            said.get(&name)
                .is_some_and(|s| own.iter().all(|p| s.contains(p)))
        })
    };
    if !raw.packages.iter().all(is_there) {
        return Err(malformed("there is no place in it for publishers"));
    }
    Ok((out, count))
}

fn write(out: &mut String, publishers: &BTreeSet<Publisher>, end: &str) {
    for publisher in publishers {
        let _ = write!(out, "[[packages.attestation-identities]]{end}");
        let _ = write!(out, "kind = {}{end}", quoted(publisher.kind()));
        for (key, value) in publisher.keys() {
            let _ = write!(out, "{key} = {}{end}", quoted(value));
        }
    }
}

fn malformed(reason: &str) -> MemoryError {
    MemoryError::Malformed {
        reason: short(reason, 200),
    }
}
