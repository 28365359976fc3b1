//! Flags of `hognose lock`.

use std::path::PathBuf;

use clap::Args;

use super::IndexArgs;

#[derive(Debug, Args)]
pub(crate) struct LockArgs {
    /// A requirements file in which every requirement is pinned with `==`, or a pylock.toml.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) index: IndexArgs,
    /// Change nothing; fail when hashes are missing.
    #[arg(long)]
    pub(crate) check: bool,
    /// Never use the network: what is kept of earlier runs counts.
    #[arg(long)]
    pub(crate) offline: bool,
    /// Keep downloads here [default: HOGNOSE_CACHE_DIR, or the user's cache directory].
    #[arg(long, value_name = "DIR")]
    pub(crate) cache_dir: Option<PathBuf>,
}
