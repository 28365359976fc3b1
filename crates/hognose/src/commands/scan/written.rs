//! When files of the project were changed last, as its repository says.

use std::collections::{BTreeMap, BTreeSet};

use hognose_identity::Asked;
use hognose_identity::facts::ProjectFacts;
use hognose_inventory::{Disk, Tree as _};
use hognose_types::{ComponentVersion, Inventory, PackageName, Version};

use super::online::Request;
use crate::revision::{self, Revision};

/// Most files that are looked up: each takes a process.
const MAX_FILES: usize = 50;
/// Largest file.
const MAX_FILE: u64 = 16 << 20;

/// The last change of each file that names a package younger than that, where the file is as it was committed. Only the
/// date of a commit is certain: a checkout makes every file as young as itself. Without a repository nothing is known.
pub(super) fn dates(
    inventory: &Inventory,
    asked: &[Asked],
    told: &BTreeMap<PackageName, ProjectFacts>,
    request: &Request<'_>,
) -> BTreeMap<String, i64> {
    let mut out = BTreeMap::new();
    let Some(youngest) = youngest(inventory, asked, told) else {
        return out;
    };
    for file in files(inventory, asked, request) {
        let changed = revision::last_change(file, request.surroundings);
        // What is younger than all packages need not be looked at again.
        if let Some(at) = changed.filter(|at| *at < youngest) {
            out.insert(file.to_owned(), at);
        }
    }
    if out.is_empty() {
        return out;
    }
    let Ok(head) = Revision::open("HEAD", request.start, request.surroundings) else {
        return BTreeMap::new();
    };
    out.retain(|file, _| {
        let committed = head.read(file, MAX_FILE);
        let here = Disk.read(file, MAX_FILE);
        matches!((committed, here), (Ok(committed), Ok(here)) if committed == here)
    });
    out
}

/// The files that name packages, inputs first.
fn files<'a>(
    inventory: &'a Inventory,
    asked: &[Asked],
    request: &'a Request<'_>,
) -> impl Iterator<Item = &'a str> {
    let components = asked.iter().flat_map(|a| &a.members);
    let declared: BTreeSet<&str> = components
        .filter_map(|id| inventory.component(*id))
        .flat_map(|c| &c.declarations)
        .map(|d| d.location.file.as_str())
        .collect();
    let led = request.sought.iter().flat_map(|s| &s.locations);
    let led: BTreeSet<&str> = led.map(|at| at.file.as_str()).collect();
    declared.into_iter().chain(led).take(MAX_FILES)
}

/// When the youngest project, or pinned release, was first uploaded.
fn youngest(
    inventory: &Inventory,
    asked: &[Asked],
    told: &BTreeMap<PackageName, ProjectFacts>,
) -> Option<i64> {
    let released = |project: &Asked| {
        let members = project.members.iter();
        let pinned: BTreeSet<&Version> = members
            .filter_map(|id| match &inventory.component(*id)?.version {
                ComponentVersion::Pinned(version) => Some(version),
                _ => None,
            })
            .collect();
        let files = project.facts.files.iter();
        let of_pins = files.filter(|f| pinned.contains(&f.version));
        of_pins.filter_map(|f| f.uploaded).map(|(at, _)| at).max()
    };
    let projects = asked.iter().map(|a| &a.facts).chain(told.values());
    let first = projects.filter_map(ProjectFacts::first_upload).max();
    first.max(asked.iter().filter_map(released).max())
}
