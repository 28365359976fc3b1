//! ZIP archives that two readers understand differently.

use hognose_archive::examine::ConfusionKind as Kind;

use crate::common::*;

/// The kinds met in an archive of these members.
fn kinds(members: &[Member]) -> Vec<&'static str> {
    look(&Zip::new(members).bytes(), "a.whl").kinds()
}

#[test]
fn bytes_between_members_and_hidden_members() {
    let hidden = Member {
        listed: false,
        ..file("hidden.py", b"import os")
    };
    let zip = Zip::new(&[file("a", b"1")])
        .raw(b"????")
        .add(&hidden)
        .add(&file("b", b"2"));
    let seen = look(&zip.bytes(), "a.whl");
    assert_eq!(seen.kinds(), ["hidden-member", "gap"]);
    assert_eq!(seen.paths(), ["a", "hidden.py", "b"]);
    assert_eq!(seen.bytes("hidden.py"), b"import os");
    assert!(seen.members[1].hidden && seen.has(Kind::Gap));
}

#[test]
fn local_headers_against_the_directory() {
    let a = file("a", b"one");
    let name = Member {
        local_name: b"b".to_vec(),
        ..a.clone()
    };
    let seen = look(&Zip::new(&[name]).bytes(), "a.whl");
    assert_eq!(seen.kinds(), ["local-name"]);
    assert_eq!(seen.members[0].other.as_deref(), Some("b"));
    assert_eq!(
        kinds(&[Member {
            local_method: 0,
            ..a.clone()
        }]),
        ["local-method"]
    );
    assert_eq!(
        kinds(&[Member {
            local_flags: 1,
            ..a.clone()
        }]),
        ["local-flags"]
    );
    assert_eq!(
        kinds(&[Member {
            local_size: 9,
            ..a.clone()
        }]),
        ["local-size"]
    );
    assert_eq!(
        kinds(&[Member {
            local_packed_size: 1,
            ..a.clone()
        }]),
        ["local-size"]
    );
    assert_eq!(kinds(&[Member { local_crc: 9, ..a }]), ["local-checksum"]);
}
