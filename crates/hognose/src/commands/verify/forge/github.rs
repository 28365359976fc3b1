//! As GitHub and its enterprise server are asked.

use hognose_provenance::commit::Blobs;
use hognose_provenance::commit::forge::{self, ForgeFault, Target, Tree, encoded};

use super::http::Http;

/// Most tags of tags.
const MAX_TAGS: usize = 4;

/// Number of a repository and the branch that counts; none where the forge has no such repository.
pub(super) fn repository(http: &Http, path: &str) -> Result<Option<forge::Repository>, String> {
    let answer = http.get(&format!("/repos/{path}"))?;
    let read = answer.map(|answer| forge::repository(&answer.body));
    read.transpose().map_err(said)
}

/// The commit of a tag.
pub(super) fn tag(http: &Http, path: &str, name: &str) -> Result<Option<String>, String> {
    let name = encoded(name);
    let Some(answer) = http.get(&format!("/repos/{path}/git/ref/tags/{name}"))? else {
        return Ok(None);
    };
    let mut at = forge::target(&answer.body).map_err(said)?;
    for _ in 0..MAX_TAGS {
        match at {
            Target::Commit(commit) => return Ok(Some(commit)),
            Target::Tag(tag) => {
                let answer = http.get(&format!("/repos/{path}/git/tags/{tag}"))?;
                let answer = answer.ok_or_else(|| "the forge has half of a tag".to_owned())?;
                at = forge::target(&answer.body).map_err(said)?;
            }
        }
    }
    Err("the tag leads on and on".to_owned())
}

/// Whether a branch has a commit.
pub(super) fn has(http: &Http, path: &str, branch: &str, commit: &str) -> Result<bool, String> {
    let branch = encoded(branch);
    let answer = http.get(&format!(
        "/repos/{path}/compare/{branch}...{commit}?per_page=1"
    ))?;
    match answer {
        Some(answer) => forge::is_behind(&answer.body).map_err(said),
        None => Ok(false),
    }
}

/// The files of a commit.
pub(super) fn files(http: &Http, path: &str, commit: &str) -> Result<Option<Blobs>, String> {
    let Some(answer) = http.get(&format!("/repos/{path}/git/commits/{commit}"))? else {
        return Ok(None);
    };
    let root = forge::tree_of_commit(&answer.body, commit).map_err(said)?;
    let mut blobs = Blobs::default();
    let mut queue = vec![(String::new(), root)];
    while let Some((below, id)) = queue.pop() {
        let whole = tree(http, path, &id, "?recursive=1")?;
        if !whole.is_truncated {
            whole.add_to(&mut blobs, &below).map_err(said)?;
            continue;
        }
        // Too large for one answer: its own files, and each directory by itself.
        let own = tree(http, path, &id, "")?;
        if own.is_truncated {
            return Err(
                "the commit has a directory with more files than the forge lists".to_owned(),
            );
        }
        own.add_to(&mut blobs, &below).map_err(said)?;
        queue.extend(own.directories().map(|(name, id)| {
            let name = match below.as_str() {
                "" => name.to_owned(),
                above => format!("{above}/{name}"),
            };
            (name, id.to_owned())
        }));
    }
    blobs.whole().map(Some).map_err(|e| e.to_string())
}

fn tree(http: &Http, path: &str, id: &str, query: &str) -> Result<Tree, String> {
    let answer = http.get(&format!("/repos/{path}/git/trees/{id}{query}"))?;
    let answer = answer.ok_or_else(|| "the forge has a part of the commit alone".to_owned())?;
    forge::tree(&answer.body).map_err(said)
}

#[expect(clippy::needless_pass_by_value, reason = "it is the last of the error")]
fn said(fault: ForgeFault) -> String {
    fault.to_string()
}
