//! The files of a project page.

use hognose_archive::sdist;
use hognose_archive::wheel::WheelName;
use hognose_types::{PackageName, Version};

use crate::IndexUrl;

/// A distribution file that an index offers. Its name was checked: a wheel or sdist of the project, safe as a file name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexFile {
    /// Its name.
    pub filename: String,
    /// Where it is.
    pub url: IndexUrl,
    /// The page that offered it.
    pub page: IndexUrl,
    /// Wheel or sdist.
    pub kind: FileKind,
    /// The release it belongs to, from its name.
    pub version: Version,
    /// sha256 in lower-case hexadecimal, where announced.
    pub sha256: Option<String>,
    /// Bytes, where announced.
    pub size: Option<u64>,
    /// Withdrawn (PEP 592).
    pub yanked: Yanked,
    /// When it was uploaded, as the index writes it (PEP 700).
    pub upload_time: Option<String>,
    /// The versions of Python it is for, as the index writes them.
    pub requires_python: Option<String>,
    /// Whether its metadata can be had without it (PEP 658, PEP 714).
    pub metadata: CoreMetadata,
    /// Where its attestations are (PEP 740).
    pub provenance: Option<IndexUrl>,
    /// The page says which files have attestations. Of one that does not, as mirrors' often do not, a file without is
    /// no file without: nobody said.
    pub tells_provenance: bool,
}

/// Whether an index offers a file's metadata beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CoreMetadata {
    /// It does not say so.
    #[default]
    No,
    /// It does, with the sha256 of it where announced.
    Yes(Option<String>),
}

/// What a distribution file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileKind {
    /// A source distribution.
    Sdist,
    /// A built distribution.
    Wheel,
}

/// Whether a file was withdrawn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Yanked {
    /// No.
    #[default]
    No,
    /// Yes, with the reason where one was given.
    Yes(Option<String>),
}

impl Yanked {
    /// True when it was withdrawn.
    pub fn is_yanked(&self) -> bool {
        matches!(self, Self::Yes(_))
    }
}

/// Longest name that every file system takes.
const MAX_NAME: usize = 255;

/// What a file name says; none for what is no wheel or sdist of the project.
pub(crate) fn parse_name(file: &str, project: &PackageName) -> Option<(FileKind, Version)> {
    // The name becomes one of ours: nothing that leads elsewhere, hides, or breaks a line.
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'+' | b'!');
    if file.len() > MAX_NAME || file.starts_with('.') || !file.bytes().all(plain) {
        return None;
    }
    let (kind, name, version) = if let Some(wheel) = WheelName::parse(file) {
        (FileKind::Wheel, wheel.name, wheel.version)
    } else {
        let (name, version) = sdist::parse_name(file)?;
        (FileKind::Sdist, name, version)
    };
    let same = PackageName::new(name).is_ok_and(|name| name == *project);
    // Wheels write the `+` of a local version as `_`.
    let version = Version::new(version).or_else(|_| Version::new(&version.replace('_', "+")));
    same.then_some((kind, version.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let project = PackageName::new("my-pkg").unwrap();
        let read = |f: &str| parse_name(f, &project).map(|(k, v)| (k, v.as_str().to_owned()));
        let wheel = |v: &str| Some((FileKind::Wheel, v.to_owned()));
        let sdist = |v: &str| Some((FileKind::Sdist, v.to_owned()));
        assert_eq!(read("my_pkg-1.0-py3-none-any.whl"), wheel("1.0"));
        assert_eq!(read("My.Pkg-1.0_cu1-py3-none-any.whl"), wheel("1.0+cu1"));
        assert_eq!(read("my-pkg-1.0rc1.tar.gz"), sdist("1.0rc1"));
        for no in [
            "other-1.0.tar.gz",
            "my_pkg-1.0.exe",
            "my_pkg-latest.tar.gz",
            "../my_pkg-1.0.tar.gz",
            "my_pkg-1.0\u{202e}.tar.gz",
            "",
        ] {
            assert_eq!(read(no), None, "{no}");
        }
    }
}
