//! `HOG-GAP-provenance`: attestations that could not be verified.

use crate::rule::{RuleId, RuleKind, RuleMeta};

/// The rule's id.
pub const ID: RuleId = RuleId::new("HOG-GAP-provenance");

pub(crate) const META: RuleMeta = RuleMeta {
    id: ID,
    title: "attestations could not be verified",
    kind: RuleKind::Gap,
    documentation: include_str!("../../../../docs/rules/HOG-GAP-provenance.md"),
};
