//! `HOG-LIC-denied`: a licence that the policy does not let in.

use super::{explained, rules, scan};

const ID: &str = "HOG-LIC-denied";

#[test]
fn is_raised_and_fails_the_run() {
    let outcome = scan(ID);
    assert_eq!(outcome.code, 1, "{}", outcome.whole());
    insta::assert_snapshot!(outcome.whole());
    assert!(rules(ID).iter().all(|rule| rule == ID));
    explained(ID);
}
