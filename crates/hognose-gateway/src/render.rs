//! Pages in the two forms of the Simple repository API 1.4 (PEP 503, 592, 629, 658, 691, 700, 714, 740, 792).
//!
//! Nothing of an upstream's markup is passed on: pages are written from what was understood, every text escaped.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use hognose_index::{CoreMetadata, Yanked};
use hognose_types::PackageName;
use serde_json::{Map, Value, json};

use crate::negotiate::Form;
use crate::offer::{OfferedFile, Parts, unready};
use crate::route::NO_DIGEST;

/// Version of the API that the pages follow.
const API: &str = "1.4";
/// Longest reason shown of a withheld file.
const MAX_REASON: usize = 300;

/// A list of projects.
pub(crate) fn projects(names: &[PackageName], form: Form) -> String {
    if form == Form::Json {
        let projects: Vec<Value> = names
            .iter()
            .map(|n| json!({ "name": n.as_str() }))
            .collect();
        return json!({ "meta": { "api-version": API }, "projects": projects }).to_string();
    }
    let mut out = format!(
        "<!DOCTYPE html>\n<html>\n<head>\n<meta name=\"pypi:repository-version\" content=\"{API}\">\n<title>Projects</title>\n</head>\n<body>\n"
    );
    for name in names {
        let _ = writeln!(
            out,
            "<a href=\"{name}/\">{name}</a><br>",
            name = name.as_str()
        );
    }
    out.push_str("</body>\n</html>\n");
    out
}

/// The page as HTML.
pub(crate) fn html(parts: &Parts) -> String {
    let mut out = String::with_capacity(256 + parts.files.len() * 400);
    let name = parts.name.as_str();
    let _ = write!(
        out,
        "<!DOCTYPE html>\n<html>\n<head>\n<meta name=\"pypi:repository-version\" content=\"{API}\">\n"
    );
    if let Some((status, reason)) = &parts.status {
        let _ = writeln!(
            out,
            "<meta name=\"pypi:project-status\" content=\"{}\">",
            Escaped(status)
        );
        if let Some(reason) = reason {
            let _ = writeln!(
                out,
                "<meta name=\"pypi:project-status-reason\" content=\"{}\">",
                Escaped(reason)
            );
        }
    }
    let _ = write!(
        out,
        "<title>Links for {name}</title>\n</head>\n<body>\n<h1>Links for {name}</h1>\n"
    );
    for file in shown(parts) {
        link(&mut out, parts, file);
    }
    out.push_str("</body>\n</html>\n");
    out
}

fn link(out: &mut String, parts: &Parts, offered: &OfferedFile) {
    let file = &offered.file;
    let _ = write!(out, "<a href=\"{}", url(parts, offered));
    if let Some(digest) = &file.sha256 {
        let _ = write!(out, "#sha256={digest}");
    }
    out.push('"');
    if let Some(requires) = &file.requires_python {
        let _ = write!(out, " data-requires-python=\"{}\"", Escaped(requires));
    }
    if let Some(reason) = yanked(parts, offered) {
        let _ = write!(out, " data-yanked=\"{}\"", Escaped(&reason));
    }
    if let Some(reason) = untold(parts, offered) {
        let _ = write!(out, " data-hognose-withheld=\"{}\"", Escaped(&reason));
    }
    if parts.observe || offered.is_served() {
        let hash = match &offered.metadata {
            CoreMetadata::No => None,
            CoreMetadata::Yes(None) => Some("true".to_owned()),
            CoreMetadata::Yes(Some(digest)) => Some(format!("sha256={digest}")),
        };
        if let Some(hash) = hash {
            let _ = write!(
                out,
                " data-core-metadata=\"{hash}\" data-dist-info-metadata=\"{hash}\""
            );
        }
    }
    if let Some(address) = provenance(parts, offered) {
        let _ = write!(out, " data-provenance=\"{address}\"");
    }
    // Not of the standard, and read by uv: the frozen HTML form has no place for them (PEP 833).
    if let Some(time) = &file.upload_time {
        let _ = write!(out, " data-upload-time=\"{}\"", Escaped(time));
    }
    if let Some(size) = file.size {
        let _ = write!(out, " data-size=\"{size}\"");
    }
    let _ = writeln!(out, ">{}</a><br>", file.filename);
}

/// The page as JSON.
pub(crate) fn json(parts: &Parts) -> String {
    let files: Vec<Value> = shown(parts).map(|file| entry(parts, file)).collect();
    let versions: BTreeSet<_> = shown(parts).map(|f| &f.file.version).collect();
    let versions: Vec<&str> = versions
        .into_iter()
        .map(hognose_types::Version::as_str)
        .collect();
    let mut page = Map::new();
    page.insert("meta".to_owned(), json!({ "api-version": API }));
    page.insert("name".to_owned(), parts.name.as_str().into());
    if let Some((status, reason)) = &parts.status {
        let mut told = Map::new();
        told.insert("status".to_owned(), status.as_str().into());
        if let Some(reason) = reason {
            told.insert("reason".to_owned(), reason.as_str().into());
        }
        page.insert("project-status".to_owned(), told.into());
    }
    page.insert("versions".to_owned(), versions.into());
    page.insert("files".to_owned(), files.into());
    Value::from(page).to_string()
}

fn entry(parts: &Parts, offered: &OfferedFile) -> Value {
    let file = &offered.file;
    let mut out = Map::new();
    let mut put = |key: &str, value: Value| {
        out.insert(key.to_owned(), value);
    };
    put("filename", file.filename.as_str().into());
    put("url", url(parts, offered).into());
    put(
        "hashes",
        match &file.sha256 {
            Some(digest) => json!({ "sha256": digest }),
            None => json!({}),
        },
    );
    if let Some(requires) = &file.requires_python {
        put("requires-python", requires.as_str().into());
    }
    // Mandatory since PEP 700; what no upstream says is left out rather than invented.
    if let Some(size) = file.size {
        put("size", size.into());
    }
    if let Some(time) = &file.upload_time {
        put("upload-time", time.as_str().into());
    }
    put(
        "yanked",
        yanked(parts, offered).map_or(Value::Bool(false), |reason| {
            if reason.is_empty() {
                Value::Bool(true)
            } else {
                reason.into()
            }
        }),
    );
    if let Some(reason) = untold(parts, offered) {
        // Keys that begin so are an index's own (PEP 691).
        put("_hognose-withheld", reason.into());
    }
    if parts.observe || offered.is_served() {
        match &offered.metadata {
            CoreMetadata::No => {}
            CoreMetadata::Yes(None) => put("core-metadata", true.into()),
            CoreMetadata::Yes(Some(digest)) => put("core-metadata", json!({ "sha256": digest })),
        }
    }
    if let Some(address) = provenance(parts, offered) {
        put("provenance", address.into());
    }
    out.into()
}

/// A quarantined project offers no files (PEP 792).
fn shown(parts: &Parts) -> impl Iterator<Item = &OfferedFile> {
    let quarantined = parts
        .status
        .as_ref()
        .is_some_and(|(status, _)| status == "quarantined");
    parts.files.iter().filter(move |_| !quarantined)
}

/// Relative to the page: the gateway need not know under which name it is reached.
fn url(parts: &Parts, offered: &OfferedFile) -> String {
    let digest = offered.file.sha256.as_deref().unwrap_or(NO_DIGEST);
    format!(
        "../../files/{}/{digest}/{}",
        parts.name.as_str(),
        offered.file.filename
    )
}

/// Where the gateway has the attestations of a file (PEP 740), for files whose upstream announces some.
fn provenance(parts: &Parts, offered: &OfferedFile) -> Option<String> {
    let served = parts.observe || offered.is_served();
    (served && offered.file.provenance.is_some())
        .then(|| format!("{}.provenance", url(parts, offered)))
}

/// Why an installer should not take it: a withheld file is shown as withdrawn, so that an unpinned requirement gets
/// the newest version that is allowed, and a pinned one gets the reason.
fn yanked(parts: &Parts, offered: &OfferedFile) -> Option<String> {
    if parts.refusal.as_ref() != Some(&offered.file.version)
        && let Some(reason) = withheld(parts, offered)
    {
        return Some(reason);
    }
    match &offered.file.yanked {
        Yanked::No => None,
        Yanked::Yes(reason) => Some(reason.clone().unwrap_or_default()),
    }
}

/// Why it is withheld; none where it is not.
fn withheld(parts: &Parts, offered: &OfferedFile) -> Option<String> {
    if parts.observe {
        return None;
    }
    if offered.ruling.blocks() {
        let reason = offered.ruling.summary().unwrap_or_default();
        let reason = hognose_types::text::short(&reason, MAX_REASON);
        return Some(format!("withheld by policy: {reason}"));
    }
    let reason = offered.waiting.as_deref()?;
    Some(format!("not to be had now: {}", unready(reason)))
}

/// The same for a file that tells so by its refusal: installers do not look here.
fn untold(parts: &Parts, offered: &OfferedFile) -> Option<String> {
    let told = parts.refusal.as_ref() != Some(&offered.file.version);
    withheld(parts, offered).filter(|_| !told)
}

/// Text for HTML attributes and elements.
struct Escaped<'a>(&'a str);

impl std::fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                c if c.is_control() => f.write_char(' ')?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}
