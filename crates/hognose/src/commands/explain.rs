//! `hognose explain`: rules from the program itself, advisories from the database.

use hognose_types::{ALL_RULES, RuleId};

use super::db;
use crate::cli::{Cli, ExplainArgs};
use crate::error::Failure;
use crate::exit::Exit;
use crate::output;
use crate::surroundings::Surroundings;

pub(super) fn run(
    cli: &Cli,
    args: &ExplainArgs,
    surroundings: &Surroundings,
) -> Result<Exit, Failure> {
    let Some(id) = &args.id else {
        let width = ALL_RULES
            .iter()
            .map(|r| r.id.as_str().len())
            .max()
            .unwrap_or(0);
        let lines = ALL_RULES
            .iter()
            .map(|r| format!("{:width$}  {}\n", r.id.as_str(), r.title));
        output::data(&lines.collect::<String>())?;
        return Ok(Exit::Clean);
    };
    if let Some(rule) = RuleId::find(id) {
        output::data(rule.documentation)?;
        return Ok(Exit::Clean);
    }
    db::show_advisory(cli, id, &args.db, surroundings)?.map_or_else(
        || {
            let shown = hognose_types::text::short(id, 80);
            Err(Failure::usage(format!("{shown:?} is neither a rule nor an advisory of the database"))
                .hint("`hognose explain` lists the rules, `hognose db show PACKAGE` the advisories about a package"))
        },
        Ok,
    )
}
