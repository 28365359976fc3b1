//! `HOG-LIC-unstated`: a package of which nobody says the licence.

use super::{explained, rules, scan};

const ID: &str = "HOG-LIC-unstated";

#[test]
fn is_raised_and_fails_the_run() {
    let outcome = scan(ID);
    assert_eq!(outcome.code, 1, "{}", outcome.whole());
    insta::assert_snapshot!(outcome.whole());
    assert!(rules(ID).iter().all(|rule| rule == ID));
    explained(ID);
}
