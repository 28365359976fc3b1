//! What other processes do with the files meanwhile: for programs that run on.

use std::fs::{self, File};
use std::sync::PoisonError;

use super::{Packs, State, open, paths, prune};

impl Packs {
    /// Learns what others wrote since, and where they took files away, what is left.
    pub(crate) fn look_again(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.is_read {
            return;
        }
        let gone = |pack: &super::Pack| !is_same(&pack.file, &pack.path);
        if state.files.iter().any(gone) {
            // Names are given anew: whatever is known of places may be of another file.
            *state = State::default();
            return;
        }
        for at in 0..state.files.len() {
            state.scan(at);
        }
        for path in paths(&self.directory) {
            if state.files.iter().all(|pack| pack.path != path)
                && let Some(pack) = open(path)
            {
                state.files.push(pack);
                let newest = state.files.len() - 1;
                state.scan(newest);
            }
        }
    }

    /// Takes away what was written longest ago once there are more bytes than that.
    pub(crate) fn shrink(&self, most: u64) {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let size: u64 = state.files.iter().map(|pack| pack.end).sum();
        drop(state);
        if size > most {
            prune(&self.directory, most);
        }
    }
}

/// Whether a path still leads to a file that is open.
#[cfg(unix)]
pub(super) fn is_same(file: &File, path: &std::path::Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    match (file.metadata(), fs::metadata(path)) {
        (Ok(open), Ok(there)) => (open.dev(), open.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

/// Whether a path still leads to a file that is open: elsewhere what is open cannot be taken away.
#[cfg(not(unix))]
pub(super) fn is_same(_: &File, path: &std::path::Path) -> bool {
    fs::metadata(path).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [7; 32];

    fn body(packs: &Packs) -> Option<Vec<u8>> {
        packs.look_again();
        packs.read(&KEY, 1 << 20).map(|(_, body)| body)
    }

    #[test]
    fn what_others_write_is_found() {
        let directory = tempfile::tempdir().unwrap();
        let (one, other) = (Packs::new(directory.path()), Packs::new(directory.path()));
        assert_eq!(body(&one), None);
        other.write(&KEY, 1, b"", b"other").unwrap();
        assert_eq!(body(&one).as_deref(), Some(&b"other"[..]));
        one.write(&KEY, 2, b"", b"one").unwrap();
        assert_eq!(body(&other).as_deref(), Some(&b"one"[..]));
        other.write(&KEY, 3, b"", b"again").unwrap();
        assert_eq!(body(&one).as_deref(), Some(&b"again"[..]));
    }

    #[test]
    fn what_others_take_away_is_gone_and_written_anew_elsewhere() {
        let directory = tempfile::tempdir().unwrap();
        let (one, other) = (Packs::new(directory.path()), Packs::new(directory.path()));
        one.write(&KEY, 1, b"", b"one").unwrap();
        prune(directory.path(), 0);
        // The name is given to another file, in which other answers are at the same place.
        other.write(&[8; 32], 1, b"", b"two").unwrap();
        assert_eq!(body(&one), None);
        assert_eq!(one.read(&[8; 32], 100).unwrap().1, b"two");
        one.write(&KEY, 2, b"", b"new").unwrap();
        let third = Packs::new(directory.path());
        assert_eq!(body(&third).as_deref(), Some(&b"new"[..]));
    }

    #[test]
    fn there_is_room_for_so_much() {
        let directory = tempfile::tempdir().unwrap();
        let packs = Packs::new(directory.path());
        packs.write(&KEY, 1, b"", &[0; 1_000]).unwrap();
        packs.shrink(2_000);
        assert!(body(&packs).is_some());
        packs.shrink(500);
        assert_eq!(body(&packs), None);
        packs.write(&KEY, 1, b"", b"small").unwrap();
        assert!(body(&packs).is_some());
    }
}
