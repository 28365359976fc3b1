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
use crate::tree::{EntryKind, ReadError};

/// First bytes of METADATA that are read: the headers of nearly all distributions fit.
const HEAD: u64 = 16 << 10;

/// Reads an entry if it is one of a distribution.
pub(super) fn read(
    context: &mut Context<'_>,
    input: InputId,
    directory: &str,
    entry: &str,
    is_file: bool,
    installed: &mut Installed,
) {
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
    if entry.ends_with(".dist-info") && !is_file {
        distribution(context, input, &base, "METADATA", entry, true, installed);
    } else if entry.ends_with(".egg-info") {
        let file = if is_file { "" } else { "PKG-INFO" };
        distribution(context, input, &base, file, entry, false, installed);
    } else if entry.ends_with(".egg") {
        if is_file {
            context.unreadable(
                Location::file(base),
                "a zipped egg is not read",
                "reinstall the distribution with a current pip",
            );
        } else {
            distribution(
                context,
                input,
                &base,
                "EGG-INFO/PKG-INFO",
                entry,
                false,
                installed,
            );
        }
    } else if entry.ends_with(".egg-link") && is_file {
        egg_link(context, input, &base, entry, installed);
    }
}

fn distribution(
    context: &mut Context<'_>,
    input: InputId,
    base: &str,
    file: &str,
    entry: &str,
    is_dist_info: bool,
    installed: &mut Installed,
) {
    let metadata_path = if file.is_empty() {
        base.to_owned()
    } else {
        format!("{base}/{file}")
    };
    let headers = headers(context, &metadata_path);
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
    if is_dist_info {
        if let Some(found) = direct_url::read(context, base) {
            component.source = found.source;
            component.hashes.extend(found.hash);
            if found.is_directory {
                component.kind = ComponentKind::Project;
            }
        }
        // pip and uv leave this file for what was asked for by name.
        let requested = context.tree.kind(&format!("{base}/REQUESTED")).is_some();
        if let Some(declaration) = component.declarations.first_mut() {
            declaration.direct = requested;
        }
    }
    installed.add(context, component, headers.requires);
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
