//! `HOG-GAP-provenance`: a document of a version that nobody knows yet.

#[test]
fn is_raised_and_makes_the_run_incomplete() {
    insta::assert_snapshot!(super::verified("HOG-GAP-provenance", 3));
}
