//! `HOG-MAL-known`: a package that advisories call malicious.

use super::{explained, rules, scan};
use crate::common::Sandbox;

const ID: &str = "HOG-MAL-known";

#[test]
fn is_raised_and_fails_the_run() {
    let outcome = scan(ID);
    assert_eq!(outcome.code, 1);
    insta::assert_snapshot!(outcome.whole());
    assert_eq!(rules(ID), [ID]);
    explained(ID);
}

#[test]
fn no_gate_lets_it_through() {
    let outcome = Sandbox::with("rules/HOG-MAL-known").scan(&["--fail-on", "never"]);
    assert_eq!(outcome.code, 1, "{}", outcome.whole());
}
