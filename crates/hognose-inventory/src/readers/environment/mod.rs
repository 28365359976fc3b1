//! Installed environments: virtual environments, `site-packages`, `pip install --target` directories.
//!
//! What is installed is told by the `.dist-info` and `.egg-info` entries. Nothing is imported and no
//! interpreter is asked.

mod direct_url;
mod distribution;
mod needs;

use hognose_types::{
    Component, ComponentKind, ComponentVersion, Declaration, InputFormat, InputId, Location,
    PackageName,
};

use self::needs::Installed;
use crate::context::Context;
use crate::path;
use crate::tree::{EntryKind, Tree};

/// The format of a directory that is an environment; `None` for any other directory.
pub(crate) fn recognise(tree: &dyn Tree, path: &str) -> Option<InputFormat> {
    let is_file = |name: &str| tree.kind(&path::join(path, name)) == Some(EntryKind::File);
    let is_directory =
        |name: &str| tree.kind(&path::join(path, name)) == Some(EntryKind::Directory);
    if path::name(path) == "conda-meta" || is_directory("conda-meta") {
        return Some(InputFormat::CondaMeta);
    }
    if is_file("pyvenv.cfg") || matches!(path::name(path), "site-packages" | "dist-packages") {
        return Some(InputFormat::Environment);
    }
    // `pip install --target`: a `.dist-info` among the packages.
    let entries = tree.list(path, 100_000).ok()?;
    let installed = |name: &str| name.ends_with(".dist-info");
    entries
        .iter()
        .any(|e| e.kind == EntryKind::Directory && installed(&e.name))
        .then_some(InputFormat::Environment)
}

/// Reads an environment: the directory of a virtual environment, or one `site-packages`.
pub(crate) fn read(context: &mut Context<'_>, path: &str) {
    if !context.first_visit(path) {
        return;
    }
    let input = context.input(path, InputFormat::Environment);
    interpreter(context, input, path);
    let sites = site_directories(context, path);
    let mut installed = Installed::default();
    if sites.is_empty() {
        site(context, input, path, &mut installed);
    }
    for directory in sites {
        if context.first_visit(&directory) {
            site(context, input, &directory, &mut installed);
        }
    }
    installed.connect(context);
}

/// Adds the edges between artifacts that were scanned together.
pub(crate) fn connect_artifacts(context: &mut Context<'_>) {
    let artifacts = context.take_artifacts();
    let mut together = Installed::default();
    for (id, requires) in artifacts {
        together.add_artifact(context, id, requires);
    }
    let missing = together.missing();
    if missing > 0 {
        context.notice(
            None,
            format!(
                "{missing} requirement{} of the scanned artifacts {} not among them: not judged",
                if missing == 1 { "" } else { "s" },
                if missing == 1 { "is" } else { "are" }
            ),
        );
    }
    together.connect(context);
}

/// `lib/python3.*/site-packages` of a virtual environment, `Lib/site-packages` on Windows.
fn site_directories(context: &Context<'_>, path: &str) -> Vec<String> {
    let mut out = Vec::new();
    for lib in ["lib", "lib64"] {
        let lib = path::join(path, lib);
        for entry in context
            .tree
            .list(&lib, context.options.limits.entries)
            .unwrap_or_default()
        {
            if entry.name.starts_with("python") || entry.name.starts_with("pypy") {
                for packages in ["site-packages", "dist-packages"] {
                    out.push(path::join(&path::join(&lib, &entry.name), packages));
                }
            }
        }
    }
    out.push(path::join(path, "Lib/site-packages"));
    out.retain(|directory| context.tree.kind(directory) == Some(EntryKind::Directory));
    out
}

/// The interpreter a virtual environment was made with, from `pyvenv.cfg`.
fn interpreter(context: &mut Context<'_>, input: InputId, path: &str) {
    let file = path::join(path, "pyvenv.cfg");
    let Ok(bytes) = context.tree.read(&file, 64 << 10) else {
        return;
    };
    let text = String::from_utf8_lossy(&bytes);
    let mut found = false;
    for (number, line) in (1_u32..).zip(text.lines()) {
        let Some((key, value)) = line.split_once('=') else {
            continue;
        };
        let (key, value) = (key.trim(), value.trim());
        match key {
            "version" | "version_info" => {
                let Ok(name) = PackageName::new("python") else { continue };
                // virtualenv writes `3.11.7.final.0`.
                let version = value.split(".final").next().unwrap_or(value);
                let declaration = Declaration::new(Location::line(file.as_str(), number), false);
                let mut component = Component::distribution(
                    input,
                    name,
                    ComponentVersion::exact(version),
                    declaration,
                );
                component.kind = ComponentKind::Interpreter;
                // Some tools write both keys.
                if !found {
                    context.add(component);
                }
                found = true;
            }
            "include-system-site-packages" if value.eq_ignore_ascii_case("true") => context.notice(
                Some(Location::line(file.as_str(), number)),
                "the environment also sees the system's packages, which were not read; name their site-packages directory too",
            ),
            _ => {}
        }
    }
}

/// One `site-packages` directory.
fn site(context: &mut Context<'_>, input: InputId, directory: &str, installed: &mut Installed) {
    let entries = match context.tree.list(directory, context.options.limits.entries) {
        Ok(entries) => entries,
        Err(error) => return context.read_error(directory, &error),
    };
    for entry in entries {
        if !context.has_room(directory) {
            return;
        }
        distribution::read(context, input, directory, &entry, installed);
    }
}
