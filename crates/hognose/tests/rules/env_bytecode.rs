//! `HOG-ENV-bytecode`: code in __pycache__ that its source does not hold.

#[test]
fn is_raised_for_what_is_installed() {
    insta::assert_snapshot!(super::installed("HOG-ENV-bytecode", 1));
}
