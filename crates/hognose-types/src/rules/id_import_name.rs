//! `HOG-ID-import-name`: a declared distribution bears the name of another's module.

use crate::rule::{RuleId, RuleKind, RuleMeta};

/// The rule's id.
pub const ID: RuleId = RuleId::new("HOG-ID-import-name");

pub(crate) const META: RuleMeta = RuleMeta {
    id: ID,
    title: "a declared distribution bears the name of another's module",
    kind: RuleKind::Finding,
    documentation: include_str!("../../../../docs/rules/HOG-ID-import-name.md"),
};
