//! `hognose man`.

use clap::CommandFactory as _;

use crate::cli::Cli;
use crate::error::Failure;
use crate::exit::Exit;

/// Prints the page of `hognose`, or of one of its commands (`scan`, `db-update`).
pub(super) fn run(command: Option<&str>) -> Result<Exit, Failure> {
    let mut page = Cli::command();
    page.build();
    for step in command.into_iter().flat_map(|c| c.split(['-', ' '])) {
        let found = page.find_subcommand(step).cloned();
        page = found.ok_or_else(|| {
            Failure::usage(format!("there is no command {step:?}"))
                .hint("`hognose --help` lists the commands")
        })?;
    }
    let mut roff = Vec::new();
    clap_mangen::Man::new(page)
        .render(&mut roff)
        .map_err(|error| Failure::incomplete("cannot write the manual page").because(&error))?;
    crate::output::data(&String::from_utf8_lossy(&roff))?;
    Ok(Exit::Clean)
}
