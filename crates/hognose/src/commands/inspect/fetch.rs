//! Artifacts of a package index, by name.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;

use hognose_advisories::ProgressSink as _;
use hognose_index::{Choice, Client, FileKind, IndexFile, choose, previous};
use hognose_types::{PackageName, Version};

use crate::cli::InspectArgs;
use crate::error::Failure;
use crate::index_settings::{self, Asking};
use crate::progress::Bars;
use crate::surroundings::Surroundings;

/// A project of an index, as asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::commands) struct Wanted {
    /// Its name.
    pub(in crate::commands) name: PackageName,
    /// The release; the newest one when none is named.
    pub(in crate::commands) version: Option<Version>,
}

impl Wanted {
    /// Reads `NAME` or `NAME==VERSION`; nothing for what cannot be one.
    pub(in crate::commands) fn parse(text: &str) -> Option<Self> {
        let (name, version) = match text.split_once("==") {
            Some((name, version)) => (name, Some(Version::new(version.trim()).ok()?)),
            None => (text, None),
        };
        Some(Self {
            name: PackageName::new(name.trim()).ok()?,
            version,
        })
    }

    /// As written on the command line.
    pub(in crate::commands) fn label(&self) -> String {
        match &self.version {
            Some(version) => format!("{}=={version}", self.name),
            None => self.name.to_string(),
        }
    }
}

/// The way to the index; nothing is asked and no configuration read before the first name.
#[derive(Debug)]
pub(super) struct Fetcher<'a> {
    args: &'a InspectArgs,
    surroundings: &'a Surroundings,
    bars: Bars,
    /// One for each project: a project may be bound to an index, and no other learns its name.
    clients: RefCell<BTreeMap<PackageName, Rc<Client>>>,
}

impl<'a> Fetcher<'a> {
    /// For the index that the arguments or the user's configuration name.
    pub(super) fn new(args: &'a InspectArgs, quiet: bool, surroundings: &'a Surroundings) -> Self {
        Self {
            args,
            surroundings,
            bars: Bars::new(quiet),
            clients: RefCell::default(),
        }
    }

    /// Downloads the sdist and one wheel of a release, without building or running anything, and answers which
    /// release it is and where they are.
    pub(super) fn artifacts(&self, wanted: &Wanted) -> Result<(Version, Vec<PathBuf>), Failure> {
        let files = self.files(wanted)?;
        let choice = match &wanted.version {
            Some(version) => Choice::Exactly(version.clone()),
            None => Choice::Latest,
        };
        let release = choose(&files, &choice).ok_or_else(|| unknown(wanted, &files))?;
        let paths = release.files().map(|file| self.download(wanted, file));
        Ok((release.version.clone(), paths.collect::<Result<_, _>>()?))
    }

    /// Downloads what to compare a wheel or sdist with: of the release named, else of the one before.
    pub(super) fn older(
        &self,
        wanted: &Wanted,
        newer: &Version,
        older: Option<&Version>,
        kind: FileKind,
    ) -> Result<PathBuf, Failure> {
        let files = self.files(wanted)?;
        let version = match older {
            Some(version) => version.clone(),
            None => previous(&files, newer).ok_or_else(|| {
                let label = wanted.label();
                Failure::usage(format!(
                    "{label} has no release before {newer} to compare with"
                ))
            })?,
        };
        let wanted = Wanted {
            name: wanted.name.clone(),
            version: Some(version.clone()),
        };
        let release = choose(&files, &Choice::Exactly(version));
        let release = release.ok_or_else(|| unknown(&wanted, &files))?;
        let (same, other) = match kind {
            FileKind::Sdist => (release.sdist, release.wheel),
            FileKind::Wheel => (release.wheel, release.sdist),
        };
        // A release that came in one form only is compared with that one: better than no comparison.
        let file = same.or(other).ok_or_else(|| unknown(&wanted, &files))?;
        self.download(&wanted, &file)
    }

    fn cache(&self) -> Option<PathBuf> {
        let named = self.args.cache_dir.clone();
        named.or_else(|| self.surroundings.cache())
    }

    fn asking(&self) -> Asking {
        Asking {
            cache: self.cache(),
            offline: self.args.offline,
            revalidate: false,
        }
    }

    /// Keeps what was kept of answers small, if anything was asked.
    pub(super) fn tidy(&self) {
        if !self.clients.borrow().is_empty() {
            index_settings::prune(&self.asking(), self.surroundings);
        }
    }

    fn client(&self, wanted: &Wanted) -> Result<Rc<Client>, Failure> {
        if let Some(client) = self.clients.borrow().get(&wanted.name) {
            return Ok(Rc::clone(client));
        }
        let python = self.args.python.as_deref();
        let indexes = index_settings::find(&self.args.index, python, true, self.surroundings)?;
        let mut indexes = indexes.for_package(&wanted.name, self.surroundings)?;
        indexes.asking = self.asking();
        let client = indexes.client(self.surroundings)?;
        let mut clients = self.clients.borrow_mut();
        Ok(Rc::clone(
            clients
                .entry(wanted.name.clone())
                .or_insert(Rc::new(client)),
        ))
    }

    fn files(&self, wanted: &Wanted) -> Result<Vec<IndexFile>, Failure> {
        let client = self.client(wanted)?;
        let listing = client
            .files(&wanted.name)
            .map_err(|e| refused(wanted, &e))?;
        if listing.known_to.is_empty() {
            let asked: Vec<String> = client.indexes().map(ToString::to_string).collect();
            let message = format!("there is no file and no project {}", wanted.name);
            return Err(Failure::usage(message).hint(format!(
                "asked {}; `--index-url` names another index",
                asked.join(", ")
            )));
        }
        Ok(listing.files)
    }

    fn download(&self, wanted: &Wanted, file: &IndexFile) -> Result<PathBuf, Failure> {
        let client = self.client(wanted)?;
        let cache = self.cache().ok_or_else(crate::settings::no_cache)?;
        let mut started = false;
        let mut progress = |more: u64, size: Option<u64>| {
            if !started {
                self.bars.download_started(&file.filename, size);
                started = true;
            }
            self.bars.downloaded(more);
        };
        let got = client.download(file, &cache.join("artifacts"), &mut progress);
        self.bars.download_ended();
        got.map(|got| got.path).map_err(|e| refused(wanted, &e))
    }
}

fn refused(wanted: &Wanted, error: &hognose_index::IndexError) -> Failure {
    let offline = matches!(error, hognose_index::IndexError::Offline { .. });
    let message = format!("{} cannot be fetched", wanted.label());
    let failure = Failure::incomplete(message).because(error);
    if offline {
        return failure.hint("name a path, or drop `--offline`");
    }
    failure
}

fn unknown(wanted: &Wanted, files: &[IndexFile]) -> Failure {
    let message = match wanted.version {
        Some(_) => format!("the index has no wheel or sdist of {}", wanted.label()),
        None => format!(
            "the index has no release of {} that was not withdrawn",
            wanted.label()
        ),
    };
    let newest = files.iter().map(|f| &f.version).max();
    let failure = Failure::usage(message);
    match newest {
        Some(version) => failure.hint(format!("the newest it has is {version}")),
        None => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_versions() {
        let wanted = Wanted::parse("My_Package==1.0").unwrap();
        assert_eq!(wanted.label(), "my-package==1.0");
        assert_eq!(Wanted::parse("six").unwrap().version, None);
        for no in ["a/b", "six==x y", "", "a b", "./six"] {
            assert_eq!(Wanted::parse(no), None, "{no}");
        }
    }
}
