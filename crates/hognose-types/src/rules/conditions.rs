//! `HOG-LIC-…` and the `HOG-ID-…` that only a policy asks for: one row each, and for each a page, a test and a fixture of
//! its own.

use crate::rule::{RuleId, RuleMeta};

finding_rules! {
    NEWCOMER "HOG-ID-newcomer" "the project is younger than the policy asks for",
    OBSCURE "HOG-ID-obscure" "the project is not among the popular ones that the policy asks for",
    DENIED "HOG-LIC-denied" "the licence is not one that the policy lets in",
    UNSTATED "HOG-LIC-unstated" "nobody says under which licence it is",
}
