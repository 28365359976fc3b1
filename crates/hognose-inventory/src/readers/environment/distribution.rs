//! One entry of `site-packages` that stands for a distribution.

use hognose_types::{
    Component, ComponentKind, ComponentVersion, Declaration, InputId, Location, PackageName,
    Source, text,
};

use super::direct_url;
use super::needs::Installed;
use crate::context::Context;
use crate::path;
use crate::readers::metadata::{self, Headers};
use crate::tree::{Entry, EntryKind, ReadError};

/// First bytes of METADATA that are read: the headers of nearly all distributions fit.
const HEAD: u64 = 16 << 10;

/// Reads an entry if it is one of a distribution.
pub(super) fn read(
    context: &mut Context<'_>,
    input: InputId,
    directory: &str,
    found: &Entry,
    installed: &mut Installed,
) {
    let entry = found.name.as_str();
    // pip renames what it is about to remove to `~ame-1.0.dist-info`.
    if entry.starts_with('~') {
        if entry.ends_with("-info") {
            let location = Location::file(path::join(directory, entry));
            context.notice(
                Some(location),
                "left over from an interrupted uninstall; not judged",
            );
        }
        return;
    }
    let base = path::join(directory, entry);
    let is_file = is_file(context, &base, found);
    let place = Place {
        site: directory,
        base: &base,
        entry,
        is_link: found.kind == EntryKind::Symlink,
    };
    if entry.ends_with(".dist-info") {
        if is_file {
            context.unreadable(
                Location::file(base),
                "not a directory: not read",
                "reinstall the distribution",
            );
        } else {
            distribution(context, input, &place, "METADATA", installed);
        }
    } else if entry.ends_with(".egg-info") {
        let file = if is_file { "" } else { "PKG-INFO" };
        distribution(context, input, &place, file, installed);
    } else if entry.ends_with(".egg") {
        if is_file {
            context.unreadable(
                Location::file(base),
                "a zipped egg is not read",
                "reinstall the distribution with a current pip",
            );
        } else {
            distribution(context, input, &place, "EGG-INFO/PKG-INFO", installed);
        }
    } else if entry.ends_with(".egg-link") && is_file {
        egg_link(context, input, &base, entry, installed);
    }
}

/// True for an entry that is no directory; a link to a single `.egg-info` file counts like the file.
fn is_file(context: &Context<'_>, path: &str, entry: &Entry) -> bool {
    match entry.kind {
        EntryKind::File | EntryKind::Other => true,
        EntryKind::Symlink if entry.name.ends_with(".egg-info") => {
            context.tree.kind(path) == Some(EntryKind::File)
        }
        EntryKind::Symlink | EntryKind::Directory => false,
    }
}

/// Where a distribution lies.
struct Place<'p> {
    /// Its `site-packages`.
    site: &'p str,
    /// Its own entry there, as a path.
    base: &'p str,
    /// The name of that entry.
    entry: &'p str,
    /// True when that entry is a link.
    is_link: bool,
}

impl Place<'_> {
    /// True when a file of the distribution lies behind a link that leads out of `site-packages`. An
    /// environment that was handed over must not pull other files of the machine into a report.
    ///
    /// Installers that link into a cache or store (`uv --link-mode symlink`, Nix) keep the names: a link to the same file
    /// of a distribution of the same name is one, wherever it leads.
    ///
    /// Few entries are links, so the costly resolving is left to those.
    fn leads_out(&self, context: &Context<'_>, file: &str) -> bool {
        let parent = path::parent(file);
        let linked = self.is_link
            || context.tree.is_link(file)
            || (parent.len() > self.base.len() && context.tree.is_link(parent));
        let real = |path: &str| context.tree.canonical(path);
        linked
            && match (real(file), real(self.site)) {
                (Some(target), Some(site)) => {
                    let own = path::name(parent);
                    let same = format!("/{own}/{}", path::name(file));
                    let kept = own.ends_with(".dist-info") && target.ends_with(&same);
                    !path::is_within(&target, &site) && !kept
                }
                _ => false,
            }
    }

    /// Like [`Place::leads_out`]; such a file becomes a gap.
    fn is_closed(&self, context: &mut Context<'_>, file: &str) -> bool {
        let out = self.leads_out(context, file);
        if out {
            context.unreadable(
                Location::file(file),
                "a link that leads out of site-packages, which was not opened",
                "reinstall the distribution with copies in place of links",
            );
        }
        out
    }
}

fn distribution(
    context: &mut Context<'_>,
    input: InputId,
    place: &Place<'_>,
    file: &str,
    installed: &mut Installed,
) {
    let Place { base, entry, .. } = *place;
    let metadata_path = if file.is_empty() {
        base.to_owned()
    } else {
        format!("{base}/{file}")
    };
    let headers = if place.is_closed(context, &metadata_path) {
        Headers::default()
    } else {
        headers(context, &metadata_path)
    };
    let (fallback_name, fallback_version) = from_entry(entry);
    let location = Location {
        file: metadata_path,
        line: headers.version_line,
    };
    let raw_name = headers.name.as_deref().unwrap_or(fallback_name);
    let Some(name) = context.name(raw_name, &location) else {
        return;
    };
    let version = headers
        .version
        .as_deref()
        .or(fallback_version)
        .unwrap_or("");
    let mut component = Component::distribution(
        input,
        name,
        ComponentVersion::exact(version),
        Declaration::new(location, false),
    );
    component.license = headers.license;
    if file == "METADATA" {
        notice_other_name(context, entry, &component);
        origin(context, place, &mut component);
        // pip and uv leave this file for what was asked for by name.
        let requested = context.tree.kind(&format!("{base}/REQUESTED")).is_some();
        if let Some(declaration) = component.declarations.first_mut() {
            declaration.direct = requested;
        }
    }
    installed.add(context, component, headers.requires);
}

/// Says when the directory is named for another distribution or version than its metadata states.
fn notice_other_name(context: &mut Context<'_>, entry: &str, component: &Component) {
    let stem = entry.rsplit_once('.').map_or(entry, |(stem, _)| stem);
    // Some tools leave the dashes of a name, so that any of them may begin the version.
    let mut splits = stem.match_indices('-').map(|(at, _)| stem.split_at(at));
    if !stem.contains('-') || splits.any(|(name, version)| names(component, name, &version[1..])) {
        return;
    }
    let message = format!(
        "its directory is named {}, its metadata says {}: judged as the metadata says",
        text::short(stem, 120),
        text::short(&component.label(), 120)
    );
    context.notice(
        component.declarations.first().map(|d| d.location.clone()),
        message,
    );
}

/// True when name and version are those of the component, in any spelling.
fn names(component: &Component, name: &str, version: &str) -> bool {
    // Installers write `_` where a version outside PEP 440 has `-`.
    let plain = |text: &str| text.replace('_', "-").to_ascii_lowercase();
    let same_version = match (&component.version, ComponentVersion::exact(version)) {
        (ComponentVersion::Pinned(stated), ComponentVersion::Pinned(named)) => *stated == named,
        (stated, _) => stated.as_str().map(plain) == Some(plain(version)),
    };
    same_version && PackageName::new(name).is_ok_and(|name| name == component.name)
}

/// Where it was installed from, if not from an index.
fn origin(context: &mut Context<'_>, place: &Place<'_>, component: &mut Component) {
    let file = format!("{}/direct_url.json", place.base);
    // Behind a closed METADATA, one gap says enough.
    if place.is_link && place.leads_out(context, &file) || place.is_closed(context, &file) {
        return;
    }
    if let Some(found) = direct_url::read(context, place.base) {
        component.source = found.source;
        component.hashes.extend(found.hash);
        if found.is_directory {
            component.kind = ComponentKind::Project;
        }
    }
}

/// The headers of a metadata file. What cannot be read is a gap; the name of the directory then tells
/// name and version.
fn headers(context: &mut Context<'_>, file: &str) -> Headers {
    let limit = context.options.limits.metadata_bytes;
    let head = context
        .tree
        .read_head(file, HEAD.min(limit))
        .and_then(|head| {
            if head.len() as u64 == HEAD && limit > HEAD && !metadata::is_complete(&head) {
                context.tree.read_head(file, limit)
            } else {
                Ok(head)
            }
        });
    match head {
        Ok(head) => {
            if head.len() as u64 >= limit && !metadata::is_complete(&head) {
                context.unreadable(
                    Location::file(file),
                    format!("the headers are longer than the limit of {limit} bytes: read in part"),
                    "reinstall the distribution",
                );
            }
            let headers = metadata::parse(&head);
            if headers.name.is_none() || headers.version.is_none() {
                context.unreadable(
                    Location::file(file),
                    "states no name or no version: taken from the directory's name",
                    "reinstall the distribution",
                );
            }
            headers
        }
        Err(error) => {
            let message = match error {
                ReadError::NotFound => {
                    "missing: name and version were taken from the directory's name".to_owned()
                }
                error => format!("cannot read the file: {error}"),
            };
            context.unreadable(Location::file(file), message, "reinstall the distribution");
            Headers::default()
        }
    }
}

/// `name-1.0.dist-info`, `name-1.0-py3.9.egg-info`, `name.egg-info`.
fn from_entry(entry: &str) -> (&str, Option<&str>) {
    let stem = entry.rsplit_once('.').map_or(entry, |(stem, _)| stem);
    let mut parts = stem.split('-');
    (parts.next().unwrap_or(stem), parts.next())
}

/// `pip install -e` of old: the file names the directory of the sources.
fn egg_link(
    context: &mut Context<'_>,
    input: InputId,
    file: &str,
    entry: &str,
    installed: &mut Installed,
) {
    let location = Location::line(file, 1);
    let Some(name) = context.name(entry.trim_end_matches(".egg-link"), &location) else {
        return;
    };
    let target = context
        .tree
        .read_head(file, 4096)
        .map(|bytes| {
            String::from_utf8_lossy(&bytes)
                .lines()
                .next()
                .unwrap_or("")
                .trim()
                .to_owned()
        })
        .unwrap_or_default();
    let headers = sources_headers(context, &target, &name);
    let version = headers.version.as_deref().unwrap_or("");
    let mut component = Component::distribution(
        input,
        name,
        ComponentVersion::exact(version),
        Declaration::new(location, true),
    );
    component.kind = ComponentKind::Project;
    component.source = Source::Path {
        path: text::short(&target, 4096),
        editable: true,
    };
    installed.add(context, component, headers.requires);
}

/// The metadata that `setup.py develop` wrote beside the sources, if it may be read.
fn sources_headers(context: &Context<'_>, target: &str, name: &PackageName) -> Headers {
    if target.is_empty() || !context.is_allowed(target) {
        return Headers::default();
    }
    let entries = context
        .tree
        .list(target, context.options.limits.entries)
        .unwrap_or_default();
    for entry in entries.iter().filter(|e| e.kind == EntryKind::Directory) {
        let Some(stem) = entry.name.strip_suffix(".egg-info") else {
            continue;
        };
        if PackageName::new(stem).as_ref() == Ok(name) {
            let file = path::join(target, &format!("{}/PKG-INFO", entry.name));
            if let Ok(head) = context.tree.read_head(&file, HEAD) {
                return metadata::parse(&head);
            }
        }
    }
    Headers::default()
}
