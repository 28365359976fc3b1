//! As GitLab is asked, wherever it runs.

use hognose_provenance::commit::Blobs;
use hognose_provenance::commit::forge::{self, ForgeFault, encoded};

use super::http::Http;

/// Most pages of files, of a hundred each.
const MAX_PAGES: usize = 1_500;

/// Number of a repository and the branch that counts; none where the forge has no such repository.
pub(super) fn repository(http: &Http, path: &str) -> Result<Option<forge::Repository>, String> {
    let answer = http.get(&place(path))?;
    let read = answer.map(|answer| forge::repository(&answer.body));
    read.transpose().map_err(said)
}

/// The commit of a tag.
pub(super) fn tag(http: &Http, path: &str, name: &str) -> Result<Option<String>, String> {
    let (place, name) = (place(path), encoded(name));
    let answer = http.get(&format!("{place}/repository/tags/{name}"))?;
    let read = answer.map(|answer| forge::tagged(&answer.body));
    read.transpose().map_err(said)
}

/// Whether any branch or tag leads to a commit.
pub(super) fn is_reachable(http: &Http, path: &str, commit: &str) -> Result<bool, String> {
    let place = place(path);
    let answer = http.get(&format!(
        "{place}/repository/commits/{commit}/refs?type=all&per_page=20"
    ))?;
    match answer {
        Some(answer) => forge::has_references(&answer.body).map_err(said),
        None => Ok(false),
    }
}

/// The files of a commit.
pub(super) fn files(http: &Http, path: &str, commit: &str) -> Result<Option<Blobs>, String> {
    let place = place(path);
    let Some(answer) = http.get(&format!("{place}/repository/commits/{commit}"))? else {
        return Ok(None);
    };
    forge::commit(&answer.body, commit).map_err(said)?;
    let mut blobs = Blobs::default();
    let mut at = Some(format!(
        "{place}/repository/tree?ref={commit}&recursive=true&per_page=100&pagination=keyset"
    ));
    for _ in 0..MAX_PAGES {
        let Some(path) = at else {
            return blobs.whole().map(Some).map_err(|e| e.to_string());
        };
        let answer = http.get(&path)?;
        let answer = answer.ok_or_else(|| "the forge has a part of the commit alone".to_owned())?;
        let page = forge::page(&answer.body).map_err(said)?;
        page.add_to(&mut blobs, "").map_err(said)?;
        at = answer.next;
    }
    Err(format!(
        "the commit has more than {MAX_PAGES} pages of files"
    ))
}

/// A project goes by its whole path, as one part of the address.
fn place(path: &str) -> String {
    format!("/projects/{}", encoded(path))
}

#[expect(clippy::needless_pass_by_value, reason = "it is the last of the error")]
fn said(fault: ForgeFault) -> String {
    fault.to_string()
}
