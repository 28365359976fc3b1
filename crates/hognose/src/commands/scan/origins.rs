//! Which indexes the packages of an input come from: what is configured where it lies, and what it says itself.
//!
//! A scan of several projects asks each index about the packages of the project that names it, and about no others.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use hognose_types::{ComponentId, InputFormat, Inventory};

use crate::cli::{IndexArgs, InputArgs};
use crate::error::Failure;
use crate::index_settings::{self, Indexes, Wanting};
use crate::surroundings::Surroundings;

/// The indexes of every input of an inventory.
#[derive(Debug)]
pub(super) struct Origins {
    all: Vec<Result<Indexes, String>>,
    /// For every input its place in `all`.
    of_input: Vec<usize>,
}

/// What has indexes of its own: a directory, the requirements files of a directory, a script.
type Place<'i> = (&'i str, Option<BTreeSet<&'i str>>);

impl Origins {
    /// Reads what is configured for each input; equal ones are one. The first is that of the place where the scan starts.
    pub(super) fn new(
        inventory: &Inventory,
        (args, input): (&IndexArgs, &InputArgs),
        cache: &Path,
        surroundings: &Surroundings,
    ) -> Self {
        let find = |directory: &str, files: &[PathBuf], named: bool| {
            let wanting = Wanting {
                args,
                python: input.python.as_deref(),
                // A project that is not trusted to configure a scan does not choose who learns its packages' names either.
                trusted: !input.no_config,
                directory: Path::new(directory),
                files,
                named,
            };
            let mut found =
                index_settings::find_at(&wanting, surroundings).map_err(|e| Failure::line(&e))?;
            found.asking.cache = Some(cache.to_owned());
            Ok::<Indexes, String>(found)
        };
        let places = places(inventory);
        let start = find(start(&places), &[], true);
        // Directories and scripts in the tree may be strangers', who know what an index is called: only the project that is
        // scanned says where passwords go that are kept under a name.
        let is_own = |(directory, files): &Place<'_>| {
            let mut all = files.iter().flatten();
            let is_script = all.any(|path| path.ends_with(".py"));
            let same = || match (find(directory, &[], true), &start) {
                (Ok(here), Ok(start)) => here.asks_as(start),
                _ => false,
            };
            (!is_script || places.len() == 1) && same()
        };
        let mut out = Self {
            all: vec![start.clone()],
            of_input: Vec::new(),
        };
        let mut known: BTreeMap<&Place<'_>, usize> = BTreeMap::new();
        for place in &places {
            let at = *known.entry(place).or_insert_with(|| {
                let (directory, files) = place;
                let paths = files.iter().flatten().map(PathBuf::from);
                let paths: Vec<PathBuf> = paths.collect();
                out.note(find(directory, &paths, is_own(place)))
            });
            out.of_input.push(at);
        }
        out
    }

    fn note(&mut self, found: Result<Indexes, String>) -> usize {
        let same = |known: &Result<Indexes, String>| match (known, &found) {
            (Ok(a), Ok(b)) => a.asks_as(b),
            (Err(a), Err(b)) => a == b,
            _ => false,
        };
        if let Some(at) = self.all.iter().position(same) {
            return at;
        }
        self.all.push(found);
        self.all.len() - 1
    }

    /// The place of the indexes of a component.
    pub(super) fn of(&self, inventory: &Inventory, id: ComponentId) -> usize {
        let component = inventory.component(id);
        let at = component.and_then(|c| self.of_input.get(c.input.0));
        at.copied().unwrap_or_default()
    }

    /// The indexes at a place, or why none is known; those of the start stand at 0.
    pub(super) fn at(&self, place: usize) -> Result<&Indexes, &str> {
        match self.all.get(place) {
            Some(found) => found.as_ref().map_err(String::as_str),
            None => Err("it has no index"),
        }
    }

    /// How many places there are.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }
}

/// Where each input takes packages from. What a script or requirements files say holds for nothing else; requirements files of
/// one directory are given to the installer together.
fn places(inventory: &Inventory) -> Vec<Place<'_>> {
    let directory = |path: &'_ str| path.rfind('/').map(|at| at.max(1));
    let inputs = inventory.inputs.iter();
    let placed = inputs.map(|input| {
        let path = input.path.as_str();
        let cut = directory(path).and_then(|at| path.get(..at));
        (cut.unwrap_or("."), path, input.format)
    });
    let placed: Vec<_> = placed.collect();
    let mut lists: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (directory, path, format) in &placed {
        if *format == InputFormat::Requirements {
            lists.entry(directory).or_default().insert(path);
        }
    }
    let place = |(directory, path, format)| match format {
        InputFormat::Script => (directory, Some(BTreeSet::from([path]))),
        InputFormat::Requirements => (directory, lists.get(directory).cloned()),
        _ => (directory, None),
    };
    placed.into_iter().map(place).collect()
}

/// The directory of names that no input holds: that of all inputs, if they have one, else the one that the program runs in.
fn start<'i>(places: &[Place<'i>]) -> &'i str {
    let mut all = places.iter().map(|(directory, _)| *directory);
    let first = all.next().unwrap_or(".");
    if all.all(|other| other == first) {
        first
    } else {
        "."
    }
}
