//! The rules: stable ids, each with one documentation page.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::rules;

/// A rule's stable id, such as `HOG-VULN`. Only ids of [`ALL_RULES`] exist.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(&'static str);

/// What a rule raises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuleKind {
    /// Evidence about a component.
    Finding,
    /// Something that could not be checked.
    Gap,
}

/// A rule and its documentation.
#[derive(Clone, Copy, Debug)]
pub struct RuleMeta {
    /// Its id.
    pub id: RuleId,
    /// One line.
    pub title: &'static str,
    /// What it raises.
    pub kind: RuleKind,
    /// The documentation page, in Markdown.
    pub documentation: &'static str,
}

/// Every rule, sorted by id.
pub const ALL_RULES: &[RuleMeta] = &sorted::<{ count() }>();

/// Where rules are.
const GROUPS: &[&[RuleMeta]] = &[
    SINGLE,
    rules::behaviour::METAS,
    rules::online::METAS,
    rules::conditions::METAS,
    rules::provenance::METAS,
    rules::environment::METAS,
    rules::hashes::METAS,
];

/// The rules with a file of their own.
const SINGLE: &[RuleMeta] = &[
    rules::gap_database::META,
    rules::gap_index::META,
    rules::gap_provenance::META,
    rules::gap_unmapped::META,
    rules::gap_unpinned::META,
    rules::gap_unreadable::META,
    rules::gap_version::META,
    rules::id_confusion::META,
    rules::id_import_name::META,
    rules::id_lookalike::META,
    rules::id_moving_source::META,
    rules::id_undeclared::META,
    rules::id_unused::META,
    rules::mal_known::META,
    rules::vuln::META,
];

/// How many there are.
const fn count() -> usize {
    let (mut group, mut out) = (0, 0);
    while group < GROUPS.len() {
        out += GROUPS[group].len();
        group += 1;
    }
    out
}

/// All kinds of rules in the order of their ids, made while compiling.
const fn sorted<const N: usize>() -> [RuleMeta; N] {
    let mut out = [rules::vuln::META; N];
    let (mut group, mut member, mut filled) = (0, 0, 0);
    while filled < N {
        if member == GROUPS[group].len() {
            (group, member) = (group + 1, 0);
            continue;
        }
        let next = GROUPS[group][member];
        let mut at = filled;
        while at > 0 && is_less(next.id.0.as_bytes(), out[at - 1].id.0.as_bytes()) {
            out[at] = out[at - 1];
            at -= 1;
        }
        out[at] = next;
        filled += 1;
        member += 1;
    }
    out
}

const fn is_less(a: &[u8], b: &[u8]) -> bool {
    let mut at = 0;
    while at < a.len() && at < b.len() {
        if a[at] != b[at] {
            return a[at] < b[at];
        }
        at += 1;
    }
    a.len() < b.len()
}

impl RuleId {
    /// Names a rule; only the rule's own file does.
    pub(crate) const fn new(id: &'static str) -> Self {
        Self(id)
    }

    /// The text.
    pub const fn as_str(self) -> &'static str {
        self.0
    }

    /// Finds a rule by its id, without regard to case.
    pub fn find(id: &str) -> Option<&'static RuleMeta> {
        ALL_RULES
            .iter()
            .find(|meta| meta.id.0.eq_ignore_ascii_case(id))
    }

    /// True for rules whose findings are there to be looked at and fail no run, whatever the gate.
    pub fn only_warns(self) -> bool {
        self == rules::id_lookalike::ID
            || self == rules::provenance::UNATTESTED
            || rules::online::ONLY_WARN.contains(&self)
    }

    /// The rule's description.
    pub fn meta(self) -> Option<&'static RuleMeta> {
        Self::find(self.0)
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}
impl fmt::Debug for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}
impl Serialize for RuleId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_sorted_and_documented() {
        assert!(ALL_RULES.is_sorted_by_key(|r| r.id));
        for rule in ALL_RULES {
            assert!(
                rule.documentation.starts_with(&format!("# {}\n", rule.id)),
                "{}",
                rule.id
            );
            assert_eq!(
                RuleId::find(&rule.id.as_str().to_lowercase()).unwrap().id,
                rule.id
            );
        }
    }
}
