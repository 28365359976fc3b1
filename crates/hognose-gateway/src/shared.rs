//! What the nodes of one gateway have in common: artifacts, and turns at fetching them.

use std::any::Any;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// Artifacts that all nodes can read, each under its sha256.
pub trait Shared: Send + Sync + std::fmt::Debug {
    /// Hands an artifact to the sink; false where it is not there. What was handed over is the artifact only when this
    /// says so: its digest is looked at as the last.
    fn get(
        &self,
        sha256: &str,
        sink: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> Result<bool, SharedError>;

    /// Keeps an artifact whose digest was looked at.
    fn put(&self, sha256: &str, file: &Path, size: u64) -> Result<(), SharedError>;
}

/// Waits for a turn at something among all nodes, and holds it as long as what is answered is held. `None` where it
/// cannot be had: then nobody waits any longer.
pub type Turns = Arc<dyn Fn(&str) -> Option<Box<dyn Any + Send>> + Send + Sync>;

/// Why what is shared could not be read or written.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SharedError {
    /// The store does not answer.
    #[error("the store of artifacts cannot be reached: {0}")]
    Away(String),
    /// The store says no.
    #[error("the store of artifacts refuses to {action}: HTTP {status} {code}")]
    Refused {
        /// What was asked.
        action: &'static str,
        /// The status of the answer.
        status: u16,
        /// The store's own word for it.
        code: String,
    },
    /// What it has is not what was put there.
    #[error("the store of artifacts is not right: {0}")]
    Broken(String),
    /// The file on this node's side.
    #[error("the artifact cannot be kept here")]
    Here(#[source] Arc<io::Error>),
}
