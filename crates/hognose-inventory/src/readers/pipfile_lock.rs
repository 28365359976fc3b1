//! `Pipfile.lock`: JSON, one object per category.

use std::collections::BTreeMap;

use hognose_types::{
    Component, ComponentVersion, Declaration, InputFormat, Location, PackageName, RedactedUrl,
    Source, Specifiers,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::lock::Lock;
use super::{json, lock};
use crate::context::{Context, short_error};
use crate::direct;

/// One locked package.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Package {
    version: Option<String>,
    hashes: Vec<String>,
    markers: Option<String>,
    index: Option<String>,
    path: Option<String>,
    editable: bool,
    file: Option<String>,
    git: Option<String>,
    #[serde(rename = "ref")]
    reference: Option<String>,
}

/// The parts of `_meta` that are read.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Meta {
    #[serde(rename = "pipfile-spec")]
    spec: u64,
    sources: Vec<Index>,
}

#[derive(Debug, Deserialize)]
struct Index {
    name: String,
    url: String,
}

/// Reads a lock.
pub(crate) fn read(context: &mut Context<'_>, path: &str, bytes: &[u8]) {
    let Some(text) = context.decode(path, bytes) else {
        context.input(path, InputFormat::PipfileLock);
        return;
    };
    let mut lock = Lock::new(context, path, text.as_bytes(), InputFormat::PipfileLock);
    if let Some(at) = json::too_deep(&text, lock.context.options.limits.depth) {
        let location = lock.location(at);
        let depth = lock.context.options.limits.depth;
        lock.context.unreadable(
            location,
            format!("nested deeper than {depth} levels"),
            "lock again",
        );
        return;
    }
    let sections = match json::members(&text) {
        Ok(sections) => sections,
        Err(error) => {
            let location = Location::line(path, json::error_line(&text, &text, &error));
            lock.context.unreadable(
                location,
                format!("not valid JSON: {}", short_error(&json::message(&error))),
                "restore the file, or run `pipenv lock`",
            );
            return;
        }
    };
    let indexes = meta(&mut lock, &text, &sections);
    for (category, packages) in &sections {
        if category != "_meta" {
            section(&mut lock, &text, category, packages, &indexes);
        }
    }
    lock.manifest("Pipfile", false, "run `pipenv lock`");
}

fn meta(
    lock: &mut Lock<'_, '_, '_>,
    text: &str,
    sections: &[(String, &RawValue)],
) -> BTreeMap<String, String> {
    let found = sections.iter().find(|(key, _)| key == "_meta");
    let meta: Meta = found
        .and_then(|(_, raw)| serde_json::from_str(raw.get()).ok())
        .unwrap_or_default();
    let at = found.map_or(0, |(_, raw)| json::offset(text, raw.get()));
    lock.check_version((meta.spec > 0).then(|| meta.spec.to_string()), at, &["6"]);
    meta.sources
        .into_iter()
        .map(|index| (index.name, index.url))
        .collect()
}

fn section(
    lock: &mut Lock<'_, '_, '_>,
    text: &str,
    category: &str,
    packages: &RawValue,
    indexes: &BTreeMap<String, String>,
) {
    let Ok(packages) = json::members(packages.get()) else {
        let location = lock.location(json::offset(text, packages.get()));
        lock.context.unreadable(
            location,
            format!(
                "\"{}\" is not an object of packages",
                hognose_types::text::short(category, 40)
            ),
            "run `pipenv lock`",
        );
        return;
    };
    for (name, raw) in packages {
        if !lock.context.has_room(lock.path) {
            return;
        }
        // The value starts on the key's line in every file Pipenv writes.
        let location = lock.location(json::offset(text, raw.get()));
        let package: Package = match serde_json::from_str(raw.get()) {
            Ok(package) => package,
            Err(error) => {
                lock.context.unreadable(
                    location,
                    format!(
                        "cannot read this entry: {}",
                        short_error(&json::message(&error))
                    ),
                    "run `pipenv lock`; the rest of the file was read",
                );
                continue;
            }
        };
        if let Some(name) = lock.context.name(&name, &location) {
            add(lock, category, name, &package, &location, indexes);
        }
    }
}

fn add(
    lock: &mut Lock<'_, '_, '_>,
    category: &str,
    name: PackageName,
    package: &Package,
    location: &Location,
    indexes: &BTreeMap<String, String>,
) {
    let mut declaration = Declaration::new(location.clone(), false);
    if let Some(markers) = &package.markers {
        declaration.marker = lock.context.marker(markers, location);
    }
    match category {
        "default" => {}
        "develop" => declaration.groups.push("dev".to_owned()),
        other => declaration.groups.push(other.to_owned()),
    }
    let version = match &package.version {
        Some(text) => exact(text),
        None => package
            .file
            .as_deref()
            .map_or(ComponentVersion::Unknown, |file| {
                direct::parse_url(file).component_version()
            }),
    };
    let mut component = Component::distribution(lock.input, name, version, declaration);
    component.source = source(package, indexes);
    if matches!(component.source, Source::Path { .. }) && component.version.as_str().is_none() {
        lock::as_project(&mut component);
    }
    component.hashes = package
        .hashes
        .iter()
        .filter_map(|hash| lock::digest(Some(hash)))
        .collect();
    // A package of several categories is one component with several groups; in the main set, none.
    let same = lock.named(&component.name).iter().copied().find(|id| {
        lock.context
            .component(*id)
            .is_some_and(|c| c.version == component.version)
    });
    if let Some(same) = same {
        if let Some(existing) = lock.context.component_mut(same) {
            existing.declarations.extend(component.declarations);
        }
        return;
    }
    lock.add(component);
}

/// `==1.0`, or `*` for what was not resolved on the locking machine because of its marker.
fn exact(text: &str) -> ComponentVersion {
    if text.trim() == "*" {
        return ComponentVersion::Range(String::new());
    }
    match Specifiers::parse(text) {
        Ok(specifiers) => match specifiers.pinned() {
            Some(version) => ComponentVersion::exact(version),
            None => ComponentVersion::Range(text.to_owned()),
        },
        Err(_) => ComponentVersion::exact(text.trim_start_matches('=')),
    }
}

fn source(package: &Package, indexes: &BTreeMap<String, String>) -> Source {
    if let Some(git) = &package.git {
        return Source::Vcs {
            url: RedactedUrl::new(format!("git+{git}")),
            reference: None,
            commit: package.reference.clone(),
        };
    }
    if let Some(path) = &package.path {
        return Source::Path {
            path: path.clone(),
            editable: package.editable,
        };
    }
    if let Some(file) = &package.file {
        return direct::parse_url(file).source;
    }
    match package.index.as_ref().and_then(|name| indexes.get(name)) {
        Some(url) => lock::index(url),
        None => Source::Default,
    }
}
