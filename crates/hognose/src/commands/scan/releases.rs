//! Which releases of an inventory come from an index.

use std::collections::{BTreeMap, BTreeSet};

use hognose_types::{
    Component, ComponentId, ComponentKind, ComponentVersion, DigestAlgorithm, InputFormat,
    Inventory, PackageName, Source, Version,
};

use super::origins::Origins;

/// One release, wherever the inventory lists it.
#[derive(Debug)]
pub(super) struct Release {
    pub(super) name: PackageName,
    pub(super) version: Version,
    /// sha256 of the files that locks allow; empty where nothing pins them.
    pub(super) hashes: BTreeSet<String>,
    pub(super) members: Vec<ComponentId>,
    /// The index that the lock names; the user's own where it names none.
    pub(super) source: String,
    /// The place of the indexes that are the user's own.
    pub(super) place: usize,
}

/// The releases of an inventory.
#[derive(Debug, Default)]
pub(super) struct Releases {
    pub(super) pinned: Vec<Release>,
    /// Components that come from elsewhere, and from where.
    pub(super) elsewhere: Vec<(ComponentId, &'static str)>,
}

/// Collects what is pinned; releases that `known` lists too are left out. Unpinned requirements are gaps of the
/// inventory already, and paths are the user's own code.
pub(super) fn collect(
    inventory: &Inventory,
    origins: &Origins,
    known: Option<&Inventory>,
) -> Releases {
    let key = |c: &Component| (c.name.clone(), c.version.as_str().map(str::to_owned));
    let old: BTreeSet<_> = known
        .into_iter()
        .flat_map(|i| i.components.iter().map(key))
        .collect();
    let mut out = Releases::default();
    let mut groups: BTreeMap<_, Release> = BTreeMap::new();
    for (at, component) in inventory.components.iter().enumerate() {
        if component.kind != ComponentKind::Distribution || old.contains(&key(component)) {
            continue;
        }
        let ComponentVersion::Pinned(version) = &component.version else {
            continue;
        };
        let id = ComponentId(at);
        let input = inventory.input(component.input).map(|input| input.format);
        if matches!(input, Some(InputFormat::Wheel | InputFormat::Sdist)) {
            out.elsewhere
                .push((id, "a file, which `hognose inspect` reads"));
            continue;
        }
        let source = match &component.source {
            Source::Default => String::new(),
            Source::Index { url } => url.expose().to_owned(),
            Source::Url { .. } => {
                out.elsewhere.push((id, "a link"));
                continue;
            }
            Source::Vcs { .. } => {
                out.elsewhere.push((id, "version control"));
                continue;
            }
            Source::Path { .. } => continue,
        };
        let place = origins.of(inventory, id);
        let (name, written) = (component.name.clone(), version.as_str().to_owned());
        let group = (name, written, source.clone(), place);
        let release = groups.entry(group).or_insert_with(|| Release {
            name: component.name.clone(),
            version: version.clone(),
            hashes: BTreeSet::new(),
            members: Vec::new(),
            source,
            place,
        });
        release.members.push(id);
        let hashes = component.hashes.iter();
        let sha256 = hashes.filter(|h| h.algorithm() == DigestAlgorithm::Sha256);
        release.hashes.extend(sha256.map(|h| h.hex().to_owned()));
    }
    out.pinned = groups.into_values().collect();
    out
}
