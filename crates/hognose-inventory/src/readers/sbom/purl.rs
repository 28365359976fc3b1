//! Package URLs as documents write them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::direct::percent_decode;

/// Longest package URL read.
const MAX_PURL: usize = 4_096;

/// The parts of a package URL, decoded.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parts<'a> {
    /// Lower case.
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) version: Option<String>,
    pub(super) qualifiers: BTreeMap<Cow<'a, str>, String>,
}

/// Reads a package URL; `None` when it is none.
pub(super) fn parse(raw: &str) -> Option<Parts<'_>> {
    if raw.len() > MAX_PURL {
        return None;
    }
    let rest = raw.trim().strip_prefix("pkg:")?.trim_start_matches('/');
    let rest = rest.split('#').next()?;
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (kind, path) = rest.split_once('/')?;
    let path = path.trim_matches('/');
    // A scope (`@a/b`) should be encoded and often is not: a version's `@` follows the last `/`.
    let last = path.rfind('/').map_or(0, |at| at + 1);
    let (name, version) = match path.get(last..)?.split_once('@') {
        Some((name, version)) => (name, Some(percent_decode(version))),
        None => (path.get(last..)?, None),
    };
    if kind.is_empty() || name.is_empty() {
        return None;
    }
    let qualifiers = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(key, value)| (Cow::Borrowed(key), percent_decode(value)))
        .collect();
    Some(Parts {
        kind: kind.to_ascii_lowercase(),
        name: percent_decode(name),
        version: version.filter(|v| !v.is_empty()),
        qualifiers,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts() {
        let of = |raw: &str| {
            parse(raw).map(|p| format!("{} {} {}", p.kind, p.name, p.version.unwrap_or_default()))
        };
        for (raw, expected) in [
            ("pkg:pypi/jinja2@3.1.2", Some("pypi jinja2 3.1.2")),
            (
                "pkg:PyPI/Torch@1.0%2Bcu117?file_name=x.whl#sub",
                Some("pypi Torch 1.0+cu117"),
            ),
            ("pkg://pypi/a", Some("pypi a ")),
            ("pkg:npm/@scope/name@1", Some("npm name 1")),
            ("pkg:npm/%40scope/name@1", Some("npm name 1")),
            (
                "pkg:deb/debian/zlib1g@1:1.2?arch=amd64",
                Some("deb zlib1g 1:1.2"),
            ),
            ("pkg:pypi/", None),
            ("pkg:/a", None),
            ("cpe:2.3:a", None),
        ] {
            assert_eq!(of(raw).as_deref(), expected, "{raw}");
        }
    }
}
