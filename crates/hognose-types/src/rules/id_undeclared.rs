//! `HOG-ID-undeclared`: a module is imported that no declared distribution provides.

use crate::rule::{RuleId, RuleKind, RuleMeta};

/// The rule's id.
pub const ID: RuleId = RuleId::new("HOG-ID-undeclared");

pub(crate) const META: RuleMeta = RuleMeta {
    id: ID,
    title: "a module is imported that no declared distribution provides",
    kind: RuleKind::Finding,
    documentation: include_str!("../../../../docs/rules/HOG-ID-undeclared.md"),
};
