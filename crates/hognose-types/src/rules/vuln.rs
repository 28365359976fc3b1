//! `HOG-VULN`: a known vulnerability affects the installed or locked version.

use crate::rule::{RuleId, RuleKind, RuleMeta};

/// The rule's id.
pub const ID: RuleId = RuleId::new("HOG-VULN");

pub(crate) const META: RuleMeta = RuleMeta {
    id: ID,
    title: "a known vulnerability affects the installed or locked version",
    kind: RuleKind::Finding,
    documentation: include_str!("../../../../docs/rules/HOG-VULN.md"),
};
