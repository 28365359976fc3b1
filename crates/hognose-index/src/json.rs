//! PEP 691 pages.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::file::Yanked;
use crate::page::{Link, Raw};

#[derive(Deserialize)]
struct Page {
    meta: Meta,
    #[serde(default)]
    files: Vec<File>,
    #[serde(rename = "project-status", default)]
    status: Option<Status>,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(rename = "api-version")]
    version: String,
}

#[derive(Deserialize)]
struct Status {
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct File {
    filename: String,
    url: String,
    #[serde(default)]
    hashes: BTreeMap<String, String>,
    #[serde(default)]
    size: Option<u64>,
    // A boolean or a reason.
    #[serde(default)]
    yanked: Value,
    #[serde(default)]
    upload_time: Option<String>,
    #[serde(default)]
    requires_python: Option<String>,
    // A boolean or digests.
    #[serde(default)]
    core_metadata: Value,
    #[serde(default)]
    provenance: Option<String>,
}

/// Reads a page; the error is a fragment.
pub(crate) fn read(text: &str) -> Result<Raw, String> {
    let page: Page = serde_json::from_str(text).map_err(|e| e.to_string())?;
    if !page.meta.version.starts_with("1.") {
        let version = hognose_types::text::short(&page.meta.version, 20);
        return Err(format!("API version {version:?} is not known"));
    }
    let status = page.status.and_then(|s| Some((s.status?, s.reason)));
    Ok(Raw {
        base: None,
        status,
        links: page.files.into_iter().map(link).collect(),
    })
}

fn link(file: File) -> Link {
    let mut hashes = file.hashes;
    Link {
        filename: Some(file.filename),
        url: file.url,
        sha256: hashes.remove("sha256"),
        size: file.size,
        yanked: match file.yanked {
            Value::Null | Value::Bool(false) => Yanked::No,
            Value::String(reason) if !reason.is_empty() => Yanked::Yes(Some(reason)),
            _ => Yanked::Yes(None),
        },
        upload_time: file.upload_time,
        requires_python: file.requires_python,
        metadata: match &file.core_metadata {
            Value::Null | Value::Bool(false) => None,
            Value::Object(hashes) => Some(match hashes.get("sha256").and_then(Value::as_str) {
                Some(hex) => format!("sha256={hex}"),
                None => "true".to_owned(),
            }),
            _ => Some("true".to_owned()),
        },
        provenance: file.provenance,
    }
}
