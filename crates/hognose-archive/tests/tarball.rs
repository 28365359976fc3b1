//! Tar: what is walked and what is refused.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::io::Write as _;
use std::ops::ControlFlow;

use hognose_archive::tarball::{TarKind, walk_tar, walk_tar_gz};
use hognose_archive::{ArchiveError, Limits};
use proptest::prelude::*;

fn member(path: &str, data: &[u8], kind: tar::EntryType) -> Vec<u8> {
    let mut header = tar::Header::new_ustar();
    header
        .as_ustar_mut()
        .unwrap()
        .name
        .get_mut(..path.len())
        .unwrap()
        .copy_from_slice(path.as_bytes());
    header.set_entry_type(kind);
    header.set_size(data.len() as u64);
    header.set_mode(0o644);
    header.set_cksum();
    let mut out = header.as_bytes().to_vec();
    out.extend(data);
    out.resize(out.len().next_multiple_of(512), 0);
    out
}

fn walk(bytes: &[u8], limits: &Limits) -> Result<Vec<(String, TarKind, Vec<u8>)>, ArchiveError> {
    let mut seen = Vec::new();
    walk_tar(bytes, limits, &mut |m, reader| {
        let mut data = Vec::new();
        reader.read_to_end(&mut data).map_err(ArchiveError::Io)?;
        seen.push((m.path.clone(), m.kind, data));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(seen)
}

#[test]
fn members_are_walked_with_long_names() {
    let long = "p/".repeat(90) + "PKG-INFO";
    let mut bytes = member(
        "././@LongLink",
        format!("{long}\0").as_bytes(),
        tar::EntryType::GNULongName,
    );
    bytes.extend(member("cut", b"Name: a", tar::EntryType::Regular));
    bytes.extend(member(
        "pax",
        format!("{} path=q/{}\n", 11 + 4, "file").as_bytes(),
        tar::EntryType::XHeader,
    ));
    bytes.extend(member("short", b"", tar::EntryType::Regular));
    bytes.extend(member("./dir/", b"", tar::EntryType::Directory));
    let seen = walk(&bytes, &Limits::default()).unwrap();
    let expected = vec![
        (long, TarKind::File, b"Name: a".to_vec()),
        ("q/file".to_owned(), TarKind::File, Vec::new()),
        ("dir/".to_owned(), TarKind::Directory, Vec::new()),
    ];
    assert_eq!(seen, expected);
}

#[test]
fn hostile_members_are_refused() {
    let limits = Limits {
        total_bytes: 8 << 20,
        ..Limits::default()
    };
    let fault = |bytes: &[u8]| walk(bytes, &limits).unwrap_err().to_string();
    assert_eq!(
        fault(&member("../x", b"", tar::EntryType::Regular)),
        "the member name \"../x\" has a '..' part"
    );
    assert_eq!(
        fault(&member("/x", b"", tar::EntryType::Regular)),
        "the member name \"/x\" is absolute"
    );
    let huge = member("name", &vec![b'a'; 2 << 20], tar::EntryType::GNULongName);
    assert_eq!(
        fault(&huge),
        "an extended header is over the limit of 1048576"
    );
    let mut two = member("pax", b"12 size=999\n", tar::EntryType::XHeader);
    two.extend(member("x", b"abc", tar::EntryType::Regular));
    assert_eq!(fault(&two), "the member \"x\" states two sizes");
    let big = member("x", &vec![0; 9 << 20], tar::EntryType::Regular);
    assert!(walk(&big, &limits).is_err());
    let mut damaged = member("x", b"abc", tar::EntryType::Regular);
    damaged[3] = b'z';
    assert!(
        walk(&damaged, &limits).is_err(),
        "the header checksum must hold"
    );
}

#[test]
fn gzip_members_and_garbage() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder
        .write_all(&member("x", b"abc", tar::EntryType::Regular))
        .unwrap();
    let bytes = encoder.finish().unwrap();
    let mut count = 0;
    walk_tar_gz(bytes.as_slice(), &Limits::default(), &mut |_, _| {
        count += 1;
        Ok(ControlFlow::Break(()))
    })
    .unwrap();
    assert_eq!(count, 1);
    let garbage = walk_tar_gz(&b"not gzip"[..], &Limits::default(), &mut |_, _| {
        Ok(ControlFlow::Continue(()))
    });
    assert!(garbage.is_err());
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        hognose_archive::fuzzing::tar(&bytes);
    }
}
