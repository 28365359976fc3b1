//! Names of members: what no honest archive needs.

/// Why a member's name is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NameFault {
    /// Nothing, or only slashes.
    Empty,
    /// Longer than the limit.
    TooLong,
    /// Starts with `/`.
    Absolute,
    /// Has a `..` part.
    Parent,
    /// Has a `\`, which is a separator for some readers and a letter for others.
    Backslash,
    /// Begins with a drive letter, or has a `:` (alternate data streams).
    Drive,
    /// Has a control character, NUL included.
    Control,
    /// Is not UTF-8.
    Encoding,
    /// Is a device name on Windows (`CON`, `NUL`, `COM1`…).
    Device,
}

impl NameFault {
    /// What is wrong, as a fragment.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "is empty",
            Self::TooLong => "is longer than the limit",
            Self::Absolute => "is absolute",
            Self::Parent => "has a '..' part",
            Self::Backslash => "has a backslash",
            Self::Drive => "has a drive or stream name",
            Self::Control => "has a control character",
            Self::Encoding => "is not UTF-8",
            Self::Device => "is a device name on Windows",
        }
    }
}

/// Checks a member's name.
pub fn check_name(name: &str, max: usize) -> Result<(), NameFault> {
    if name.len() > max {
        return Err(NameFault::TooLong);
    }
    if name.chars().any(char::is_control) {
        return Err(NameFault::Control);
    }
    if name.starts_with('/') {
        return Err(NameFault::Absolute);
    }
    if name.contains('\\') {
        return Err(NameFault::Backslash);
    }
    if name.contains(':') {
        return Err(NameFault::Drive);
    }
    let mut parts = name
        .split('/')
        .filter(|p| !p.is_empty() && *p != ".")
        .peekable();
    if parts.peek().is_none() {
        return Err(NameFault::Empty);
    }
    for part in parts {
        if part == ".." {
            return Err(NameFault::Parent);
        }
        if is_device(part) {
            return Err(NameFault::Device);
        }
    }
    Ok(())
}

pub(crate) fn is_device(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or(part).trim_end();
    let is = |name: &str| stem.eq_ignore_ascii_case(name);
    let numbered = |prefix: &str| {
        stem.len() == 4
            && stem
                .get(..3)
                .is_some_and(|head| head.eq_ignore_ascii_case(prefix))
            && stem.ends_with(|c: char| ('1'..='9').contains(&c))
    };
    is("con") || is("nul") || is("prn") || is("aux") || numbered("com") || numbered("lpt")
}
