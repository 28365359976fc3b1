//! One file per command: checked options → one crate → rendered output.

mod attest;
mod completions;
mod db;
mod explain;
mod gateway;
mod guard;
mod inspect;
mod lock;
mod man;
mod policy;
mod sandboxed;
mod sbom;
mod scan;
mod show;
mod verify;

use crate::cli::{Cli, Command, DbCommand};
use crate::error::Failure;
use crate::exit::Exit;
use crate::surroundings::Surroundings;

/// Runs a command.
pub(crate) fn run(
    cli: &Cli,
    command: Command,
    surroundings: &Surroundings,
) -> Result<Exit, Failure> {
    match command {
        Command::Scan(args) => scan::run(cli, &args, surroundings),
        Command::Inspect(args) => inspect::run(cli, &args, surroundings),
        Command::Verify(args) => verify::run(cli, &args, surroundings),
        Command::Attest(args) => attest::run(cli, &args, surroundings),
        Command::Lock(args) => lock::run(cli, &args, surroundings),
        Command::Show(args) => show::run(cli, &args, surroundings),
        Command::Db(DbCommand::Update(args)) => db::update(cli, &args, surroundings),
        Command::Db(DbCommand::Status(args)) => db::status(&args, surroundings),
        Command::Db(DbCommand::Show { what, args }) => db::show(cli, &what, &args, surroundings),
        Command::Gateway(args) => gateway::run(cli, &args, surroundings),
        Command::Policy(command) => policy::run(cli, &command, surroundings),
        Command::Guard(args) => guard::run(cli, &args, surroundings),
        Command::Sbom(args) => sbom::run(&args, surroundings),
        Command::Explain(args) => explain::run(cli, &args, surroundings),
        Command::Completions { shell } => completions::run(shell),
        Command::Sandboxed(args) => sandboxed::run(&args),
        Command::Man { command } => man::run(command.as_deref()),
    }
}
