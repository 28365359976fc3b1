//! `poetry.lock`, formats 1.0 to 2.1.

use std::collections::HashMap;

use hognose_types::{ComponentId, InputFormat, RedactedUrl, Source};

use super::lock::{self, Lock};
use crate::context::Context;
use crate::document::{Node, Table, Value};

/// Reads a lock.
pub(crate) fn read(context: &mut Context<'_>, path: &str, bytes: &[u8]) {
    lock::read_toml(
        context,
        path,
        bytes,
        InputFormat::PoetryLock,
        &["file"],
        |lock, root| {
            let metadata = root.table("metadata");
            let version = metadata.and_then(|m| m.entry("lock-version"));
            lock.check_version(
                version.and_then(|e| e.node.as_str()).map(str::to_owned),
                version.map_or(0, |e| e.at as usize),
                &["1", "2.0", "2.1"],
            );
            // Format 1 keeps the hashes of all packages in one table.
            let old_files = metadata.and_then(|m| m.table("files")).map(Table::index);
            let mut packages = Vec::new();
            for table in root.tables("package") {
                if let Some(id) = package(lock, table, old_files.as_ref()) {
                    packages.push((id, table));
                }
            }
            for (id, table) in packages {
                edges(lock, id, table);
            }
            lock.manifest("pyproject.toml", true, "run `poetry lock`");
        },
    );
}

fn package(
    lock: &mut Lock<'_, '_, '_>,
    table: &Table<'_>,
    old_files: Option<&HashMap<&str, &Node<'_>>>,
) -> Option<ComponentId> {
    let at = table
        .entry("name")
        .map_or(table.offset(), |e| e.at as usize);
    let marker = match marker_text(table) {
        Some(text) => {
            let location = lock.location(at);
            lock.context.marker(&text, &location)
        }
        None => None,
    };
    let mut component = lock.component(table, at, marker)?;
    if let Some(source) = table.table("source") {
        component.source = source_of(source);
        if source.str("type") == Some("directory") {
            lock::as_project(&mut component);
        }
    }
    let files = match (table.get("files"), old_files) {
        (Some(files), _) => files.items(),
        (None, Some(old)) => old
            .get(table.str("name").unwrap_or(""))
            .map_or(&[][..], |node| node.items()),
        (None, None) => &[],
    };
    component.hashes = files
        .iter()
        .filter_map(|file| lock::digest(file.as_table()?.str("hash")))
        .collect();
    let groups: Vec<&str> = match (table.get("groups"), table.str("category")) {
        (Some(groups), _) => groups.strings().collect(),
        (None, Some(category)) => vec![category],
        (None, None) => Vec::new(),
    };
    if let Some(declaration) = component.declarations.first_mut()
        && !groups.contains(&"main")
    {
        declaration.groups = groups.into_iter().map(str::to_owned).collect();
    }
    if let Some(declaration) = component.declarations.first_mut()
        && let Some(marker) = &declaration.marker
    {
        declaration.extras = marker.extras().into_iter().map(str::to_owned).collect();
    }
    lock.add(component)
}

/// `markers` is one marker, or one per group.
fn marker_text(table: &Table<'_>) -> Option<String> {
    match &table.get("markers")?.value {
        Value::String(text) => Some(text.to_string()),
        Value::Table(by_group) => {
            // A group without marker needs the package always.
            let groups = table.items("groups").len();
            (by_group.entries.len() >= groups)
                .then(|| lock::any_of(by_group.entries.iter().filter_map(|e| e.node.as_str())))
                .flatten()
        }
        _ => None,
    }
}

fn edges(lock: &mut Lock<'_, '_, '_>, from: ComponentId, table: &Table<'_>) {
    let Some(dependencies) = table.table("dependencies") else {
        return;
    };
    for entry in &dependencies.entries {
        match &entry.node.value {
            Value::Table(one) => edge(lock, from, &entry.key, one),
            Value::Array(variants) => {
                for one in variants.iter().filter_map(Node::as_table) {
                    edge(lock, from, &entry.key, one);
                }
            }
            _ => lock.edge_by_name(from, &entry.key, None),
        }
    }
}

/// Optional dependencies belong to extras of the package: the lock lists them only if something asks
/// for the extra, so an edge to one that is listed is right.
fn edge(lock: &mut Lock<'_, '_, '_>, from: ComponentId, name: &str, table: &Table<'_>) {
    lock.edge_by_name(from, name, table.str("markers"));
}

fn source_of(table: &Table<'_>) -> Source {
    let url = table.str("url").unwrap_or("");
    match table.str("type") {
        Some("git") => Source::Vcs {
            url: RedactedUrl::new(format!("git+{url}")),
            reference: table.str("reference").map(str::to_owned),
            commit: table.str("resolved_reference").map(str::to_owned),
        },
        Some("url") => Source::Url {
            url: RedactedUrl::new(url),
        },
        Some("directory" | "file") => Source::Path {
            path: url.to_owned(),
            editable: false,
        },
        _ => lock::index(url),
    }
}
