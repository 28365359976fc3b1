//! Flags of `hognose gateway audit`, `exposure`, `backup` and `restore`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use hognose_store::Digest;

/// Commands about what a gateway keeps.
#[derive(Debug, Subcommand)]
pub(crate) enum StateCommand {
    /// Show what a gateway served, blocked and withheld, newest first.
    Audit(Box<AuditArgs>),
    /// Say who was sent a file, and when.
    Exposure(ExposureArgs),
    /// Write everything that a gateway keeps, except artifacts, to a new file; the gateway may run meanwhile.
    Backup {
        /// The file to write.
        file: PathBuf,
        #[command(flatten)]
        state: LookArgs,
    },
    /// Put a backup in the place of what a gateway keeps; the gateway must not run. What was there is kept beside it.
    Restore {
        /// The file to read.
        file: PathBuf,
        #[command(flatten)]
        state: LookArgs,
    },
}

/// Where the state is.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct StateArgs {
    /// The state of the gateway is in this file or PostgreSQL database (postgres://user@host/database) [default: the
    /// configuration's, else gateway.db in HOGNOSE_STATE_DIR, or in the user's directory for state].
    #[arg(long, value_name = "FILE|URL")]
    pub(crate) state: Option<PathBuf>,
}

/// Where the state is, for those who look at it.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct LookArgs {
    #[command(flatten)]
    pub(crate) state: StateArgs,
    /// Read this configuration instead of looking for hognose.toml and pyproject.toml.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Read no configuration: for projects you do not trust.
    #[arg(long, conflicts_with = "config")]
    pub(crate) no_config: bool,
}

/// Flags of `hognose gateway audit`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct AuditArgs {
    #[command(subcommand)]
    pub(crate) command: Option<AuditCommand>,
    /// Not before: an age such as 7d, 12h or 30m, a day, or a time with its offset.
    #[arg(long, value_name = "AGE|TIME")]
    pub(crate) since: Option<String>,
    /// Before: as for --since.
    #[arg(long, value_name = "AGE|TIME")]
    pub(crate) until: Option<String>,
    /// About this project.
    #[arg(long, value_name = "NAME")]
    pub(crate) project: Option<String>,
    /// Of this kind: served, blocked, withheld, inspected, replaced, upstream or restored.
    #[arg(long, value_name = "KIND")]
    pub(crate) kind: Option<String>,
    /// About these bytes.
    #[arg(long, value_name = "DIGEST")]
    pub(crate) sha256: Option<String>,
    /// Of this client: an address, or the name of a token.
    #[arg(long, value_name = "CLIENT")]
    pub(crate) client: Option<String>,
    /// Oldest first.
    #[arg(long)]
    pub(crate) oldest: bool,
    /// At most so many; 0 for all [default: 50 on a terminal, else all].
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
    /// How to show them.
    #[arg(
        short,
        long,
        value_enum,
        value_name = "FORMAT",
        default_value = "terminal"
    )]
    pub(crate) format: AuditFormat,
    #[command(flatten)]
    pub(crate) state: LookArgs,
}

/// How entries are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AuditFormat {
    /// One line each.
    Terminal,
    /// One document.
    Json,
    /// One JSON object a line.
    Jsonl,
}

/// What else can be done with the log.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Follow the chain of digests through the whole log: nothing was changed, nothing is missing.
    Verify {
        /// The head that an earlier run printed: without it, entries that were cut off at the end go unnoticed.
        #[arg(long, value_name = "HASH", value_parser = parse_head)]
        head: Option<Digest>,
        #[command(flatten)]
        state: LookArgs,
    },
}

/// Flags of `hognose gateway exposure`.
#[derive(Debug, Args)]
pub(crate) struct ExposureArgs {
    /// The sha256 of a file, a release, or a project.
    #[arg(value_name = "SHA256|NAME[==VERSION]")]
    pub(crate) what: String,
    /// How to show them.
    #[arg(
        short,
        long,
        value_enum,
        value_name = "FORMAT",
        default_value = "terminal"
    )]
    pub(crate) format: ExposureFormat,
    #[command(flatten)]
    pub(crate) state: LookArgs,
}

/// How exposures are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExposureFormat {
    /// A table.
    Terminal,
    /// One document.
    Json,
}

fn parse_head(text: &str) -> Result<Digest, String> {
    Digest::from_hex(text).ok_or_else(|| "a head has 64 hexadecimal digits".to_owned())
}
