//! `${NAME}` in a requirements file: the environment is asked, but its secrets are not told.
//!
//! A file under review decides which variables are named, and a report may be public (a comment on a pull request).
//! So a value only gets into what is shown where it is a plain version; a path made with one is looked up, and shown
//! as it was written.

use std::collections::BTreeMap;

use hognose_types::Version;

/// Longest value, and longest run of digits in it, that counts as a plain version.
const MAX_VERSION: usize = 32;
const MAX_DIGITS: usize = 8;

/// Replaces the variables whose value is a plain version; the others stay as written.
pub(super) fn versions(text: &str, env: &BTreeMap<String, String>) -> String {
    replace(text, |name| {
        env.get(name).map(String::as_str).filter(|v| is_version(v))
    })
    .0
}

/// Replaces all variables, for looking a path up; the error is the name of one without value.
pub(super) fn path(text: &str, env: &BTreeMap<String, String>) -> Result<String, String> {
    match replace(text, |name| env.get(name).map(String::as_str)) {
        (whole, None) => Ok(whole),
        (_, Some(missing)) => Err(missing.to_owned()),
    }
}

/// The name of the first variable in a text.
pub(super) fn first(text: &str) -> Option<&str> {
    replace(text, |_| None).1
}

/// The text with the values put in, and the first name that has none.
fn replace<'t, 'v>(
    text: &'t str,
    value: impl Fn(&str) -> Option<&'v str>,
) -> (String, Option<&'t str>) {
    let mut out = String::with_capacity(text.len());
    let mut missing = None;
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = rest[2..]
            .bytes()
            .take_while(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_')
            .count();
        let (name, end) = (&rest[2..2 + length], 2 + length);
        if length == 0 || rest.as_bytes().get(end) != Some(&b'}') {
            out.push_str("${");
            rest = &rest[2..];
            continue;
        }
        if let Some(value) = value(name) {
            out.push_str(value);
        } else {
            missing.get_or_insert(name);
            out.push_str(&rest[..=end]);
        }
        rest = &rest[end + 1..];
    }
    out.push_str(rest);
    (out, missing)
}

/// A release with at most pre, post and dev parts. Tokens of all kinds can be written as a local part, so there is
/// none, and nothing as long as a key.
fn is_version(value: &str) -> bool {
    let runs = value.split(|c: char| !c.is_ascii_digit());
    value.len() <= MAX_VERSION
        && !value.contains('+')
        && runs.map(str::len).max().unwrap_or(0) <= MAX_DIGITS
        && Version::new(value).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env() -> BTreeMap<String, String> {
        [
            ("V", "1.5rc1"),
            ("TOKEN", "ghp0a1"),
            ("HEX", "1.0+0a1b2c"),
            ("LONG", "123456789012"),
            ("DIR", "sub"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    #[test]
    fn only_plain_versions_are_shown() {
        for (text, shown) in [
            ("a==${V}", "a==1.5rc1"),
            ("a==${V}${V}", "a==1.5rc11.5rc1"),
            ("a==1+${TOKEN}", "a==1+${TOKEN}"),
            ("a==${HEX}", "a==${HEX}"),
            ("a==${LONG}", "a==${LONG}"),
            ("${", "${"),
            ("${}${v}${V", "${}${v}${V"),
            ("${${V}}é${UNSET}", "${1.5rc1}é${UNSET}"),
        ] {
            assert_eq!(versions(text, &env()), shown);
        }
    }

    #[test]
    fn paths_take_any_value() {
        assert_eq!(path("${DIR}/a.txt", &env()), Ok("sub/a.txt".to_owned()));
        assert_eq!(path("${DIR}/${NO}", &env()), Err("NO".to_owned()));
        assert_eq!(first("a ${V} ${NO}"), Some("V"));
        assert_eq!(first("a $V"), None);
    }
}
