//! Flags of `hognose policy`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{FeedArgs, IndexArgs, LookArgs};

/// Commands about the configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Say what is wrong with a configuration, with line and column, and what will be soon.
    Check {
        /// Configurations [default: the one that applies here].
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Print the JSON Schema of hognose.toml.
    Schema,
    /// Decide again, with another configuration, about what a gateway served and refused. Asks the index.
    Test(Box<ReplayArgs>),
}

/// Flags of `hognose policy test`.
#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// The configuration to try.
    #[arg(value_name = "FILE")]
    pub(crate) policy: PathBuf,
    /// How far back: an age such as 30d or 12h, a day, or a time.
    #[arg(long, value_name = "AGE|TIME", default_value = "30d")]
    pub(crate) since: String,
    #[arg(
        short,
        long,
        value_enum,
        value_name = "FORMAT",
        default_value = "terminal"
    )]
    pub(crate) format: ReplayFormat,
    #[command(flatten)]
    pub(crate) look: LookArgs,
    #[command(flatten)]
    pub(crate) index: IndexArgs,
    #[command(flatten)]
    pub(crate) feeds: FeedArgs,
}

/// How a replay is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReplayFormat {
    /// For people.
    Terminal,
    /// One JSON document.
    Json,
}
