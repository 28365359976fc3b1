//! What can go wrong with an index.

use std::path::PathBuf;
use std::time::Duration;

use hognose_types::RedactedUrl;

use crate::UrlError;

impl IndexError {
    /// The error for a status that is neither success nor absence.
    pub(crate) fn of_status(url: RedactedUrl, status: u16) -> Self {
        match status {
            401 | 403 | 407 => Self::Access { url, status },
            _ => Self::Status { url, status },
        }
    }
}

/// Why an index could not be asked, or its answer not be used. A project that is not there is no error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// The server could not be asked.
    #[error("cannot fetch {url}: {reason}")]
    Request {
        /// The address.
        url: RedactedUrl,
        /// What went wrong.
        reason: String,
    },
    /// No answer in time. This never means "absent".
    #[error("{url} did not answer in time (limit {} seconds of silence)", idle.as_secs_f32())]
    Timeout {
        /// The address.
        url: RedactedUrl,
        /// The limit.
        idle: Duration,
    },
    /// An answer that was never silent for long, and did not end in time. This never means "absent".
    #[error("{url} took longer than {} seconds for one answer", whole.as_secs_f32())]
    Slow {
        /// The address.
        url: RedactedUrl,
        /// The limit.
        whole: Duration,
    },
    /// The server wants credentials, or refuses those it got.
    #[error("{url} refuses access with status {status}")]
    Access {
        /// The address.
        url: RedactedUrl,
        /// HTTP status.
        status: u16,
    },
    /// Any other status.
    #[error("{url} answered with status {status}")]
    Status {
        /// The address.
        url: RedactedUrl,
        /// HTTP status.
        status: u16,
    },
    /// The server asks to come back later than anybody waits.
    #[error("{url} asks to be left alone for {seconds} seconds")]
    Busy {
        /// The address.
        url: RedactedUrl,
        /// What it asks for.
        seconds: u64,
    },
    /// Nothing may be asked, and nothing is kept.
    #[error("{url} was not asked: working offline, and no earlier answer is kept")]
    Offline {
        /// The address.
        url: RedactedUrl,
    },
    /// More redirects than are followed.
    #[error("{url} redirects more than {limit} times")]
    Redirects {
        /// The first address.
        url: RedactedUrl,
        /// The limit.
        limit: u32,
    },
    /// A redirect to something that is no address.
    #[error("{url} redirects to an address that cannot be used: {reason}")]
    Location {
        /// The address that redirects.
        url: RedactedUrl,
        /// What is wrong.
        reason: UrlError,
    },
    /// A redirect or a link from `https` to `http`, where anybody on the way can change what is sent.
    #[error("{from} leads to {to}, which is not protected by TLS")]
    Downgrade {
        /// The protected address.
        from: RedactedUrl,
        /// The unprotected one.
        to: RedactedUrl,
    },
    /// More than is taken.
    #[error("{url} sends more than the limit of {limit} bytes")]
    TooLarge {
        /// The address.
        url: RedactedUrl,
        /// The limit.
        limit: u64,
    },
    /// Fewer or more bytes than the server said.
    #[error("{url} announced {expected} bytes and sent {found}")]
    Length {
        /// The address.
        url: RedactedUrl,
        /// Stated length.
        expected: u64,
        /// Bytes that came.
        found: u64,
    },
    /// The page is no project page.
    #[error("{url} is not a project page: {reason}")]
    Page {
        /// The address.
        url: RedactedUrl,
        /// What is wrong.
        reason: String,
    },
    /// What should be the answer of a registry of domains is none.
    #[error("{url} says nothing of a domain: {reason}")]
    Registry {
        /// The address.
        url: RedactedUrl,
        /// What is wrong.
        reason: String,
    },
    /// Metadata of a file that cannot be read, or is of another one.
    #[error("{url} has no usable metadata: {reason}")]
    Metadata {
        /// Where it was looked for.
        url: RedactedUrl,
        /// What is wrong.
        reason: String,
    },
    /// The index does not offer the project's files (PEP 792).
    #[error("{url}: the index has quarantined the project{}", reason.as_deref().map(|r| format!(": {r}")).unwrap_or_default())]
    Quarantined {
        /// The page.
        url: RedactedUrl,
        /// The index's reason.
        reason: Option<String>,
    },
    /// The file is not the one announced. Nothing was kept.
    #[error("{url} has sha256 {found}, and {expected} was announced")]
    Digest {
        /// The address.
        url: RedactedUrl,
        /// What the index announced.
        expected: String,
        /// What came.
        found: String,
    },
    /// The file could not be kept.
    #[error("cannot write to {}", path.display())]
    Write {
        /// The directory.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// The certificates to trust cannot be read.
    #[error("the certificates to trust are not PEM")]
    Certificates,
}
