//! The graph both SBOM formats write: components of all inputs, merged by identity.

use std::collections::{BTreeMap, BTreeSet};

use hognose_types::{Component, ComponentKind, Digest, Inventory, Location, Purl};

use crate::{SbomMeta, ScanReport};

/// One thing, however many inputs list it.
#[derive(Debug)]
pub(crate) struct Node<'a> {
    /// Unique in the document.
    pub(crate) reference: String,
    /// Set for things a package URL can name without guessing.
    pub(crate) purl: Option<Purl>,
    /// The first component merged into it.
    pub(crate) component: &'a Component,
    pub(crate) hashes: BTreeSet<&'a Digest>,
    pub(crate) licence: Option<&'a str>,
    pub(crate) places: BTreeSet<&'a Location>,
    pub(crate) direct: bool,
    pub(crate) needs: BTreeSet<usize>,
}

/// What a document describes, and everything in it.
#[derive(Debug)]
pub(crate) struct Graph<'a> {
    pub(crate) nodes: Vec<Node<'a>>,
    /// The node that is the project itself, when there is exactly one.
    pub(crate) root: Option<usize>,
    /// What the root needs.
    pub(crate) root_needs: BTreeSet<usize>,
}

/// Reference of a root that is no component of any input.
pub(crate) const ROOT: &str = "hognose:root";

impl<'a> Graph<'a> {
    pub(crate) fn new(inventory: &'a Inventory) -> Self {
        let mut nodes: Vec<Node<'a>> = Vec::new();
        let mut index: BTreeMap<String, usize> = BTreeMap::new();
        let mut of = Vec::with_capacity(inventory.components.len());
        for component in &inventory.components {
            let reference = reference(component);
            let position = *index.entry(reference.clone()).or_insert_with(|| {
                nodes.push(Node::new(reference, component));
                nodes.len() - 1
            });
            if let Some(node) = nodes.get_mut(position) {
                node.merge(component);
            }
            of.push(position);
        }
        for edge in &inventory.edges {
            if let (Some(&from), Some(&to)) = (of.get(edge.from.0), of.get(edge.to.0))
                && from != to
                && let Some(node) = nodes.get_mut(from)
            {
                node.needs.insert(to);
            }
        }
        let (root, root_needs) = root(&nodes);
        Self {
            nodes,
            root,
            root_needs,
        }
    }

    /// Reference of the root.
    pub(crate) fn root_reference(&self) -> &str {
        let node = self.root.and_then(|i| self.nodes.get(i));
        node.map_or(ROOT, |n| &n.reference)
    }

    /// References of several nodes, sorted.
    pub(crate) fn references(&self, positions: &BTreeSet<usize>) -> Vec<&str> {
        let nodes = positions.iter().filter_map(|i| self.nodes.get(*i));
        let mut out: Vec<&str> = nodes.map(|n| n.reference.as_str()).collect();
        out.sort_unstable();
        out
    }
}

impl<'a> Node<'a> {
    fn new(reference: String, component: &'a Component) -> Self {
        // A made-up purl would make other tools look for the wrong package, silently.
        let purl = match component.kind {
            ComponentKind::Foreign => stated(component),
            // The user's project need not be the distribution that an index has under its name.
            ComponentKind::Project => None,
            _ => Some(Purl::of(component)),
        };
        Self {
            reference,
            purl,
            component,
            hashes: BTreeSet::new(),
            licence: None,
            places: BTreeSet::new(),
            direct: false,
            needs: BTreeSet::new(),
        }
    }

    fn merge(&mut self, component: &'a Component) {
        self.hashes.extend(&component.hashes);
        self.licence = self.licence.or(component.license.as_deref());
        self.places
            .extend(component.declarations.iter().map(|d| &d.location));
        self.direct |= component.declarations.iter().any(|d| d.direct);
    }
}

fn stated(component: &Component) -> Option<Purl> {
    Purl::stated(component.foreign.as_ref()?.purl.as_deref()?)
}

/// The name in its own ecosystem.
pub(crate) fn name(component: &Component) -> &str {
    let foreign = component.foreign.as_ref().map(|f| f.name.as_str());
    let conda = component.conda.as_ref().map(|c| c.name.as_str());
    foreign.or(conda).unwrap_or(component.name.as_str())
}

fn reference(component: &Component) -> String {
    let purl = Purl::of(component);
    match component.kind {
        ComponentKind::Project => format!("project:{}", component.label()),
        ComponentKind::Foreign if stated(component).is_none() => format!("foreign:{purl}"),
        _ => purl.as_str().to_owned(),
    }
}

fn root(nodes: &[Node<'_>]) -> (Option<usize>, BTreeSet<usize>) {
    let is_project = |n: &Node<'_>| n.component.kind == ComponentKind::Project;
    let projects: Vec<usize> = (0..nodes.len())
        .filter(|&i| nodes.get(i).is_some_and(is_project))
        .collect();
    let root = match *projects.as_slice() {
        [only] => Some(only),
        _ => None,
    };
    let mut needs: BTreeSet<usize> = root
        .and_then(|i| nodes.get(i))
        .map(|n| n.needs.clone())
        .unwrap_or_default();
    let needed: BTreeSet<usize> = nodes.iter().flat_map(|n| n.needs.iter().copied()).collect();
    for (position, node) in nodes.iter().enumerate() {
        // What nothing needs hangs on the root, so that every component is in the graph.
        if Some(position) != root
            && (node.direct || is_project(node) || !needed.contains(&position))
        {
            needs.insert(position);
        }
    }
    (root, needs)
}

/// What a scan's SBOM says about itself.
pub(crate) fn meta(report: &ScanReport) -> SbomMeta {
    let inventory = &report.inventory;
    let project = inventory
        .components
        .iter()
        .find(|c| c.kind == ComponentKind::Project);
    let name = project.map(|c| c.name.to_string());
    let input = inventory.inputs.first().map(|i| i.path.clone());
    SbomMeta {
        tool_version: report.tool_version.clone(),
        timestamp: report.started.clone(),
        name: name.or(input).unwrap_or_else(|| "nothing".to_owned()),
        version: project.and_then(|c| c.version.as_str()).map(str::to_owned),
    }
}
