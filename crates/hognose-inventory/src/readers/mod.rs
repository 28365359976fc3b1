//! One reader per format.

mod artifact;
mod conda;
pub(crate) mod environment;
mod json;
mod lock;
pub(crate) mod manifest;
pub(crate) mod metadata;
mod pdm_lock;
mod pipfile;
mod pipfile_lock;
mod poetry_lock;
mod pylock;
mod pyproject;
pub(crate) mod requirements;
mod sbom;
mod script;
mod setup_cfg;
mod setup_py;
mod uv_lock;

use hognose_types::{ComponentId, ComponentKind, InputFormat, Location, PackageName};

use crate::context::Context;
use crate::path;
use manifest::Manifest;

/// Largest manifest: people write them, and not by the megabyte.
const MAX_MANIFEST: u64 = 16 << 20;

/// True for what tools write.
fn may_be_large(format: InputFormat) -> bool {
    format.is_lock()
        || matches!(
            format,
            InputFormat::Requirements | InputFormat::CycloneDx | InputFormat::Spdx
        )
}

/// Reads one file by its format, once.
pub(crate) fn read_file(context: &mut Context<'_>, path: &str, format: InputFormat) {
    if !context.first_visit(path) {
        return;
    }
    if matches!(format, InputFormat::Wheel | InputFormat::Sdist) {
        return artifact::read(context, path, format);
    }
    let mut limit = context.options.limits.file_bytes;
    if !may_be_large(format) {
        limit = limit.min(MAX_MANIFEST);
    }
    let Some(bytes) = context.read_within(path, limit) else {
        return;
    };
    match format {
        InputFormat::Requirements => requirements::read(context, path, &bytes),
        InputFormat::PoetryLock => poetry_lock::read(context, path, &bytes),
        InputFormat::PdmLock => pdm_lock::read(context, path, &bytes),
        InputFormat::PipfileLock => pipfile_lock::read(context, path, &bytes),
        InputFormat::Pylock => pylock::read(context, path, &bytes),
        InputFormat::UvLock => uv_lock::read(context, path, &bytes),
        InputFormat::CondaEnvironment => conda::read_environment(context, path, &bytes),
        InputFormat::CondaLock => conda::read_lock(context, path, &bytes),
        InputFormat::CycloneDx => sbom::cyclonedx::read(context, path, &bytes),
        InputFormat::Spdx => sbom::spdx::read(context, path, &bytes),
        InputFormat::Pyproject
        | InputFormat::SetupCfg
        | InputFormat::SetupPy
        | InputFormat::Pipfile
        | InputFormat::Script => {
            let Some(text) = context.decode(path, &bytes) else {
                context.input(path, format);
                return;
            };
            if let Some(manifest) = parse_manifest(&text, format, context.options.limits.depth) {
                manifest::emit(context, path, format, &manifest);
            }
        }
        _ => context.unreadable(
            Location::file(path),
            format!("a {} is not read by this command", format.label()),
            "name another file",
        ),
    }
}

fn parse_manifest(text: &str, format: InputFormat, depth: usize) -> Option<Manifest> {
    Some(match format {
        InputFormat::Pyproject => pyproject::parse(text, depth),
        InputFormat::SetupCfg => setup_cfg::parse(text),
        InputFormat::SetupPy => setup_py::parse(text),
        InputFormat::Pipfile => pipfile::parse(text, depth),
        InputFormat::Script => script::parse(text, depth),
        _ => return None,
    })
}

/// Reads a directory that is an installed environment.
pub(crate) fn read_directory(context: &mut Context<'_>, path: &str, format: InputFormat) {
    if format == InputFormat::CondaMeta {
        conda::read_installed(context, path);
    } else {
        environment::read(context, path);
    }
}

/// Reads a manifest for the names it declares, without making it an input.
pub(crate) fn load_manifest(context: &mut Context<'_>, path: &str) -> Option<Manifest> {
    let bytes = context.tree.read(path, MAX_MANIFEST).ok()?;
    let name = path::name(path);
    match crate::sniff::by_name(name) {
        Some(InputFormat::Requirements) => Some(requirements::declared_lines(&bytes)),
        None if !name.ends_with(".py") => Some(requirements::declared_lines(&bytes)),
        format => {
            let text = crate::source_text::decode(&bytes).ok()?;
            let format = format.unwrap_or(InputFormat::Script);
            parse_manifest(&text, format, context.options.limits.depth)
        }
    }
}

/// A local project that a requirements file installs.
pub(crate) struct Local {
    pub(crate) name: PackageName,
    /// Its component, when its manifest was read in this scan.
    pub(crate) component: Option<ComponentId>,
}

/// Follows a local project: reads its manifest, if it may be read.
pub(crate) fn local_project(context: &mut Context<'_>, directory: &str) -> Option<Local> {
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
    let name = name?;
    let component = context.components().iter().position(|c| {
        c.kind == ComponentKind::Project
            && c.name == name
            && c.declarations
                .iter()
                .any(|d| path::parent(&d.location.file) == directory)
    });
    Some(Local {
        name,
        component: component.map(ComponentId),
    })
}
