//! Whether a local feed changed since the database was built.
//!
//! Looked at before every scan, so it costs a few `stat` calls and no more: the files that were read, the directory
//! named (a file added to it changes its time), and the index of a git checkout (any pull changes it).

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::collect::Source;

/// Feeds of more files than this are watched by their directory and checkout only.
const MAX_FILES: usize = 64;

/// What to look at for one feed, as absolute paths.
pub(crate) fn watched(path: &Path, sources: &[Source]) -> Vec<PathBuf> {
    let mut out = vec![path.to_owned()];
    let files: Vec<&PathBuf> = sources
        .iter()
        .flat_map(|s| &s.files)
        .map(|f| &f.path)
        .collect();
    if files.len() <= MAX_FILES {
        out.extend(files.into_iter().filter(|f| *f != path).cloned());
    }
    let index = path.join(".git").join("index");
    if index.is_file() {
        out.push(index);
    }
    out.into_iter()
        .map(|path| std::path::absolute(&path).unwrap_or(path))
        .collect()
}

/// A digest of a file's size and time; of a directory's time. `None`: it cannot be seen.
pub(crate) fn state(path: &Path) -> Option<u64> {
    let meta = std::fs::metadata(path).ok()?;
    let modified = meta
        .modified()
        .ok()?
        .duration_since(UNIX_EPOCH)
        .ok()?
        .as_nanos();
    let length = if meta.is_dir() { 0 } else { meta.len() };
    // Sizes and times of files: nothing an attacker gains from a collision that touching the file would not give.
    Some(length.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ modified as u64)
}
