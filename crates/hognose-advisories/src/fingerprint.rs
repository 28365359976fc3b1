//! Whether a local feed changed since the database was built.

use std::path::Path;
use std::time::UNIX_EPOCH;

/// Directories with more files than this are not watched: looking would cost more than a scan.
const MAX_ENTRIES: usize = 512;

/// A digest of the sizes and times of a file, or of the files of a directory. `None`: it cannot be read, or holds too
/// many files to look at every time.
pub(crate) fn fingerprint(path: &Path) -> Option<u64> {
    let mut hasher = blake3::Hasher::new();
    let mut left = MAX_ENTRIES;
    add(path, &mut hasher, &mut left, 0)?;
    let digest = hasher.finalize();
    Some(u64::from_le_bytes(
        digest.as_bytes().first_chunk::<8>().copied()?,
    ))
}

fn add(path: &Path, hasher: &mut blake3::Hasher, left: &mut usize, depth: usize) -> Option<()> {
    *left = left.checked_sub(1)?;
    let meta = std::fs::symlink_metadata(path).ok()?;
    // A link is followed once, at the top: a mirror may be a link to its newest copy.
    let meta = if meta.is_symlink() && depth == 0 {
        std::fs::metadata(path).ok()?
    } else {
        meta
    };
    hasher.update(path.as_os_str().as_encoded_bytes());
    let modified = meta
        .modified()
        .ok()
        .and_then(|t| t.duration_since(UNIX_EPOCH).ok())
        .map_or(0, |d| d.as_nanos());
    if meta.is_dir() {
        let mut names: Vec<_> = std::fs::read_dir(path)
            .ok()?
            .take(MAX_ENTRIES + 1)
            .filter_map(|e| Some(e.ok()?.path()))
            .collect();
        names.sort();
        for name in names {
            add(&name, hasher, left, depth + 1)?;
        }
    } else {
        hasher.update(&meta.len().to_le_bytes());
        hasher.update(&modified.to_le_bytes());
    }
    Some(())
}
