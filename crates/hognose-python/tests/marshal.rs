//! Bytecode of every version read as data. The samples were compiled from `fixtures/marshal/sample.py`.

use hognose_python::marshal::{Version, header, read};
use proptest::prelude::*;

const SAMPLES: [(Version, &[u8]); 9] = [
    (
        Version(2, 7),
        include_bytes!("fixtures/marshal/cpython-27.pyc"),
    ),
    (
        Version(3, 6),
        include_bytes!("fixtures/marshal/cpython-36.pyc"),
    ),
    (
        Version(3, 7),
        include_bytes!("fixtures/marshal/cpython-37.pyc"),
    ),
    (
        Version(3, 8),
        include_bytes!("fixtures/marshal/cpython-38.pyc"),
    ),
    (
        Version(3, 9),
        include_bytes!("fixtures/marshal/cpython-39.pyc"),
    ),
    (
        Version(3, 10),
        include_bytes!("fixtures/marshal/cpython-310.pyc"),
    ),
    (
        Version(3, 11),
        include_bytes!("fixtures/marshal/cpython-311.pyc"),
    ),
    (
        Version(3, 12),
        include_bytes!("fixtures/marshal/cpython-312.pyc"),
    ),
    (
        Version(3, 13),
        include_bytes!("fixtures/marshal/cpython-313.pyc"),
    ),
];

#[test]
fn every_version_is_read() {
    for (version, bytes) in SAMPLES {
        let header = header(bytes).unwrap();
        assert_eq!(header.version, Some(version));
        for version in [header.version, None] {
            let module = read(header.body, version);
            assert!(module.complete, "{version:?}");
            let names: Vec<_> = module.codes.iter().map(|code| code.name.as_str()).collect();
            assert!(
                names.starts_with(&["<module>", "Thing", "method", "inner"]),
                "{names:?}"
            );
            assert!(names.contains(&"<lambda>"), "{names:?}");
            let top = &module.codes[0];
            assert_eq!(top.filename, "sample.py");
            assert!(top.first_line <= 2);
            for name in [
                "os.path",
                "subprocess",
                "check_output",
                "TABLE",
                "Thing",
                "print",
            ] {
                // Printing is a statement in Python 2.
                assert!(
                    top.names.iter().any(|n| n == name) || name == "print",
                    "{version:?} {name} {:?}",
                    top.names
                );
            }
            assert!(
                top.strings.iter().any(|s| s == "two")
                    && top.bytes.iter().any(|b| b == b"\xff\xfe")
            );
            let method = &module.codes[2];
            assert_eq!(method.first_line, 9);
            assert!(
                method
                    .strings
                    .iter()
                    .any(|s| s == "https://example.invalid/x")
            );
            assert!(method.variables.iter().any(|v| v == "second"));
        }
    }
}

#[test]
fn what_cannot_be_read_still_shows_its_text() {
    let (_, bytes) = SAMPLES[5];
    let module = read(&bytes[16..bytes.len() - 40], None);
    assert!(!module.complete);
    assert!(
        module
            .strings
            .iter()
            .any(|s| s.contains("https://example.invalid/x"))
    );
    assert_eq!(
        header(b"\x99\x99\r\n0123456789abBODY").unwrap().version,
        None
    );
    assert_eq!(header(b"no"), None);
}

#[test]
fn references_cannot_multiply() {
    // Twenty tuples, each of 200 references to the one before.
    let mut bytes = vec![b'('];
    bytes.extend(21_i32.to_le_bytes());
    bytes.extend([b'a' | 0x80, 3, 0, 0, 0, b'x', b'y', b'z']);
    for level in 0..20_i32 {
        bytes.push(b')' | 0x80);
        bytes.push(200);
        for _ in 0..200 {
            bytes.push(b'r');
            bytes.extend(level.to_le_bytes());
        }
    }
    let module = read(&bytes, Some(Version(3, 12)));
    assert!(!module.complete);
}

#[test]
fn depth_is_limited() {
    let module = read(&[b')', 1].repeat(100_000), Some(Version(3, 12)));
    assert!(!module.complete);
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in any::<Vec<u8>>()) {
        header(&bytes);
        read(&bytes, None);
    }

    #[test]
    fn broken_samples_are_survived(which in 0_usize..9, at in 0_usize..900, value in any::<u8>()) {
        let mut bytes = SAMPLES[which].1.to_vec();
        let at = at % bytes.len();
        bytes[at] = value;
        if let Some(header) = header(&bytes) {
            read(header.body, header.version);
            read(header.body, None);
        }
    }
}
