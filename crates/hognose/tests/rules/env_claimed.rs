//! `HOG-ENV-claimed`: one path, two contents: told, and no failure.

#[test]
fn is_raised_for_what_is_installed() {
    insta::assert_snapshot!(super::installed("HOG-ENV-claimed", 0));
}
