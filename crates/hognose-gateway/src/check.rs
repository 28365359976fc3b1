//! Judging releases before anybody installs them: the answer that a client would get, without sending it anything.

use std::collections::BTreeSet;
use std::sync::Arc;

use hognose_index::{Choice, IndexFile, choose};
use hognose_types::{PackageName, Version};

use crate::gateway::Gateway;
use crate::judge::Ruling;
use crate::offer::OfferedFile;

/// What would become of a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Files that were judged, and how.
    pub files: Vec<(String, Ruling)>,
    /// What could not be judged.
    pub unknown: Vec<String>,
}

impl Gateway {
    /// Judges a release as a client would meet it: every file that `allowed` lets through (by sha256), for who has these
    /// hashes may take any of them; where it is empty, the wheel and the sdist that installers choose.
    pub async fn check(
        self: &Arc<Self>,
        name: &PackageName,
        version: &Version,
        allowed: &[String],
    ) -> Checked {
        let mut out = Checked {
            files: Vec::new(),
            unknown: Vec::new(),
        };
        let page = match self.known(name).await {
            Ok(page) => page,
            Err(problem) => {
                out.unknown.push(problem.phrase);
                return out;
            }
        };
        let fits = |f: &&OfferedFile| {
            let digest = f.file.sha256.as_ref();
            f.file.version == *version
                && (allowed.is_empty() || digest.is_some_and(|d| allowed.contains(d)))
        };
        let files: Vec<&OfferedFile> = page.parts.files.iter().filter(fits).collect();
        let plain: Vec<IndexFile> = files.iter().map(|f| f.file.clone()).collect();
        let Some(release) = choose(&plain, &Choice::Exactly(version.clone())) else {
            let what = "the index has no file of it with a hash that the lock allows";
            out.unknown.push(what.to_owned());
            return out;
        };
        let chosen: BTreeSet<&str> = release.files().map(|f| f.filename.as_str()).collect();
        for offered in files {
            let name = &offered.file.filename;
            if allowed.is_empty() && !chosen.contains(name.as_str()) {
                continue;
            }
            match self.judged(&page, offered, "check").await {
                Ok(ruling) => out.files.push((name.clone(), ruling)),
                Err(reason) => out.unknown.push(format!("{name}: {reason}")),
            }
        }
        out
    }
}
