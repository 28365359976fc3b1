//! Flags of `hognose gateway` and `hognose guard`.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{FeedArgs, IndexArgs, StateArgs, StateCommand};

/// What the gateway and the guard have in common.
#[derive(Clone, Debug, Args)]
pub(crate) struct ServeArgs {
    /// Read this configuration instead of looking for hognose.toml and pyproject.toml.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Read no configuration: for projects you do not trust.
    #[arg(long, conflicts_with = "config")]
    pub(crate) no_config: bool,
    /// Make decisions and tell them, and withhold nothing.
    #[arg(long)]
    pub(crate) observe: bool,
    /// Do not read artifacts before they are served: known flaws, names and ages only.
    #[arg(long)]
    pub(crate) no_inspect: bool,
    #[command(flatten)]
    pub(crate) index: IndexArgs,
    #[command(flatten)]
    pub(crate) feeds: FeedArgs,
}

/// Flags of `hognose gateway`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct GatewayArgs {
    #[command(subcommand)]
    pub(crate) command: Option<GatewayCommand>,
    /// Listen here [default: the configuration's, else 127.0.0.1:8990].
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<SocketAddr>,
    /// Add a line of JSON for every request to this file; `-` for stderr.
    #[arg(long, value_name = "FILE")]
    pub(crate) access_log: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) state: StateArgs,
    #[command(flatten)]
    pub(crate) serve: ServeArgs,
}

/// What is done beside serving.
#[derive(Debug, Subcommand)]
pub(crate) enum GatewayCommand {
    /// Drop artifacts from the cache, those not used for longest first. The gateway does so by itself; it may run meanwhile.
    Gc(GcArgs),
    /// Make a token that opens the gateway, and the lines of configuration that let it in.
    Token(TokenArgs),
    /// Say what the gateway would refuse of the releases that locks pin, before anybody installs them.
    Check(CheckArgs),
    #[command(flatten)]
    State(StateCommand),
}

/// Flags of `hognose gateway token`.
#[derive(Debug, Args)]
pub(crate) struct TokenArgs {
    /// Whose it is: the log names who asked by it.
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// A project that it is for, or the beginning of names with a `*` behind it; without any it is for all.
    #[arg(long = "package", value_name = "PATTERN", value_delimiter = ',')]
    pub(crate) packages: Vec<String>,
    /// The last day it holds, UTC, such as 2027-01-31; without it for ever.
    #[arg(long, value_name = "DATE")]
    pub(crate) expires: Option<String>,
}

/// Flags of `hognose gateway gc`.
#[derive(Debug, Args)]
pub(crate) struct GcArgs {
    /// Keep at most so much, such as 500MB or 10GB [default: the configuration's `cache-size`].
    #[arg(long, value_name = "SIZE")]
    pub(crate) keep: Option<String>,
    /// Keep the database and downloads here [default: HOGNOSE_CACHE_DIR, or the user's cache directory].
    #[arg(long, value_name = "DIR")]
    pub(crate) cache_dir: Option<PathBuf>,
    /// Read this configuration instead of looking for hognose.toml and pyproject.toml.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// Flags of `hognose gateway check`.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Projects, lock or requirements files [default: the current directory].
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) serve: ServeArgs,
}

/// Flags of `hognose guard`.
#[derive(Debug, Args)]
pub(crate) struct GuardArgs {
    #[command(flatten)]
    pub(crate) serve: ServeArgs,
    /// Let the command, and all that it starts, connect to the guard's index and to nothing else by TCP (Linux 6.7 or later).
    #[arg(long, conflicts_with_all = ["install_shims", "remove_shims"])]
    pub(crate) confine: bool,
    /// Write scripts named pip, uv, poetry and so on that run the installers behind the guard.
    #[arg(long, conflicts_with = "remove_shims")]
    pub(crate) install_shims: bool,
    /// Take those scripts away again.
    #[arg(long)]
    pub(crate) remove_shims: bool,
    /// The directory of those scripts [default: hognose/shims in the user's data directory].
    #[arg(long, value_name = "DIR")]
    pub(crate) shims_dir: Option<PathBuf>,
    /// The installer and its arguments, such as `pip install flask`.
    #[arg(required_unless_present_any = ["install_shims", "remove_shims"], last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}
