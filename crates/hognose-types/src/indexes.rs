//! The package indexes that a user's configuration names: what an installer would ask, in which order, for what.
//!
//! One value for all tools, so that a rule about confused indexes need not know where pip keeps its files. It holds
//! what is *written*; which index is asked in the end is for whoever asks. Addresses hide their secrets by type.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::{Location, PackageName, RedactedUrl};

/// The tool whose configuration names an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum IndexTool {
    /// Our own flags.
    Hognose,
    /// pip: variables, `pip.conf`, options in requirements files.
    Pip,
    /// uv: variables, `uv.toml`, `[tool.uv]`.
    Uv,
    /// Poetry: `[[tool.poetry.source]]`.
    Poetry,
    /// PDM: `[[tool.pdm.source]]`.
    Pdm,
    /// Pipenv: `[[source]]` of a Pipfile.
    Pipenv,
}

/// What an index is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum IndexRole {
    /// It stands in the place of the tool's own default.
    Default,
    /// It is asked beside the default one, for every name.
    Extra,
    /// One of several that stand in the place of the default, all with the same right (Poetry).
    Primary,
    /// It is asked for what no other has (Poetry).
    Supplemental,
    /// It is asked only for the packages bound to it.
    Explicit,
    /// No index but a page or directory with files, looked at for every name (`--find-links`).
    FindLinks,
}

/// Where an index is written down.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum IndexPlace {
    /// On the command line.
    Arguments,
    /// In this environment variable.
    Variable(String),
    /// In a file.
    File(Location),
    /// Nowhere: it is the default that comes with the user's pip.
    Stock,
}

impl std::fmt::Display for IndexPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Arguments => f.write_str("the arguments"),
            Self::Variable(name) => f.write_str(name),
            Self::File(location) => location.fmt(f),
            Self::Stock => f.write_str("the default of pip"),
        }
    }
}

/// Who wrote the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum IndexScope {
    /// Whoever started the run: arguments, variables.
    Run,
    /// The project: everybody who works on it gets it.
    Project,
    /// The user or the machine: others who work on the project may have another.
    User,
}

/// One index as configured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConfiguredIndex {
    /// Whose configuration it is.
    pub tool: IndexTool,
    /// What it is for.
    pub role: IndexRole,
    /// The name that configuration gives it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its address as written; for [`IndexRole::FindLinks`] also a path.
    pub url: RedactedUrl,
    /// Where it is written.
    pub place: IndexPlace,
    /// Who wrote it.
    pub scope: IndexScope,
    /// The packages bound to it: they come from there and from nowhere else. Names in normal form; PDM's patterns, with
    /// `*` and `?`, as written.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub packages: BTreeSet<String>,
    /// The packages that never come from it, written like those that are bound.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub excluded: BTreeSet<String>,
}

impl ConfiguredIndex {
    /// True when the package never comes from here. What is bound to it does, whatever else is said.
    pub fn refuses(&self, name: &PackageName) -> bool {
        let any = |all: &BTreeSet<String>| all.iter().any(|p| matches(p, name.as_str()));
        any(&self.excluded) && !any(&self.packages)
    }
}

/// How a tool chooses when several indexes have a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum IndexStrategy {
    /// The highest version of all of them: whoever can put a higher number on any of them wins.
    Best,
    /// The first index that has the name, whatever versions it has.
    First,
    /// By role: supplemental ones only for what the others lack.
    ByRole,
}

/// Everything that is configured. Per tool, nearer configuration comes first: what stands first is in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct IndexSettings {
    /// Every index, nearest configuration first, tools in the order in which they are asked.
    pub indexes: Vec<ConfiguredIndex>,
    /// How each tool that is configured chooses among several.
    pub strategies: BTreeMap<IndexTool, IndexStrategy>,
    /// Places that forbid the use of any index.
    pub forbidden: Vec<IndexPlace>,
}

impl IndexSettings {
    /// The indexes of one tool.
    pub fn of(&self, tool: IndexTool) -> impl Iterator<Item = &ConfiguredIndex> {
        self.indexes.iter().filter(move |i| i.tool == tool)
    }

    /// The index that one tool binds a package to, where it does; of several the nearest.
    pub fn bound_by(&self, tool: IndexTool, name: &PackageName) -> Option<&ConfiguredIndex> {
        let fits = |i: &&ConfiguredIndex| i.packages.iter().any(|p| matches(p, name.as_str()));
        self.of(tool).find(fits)
    }

    /// The default of the user's pip, where it is known.
    pub fn stock(&self) -> Option<&ConfiguredIndex> {
        self.indexes.iter().find(|i| i.place == IndexPlace::Stock)
    }

    /// The index a package is bound to, where one is; of several the nearest.
    pub fn bound(&self, name: &PackageName) -> Option<&ConfiguredIndex> {
        let fits = |index: &&ConfiguredIndex| {
            let mut packages = index.packages.iter();
            packages.any(|pattern| matches(pattern, name.as_str()))
        };
        self.indexes.iter().find(fits)
    }
}

/// `*` for any characters, `?` for one. Linear in practice: the last `*` alone is gone back to.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p + 1, n));
                p += 1;
            }
            Some(c) if *c == b'?' || Some(c) == name.get(n) => {
                p += 1;
                n += 1;
            }
            _ => match &mut star {
                Some((after, from)) => {
                    *from += 1;
                    (p, n) = (*after, *from);
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|c| *c == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_bound_by_name_or_pattern() {
        for (pattern, name, expected) in [
            ("acme", "acme", true),
            ("acme", "acme-x", false),
            ("acme-*", "acme-x", true),
            ("acme-*", "acme", false),
            ("*", "anything", true),
            ("a?me*x", "acme-yx", true),
            ("*-*-x", "a-b-c-x", true),
            ("*-*-x", "a-x", false),
            ("", "a", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn secrets_are_not_in_any_form_of_it() {
        let index = ConfiguredIndex {
            tool: IndexTool::Pip,
            role: IndexRole::Extra,
            name: None,
            url: RedactedUrl::new("https://me:secret@index.example/simple?token=secret"),
            place: IndexPlace::File(Location::line("pip.conf", 3)),
            scope: IndexScope::User,
            packages: BTreeSet::new(),
            excluded: BTreeSet::new(),
        };
        let settings = IndexSettings {
            indexes: vec![index],
            ..IndexSettings::default()
        };
        let json = serde_json::to_string(&settings).unwrap();
        for text in [json, format!("{settings:?}"), format!("{settings:#?}")] {
            assert!(
                !text.contains("secret") && text.contains("index.example"),
                "{text}"
            );
        }
    }
}
