//! `# via` comments, in which pip-compile and uv say what pulled a requirement in.

use std::collections::{BTreeMap, BTreeSet};

use hognose_types::{ComponentId, ComponentKind, PackageName};

use crate::context::Context;
use crate::path;
use crate::readers::manifest;

/// Most entries of one name that a comment can mean.
const MAX_PARENTS: usize = 16;

/// Why one component is there.
#[derive(Debug)]
enum Reason {
    /// Another distribution of the file needs it.
    Component(PackageName),
    /// A file names it.
    File(String),
    /// A constraint touched it: says nothing about why it is there.
    Constraint,
}

/// The annotations of one file.
#[derive(Debug, Default)]
pub(super) struct Annotations {
    reasons: Vec<(ComponentId, Reason)>,
    /// The requirement that the next comments may speak about.
    current: Option<ComponentId>,
    /// True after `via`: the next comment lines are its list.
    listing: bool,
}

impl Annotations {
    /// A requirement begins, with the comment on its own line.
    pub(super) fn open(&mut self, id: ComponentId, comment: Option<&str>) {
        self.current = Some(id);
        self.listing = false;
        if let Some(comment) = comment {
            self.comment(comment);
        }
    }

    /// Another line begins.
    pub(super) fn close(&mut self) {
        self.current = None;
        self.listing = false;
    }

    /// A comment line.
    pub(super) fn comment(&mut self, comment: &str) {
        let Some(id) = self.current else { return };
        let list = match comment.strip_prefix("via") {
            Some(rest) if rest.is_empty() || rest.starts_with(' ') => {
                self.listing = true;
                rest
            }
            _ if self.listing => comment,
            _ => return,
        };
        for item in list
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
        {
            match reason(item) {
                Some(reason) => self.reasons.push((id, reason)),
                // Prose: the list is over.
                None => self.listing = false,
            }
        }
    }

    /// Turns the reasons into edges, direct flags and declarations.
    pub(super) fn apply(
        self,
        context: &mut Context<'_>,
        file: &str,
        by_name: &BTreeMap<PackageName, Vec<ComponentId>>,
    ) {
        let mut pulled: BTreeSet<ComponentId> = BTreeSet::new();
        let mut owned: BTreeSet<ComponentId> = BTreeSet::new();
        let mut named: BTreeMap<String, Vec<ComponentId>> = BTreeMap::new();
        for (id, reason) in self.reasons {
            match reason {
                Reason::Component(parent) => {
                    for from in by_name.get(&parent).into_iter().flatten().take(MAX_PARENTS) {
                        // What the user's own project needs is asked for directly.
                        let own = context
                            .component(*from)
                            .is_some_and(|c| c.kind == ComponentKind::Project);
                        if own {
                            owned.insert(id);
                        }
                        pulled.insert(id);
                        context.edge(*from, id, None);
                    }
                }
                Reason::File(name) => named.entry(name).or_default().push(id),
                Reason::Constraint => {}
            }
        }
        let direct: BTreeSet<ComponentId> = named.values().flatten().copied().collect();
        for id in pulled
            .iter()
            .filter(|id| !direct.contains(id) && !owned.contains(id))
        {
            if let Some(component) = context.component_mut(*id) {
                for declaration in &mut component.declarations {
                    declaration.direct = false;
                }
            }
        }
        for (name, ids) in named {
            let source = path::join(path::parent(file), &name);
            // Tools write the path relative to where they ran, often the project's root.
            let source = if context.tree.kind(&source).is_some() {
                source
            } else {
                path::normalise(&name)
            };
            if context.tree.kind(&source).is_some()
                && context.is_allowed(&source)
                && let Some(manifest) = crate::readers::load_manifest(context, &source)
            {
                manifest::annotate(context, &source, &manifest, ids.into_iter());
            }
        }
    }
}

fn reason(item: &str) -> Option<Reason> {
    if let Some(file) = item.strip_prefix("-r ") {
        // Old pip-compile: `-r requirements.in (line 3)`.
        let file = file.split(" (line").next().unwrap_or(file).trim();
        return Some(Reason::File(file.to_owned()));
    }
    if let Some((_, file)) = item.split_once(" (") {
        // `name (pyproject.toml)`, with uv also `name (pyproject.toml:group)`.
        let file = file.strip_suffix(')')?;
        let file = file
            .split_once(".toml:")
            .map_or(file, |(stem, _)| &file[..stem.len() + 5]);
        return Some(Reason::File(file.to_owned()));
    }
    if item.starts_with("-c ") {
        return Some(Reason::Constraint);
    }
    let bare = item.split('[').next().unwrap_or(item);
    PackageName::new(bare).ok().map(Reason::Component)
}
