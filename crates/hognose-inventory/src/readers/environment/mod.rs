//! Installed environments.

use hognose_types::InputFormat;

use crate::context::Context;
use crate::tree::Tree;

/// The format of a directory that is an environment.
pub(crate) fn recognise(_tree: &dyn Tree, _path: &str) -> Option<InputFormat> {
    None
}

/// Reads an environment.
pub(crate) fn read(context: &mut Context<'_>, path: &str) {
    context.input(path, InputFormat::Environment);
}
