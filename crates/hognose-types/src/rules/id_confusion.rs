//! `HOG-ID-confusion`: another index could deliver the package.

use crate::rule::{RuleId, RuleKind, RuleMeta};

/// The rule's id.
pub const ID: RuleId = RuleId::new("HOG-ID-confusion");

pub(crate) const META: RuleMeta = RuleMeta {
    id: ID,
    title: "another index could deliver the package",
    kind: RuleKind::Finding,
    documentation: include_str!("../../../../docs/rules/HOG-ID-confusion.md"),
};
