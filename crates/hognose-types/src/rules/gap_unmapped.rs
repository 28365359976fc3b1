//! `HOG-GAP-unmapped`: a conda package has no known Python distribution name.

use crate::rule::{RuleId, RuleKind, RuleMeta};

/// The rule's id.
pub const ID: RuleId = RuleId::new("HOG-GAP-unmapped");

pub(crate) const META: RuleMeta = RuleMeta {
    id: ID,
    title: "a conda package has no known Python distribution name",
    kind: RuleKind::Gap,
    documentation: include_str!("../../../../docs/rules/HOG-GAP-unmapped.md"),
};
