//! Names of distribution files, compared as the specification asks: by what they say, not by how it is spelt.

use std::collections::BTreeSet;

use hognose_archive::sdist;
use hognose_archive::wheel::WheelName;
use hognose_types::{PackageName, Version};

/// Longest name looked at; file systems take 255 bytes.
const MAX_NAME: usize = 512;

/// What the name of a wheel or an sdist says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileName {
    /// The project.
    pub name: PackageName,
    /// The release.
    pub version: Version,
    form: Form,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Form {
    /// How it is packed: only the two that the specification knows.
    Sdist(&'static str),
    Wheel {
        build: Option<(u64, String)>,
        /// Sets, because the order inside a compressed tag says nothing; three of them, because their product is equal
        /// exactly where they are, and is not bounded by the length of the name.
        tags: [BTreeSet<String>; 3],
    },
}

impl FileName {
    /// Takes a name apart; none for what is no wheel or sdist.
    pub fn parse(file: &str) -> Option<Self> {
        if file.len() > MAX_NAME || !file.is_ascii() {
            return None;
        }
        if let Some(wheel) = WheelName::parse(file) {
            return Some(Self {
                name: PackageName::new(wheel.name).ok()?,
                version: version(wheel.version)?,
                form: Form::Wheel {
                    build: match wheel.build {
                        Some(raw) => Some(build(raw)?),
                        None => None,
                    },
                    tags: wheel.tags.map(tags),
                },
            });
        }
        let packed = [".tar.gz", ".zip"]
            .into_iter()
            .find(|end| file.ends_with(end))?;
        let (name, number) = sdist::parse_name(file)?;
        Some(Self {
            name: PackageName::new(name).ok()?,
            version: version(number)?,
            form: Form::Sdist(packed),
        })
    }

    /// True for an sdist.
    pub fn is_sdist(&self) -> bool {
        matches!(self.form, Form::Sdist(_))
    }
}

/// Wheels write the `+` of a local version as `_`.
fn version(raw: &str) -> Option<Version> {
    let plain = Version::new(raw);
    plain.or_else(|_| Version::new(&raw.replace('_', "+"))).ok()
}

/// A number and what follows it.
fn build(raw: &str) -> Option<(u64, String)> {
    let digits = raw.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = raw.split_at_checked(digits)?;
    Some((number.parse().ok()?, rest.to_owned()))
}

fn tags(compressed: &str) -> BTreeSet<String> {
    compressed.split('.').map(str::to_ascii_lowercase).collect()
}
