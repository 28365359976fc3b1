//! Shows an inventory as text, so that a test states everything that was read.

use std::fmt::Write as _;

use hognose_inventory::{Disk, Inventory, Memory, Options, Target, scan_paths};
use hognose_types::{Component, ComponentKind, ComponentVersion, Source, Version};

/// Each test binary uses its own part; named here, none counts as unused.
const _: () = {
    let _ = (fixture, scan_fixture, scan_memory, scan_memory_for, target);
    let _ = (show, show_gaps, show_component);
};

/// Path of a fixture.
pub(crate) fn fixture(name: &str) -> String {
    format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Scans one fixture, and shows it with paths relative to the fixtures.
pub(crate) fn scan_fixture(name: &str) -> Inventory {
    scan_paths(&Disk, &[fixture(name)], &Options::default())
}

/// Scans files held in memory.
pub(crate) fn scan_memory(files: &[(&str, &str)], paths: &[&str]) -> Inventory {
    scan_memory_for(files, paths, &Options::default())
}

/// Scans files held in memory with options.
pub(crate) fn scan_memory_for(
    files: &[(&str, &str)],
    paths: &[&str],
    options: &Options,
) -> Inventory {
    let tree = Memory::new(files.iter().map(|(p, b)| (*p, b.as_bytes())));
    let paths: Vec<String> = paths.iter().map(|p| (*p).to_owned()).collect();
    scan_paths(&tree, &paths, options)
}

/// A known target.
pub(crate) fn target(python: &str, platform: &str) -> Options {
    Options {
        target: Target {
            python_version: Version::new(python).ok(),
            platform: (!platform.is_empty()).then(|| platform.to_owned()),
        },
        ..Options::default()
    }
}

/// Everything of an inventory, one thing per line.
pub(crate) fn show(inventory: &Inventory) -> String {
    let mut out = String::new();
    for input in &inventory.inputs {
        let _ = writeln!(out, "input {} ({})", input.path, input.format.label());
    }
    for component in &inventory.components {
        let _ = writeln!(out, "{}", show_component(component));
    }
    for edge in &inventory.edges {
        let label = |id| {
            inventory
                .component(id)
                .map(Component::label)
                .unwrap_or_default()
        };
        let marker = edge
            .marker
            .as_ref()
            .map(|m| format!(" if {m}"))
            .unwrap_or_default();
        let _ = writeln!(
            out,
            "edge {} -> {}{marker}",
            label(edge.from),
            label(edge.to)
        );
    }
    for skipped in &inventory.skipped {
        let _ = writeln!(out, "skipped {}: {}", skipped.path, skipped.reason);
    }
    out.push_str(&show_gaps(inventory));
    for notice in &inventory.notices {
        let at = notice
            .location
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        let _ = writeln!(out, "notice {at}: {}", notice.message);
    }
    out.replace(
        &format!("{}/tests/fixtures/", env!("CARGO_MANIFEST_DIR")),
        "",
    )
}

/// The gaps alone.
pub(crate) fn show_gaps(inventory: &Inventory) -> String {
    let mut out = String::new();
    for gap in &inventory.gaps {
        let at = gap
            .location
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        let groups = if gap.groups.is_empty() {
            String::new()
        } else {
            format!(" groups={}", gap.groups.join(","))
        };
        let hint = gap.hint.as_deref().unwrap_or("");
        let subject = if gap.location.as_ref().is_some_and(|l| l.file == gap.subject) {
            String::new()
        } else {
            format!(" {}:", gap.subject)
        };
        let _ = writeln!(
            out,
            "gap {} {at}:{subject} {} ({hint}){groups}",
            gap.rule, gap.message
        );
    }
    out
}

/// One component.
pub(crate) fn show_component(component: &Component) -> String {
    let mut out = component.name.to_string();
    match &component.version {
        ComponentVersion::Pinned(version) => {
            let _ = write!(out, " {version}");
        }
        ComponentVersion::Opaque(version) => {
            let _ = write!(out, " opaque:{version:?}");
        }
        ComponentVersion::Range(range) => {
            let _ = write!(out, " range:{range:?}");
        }
        ComponentVersion::Unknown => out.push_str(" unknown"),
    }
    if component.kind != ComponentKind::Distribution {
        let _ = write!(out, " {:?}", component.kind);
    }
    match &component.source {
        Source::Default => {}
        Source::Index { url } => {
            let _ = write!(out, " index={url}");
        }
        Source::Url { url } => {
            let _ = write!(out, " url={url}");
        }
        Source::Vcs {
            url,
            reference,
            commit,
        } => {
            let _ = write!(out, " vcs={url}");
            for part in [reference, commit].into_iter().flatten() {
                let _ = write!(out, "@{part}");
            }
        }
        Source::Path { path, editable } => {
            let _ = write!(
                out,
                " path={path}{}",
                if *editable { " editable" } else { "" }
            );
        }
    }
    if !component.hashes.is_empty() {
        let _ = write!(out, " hashes={}", component.hashes.len());
    }
    if let Some(license) = &component.license {
        let _ = write!(out, " license={license:?}");
    }
    for declaration in &component.declarations {
        let _ = write!(out, " [{}", declaration.location);
        if declaration.direct {
            out.push_str(" direct");
        }
        if !declaration.groups.is_empty() {
            let _ = write!(out, " groups={}", declaration.groups.join(","));
        }
        if !declaration.extras.is_empty() {
            let _ = write!(out, " extras={}", declaration.extras.join(","));
        }
        if let Some(marker) = &declaration.marker {
            let _ = write!(out, " if {marker}");
        }
        out.push(']');
    }
    out
}
