//! Which release, and which of its files.

use hognose_types::Version;

use crate::{FileKind, IndexFile};

/// Which release is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// This one, even if it was withdrawn.
    Exactly(Version),
    /// The newest stable one that was not withdrawn, else the newest pre-release.
    Latest,
}

/// The files of a release that are worth looking at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Its version.
    pub version: Version,
    /// Its sdist.
    pub sdist: Option<IndexFile>,
    /// One wheel: a pure one, else one for Linux.
    pub wheel: Option<IndexFile>,
}

impl Release {
    /// Its files, sdist first.
    pub fn files(&self) -> impl Iterator<Item = &IndexFile> {
        self.sdist.iter().chain(&self.wheel)
    }
}

/// Chooses a release; none when no file belongs to it.
pub fn choose(files: &[IndexFile], choice: &Choice) -> Option<Release> {
    let version = match choice {
        Choice::Exactly(version) => version.clone(),
        Choice::Latest => latest(files.iter().filter(|f| !f.yanked.is_yanked()))?,
    };
    let of = |kind: FileKind| {
        let fitting = files
            .iter()
            .filter(|f| f.kind == kind && f.version == version);
        // Equal ranks are told apart by name: the order of a page is not ours to rely on.
        fitting
            .min_by_key(|f| (rank(f), f.filename.clone()))
            .cloned()
    };
    let release = Release {
        sdist: of(FileKind::Sdist),
        wheel: of(FileKind::Wheel),
        version,
    };
    (release.sdist.is_some() || release.wheel.is_some()).then_some(release)
}

/// The release before a version: the newest older one that was not withdrawn, stable if the version is.
pub fn previous(files: &[IndexFile], version: &Version) -> Option<Version> {
    let older = files
        .iter()
        .filter(|f| f.version < *version && !f.yanked.is_yanked());
    if version.is_prerelease() {
        return older.map(|f| &f.version).max().cloned();
    }
    latest(older)
}

fn latest<'a>(files: impl Iterator<Item = &'a IndexFile> + Clone) -> Option<Version> {
    let versions = files.map(|f| &f.version);
    let stable = versions.clone().filter(|v| !v.is_prerelease()).max();
    stable.or_else(|| versions.max()).cloned()
}

/// Lower is better: pure wheels hold all the code that others hold; binaries are read best on Linux.
fn rank(file: &IndexFile) -> u8 {
    match file.kind {
        FileKind::Sdist if file.filename.ends_with(".tar.gz") => 0,
        FileKind::Wheel if file.filename.ends_with("-none-any.whl") => 0,
        FileKind::Wheel
            if file.filename.contains("linux_x86_64") || file.filename.contains("manylinux") =>
        {
            1
        }
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use hognose_types::PackageName;

    use super::*;
    use crate::IndexUrl;
    use crate::file::{Yanked, parse_name};

    fn files(names: &[&str]) -> Vec<IndexFile> {
        let page = IndexUrl::parse("https://index.example/simple/six/").unwrap();
        let one = |name: &&str| {
            let (filename, yanked) = name
                .strip_suffix(" yanked")
                .map_or((*name, false), |n| (n, true));
            let (kind, version) = parse_name(filename, &PackageName::new("six").unwrap()).unwrap();
            IndexFile {
                filename: filename.to_owned(),
                url: page.join(filename).unwrap(),
                page: page.clone(),
                kind,
                version,
                sha256: None,
                size: None,
                yanked: if yanked {
                    Yanked::Yes(None)
                } else {
                    Yanked::No
                },
                upload_time: None,
                requires_python: None,
                metadata: crate::CoreMetadata::No,
                provenance: None,
                tells_provenance: false,
            }
        };
        names.iter().map(one).collect()
    }

    #[test]
    fn releases() {
        let all = files(&[
            "six-1.9.tar.gz",
            "six-1.10.zip",
            "six-1.10.tar.gz",
            "six-1.10-cp312-cp312-win_amd64.whl",
            "six-1.10-cp312-cp312-manylinux_2_17_x86_64.whl",
            "six-1.11.tar.gz yanked",
            "six-2.0rc1.tar.gz",
        ]);
        let found = choose(&all, &Choice::Latest).unwrap();
        let names: Vec<_> = found.files().map(|f| f.filename.as_str()).collect();
        assert_eq!(
            names,
            [
                "six-1.10.tar.gz",
                "six-1.10-cp312-cp312-manylinux_2_17_x86_64.whl"
            ]
        );
        let exactly = |v: &str| choose(&all, &Choice::Exactly(Version::new(v).unwrap()));
        assert_eq!(exactly("1.11.0").unwrap().files().count(), 1);
        assert_eq!(exactly("3"), None);
        assert_eq!(choose(&[], &Choice::Latest), None);
        let before =
            |v: &str| previous(&all, &Version::new(v).unwrap()).map(|v| v.as_str().to_owned());
        assert_eq!(before("2.0").as_deref(), Some("1.10"));
        assert_eq!(before("1.10").as_deref(), Some("1.9"));
        assert_eq!(before("2.0rc1").as_deref(), Some("1.10"));
        assert_eq!(before("1.9"), None);
    }
}
