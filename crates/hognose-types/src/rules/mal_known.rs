//! `HOG-MAL-known`: the package is known to be malicious.

use crate::rule::{RuleId, RuleKind, RuleMeta};

/// The rule's id.
pub const ID: RuleId = RuleId::new("HOG-MAL-known");

pub(crate) const META: RuleMeta = RuleMeta {
    id: ID,
    title: "the package is known to be malicious",
    kind: RuleKind::Finding,
    documentation: include_str!("../../../../docs/rules/HOG-MAL-known.md"),
};
