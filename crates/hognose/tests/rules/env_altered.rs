//! `HOG-ENV-altered`: a file with other bytes than RECORD states.

#[test]
fn is_raised_for_what_is_installed() {
    insta::assert_snapshot!(super::installed("HOG-ENV-altered", 1));
}
