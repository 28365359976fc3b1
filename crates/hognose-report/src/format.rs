//! Names of the output formats.

use std::str::FromStr;

/// Every way to show a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Text for people.
    Terminal,
    /// Hognose's own JSON (`docs/schemas/report-1.0.schema.json`).
    Json,
}

/// A name that is no format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown format {name:?}; known are {known}")]
pub struct FormatError {
    name: String,
    known: String,
}

impl Format {
    /// Every format, in the order help texts list them.
    pub const ALL: [Self; 2] = [Self::Terminal, Self::Json];

    /// Name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Terminal => "terminal",
            Self::Json => "json",
        }
    }
}

impl FromStr for Format {
    type Err = FormatError;

    fn from_str(raw: &str) -> Result<Self, Self::Err> {
        find(raw, &Self::ALL, Self::name)
    }
}

fn find<T: Copy>(raw: &str, all: &[T], name: impl Fn(T) -> &'static str) -> Result<T, FormatError> {
    let found = all
        .iter()
        .copied()
        .find(|f| name(*f).eq_ignore_ascii_case(raw));
    found.ok_or_else(|| FormatError {
        name: raw.to_owned(),
        known: all.iter().map(|f| name(*f)).collect::<Vec<_>>().join(", "),
    })
}
