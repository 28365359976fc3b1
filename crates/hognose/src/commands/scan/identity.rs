//! What the names and sources of an inventory alone show.

use hognose_advisories::Database;
use hognose_identity::lookalike::Model;
use hognose_identity::{Knowledge, judge, misnamed, names};
use hognose_types::{Finding, Inventory, OwnedNames, PackageName, rules};

use crate::error::Failure;

/// Popular names, the most popular first: those of the database, else those that come with the program.
pub(super) fn popular(database: &Database) -> Result<Vec<String>, Failure> {
    let listed = database.popular().map_err(|e| {
        Failure::incomplete("the popular names of the database cannot be read")
            .because(&e)
            .hint("rebuild it with `hognose db update`")
    })?;
    if listed.is_empty() {
        return Ok(names::popular().map(str::to_owned).collect());
    }
    Ok(listed.into_iter().map(|(name, _)| name).collect())
}

/// Names that look like others, sources that move. Nothing is asked of anybody.
pub(in crate::commands) fn findings(
    inventory: &Inventory,
    database: &Database,
    owned: &OwnedNames,
) -> Result<Vec<Finding>, Failure> {
    let popular = popular(database)?;
    let knowledge = Knowledge {
        popular: popular.iter().map(String::as_str).collect(),
        own: owned.names().map(PackageName::as_str).collect(),
        model: Model::builtin()
            .map_err(|e| Failure::incomplete("the look-alike model is broken").because(&e))?,
    };
    let mut found = judge(inventory, &knowledge);
    // A name of the user's own imitates nobody.
    let own = |f: &Finding| PackageName::new(&f.subject.name).is_ok_and(|name| owned.owns(&name));
    let taken = popular.iter().map(String::as_str).collect();
    found.extend(misnamed(inventory, &taken, owned));
    found.retain(|f| f.rule != rules::id_lookalike::ID || !own(f));
    Ok(found)
}
