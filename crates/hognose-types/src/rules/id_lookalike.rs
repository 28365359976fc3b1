//! `HOG-ID-lookalike`: the name looks like that of a well-known project.

use crate::rule::{RuleId, RuleKind, RuleMeta};

/// The rule's id.
pub const ID: RuleId = RuleId::new("HOG-ID-lookalike");

pub(crate) const META: RuleMeta = RuleMeta {
    id: ID,
    title: "the name looks like that of a well-known project",
    kind: RuleKind::Finding,
    documentation: include_str!("../../../../docs/rules/HOG-ID-lookalike.md"),
};
