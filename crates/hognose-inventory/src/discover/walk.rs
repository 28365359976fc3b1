//! Which directories are entered.

use std::collections::VecDeque;

use hognose_types::Location;

use crate::context::Context;
use crate::path;
use crate::tree::EntryKind;

/// Caches and version control: never of interest, and not worth a line in the report.
const SILENT: [&str; 11] = [
    ".git",
    ".hg",
    ".svn",
    ".bzr",
    "__pycache__",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".hypothesis",
    ".idea",
    ".vscode",
];

/// Foreign packages and build results.
const NOISE: [&str; 9] = [
    "node_modules",
    ".tox",
    ".nox",
    ".eggs",
    "build",
    "dist",
    "_build",
    "bower_components",
    ".direnv",
];

/// Hidden directories that are entered all the same.
const HIDDEN: [&str; 5] = [
    ".github",
    ".gitlab",
    ".circleci",
    ".devcontainer",
    ".binder",
];

/// Directories still to be searched, breadth first: what lies higher decides about what lies deeper.
#[derive(Debug)]
pub(super) struct Walk {
    root: String,
    queue: VecDeque<(String, usize)>,
    entered: usize,
    too_deep: bool,
}

impl Walk {
    pub(super) fn new(root: &str) -> Self {
        Self {
            root: root.to_owned(),
            queue: VecDeque::from([(root.to_owned(), 0)]),
            entered: 0,
            too_deep: false,
        }
    }

    /// The next directory and how deep it lies below the root.
    pub(super) fn next(&mut self, context: &mut Context<'_>) -> Option<(String, usize)> {
        let limit = context.options.limits.directories;
        let next = self.queue.pop_front();
        if next.is_some() && self.entered >= limit {
            self.queue.clear();
            context.unreadable(
                Location::file(self.root.as_str()),
                format!("more than {limit} directories: the rest was not searched"),
                "name the directories to scan, or leave some out with `--exclude`",
            );
            return None;
        }
        if next.is_none() && self.too_deep {
            self.too_deep = false;
            let deep = context.options.limits.directories_deep;
            context.notice(
                Some(Location::file(self.root.as_str())),
                format!("directories more than {deep} levels down were not searched"),
            );
        }
        self.entered += 1;
        next
    }

    /// Decides about a subdirectory: an environment, noise, or a place to search.
    pub(super) fn directory(
        &mut self,
        context: &mut Context<'_>,
        path: String,
        name: &str,
        depth: usize,
        environments: &mut Vec<String>,
    ) {
        if SILENT.contains(&name) || name.ends_with(".egg-info") || name.ends_with(".dist-info") {
            return;
        }
        if NOISE.contains(&name) {
            context.skip(
                &path,
                "build results or other tools' packages; name it to scan it",
            );
            return;
        }
        let holds = |file: &str, kind| context.tree.kind(&path::join(&path, file)) == Some(kind);
        if holds("pyvenv.cfg", EntryKind::File)
            || holds("conda-meta", EntryKind::Directory)
            || name == "site-packages"
        {
            environments.push(path);
            return;
        }
        if name.starts_with('.') && !HIDDEN.contains(&name) {
            context.skip(&path, "a hidden directory; name it to scan it");
            return;
        }
        if depth >= context.options.limits.directories_deep {
            self.too_deep = true;
            return;
        }
        self.queue.push_back((path, depth + 1));
    }
}
