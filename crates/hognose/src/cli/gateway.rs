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
    #[command(flatten)]
    pub(crate) state: StateArgs,
    #[command(flatten)]
    pub(crate) serve: ServeArgs,
}

/// What is done beside serving.
#[derive(Debug, Subcommand)]
pub(crate) enum GatewayCommand {
    /// Say what the gateway would refuse of the releases that locks pin, before anybody installs them.
    Check(CheckArgs),
    #[command(flatten)]
    State(StateCommand),
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
    /// The installer and its arguments, such as `pip install flask`.
    #[arg(required = true, last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}
