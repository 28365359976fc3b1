//! `[tool.poetry]`: Poetry's own notation for dependencies.

use std::collections::HashMap;

use hognose_types::{Marker, PackageName, RedactedUrl, Source, Version, text};

use super::{Builder, MAX_SETS, flag};
use crate::context::{push_unique, short_error};
use crate::direct::{self, Direct};
use crate::document::{Entry, Node, Table, Value};
use crate::readers::manifest::{Declared, Place, Wanted};

impl Builder<'_> {
    pub(super) fn poetry(&mut self, poetry: &Table<'_>) {
        self.identity(poetry);
        let before = self.manifest.declared.len();
        if let Some(table) = poetry.table("dependencies") {
            self.poetry_table(table, &Place::default());
        }
        if let Some(extras) = poetry.table("extras") {
            self.poetry_extras(extras, before);
        }
        if let Some(table) = poetry.table("dev-dependencies") {
            self.poetry_table(table, &Place::group("dev"));
        }
        for entry in poetry
            .table("group")
            .map_or(&[][..], |groups| &groups.entries)
        {
            if let Some(table) = entry
                .node
                .as_table()
                .and_then(|group| group.table("dependencies"))
            {
                self.poetry_table(table, &Place::group(&entry.key));
            }
        }
    }

    fn poetry_table(&mut self, table: &Table<'_>, place: &Place) {
        for entry in table.entries.iter().filter(|entry| entry.key != "python") {
            match &entry.node.value {
                Value::Array(variants) => {
                    for variant in variants {
                        self.poetry_entry(entry, variant, place);
                    }
                }
                _ => self.poetry_entry(entry, &entry.node, place),
            }
        }
    }

    fn poetry_entry(&mut self, entry: &Entry<'_>, node: &Node<'_>, place: &Place) {
        let line = self
            .lines
            .line(if std::ptr::eq(node, &raw const entry.node) {
                entry.at as usize
            } else {
                node.offset()
            });
        let name = match PackageName::new(&entry.key) {
            Ok(name) => name,
            Err(error) => {
                return self
                    .manifest
                    .fault(Some(line), short_error(&error), "correct the name");
            }
        };
        let (wanted, marker) = match &node.value {
            Value::String(constraint) => (versions(constraint), None),
            Value::Table(table) => (poetry_wanted(table), poetry_marker(table)),
            _ => {
                return self.manifest.fault(
                    Some(line),
                    format!(
                        "cannot read the dependency \"{}\"",
                        text::short(&entry.key, 60)
                    ),
                    "write it as `name = \"^1.0\"`",
                );
            }
        };
        let marker = match marker.map(|raw| Marker::parse(&raw)) {
            Some(Err(error)) => {
                self.manifest.fault(
                    Some(line),
                    short_error(&error),
                    "correct the marker; the entry was read as if it had none",
                );
                None
            }
            Some(Ok(marker)) => Some(marker),
            None => None,
        };
        if self.is_full(line) {
            return;
        }
        self.manifest.declared.push(Declared {
            name,
            wanted,
            line,
            groups: place.groups.clone(),
            extras: place.extras.clone(),
            marker,
            build: false,
        });
    }

    /// `[tool.poetry.extras]` names the optional dependencies that each extra switches on.
    fn poetry_extras(&mut self, extras: &Table<'_>, before: usize) {
        let mut by_name: HashMap<PackageName, Vec<usize>> = HashMap::new();
        for (at, declared) in self.manifest.declared.iter().enumerate().skip(before) {
            by_name.entry(declared.name.clone()).or_default().push(at);
        }
        for entry in &extras.entries {
            for raw in entry.node.strings() {
                let bare = raw
                    .split([' ', '[', '(', '>', '=', '<'])
                    .next()
                    .unwrap_or(raw);
                let Ok(name) = PackageName::new(bare) else {
                    continue;
                };
                for at in by_name.get(&name).into_iter().flatten() {
                    if let Some(declared) = self.manifest.declared.get_mut(*at)
                        && declared.extras.len() < MAX_SETS
                    {
                        push_unique(&mut declared.extras, entry.key.to_string());
                    }
                }
            }
        }
    }
}

/// `^1.2`, `~1.2`, `*`, `>=1,<2`, and `1.2.3`, which Poetry reads as exactly that version.
fn versions(constraint: &str) -> Wanted {
    let text = constraint.trim();
    let bare = text.trim_start_matches("==").trim();
    let exact = Version::new(bare).is_ok() && !text.starts_with("===");
    Wanted::Versions {
        text: if text == "*" {
            String::new()
        } else {
            text.to_owned()
        },
        pin: exact.then(|| bare.to_owned()),
        source: Source::Default,
    }
}

fn poetry_wanted(table: &Table<'_>) -> Wanted {
    if let Some(git) = table.str("git") {
        let reference = ["rev", "tag", "branch"]
            .iter()
            .find_map(|key| table.str(key));
        return Wanted::Direct(bare(Source::Vcs {
            url: RedactedUrl::new(format!("git+{git}")),
            reference: reference.map(str::to_owned),
            commit: None,
        }));
    }
    if let Some(url) = table.str("url") {
        return Wanted::Direct(direct::parse_url(url));
    }
    if let Some(path) = table.str("path") {
        let mut found = bare(Source::Path {
            path: path.to_owned(),
            editable: flag(table, "develop"),
        });
        if let Some((name, version)) = direct::artifact_name(crate::path::name(path)) {
            (found.name, found.version) = (Some(name), Some(version));
        }
        return Wanted::Direct(found);
    }
    versions(table.str("version").unwrap_or("*"))
}

fn bare(source: Source) -> Direct {
    Direct {
        source,
        name: None,
        version: None,
        hash: None,
    }
}

/// `markers`, `python` and `platform` all narrow the dependency.
fn poetry_marker(table: &Table<'_>) -> Option<String> {
    let mut parts: Vec<String> = Vec::new();
    parts.extend(table.str("markers").map(|m| format!("({m})")));
    for clause in table.str("python").into_iter().flat_map(|p| p.split(',')) {
        let clause = clause.trim();
        let operator: String = clause
            .chars()
            .take_while(|c| "<>=!~".contains(*c))
            .collect();
        let version = clause[operator.len()..].trim();
        // Poetry's `^` and `~` are left out: without them the entry counts more often, never less.
        if !operator.is_empty() && operator != "~" && Version::new(version).is_ok() {
            parts.push(format!("python_version {operator} '{version}'"));
        }
    }
    parts.extend(
        table
            .str("platform")
            .filter(|p| !p.contains(['\'', '"']))
            .map(|p| format!("sys_platform == '{p}'")),
    );
    match parts.as_slice() {
        [] => None,
        [one] => Some(
            one.strip_prefix('(')
                .and_then(|m| m.strip_suffix(')'))
                .unwrap_or(one)
                .to_owned(),
        ),
        _ => Some(parts.join(" and ")),
    }
}
