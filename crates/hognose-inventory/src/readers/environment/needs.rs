//! Which installed distribution needs which.

use std::collections::{BTreeSet, HashMap};

use hognose_types::{Component, ComponentId, Marker};

use crate::context::Context;

/// The distributions of one environment and what each says it needs.
#[derive(Debug, Default)]
pub(super) struct Installed {
    by_name: HashMap<String, ComponentId>,
    requires: Vec<(ComponentId, Vec<String>)>,
}

impl Installed {
    pub(super) fn add(
        &mut self,
        context: &mut Context<'_>,
        component: Component,
        requires: Vec<String>,
    ) {
        let name = component.name.to_string();
        let label = component.label();
        let location = component.declarations.first().map(|d| d.location.clone());
        let id = context.add(component);
        if let Some(other) = self.by_name.insert(name, id) {
            let other = context
                .component(other)
                .map(Component::label)
                .unwrap_or_default();
            // The same version in two directories: whichever is imported was judged.
            if other != label {
                context.notice(
                    location,
                    format!("{label} is installed beside {other}: Python imports only one of them"),
                );
            }
        }
        self.requires.push((id, requires));
    }

    /// Adds an artifact: several versions of one distribution may lie in a directory.
    pub(super) fn add_artifact(
        &mut self,
        context: &Context<'_>,
        id: ComponentId,
        requires: Vec<String>,
    ) {
        if let Some(component) = context.component(id) {
            self.by_name.entry(component.name.to_string()).or_insert(id);
            self.requires.push((id, requires));
        }
    }

    /// How many distributions are needed whatever the extras, and not there.
    pub(super) fn missing(&self) -> usize {
        let mut names: BTreeSet<String> = BTreeSet::new();
        let mut key = String::new();
        for text in self.requires.iter().flat_map(|(_, requires)| requires) {
            let optional = text
                .split_once(';')
                .is_some_and(|(_, marker)| marker.contains("extra"));
            if !optional && self.target(text, &mut key).is_none() {
                names.insert(key.clone());
            }
        }
        names.len()
    }

    /// Adds the edges. Which extras were asked for is not recorded: what is needed only for an extra
    /// counts when nothing else needs it.
    pub(super) fn connect(self, context: &mut Context<'_>) {
        let mut needed: BTreeSet<ComponentId> = BTreeSet::new();
        let mut optional = Vec::new();
        let mut key = String::new();
        for (from, requires) in &self.requires {
            for text in requires {
                let Some((to, marker)) = self.target(text, &mut key) else {
                    continue;
                };
                match marker {
                    Some(marker) if memchr::memmem::find(marker.as_bytes(), b"extra").is_some() => {
                        optional.push((*from, to, marker));
                    }
                    _ => {
                        needed.insert(to);
                        edge(context, *from, to, marker);
                    }
                }
            }
        }
        for (from, to, marker) in optional {
            let asked_for = context
                .component(to)
                .is_some_and(|c| c.declarations.iter().any(|d| d.direct));
            if !asked_for && needed.insert(to) {
                edge(context, from, to, Some(marker));
            }
        }
        self.roots(context, &needed);
    }

    /// When no installer left its marks, what nothing else needs is taken as asked for.
    fn roots(&self, context: &mut Context<'_>, needed: &BTreeSet<ComponentId>) {
        let marked = self.requires.iter().any(|(id, _)| {
            context
                .component(*id)
                .is_some_and(|c| c.declarations.iter().any(|d| d.direct))
        });
        if marked {
            return;
        }
        for (id, _) in &self.requires {
            if !needed.contains(id)
                && let Some(declaration) = context
                    .component_mut(*id)
                    .and_then(|c| c.declarations.first_mut())
            {
                declaration.direct = true;
            }
        }
    }

    /// The installed distribution that a `Requires-Dist` names, and its marker. Most requirements of a
    /// large environment belong to extras nobody asked for, so nothing is parsed before the look-up.
    fn target<'t>(
        &self,
        text: &'t str,
        key: &mut String,
    ) -> Option<(ComponentId, Option<&'t str>)> {
        key.clear();
        let mut in_run = false;
        let mut end = 0;
        for byte in text.bytes() {
            match byte {
                b'-' | b'_' | b'.' => {
                    if !in_run {
                        key.push('-');
                    }
                    in_run = true;
                }
                byte if byte.is_ascii_alphanumeric() => {
                    in_run = false;
                    key.push(byte.to_ascii_lowercase() as char);
                }
                _ => break,
            }
            end += 1;
        }
        let to = *self.by_name.get(key.as_str())?;
        Some((
            to,
            text[end..].split_once(';').map(|(_, marker)| marker.trim()),
        ))
    }
}

fn edge(context: &mut Context<'_>, from: ComponentId, to: ComponentId, marker: Option<&str>) {
    let marker = marker.and_then(|m| Marker::parse(m).ok());
    if context.applies(marker.as_ref()) {
        context.edge(from, to, marker);
    }
}
