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
            _ => Self::pypi(&component.name, version),
        }
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
}
