//! `HOG-GAP-unreadable`: a lock that is cut off.

#[test]
fn is_raised_and_makes_the_run_incomplete() {
    insta::assert_snapshot!(super::gap("HOG-GAP-unreadable", "unreadable"));
}
