//! `HOG-GAP-database`: the advisory database is missing, partial or stale.

use crate::rule::{RuleId, RuleKind, RuleMeta};

/// The rule's id.
pub const ID: RuleId = RuleId::new("HOG-GAP-database");

pub(crate) const META: RuleMeta = RuleMeta {
    id: ID,
    title: "the advisory database is missing, partial or stale",
    kind: RuleKind::Gap,
    documentation: include_str!("../../../../docs/rules/HOG-GAP-database.md"),
};
