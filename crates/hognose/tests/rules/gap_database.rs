//! `HOG-GAP-database`: a feed that is missing.

#[test]
fn is_raised_and_makes_the_run_incomplete() {
    insta::assert_snapshot!(super::gap("HOG-GAP-database", "database"));
}
