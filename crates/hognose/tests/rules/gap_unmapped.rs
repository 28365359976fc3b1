//! `HOG-GAP-unmapped`: a conda package nobody knows the distribution of.

#[test]
fn is_raised_and_makes_the_run_incomplete() {
    insta::assert_snapshot!(super::gap("HOG-GAP-unmapped", "unmapped"));
}
