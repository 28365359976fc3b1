//! What happened, for whoever keeps the audit log.

use hognose_types::PackageName;
use serde::{Deserialize, Serialize};

use crate::judge::Reason;

/// Something that happened in the gateway. No address in it carries a password, and no token is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// A page was shown with releases missing from what an unpinned requirement can get.
    Withheld {
        /// The project.
        project: String,
        /// The versions of which every file is withheld, and why.
        versions: Vec<(String, String)>,
    },
    /// A file was asked for and refused.
    Blocked {
        /// The file.
        file: FileEvent,
        /// Why.
        reasons: Vec<Reason>,
    },
    /// A file was asked for and sent.
    Served {
        /// The file.
        file: FileEvent,
        /// What was warned about.
        reasons: Vec<Reason>,
    },
    /// A file's bytes were read.
    Inspected {
        /// The file.
        file: FileEvent,
        /// What came of it: `allow`, `warn`, `block` or why it is not known.
        outcome: String,
    },
    /// The same file name came with other bytes than before.
    Replaced {
        /// The file as it is now.
        file: FileEvent,
        /// sha256 that it had.
        before: String,
    },
    /// What decisions rest on has changed.
    Changed {
        /// `database` or `policy`.
        what: String,
        /// What it is now.
        revision: String,
    },
    /// An upstream failed.
    Upstream {
        /// The project asked about.
        project: String,
        /// Why.
        reason: String,
    },
}

/// A file in an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEvent {
    /// The project.
    pub project: String,
    /// The version.
    pub version: String,
    /// Its name.
    pub filename: String,
    /// sha256 of its bytes, where known.
    pub sha256: Option<String>,
    /// Who asked: an address, with the name of a token before it where one was shown (`ci@192.0.2.7`).
    pub client: String,
}

impl FileEvent {
    /// A file of a project, asked for by a client.
    pub fn new(project: &PackageName, file: &hognose_index::IndexFile, client: &str) -> Self {
        Self {
            project: project.as_str().to_owned(),
            version: file.version.as_str().to_owned(),
            filename: file.filename.clone(),
            sha256: file.sha256.clone(),
            client: client.to_owned(),
        }
    }
}

/// Keeps what happened. Must not block: requests wait for it.
pub trait Events: Send + Sync + 'static {
    /// Takes an event.
    fn record(&self, event: Event);
}
