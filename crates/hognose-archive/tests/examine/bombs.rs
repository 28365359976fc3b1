//! Bombs and damage: bounded work, bounded memory, no panic.

use std::cell::Cell;
use std::io::{self, Cursor, Read};
use std::ops::ControlFlow;
use std::time::Duration;

use hognose_archive::Limits;
use hognose_archive::codec::{Codec, DecodeEnd, decompress};
use hognose_archive::examine::{ConfusionKind as Kind, Ended, Format, examine, examine_stream};
use proptest::prelude::*;

use crate::common::*;

const SMALL: fn() -> Limits = || Limits {
    total_bytes: 32 << 20,
    ..Limits::default()
};

#[test]
fn overlapping_members_are_bounded() {
    // Every entry of the directory leads to the same kernel.
    let kernel = file("a", &vec![0; 1 << 20]);
    let mut zip = Zip::new(std::slice::from_ref(&kernel));
    let body = zip.body.clone();
    for i in 0..5_000 {
        zip = zip.add(&Member {
            name: format!("{i}").into(),
            header: Some(0),
            ..kernel.clone()
        });
        zip.body.truncate(body.len());
    }
    let seen = look_with(&zip.bytes(), "a.whl", &SMALL());
    assert!(seen.has(Kind::Overlap) && seen.has(Kind::LimitTotalSize));
    assert!(seen.summary.unpacked_bytes < 33 << 20);
    assert!(seen.summary.suppressed == 0 && !seen.summary.complete);
}

#[test]
fn archives_in_archives_are_opened_to_the_depth() {
    let mut bytes = b"evil".to_vec();
    for i in 0..8 {
        bytes = Zip::new(&[file(format!("{i}.zip"), &bytes)]).bytes();
    }
    let seen = look(&bytes, "a.zip");
    assert_eq!(seen.kinds(), ["limit-depth"]);
    assert_eq!(
        seen.paths().last(),
        Some(&"7.zip!/6.zip!/5.zip!/4.zip!/3.zip")
    );
    let tar = gzip(&tar(&[tar_file(
        "p/in.whl",
        &Zip::new(&[file("a.py", b"x")]).bytes(),
    )]));
    assert_eq!(look(&tar, "p.tar.gz").bytes("p/in.whl!/a.py"), b"x");
}

#[test]
fn a_wide_tree_of_archives_is_bounded() {
    let mut bytes = vec![0; 1 << 20];
    for _ in 0..4 {
        let members: Vec<_> = (0..16).map(|i| file(format!("{i}.zip"), &bytes)).collect();
        bytes = Zip::new(&members).bytes();
    }
    let seen = look_with(&bytes, "a.zip", &SMALL());
    assert!(seen.has(Kind::LimitTotalSize), "{:?}", seen.kinds());
}

/// A tar without end.
struct Endless {
    member: Vec<u8>,
    at: usize,
}

impl Read for Endless {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = out.len().min(self.member.len() - self.at);
        out[..n].copy_from_slice(&self.member[self.at..self.at + n]);
        self.at = (self.at + n) % self.member.len();
        Ok(n)
    }
}

fn endless(member: Vec<u8>, limits: &Limits) -> hognose_archive::examine::Summary {
    let mut source = Endless { member, at: 0 };
    examine_stream(
        &mut source,
        "a.tar",
        limits,
        &|| Duration::ZERO,
        &mut |_, _| ControlFlow::Continue(()),
    )
    .unwrap()
}

#[test]
fn endless_streams_end() {
    let limits = Limits {
        members: 50_000,
        ..SMALL()
    };
    let summary = endless(tar_file("a", b""), &limits);
    assert!(
        summary
            .confusions
            .iter()
            .any(|c| c.kind == Kind::LimitTotalSize)
            || summary.members == 50_000
    );
    // Extended headers, empty gzip streams, zeros and skippable frames give no members at all.
    for block in [
        pax(&[("a", "b")]),
        gzip(b""),
        b"\x50\x2a\x4d\x18\0\0\0\0".to_vec(),
    ] {
        let first = if block[0] == b'P' {
            block.clone()
        } else {
            block
        };
        let ticks = Cell::new(0_u32);
        let mut source = Endless {
            member: first,
            at: 0,
        };
        let clock = || {
            ticks.set(ticks.get() + 1);
            Duration::from_millis(ticks.get().into())
        };
        let limits = Limits {
            time: Duration::from_secs(2),
            ..SMALL()
        };
        let summary = examine_stream(&mut source, "a.tar", &limits, &clock, &mut |_, _| {
            ControlFlow::Continue(())
        });
        assert!(!summary.unwrap().complete);
    }
}

#[test]
fn one_long_line_passes_through() {
    let text = vec![b'x'; 100 << 20];
    let zip = Zip::new(&[file("a.py", &text)]).bytes();
    let mut buffer = Vec::new();
    let mut ended = None;
    let summary = examine(
        &mut Cursor::new(zip),
        "a.whl",
        &Limits::default(),
        &|| Duration::ZERO,
        &mut |_, c| {
            ended = Some(c.read_up_to(1000, &mut buffer));
            ControlFlow::Continue(())
        },
    )
    .unwrap();
    assert_eq!(ended, Some(Ended::Cut));
    assert!(buffer.capacity() < 10_000);
    assert_eq!(
        (summary.unpacked_bytes, summary.complete),
        (100 << 20, true)
    );
}

#[test]
fn every_compression_is_read() {
    let plain = tar(&[tar_file("p/a", b"1")]);
    let zstd =
        ruzstd::encoding::compress_to_vec(&plain[..], ruzstd::encoding::CompressionLevel::Fastest);
    for (bytes, format) in [
        (plain.clone(), Format::Tar),
        (gzip(&plain), Format::TarGz),
        (bzip2(&plain), Format::TarBz2),
        (xz(&plain, 1 << 20), Format::TarXz),
        (zstd.clone(), Format::TarZst),
    ] {
        let seen = look(&bytes, "a");
        assert_eq!((seen.summary.format, seen.kinds()), (format, vec![]));
        assert_eq!(seen.bytes("p/a"), b"1");
    }
    for (method, bytes) in [(12, bzip2(&plain)), (93, zstd), (95, xz(&plain, 1 << 20))] {
        let seen = look(
            &Zip::new(&[packed("a", method, &plain, bytes)]).bytes(),
            "a.whl",
        );
        assert_eq!(seen.kinds(), ["unusual-method"]);
        assert_eq!(seen.bytes("a!/p/a"), b"1");
    }
    for codec in [Codec::Gzip, Codec::Bzip2, Codec::Xz, Codec::Zstd] {
        assert!(decompress(codec, b"nothing", 100).is_err());
    }
    let whole = decompress(Codec::Gzip, &gzip(b"hello"), 100).unwrap();
    assert_eq!(
        (whole.bytes.as_slice(), whole.end),
        (&b"hello"[..], DecodeEnd::Whole)
    );
    let cut = decompress(Codec::Deflate, &deflate(b"hello")[..4], 100).unwrap();
    assert_eq!(cut.end, DecodeEnd::Truncated);
    let limit = decompress(Codec::Bzip2, &bzip2(b"hello"), 3).unwrap();
    assert_eq!(
        (limit.bytes.as_slice(), limit.end),
        (&b"hel"[..], DecodeEnd::Limit)
    );
    assert!(decompress(Codec::Xz, &huge_xz(), 100).is_err());
}

#[test]
fn huge_windows_are_refused() {
    // Magic, no content size, a window of 2 GiB.
    let zstd = b"\x28\xb5\x2f\xfd\x00\xa8\x01\x00\x00";
    for bytes in [huge_xz(), zstd.to_vec()] {
        let seen = look(&bytes, "a");
        assert_eq!(seen.kinds(), ["limit-memory"]);
    }
}

#[test]
fn marks_by_chance_are_no_confusion() {
    let data =
        b"text PK\x05\x06 is how it ends, PK\x03\x04 how it begins, PK\x01\x02 what stands between"
            .repeat(9);
    let zip = Zip::new(&[stored("a", &data), file("b", b"2")]);
    assert_eq!(look(&zip.bytes(), "a.whl").kinds(), Vec::<&str>::new());
}

#[test]
fn names_of_thousands_of_parts_cost_little() {
    let name = |i: usize| format!("{}{i}", "é/".repeat(1300));
    let members: Vec<_> = (0..60).map(|i| file(name(i), b"")).collect();
    assert_eq!(
        look(&Zip::new(&members).bytes(), "a.whl").kinds(),
        Vec::<&str>::new()
    );
}

#[test]
fn the_visitor_may_stop() {
    let zip = Zip::new(&[file("a", b"1"), file("b", b"2")]).bytes();
    let mut count = 0;
    let summary = examine(
        &mut Cursor::new(zip),
        "a.whl",
        &Limits::default(),
        &|| Duration::ZERO,
        &mut |_, _| {
            count += 1;
            ControlFlow::Break(())
        },
    )
    .unwrap();
    assert_eq!((count, summary.complete), (1, false));
}

/// Archives of every format that hold a bit of everything.
fn samples() -> Vec<Vec<u8>> {
    let zip = Zip::new(&[
        file("a", b"one two one two"),
        stored("b.zip", &Zip::new(&[file("c", b"3")]).bytes()),
    ])
    .bytes();
    let plain = tar(&[
        pax(&[("path", "p/long"), ("size", "1")]),
        tar_file("p/a", b"1"),
        tar_member("p/l", b'2', "a", b""),
    ]);
    let zstd =
        ruzstd::encoding::compress_to_vec(&plain[..], ruzstd::encoding::CompressionLevel::Fastest);
    vec![
        zip,
        gzip(&plain),
        bzip2(&plain),
        xz(&plain, 1 << 16),
        zstd,
        plain,
    ]
}

#[test]
fn cut_archives_are_survived_and_never_complete() {
    for bytes in samples() {
        // The end of a plain tar is only padding.
        let step = if bytes.len() > 2000 { 61 } else { 1 };
        for end in (0..bytes.len()).step_by(step) {
            let seen = look(&bytes[..end], "a");
            assert!(
                !seen.summary.complete
                    || !seen.summary.confusions.is_empty()
                    || end + 1024 > bytes.len(),
                "{end}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn changed_bytes_are_survived(which in 0_usize..6, changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let mut bytes = samples().swap_remove(which);
        for (index, byte) in changes {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        let limits = Limits { decoder_bytes: 8 << 20, ..SMALL() };
        look_with(&bytes, "a.whl", &limits);
    }

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        look(&bytes, "a.tar.gz");
    }
}
