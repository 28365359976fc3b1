//! Union-find over advisory ids: records that are aliases of one another, directly or through others, are one flaw.

use std::collections::HashMap;

#[derive(Debug, Default)]
pub(crate) struct Union {
    parent: Vec<usize>,
    by_id: HashMap<String, usize>,
}

impl Union {
    /// The node of an id, created when new.
    pub(crate) fn node(&mut self, id: &str) -> usize {
        if let Some(&node) = self.by_id.get(id) {
            return node;
        }
        let node = self.parent.len();
        self.parent.push(node);
        self.by_id.insert(id.to_owned(), node);
        node
    }

    /// The representative of a node's set, with path halving.
    pub(crate) fn find(&mut self, mut node: usize) -> usize {
        while let Some(&parent) = self.parent.get(node)
            && parent != node
        {
            let grandparent = self.parent.get(parent).copied().unwrap_or(parent);
            self.parent[node] = grandparent;
            node = grandparent;
        }
        node
    }

    /// Joins the sets of two nodes.
    pub(crate) fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.find(a), self.find(b));
        // The lower node wins, so that the result does not depend on the order of joins.
        let (low, high) = (a.min(b), a.max(b));
        if let Some(slot) = self.parent.get_mut(high) {
            *slot = low;
        }
    }

    /// All ids, by set.
    pub(crate) fn sets(&mut self) -> HashMap<usize, Vec<String>> {
        let mut out: HashMap<usize, Vec<String>> = HashMap::new();
        let ids: Vec<(String, usize)> = self
            .by_id
            .iter()
            .map(|(id, node)| (id.clone(), *node))
            .collect();
        for (id, node) in ids {
            let root = self.find(node);
            out.entry(root).or_default().push(id);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_are_one_set() {
        let mut union = Union::default();
        for (a, b) in [("A", "B"), ("C", "B"), ("D", "E")] {
            let (a, b) = (union.node(a), union.node(b));
            union.join(a, b);
        }
        let (a, c, d) = (union.node("A"), union.node("C"), union.node("D"));
        assert_eq!(union.find(a), union.find(c));
        assert_ne!(union.find(a), union.find(d));
        assert_eq!(union.sets().len(), 2);
    }
}
