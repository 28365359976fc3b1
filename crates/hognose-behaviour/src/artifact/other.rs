//! Files that are neither Python source nor metadata.

use crate::fact::{Fact, Trigger};

/// Notes what such a file holds.
pub(super) fn facts(path: &str, bytes: &[u8], trigger: Trigger, out: &mut Vec<Fact>) {
    let _ = (path, bytes, trigger, out);
}
