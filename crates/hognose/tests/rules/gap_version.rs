//! `HOG-GAP-version`: a version without order.

#[test]
fn is_raised_and_makes_the_run_incomplete() {
    insta::assert_snapshot!(super::gap("HOG-GAP-version", "version"));
}
