//! Files whose origin was verified: what of it every format shows.

use std::collections::BTreeSet;

use crate::words::{plural, thousands};

/// What became of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileVerdict {
    /// An attestation does not hold.
    Bad,
    /// Its bytes are not those that are pinned or announced.
    OtherBytes,
    /// It could not be found out.
    Unknown,
    /// Every attestation holds, and there is one.
    Verified,
    /// It has none, and the index says so.
    Unattested,
    /// The index does not say whether there are any.
    Untold,
    /// Only its bytes were compared.
    Pinned,
}

/// One file of a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedFile {
    /// The project.
    pub package: String,
    /// The release.
    pub version: String,
    /// Name of the file.
    pub file: String,
    /// In lower-case hexadecimal.
    pub sha256: Option<String>,
    /// What became of it.
    pub verdict: FileVerdict,
    /// Why, where it is not verified.
    pub reason: Option<String>,
    /// What holds.
    pub attestations: Vec<FileAttestation>,
    /// Who built it again, and what came of that.
    pub rebuilds: Vec<FileRebuild>,
}

/// A build of the same file by somebody else than its publisher.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct FileRebuild {
    /// Who built: an address, or `hognose`.
    pub builder: String,
    /// How what came out compares.
    pub outcome: RebuildOutcome,
    /// What was built: a repository, or the name of an sdist.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The commit that was built.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// How it was built.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub definition: Option<String>,
    /// When, as RFC 3339 writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished: Option<String>,
    /// sha256 of what came out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rebuilt: Option<String>,
    /// sha256 of both without what does not matter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stabilized: Option<String>,
    /// What was found not to matter.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub normalized: Vec<String>,
    /// Files that differ all the same.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<String>,
}

/// What came of building a file again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RebuildOutcome {
    /// The same bytes.
    Identical,
    /// The same without what does not matter.
    Normalized,
    /// Something else.
    Differs,
    /// Nothing.
    #[default]
    NotBuilt,
}

/// An attestation that holds, as its certificate says.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct FileAttestation {
    /// `publish` or `slsa`.
    pub predicate: String,
    /// What the index calls the kind of publisher, else who vouches.
    pub publisher: String,
    /// Address of the repository, else the account.
    pub repository: String,
    /// The commit that was built.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The ref that was built.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The workflow or pipeline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workflow: Option<String>,
    /// Whose machine it ran on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runner: Option<String>,
    /// What started it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trigger: Option<String>,
    /// The deployment environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Where its log is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// When it was signed (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed: Option<String>,
}

impl FileVerdict {
    /// One lower-case word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bad => "bad",
            Self::OtherBytes => "other-bytes",
            Self::Unknown => "unknown",
            Self::Verified => "verified",
            Self::Unattested => "unattested",
            Self::Untold => "untold",
            Self::Pinned => "pinned",
        }
    }

    /// For people.
    pub(crate) const fn phrase(self) -> &'static str {
        match self {
            Self::Bad => "BAD",
            Self::OtherBytes => "OTHER BYTES",
            Self::Unknown => "not verified",
            Self::Verified => "verified",
            Self::Unattested => "no attestation",
            Self::Untold => "index does not say",
            Self::Pinned => "as pinned",
        }
    }
}

/// Distinct releases.
pub(crate) fn releases(files: &[VerifiedFile]) -> usize {
    let all: BTreeSet<_> = files.iter().map(|f| (&f.package, &f.version)).collect();
    all.len()
}

/// `12 of 40 files verified`, and what became of the others.
pub(crate) fn clause(files: &[VerifiedFile]) -> String {
    let count = |verdict| files.iter().filter(|f| f.verdict == verdict).count();
    let number = |verdict| thousands(count(verdict) as u64);
    let mut out = format!(
        "{} of {} verified",
        number(FileVerdict::Verified),
        plural(files.len(), "file")
    );
    for (verdict, what) in [
        (FileVerdict::Pinned, "as pinned"),
        (FileVerdict::Unattested, "without attestation"),
        (FileVerdict::Untold, "of which the index does not say"),
    ] {
        if count(verdict) > 0 {
            out.push_str(&format!(", {} {what}", number(verdict)));
        }
    }
    out
}
