//! ZIP structure: what is read, and every confusion that is refused.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::io::{Cursor, Write as _};

use hognose_archive::zip::ZipArchive;
use hognose_archive::{ArchiveError, Limits};
use proptest::prelude::*;

/// Builds archives byte by byte, so that every field can lie.
#[derive(Default)]
struct Zip {
    body: Vec<u8>,
    directory: Vec<u8>,
    count: u16,
}

struct Entry<'a> {
    name: &'a str,
    local_name: Option<&'a str>,
    data: &'a [u8],
    size: Option<u32>,
    crc: Option<u32>,
    flags: u16,
    local_method: Option<u16>,
    header: Option<u32>,
    /// Bytes behind the end of the deflate stream.
    hidden: &'a [u8],
}

fn entry<'a>(name: &'a str, data: &'a [u8]) -> Entry<'a> {
    Entry {
        name,
        local_name: None,
        data,
        size: None,
        crc: None,
        flags: 0,
        local_method: None,
        header: None,
        hidden: b"",
    }
}

impl Zip {
    fn add(mut self, e: &Entry<'_>) -> Self {
        let mut encoder =
            flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(e.data).unwrap();
        let mut packed = encoder.finish().unwrap();
        packed.extend_from_slice(e.hidden);
        let mut crc = flate2::Crc::new();
        crc.update(e.data);
        let crc = e.crc.unwrap_or_else(|| crc.sum());
        let size = e.size.unwrap_or(e.data.len() as u32);
        let header = e.header.unwrap_or(self.body.len() as u32);
        let local = e.local_name.unwrap_or(e.name);
        let sizes = [crc, packed.len() as u32, size];
        let put16 = |out: &mut Vec<u8>, values: &[u16]| {
            out.extend(values.iter().flat_map(|v| v.to_le_bytes()));
        };
        let put32 = |out: &mut Vec<u8>, values: &[u32]| {
            out.extend(values.iter().flat_map(|v| v.to_le_bytes()));
        };
        self.body.extend(b"PK\x03\x04");
        put16(
            &mut self.body,
            &[20, e.flags, e.local_method.unwrap_or(8), 0, 0],
        );
        put32(&mut self.body, &sizes);
        put16(&mut self.body, &[local.len() as u16, 0]);
        self.body.extend(local.as_bytes());
        self.body.extend(&packed);
        self.directory.extend(b"PK\x01\x02");
        put16(&mut self.directory, &[20, 20, e.flags, 8, 0, 0]);
        put32(&mut self.directory, &sizes);
        put16(&mut self.directory, &[e.name.len() as u16, 0, 0, 0, 0]);
        put32(&mut self.directory, &[0, header]);
        self.directory.extend(e.name.as_bytes());
        self.count += 1;
        self
    }

    fn finish(self) -> Vec<u8> {
        let mut out = self.body;
        let offset = out.len() as u32;
        out.extend(&self.directory);
        out.extend(b"PK\x05\x06\0\0\0\0");
        out.extend(self.count.to_le_bytes());
        out.extend(self.count.to_le_bytes());
        out.extend((self.directory.len() as u32).to_le_bytes());
        out.extend(offset.to_le_bytes());
        out.extend([0, 0]);
        out
    }
}

fn open(bytes: Vec<u8>) -> Result<ZipArchive<Cursor<Vec<u8>>>, ArchiveError> {
    ZipArchive::new(Cursor::new(bytes), Limits::default())
}

fn refusal(bytes: Vec<u8>) -> String {
    match open(bytes) {
        Err(error) => error.to_string(),
        Ok(mut archive) => (0..archive.members().len())
            .find_map(|i| archive.read(i).err())
            .map_or_else(|| "accepted".to_owned(), |e| e.to_string()),
    }
}

#[test]
fn members_are_read() {
    let bytes = Zip::default()
        .add(&entry("a/METADATA", b"Name: a"))
        .add(&entry("b", &[7; 9000]))
        .finish();
    let mut archive = open(bytes).unwrap();
    assert_eq!(
        archive
            .members()
            .iter()
            .map(|m| m.name.as_str())
            .collect::<Vec<_>>(),
        ["a/METADATA", "b"]
    );
    assert_eq!(
        archive.read_named("a/METADATA").unwrap().unwrap(),
        b"Name: a"
    );
    assert_eq!(archive.read(1).unwrap(), vec![7; 9000]);
    assert!(archive.read_named("c").is_none());
}

#[test]
fn what_python_writes_is_read() {
    let directory = std::env::temp_dir().join(format!("hognose-zip-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let path = directory.join("made.zip");
    let program = "import sys, zipfile\n\
        with zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_DEFLATED) as z:\n\
        \tz.writestr('x/one.txt', 'one')\n\
        \twith z.open('x/two.txt', 'w', force_zip64=True) as f: f.write(b'two' * 1000)\n";
    let done = std::process::Command::new("python3")
        .arg("-c")
        .arg(program)
        .arg(&path)
        .status()
        .expect("python3 must be installed");
    assert!(done.success());
    let mut archive =
        ZipArchive::new(std::fs::File::open(&path).unwrap(), Limits::default()).unwrap();
    assert_eq!(archive.read_named("x/one.txt").unwrap().unwrap(), b"one");
    assert_eq!(
        archive.read_named("x/two.txt").unwrap().unwrap().len(),
        3000
    );
    std::fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn confusions_are_refused() {
    let plain = || Zip::default().add(&entry("a", b"data"));
    let one = |e: Entry<'_>| Zip::default().add(&e).finish();
    let mut trailing = plain().finish();
    trailing.extend(b"more");
    let mut prefixed = b"#!/bin/sh\n".to_vec();
    prefixed.extend(plain().finish());
    let whole = plain().finish();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("empty", Vec::new()),
        ("text", b"not a zip at all".to_vec()),
        ("cut", whole.get(..whole.len() - 5).unwrap().to_vec()),
        ("trailing", trailing),
        ("prefixed", prefixed),
        ("duplicate", plain().add(&entry("a", b"other")).finish()),
        (
            "names differ",
            one(Entry {
                local_name: Some("b"),
                ..entry("a", b"x")
            }),
        ),
        (
            "method differs",
            one(Entry {
                local_method: Some(0),
                ..entry("a", b"x")
            }),
        ),
        ("parent", one(entry("../evil", b"x"))),
        ("absolute", one(entry("/etc/passwd", b"x"))),
        ("backslash", one(entry("a\\b", b"x"))),
        ("drive", one(entry("C:x", b"x"))),
        ("device", one(entry("a/NUL.txt", b"x"))),
        ("control", one(entry("a\u{1b}[31m", b"x"))),
        (
            "size lie",
            one(Entry {
                size: Some(2),
                ..entry("a", b"longer than two")
            }),
        ),
        (
            "size lie up",
            one(Entry {
                size: Some(200),
                ..entry("a", b"short")
            }),
        ),
        (
            "checksum lie",
            one(Entry {
                crc: Some(1),
                ..entry("a", b"x")
            }),
        ),
        (
            "hidden bytes",
            one(Entry {
                hidden: b"behind the stream",
                ..entry("a", b"x")
            }),
        ),
        (
            "encrypted",
            one(Entry {
                flags: 1,
                ..entry("a", b"x")
            }),
        ),
        (
            "overlap",
            plain()
                .add(&Entry {
                    header: Some(0),
                    ..entry("b", b"data")
                })
                .finish(),
        ),
        (
            "outside",
            one(Entry {
                header: Some(9999),
                ..entry("a", b"x")
            }),
        ),
    ];
    let shown: Vec<String> = cases
        .into_iter()
        .map(|(name, bytes)| format!("{name}: {}", refusal(bytes)))
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn limits_hold() {
    let bomb = vec![0; 4 << 20];
    let bytes = Zip::default().add(&entry("bomb", &bomb)).finish();
    let limits = Limits {
        member_bytes: 1 << 20,
        ..Limits::default()
    };
    let mut archive = ZipArchive::new(Cursor::new(bytes.clone()), limits).unwrap();
    assert_eq!(
        archive.read(0).unwrap_err().to_string(),
        "the member \"bomb\" is over the limit of 1048576"
    );
    let limits = Limits {
        ratio: 100,
        ..Limits::default()
    };
    let mut archive = ZipArchive::new(Cursor::new(bytes.clone()), limits).unwrap();
    assert_eq!(
        archive.read(0).unwrap_err().to_string(),
        "the compression ratio of \"bomb\" is over the limit of 100"
    );
    let limits = Limits {
        total_bytes: 6 << 20,
        ..Limits::default()
    };
    let mut archive = ZipArchive::new(Cursor::new(bytes.clone()), limits).unwrap();
    archive.read(0).unwrap();
    assert!(
        matches!(archive.read(0), Err(ArchiveError::Limit { .. })),
        "reading twice counts twice"
    );
    let limits = Limits {
        members: 0,
        ..Limits::default()
    };
    assert!(matches!(
        ZipArchive::new(Cursor::new(bytes), limits),
        Err(ArchiveError::Limit { .. })
    ));
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        hognose_archive::fuzzing::zip(&bytes);
    }

    #[test]
    fn damaged_archives_never_give_other_bytes(at in 0usize..400, value in any::<u8>()) {
        let mut bytes = Zip::default().add(&entry("a/x", b"some data, some data")).add(&entry("b", b"y")).finish();
        let at = at % bytes.len();
        bytes[at] = value;
        if let Ok(mut archive) = open(bytes)
            && let Some(Ok(read)) = archive.read_named("a/x")
        {
            prop_assert_eq!(read, b"some data, some data".to_vec());
        }
    }
}
