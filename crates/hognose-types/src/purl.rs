//! Package URLs, the identifiers that SBOM tools exchange.

use std::fmt;

use crate::{Component, ComponentKind, PackageName};

/// A package URL (`pkg:pypi/jinja2@3.1.2`), already percent-encoded.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Purl(String);

impl Purl {
    /// The package URL of a Python distribution.
    pub fn pypi(name: &PackageName, version: Option<&str>) -> Self {
        Self::typed("pypi", name.as_str(), version)
    }

    /// The package URL of something that no ecosystem knows.
    pub fn generic(name: &str) -> Self {
        Self::typed("generic", name, None)
    }

    /// The package URL of a component, by its kind.
    pub fn of(component: &Component) -> Self {
        let version = component.version.as_str();
        match (&component.kind, &component.conda) {
            (ComponentKind::Conda, Some(conda)) => {
                let mut purl = Self::typed("conda", &conda.name, version);
                let mut separator = '?';
                for (key, value) in [
                    ("build", &conda.build),
                    ("channel", &conda.channel),
                    ("subdir", &conda.subdir),
                ] {
                    if let Some(value) = value {
                        purl.0.push(separator);
                        purl.0.push_str(key);
                        purl.0.push('=');
                        encode(value, &mut purl.0);
                        separator = '&';
                    }
                }
                purl
            }
            (ComponentKind::Interpreter, _) => {
                Self::typed("generic", component.name.as_str(), version)
            }
            (ComponentKind::Foreign, _) => {
                let foreign = component.foreign.as_ref();
                let stated = foreign.and_then(|f| Self::stated(f.purl.as_deref()?));
                stated.unwrap_or_else(|| {
                    let name = foreign.map_or(component.name.as_str(), |f| &f.name);
                    Self::typed("generic", name, version)
                })
            }
            _ => Self::pypi(&component.name, version),
        }
    }

    /// A package URL that a document states, if it can be one: `pkg:`, then only characters that an
    /// encoded URL has.
    pub fn stated(raw: &str) -> Option<Self> {
        const MAX: usize = 2048;
        let plain = raw.len() <= MAX
            && raw
                .bytes()
                .all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'<' | b'>' | b'\\'));
        let (kind, rest) = raw
            .strip_prefix("pkg:")?
            .trim_start_matches('/')
            .split_once('/')?;
        (plain && !kind.is_empty() && !rest.is_empty()).then(|| Self(raw.to_owned()))
    }

    fn typed(kind: &str, name: &str, version: Option<&str>) -> Self {
        let mut out = format!("pkg:{kind}/");
        encode(name, &mut out);
        if let Some(version) = version {
            out.push('@');
            encode(version, &mut out);
        }
        Self(out)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Percent-encodes everything but the unreserved characters and `:` (purl specification).
fn encode(raw: &str, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in raw.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b':') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

impl fmt::Display for Purl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl serde::Serialize for Purl {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_what_the_specification_asks() {
        let name = PackageName::new("Jinja2").unwrap();
        assert_eq!(
            Purl::pypi(&name, Some("1!3.1+cu117")).as_str(),
            "pkg:pypi/jinja2@1%213.1%2Bcu117"
        );
        assert_eq!(Purl::pypi(&name, None).as_str(), "pkg:pypi/jinja2");
    }

    #[test]
    fn stated_urls_are_taken_only_when_harmless() {
        for good in ["pkg:npm/%40a/b@1", "pkg:deb/debian/zlib1g@1.2?arch=amd64"] {
            assert_eq!(Purl::stated(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            "npm/a",
            "pkg:npm",
            "pkg:/a",
            "pkg:npm/",
            "pkg:npm/a b",
            "pkg:npm/\u{1b}",
            "pkg:a/\"><",
        ] {
            assert_eq!(Purl::stated(bad), None, "{bad:?}");
        }
    }
}
