//! The entry points: from paths to one inventory.

use hognose_types::{Inventory, Location};

use crate::context::Context;
use crate::options::Options;
use crate::tree::{EntryKind, Tree};
use crate::{discover, path, readers, sniff};

/// Reads everything at the given paths; no path means the working directory.
///
/// A file is read by its format. A directory that is an environment (or holds one: `pyvenv.cfg`,
/// `site-packages`) is read as one; any other directory is searched. A path that cannot be read, or
/// whose format is not known, is a gap.
pub fn scan_paths(tree: &dyn Tree, paths: &[String], options: &Options) -> Inventory {
    let mut context = Context::new(tree, options);
    let here = [".".to_owned()];
    let paths = if paths.is_empty() { &here } else { paths };
    // What lies beside a project that is named from here belongs to the same work; what lies beside one
    // that is named by an absolute path may belong to anyone.
    if paths
        .iter()
        .any(|path| !path::is_absolute(path) && !path.starts_with(".."))
    {
        context.allow_working_directory();
    }
    // All first: a file may name another that lies in a directory given later.
    for path in paths {
        if tree.kind(path) == Some(EntryKind::Directory) {
            context.allow(path);
        } else {
            context.allow(path::parent(&path::normalise(path)));
        }
    }
    for path in paths {
        one_path(&mut context, &path::normalise(path));
    }
    readers::environment::connect_artifacts(&mut context);
    context.finish()
}

/// Reads installed environments whose `site-packages` directories are known.
pub fn read_environment(tree: &dyn Tree, site_packages: &[String], options: &Options) -> Inventory {
    let mut context = Context::new(tree, options);
    for directory in site_packages {
        context.allow(directory);
        readers::environment::read(&mut context, &path::normalise(directory));
    }
    context.finish()
}

fn one_path(context: &mut Context<'_>, path: &str) {
    match context.tree.kind(path) {
        None => context.unreadable(
            Location::file(path),
            "no such file or directory",
            "check the path",
        ),
        Some(EntryKind::Directory) => directory(context, path),
        Some(EntryKind::File) => file(context, path),
        Some(EntryKind::Symlink | EntryKind::Other) => context.unreadable(
            Location::file(path),
            "not a regular file or directory",
            "name a file of a known format, or a directory",
        ),
    }
}

fn directory(context: &mut Context<'_>, path: &str) {
    if let Some(format) = readers::environment::recognise(context.tree, path) {
        readers::read_directory(context, path, format);
    } else if context.options.allow_discovery {
        discover::discover(context, path);
    } else {
        context.unreadable(
            Location::file(path),
            "a directory that is not an environment",
            "name the files to scan",
        );
    }
}

fn file(context: &mut Context<'_>, path: &str) {
    let format = sniff::by_name(path::name(path)).or_else(|| {
        let head = context.tree.read_head(path, sniff::HEAD).ok()?;
        sniff(path, &head)
    });
    match format {
        Some(format) => readers::read_file(context, path, format),
        None => context.unreadable(
            Location::file(path),
            "not a format that can be read",
            "name a requirements file, manifest, lock, script with inline metadata, SBOM, wheel or sdist",
        ),
    }
}
