//! conda: environment files, `conda-lock` files and installed environments.

mod environment;
mod lock;
mod meta;
mod names;
mod spec;
mod yaml;

use hognose_types::{
    Component, ComponentKind, ComponentVersion, CondaIdentity, Declaration, InputId, PackageName,
};

pub(crate) use environment::read as read_environment;
pub(crate) use lock::read as read_lock;
pub(crate) use meta::read as read_installed;
use names::distribution;

use crate::context::Context;

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
