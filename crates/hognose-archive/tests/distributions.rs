//! What distributions say about themselves: each mismatch once, and honest ones without any.

use std::fmt::Write as _;

use hognose_archive::wheel::{
    Described, Member, Mismatch, MismatchKind, check_names, check_record,
};
use hognose_archive::{sdist, wheel::WheelName};

/// sha256 of nothing.
const EMPTY: [u8; 32] = [
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
    0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
];
const HASH: &str = "sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";
const FILE: &str = "My_Pkg-1.0-py2.py3-none-any.whl";
const INFO: &str = "my_pkg-1.0.dist-info";
const METADATA: &str = "Metadata-Version: 2.1\nName: my.pkg\nVersion: 1.0.0\n\nName: body\n";
const WHEEL: &str = "Wheel-Version: 1.0\nTag: py2-none-any\nTag: py3-none-any\n";

fn described<'a>() -> Described<'a> {
    Described {
        metadata: Some(METADATA),
        wheel: Some(WHEEL),
        record: Some(""),
    }
}

fn members<'a>(paths: &[&'a str]) -> Vec<Member<'a>> {
    paths
        .iter()
        .map(|path| Member {
            path,
            sha256: EMPTY,
            size: 0,
        })
        .collect()
}

fn record(text: &str, paths: &[&str]) -> Vec<Mismatch> {
    check_record(text, INFO, &members(paths))
}

#[test]
fn honest_distributions_agree_with_themselves() {
    let info = format!("{INFO}/RECORD");
    assert_eq!(check_names(FILE, ["my_pkg/a.py", &info], &described()), []);
    let text = format!("\"a,\"\"b.py\",{HASH},0\r\nd/c.py,{HASH},\n{info},,\n");
    let paths = ["a,\"b.py", "d/c.py", "d/", &info, &format!("{info}.jws")];
    assert_eq!(record(&text, &paths), []);
    let roots = ["my-pkg-1.0".to_owned()];
    assert_eq!(
        sdist::check("my_pkg-1.0.tar.gz", &roots, Some(METADATA)),
        []
    );
    let local = WheelName::parse("a-1.0_cu12-1-py3-none-any.whl").unwrap();
    assert_eq!((local.version, local.build), ("1.0_cu12", Some("1")));
}

#[test]
fn every_mismatch_is_found_and_worded() {
    let none = Described::default();
    let two = ["a-1.0.dist-info/RECORD", "my_pkg-1.0.dist-info/RECORD"];
    let with = |metadata| Described {
        metadata: Some(metadata),
        ..described()
    };
    let ours = [&*format!("{INFO}/RECORD")];
    let tags = Described {
        wheel: Some("Tag: py3-none-any\n"),
        ..described()
    };
    let rows = format!(
        "a,{HASH},0\na,{HASH},0\nb,,0\nc,md5=x,0\nd,sha256={},0\ne,{HASH},7\n../f,{HASH},0\nbroken\n",
        "A".repeat(43)
    );
    let found = [
        check_names("a.whl", [], &none),
        check_names(FILE, two, &described()),
        check_names(FILE, ours, &with("Name: other\nVersion: 2\nName: my-pkg\n")),
        check_names(FILE, ours, &tags),
        record(&rows, &["a", "b", "c", "d", "e", "evil.py"]),
        sdist::check("my_pkg-1.0.tar.gz", &["other".to_owned()], None),
    ];
    let mut text = String::new();
    for mismatch in found.iter().flatten() {
        writeln!(text, "{} | {mismatch}", mismatch.kind.as_str()).unwrap();
    }
    for kind in MismatchKind::ALL {
        assert!(
            text.contains(kind.describe()),
            "{} has no case",
            kind.as_str()
        );
    }
    insta::assert_snapshot!(text);
}
