//! `HOG-ENV-unlisted`: a library in place of a module, and a module of nobody.

#[test]
fn is_raised_for_what_is_installed() {
    insta::assert_snapshot!(super::installed("HOG-ENV-unlisted", 1));
}
