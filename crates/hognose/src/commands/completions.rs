//! `hognose completions`.

use clap::CommandFactory as _;

use crate::cli::Cli;
use crate::error::Failure;
use crate::exit::Exit;

pub(super) fn run(shell: clap_complete::Shell) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "hognose", &mut script);
    crate::output::data(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Clean)
}
