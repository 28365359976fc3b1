//! conda: environment files, `conda-lock` files and installed environments.

mod environment;
mod lock;
mod meta;
mod names;
mod spec;
mod yaml;

use hognose_types::rules::gap_unmapped;
use hognose_types::{
    Component, ComponentKind, ComponentVersion, CondaIdentity, Declaration, InputId, Location,
    PackageName, text,
};

pub(crate) use environment::read as read_environment;
pub(crate) use lock::read as read_lock;
pub(crate) use meta::read as read_installed;
use names::distribution;

use crate::context::Context;

/// What to do about packages that only a file names.
pub(crate) const SCAN_INSTALLED: &str = "scan the installed environment; libraries that are no Python distributions need another scanner";
/// What to do about installed packages without distribution metadata.
const OTHER_SCANNER: &str =
    "they hold no Python distribution: another scanner must judge them, or allow this gap";
/// Names shown in the gap about packages without a known distribution name.
const NAMES_SHOWN: usize = 8;

/// Interpreters are listed and not judged here: distributions' advisories say nothing about them.
fn is_interpreter(name: &str) -> bool {
    matches!(name, "python" | "pypy" | "python_abi")
}

/// A conda package, under its distribution name where one is known.
pub(crate) fn component(
    context: &mut Context<'_>,
    input: InputId,
    identity: CondaIdentity,
    version: ComponentVersion,
    declaration: Declaration,
) -> Option<Component> {
    let mapped = distribution(&identity.name);
    let name = match mapped {
        Some(name) => PackageName::new(name).ok()?,
        // conda allows a leading underscore (`_libgcc_mutex`), which no distribution has.
        None => context.name(identity.name.trim_start_matches('_'), &declaration.location)?,
    };
    let mut component = Component::distribution(input, name, version, declaration);
    if is_interpreter(&identity.name) {
        component.kind = ComponentKind::Interpreter;
        if component.version.as_str().is_none() {
            component.version = ComponentVersion::Unknown;
        }
        return Some(component);
    }
    component.kind = ComponentKind::Conda;
    component.conda = Some(CondaIdentity {
        mapped: mapped.is_some(),
        ..identity
    });
    if mapped.is_none() && component.version.as_str().is_none() {
        // One gap says that it is not judged; a second one about its version would add nothing.
        component.version = ComponentVersion::Unknown;
    }
    Some(component)
}

/// An identity that only a name is known of.
pub(crate) fn identity(name: &str) -> CondaIdentity {
    CondaIdentity {
        name: name.to_ascii_lowercase(),
        channel: None,
        build: None,
        subdir: None,
        mapped: false,
    }
}

/// One gap for all packages of a file that no advisory can name.
pub(crate) fn unmapped(
    context: &mut Context<'_>,
    location: Location,
    names: &mut Vec<String>,
    hint: &str,
) {
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        return;
    }
    let shown: Vec<String> = names
        .iter()
        .take(NAMES_SHOWN)
        .map(|n| text::short(n, 60))
        .collect();
    let more = names.len().saturating_sub(NAMES_SHOWN);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    context.gap(
        gap_unmapped::ID,
        location,
        format!(
            "listed and not judged, for no Python distribution name is known: {}{more}",
            shown.join(", ")
        ),
        hint,
    );
}

/// The conda name of a component that cannot be judged.
pub(crate) fn unmapped_name(component: &Component) -> Option<String> {
    let conda = component.conda.as_ref()?;
    (!conda.mapped).then(|| conda.name.clone())
}
