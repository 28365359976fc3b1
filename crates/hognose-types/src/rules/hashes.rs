//! `HOG-HASH-…`: hashes in locks and requirements files that protect less than they seem to: one row each, and for each a
//! page, a test and a fixture of its own.

use crate::rule::{RuleId, RuleMeta};

finding_rules! {
    ANY "HOG-HASH-any" "one of several hashes is enough",
    MIXED "HOG-HASH-mixed" "some packages have hashes and others have none",
    UNPINNED "HOG-HASH-unpinned" "a hash without a version is ignored",
    WEAK "HOG-HASH-weak" "a hash of an algorithm that is broken",
}
