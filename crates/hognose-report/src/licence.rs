//! Licence statements: an SPDX expression, or only text.

/// Longest text tried as an expression.
const MAX_EXPRESSION: usize = 1_000;
/// Longest licence name; longer statements are the licence's text.
const MAX_NAME: usize = 200;

/// What a package's metadata says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Licence<'a> {
    /// A valid SPDX expression.
    Expression(&'a str),
    /// A name in the author's own words.
    Name(&'a str),
    /// A whole licence text, or several lines of remarks.
    Text(&'a str),
}

/// Reads a licence statement; `None` for an empty one.
pub(crate) fn read(raw: &str) -> Option<Licence<'_>> {
    let raw = raw.trim();
    if raw.is_empty() || raw.eq_ignore_ascii_case("unknown") {
        return None;
    }
    if raw.len() <= MAX_EXPRESSION && is_expression(raw) {
        return Some(Licence::Expression(raw));
    }
    if raw.len() <= MAX_NAME && !raw.contains('\n') {
        return Some(Licence::Name(raw));
    }
    Some(Licence::Text(raw))
}

/// `LicenseRef-` names need a definition that metadata does not give, so they do not count.
fn is_expression(raw: &str) -> bool {
    !raw.contains("LicenseRef-")
        && !raw.contains("DocumentRef-")
        && !raw.contains("AdditionRef-")
        && spdx::Expression::parse(raw).is_ok()
}
