//! Numbers for what has no name: an address would do while it lives, and means another thing once it is freed.

use std::sync::atomic::{AtomicU64, Ordering};

/// A number that nothing else in the process has. Which one it is means nothing: only whether two are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Serial(u64);

impl Default for Serial {
    fn default() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}
