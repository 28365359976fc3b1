//! Which artifacts were seen to have the bytes of their name.

use std::collections::HashMap;
use std::fs::{self, Metadata};
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use sha2::{Digest as _, Sha256};

/// Digests, with the size and time that their files had when they were looked at.
#[derive(Debug, Default)]
pub(crate) struct Verified(Mutex<HashMap<String, (u64, SystemTime)>>);

impl Verified {
    /// Whether a file has the bytes of a digest; looked at once, and again when the file changes.
    pub(crate) fn has(&self, sha256: &str, path: &Path, found: &Metadata) -> bool {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.get(sha256).copied();
        drop(all);
        if known.is_some() && known == found.modified().ok().map(|time| (found.len(), time)) {
            return true;
        }
        let right = digest(path).is_ok_and(|hex| hex == sha256);
        if right {
            self.put(sha256, path);
        }
        right
    }

    /// Notes that the bytes of a file are those of a digest.
    pub(crate) fn put(&self, sha256: &str, path: &Path) {
        let Ok(found) = fs::metadata(path) else {
            return;
        };
        if let Ok(time) = found.modified() {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.insert(sha256.to_owned(), (found.len(), time));
        }
    }
}

/// The sha256 of a file, in hexadecimal.
fn digest(path: &Path) -> io::Result<String> {
    use std::fmt::Write as _;
    let mut hasher = Sha256::new();
    let mut file = fs::File::open(path)?;
    let mut piece = vec![0; 256 << 10];
    loop {
        let read = io::Read::read(&mut file, &mut piece)?;
        if read == 0 {
            break;
        }
        hasher.update(piece.get(..read).unwrap_or_default());
    }
    Ok(hasher
        .finalize()
        .iter()
        .fold(String::new(), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        }))
}
