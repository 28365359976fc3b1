//! `pyproject.toml`: PEP 621, PEP 735, and the tables of Poetry, PDM, Hatch, setuptools and uv.

mod poetry;
mod sources;
mod tools;

use std::collections::{BTreeMap, BTreeSet};

use hognose_types::{PackageName, text};

use super::manifest::{Manifest, Place, Project};
use crate::context::{push_unique, short_error};
use crate::document::{self, Document, Entry, Node, Table, Value};
use crate::source_text::LineCursor;

/// Most requirements read from one manifest.
const MAX_DECLARED: usize = 20_000;

/// Most dependency groups or extras of one manifest.
const MAX_SETS: usize = 256;

/// Reads a manifest.
pub(crate) fn parse(text: &str, depth: usize) -> Manifest {
    let document = document::parse(text, depth, &[]);
    let mut builder = Builder::new(text, &document);
    let root = &document.root;
    builder.project(root);
    builder.groups(root);
    if let Some(poetry) = root.at_path(&["tool", "poetry"]) {
        builder.poetry(poetry);
    }
    builder.tools(root);
    builder.build_system(root);
    builder.uv_sources(root);
    builder.manifest
}

/// Reads the metadata block of a script (PEP 723): `dependencies` at the top, and uv's sources.
pub(crate) fn parse_script(text: &str, depth: usize) -> Manifest {
    let document = document::parse(text, depth, &[]);
    let mut builder = Builder::new(text, &document);
    if let Some(entry) = document.root.entry("dependencies") {
        builder.list(entry, &Place::default());
    }
    builder.uv_sources(&document.root);
    builder.manifest
}

/// A manifest while it is read.
struct Builder<'t> {
    manifest: Manifest,
    lines: LineCursor<'t>,
    said_full: bool,
}

impl<'t> Builder<'t> {
    fn new(text: &'t str, document: &Document<'_>) -> Self {
        let mut builder = Self {
            manifest: Manifest::default(),
            lines: LineCursor::new(text.as_bytes()),
            said_full: false,
        };
        if let Some(fault) = &document.fault {
            let line = builder.lines.line(fault.at);
            builder.manifest.fault(
                Some(line),
                format!("not valid TOML: {}", short_error(&fault.message)),
                "correct the file; what could be read around the fault was read",
            );
        }
        builder
    }

    fn line(&mut self, at: u32) -> u32 {
        self.lines.line(at as usize)
    }

    fn fault_at(&mut self, at: u32, message: impl Into<String>, hint: &'static str) {
        let line = self.line(at);
        self.manifest.fault(Some(line), message, hint);
    }

    /// An array of PEP 508 requirements.
    fn list(&mut self, entry: &Entry<'_>, place: &Place) {
        let Value::Array(items) = &entry.node.value else {
            return self.fault_at(
                entry.at,
                format!(
                    "\"{}\" is not a list of requirements",
                    text::short(&entry.key, 60)
                ),
                "write it as `[\"name>=1.0\"]`",
            );
        };
        for item in items {
            match item.as_str() {
                Some(requirement) => self.requirement(requirement, item.at, place),
                None => self.fault_at(item.at, "not a requirement", "write it as `\"name>=1.0\"`"),
            }
        }
    }

    fn requirement(&mut self, raw: &str, at: u32, place: &Place) {
        let line = self.line(at);
        if self.is_full(line) {
            return;
        }
        self.manifest.requirement(raw, line, place);
    }

    /// True when no more requirements are read; said once.
    fn is_full(&mut self, line: u32) -> bool {
        let full = self.manifest.declared.len() >= MAX_DECLARED;
        if full && !self.said_full {
            self.said_full = true;
            self.manifest.fault(
                Some(line),
                format!("more than {MAX_DECLARED} requirements: the rest was not read"),
                "split the project",
            );
        }
        full
    }

    /// The identity of the project, unless a table read before gave it.
    fn identity(&mut self, table: &Table<'_>) {
        if self.manifest.project.is_some() {
            return;
        }
        if let Some(entry) = table.entry("name")
            && let Some(raw) = entry.node.as_str()
        {
            let line = self.line(entry.at);
            match PackageName::new(raw) {
                Ok(name) => {
                    let version = table.str("version").map(str::to_owned);
                    self.manifest.project = Some(Project {
                        name,
                        version,
                        line,
                    });
                }
                Err(error) => self.manifest.fault(
                    Some(line),
                    short_error(&error),
                    "correct the project's name; the rest of the file was read",
                ),
            }
        }
    }

    /// `[project]` (PEP 621).
    fn project(&mut self, root: &Table<'_>) {
        let Some(project) = root.table("project") else {
            return;
        };
        self.identity(project);
        if let Some(entry) = project.entry("dependencies") {
            self.list(entry, &Place::default());
        }
        if let Some(extras) = project.table("optional-dependencies") {
            for entry in &extras.entries {
                self.list(entry, &Place::extra(&entry.key));
            }
        }
        for item in project.items("dynamic") {
            if matches!(
                item.as_str(),
                Some("dependencies" | "optional-dependencies")
            ) {
                let line = self.line(item.at);
                self.manifest.dynamic.get_or_insert(line);
            }
        }
    }

    /// `[dependency-groups]` (PEP 735). A group's requirements belong to every group that includes it.
    fn groups(&mut self, root: &Table<'_>) {
        let Some(groups) = root.table("dependency-groups") else {
            return;
        };
        let normal: fn(&str) -> String =
            |name| PackageName::new(name).map_or_else(|_| name.to_owned(), |n| n.to_string());
        let known: BTreeSet<String> = groups.entries.iter().map(|e| normal(&e.key)).collect();
        if known.len() > MAX_SETS {
            self.fault_at(
                groups.at,
                format!("more than {MAX_SETS} dependency groups: not read"),
                "split the project",
            );
            return;
        }
        let included_by = self.includes(groups, &known, normal);
        for entry in &groups.entries {
            let own = normal(&entry.key);
            let members = including(&own, &included_by);
            if members.iter().skip(1).any(|group| *group == own) {
                self.fault_at(
                    entry.at,
                    format!(
                        "the dependency group \"{}\" includes itself",
                        text::short(&own, 60)
                    ),
                    "remove the include that closes the loop",
                );
            }
            let mut place = Place::default();
            for group in members {
                push_unique(&mut place.groups, group);
            }
            self.group_items(entry, &place);
        }
    }

    /// Which groups include which, by the name of the included one.
    fn includes(
        &mut self,
        groups: &Table<'_>,
        known: &BTreeSet<String>,
        normal: fn(&str) -> String,
    ) -> BTreeMap<String, Vec<String>> {
        let mut included_by: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for entry in &groups.entries {
            for item in entry.node.items() {
                let Some(target) = item.as_table().and_then(|t| t.str("include-group")) else {
                    continue;
                };
                if known.contains(&normal(target)) {
                    let list = included_by.entry(normal(target)).or_default();
                    push_unique(list, normal(&entry.key));
                } else {
                    let shown = text::short(target, 60);
                    self.fault_at(
                        item.at,
                        format!("there is no dependency group \"{shown}\""),
                        "correct the name",
                    );
                }
            }
        }
        included_by
    }

    fn group_items(&mut self, entry: &Entry<'_>, place: &Place) {
        if !matches!(entry.node.value, Value::Array(_)) {
            return self.list(entry, place);
        }
        for item in entry.node.items() {
            match &item.value {
                Value::String(requirement) => self.requirement(requirement, item.at, place),
                Value::Table(table) if table.get("include-group").is_some() => {}
                _ => self.fault_at(item.at, "not a requirement", "write it as `\"name>=1.0\"`"),
            }
        }
    }

    fn build_system(&mut self, root: &Table<'_>) {
        if let Some(entry) = root.table("build-system").and_then(|t| t.entry("requires")) {
            self.list(entry, &Place::build());
        }
    }
}

/// The group itself, then every group that includes it, directly or not; the group again at the end
/// when it includes itself.
fn including(group: &str, included_by: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let mut out = vec![group.to_owned()];
    let mut at = 0;
    let mut looped = false;
    while let Some(current) = out.get(at).cloned() {
        for parent in included_by.get(&current).into_iter().flatten() {
            if parent == group {
                looped = true;
            } else if !out.contains(parent) {
                out.push(parent.clone());
            }
        }
        at += 1;
    }
    if looped {
        out.push(group.to_owned());
    }
    out
}

/// True for `key = true`.
fn flag(table: &Table<'_>, key: &str) -> bool {
    table.get(key).is_some_and(Node::is_true)
}
