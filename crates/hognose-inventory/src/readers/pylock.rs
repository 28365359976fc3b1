//! `pylock.toml` and `pylock.*.toml` (PEP 751).

use hognose_types::{
    Component, ComponentId, ComponentVersion, InputFormat, PackageName, RedactedUrl, Source,
    Version,
};

use super::lock::{self, Lock};
use crate::context::{Context, push_unique};
use crate::direct;
use crate::document::{Node, Table};

/// Reads a lock.
pub(crate) fn read(context: &mut Context<'_>, path: &str, bytes: &[u8]) {
    lock::read_toml(
        context,
        path,
        bytes,
        InputFormat::Pylock,
        &["size", "upload-time"],
        |lock, root| {
            let version = root.entry("lock-version");
            lock.check_version(
                version.and_then(|e| e.node.as_str()).map(str::to_owned),
                version.map_or(0, |e| e.at as usize),
                &["1"],
            );
            let mut packages = Vec::new();
            for table in root.tables("packages") {
                if let Some(id) = package(lock, table) {
                    packages.push((id, table));
                }
            }
            for (id, table) in packages {
                for needed in table.tables("dependencies") {
                    edge(lock, id, needed);
                }
            }
            // Exported locks often leave groups out on purpose: only what is there is annotated.
            lock.manifest("pyproject.toml", false, "lock again");
        },
    );
}

fn package(lock: &mut Lock<'_, '_, '_>, table: &Table<'_>) -> Option<ComponentId> {
    let at = table
        .entry("name")
        .map_or(table.offset(), |e| e.at as usize);
    let text = table.str("marker").unwrap_or("");
    let location = lock.location(at);
    let marker = lock.context.marker(text, &location);
    let mut component = lock.component(table, at, marker)?;
    if let Some(declaration) = component.declarations.first_mut() {
        (declaration.groups, declaration.extras) = sets(text);
    }
    source(table, &mut component);
    for file in table
        .tables("wheels")
        .chain(["sdist", "archive"].iter().filter_map(|k| table.table(k)))
    {
        for entry in file
            .table("hashes")
            .map_or(&[][..], |hashes| &hashes.entries)
        {
            let raw = entry
                .node
                .as_str()
                .map(|hex| format!("{}:{hex}", entry.key));
            component.hashes.extend(lock::digest(raw.as_deref()));
        }
    }
    if component.version == ComponentVersion::Unknown {
        version_from_files(table, &mut component);
    }
    lock.add(component)
}

fn source(table: &Table<'_>, component: &mut Component) {
    if let Some(vcs) = table.table("vcs") {
        let url = vcs.str("url").or_else(|| vcs.str("path")).unwrap_or("");
        component.source = Source::Vcs {
            url: RedactedUrl::new(format!("{}+{url}", vcs.str("type").unwrap_or("git"))),
            reference: vcs.str("requested-revision").map(str::to_owned),
            commit: vcs.str("commit-id").map(str::to_owned),
        };
    } else if let Some(directory) = table.table("directory") {
        component.source = Source::Path {
            path: directory.str("path").unwrap_or(".").to_owned(),
            editable: directory.get("editable").is_some_and(Node::is_true),
        };
        lock::as_project(component);
    } else if let Some(archive) = table.table("archive") {
        component.source = match (archive.str("url"), archive.str("path")) {
            (Some(url), _) => Source::Url {
                url: RedactedUrl::new(url),
            },
            (None, path) => Source::Path {
                path: path.unwrap_or("").to_owned(),
                editable: false,
            },
        };
    } else if let Some(index) = table.str("index") {
        component.source = lock::index(index);
    }
}

/// The version may be left out; the file names carry it.
fn version_from_files(table: &Table<'_>, component: &mut Component) {
    let names = table
        .tables("wheels")
        .chain(table.table("sdist"))
        .chain(table.table("archive"))
        .filter_map(|file| {
            let raw = file
                .str("name")
                .or_else(|| file.str("url"))
                .or_else(|| file.str("path"))?;
            direct::artifact_name(crate::path::name(
                raw.split(['?', '#']).next().unwrap_or(raw),
            ))
        });
    for (name, version) in names {
        if name == component.name {
            component.version = ComponentVersion::exact(&version);
            return;
        }
    }
}

fn edge(lock: &mut Lock<'_, '_, '_>, from: ComponentId, needed: &Table<'_>) {
    let Some(name) = needed.str("name").and_then(|n| PackageName::new(n).ok()) else {
        return;
    };
    let version = needed.str("version").and_then(|v| Version::new(v).ok());
    let to: Vec<ComponentId> = lock
        .named(&name)
        .iter()
        .copied()
        .filter(|id| {
            version.as_ref().is_none_or(|v| {
                lock.context
                    .component(*id)
                    .is_some_and(|c| c.version == ComponentVersion::Pinned(v.clone()))
            })
        })
        .collect();
    for to in to {
        lock.context.edge(from, to, None);
    }
}

/// Groups and extras from `'dev' in dependency_groups` and `'redis' in extras`; none when the marker
/// can hold without any of them.
fn sets(marker: &str) -> (Vec<String>, Vec<String>) {
    let (mut groups, mut extras) = (Vec::new(), Vec::new());
    let alternatives: Vec<&str> = marker.split(" or ").collect();
    for part in &alternatives {
        let mut found = false;
        for (keyword, list) in [("dependency_groups", &mut groups), ("extras", &mut extras)] {
            for (at, _) in part.match_indices(keyword) {
                let before = part[..at].trim_end();
                let Some(before) = before.strip_suffix(" in").map(str::trim_end) else {
                    continue;
                };
                if before.ends_with(" not") {
                    continue;
                }
                let name = before.rsplit(['\'', '"']).nth(1).unwrap_or("");
                if !name.is_empty() {
                    push_unique(list, name.to_owned());
                    found = true;
                }
            }
        }
        // `default-groups` may bring the main set in under a group of its own; a part without any
        // condition on groups means "always".
        if !found {
            return (Vec::new(), Vec::new());
        }
    }
    (groups, extras)
}
