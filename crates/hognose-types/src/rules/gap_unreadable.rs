//! `HOG-GAP-unreadable`: a file could not be read, or only in part.

use crate::rule::{RuleId, RuleKind, RuleMeta};

/// The rule's id.
pub const ID: RuleId = RuleId::new("HOG-GAP-unreadable");

pub(crate) const META: RuleMeta = RuleMeta {
    id: ID,
    title: "a file could not be read, or only in part",
    kind: RuleKind::Gap,
    documentation: include_str!("../../../../docs/rules/HOG-GAP-unreadable.md"),
};
