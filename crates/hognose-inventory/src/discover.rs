//! Finding what is in a directory.

use hognose_types::Location;

use crate::context::Context;
use crate::path;
use crate::tree::EntryKind;
use crate::{readers, sniff};

/// Reads what a directory holds.
pub(crate) fn discover(context: &mut Context<'_>, directory: &str) {
    match context.tree.list(directory, context.options.limits.entries) {
        Ok(entries) => {
            for entry in entries {
                if entry.kind == EntryKind::File
                    && let Some(format) = sniff::by_name(&entry.name)
                {
                    readers::read_file(context, &path::join(directory, &entry.name), format);
                }
            }
        }
        Err(error) => context.unreadable(
            Location::file(directory),
            format!("cannot list the directory: {error}"),
            "check the permissions",
        ),
    }
}
