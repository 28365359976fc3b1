//! `pdm.lock`, formats 2 to 4.

use std::collections::{BTreeSet, HashMap};

use hognose_types::{ComponentId, InputFormat, RedactedUrl, Requirement, Source};

use super::lock::{self, Lock};
use super::manifest::{Declared, Manifest};
use crate::context::{Context, push_unique};
use crate::document::{Node, Table};

/// Reads a lock.
pub(crate) fn read(context: &mut Context<'_>, path: &str, bytes: &[u8]) {
    lock::read_toml(
        context,
        path,
        bytes,
        InputFormat::PdmLock,
        &["file"],
        |lock, root| {
            let version = root.table("metadata").and_then(|m| m.entry("lock_version"));
            lock.check_version(
                version.and_then(|e| e.node.as_str()).map(str::to_owned),
                version.map_or(0, |e| e.at as usize),
                &["2", "3", "4"],
            );
            // Format 4.1 and older keep the hashes of all packages in one table, by "name version".
            let old_files = root.at_path(&["metadata", "files"]).map(Table::index);
            let mut packages = Vec::new();
            for table in root.tables("package") {
                if let Some(id) = package(lock, table, old_files.as_ref()) {
                    packages.push((id, table));
                }
            }
            for (id, table) in packages {
                for text in table.items("dependencies").iter().filter_map(Node::as_str) {
                    edge(lock, id, text);
                }
            }
            if let Some(manifest) = lock.manifest("pyproject.toml", true, "run `pdm lock`") {
                extras(lock, &manifest);
            }
        },
    );
}

/// The lock lists extras of the project among the groups; only the manifest tells which sets are extras.
fn extras(lock: &mut Lock<'_, '_, '_>, manifest: &Manifest) {
    let sets = |of: fn(&Declared) -> &Vec<String>| -> BTreeSet<&str> {
        let all = manifest.declared.iter().flat_map(of);
        all.map(String::as_str).collect()
    };
    let (extras, groups) = (sets(|d| &d.extras), sets(|d| &d.groups));
    let is_extra = |set: &String| extras.contains(set.as_str()) && !groups.contains(set.as_str());
    for id in lock.ids() {
        let Some(component) = lock.context.component_mut(id) else {
            continue;
        };
        for declaration in &mut component.declarations {
            let (extras, groups) = std::mem::take(&mut declaration.groups)
                .into_iter()
                .partition(is_extra);
            declaration.groups = groups;
            let extras: Vec<String> = extras;
            for extra in extras {
                push_unique(&mut declaration.extras, extra);
            }
        }
    }
}

/// The files of a package, in the package itself or in the table that older formats keep for all.
fn files<'t, 'a>(
    table: &'t Table<'a>,
    old_files: Option<&HashMap<&str, &'t Node<'a>>>,
) -> &'t [Node<'a>] {
    if let Some(files) = table.get("files") {
        return files.items();
    }
    let key = format!(
        "{} {}",
        table.str("name").unwrap_or(""),
        table.str("version").unwrap_or("")
    );
    let files = old_files.and_then(|old| old.get(key.as_str()));
    files.map_or(&[], |node| node.items())
}

/// A package asked for with extras is listed twice: alone and with its extras. Both are one component.
fn package(
    lock: &mut Lock<'_, '_, '_>,
    table: &Table<'_>,
    old_files: Option<&HashMap<&str, &Node<'_>>>,
) -> Option<ComponentId> {
    let at = table
        .entry("name")
        .map_or(table.offset(), |e| e.at as usize);
    let marker = match table.str("marker") {
        Some(text) => {
            let location = lock.location(at);
            lock.context.marker(text, &location)
        }
        None => None,
    };
    let mut component = lock.component(table, at, marker)?;
    let groups: Vec<&str> = table
        .items("groups")
        .iter()
        .filter_map(Node::as_str)
        .collect();
    if let Some(declaration) = component.declarations.first_mut()
        && !groups.contains(&"default")
    {
        declaration.groups = groups.into_iter().map(str::to_owned).collect();
    }
    let same = lock.named(&component.name).iter().copied().find(|id| {
        lock.context.component(*id).is_some_and(|c| {
            c.version == component.version
                && c.declarations.first().map(|d| &d.marker)
                    == component.declarations.first().map(|d| &d.marker)
        })
    });
    if let Some(same) = same
        && table.get("extras").is_some()
    {
        return Some(same);
    }
    component.source = source_of(table);
    if matches!(component.source, Source::Path { .. })
        && table.get("path").is_some()
        && component.version.as_str().is_none()
    {
        lock::as_project(&mut component);
    }
    component.hashes = files(table, old_files)
        .iter()
        .filter_map(|file| lock::digest(file.as_table()?.str("hash")))
        .collect();
    lock.add(component)
}

fn edge(lock: &mut Lock<'_, '_, '_>, from: ComponentId, text: &str) {
    if let Ok(requirement) = Requirement::parse(text) {
        let marker = requirement
            .marker
            .as_ref()
            .map(hognose_types::Marker::as_str);
        lock.edge_by_name(from, requirement.name.as_str(), marker);
    }
}

fn source_of(table: &Table<'_>) -> Source {
    if let Some(git) = table.str("git") {
        return Source::Vcs {
            url: RedactedUrl::new(format!("git+{git}")),
            reference: table.str("ref").map(str::to_owned),
            commit: table.str("revision").map(str::to_owned),
        };
    }
    if let Some(url) = table.str("url") {
        return Source::Url {
            url: RedactedUrl::new(url),
        };
    }
    if let Some(path) = table.str("path") {
        return Source::Path {
            path: path.to_owned(),
            editable: table.get("editable").is_some_and(Node::is_true),
        };
    }
    Source::Default
}
