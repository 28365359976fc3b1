//! `HOG-ID-unused`: a declared distribution is never imported.

use crate::rule::{RuleId, RuleKind, RuleMeta};

/// The rule's id.
pub const ID: RuleId = RuleId::new("HOG-ID-unused");

pub(crate) const META: RuleMeta = RuleMeta {
    id: ID,
    title: "a declared distribution is never imported",
    kind: RuleKind::Finding,
    documentation: include_str!("../../../../docs/rules/HOG-ID-unused.md"),
};
