//! Shortest paths of dependencies: why a component is there.

use std::collections::VecDeque;

use crate::{ComponentId, Inventory};

/// For every component, the one before it on a shortest path from a root; roots point at nothing.
///
/// Roots are the project's own components and those declared directly; a component no root reaches
/// has no path (locks without edges, environments).
#[derive(Debug)]
pub struct Paths {
    parent: Vec<Option<usize>>,
    reached: Vec<bool>,
}

impl Paths {
    /// Breadth-first search over all edges, roots in inventory order, so that the result is deterministic.
    pub fn new(inventory: &Inventory) -> Self {
        let count = inventory.components.len();
        let mut children: Vec<Vec<usize>> = vec![Vec::new(); count];
        for edge in &inventory.edges {
            if let Some(list) = children.get_mut(edge.from.0) {
                list.push(edge.to.0);
            }
        }
        let mut paths = Self {
            parent: vec![None; count],
            reached: vec![false; count],
        };
        let mut queue = VecDeque::new();
        for (index, component) in inventory.components.iter().enumerate() {
            if component.is_root() {
                paths.reached[index] = true;
                queue.push_back(index);
            }
        }
        while let Some(index) = queue.pop_front() {
            for &child in children.get(index).into_iter().flatten() {
                if paths.reached.get(child) == Some(&false) {
                    paths.reached[child] = true;
                    paths.parent[child] = Some(index);
                    queue.push_back(child);
                }
            }
        }
        paths
    }

    /// The chain from a root to the component, both included; empty when no root reaches it.
    pub fn to(&self, id: ComponentId) -> Vec<ComponentId> {
        let mut chain = Vec::new();
        let mut current = Some(id.0).filter(|&i| self.reached.get(i) == Some(&true));
        while let Some(index) = current {
            chain.push(ComponentId(index));
            current = self.parent.get(index).copied().flatten();
        }
        chain.reverse();
        chain
    }
}
