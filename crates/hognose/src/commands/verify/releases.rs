//! Releases of an inventory that can be verified: pinned, and from an index or on disk.

use std::collections::{BTreeMap, BTreeSet};

use hognose_types::{
    Component, ComponentId, ComponentKind, ComponentVersion, DigestAlgorithm, InputFormat,
    Inventory, Notice, PackageName, Source, Version,
};

use super::notice;

/// One release, wherever the inventory has it.
#[derive(Clone, Debug)]
pub(super) struct Release {
    pub(super) name: PackageName,
    pub(super) version: Version,
    /// The index that a lock names; empty for the user's own.
    pub(super) source: String,
    pub(super) members: Vec<ComponentId>,
    /// sha256 of the files that may be installed; empty where nothing pins them.
    pub(super) pinned: BTreeSet<String>,
    /// Its files on disk.
    pub(super) local: Vec<Local>,
}

/// A wheel or sdist on disk.
#[derive(Clone, Debug)]
pub(super) struct Local {
    pub(super) path: String,
    pub(super) file: String,
    /// What was measured; none where it could not be read, which is a gap already.
    pub(super) sha256: Option<String>,
}

/// Every release, by name, version and index.
pub(super) fn all(inventory: &Inventory, notices: &mut Vec<Notice>) -> Vec<Release> {
    let mut out: BTreeMap<(PackageName, Version), Vec<Release>> = BTreeMap::new();
    let mut elsewhere = 0_usize;
    for (at, component) in inventory.components.iter().enumerate() {
        // What is installed is compared with what was recorded then; which file it came from, nobody wrote down.
        let input = inventory.input(component.input);
        let is_installed = input.is_some_and(|i| i.format == InputFormat::Environment);
        if component.kind != ComponentKind::Distribution || is_installed {
            continue;
        }
        let (ComponentVersion::Pinned(version), Some(place)) =
            (&component.version, place(inventory, component))
        else {
            elsewhere += usize::from(place(inventory, component).is_none());
            continue;
        };
        let releases = out
            .entry((component.name.clone(), version.clone()))
            .or_default();
        add(releases, component, version, ComponentId(at), place);
    }
    if elsewhere > 0 {
        let plural = if elsewhere == 1 { "" } else { "s" };
        notices.push(notice(format!(
            "{elsewhere} package{plural} from repositories, links or directories have no attestations of an index"
        )));
    }
    out.into_values().flatten().map(sorted).collect()
}

/// Where the files of a component come from.
enum Place {
    Index(String),
    Disk(Local),
}

fn place(inventory: &Inventory, component: &Component) -> Option<Place> {
    match &component.source {
        Source::Default => Some(Place::Index(String::new())),
        Source::Index { url } => Some(Place::Index(url.expose().to_owned())),
        Source::Path { path, .. } => {
            let format = inventory.input(component.input)?.format;
            let is_artifact = matches!(format, InputFormat::Wheel | InputFormat::Sdist);
            is_artifact.then(|| {
                Place::Disk(Local {
                    path: path.clone(),
                    file: path.rsplit(['/', '\\']).next().unwrap_or(path).to_owned(),
                    sha256: sha256(component).next(),
                })
            })
        }
        Source::Url { .. } | Source::Vcs { .. } => None,
    }
}

fn sha256(component: &Component) -> impl Iterator<Item = String> + '_ {
    let hashes = component.hashes.iter();
    hashes
        .filter(|h| h.algorithm() == DigestAlgorithm::Sha256)
        .map(|h| h.hex().to_owned())
}

/// A file on disk belongs to whatever else is known of its release: the lock beside it says what it must be.
fn add(
    releases: &mut Vec<Release>,
    component: &Component,
    version: &Version,
    id: ComponentId,
    place: Place,
) {
    let (source, local) = match place {
        Place::Index(source) => (Some(source), None),
        Place::Disk(local) => (None, Some(local)),
    };
    let same = |release: &Release| source.as_ref().is_none_or(|s| release.source == *s);
    let at = releases.iter().position(same).unwrap_or_else(|| {
        releases.push(Release {
            name: component.name.clone(),
            version: version.clone(),
            source: source.clone().unwrap_or_default(),
            members: Vec::new(),
            pinned: BTreeSet::new(),
            local: Vec::new(),
        });
        releases.len() - 1
    });
    let Some(release) = releases.get_mut(at) else {
        return;
    };
    release.members.push(id);
    if let Some(local) = local {
        release.local.push(local);
    } else {
        release.pinned.extend(sha256(component));
    }
}

/// What a lock declares stands first: that is where people look.
fn sorted(mut release: Release) -> Release {
    release.local.sort_by(|a, b| a.path.cmp(&b.path));
    release
}
