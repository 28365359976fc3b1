//! `Pipfile`: Pipenv's manifest.

use std::collections::HashMap;

use hognose_types::{Marker, PackageName, RedactedUrl, Source, Specifiers};

use super::manifest::{Declared, Manifest, Wanted};
use crate::context::short_error;
use crate::direct::{self, Direct};
use crate::document::{self, Entry, Node, Table, Value};
use crate::source_text::LineCursor;

/// Reads a manifest.
pub(crate) fn parse(text: &str, depth: usize) -> Manifest {
    let document = document::parse(text, depth, &[]);
    let mut manifest = Manifest::default();
    let mut lines = LineCursor::new(text.as_bytes());
    if let Some(fault) = &document.fault {
        manifest.fault(
            Some(lines.line(fault.at)),
            format!("not valid TOML: {}", short_error(&fault.message)),
            "correct the file; what could be read around the fault was read",
        );
    }
    let indexes: HashMap<&str, &str> = document
        .root
        .tables("source")
        .filter_map(|index| Some((index.str("name")?, index.str("url")?)))
        .collect();
    for category in &document.root.entries {
        let groups = match &*category.key {
            "source" | "requires" | "pipenv" | "scripts" => continue,
            "packages" => Vec::new(),
            "dev-packages" => vec!["dev".to_owned()],
            other => vec![other.to_owned()],
        };
        let Some(table) = category.node.as_table() else {
            continue;
        };
        for entry in &table.entries {
            let line = lines.line(entry.at as usize);
            package(&mut manifest, &indexes, entry, line, &groups);
        }
    }
    manifest
}

fn package(
    manifest: &mut Manifest,
    indexes: &HashMap<&str, &str>,
    entry: &Entry<'_>,
    line: u32,
    groups: &[String],
) {
    let name = match PackageName::new(&entry.key) {
        Ok(name) => name,
        Err(error) => return manifest.fault(Some(line), short_error(&error), "correct the name"),
    };
    let (wanted, marker) = match &entry.node.value {
        Value::String(text) => (versions(text, Source::Default), None),
        Value::Table(table) => (table_wanted(indexes, table), table_marker(table)),
        _ => {
            return manifest.fault(
                Some(line),
                "cannot read the package",
                "write it as `name = \"*\"`",
            );
        }
    };
    let marker = marker.and_then(|raw| match Marker::parse(&raw) {
        Ok(marker) => Some(marker),
        Err(error) => {
            manifest.fault(
                Some(line),
                short_error(&error),
                "correct the marker; the entry was read as if it had none",
            );
            None
        }
    });
    manifest.declared.push(Declared {
        name,
        wanted,
        line,
        groups: groups.to_vec(),
        extras: Vec::new(),
        marker,
        build: false,
    });
}

fn versions(text: &str, source: Source) -> Wanted {
    let text = text.trim();
    let pin = Specifiers::parse(text)
        .ok()
        .and_then(|s| s.pinned().map(str::to_owned));
    Wanted::Versions {
        text: if text == "*" {
            String::new()
        } else {
            text.to_owned()
        },
        pin,
        source,
    }
}

fn table_wanted(indexes: &HashMap<&str, &str>, table: &Table<'_>) -> Wanted {
    let plain = |source| {
        Wanted::Direct(Direct {
            source,
            name: None,
            version: None,
            hash: None,
        })
    };
    if let Some(git) = table.str("git") {
        return plain(Source::Vcs {
            url: RedactedUrl::new(format!("git+{git}")),
            reference: table.str("ref").map(str::to_owned),
            commit: None,
        });
    }
    if let Some(file) = table.str("file") {
        return Wanted::Direct(direct::parse_url(file));
    }
    if let Some(path) = table.str("path") {
        let editable = table.get("editable").is_some_and(Node::is_true);
        return plain(Source::Path {
            path: path.to_owned(),
            editable,
        });
    }
    let index = table.str("index").and_then(|name| indexes.get(name));
    let source = index.map_or(Source::Default, |url| Source::Index {
        url: RedactedUrl::new(*url),
    });
    versions(table.str("version").unwrap_or("*"), source)
}

/// Pipenv takes a whole marker, or one key per variable: `sys_platform = "== 'win32'"`.
fn table_marker(table: &Table<'_>) -> Option<String> {
    const VARIABLES: [&str; 8] = [
        "os_name",
        "sys_platform",
        "platform_machine",
        "platform_system",
        "platform_release",
        "python_version",
        "python_full_version",
        "implementation_name",
    ];
    let mut parts: Vec<String> = table
        .str("markers")
        .map(|m| format!("({m})"))
        .into_iter()
        .collect();
    for variable in VARIABLES {
        if let Some(condition) = table.str(variable) {
            parts.push(format!("{variable} {condition}"));
        }
    }
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
