//! One stable entry point per parser, for fuzzers and property tests. None may ever panic.

use hognose_types::{InputFormat, Inventory};

use crate::options::{Limits, Options};
use crate::tree::Memory;

/// Reads bytes as one file of the given name, alone in its directory.
fn read(name: &str, bytes: &[u8]) -> Inventory {
    let tree = Memory::new([(name, bytes)]);
    let options = Options {
        limits: Limits {
            file_bytes: 1 << 20,
            ..Limits::default()
        },
        ..Options::default()
    };
    crate::scan_paths(&tree, &[name.to_owned()], &options)
}

/// `requirements.txt`.
pub fn requirements(bytes: &[u8]) -> Inventory {
    read("requirements.txt", bytes)
}

/// Format recognition by content.
pub fn sniff(bytes: &[u8]) -> Option<InputFormat> {
    crate::sniff("some.txt", bytes)
}
