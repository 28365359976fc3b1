//! `/pypi/NAME/json`: what tools read that know nothing of the Simple API, with the same decisions in it.

use std::collections::BTreeMap;

use hognose_index::{FileKind, Project};
use serde_json::{Map, Value, json};

use crate::offer::{OfferedFile, Page};
use crate::route::NO_DIGEST;

/// The document of a project, or of one version; none when there is no such version. Withheld files are left out: who
/// reads this has no notion of a refusal.
///
/// `base` is the address under which the client reached the gateway, with a `/` at its end.
pub(crate) fn document(page: &Page, version: Option<&str>, base: &str) -> Option<String> {
    let mut releases: BTreeMap<&hognose_types::Version, Vec<Value>> = BTreeMap::new();
    for offered in page
        .parts
        .files
        .iter()
        .filter(|f| page.parts.observe || f.is_served())
    {
        let files = releases.entry(&offered.file.version).or_default();
        files.push(entry(page, offered, base));
    }
    let newest = releases
        .keys()
        .rev()
        .find(|v| !v.is_prerelease())
        .or_else(|| releases.keys().next_back());
    let shown = match version {
        Some(asked) => releases.keys().find(|v| v.as_str() == asked)?,
        None => newest?,
    };
    let urls = releases.get(*shown).cloned().unwrap_or_default();
    let mut document = Map::new();
    document.insert(
        "info".to_owned(),
        info(page, page.parts.project.as_deref(), shown.as_str()),
    );
    if version.is_none() {
        let all: Map<String, Value> = releases
            .into_iter()
            .map(|(version, files)| (version.as_str().to_owned(), files.into()))
            .collect();
        document.insert("releases".to_owned(), all.into());
    }
    document.insert("urls".to_owned(), urls.into());
    Some(Value::from(document).to_string())
}

fn info(page: &Page, project: Option<&Project>, version: &str) -> Value {
    let mut info = json!({ "name": page.parts.name.as_str(), "version": version });
    if let Some(project) = project {
        let more = json!({
            "summary": project.summary,
            "license": project.license,
            "classifiers": project.classifiers,
            "project_urls": project.links,
            "requires_python": project.requires_python,
        });
        if let (Some(info), Value::Object(more)) = (info.as_object_mut(), more) {
            info.extend(more);
        }
    }
    info
}

fn entry(page: &Page, offered: &OfferedFile, base: &str) -> Value {
    let file = &offered.file;
    let digest = file.sha256.as_deref().unwrap_or(NO_DIGEST);
    let reason = match &file.yanked {
        hognose_index::Yanked::Yes(reason) => reason.clone(),
        hognose_index::Yanked::No => None,
    };
    json!({
        "filename": file.filename,
        "url": format!("{base}files/{}/{digest}/{}", page.parts.name.as_str(), file.filename),
        "digests": { "sha256": file.sha256 },
        "packagetype": match file.kind {
            FileKind::Sdist => "sdist",
            FileKind::Wheel => "bdist_wheel",
        },
        "requires_python": file.requires_python,
        "size": file.size,
        "upload_time_iso_8601": file.upload_time,
        "yanked": file.yanked.is_yanked(),
        "yanked_reason": reason,
    })
}
