//! Entry points for fuzzers and property tests: bytes in, no panic, bounded memory.

use std::io::Cursor;
use std::ops::ControlFlow;
use std::time::Duration;

use crate::{Limits, tarball, zip::ZipArchive};

/// Small limits, so that a fuzzer finds what exceeds them.
const LIMITS: Limits = Limits {
    members: 256,
    member_bytes: 1 << 20,
    total_bytes: 8 << 20,
    ratio: 1_100,
    path_bytes: 512,
    depth: 3,
    nested_bytes: 1 << 20,
    decoder_bytes: 8 << 20,
    time: Duration::from_secs(10),
    confusions: 5,
};

/// Opens a ZIP archive and unpacks every member.
pub fn zip(bytes: &[u8]) {
    if let Ok(mut archive) = ZipArchive::new(Cursor::new(bytes), LIMITS) {
        for index in 0..archive.members().len() {
            let _ = archive.read(index);
        }
    }
}

/// Walks a tar archive.
pub fn tar(bytes: &[u8]) {
    let _ = tarball::walk_tar(bytes, &LIMITS, &mut |_, reader| {
        let _ = std::io::copy(reader, &mut std::io::sink());
        Ok(ControlFlow::Continue(()))
    });
}
