//! Artifacts of a package index, by name.

use std::path::PathBuf;

use hognose_types::{PackageName, Version};

use crate::error::Failure;
use crate::surroundings::Surroundings;

/// A project of an index, as asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Its name.
    pub(super) name: PackageName,
    /// The release; the newest one when none is named.
    pub(super) version: Option<Version>,
}

impl Wanted {
    /// Reads `NAME` or `NAME==VERSION`; nothing for what cannot be one.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (name, version) = match text.split_once("==") {
            Some((name, version)) => (name, Some(Version::new(version.trim()).ok()?)),
            None => (text, None),
        };
        Some(Self {
            name: PackageName::new(name.trim()).ok()?,
            version,
        })
    }

    /// As written on the command line.
    pub(super) fn label(&self) -> String {
        match &self.version {
            Some(version) => format!("{}=={version}", self.name),
            None => self.name.to_string(),
        }
    }
}

/// Downloads every wheel and sdist of a release, without building or running anything, and answers where they are.
pub(super) fn artifacts(
    wanted: &Wanted,
    _surroundings: &Surroundings,
) -> Result<Vec<PathBuf>, Failure> {
    Err(unavailable(wanted))
}

/// Downloads the artifact to compare with: of the release named, else of the one before `wanted`.
pub(super) fn older(
    wanted: &Wanted,
    _version: Option<&Version>,
    _surroundings: &Surroundings,
) -> Result<PathBuf, Failure> {
    Err(unavailable(wanted))
}

fn unavailable(wanted: &Wanted) -> Failure {
    Failure::incomplete(format!("{} cannot be fetched: this version has no index client", wanted.label()))
        .hint("name a path; a wheel can be had without running anything with `pip download --no-deps --only-binary :all: NAME`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_versions() {
        let wanted = Wanted::parse("My_Package==1.0").unwrap();
        assert_eq!(wanted.label(), "my-package==1.0");
        assert_eq!(Wanted::parse("six").unwrap().version, None);
        for no in ["a/b", "six==x y", "", "a b", "./six"] {
            assert_eq!(Wanted::parse(no), None, "{no}");
        }
    }
}
