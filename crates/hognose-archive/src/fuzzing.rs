//! Entry points for fuzzers and property tests: bytes in, no panic, bounded memory.

use std::io::Cursor;
use std::ops::ControlFlow;
use std::time::Duration;

use crate::codec::{Codec, decompress};
use crate::{Limits, examine, record, sdist, tarball, wheel, zip::ZipArchive};

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

/// Examines an archive of any format, and reads every member.
pub fn examine(bytes: &[u8]) {
    let (mut buffer, clock) = (Vec::new(), || Duration::ZERO);
    let mut count = 0_usize;
    let _ = examine::examine(
        &mut Cursor::new(bytes),
        "a.whl",
        &LIMITS,
        &clock,
        &mut |entry, content| {
            count += entry.path.len();
            content.digest(1 << 10, &mut buffer);
            ControlFlow::Continue(())
        },
    );
    let _ = examine::examine_stream(&mut &bytes[..], "a", &LIMITS, &clock, &mut |_, content| {
        content.read_up_to(1 << 10, &mut buffer);
        ControlFlow::Continue(())
    });
    for codec in [Codec::Zlib, Codec::Deflate, Codec::Lzma] {
        let _ = decompress(codec, bytes, 1 << 16);
    }
}

/// Checks a wheel and an sdist against what the bytes say in the place of RECORD, metadata and file name.
pub fn distribution(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let rows = record::rows(text).flatten().count();
    let members = [wheel::Member {
        path: text.split(',').next().unwrap_or_default(),
        sha256: [0; 32],
        size: rows as u64,
    }];
    let _ = wheel::check_record(text, "a-1.dist-info", &members);
    let described = wheel::Described {
        metadata: Some(text),
        wheel: Some(text),
        record: Some(text),
    };
    let file = text.lines().next().unwrap_or_default();
    let _ = wheel::check_names(file, text.lines(), &described);
    let _ = sdist::check(file, &[file.to_owned()], Some(text));
}
