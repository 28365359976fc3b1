//! Names that belong to the user: of projects that nobody else may publish.

use std::collections::BTreeSet;

use crate::PackageName;

/// Shortest prefix that tells whose a name is.
const MIN_PREFIX: usize = 2;

/// Names and prefixes of names that are the user's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnedNames {
    names: BTreeSet<PackageName>,
    /// In the normal form of names, with the separator they end in.
    prefixes: BTreeSet<String>,
}

/// Why a text is neither a name nor the beginning of names.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OwnedError {
    /// `*` where no end of a name is.
    #[error("{0:?} has a '*' elsewhere than at its end")]
    Star(String),
    /// `*` alone, or after one letter: that is everybody's.
    #[error(
        "{0:?} would own names of everybody: at least {MIN_PREFIX} letters or digits must stand before '*'"
    )]
    Short(String),
    /// No name.
    #[error(transparent)]
    Name(#[from] crate::NameError),
}

impl OwnedNames {
    /// Adds a name (`acme-core`) or the beginning of names (`acme-*`); case and separators do not matter.
    pub fn add(&mut self, text: &str) -> Result<(), OwnedError> {
        let text = text.trim();
        let Some(prefix) = text.strip_suffix('*') else {
            if text.contains('*') {
                return Err(OwnedError::Star(text.to_owned()));
            }
            self.names.insert(PackageName::new(text)?);
            return Ok(());
        };
        if prefix.contains('*') {
            return Err(OwnedError::Star(text.to_owned()));
        }
        let stem = prefix.trim_end_matches(['-', '_', '.']);
        if stem.len() < MIN_PREFIX {
            return Err(OwnedError::Short(text.to_owned()));
        }
        let mut normal = PackageName::new(stem)?.as_str().to_owned();
        if stem.len() < prefix.len() {
            normal.push('-');
        }
        self.prefixes.insert(normal);
        Ok(())
    }

    /// Whether a name is the user's own.
    pub fn owns(&self, name: &PackageName) -> bool {
        self.names.contains(name)
            || self
                .prefixes
                .iter()
                .any(|prefix| name.as_str().starts_with(prefix.as_str()))
    }

    /// The names given in full.
    pub fn names(&self) -> impl Iterator<Item = &PackageName> {
        self.names.iter()
    }

    /// True when nothing is owned.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty() && self.prefixes.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(texts: &[&str]) -> OwnedNames {
        let mut owned = OwnedNames::default();
        for text in texts {
            owned.add(text).unwrap();
        }
        owned
    }

    #[test]
    fn names_and_prefixes() {
        let owned = owned(&["acme-*", "Umbrella_Core", "initech*"]);
        for (name, expected) in [
            ("acme-core", true),
            ("ACME_x.y", true),
            ("acme", false),
            ("acmecore", false),
            ("umbrella.core", true),
            ("umbrella-core-x", false),
            ("initech", true),
            ("initechtools", true),
        ] {
            assert_eq!(
                owned.owns(&PackageName::new(name).unwrap()),
                expected,
                "{name}"
            );
        }
        assert!(!owned.is_empty() && OwnedNames::default().is_empty());
    }

    #[test]
    fn what_owns_too_much_is_refused() {
        for text in ["*", "a*", "-*", "acme-*-x", "**", "", "a b", "é*", "acme**"] {
            assert!(OwnedNames::default().add(text).is_err(), "{text:?}");
        }
    }
}
