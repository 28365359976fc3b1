//! SBOM documents: what CycloneDX and SPDX share.
//!
//! A component is judged when its package URL says that it is a Python distribution. Other ecosystems
//! are kept and counted; a library without a package URL cannot be identified and is a gap.

pub(crate) mod cyclonedx;
mod purl;
pub(crate) mod spdx;
mod tag_value;

use std::collections::{BTreeMap, HashMap};

use hognose_types::{
    Component, ComponentId, ComponentKind, ComponentVersion, Declaration, Digest, ForeignIdentity,
    InputFormat, InputId, Location, PackageName, text,
};

use super::conda;
use crate::context::{Context, add_declaration, short_error};

const REMAKE: &str = "make the SBOM again; the rest of the file was read";
/// Longest name kept for a foreign component.
const MAX_NAME: usize = 500;
/// Names shown in the gap about components without package URL.
const NAMES_SHOWN: usize = 8;

/// One entry of a document.
#[derive(Debug, Default)]
struct Item {
    /// Its id in the document; empty when it has none.
    reference: String,
    name: String,
    version: Option<String>,
    /// Requirement, when the document says that several versions would do.
    requirement: Option<String>,
    /// When it counts, where the document says so.
    marker: Option<String>,
    purl: Option<String>,
    hashes: Vec<Digest>,
    license: Option<String>,
    line: u32,
    /// A program or library, rather than a file, device or data set.
    is_software: bool,
    /// What the document is about.
    is_root: bool,
}

/// A document while it is read.
struct Sbom<'c, 'a, 'p> {
    context: &'c mut Context<'a>,
    path: &'p str,
    input: InputId,
    by_reference: HashMap<String, ComponentId>,
    by_identity: HashMap<(PackageName, Option<String>), ComponentId>,
    root: Option<ComponentId>,
    edges: Vec<(String, String)>,
    /// Foreign components by ecosystem.
    foreign: BTreeMap<String, usize>,
    unidentified: Vec<String>,
}

impl<'c, 'a, 'p> Sbom<'c, 'a, 'p> {
    fn new(context: &'c mut Context<'a>, path: &'p str, format: InputFormat) -> Self {
        let input = context.input(path, format);
        Self {
            context,
            path,
            input,
            by_reference: HashMap::new(),
            by_identity: HashMap::new(),
            root: None,
            edges: Vec::new(),
            foreign: BTreeMap::new(),
            unidentified: Vec::new(),
        }
    }

    fn fault(&mut self, line: u32, message: impl Into<String>, hint: &str) {
        self.context
            .unreadable(Location::line(self.path, line), message, hint);
    }

    /// A part of the document that could not be read, by its own line: the error only knows lines
    /// within the part.
    fn unreadable(&mut self, line: u32, what: &str, error: &serde_json::Error) {
        let error = short_error(error);
        let reason = error.split(" at line ").next().unwrap_or(&error);
        self.fault(line, format!("cannot read {what}: {reason}"), REMAKE);
    }

    fn add(&mut self, item: Item) {
        let reference = item.reference.clone();
        let Some(component) = self.component(item) else {
            return;
        };
        let is_root = component.kind == ComponentKind::Project;
        let key = (
            component.name.clone(),
            component.version.as_str().map(str::to_owned),
        );
        let judged = component.is_judged() && component.version.as_str().is_some();
        let known = self.by_identity.get(&key).copied().filter(|_| judged);
        let id = if let Some(known) = known {
            // Listed twice (vendored, or in two groups): one component with two places.
            if let Some(existing) = self.context.component_mut(known) {
                for declaration in component.declarations {
                    add_declaration(&mut existing.declarations, declaration);
                }
            }
            known
        } else {
            let id = self.context.add(component);
            if judged {
                self.by_identity.insert(key, id);
            }
            id
        };
        if is_root {
            self.root = Some(id);
        }
        if !reference.is_empty() {
            self.by_reference.entry(reference).or_insert(id);
        }
    }

    fn component(&mut self, item: Item) -> Option<Component> {
        let location = Location::line(self.path, item.line);
        let parts = item.purl.as_deref().and_then(purl::parse);
        let stated = parts
            .as_ref()
            .and_then(|p| p.version.clone())
            .or_else(|| item.version.clone());
        let version = match (&item.requirement, stated) {
            (Some(requirement), None) => ComponentVersion::Range(requirement.clone()),
            (_, stated) => ComponentVersion::exact(&stated.unwrap_or_default()),
        };
        let mut declaration = Declaration::new(location.clone(), false);
        declaration.marker = item
            .marker
            .as_deref()
            .and_then(|raw| self.context.marker(raw, &location));
        if !self.context.applies(declaration.marker.as_ref()) {
            return None;
        }
        let kind = parts.as_ref().map_or("", |p| p.kind.as_str());
        let mut component = match (&parts, kind) {
            (Some(parts), "pypi") => {
                // A document about a published distribution: that one is judged too.
                declaration.direct = item.is_root;
                let name = self.context.name(&parts.name, &declaration.location)?;
                Component::distribution(self.input, name, version, declaration)
            }
            _ if item.is_root => {
                let mut root = Component::distribution(
                    self.input,
                    approximate(&item.name)?,
                    version,
                    declaration,
                );
                root.kind = ComponentKind::Project;
                root
            }
            (Some(parts), "conda") => self.conda(parts, version, declaration)?,
            _ => self.foreign(&item, kind, version, declaration)?,
        };
        component.hashes = item.hashes;
        component.license = item.license;
        Some(component)
    }

    fn conda(
        &mut self,
        parts: &purl::Parts<'_>,
        version: ComponentVersion,
        declaration: Declaration,
    ) -> Option<Component> {
        let mut identity = conda::identity(&parts.name);
        let qualifier = |key: &str| parts.qualifiers.get(key).cloned();
        identity.channel = qualifier("channel");
        identity.build = qualifier("build");
        identity.subdir = qualifier("subdir");
        conda::component(self.context, self.input, identity, version, declaration)
    }

    fn foreign(
        &mut self,
        item: &Item,
        kind: &str,
        version: ComponentVersion,
        declaration: Declaration,
    ) -> Option<Component> {
        if !kind.is_empty() {
            *self.foreign.entry(text::short(kind, 30)).or_default() += 1;
        } else if item.is_software {
            self.unidentified.push(item.name.clone());
        }
        let name = approximate(&item.name)?;
        let mut component = Component::distribution(self.input, name, version, declaration);
        component.kind = ComponentKind::Foreign;
        component.foreign = Some(ForeignIdentity {
            name: item.name.chars().take(MAX_NAME).collect(),
            purl: item.purl.clone(),
        });
        Some(component)
    }

    /// `from` needs `to`, by their ids in the document.
    fn edge(&mut self, from: &str, to: &str) {
        self.edges.push((from.to_owned(), to.to_owned()));
    }

    fn finish(mut self) {
        for (from, to) in std::mem::take(&mut self.edges) {
            let (Some(&from), Some(&to)) =
                (self.by_reference.get(&from), self.by_reference.get(&to))
            else {
                continue;
            };
            self.context.edge(from, to, None);
            if Some(from) == self.root
                && let Some(component) = self.context.component_mut(to)
            {
                for declaration in &mut component.declarations {
                    declaration.direct = true;
                }
            }
        }
        self.say_what_is_not_judged();
    }

    fn say_what_is_not_judged(&mut self) {
        let location = Location::file(self.path);
        if !self.unidentified.is_empty() {
            let shown: Vec<String> = self
                .unidentified
                .iter()
                .take(NAMES_SHOWN)
                .map(|n| text::short(n, 60))
                .collect();
            let more = self.unidentified.len().saturating_sub(NAMES_SHOWN);
            let more = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            self.context.unreadable(
                location.clone(),
                format!(
                    "components without package URL cannot be judged: {}{more}",
                    shown.join(", ")
                ),
                "make the SBOM with a tool that writes package URLs, or scan the project itself",
            );
        }
        if !self.foreign.is_empty() {
            let kinds: Vec<String> = self
                .foreign
                .iter()
                .map(|(kind, count)| format!("{kind} {count}"))
                .collect();
            let message = format!(
                "components of other ecosystems are listed and not judged: {}",
                kinds.join(", ")
            );
            self.context.notice(Some(location), message);
        }
    }
}

/// The nearest distribution name, for sorting and look-ups; other ecosystems allow more characters.
fn approximate(raw: &str) -> Option<PackageName> {
    let legal = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let name: String = raw.chars().take(200).map(legal).collect();
    let name = name.trim_matches('-');
    PackageName::new(if name.is_empty() { "unnamed" } else { name }).ok()
}

/// A digest by the name of its algorithm in either format (`SHA-256`, `SHA256`, `BLAKE2b-256`).
fn digest(algorithm: &str, hex: &str) -> Option<Digest> {
    let name = algorithm.to_ascii_lowercase();
    let name = match name.as_str() {
        "blake2b-256" => "blake2b_256",
        _ => &name.replace('-', ""),
    };
    format!("{name}:{hex}").parse().ok()
}
