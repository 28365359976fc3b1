//! `HOG-LIC-…` and the `HOG-ID-…` that only a policy asks for: one row each, and for each a page, a test and a fixture of
//! its own.

use crate::rule::{RuleId, RuleKind, RuleMeta};

macro_rules! condition_rules {
    ($($name:ident $id:literal $title:literal,)*) => {
        $(
            #[doc = concat!("`", $id, "`: ", $title, ".")]
            pub const $name: RuleId = RuleId::new($id);
        )*
        pub(crate) const METAS: &[RuleMeta] = &[$(RuleMeta {
            id: $name,
            title: $title,
            kind: RuleKind::Finding,
            documentation: include_str!(concat!("../../../../docs/rules/", $id, ".md")),
        },)*];
    };
}

condition_rules! {
    NEWCOMER "HOG-ID-newcomer" "the project is younger than the policy asks for",
    OBSCURE "HOG-ID-obscure" "the project is not among the popular ones that the policy asks for",
    DENIED "HOG-LIC-denied" "the licence is not one that the policy lets in",
    UNSTATED "HOG-LIC-unstated" "nobody says under which licence it is",
}
