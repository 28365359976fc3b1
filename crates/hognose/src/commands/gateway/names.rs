//! What a name alone shows of a project.

use hognose_advisories::Database;
use hognose_policy::Action;
use hognose_types::rules::{id_import_name, id_lookalike};
use hognose_types::{Finding, Inventory, Subject};

use super::engine::Engine;
use crate::commands::scan::name_findings;

impl Engine {
    /// What the name alone shows, where the policy blocks by that: of thousands of versions it is the same.
    pub(super) fn names(
        &self,
        inventory: &Inventory,
        database: &Database,
    ) -> Result<Vec<Finding>, String> {
        let rules = [id_lookalike::ID, id_import_name::ID];
        let asked = |rule| self.rules.policy.rules.get(rule) == Some(&Action::Block);
        let Some(first) = inventory.components.first() else {
            return Ok(Vec::new());
        };
        if !rules.iter().any(asked) {
            return Ok(Vec::new());
        }
        let one = Inventory {
            inputs: inventory.inputs.clone(),
            components: vec![first.clone()],
            ..Inventory::default()
        };
        let found = name_findings(&one, database, &self.rules.owned);
        let found = found.map_err(|e| e.line())?;
        let versions = inventory.components.iter().map(Subject::of);
        let all = versions.flat_map(|subject| {
            found.iter().map(move |finding| Finding {
                subject: subject.clone(),
                ..finding.clone()
            })
        });
        Ok(all.collect())
    }
}
