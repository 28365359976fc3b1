//! `HOG-ENV-script`: a program that does something beside its call.

#[test]
fn is_raised_for_what_is_installed() {
    insta::assert_snapshot!(super::installed("HOG-ENV-script", 1));
}
