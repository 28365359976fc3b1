//! Environments checked from outside: built here file by file, and real ones made by pip and uv.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod bytecode;
mod own;
mod pristine;
mod rows;
mod strangers;

use std::fs;
use std::path::{Path, PathBuf};

use hognose_provenance::environment::{Environment, ProblemKind, Report, check};
use sha2::{Digest as _, Sha256};

/// An environment that is made for a test.
pub(crate) struct Made {
    directory: tempfile::TempDir,
}

impl Made {
    pub(crate) fn new() -> Self {
        let made = Self {
            directory: tempfile::tempdir().unwrap(),
        };
        fs::create_dir_all(made.site()).unwrap();
        fs::create_dir_all(made.root().join("bin")).unwrap();
        made
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.directory.path().to_owned()
    }

    pub(crate) fn site(&self) -> PathBuf {
        self.root().join("lib/python3.11/site-packages")
    }

    pub(crate) fn write(&self, path: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.site().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    /// Installs a distribution with these files.
    pub(crate) fn install(&self, name: &str, files: &[(&str, &str)]) {
        let info = format!("{name}-1.0.dist-info");
        let mut record = String::new();
        for (path, text) in files {
            self.write(path, text);
            record += &row(path, text.as_bytes());
        }
        record += &format!("{info}/RECORD,,\n");
        self.write(&format!("{info}/RECORD"), record);
    }

    pub(crate) fn record(&self, name: &str, text: impl AsRef<[u8]>) {
        self.write(&format!("{name}-1.0.dist-info/RECORD"), text);
    }

    pub(crate) fn check(&self) -> Report {
        check(&environment(&self.root()), 2)
    }

    /// Every problem as `file: what`.
    pub(crate) fn problems(&self) -> Vec<String> {
        let root = format!("{}/", self.site().display());
        let outer = format!("{}/", self.root().display());
        let problems = self.check().problems;
        problems
            .iter()
            .map(|p| {
                let file = p.file.replace(&root, "").replace(&outer, "^");
                format!("{file}: {}", what(&p.kind))
            })
            .collect()
    }
}

/// One row of RECORD.
pub(crate) fn row(path: &str, bytes: &[u8]) -> String {
    format!(
        "{path},sha256={},{}\n",
        base64(&Sha256::digest(bytes)),
        bytes.len()
    )
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut out = String::new();
    for group in bytes.chunks(3) {
        let bits = group
            .iter()
            .chain(std::iter::repeat(&0))
            .take(3)
            .fold(0_usize, |bits, b| bits << 8 | usize::from(*b));
        for place in 0..=group.len() {
            out.push(char::from(LETTERS[bits >> (18 - 6 * place) & 63]));
        }
    }
    out
}

/// An environment with the layout of a virtual one.
pub(crate) fn environment(root: &Path) -> Environment {
    let mut sites: Vec<PathBuf> = fs::read_dir(root.join("lib"))
        .unwrap()
        .flatten()
        .map(|entry| entry.path().join("site-packages"))
        .filter(|path| path.is_dir())
        .collect();
    sites.sort();
    Environment {
        prefix: Some(root.to_owned()),
        sites,
        scripts: vec![root.join("bin")],
        libraries: Vec::new(),
    }
}

/// The kind of a problem in a word or two.
fn what(kind: &ProblemKind) -> String {
    match kind {
        ProblemKind::Altered { links, .. } => match links {
            Some(links) => format!("altered, {links} links"),
            None => "altered".to_owned(),
        },
        ProblemKind::Missing => "missing".to_owned(),
        ProblemKind::Row { line, fault } => format!("row {line} {fault:?}"),
        ProblemKind::Unlisted {
            what,
            files,
            shadows,
        } => {
            let shadows = shadows.as_ref().map_or("", |_| ", shadows");
            format!("unlisted {what:?} {files}{shadows}")
        }
        ProblemKind::Hook(hook) => format!(
            "hook {:?} runs {:?} adds {:?}",
            hook.kind, hook.runs, hook.adds
        ),
        ProblemKind::Bytecode { difference, .. } => format!("bytecode {difference:?}"),
        ProblemKind::Index(apart) => format!("index {apart:?}"),
        ProblemKind::Claimed { .. } => "claimed twice".to_owned(),
        ProblemKind::Script { word, .. } => format!("script {word}"),
        ProblemKind::Twice { .. } => "of a name that another has".to_owned(),
        ProblemKind::Own(own) => format!("own {own:?}"),
    }
}
