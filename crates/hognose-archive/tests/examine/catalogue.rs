//! One hostile archive for every kind of confusion, with the words it gets.

use std::fmt::Write as _;
use std::time::Duration;

use hognose_archive::Limits;
use hognose_archive::examine::ConfusionKind as Kind;

use crate::common::*;

/// An archive, its file name, the limits.
struct Case(Kind, Vec<u8>, &'static str, Limits);

fn zip(kind: Kind, members: &[Member]) -> Case {
    raw_zip(kind, Zip::new(members).bytes())
}

fn raw_zip(kind: Kind, bytes: Vec<u8>) -> Case {
    Case(kind, bytes, "a.whl", Limits::default())
}

fn named(kind: Kind, name: &str) -> Case {
    zip(kind, &[file(name, b"1")])
}

fn of_tar(kind: Kind, members: &[Vec<u8>]) -> Case {
    Case(kind, tar(members), "a.tar", Limits::default())
}

fn limited(case: Case, limits: Limits) -> Case {
    Case(case.0, case.1, case.2, limits)
}

fn mode(mode: u32) -> Member {
    Member {
        mode,
        ..file("a", b"target")
    }
}

fn wholes() -> Vec<Case> {
    let a = Zip::new(&[file("a", b"one")]).bytes();
    let b = Zip::new(&[file("b", b"two")]).bytes();
    let plain = tar(&[tar_file("p/a", b"1")]);
    let two = [gzip(b"one"), gzip(b"two")].concat();
    let names = Zip::new(&[stored("p/a.zip", &a)]).bytes();
    vec![
        raw_zip(Kind::UnknownFormat, b"something else".to_vec()),
        Case(
            Kind::ExtensionMismatch,
            a.clone(),
            "a-1.0.tar.gz",
            Limits::default(),
        ),
        Case(
            Kind::Polyglot,
            [plain.clone(), a.clone()].concat(),
            "a.tar",
            Limits::default(),
        ),
        raw_zip(
            Kind::PrefixedData,
            [b"#!/bin/sh\n".to_vec(), a.clone()].concat(),
        ),
        raw_zip(Kind::TrailingData, [a.clone(), b"....".to_vec()].concat()),
        raw_zip(Kind::TrailingArchive, [a.clone(), gzip(b"x")].concat()),
        Case(Kind::SeveralStreams, two, "a.gz", Limits::default()),
        Case(
            Kind::HighRatio,
            gzip(&vec![0; 70 << 20]),
            "a.gz",
            Limits::default(),
        ),
        of_tar(
            Kind::SeveralRoots,
            &[tar_file("p/a", b"1"), tar_file("setup.py", b"2")],
        ),
        raw_zip(Kind::NestedArchive, names),
        zip(Kind::NestedUnreadable, &[file("a.gz", &gzip(b"")[..4])]),
        raw_zip(Kind::NoEndRecord, a[..a.len() - 22].to_vec()),
        raw_zip(Kind::SeveralEndRecords, [a, b].concat()),
    ]
}

fn structure() -> Vec<Case> {
    let zip_a = Zip::new(&[file("a", b"one")]);
    let mut volume = zip_a.end(b"");
    volume[4] = 1;
    let mut count = zip_a.end(b"");
    count[8] = 2;
    count[10] = 2;
    let mut damaged = Zip::new(&[file("a", b"1"), file("b", b"2")]);
    let second = damaged.directory.len() / 2;
    damaged.directory[second] = b'Q';
    let mut later = zip_a.end(b"");
    later[16] += 1;
    let mut missing = zip_a.end(b"");
    missing[12..16].fill(0xff);
    // A ZIP64 record that states another number of entries.
    let mut wide = zip_a.clone();
    let place = wide.body.len() as u64;
    let (size, at) = (
        wide.directory.len() as u64,
        place + wide.directory.len() as u64,
    );
    let mut record = b"PK\x06\x06".to_vec();
    record.extend(44_u64.to_le_bytes());
    record.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    for n in [9, 9, size, place] {
        record.extend(u64::to_le_bytes(n));
    }
    record.extend(b"PK\x06\x07\0\0\0\0");
    record.extend(at.to_le_bytes());
    record.extend([1, 0, 0, 0]);
    let end = wide.end(b"");
    wide.directory.extend(record);
    let parts = |end: Vec<u8>| [zip_a.body.clone(), zip_a.directory.clone(), end].concat();
    vec![
        raw_zip(Kind::DirectoryDamaged, damaged.bytes()),
        raw_zip(Kind::DirectoryCount, parts(count)),
        raw_zip(
            Kind::DirectoryGap,
            parts([b"....".to_vec(), zip_a.end(b"")].concat()),
        ),
        raw_zip(Kind::DirectoryPlace, parts(later)),
        raw_zip(Kind::MultiVolume, parts(volume)),
        raw_zip(
            Kind::Zip64Disagreement,
            [wide.body, wide.directory, end].concat(),
        ),
        raw_zip(Kind::Zip64Missing, parts(missing)),
    ]
}

fn members() -> Vec<Case> {
    let a = file("a", b"one");
    let streamed = |descriptor: &[u8], member: Member| Member {
        flags: 8,
        local_flags: 8,
        local_crc: 0,
        local_size: 0,
        local_packed_size: 0,
        descriptor: descriptor.to_vec(),
        ..member
    };
    let mut wrong = b"PK\x07\x08".to_vec();
    put32(&mut wrong, &[1, 2, 3]);
    let unicode = [b"\x75\x70\x06\0\x01".to_vec(), vec![0; 4], b"b".to_vec()].concat();
    let of = |kind, member: Member| zip(kind, &[member]);
    let other = |name: &str| Member {
        local_name: name.into(),
        ..a.clone()
    };
    let lost = Member {
        header: Some(7),
        ..file("b", b"2")
    };
    let twice = Member {
        header: Some(0),
        listed: true,
        packed: Vec::new(),
        ..a.clone()
    };
    vec![
        zip(Kind::LocalHeaderMissing, &[a.clone(), lost]),
        of(Kind::LocalName, other("b")),
        of(
            Kind::LocalMethod,
            Member {
                local_method: 0,
                ..a.clone()
            },
        ),
        of(
            Kind::LocalFlags,
            Member {
                local_flags: 1,
                ..a.clone()
            },
        ),
        of(
            Kind::LocalSize,
            Member {
                local_size: 9,
                ..a.clone()
            },
        ),
        of(
            Kind::LocalChecksum,
            Member {
                local_crc: 9,
                ..a.clone()
            },
        ),
        of(Kind::DescriptorMismatch, streamed(&wrong, a.clone())),
        of(Kind::DescriptorMissing, streamed(b"", a.clone())),
        of(
            Kind::StoredWithDescriptor,
            streamed(b"", stored("a", b"one")),
        ),
        zip(
            Kind::HiddenMember,
            &[
                a.clone(),
                Member {
                    listed: false,
                    ..file("b", b"2")
                },
            ],
        ),
        raw_zip(
            Kind::Gap,
            Zip::new(std::slice::from_ref(&a)).raw(b"....").bytes(),
        ),
        zip(Kind::Overlap, &[a.clone(), twice]),
        of(Kind::DirectoryWithData, file("d/", b"data")),
        of(
            Kind::ExtraDamaged,
            Member {
                extra: b"\x99\x99\xff\xff".to_vec(),
                ..a.clone()
            },
        ),
        of(
            Kind::UnicodePath,
            Member {
                extra: unicode,
                ..a.clone()
            },
        ),
        of(
            Kind::SizeMismatch,
            Member {
                size: 9,
                local_size: 9,
                ..a.clone()
            },
        ),
        of(Kind::PackedSizeMismatch, {
            let packed = [deflate(b"one"), b"hidden".to_vec()].concat();
            super::common::packed("a", 8, b"one", packed)
        }),
        of(
            Kind::ChecksumMismatch,
            Member {
                crc: 9,
                local_crc: 9,
                ..a.clone()
            },
        ),
        of(Kind::CorruptData, packed("a", 8, b"one", vec![0xff; 9])),
        of(
            Kind::Truncated,
            packed(
                "a",
                8,
                b"one two three",
                deflate(b"one two three")[..9].to_vec(),
            ),
        ),
        of(
            Kind::EncryptedMember,
            Member {
                flags: 1,
                local_flags: 1,
                ..a.clone()
            },
        ),
        of(
            Kind::UnsupportedMethod,
            Member {
                method: 9,
                local_method: 9,
                ..a
            },
        ),
        of(Kind::UnusualMethod, packed("a", 12, b"one", bzip2(b"one"))),
    ]
}

fn names() -> Vec<Case> {
    let pair = |kind, a: &str, b: &str| zip(kind, &[file(a, b"1"), file(b, b"2")]);
    let unflagged = Member {
        flags: 0,
        local_flags: 0,
        ..file("é", b"1")
    };
    let short = Limits {
        path_bytes: 8,
        ..Limits::default()
    };
    vec![
        named(Kind::NameEmpty, ""),
        limited(named(Kind::NameTooLong, "long/long"), short),
        named(Kind::NameAbsolute, "/etc/cron.d/a"),
        named(Kind::NameParent, "a/../../b"),
        named(Kind::NameBackslash, "a\\b"),
        named(Kind::NameDrive, "C:a"),
        named(Kind::NameColon, "a/b:c"),
        named(Kind::NameNul, "a.py\0.txt"),
        named(Kind::NameControl, "a\x1b[2J"),
        named(Kind::NameDevice, "a/Con.txt"),
        named(Kind::NameTrailing, "a./b"),
        zip(Kind::NameEncoding, &[file(b"\xff\xfe", b"1")]),
        zip(Kind::NameUnflagged, &[unflagged]),
        pair(Kind::DuplicateName, "a", "./a"),
        pair(Kind::CaseCollision, "a/B", "a/b"),
        pair(Kind::UnicodeCollision, "\u{e9}", "e\u{301}"),
        pair(Kind::FileAsDirectory, "a", "a/b"),
    ]
}

fn links() -> Vec<Case> {
    let link = |kind, target: &str| of_tar(kind, &[tar_member("p/l", b'2', target, b"")]);
    let under = [tar_member("p/l", b'2', "d", b""), tar_file("p/l/a", b"1")];
    let chain = [
        tar_member("p/l", b'2', "d", b""),
        tar_member("p/m", b'2', "l/x", b""),
    ];
    let mut with_data = tar_header("p/l", b'1', "p/a", 512);
    seal(&mut with_data);
    vec![
        zip(Kind::Symlink, &[mode(0o120_777)]),
        of_tar(
            Kind::Hardlink,
            &[tar_file("p/a", b"1"), tar_member("p/b", b'1', "p/a", b"")],
        ),
        of_tar(
            Kind::HardlinkDangling,
            &[tar_member("p/b", b'1', "p/a", b"")],
        ),
        link(Kind::LinkAbsolute, "/etc/passwd"),
        link(Kind::LinkOutside, "../../x"),
        of_tar(Kind::LinkChain, &chain),
        of_tar(Kind::MemberUnderLink, &under),
        of_tar(
            Kind::LinkWithData,
            &[tar_file("p/a", b""), with_data.to_vec()],
        ),
        of_tar(Kind::DeviceMember, &[tar_member("p/d", b'4', "", b"")]),
        of_tar(Kind::UnknownType, &[tar_member("p/d", b'Q', "", b"1")]),
        zip(Kind::Setuid, &[mode(0o104_755)]),
        of_tar(Kind::SparseMember, &[tar_member("p/s", b'S', "", b"1")]),
    ]
}

fn headers() -> Vec<Case> {
    let a = tar_file("p/a", b"1");
    let mut bad = tar_header("p/b", b'0', "", 0);
    seal(&mut bad);
    bad[0] = b'q';
    let changed = |edit: &dyn Fn(&mut [u8; 512])| {
        let mut block = tar_header("p/b", b'0', "", 0);
        edit(&mut block);
        seal(&mut block);
        block.to_vec()
    };
    let odd = changed(&|b| b[124..136].copy_from_slice(b"\x80\0\0\0\0\0\0\0\0\0\0\0"));
    let negative = changed(&|b| b[124..136].fill(0xff));
    let prefix = changed(&|b| {
        b[257..265].copy_from_slice(b"ustar  \0");
        b[345] = b'q';
    });
    let after = [tar(std::slice::from_ref(&a)), tar(&[tar_file("p/b", b"2")])].concat();
    let global = tar_member("g", b'g', "", record("path", "p/z").as_bytes());
    let damaged = tar_member("x", b'x', "", b"99999 path=x\n");
    let several = [
        pax(&[("path", "p/c")]),
        pax(&[("path", "p/d")]),
        tar_file("p/c", b""),
    ];
    // One reader sees `p/a`, the other `p/b` and its data.
    let smuggled = [
        pax(&[("size", "1024")]),
        tar_file("p/b", b""),
        tar_file("p/a", b"evil"),
    ];
    let no_end = Case(Kind::MissingEnd, a.clone(), "a.tar", Limits::default());
    vec![
        of_tar(Kind::BadHeader, &[a.clone(), bad.to_vec()]),
        Case(Kind::AfterEnd, after, "a.tar", Limits::default()),
        no_end,
        of_tar(Kind::TwoSizes, &smuggled),
        of_tar(Kind::OddNumber, &[odd]),
        of_tar(Kind::NegativeSize, &[negative]),
        of_tar(Kind::NamePrefix, &[prefix]),
        of_tar(Kind::PaxPath, &[pax(&[("path", "p/evil.py")]), a.clone()]),
        of_tar(Kind::SeveralPaxPaths, &several),
        of_tar(Kind::GlobalPaxPath, &[global, a.clone()]),
        of_tar(Kind::PaxDamaged, &[damaged, a.clone()]),
        of_tar(Kind::LonePax, &[a, pax(&[("path", "p/x")])]),
    ]
}

fn limits() -> Vec<Case> {
    let three = [
        file("a", b"1"),
        file("b", b"2"),
        file("c", &vec![b'x'; 4 << 20]),
    ];
    let default = Limits::default();
    let nested = Zip::new(&[file("in.zip", &Zip::new(&three).bytes())]).bytes();
    let of = |kind, limits| limited(zip(kind, &three), limits);
    let small = Limits {
        member_bytes: 1 << 20,
        ..default
    };
    vec![
        of(
            Kind::LimitMembers,
            Limits {
                members: 2,
                ..default
            },
        ),
        of(Kind::LimitMemberSize, small),
        of(
            Kind::LimitTotalSize,
            Limits {
                total_bytes: 1 << 20,
                ..default
            },
        ),
        of(
            Kind::LimitRatio,
            Limits {
                ratio: 100,
                ..default
            },
        ),
        Case(Kind::LimitMemory, huge_xz(), "a.tar.xz", default),
        Case(
            Kind::LimitDepth,
            nested,
            "a.whl",
            Limits {
                depth: 0,
                ..default
            },
        ),
    ]
}

#[test]
fn every_kind_is_found_and_worded() {
    let groups = [
        wholes(),
        structure(),
        members(),
        names(),
        links(),
        headers(),
        limits(),
    ];
    let mut text = String::new();
    let mut missed = String::new();
    let mut met = vec![Kind::LimitTime];
    for Case(kind, bytes, name, limits) in groups.into_iter().flatten() {
        let seen = look_with(&bytes, name, &limits);
        let found = seen.summary.confusions.iter().find(|c| c.kind == kind);
        let Some(found) = found else {
            let summary = &seen.summary;
            writeln!(missed, "{} is not found: {summary:?}", kind.as_str()).unwrap();
            continue;
        };
        let others: Vec<_> = seen
            .kinds()
            .into_iter()
            .filter(|k| *k != kind.as_str())
            .collect();
        writeln!(
            text,
            "{} {}: {found}",
            kind.severity().as_str(),
            kind.as_str()
        )
        .unwrap();
        if !others.is_empty() {
            writeln!(text, "    with {}", others.join(", ")).unwrap();
        }
        met.push(kind);
    }
    assert!(missed.is_empty(), "{missed}");
    for kind in Kind::ALL {
        assert!(met.contains(kind), "{} has no case", kind.as_str());
    }
    insta::assert_snapshot!(text);
}

#[test]
fn time_is_limited() {
    let limits = Limits {
        time: Duration::from_secs(1),
        ..Limits::default()
    };
    let seen = look_ticking(
        &Zip::new(&[file("a", b"1"), file("b", b"2")]).bytes(),
        "a.whl",
        &limits,
    );
    assert_eq!(seen.kinds(), ["limit-time"]);
    assert!(!seen.summary.complete);
}

#[test]
fn the_documentation_lists_every_kind() {
    let page = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/archives.md"
    ))
    .unwrap();
    for kind in Kind::ALL {
        let start = format!("| `{}` | {} |", kind.as_str(), kind.severity().as_str());
        assert!(page.lines().any(|l| l.starts_with(&start)), "{start}");
    }
    assert_eq!(
        page.lines().filter(|l| l.starts_with("| `")).count(),
        Kind::ALL.len()
    );
}
