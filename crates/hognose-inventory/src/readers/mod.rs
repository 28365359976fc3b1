//! One reader per format.

pub(crate) mod environment;
mod json;
mod lock;
pub(crate) mod manifest;
mod pdm_lock;
mod pipfile_lock;
mod poetry_lock;
mod pylock;
pub(crate) mod requirements;
mod uv_lock;

use hognose_types::{InputFormat, Location, PackageName};

use crate::context::Context;
use crate::path;
use manifest::Manifest;

/// Reads one file by its format, once.
pub(crate) fn read_file(context: &mut Context<'_>, path: &str, format: InputFormat) {
    if !context.first_visit(path) {
        return;
    }
    let Some(bytes) = context.read(path) else {
        return;
    };
    match format {
        InputFormat::Requirements => requirements::read(context, path, &bytes),
        InputFormat::PoetryLock => poetry_lock::read(context, path, &bytes),
        InputFormat::PdmLock => pdm_lock::read(context, path, &bytes),
        InputFormat::PipfileLock => pipfile_lock::read(context, path, &bytes),
        InputFormat::Pylock => pylock::read(context, path, &bytes),
        InputFormat::UvLock => uv_lock::read(context, path, &bytes),
        _ => context.unreadable(
            Location::file(path),
            format!("a {} is not read by this command", format.label()),
            "name another file",
        ),
    }
}

/// Reads a directory that is an installed environment.
pub(crate) fn read_directory(context: &mut Context<'_>, path: &str, _format: InputFormat) {
    environment::read(context, path);
}

/// Reads a manifest for the names it declares, without making it an input.
pub(crate) fn load_manifest(context: &mut Context<'_>, path: &str) -> Option<Manifest> {
    let bytes = context.tree.read(path, context.options.limits.file_bytes).ok()?;
    let manifest = match crate::sniff::by_name(path::name(path))? {
        InputFormat::Requirements => requirements::declared_lines(&bytes),
        _ => return None,
    };
    Some(manifest)
}

/// Follows a local project that a requirements file installs: reads its manifest, if it may be read,
/// and returns its name.
pub(crate) fn local_project(context: &mut Context<'_>, directory: &str) -> Option<PackageName> {
    let mut name = None;
    for file in ["pyproject.toml", "setup.cfg", "setup.py"] {
        let path = path::join(directory, file);
        if context.tree.kind(&path).is_none() || !context.is_allowed(&path) {
            continue;
        }
        name = name.or_else(|| load_manifest(context, &path)?.project.map(|p| p.name));
        if let Some(format) = crate::sniff::by_name(file) {
            read_file(context, &path, format);
        }
    }
    name
}
