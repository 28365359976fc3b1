//! `HOG-GAP-version`: the version is unknown or does not follow PEP 440.

use crate::rule::{RuleId, RuleKind, RuleMeta};

/// The rule's id.
pub const ID: RuleId = RuleId::new("HOG-GAP-version");

pub(crate) const META: RuleMeta = RuleMeta {
    id: ID,
    title: "the version is unknown or does not follow PEP 440",
    kind: RuleKind::Gap,
    documentation: include_str!("../../../../docs/rules/HOG-GAP-version.md"),
};
