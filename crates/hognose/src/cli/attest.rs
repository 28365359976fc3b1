//! Flags of `hognose attest`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::VerifyArgs;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct AttestArgs {
    #[command(subcommand)]
    pub(crate) command: Option<AttestCommand>,
    #[command(flatten)]
    pub(crate) verify: VerifyArgs,
    /// Write the signed statement to this file.
    #[arg(long, value_name = "FILE", required = true)]
    pub(crate) to: Option<PathBuf>,
    /// What was verified, as an address [default: the package address of a single release].
    #[arg(long, value_name = "URI")]
    pub(crate) resource: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AttestCommand {
    /// Make a key: FILE with the private half, for its owner only, and FILE.pub.
    Keygen {
        /// Where the private half goes. A file that is there stays.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}
