//! `direct_url.json` (PEP 610): where a distribution came from if not from an index.

use hognose_types::{Digest, RedactedUrl, Source};
use serde::Deserialize;

use crate::context::Context;
use crate::direct::percent_decode;

/// What the file tells.
pub(super) struct Found {
    pub(super) source: Source,
    pub(super) hash: Option<Digest>,
    /// Installed from a directory: the user's own sources.
    pub(super) is_directory: bool,
}

#[derive(Deserialize)]
struct DirectUrl {
    #[serde(default)]
    url: String,
    dir_info: Option<DirInfo>,
    vcs_info: Option<VcsInfo>,
    archive_info: Option<ArchiveInfo>,
}

#[derive(Deserialize)]
struct DirInfo {
    #[serde(default)]
    editable: bool,
}

#[derive(Deserialize)]
struct VcsInfo {
    #[serde(default)]
    vcs: String,
    commit_id: Option<String>,
    requested_revision: Option<String>,
}

#[derive(Deserialize)]
struct ArchiveInfo {
    hash: Option<String>,
}

/// Reads the file of a `.dist-info` directory, if there is one. A malformed file tells nothing.
pub(super) fn read(context: &Context<'_>, dist_info: &str) -> Option<Found> {
    let bytes = context
        .tree
        .read(&format!("{dist_info}/direct_url.json"), 64 << 10)
        .ok()?;
    parse(&bytes)
}

pub(super) fn parse(bytes: &[u8]) -> Option<Found> {
    let direct: DirectUrl = serde_json::from_slice(bytes).ok()?;
    let hash = direct
        .archive_info
        .and_then(|a| a.hash)
        .and_then(|h| h.parse().ok());
    let local = direct.url.strip_prefix("file://").map(percent_decode);
    let is_directory = direct.dir_info.is_some();
    let source = match (direct.dir_info, direct.vcs_info, local) {
        (Some(info), _, local) => Source::Path {
            path: local.unwrap_or(direct.url),
            editable: info.editable,
        },
        (None, Some(vcs), _) => Source::Vcs {
            url: RedactedUrl::new(format!("{}+{}", vcs.vcs, direct.url)),
            reference: vcs.requested_revision,
            commit: vcs.commit_id,
        },
        (None, None, Some(path)) => Source::Path {
            path,
            editable: false,
        },
        (None, None, None) => Source::Url {
            url: RedactedUrl::new(direct.url),
        },
    };
    Some(Found {
        source,
        hash,
        is_directory,
    })
}
