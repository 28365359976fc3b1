//! `HOG-ENV-hook`: a .pth file that nobody lists, shown with what it runs.

#[test]
fn is_raised_for_what_is_installed() {
    insta::assert_snapshot!(super::installed("HOG-ENV-hook", 1));
}
