//! Dependency specifiers (PEP 508): `name[extra] >=1 ; marker` and `name @ url`.

use serde::Serialize;

use crate::marker::{Marker, MarkerError};
use crate::version::{SpecifierError, Specifiers};
use crate::{NameError, PackageName, RedactedUrl};

/// Longest requirement accepted, in bytes.
const MAX_LEN: usize = 64 * 1024;

/// One parsed requirement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The distribution asked for.
    pub name: PackageName,
    /// The name as written.
    pub raw_name: String,
    /// Extras asked for, as written.
    pub extras: Vec<String>,
    /// Versions or place asked for.
    pub source: RequirementSource,
    /// When the requirement counts.
    pub marker: Option<Marker>,
}

/// What a requirement asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequirementSource {
    /// Versions from an index.
    Specifiers(Specifiers),
    /// A direct reference (`name @ https://…`, `git+https://…`, `file:…`).
    Url(RedactedUrl),
}

/// Why a string is not a requirement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequirementError {
    /// The name is missing or wrong.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A `[` without `]`, or an extra that is not a name.
    #[error("cannot read the extras in {0:?}")]
    Extras(String),
    /// The version part is wrong.
    #[error(transparent)]
    Specifier(#[from] SpecifierError),
    /// The marker is wrong.
    #[error(transparent)]
    Marker(#[from] MarkerError),
    /// `@` without a URL.
    #[error("no URL after '@' in {0:?}")]
    NoUrl(String),
    /// Longer than any real requirement.
    #[error("a requirement may have at most {MAX_LEN} bytes, this one has {0}")]
    TooLong(usize),
}

impl Requirement {
    /// Parses one requirement without options, comments or line continuations.
    pub fn parse(raw: &str) -> Result<Self, RequirementError> {
        let text = raw.trim();
        if text.len() > MAX_LEN {
            return Err(RequirementError::TooLong(text.len()));
        }
        let name_len = text
            .bytes()
            .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
            .count();
        let (raw_name, rest) = text.split_at_checked(name_len).unwrap_or((text, ""));
        let name = match PackageName::new(raw_name) {
            Err(NameError::Empty) if !text.is_empty() => {
                return Err(NameError::Invalid(text.to_owned()).into());
            }
            other => other?,
        };
        let (extras, rest) = parse_extras(rest.trim_start(), text)?;
        let (source, marker) = if let Some(url) = rest.strip_prefix('@') {
            parse_url(url.trim(), text)?
        } else {
            parse_versions(rest)?
        };
        Ok(Self {
            name,
            raw_name: raw_name.to_owned(),
            extras,
            source,
            marker,
        })
    }

    /// The version asked for by `==` or `===` without wildcard.
    pub fn pinned(&self) -> Option<&str> {
        match &self.source {
            RequirementSource::Specifiers(specifiers) => specifiers.pinned(),
            RequirementSource::Url(_) => None,
        }
    }
}

fn parse_extras<'a>(
    rest: &'a str,
    whole: &str,
) -> Result<(Vec<String>, &'a str), RequirementError> {
    let Some(body) = rest.strip_prefix('[') else {
        return Ok((Vec::new(), rest));
    };
    let fault = || RequirementError::Extras(whole.to_owned());
    let (inside, after) = body.split_once(']').ok_or_else(fault)?;
    let mut extras = Vec::new();
    for extra in inside.split(',').map(str::trim).filter(|e| !e.is_empty()) {
        PackageName::new(extra).map_err(|_| fault())?;
        extras.push(extra.to_owned());
    }
    Ok((extras, after.trim_start()))
}

fn parse_url(
    rest: &str,
    whole: &str,
) -> Result<(RequirementSource, Option<Marker>), RequirementError> {
    // A marker after a URL needs white space before its `;` (PEP 508).
    let (url, marker) = match rest.find(" ;").or_else(|| rest.find("\t;")) {
        Some(at) => (rest.get(..at).unwrap_or(""), rest.get(at + 2..)),
        None => (rest, None),
    };
    if url.trim().is_empty() {
        return Err(RequirementError::NoUrl(whole.to_owned()));
    }
    let marker = marker.map(Marker::parse).transpose()?;
    Ok((RequirementSource::Url(RedactedUrl::new(url.trim())), marker))
}

fn parse_versions(rest: &str) -> Result<(RequirementSource, Option<Marker>), RequirementError> {
    let (versions, marker) = match rest.split_once(';') {
        Some((versions, marker)) => (versions, Some(marker)),
        None => (rest, None),
    };
    let versions = versions.trim();
    let versions = versions
        .strip_prefix('(')
        .and_then(|inner| inner.strip_suffix(')'))
        .unwrap_or(versions);
    let specifiers = Specifiers::parse(versions)?;
    let marker = marker
        .filter(|m| !m.trim().is_empty())
        .map(Marker::parse)
        .transpose()?;
    Ok((RequirementSource::Specifiers(specifiers), marker))
}

impl Serialize for Requirement {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl std::fmt::Display for Requirement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.raw_name)?;
        if !self.extras.is_empty() {
            write!(f, "[{}]", self.extras.join(","))?;
        }
        match &self.source {
            RequirementSource::Specifiers(s) => write!(f, "{s}")?,
            RequirementSource::Url(url) => write!(f, " @ {url}")?,
        }
        if let Some(marker) = &self.marker {
            write!(f, " ; {marker}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn shapes() {
        let r = Requirement::parse("celery[redis, pytest]==4.4.7").unwrap();
        assert_eq!(
            (r.name.as_str(), r.extras.as_slice(), r.pinned()),
            (
                "celery",
                ["redis".to_owned(), "pytest".to_owned()].as_slice(),
                Some("4.4.7")
            )
        );
        let r = Requirement::parse("Requests (>=2.0,<3) ; python_version < '3.8'").unwrap();
        assert_eq!(r.to_string(), "Requests>=2.0,<3 ; python_version < '3.8'");
        let r = Requirement::parse(
            "pip @ https://u:p@index.example/pip.zip#sha1=da9234 ; os_name == 'nt'",
        )
        .unwrap();
        assert_eq!(
            r.to_string(),
            "pip @ https://****@index.example/pip.zip#sha1=da9234 ; os_name == 'nt'"
        );
        assert!(Requirement::parse("x").unwrap().pinned().is_none());
        for bad in [
            "", "-x", "a[b", "a[b c]", "a ==", "a @ ", "a 1.0", "a; junk", "é", "a>=1 b",
        ] {
            assert!(Requirement::parse(bad).is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(raw in "\\PC{0,60}") {
            let _ = Requirement::parse(&raw);
        }
    }
}
