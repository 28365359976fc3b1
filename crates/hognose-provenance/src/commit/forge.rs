//! What a forge answers about a repository and a commit of it, as GitHub's and GitLab's interfaces write it.
//!
//! Bytes in, names of files out: whoever asks the forge decides whom to ask, and how often. What comes back is as hostile as any
//! archive: names of commits are digests or nothing, and nothing of an answer becomes part of an address unchecked.

use std::borrow::Cow;

use hognose_types::text::short;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{Blobs, TreeFault};

/// Largest answer that is looked at: a tree of a hundred thousand files takes seven megabytes.
pub const MAX_ANSWER: u64 = 32 << 20;
/// Most files of one answer.
const MAX_ENTRIES: usize = 1_000_000;
/// Longest name of a branch.
const MAX_BRANCH: usize = 250;
/// Most characters of a reason.
const SHOWN: usize = 160;

/// How a forge is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForgeKind {
    /// As GitHub and its enterprise server.
    GitHub,
    /// As GitLab, wherever it runs.
    GitLab,
}

/// Why an answer is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ForgeFault {
    /// Not the JSON that was asked for.
    #[error("the forge's answer cannot be read: {0}")]
    Malformed(String),
    /// A name of a commit, tree or file that is no digest.
    #[error("the forge names {0:?}, which is no digest of git")]
    Digest(String),
    /// A name of a branch that is none.
    #[error("the forge names a branch that cannot be one")]
    Branch,
    /// More than is looked at.
    #[error("the forge's answer is over the limit of {limit} {what}")]
    TooLarge {
        /// Of what.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
    /// About another commit than was asked for.
    #[error("the forge answers about commit {found}, and {wanted} was asked for")]
    Other {
        /// What it is about.
        found: String,
        /// What was asked for.
        wanted: String,
    },
    /// Files that cannot be those of a commit.
    #[error(transparent)]
    Tree(#[from] TreeFault),
}

/// A repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// Its number, which a new owner of an old name does not get.
    pub id: u64,
    /// The branch that counts; none in an empty repository.
    pub branch: Option<String>,
}

/// What a name leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A commit.
    Commit(String),
    /// A tag with words of its own, which leads on.
    Tag(String),
}

/// The files of a tree, or of a part of one.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    entries: Vec<Entry>,
    /// Some are missing: the directories have to be asked for one by one.
    pub is_truncated: bool,
}

#[derive(Clone, Debug, Deserialize)]
struct Entry {
    path: String,
    mode: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(alias = "id")]
    sha: String,
}

impl Tree {
    /// The directories of it, by path and digest.
    pub fn directories(&self) -> impl Iterator<Item = (&str, &str)> {
        let trees = self.entries.iter().filter(|entry| entry.kind == "tree");
        trees.map(|entry| (entry.path.as_str(), entry.sha.as_str()))
    }

    /// Adds its files to those of the commit, below a directory.
    ///
    /// # Errors
    ///
    /// More files than a commit may have.
    pub fn add_to(&self, blobs: &mut Blobs, below: &str) -> Result<(), ForgeFault> {
        for entry in self.entries.iter().filter(|entry| entry.kind == "blob") {
            let path = if below.is_empty() {
                Cow::Borrowed(entry.path.as_str())
            } else {
                Cow::Owned(format!("{below}/{}", entry.path))
            };
            blobs.record(&entry.mode, &entry.sha, &path)?;
        }
        Ok(())
    }

    fn checked(entries: Vec<Entry>, is_truncated: bool) -> Result<Self, ForgeFault> {
        if entries.len() > MAX_ENTRIES {
            return Err(ForgeFault::TooLarge {
                what: "files",
                limit: MAX_ENTRIES as u64,
            });
        }
        for entry in &entries {
            digest(&entry.sha)?;
        }
        Ok(Self {
            entries,
            is_truncated,
        })
    }
}

/// A repository, of either kind.
///
/// # Errors
///
/// An answer that is none.
pub fn repository(bytes: &[u8]) -> Result<Repository, ForgeFault> {
    #[derive(Deserialize)]
    struct Raw {
        id: u64,
        #[serde(default)]
        default_branch: Option<String>,
    }
    let raw: Raw = json(bytes)?;
    let branch = raw.default_branch.filter(|branch| !branch.is_empty());
    let is_odd = |branch: &String| {
        branch.len() > MAX_BRANCH || branch.chars().any(|c| c.is_control() || c.is_whitespace())
    };
    if branch.as_ref().is_some_and(is_odd) {
        return Err(ForgeFault::Branch);
    }
    Ok(Repository { id: raw.id, branch })
}

/// The tree of a commit, as GitHub says.
///
/// # Errors
///
/// An answer that is none, or about another commit.
pub fn tree_of_commit(bytes: &[u8], commit: &str) -> Result<String, ForgeFault> {
    #[derive(Deserialize)]
    struct Raw {
        sha: String,
        tree: Named,
    }
    let raw: Raw = json(bytes)?;
    same(&raw.sha, commit)?;
    digest(&raw.tree.sha)?;
    Ok(raw.tree.sha)
}

/// That GitLab has a commit.
///
/// # Errors
///
/// An answer that is none, or about another commit.
pub fn commit(bytes: &[u8], commit: &str) -> Result<(), ForgeFault> {
    #[derive(Deserialize)]
    struct Raw {
        id: String,
    }
    let raw: Raw = json(bytes)?;
    same(&raw.id, commit)
}

/// Files as GitHub lists them.
///
/// # Errors
///
/// An answer that is none.
pub fn tree(bytes: &[u8]) -> Result<Tree, ForgeFault> {
    #[derive(Deserialize)]
    struct Raw {
        tree: Vec<Entry>,
        #[serde(default)]
        truncated: bool,
    }
    let raw: Raw = json(bytes)?;
    Tree::checked(raw.tree, raw.truncated)
}

/// One page of files as GitLab lists them.
///
/// # Errors
///
/// An answer that is none.
pub fn page(bytes: &[u8]) -> Result<Tree, ForgeFault> {
    Tree::checked(json(bytes)?, false)
}

/// What a reference or a tag object leads to, as GitHub says.
///
/// # Errors
///
/// An answer that is none, or leads to something else than a commit or a tag.
pub fn target(bytes: &[u8]) -> Result<Target, ForgeFault> {
    #[derive(Deserialize)]
    struct Raw {
        object: Object,
    }
    #[derive(Deserialize)]
    struct Object {
        #[serde(rename = "type")]
        kind: String,
        sha: String,
    }
    let object = json::<Raw>(bytes)?.object;
    digest(&object.sha)?;
    match object.kind.as_str() {
        "commit" => Ok(Target::Commit(object.sha)),
        "tag" => Ok(Target::Tag(object.sha)),
        kind => Err(ForgeFault::Malformed(format!(
            "a tag of a {}",
            short(kind, 20)
        ))),
    }
}

/// The commit of a tag, as GitLab says.
///
/// # Errors
///
/// An answer that is none.
pub fn tagged(bytes: &[u8]) -> Result<String, ForgeFault> {
    #[derive(Deserialize)]
    struct Raw {
        commit: Id,
    }
    #[derive(Deserialize)]
    struct Id {
        id: String,
    }
    let id = json::<Raw>(bytes)?.commit.id;
    digest(&id)?;
    Ok(id)
}

/// Whether a branch that a commit was compared with has it, as GitHub says.
///
/// # Errors
///
/// An answer that is none.
pub fn is_behind(bytes: &[u8]) -> Result<bool, ForgeFault> {
    #[derive(Deserialize)]
    struct Raw {
        status: String,
    }
    let status = json::<Raw>(bytes)?.status;
    Ok(matches!(status.as_str(), "behind" | "identical"))
}

/// Whether any branch or tag leads to a commit, as GitLab says.
///
/// # Errors
///
/// An answer that is none.
pub fn has_references(bytes: &[u8]) -> Result<bool, ForgeFault> {
    #[derive(Deserialize)]
    struct Raw {
        #[serde(rename = "type")]
        kind: String,
    }
    let all: Vec<Raw> = json(bytes)?;
    Ok(all
        .iter()
        .any(|one| matches!(one.kind.as_str(), "branch" | "tag")))
}

/// True for a digest as git writes it.
pub fn is_digest(text: &str) -> bool {
    let is_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    matches!(text.len(), 40 | 64) && text.bytes().all(is_hex)
}

/// A text as one part of a path, or the value of a query.
pub fn encoded(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~') {
            out.push(char::from(byte));
        } else if byte == b'.' && !matches!(text, "." | "..") {
            out.push('.');
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[derive(Deserialize)]
struct Named {
    sha: String,
}

fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ForgeFault> {
    if bytes.len() as u64 > MAX_ANSWER {
        return Err(ForgeFault::TooLarge {
            what: "bytes",
            limit: MAX_ANSWER,
        });
    }
    serde_json::from_slice(bytes)
        .map_err(|error| ForgeFault::Malformed(short(&error.to_string(), SHOWN)))
}

fn digest(text: &str) -> Result<(), ForgeFault> {
    if is_digest(text) {
        return Ok(());
    }
    Err(ForgeFault::Digest(short(text, 80)))
}

fn same(found: &str, wanted: &str) -> Result<(), ForgeFault> {
    if found == wanted {
        return Ok(());
    }
    Err(ForgeFault::Other {
        found: short(found, 80),
        wanted: short(wanted, 80),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789012345678901234567890123456789";

    #[test]
    fn answers_of_both() {
        let both = repository(br#"{"id": 7, "default_branch": "main", "name": "x"}"#);
        let branch = Some("main".to_owned());
        assert_eq!(both, Ok(Repository { id: 7, branch }));
        assert_eq!(
            repository(br#"{"id": 7, "default_branch": null}"#)
                .unwrap()
                .branch,
            None
        );
        let text = format!(r#"{{"sha": "{ID}", "tree": {{"sha": "{ID}", "url": ""}}}}"#);
        assert_eq!(tree_of_commit(text.as_bytes(), ID).as_deref(), Ok(ID));
        assert!(matches!(
            tree_of_commit(text.as_bytes(), &"1".repeat(40)),
            Err(ForgeFault::Other { .. })
        ));
        let text = format!(r#"{{"object": {{"type": "tag", "sha": "{ID}"}}}}"#);
        assert_eq!(target(text.as_bytes()), Ok(Target::Tag(ID.to_owned())));
        assert_eq!(is_behind(br#"{"status": "behind"}"#), Ok(true));
        assert_eq!(is_behind(br#"{"status": "diverged"}"#), Ok(false));
        assert_eq!(has_references(b"[]"), Ok(false));
        assert_eq!(
            has_references(br#"[{"type": "tag", "name": "v1"}]"#),
            Ok(true)
        );
    }

    #[test]
    fn files_of_both() {
        let github = format!(
            r#"{{"sha": "x", "truncated": true, "tree": [
            {{"path": "a", "mode": "040000", "type": "tree", "sha": "{ID}"}},
            {{"path": "a/b.py", "mode": "100644", "type": "blob", "sha": "{ID}", "size": 1}},
            {{"path": "link", "mode": "120000", "type": "blob", "sha": "{ID}"}},
            {{"path": "sub", "mode": "160000", "type": "commit", "sha": "{ID}"}}]}}"#
        );
        let found = tree(github.as_bytes()).unwrap();
        assert!(found.is_truncated);
        assert_eq!(found.directories().collect::<Vec<_>>(), [("a", ID)]);
        let mut blobs = Blobs::default();
        found.add_to(&mut blobs, "deep").unwrap();
        assert!(blobs.knows("deep/a/b.py") && blobs.knows("b.py"));
        assert!(!blobs.knows("link"), "a link holds no bytes of its own");
        let gitlab = format!(
            r#"[{{"id": "{ID}", "name": "c.py", "type": "blob", "path": "c.py", "mode": "100755"}}]"#
        );
        let mut blobs = Blobs::default();
        page(gitlab.as_bytes())
            .unwrap()
            .add_to(&mut blobs, "")
            .unwrap();
        assert!(blobs.knows("c.py"));
    }

    #[test]
    fn what_is_no_digest_is_refused() {
        let hostile = "../../other/repos/0123456789012345678901234";
        for id in [hostile, "", "g123456789012345678901234567890123456789"] {
            let text = format!(
                r#"{{"tree": [{{"path": "a", "mode": "040000", "type": "tree", "sha": "{id}"}}]}}"#
            );
            assert!(matches!(tree(text.as_bytes()), Err(ForgeFault::Digest(_))));
            let text = format!(r#"{{"object": {{"type": "commit", "sha": "{id}"}}}}"#);
            assert!(target(text.as_bytes()).is_err());
        }
        assert_eq!(
            repository(br#"{"id": 1, "default_branch": "a\nb"}"#),
            Err(ForgeFault::Branch)
        );
        assert_eq!(encoded("a/b c.d"), "a%2Fb%20c.d");
        assert_eq!(encoded(".."), "%2E%2E");
    }
}
