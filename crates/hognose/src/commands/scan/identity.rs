//! What the names and sources of an inventory alone show.

use hognose_advisories::Database;
use hognose_identity::lookalike::Model;
use hognose_identity::{Knowledge, judge, misnamed, names};
use hognose_types::{Finding, Inventory, OwnedNames, PackageName, rules};

use crate::error::Failure;

/// What the database says of how much names are downloaded, the most popular first.
pub(super) fn listed(database: &Database) -> Result<Vec<(String, u64)>, Failure> {
    database.popular().map_err(|e| {
        Failure::incomplete("the popular names of the database cannot be read")
            .because(&e)
            .hint("rebuild it with `hognose db update`")
    })
}

/// Popular names, the most popular first: those of the database, else those that come with the program.
pub(super) fn popular(database: &Database) -> Result<Vec<String>, Failure> {
    Ok(first(&listed(database)?))
}

/// The names that count as popular of a list that may go on to names that hardly anybody uses.
pub(super) fn first(listed: &[(String, u64)]) -> Vec<String> {
    if listed.is_empty() {
        return names::popular().map(str::to_owned).collect();
    }
    let popular = listed.iter().take(names::POPULAR);
    popular.map(|(name, _)| name.clone()).collect()
}

/// Names that look like others, sources that move. Nothing is asked of anybody.
pub(in crate::commands) fn findings(
    inventory: &Inventory,
    database: &Database,
    owned: &OwnedNames,
) -> Result<Vec<Finding>, Failure> {
    let listed = listed(database)?;
    let popular = first(&listed);
    let knowledge = Knowledge {
        popular: popular.iter().map(String::as_str).collect(),
        downloads: &listed,
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
