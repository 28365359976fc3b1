//! One file per rule, a table for the rules of behaviour and one each for those that ask an index, for those
//! that a policy asks for, those about who published, those about what is installed and those about hashes. A rule's page is
//! compiled in, so that `explain` and the documentation cannot differ.

/// A table of rules whose findings are all of one kind: the name of a constant, the id, the title.
macro_rules! finding_rules {
    ($($name:ident $id:literal $title:literal,)*) => {
        $(
            #[doc = concat!("`", $id, "`: ", $title, ".")]
            pub const $name: RuleId = RuleId::new($id);
        )*
        pub(crate) const METAS: &[RuleMeta] = &[$(RuleMeta {
            id: $name,
            title: $title,
            kind: $crate::rule::RuleKind::Finding,
            documentation: include_str!(concat!("../../../../docs/rules/", $id, ".md")),
        },)*];
    };
}

pub(crate) mod behaviour;
pub mod conditions;
pub mod environment;
pub mod gap_database;
pub mod gap_index;
pub mod gap_provenance;
pub mod gap_unmapped;
pub mod gap_unpinned;
pub mod gap_unreadable;
pub mod gap_version;
pub mod hashes;
pub mod id_confusion;
pub mod id_import_name;
pub mod id_lookalike;
pub mod id_moving_source;
pub mod id_undeclared;
pub mod id_unused;
pub mod mal_known;
pub mod online;
pub mod provenance;
pub mod vuln;
