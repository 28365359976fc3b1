//! `hognose policy`: the configuration itself, checked, described and tried on what has happened.

mod check;
mod replay;

use crate::cli::{Cli, PolicyCommand};
use crate::error::Failure;
use crate::exit::Exit;
use crate::output;
use crate::surroundings::Surroundings;

/// The JSON Schema of the configuration.
const SCHEMA: &str = include_str!("../../../../../docs/schemas/hognose-toml-1.schema.json");

pub(super) fn run(
    cli: &Cli,
    command: &PolicyCommand,
    surroundings: &Surroundings,
) -> Result<Exit, Failure> {
    match command {
        PolicyCommand::Check { files } => check::run(files, surroundings),
        PolicyCommand::Schema => {
            output::data(SCHEMA)?;
            Ok(Exit::Clean)
        }
        PolicyCommand::Test(args) => replay::run(cli, args, surroundings),
    }
}
