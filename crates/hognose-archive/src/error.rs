//! Why an archive is refused.

use crate::NameFault;

/// Why an archive, or a member of it, is refused. Each variant is an attack that was seen or a limit.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// The bytes could not be read.
    #[error("cannot read the archive")]
    Io(#[source] std::io::Error),
    /// No end-of-central-directory record: not a ZIP file, or one that was cut.
    #[error("not a ZIP archive, or cut off: no end record")]
    NoEndRecord,
    /// Bytes after the end record: readers that search backwards may find another archive in them.
    #[error("{0} bytes follow the end of the archive")]
    TrailingData(u64),
    /// Bytes before the first member: the file may also be something else (a polyglot).
    #[error("{0} bytes stand before the archive")]
    PrefixedData(u64),
    /// Fields of the directory contradict one another or point outside.
    #[error("the central directory is damaged: {0}")]
    Directory(&'static str),
    /// An archive of several volumes.
    #[error("archives of several volumes cannot be read")]
    MultiVolume,
    /// Two members have one name: installers differ in which they take.
    #[error("two members are named {0:?}")]
    Duplicate(String),
    /// Local header and central directory name different members.
    #[error("the directory says {central:?} where the member says {local:?}")]
    NameMismatch {
        /// Name in the central directory.
        central: String,
        /// Name in the local header.
        local: String,
    },
    /// Local header and central directory differ otherwise.
    #[error("the directory and the member {name:?} differ in {field}")]
    HeaderMismatch {
        /// The member.
        name: String,
        /// What differs.
        field: &'static str,
    },
    /// Two members share bytes (overlapping bombs).
    #[error("the members {0:?} and another overlap")]
    Overlap(String),
    /// A name no honest archive needs.
    #[error("the member name {name:?} {}", fault.as_str())]
    Name {
        /// The name, lossy.
        name: String,
        /// What is wrong with it.
        fault: NameFault,
    },
    /// Encrypted, or packed with a method Python's installers do not read.
    #[error("the member {name:?} is {what}")]
    Unsupported {
        /// The member.
        name: String,
        /// `encrypted`, or the method.
        what: &'static str,
    },
    /// The unpacked bytes are not what the directory promises.
    #[error("the member {name:?} has another {field} than stated")]
    Lie {
        /// The member.
        name: String,
        /// `size`, `packed size` or `checksum`.
        field: &'static str,
    },
    /// The packed bytes cannot be unpacked.
    #[error("the member {name:?} cannot be unpacked")]
    Corrupt {
        /// The member.
        name: String,
        /// The decoder's reason.
        #[source]
        source: std::io::Error,
    },
    /// A limit was reached.
    #[error("{what} is over the limit of {limit}")]
    Limit {
        /// What was counted: "the number of members", "the member \"x\"".
        what: String,
        /// The limit.
        limit: u64,
    },
    /// Tar only: the PAX record and the header state different sizes.
    #[error("the member {0:?} states two sizes")]
    TwoSizes(String),
}

impl ArchiveError {
    pub(crate) fn limit(what: impl Into<String>, limit: u64) -> Self {
        Self::Limit {
            what: what.into(),
            limit,
        }
    }
}

/// A name as it may be shown in an error: at most 200 characters, lossy.
pub(crate) fn shown(name: &[u8]) -> String {
    String::from_utf8_lossy(name).chars().take(200).collect()
}
