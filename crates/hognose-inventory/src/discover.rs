//! Finding what is in a directory: which files are chosen, which are left out, and why.

mod walk;

use hognose_types::{ComponentVersion, InputFormat, Location};

use crate::context::Context;
use crate::path;
use crate::tree::EntryKind;
use crate::{readers, sniff};
use walk::Walk;

/// Searches a directory and what lies below it.
pub(crate) fn discover(context: &mut Context<'_>, root: &str) {
    let mut walk = Walk::new(root);
    let mut beaten = Vec::new();
    while let Some((directory, depth)) = walk.next(context) {
        let Some(found) = look(context, root, &directory, depth, &mut walk) else {
            continue;
        };
        read(context, &directory, &found, depth, &mut beaten);
    }
    // A file that was left out may since have been read because another one names it.
    for (path, reason) in beaten {
        if !context.is_visited(&path) {
            context.skip(&path, reason);
        }
    }
}

/// What one directory holds.
#[derive(Debug, Default)]
struct Found {
    files: Vec<(String, InputFormat)>,
    /// True when some file is no SBOM.
    has_others: bool,
    environments: Vec<String>,
}

/// Sorts the entries of a directory; subdirectories go on the list of what is still to be searched.
fn look(
    context: &mut Context<'_>,
    root: &str,
    directory: &str,
    depth: usize,
    walk: &mut Walk,
) -> Option<Found> {
    let entries = match context.tree.list(directory, context.options.limits.entries) {
        Ok(entries) => entries,
        Err(error) => {
            context.unreadable(
                Location::file(directory),
                format!("cannot list the directory: {error}"),
                "check its permissions, or leave it out with `--exclude`",
            );
            return None;
        }
    };
    let mut found = Found::default();
    for entry in entries {
        let path = path::join(directory, &entry.name);
        if is_excluded(context, root, &path) {
            context.skip(&path, "excluded");
            continue;
        }
        let kind = match entry.kind {
            EntryKind::Symlink => match followed(context, &path, &entry.name) {
                Some(kind) => kind,
                None => continue,
            },
            kind => kind,
        };
        match kind {
            EntryKind::File => {
                if let Some(format) = format_of(context, directory, &entry.name, depth) {
                    found.has_others |=
                        !matches!(format, InputFormat::CycloneDx | InputFormat::Spdx);
                    found.files.push((path, format));
                }
            }
            EntryKind::Directory => {
                walk.directory(context, path, &entry.name, depth, &mut found.environments);
            }
            EntryKind::Symlink | EntryKind::Other => not_regular(context, &path, &entry.name),
        }
    }
    Some(found)
}

/// A link to a file counts like the file; a link to a directory is not entered, since it may lead back.
fn followed(context: &mut Context<'_>, path: &str, name: &str) -> Option<EntryKind> {
    match context.tree.kind(path) {
        Some(EntryKind::File) => {
            sniff::by_name(name)?;
            if context.is_allowed(path) {
                return Some(EntryKind::File);
            }
            context.unreadable(
                Location::file(path),
                "a link to a file outside the scanned directories, which was not opened",
                "name the file itself to scan it",
            );
            None
        }
        Some(EntryKind::Directory) => {
            context.skip(path, "a link to a directory; name it to scan it");
            None
        }
        kind => {
            if kind.is_some() || sniff::by_name(name).is_none() {
                return kind;
            }
            context.unreadable(
                Location::file(path),
                "a link that leads nowhere",
                "restore the file it names, or leave it out with `--exclude`",
            );
            None
        }
    }
}

/// A pipe or device is never opened; one that has the name of a file that would be read is not passed over
/// in silence either.
fn not_regular(context: &mut Context<'_>, path: &str, name: &str) {
    if sniff::by_name(name).is_some() {
        context.unreadable(
            Location::file(path),
            "not a regular file: not opened",
            "put a file in its place, or leave it out with `--exclude`",
        );
    }
}

fn is_excluded(context: &Context<'_>, root: &str, path: &str) -> bool {
    path::is_excluded(&context.options.exclude, root, path)
}

/// The format of a file met while searching. Contents are only looked at where requirements and
/// scripts usually lie.
fn format_of(
    context: &Context<'_>,
    directory: &str,
    name: &str,
    depth: usize,
) -> Option<InputFormat> {
    if let Some(format) = sniff::by_name(name) {
        return Some(format);
    }
    let home = path::name(directory);
    let requirements = matches!(home, "requirements" | "requirement" | "reqs" | "deps")
        && (name.ends_with(".txt") || name.ends_with(".in"));
    let script =
        name.ends_with(".py") && (depth == 0 || matches!(home, "scripts" | "bin" | "tools"));
    if !requirements && !script {
        return None;
    }
    let path = path::join(directory, name);
    let head = context.tree.read_head(&path, sniff::HEAD).ok()?;
    sniff(&path, &head)
}

/// Reads what a directory holds: locks first, for they decide what else is needed.
fn read(
    context: &mut Context<'_>,
    directory: &str,
    found: &Found,
    depth: usize,
    left_out: &mut Vec<(String, String)>,
) {
    let mut files: Vec<&(String, InputFormat)> = found.files.iter().collect();
    files.sort_by_key(|(path, format)| (rank(*format, path), path.clone()));
    for (path, format) in files {
        if context.is_visited(path) {
            continue;
        }
        match beaten(found, path, *format, depth) {
            Some(reason) => left_out.push((path.clone(), reason)),
            None => readers::read_file(context, path, *format),
        }
    }
    environments(context, directory, found);
}

fn rank(format: InputFormat, path: &str) -> usize {
    match format {
        format if format.is_lock() => 0,
        InputFormat::Requirements if sniff::is_constraints_name(path::name(path)) => 2,
        InputFormat::Requirements => 1,
        _ => 3,
    }
}

/// Why a file is not read, if another one in its directory says the same better.
fn beaten(found: &Found, path: &str, format: InputFormat, depth: usize) -> Option<String> {
    use InputFormat as F;
    let files = &found.files;
    // Listed in order of their names.
    let holds = |path: &String| files.binary_search_by(|(other, _)| other.cmp(path)).is_ok();
    let by = |formats: &[F]| {
        files
            .iter()
            .find(|(other, f)| formats.contains(f) && !path::name(other).ends_with(".py.lock"))
            .map(|(other, _)| format!("{} pins it", path::name(other)))
    };
    match format {
        F::Pyproject | F::SetupCfg | F::SetupPy => {
            by(&[F::UvLock, F::PoetryLock, F::PdmLock, F::Pylock])
        }
        F::Pipfile => by(&[F::PipfileLock]),
        F::CondaEnvironment => by(&[F::CondaLock]),
        F::Script => {
            let lock = format!("{path}.lock");
            holds(&lock).then(|| format!("{} pins it", path::name(&lock)))
        }
        F::Requirements if sniff::is_constraints_name(path::name(path)) => Some(
            "a constraints file lists versions without asking for them; name it to scan it"
                .to_owned(),
        ),
        F::Requirements => {
            let compiled = format!("{}.txt", path.strip_suffix(".in")?);
            holds(&compiled).then(|| format!("{} was compiled from it", path::name(&compiled)))
        }
        F::CycloneDx | F::Spdx => found
            .has_others
            .then(|| "an SBOM beside the files it describes; name it to scan it".to_owned()),
        // The directory that was named may be a wheelhouse; below it, artifacts are build results.
        F::Wheel | F::Sdist if depth > 0 => {
            Some("an artifact; name it or its directory to scan it".to_owned())
        }
        _ => None,
    }
}

/// An environment inside the project is read when nothing beside it pins the project.
fn environments(context: &mut Context<'_>, directory: &str, found: &Found) {
    if found.environments.is_empty() {
        return;
    }
    let pin = pinned_by(context, directory);
    for path in &found.environments {
        if let Some(pin) = &pin {
            let name = path::name(path);
            context.skip(
                path,
                format!("{pin} pins this project; name {name} to scan what is installed"),
            );
        } else if let Some(format) = readers::environment::recognise(context.tree, path) {
            readers::read_directory(context, path, format);
        }
    }
}

/// The lock or fully pinned requirements file of a directory.
fn pinned_by(context: &Context<'_>, directory: &str) -> Option<String> {
    let here = |path: &str| path::parent(path) == directory;
    let inputs = context.inputs();
    if let Some(lock) = inputs
        .iter()
        .find(|input| input.format.is_lock() && here(&input.path))
    {
        return Some(path::name(&lock.path).to_owned());
    }
    let (index, input) = inputs
        .iter()
        .enumerate()
        .find(|(_, input)| input.format == InputFormat::Requirements && here(&input.path))?;
    let mut versions = context
        .components()
        .iter()
        .filter(|c| c.input.0 == index)
        .peekable();
    versions.peek()?;
    versions
        .all(|c| !matches!(c.version, ComponentVersion::Range(_)))
        .then(|| path::name(&input.path).to_owned())
}
