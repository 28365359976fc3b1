//! conda's match specifications: `channel::name=1.2=build`, `name >=1,<2`, `name[version='1.2']`.

use hognose_types::{ComponentVersion, CondaIdentity};

/// Longest specification read.
const MAX_SPEC: usize = 1_000;

/// One specification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spec {
    pub(super) identity: CondaIdentity,
    pub(super) version: ComponentVersion,
}

/// Reads a specification; `None` when it names no package.
pub(super) fn parse(raw: &str) -> Option<Spec> {
    let raw = raw.split(" #").next().unwrap_or(raw).trim();
    if raw.len() > MAX_SPEC {
        return None;
    }
    let (channel, rest) = match raw.split_once("::") {
        Some((channel, rest)) => (Some(channel.trim()), rest.trim()),
        None => (None, raw),
    };
    let (rest, bracket) = match rest.split_once('[') {
        Some((rest, bracket)) => (rest.trim(), bracket.trim_end_matches(']')),
        None => (rest, ""),
    };
    let end = rest
        .find(['=', '<', '>', '!', '~', ' '])
        .unwrap_or(rest.len());
    let (name, constraint) = rest.split_at_checked(end)?;
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || !name.chars().all(legal) {
        return None;
    }
    let mut identity = super::identity(name);
    identity.channel = channel.filter(|c| !c.is_empty()).map(str::to_owned);
    let (mut version, build) = version_and_build(constraint.trim());
    identity.build = build.map(str::to_owned);
    for (key, value) in bracket.split(',').filter_map(|pair| pair.split_once('=')) {
        let value = value.trim().trim_matches(['\'', '"']);
        match key.trim() {
            "version" => version = version_and_build(value).0,
            "build" => identity.build = Some(value.to_owned()),
            "channel" => identity.channel = Some(value.to_owned()),
            "subdir" => identity.subdir = Some(value.to_owned()),
            _ => {}
        }
    }
    Some(Spec { identity, version })
}

/// `==1.2`, `1.2` and `=1.2=build` are one version; `=1.2` is every version that starts with 1.2.
fn version_and_build(raw: &str) -> (ComponentVersion, Option<&str>) {
    let range = |text: &str| (ComponentVersion::Range(text.to_owned()), None);
    if raw.is_empty() || raw.contains([',', '|', '*', '<', '>', '!', '~']) {
        return range(raw);
    }
    let exact = raw.strip_prefix("==");
    let prefix = raw.strip_prefix('=');
    let body = exact.or(prefix).unwrap_or(raw).trim();
    // The build follows after `=` or a space.
    let (version, build) = match body.split_once(['=', ' ']) {
        Some((version, build)) => (version.trim(), Some(build.trim())),
        None => (body.trim(), None),
    };
    let build = build.filter(|b| !b.is_empty());
    if version.is_empty() || version.contains(' ') || build.is_some_and(|b| b.contains([' ', '=']))
    {
        return range(raw);
    }
    if exact.is_none() && prefix.is_some() && build.is_none() {
        return range(raw);
    }
    (ComponentVersion::exact(version), build)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_exact_pins_are_versions() {
        let cases = [
            ("numpy", "", None),
            ("numpy=1.24", "=1.24", None),
            ("numpy =1.24", "=1.24", None),
            ("numpy==1.24.2", "1.24.2", None),
            ("numpy == 1.24.2", "1.24.2", None),
            ("numpy 1.24.2", "1.24.2", None),
            ("numpy 1.24.2 py310_0", "1.24.2", Some("py310_0")),
            ("numpy=1.24.2=py310_0", "1.24.2", Some("py310_0")),
            ("numpy==1.24.2=py310_0", "1.24.2", Some("py310_0")),
            ("numpy=1.24.*", "=1.24.*", None),
            ("numpy>=1.24,<2", ">=1.24,<2", None),
            ("numpy 1.24|1.25", "1.24|1.25", None),
            (
                "numpy[version='1.24.2', build=py310_0]",
                "1.24.2",
                Some("py310_0"),
            ),
            ("numpy[version='>=1']", ">=1", None),
            ("NumPy==1.0 # why", "1.0", None),
        ];
        for (raw, text, build) in cases {
            let spec = parse(raw).unwrap();
            assert_eq!(spec.identity.name, "numpy", "{raw}");
            assert_eq!(spec.identity.build.as_deref(), build, "{raw}");
            let range = ComponentVersion::Range(text.to_owned());
            let exact = ComponentVersion::exact(text);
            let is_exact = raw.contains("==") || build.is_some() || raw.ends_with(" 1.24.2");
            assert_eq!(spec.version, if is_exact { exact } else { range }, "{raw}");
        }
    }

    #[test]
    fn channels_and_faults() {
        let spec = parse("conda-forge::openssl=3.0.1=h1").unwrap();
        assert_eq!(spec.identity.channel.as_deref(), Some("conda-forge"));
        for bad in ["", "=1", "a b::", "\u{1b}[31m", "na/me", "[x]"] {
            assert_eq!(parse(bad), None, "{bad:?}");
        }
    }
}
