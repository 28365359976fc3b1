//! `HOG-GAP-unpinned`: a requirement without an exact version cannot be judged.

use crate::rule::{RuleId, RuleKind, RuleMeta};

/// The rule's id.
pub const ID: RuleId = RuleId::new("HOG-GAP-unpinned");

pub(crate) const META: RuleMeta = RuleMeta {
    id: ID,
    title: "a requirement without an exact version cannot be judged",
    kind: RuleKind::Gap,
    documentation: include_str!("../../../../docs/rules/HOG-GAP-unpinned.md"),
};
