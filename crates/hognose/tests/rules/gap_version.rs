//! `HOG-GAP-version`: a version without order.

use super::{explained, rules, scan, scan_allowing};

const ID: &str = "HOG-GAP-version";

#[test]
fn is_raised_and_makes_the_run_incomplete() {
    let outcome = scan(ID);
    assert_eq!(outcome.code, 3);
    insta::assert_snapshot!(outcome.whole());
    assert!(rules(ID).contains(&ID.to_owned()));
    explained(ID);
}

#[test]
fn can_be_allowed() {
    let outcome = scan_allowing(ID, "version");
    assert!(matches!(outcome.code, 0 | 1), "{}", outcome.whole());
    assert!(outcome.stdout.contains("allowed"), "{}", outcome.whole());
}
