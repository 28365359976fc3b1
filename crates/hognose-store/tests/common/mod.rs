//! What tests of stores share.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part")]

use std::path::{Path, PathBuf};

use hognose_store::{AuditEntry, Chain, Head, Opening, Options, SqliteStore, Store};

/// A file of its own.
#[derive(Debug)]
pub struct Place {
    directory: tempfile::TempDir,
}

impl Place {
    pub fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn state(&self) -> PathBuf {
        self.path("state.db")
    }

    pub fn open(&self) -> SqliteStore {
        open(&self.state())
    }

    /// The names in the directory, sorted.
    pub fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.directory.path()).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

pub fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path, Opening::Create, Options::default()).unwrap()
}

/// An entry that says a file was sent.
pub fn served(time: i64, client: &str) -> AuditEntry {
    AuditEntry {
        time,
        kind: "served".to_owned(),
        project: Some("flask".to_owned()),
        version: Some("3.0.0".to_owned()),
        filename: Some("flask-3.0.0-py3-none-any.whl".to_owned()),
        sha256: Some("ab".repeat(32)),
        client: Some(client.to_owned()),
        body: "{}".to_owned(),
    }
}

/// The end of a chain that must be whole.
pub fn whole(store: &dyn Store) -> Head {
    match store.verify_chain(None).unwrap() {
        Chain::Whole { head, .. } => head,
        other => unreachable!("{other:?}"),
    }
}
