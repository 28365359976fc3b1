//! The `hognose` command.

use std::process::ExitCode;

mod cli;
mod commands;
mod database;
mod error;
mod exit;
mod index_settings;
mod output;
mod progress;
mod project_facts;
mod python;
mod random;
mod revision;
mod settings;
mod surroundings;

fn main() -> ExitCode {
    let surroundings = surroundings::Surroundings::read();
    match cli::parse().and_then(|(cli, command)| commands::run(&cli, command, &surroundings)) {
        Ok(exit) => exit.into(),
        Err(error) => error.report(),
    }
}
