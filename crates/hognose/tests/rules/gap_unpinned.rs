//! `HOG-GAP-unpinned`: requirements without an exact version.

#[test]
fn is_raised_and_makes_the_run_incomplete() {
    insta::assert_snapshot!(super::gap("HOG-GAP-unpinned", "unpinned"));
}
