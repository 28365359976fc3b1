//! A tree held in memory: a revision of a repository, or a test's files.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Cursor;
use std::ops::Bound;

use super::{Entry, EntryKind, ReadError, ReadSeek, Tree};
use crate::path;

/// Files by path, relative to the root of the tree, `/` as separator.
#[derive(Clone, Debug, Default)]
pub struct Memory(pub BTreeMap<String, Vec<u8>>);

impl Memory {
    /// Builds a tree from pairs of path and content.
    pub fn new<P: Into<String>, B: Into<Vec<u8>>>(files: impl IntoIterator<Item = (P, B)>) -> Self {
        Self(
            files
                .into_iter()
                .map(|(path, bytes)| (path.into(), bytes.into()))
                .collect(),
        )
    }

    fn find(&self, path: &str) -> Result<&[u8], ReadError> {
        let path = path::normalise(path);
        match self.0.get(&path) {
            Some(bytes) => Ok(bytes),
            None if self.is_directory(&path) => Err(ReadError::NotAFile),
            None => Err(ReadError::NotFound),
        }
    }

    fn is_directory(&self, path: &str) -> bool {
        path == "." || self.under(path).next().is_some()
    }

    /// Paths below a directory, without the directory's prefix, in order.
    fn under<'a>(&'a self, directory: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        let prefix = if directory == "." {
            String::new()
        } else {
            format!("{directory}/")
        };
        self.0
            .range::<str, _>((Bound::Included(prefix.as_str()), Bound::Unbounded))
            .map_while(move |(path, _)| path.strip_prefix(&prefix))
    }
}

impl Tree for Memory {
    fn read(&self, path: &str, limit: u64) -> Result<Cow<'_, [u8]>, ReadError> {
        let bytes = self.find(path)?;
        if bytes.len() as u64 > limit {
            return Err(ReadError::TooLarge { limit });
        }
        Ok(Cow::Borrowed(bytes))
    }

    fn read_head(&self, path: &str, length: u64) -> Result<Cow<'_, [u8]>, ReadError> {
        let bytes = self.find(path)?;
        let length = bytes
            .len()
            .min(usize::try_from(length).unwrap_or(usize::MAX));
        Ok(Cow::Borrowed(&bytes[..length]))
    }

    fn open(&self, path: &str) -> Result<Box<dyn ReadSeek + '_>, ReadError> {
        Ok(Box::new(Cursor::new(self.find(path)?)))
    }

    fn kind(&self, path: &str) -> Option<EntryKind> {
        let path = path::normalise(path);
        if self.0.contains_key(&path) {
            Some(EntryKind::File)
        } else if self.is_directory(&path) {
            Some(EntryKind::Directory)
        } else {
            None
        }
    }

    fn list(&self, directory: &str, limit: usize) -> Result<Vec<Entry>, ReadError> {
        let directory = path::normalise(directory);
        if !self.is_directory(&directory) {
            return Err(ReadError::NotFound);
        }
        let mut entries: Vec<Entry> = Vec::new();
        for rest in self.under(&directory) {
            let (name, kind) = match rest.split_once('/') {
                Some((name, _)) => (name, EntryKind::Directory),
                None => (rest, EntryKind::File),
            };
            if entries.last().is_some_and(|last| last.name == name) {
                continue;
            }
            if entries.len() >= limit {
                return Err(ReadError::TooManyEntries { limit });
            }
            entries.push(Entry {
                name: name.to_owned(),
                kind,
            });
        }
        // `a-b/x` sorts before `a/x`: directories with a common prefix may come twice.
        entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        entries.dedup_by(|a, b| a.name == b.name);
        Ok(entries)
    }

    fn canonical(&self, path: &str) -> Option<String> {
        let path = path::normalise(path);
        let there = self.0.contains_key(&path) || self.is_directory(&path);
        // Never like a path of the disk, so that no file of it seems to lie inside.
        there.then(|| {
            if path == "." {
                "memory:".to_owned()
            } else {
                format!("memory:/{path}")
            }
        })
    }
}
