//! TOML as a tree with the byte offset of every key and value.
//!
//! Locks are megabytes of machine-written TOML in a small part of the language. [`plain`] reads that
//! part an order of magnitude faster than a general parser; whatever it does not know it refuses, and
//! [`full`] reads the file with the `toml` crate instead. A property test holds both to the same tree.

mod full;
mod plain;

use std::borrow::Cow;
use std::collections::HashMap;

/// Largest file given to the general parser. Lock tools write what `plain` reads; only people write
/// the rest, and not by the megabyte.
const MAX_FULL: usize = 16 << 20;

/// A value and where it starts.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node<'a> {
    pub(crate) at: u32,
    pub(crate) value: Value<'a>,
}

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    String(Cow<'a, str>),
    Integer(i64),
    Boolean(bool),
    /// Floats, dates, integers beyond 64 bits: no lock entry that is read has one.
    Other,
    Array(Vec<Node<'a>>),
    Table(Table<'a>),
}

/// Keys in the order of the file.
#[derive(Clone, Debug, PartialEq, Default)]
pub(crate) struct Table<'a> {
    pub(crate) at: u32,
    pub(crate) entries: Vec<Entry<'a>>,
}

/// One key with its value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry<'a> {
    pub(crate) key: Cow<'a, str>,
    /// Where the key starts.
    pub(crate) at: u32,
    pub(crate) node: Node<'a>,
}

/// A document, with the first fault if it has any.
#[derive(Debug)]
pub(crate) struct Document<'a> {
    pub(crate) root: Table<'a>,
    pub(crate) fault: Option<Fault>,
}

/// A syntax fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) at: usize,
    pub(crate) message: String,
}

/// Parses TOML; with a fault, the tree holds what could be read around it.
///
/// `ignored` names keys that the reader does not look at: they are left out of inline tables that are
/// items of an array. The files of a lock's packages are nine tenths of it.
pub(crate) fn parse<'a>(text: &'a str, depth: usize, ignored: &[&str]) -> Document<'a> {
    if let Some(root) = plain::parse(text, depth, ignored) {
        return Document { root, fault: None };
    }
    full::parse(text, depth)
}

impl<'a> Node<'a> {
    pub(crate) fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_table(&self) -> Option<&Table<'a>> {
        match &self.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    /// The items of an array; none for anything else.
    pub(crate) fn items(&self) -> &[Node<'a>] {
        match &self.value {
            Value::Array(items) => items,
            _ => &[],
        }
    }

    pub(crate) fn is_true(&self) -> bool {
        matches!(self.value, Value::Boolean(true))
    }

    /// The strings of an array of strings.
    pub(crate) fn strings(&self) -> impl Iterator<Item = &str> {
        self.items().iter().filter_map(Node::as_str)
    }

    pub(crate) fn offset(&self) -> usize {
        self.at as usize
    }
}

impl<'a> Table<'a> {
    pub(crate) fn entry(&self, key: &str) -> Option<&Entry<'a>> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Node<'a>> {
        self.entry(key).map(|entry| &entry.node)
    }

    pub(crate) fn str(&self, key: &str) -> Option<&str> {
        self.get(key)?.as_str()
    }

    pub(crate) fn table(&self, key: &str) -> Option<&Table<'a>> {
        self.get(key)?.as_table()
    }

    /// The items of an array under a key; none when there is no such array.
    pub(crate) fn items(&self, key: &str) -> &[Node<'a>] {
        self.get(key).map_or(&[], Node::items)
    }

    /// The tables of an array of tables under a key.
    pub(crate) fn tables(&self, key: &str) -> impl Iterator<Item = &Table<'a>> {
        self.items(key).iter().filter_map(Node::as_table)
    }

    /// Look-ups by key for tables of thousands of entries.
    pub(crate) fn index(&self) -> HashMap<&str, &Node<'a>> {
        self.entries
            .iter()
            .map(|entry| (&*entry.key, &entry.node))
            .collect()
    }

    /// The table at a path of keys.
    pub(crate) fn at_path(&self, path: &[&str]) -> Option<&Table<'a>> {
        let mut table = self;
        for key in path {
            table = table.table(key)?;
        }
        Some(table)
    }

    pub(crate) fn offset(&self) -> usize {
        self.at as usize
    }
}

#[cfg(test)]
mod tests;
