//! Flags of `hognose sandboxed`, which is no command for people.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

/// What a confined program may.
#[derive(Debug, Args)]
pub(crate) struct SandboxedArgs {
    /// It may read and run what lies below.
    #[arg(long, value_name = "DIR")]
    pub(crate) read: Vec<PathBuf>,
    /// It may change what lies below.
    #[arg(long, value_name = "DIR")]
    pub(crate) write: Vec<PathBuf>,
    /// Most bytes of memory of one process.
    #[arg(long, value_name = "BYTES", default_value_t = 4 << 30)]
    pub(crate) memory: u64,
    /// Limits alone: nothing is confined.
    #[arg(long)]
    pub(crate) open: bool,
    /// The program and its arguments; without, the sandbox is only tried.
    #[arg(last = true)]
    pub(crate) command: Vec<OsString>,
}
