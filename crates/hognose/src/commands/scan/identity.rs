//! What the names and sources of an inventory alone show.

use hognose_advisories::Database;
use hognose_identity::lookalike::Model;
use hognose_identity::{Knowledge, judge, names};
use hognose_types::{Finding, Inventory};

use crate::error::Failure;

/// Names that look like others, sources that move. Nothing is asked of anybody.
pub(super) fn findings(
    inventory: &Inventory,
    database: &Database,
) -> Result<Vec<Finding>, Failure> {
    let popular = database.popular().map_err(|e| {
        Failure::incomplete("the popular names of the database cannot be read")
            .because(&e)
            .hint("rebuild it with `hognose db update`")
    })?;
    let listed = popular.iter().map(|(name, _)| name.as_str());
    let knowledge = Knowledge {
        // The list that comes with the program stands in for a feed that is not there.
        popular: if popular.is_empty() {
            names::popular().collect()
        } else {
            listed.collect()
        },
        own: Vec::new(),
        model: Model::builtin()
            .map_err(|e| Failure::incomplete("the look-alike model is broken").because(&e))?,
    };
    Ok(judge(inventory, &knowledge))
}
