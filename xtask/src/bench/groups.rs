//! Which ids mean the same flaw: union-find over ids and aliases of all records.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

/// Ids by the flaw they mean.
#[derive(Debug, Default)]
pub(super) struct Groups {
    number: HashMap<String, usize>,
    parent: Vec<usize>,
    name: Vec<String>,
}

impl Groups {
    pub(super) fn of(records: &BTreeMap<String, Value>) -> Self {
        let mut groups = Self::default();
        for (id, record) in records {
            for alias in record["aliases"].as_array().into_iter().flatten() {
                if let Some(alias) = alias.as_str() {
                    groups.join(id, alias);
                }
            }
        }
        groups
    }

    /// The first id of the group in alphabetical order; an unknown id stands for itself.
    pub(super) fn name(&self, id: &str) -> String {
        let at = self.number.get(id).map(|&at| self.root(at));
        at.and_then(|at| self.name.get(at).cloned())
            .unwrap_or_else(|| id.to_owned())
    }

    fn join(&mut self, one: &str, other: &str) {
        let (one, other) = (self.find(one), self.find(other));
        if one == other {
            return;
        }
        let least = self.name[one].clone().min(self.name[other].clone());
        self.parent[other] = one;
        self.name[one] = least;
    }

    fn find(&mut self, id: &str) -> usize {
        if let Some(&at) = self.number.get(id) {
            return self.root(at);
        }
        let at = self.parent.len();
        self.number.insert(id.to_owned(), at);
        self.parent.push(at);
        self.name.push(id.to_owned());
        at
    }

    fn root(&self, mut at: usize) -> usize {
        while self.parent[at] != at {
            at = self.parent[at];
        }
        at
    }
}
