//! Rows of RECORD that state no hash. Installers leave a few so, and for each of them there is a reason that can be looked at;
//! any other would let a file be changed without anybody seeing it.

use std::fs;
use std::path::Path;

use super::claims::{Gathered, small};
use super::paths::{self, Environment, Site, is_within};
use super::report::{Distribution, Problem, ProblemKind, RowFault, Unchecked, Without};
use super::scripts;

/// Most rows of one RECORD that are named.
const MAX_FAULTS: usize = 20;

/// A row that states no hash, of a file that may be there.
#[derive(Debug)]
pub(super) struct Unhashed {
    /// Position of the distribution.
    pub(super) by: usize,
    pub(super) line: u32,
    /// Where it leads.
    pub(super) path: String,
    /// As written.
    pub(super) row: String,
}

/// Whether a row is one of those that never state a hash: RECORD and its signatures cannot, and bytecode that is made when a
/// distribution is installed or imported is compared with its source.
pub(super) fn is_usual(path: &str) -> bool {
    let mut parts = path.rsplit('/');
    let (name, folder) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    match name {
        "RECORD" | "RECORD.jws" | "RECORD.p7s" => folder.ends_with(".dist-info"),
        _ => folder == "__pycache__" && has_ending(name, &["pyc", "pyo"]),
    }
}

/// Looks at every other row, and says what nothing explains.
pub(super) fn check(sites: &[Site], environment: &Environment, gathered: &mut Gathered) {
    let rows = std::mem::take(&mut gathered.unhashed);
    let mut linked: Vec<usize> = Vec::new();
    let (mut of, mut faults) = (usize::MAX, 0_usize);
    for row in rows {
        if of != row.by {
            (of, faults) = (row.by, 0);
        }
        let Some(distribution) = gathered.distributions.get(row.by) else {
            continue;
        };
        match explained(&row.path, distribution, sites, environment) {
            Some(Explained::Elsewhere) => linked.push(row.by),
            None if faults < MAX_FAULTS => {
                faults += 1;
                gathered.problems.push(Problem {
                    file: format!("{}/RECORD", distribution.folder),
                    distribution: Some(row.by),
                    kind: ProblemKind::Row {
                        line: row.line,
                        fault: RowFault::Unhashed(row.row),
                    },
                });
            }
            Some(Explained::Here) | None => {}
        }
    }
    linked.dedup();
    for by in linked {
        let Some(distribution) = gathered.distributions.get(by) else {
            continue;
        };
        let mut unchecked = Unchecked::new(distribution.folder.clone(), Without::Hashes);
        unchecked.distribution = Some(by);
        gathered.unchecked.push(unchecked);
    }
}

/// Why a row needs no hash.
enum Explained {
    /// Nothing in it could be changed to any effect, or it is looked at otherwise.
    Here,
    /// It is a link to files of a cache, which nothing states hashes of.
    Elsewhere,
}

fn explained(
    path: &str,
    distribution: &Distribution,
    sites: &[Site],
    environment: &Environment,
) -> Option<Explained> {
    let (folder, name) = path.rsplit_once('/')?;
    let Ok(metadata) = fs::symlink_metadata(path) else {
        // What is not there cannot have been changed.
        return Some(Explained::Here);
    };
    if metadata.is_symlink() {
        return link(Path::new(path), distribution);
    }
    if metadata.is_dir() {
        return Some(Explained::Here);
    }
    let is_own = folder == distribution.folder && matches!(name, "INSTALLER" | "REQUESTED");
    // virtualenv marks what it installed itself with an empty file.
    let is_mark = has_ending(name, &["virtualenv"])
        && metadata.len() == 0
        && sites.iter().any(|site| site.text == folder);
    // Python 2 wrote bytecode beside its source; newer ones import the source, and no `.pyo`.
    let source = path.strip_suffix('c').filter(|_| name.ends_with(".pyc"));
    let is_unused =
        name.ends_with(".pyo") || source.is_some_and(|source| Path::new(source).is_file());
    if is_own || is_mark || is_unused {
        return Some(Explained::Here);
    }
    let is_program = environment
        .scripts
        .iter()
        .any(|scripts| paths::text(scripts) == folder);
    (is_program && scripts::is_written(Path::new(path), distribution)).then_some(Explained::Here)
}

/// A link that an installer made: into its cache (PDM), or to the sources of what is installed in place (flit).
fn link(path: &Path, distribution: &Distribution) -> Option<Explained> {
    let target = fs::canonicalize(path).ok()?;
    let refers = small(&Path::new(&distribution.folder).join("REFER_TO"));
    if let Some(cache) = refers.and_then(|text| fs::canonicalize(text.trim()).ok()) {
        let is_cached = is_within(&paths::text(&target), &paths::text(&cache));
        return is_cached.then_some(Explained::Elsewhere);
    }
    let sources = distribution.editable.as_deref()?.strip_prefix("file://")?;
    let sources = fs::canonicalize(sources).ok()?;
    is_within(&paths::text(&target), &paths::text(&sources)).then_some(Explained::Here)
}

fn has_ending(name: &str, endings: &[&str]) -> bool {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    endings.contains(&ending)
}
