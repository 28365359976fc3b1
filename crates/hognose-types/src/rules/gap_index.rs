//! `HOG-GAP-index`: a package index could not be asked, or not about everything.

use crate::rule::{RuleId, RuleKind, RuleMeta};

/// The rule's id.
pub const ID: RuleId = RuleId::new("HOG-GAP-index");

pub(crate) const META: RuleMeta = RuleMeta {
    id: ID,
    title: "a package index could not be asked, or not about everything",
    kind: RuleKind::Gap,
    documentation: include_str!("../../../../docs/rules/HOG-GAP-index.md"),
};
