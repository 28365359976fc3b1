//! Which modules the distributions of an environment provide, by their own records.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::Path;

use hognose_types::PackageName;

/// Largest record of a distribution.
const MAX_RECORD: u64 = 16 << 20;
/// Most distributions of an environment.
const MAX_DISTRIBUTIONS: usize = 20_000;

/// Adds what the distributions below a directory provide: modules, then names.
pub(super) fn add(installed: &mut BTreeMap<String, BTreeSet<PackageName>>, directory: &Path) {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    for entry in entries.take(MAX_DISTRIBUTIONS) {
        let file = entry.file_name();
        let Some(stem) = file.to_str().and_then(|f| f.strip_suffix(".dist-info")) else {
            continue;
        };
        let name = stem.rsplit_once('-').map_or(stem, |(name, _)| name);
        let Ok(name) = PackageName::new(name) else {
            continue;
        };
        let Some(record) = text(&entry.path().join("RECORD")) else {
            continue;
        };
        for line in record.lines() {
            let path = line.split(',').next().unwrap_or(line).trim_matches('"');
            let first = path.split('/').next().unwrap_or(path);
            let module = first.split('.').next().unwrap_or(first);
            let is_code = [".py", ".so", ".pyd", ".pyi"]
                .iter()
                .any(|end| path.ends_with(end));
            if is_code && !module.is_empty() && !first.ends_with(".dist-info") {
                let names = installed.entry(module.to_owned()).or_default();
                names.insert(name.clone());
            }
        }
    }
}

fn text(path: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).ok()?;
    file.take(MAX_RECORD).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
