//! `HOG-ENV-missing`: a listed file that is gone.

#[test]
fn is_raised_for_what_is_installed() {
    insta::assert_snapshot!(super::installed("HOG-ENV-missing", 1));
}
