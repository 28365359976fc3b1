//! What an artifact holds beside what its commit holds.
//!
//! A release is honest when its code is the code of the commit it says it was built from. Git names a file by a digest of its
//! bytes, so a list of a commit's files is enough: nothing is checked out, and a file that moved (`src/`) is found wherever
//! it is. An attested build of a poisoned cache, and an upload past the repository, differ from every other release in
//! exactly this.

mod blobs;
pub mod forge;
mod generated;

use std::collections::BTreeSet;

pub use blobs::{Blobs, TreeFault};

/// Endings of files that are run, or from which what is run is made.
const CODE: [&str; 22] = [
    "py", "pyw", "pyx", "pxd", "pyc", "pth", "start", "sh", "bash", "bat", "cmd", "ps1", "js",
    "mjs", "cjs", "c", "cc", "cpp", "h", "hpp", "rs", "m4",
];
/// Endings of what a build makes: nothing of a commit can be compared with it.
const COMPILED: [&str; 10] = [
    "so", "pyd", "dll", "dylib", "exe", "a", "lib", "o", "wasm", "node",
];
/// Most names that are kept of a kind; more are counted.
const KEPT: usize = 50;

/// How an artifact compares with a commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Files that the commit has, byte for byte or but for line ends.
    pub same: usize,
    /// Code that the commit has under this name with other bytes.
    pub changed: Vec<String>,
    /// Code that the commit has nowhere.
    pub absent: Vec<String>,
    /// Files that known tools make, and what makes them.
    pub generated: BTreeSet<(String, &'static str)>,
    /// Compiled files: nothing to compare them with.
    pub compiled: usize,
    /// Metadata, data and texts that the commit does not have.
    pub others: usize,
    /// Code beyond what is named.
    pub more: usize,
}

impl Comparison {
    /// True when every file of code is the commit's, or made by a tool that is known.
    pub fn holds(&self) -> bool {
        self.changed.is_empty() && self.absent.is_empty()
    }
}

/// Compares the members of one artifact, one after the other.
#[derive(Debug)]
pub struct Comparer<'b> {
    blobs: &'b Blobs,
    is_sdist: bool,
    out: Comparison,
}

impl<'b> Comparer<'b> {
    /// For a wheel or an sdist.
    pub fn new(blobs: &'b Blobs, is_sdist: bool) -> Self {
        Self {
            blobs,
            is_sdist,
            out: Comparison::default(),
        }
    }

    /// One file of the artifact, by its path in it.
    pub fn add(&mut self, path: &str, bytes: &[u8]) {
        let path = if self.is_sdist {
            path.split_once('/').map_or(path, |(_, inside)| inside)
        } else {
            path
        };
        if self.blobs.has(bytes) {
            self.out.same += 1;
            return;
        }
        let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
        let ending = ending.to_ascii_lowercase();
        if COMPILED.contains(&ending.as_str()) && !self.is_sdist {
            self.out.compiled += 1;
            return;
        }
        if !is_code(path, bytes) {
            self.out.others += 1;
            return;
        }
        if let Some(maker) = generated::maker(path, bytes, self.blobs) {
            self.out.generated.insert((path.to_owned(), maker));
            return;
        }
        let list = if self.blobs.knows(path) {
            &mut self.out.changed
        } else {
            &mut self.out.absent
        };
        if list.len() < KEPT {
            list.push(path.to_owned());
        } else {
            self.out.more += 1;
        }
    }

    /// What came of it.
    pub fn finish(mut self) -> Comparison {
        self.out.changed.sort();
        self.out.absent.sort();
        self.out
    }
}

/// True for a file that is run, or from which what is run is made.
pub(crate) fn is_code(path: &str, bytes: &[u8]) -> bool {
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
    let ending = ending.to_ascii_lowercase();
    CODE.contains(&ending.as_str())
        || COMPILED.contains(&ending.as_str())
        || bytes.starts_with(b"#!")
}

/// True for a file that says a version and does nothing.
pub(crate) fn is_version_file(path: &str, bytes: &[u8]) -> bool {
    generated::is_version(path, bytes)
}
