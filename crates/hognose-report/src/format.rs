//! Names of the output formats.

use std::str::FromStr;

/// Every way to show a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Text for people.
    Terminal,
    /// Hognose's own JSON (`docs/schemas/report-1.0.schema.json`).
    Json,
    /// SARIF 2.1.0.
    Sarif,
    /// CycloneDX 1.6 JSON with vulnerabilities.
    CycloneDx,
    /// SPDX 2.3 JSON.
    Spdx,
    /// OpenVEX 0.2.0.
    OpenVex,
    /// Markdown for a pull request comment.
    Markdown,
    /// One self-contained HTML page.
    Html,
    /// JUnit XML.
    Junit,
    /// GitHub workflow annotations.
    Github,
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
    pub const ALL: [Self; 10] = [
        Self::Terminal,
        Self::Json,
        Self::Sarif,
        Self::CycloneDx,
        Self::Spdx,
        Self::OpenVex,
        Self::Markdown,
        Self::Html,
        Self::Junit,
        Self::Github,
    ];

    /// Name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Terminal => "terminal",
            Self::Json => "json",
            Self::Sarif => "sarif",
            Self::CycloneDx => "cyclonedx",
            Self::Spdx => "spdx",
            Self::OpenVex => "openvex",
            Self::Markdown => "markdown",
            Self::Html => "html",
            Self::Junit => "junit",
            Self::Github => "github",
        }
    }
}

impl FromStr for Format {
    type Err = FormatError;

    fn from_str(raw: &str) -> Result<Self, Self::Err> {
        find(raw, &Self::ALL, Self::name)
    }
}

/// The SBOM formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SbomFormat {
    /// CycloneDX 1.6 JSON.
    CycloneDx,
    /// SPDX 2.3 JSON.
    Spdx,
}

impl SbomFormat {
    /// Every SBOM format.
    pub const ALL: [Self; 2] = [Self::CycloneDx, Self::Spdx];

    /// Name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CycloneDx => "cyclonedx",
            Self::Spdx => "spdx",
        }
    }
}

impl FromStr for SbomFormat {
    type Err = FormatError;

    fn from_str(raw: &str) -> Result<Self, Self::Err> {
        find(raw, &Self::ALL, Self::name)
    }
}

pub(crate) fn find<T: Copy>(
    raw: &str,
    all: &[T],
    name: impl Fn(T) -> &'static str,
) -> Result<T, FormatError> {
    let found = all
        .iter()
        .copied()
        .find(|f| name(*f).eq_ignore_ascii_case(raw));
    found.ok_or_else(|| FormatError {
        name: raw.to_owned(),
        known: all.iter().map(|f| name(*f)).collect::<Vec<_>>().join(", "),
    })
}
