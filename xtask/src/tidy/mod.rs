//! Checks that documents, rules and sizes agree with the tree.

mod documents;
mod functions;
mod rules;
mod sizes;

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::run::{heading, root};

/// Runs every check and reports everything that is wrong.
pub(crate) fn run() -> Result<()> {
    heading("tidy");
    let files = Files::collect(&root());
    let mut faults = Vec::new();
    documents::check(&files, &mut faults);
    rules::check(&files, &mut faults);
    sizes::check(&files, &mut faults);
    if faults.is_empty() {
        println!("{} files are tidy", files.paths.len());
        return Ok(());
    }
    for fault in &faults {
        println!("{fault}");
    }
    bail!("{} things are untidy", faults.len())
}

/// Every text file of the project, by its path from the root with `/`.
#[derive(Debug)]
struct Files {
    root: PathBuf,
    paths: Vec<String>,
}

impl Files {
    fn collect(root: &Path) -> Self {
        let mut paths = Vec::new();
        walk(root, "", &mut paths);
        paths.sort();
        Self {
            root: root.to_owned(),
            paths,
        }
    }

    fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.root.join(path)).unwrap_or_default()
    }

    fn ending(&self, suffix: &str) -> impl Iterator<Item = &String> {
        self.paths.iter().filter(move |p| p.ends_with(suffix))
    }

    fn exists(&self, path: &str) -> bool {
        self.root.join(path).exists()
    }
}

fn walk(root: &Path, below: &str, out: &mut Vec<String>) {
    for entry in std::fs::read_dir(root.join(below))
        .into_iter()
        .flatten()
        .flatten()
    {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if below.is_empty() {
            name.clone()
        } else {
            format!("{below}/{name}")
        };
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        if kind.is_dir()
            && !matches!(
                name.as_str(),
                "target" | ".git" | "node_modules" | "fixtures" | "snapshots" | "corpus"
            )
        {
            walk(root, &path, out);
        } else if kind.is_file() {
            out.push(path);
        }
    }
}
