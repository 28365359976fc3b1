//! `HOG-ENV-interpreter`: a script in place of the interpreter.

#[test]
fn is_raised_for_what_is_installed() {
    insta::assert_snapshot!(super::installed("HOG-ENV-interpreter", 1));
}
