use super::*;
use proptest::prelude::*;

fn v(raw: &str) -> Version {
    Version::new(raw).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn orders_as_the_specification_lists() {
    let ascending = [
        "0",
        "0.0.1.dev1",
        "0.1",
        "1.dev0",
        "1.0.dev456",
        "1.0a1",
        "1.0a2.dev456",
        "1.0a12.dev456",
        "1.0a12",
        "1.0b1.dev456",
        "1.0b2",
        "1.0b2.post345.dev456",
        "1.0b2.post345",
        "1.0rc1.dev456",
        "1.0rc1",
        "1.0",
        "1.0+abc.5",
        "1.0+abc.7",
        "1.0+5",
        "1.0+5.1",
        "1.0.post456.dev34",
        "1.0.post456",
        "1.0.15",
        "1.1.dev1",
        "1.239",
        "1.240",
        "1.241",
        "1.65536",
        "1.18446744073709551615",
        "1.18446744073709551616",
        "1.99999999999999999999999",
        "2",
        "99",
        "1!0.1",
        "2!0",
    ];
    for (i, low) in ascending.iter().enumerate() {
        for high in ascending.iter().skip(i + 1) {
            assert!(v(low) < v(high), "{low} < {high}");
        }
    }
}

#[test]
fn spellings_are_equal() {
    for (a, b) in [
        ("1.0", "1"),
        ("1.0", "v1.0.0"),
        ("1.0alpha1", "1.0a1"),
        ("1.0-PREVIEW_2", "1.0rc2"),
        ("1.0c2", "1.0rc2"),
        ("1.0-1", "1.0.post1"),
        ("1.0.r5", "1.0post5"),
        ("1.0a", "1.0a0"),
        ("1.0a.", "1.0a0"),
        ("1.0.DEV", "1.0.dev0"),
        ("1.0+ABC-1", "1.0+abc.1"),
        ("01.02", "1.2"),
        ("0!1", "1"),
        (" 1.0\n", "1.0"),
        ("1.0a.-1", "1.0a0.post1"),
    ] {
        assert_eq!(v(a), v(b), "{a} == {b}");
    }
}

#[test]
fn refuses_what_is_not_a_version() {
    for raw in [
        "", "a", "1.", "1.0-", "1.0+", "1.0+a..b", "1.0+é", "1..0", "1.0 0", "2004d", "1.0-a-b",
        "1!", "!1", "latest", "1.0.x",
    ] {
        assert!(Version::new(raw).is_err(), "{raw:?}");
    }
    assert_eq!(
        Version::new(&"1".repeat(2000)),
        Err(VersionError::TooLong(2000))
    );
}

#[test]
fn local_part_is_removed() {
    assert_eq!(
        v("1.13.0+cu117").without_local().unwrap().as_str(),
        "1.13.0"
    );
    assert!(v("1.13.0").without_local().is_none());
}

#[test]
fn specifiers_follow_the_rules_for_inclusion() {
    let yes = [
        ("==1.0", "1.0+local"),
        ("==1.1.*", "1.1.post1"),
        ("==1.0.*", "1"),
        ("~=2.2", "2.9"),
        ("~=1.4.5a4", "1.4.9"),
        ("<2.0", "1.9"),
        ("<2.0rc2", "2.0rc1"),
        (">1.0", "1.0.1"),
        ("!=1.1.*", "1.2"),
        ("===foo", "1"),
        (">=1,<2", "1.5"),
        (">1.0.post1", "1.0.post2"),
        ("", "1"),
    ];
    for (specifier, version) in yes {
        let expected = specifier != "===foo";
        assert_eq!(
            Specifiers::parse(specifier).unwrap().contains(&v(version)),
            expected,
            "{specifier} {version}"
        );
    }
    for (specifier, version) in [
        ("<2.0", "2.0rc1"),
        (">1.0", "1.0.post1"),
        ("~=2.2", "3.0"),
        ("==1.0+a", "1.0"),
        (">1.0", "1.0+x"),
        ("~=2.2.0", "2.3"),
    ] {
        assert!(
            !Specifiers::parse(specifier).unwrap().contains(&v(version)),
            "{specifier} {version}"
        );
    }
    for bad in ["1.0", "=1.0", "~=1", ">=1.*", "==", "==1.0 junk"] {
        assert!(Specifiers::parse(bad).is_err(), "{bad}");
    }
    assert_eq!(
        Specifiers::parse("==1.2.3").unwrap().pinned(),
        Some("1.2.3")
    );
    assert_eq!(Specifiers::parse("==1.2.*").unwrap().pinned(), None);
}

proptest! {
    #[test]
    fn never_panics(raw in "\\PC{0,40}") {
        let _ = Version::new(&raw);
        let _ = Specifiers::parse(&raw);
    }

    #[test]
    fn key_order_is_field_order(a in parts(), b in parts()) {
        let (x, y) = (v(&a.0), v(&b.0));
        prop_assert_eq!(x.cmp(&y), a.1.cmp(&b.1));
    }
}

type Comparable = (u64, Vec<u64>, (u8, u64), u64, (u8, u64));

/// A version text and, built independently, the tuple that `packaging` compares.
fn parts() -> impl Strategy<Value = (String, Comparable)> {
    let number = prop_oneof![0u64..4, 236u64..260, any::<u64>()];
    (
        0u64..3,
        prop::collection::vec(number.clone(), 1..4),
        prop::option::of((0u8..3, number.clone())),
        prop::option::of(number.clone()),
        prop::option::of(number),
    )
        .prop_map(|(epoch, release, pre, post, dev)| {
            let mut text = format!(
                "{epoch}!{}",
                release
                    .iter()
                    .map(u64::to_string)
                    .collect::<Vec<_>>()
                    .join(".")
            );
            if let Some((phase, n)) = pre {
                text += &format!("{}{n}", ["a", "b", "rc"][usize::from(phase)]);
            }
            if let Some(n) = post {
                text += &format!(".post{n}");
            }
            if let Some(n) = dev {
                text += &format!(".dev{n}");
            }
            let mut trimmed = release;
            while trimmed.last() == Some(&0) {
                trimmed.pop();
            }
            let pre_key = match (pre, post, dev) {
                (Some((phase, n)), ..) => (phase + 1, n),
                (None, None, Some(_)) => (0, 0),
                _ => (9, 0),
            };
            let post_key = post.map_or(0, |n| n.saturating_add(1));
            (
                text,
                (
                    epoch,
                    trimmed,
                    pre_key,
                    post_key,
                    dev.map_or((1, 0), |n| (0, n)),
                ),
            )
        })
        .prop_filter("post + 1 must not saturate", |(_, key)| key.3 != u64::MAX)
}
