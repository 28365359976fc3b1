//! `HOG-ID-moving-source`: a requirement follows a branch or tag of a repository.

use crate::rule::{RuleId, RuleKind, RuleMeta};

/// The rule's id.
pub const ID: RuleId = RuleId::new("HOG-ID-moving-source");

pub(crate) const META: RuleMeta = RuleMeta {
    id: ID,
    title: "a requirement follows a branch or tag of a repository",
    kind: RuleKind::Finding,
    documentation: include_str!("../../../../docs/rules/HOG-ID-moving-source.md"),
};
