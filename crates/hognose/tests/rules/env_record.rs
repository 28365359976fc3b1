//! `HOG-ENV-record`: a row that leads out, and one whose hash is none.

#[test]
fn is_raised_for_what_is_installed() {
    insta::assert_snapshot!(super::installed("HOG-ENV-record", 1));
}
