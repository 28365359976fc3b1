//! `HOG-VULN`: a known flaw in a pinned version.

use super::{explained, rules, scan};

const ID: &str = "HOG-VULN";

#[test]
fn is_raised_and_fails_the_run() {
    let outcome = scan(ID);
    assert_eq!(outcome.code, 1);
    insta::assert_snapshot!(outcome.whole());
    assert!(rules(ID).iter().all(|rule| rule == ID));
    explained(ID);
}
