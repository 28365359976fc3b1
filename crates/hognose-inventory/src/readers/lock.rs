//! What the lock readers share: lines, versions, sources, groups, and the manifest beside the lock.

use std::collections::{BTreeSet, HashMap};

use hognose_types::rules::gap_unpinned;
use hognose_types::{
    Component, ComponentId, ComponentKind, ComponentVersion, Declaration, Digest, InputFormat,
    InputId, Location, Marker, PackageName, RedactedUrl, Source, text,
};

use super::manifest;
use crate::context::{Context, short_error};
use crate::document::{self, Table};
use crate::path;
use crate::source_text::LineCursor;

/// Most entries of one name that are told apart; real locks fork a name into a handful.
const MAX_FORKS: usize = 64;

/// A lock while it is read.
pub(crate) struct Lock<'c, 'a, 't> {
    pub(crate) context: &'c mut Context<'a>,
    pub(crate) path: &'t str,
    pub(crate) input: InputId,
    lines: LineCursor<'t>,
    /// Components of this lock by name, in order.
    by_name: HashMap<PackageName, Vec<ComponentId>>,
    first: usize,
}

/// Reads a TOML lock: faults of syntax become a gap, and `read` sees what could be read around them.
/// For `ignored` see [`document::parse`].
pub(crate) fn read_toml(
    context: &mut Context<'_>,
    path: &str,
    bytes: &[u8],
    format: InputFormat,
    ignored: &[&str],
    read: impl FnOnce(&mut Lock<'_, '_, '_>, &Table<'_>),
) {
    let Some(text) = context.decode(path, bytes) else {
        context.input(path, format);
        return;
    };
    let document = document::parse(&text, context.options.limits.depth, ignored);
    let mut lock = Lock::new(context, path, text.as_bytes(), format);
    if let Some(fault) = &document.fault {
        let location = lock.location(fault.at);
        lock.context.unreadable(
            location,
            format!("not valid TOML: {}", short_error(&fault.message)),
            "restore the file or lock again; what could be read around the fault was read",
        );
    }
    read(&mut lock, &document.root);
}

impl<'c, 'a, 't> Lock<'c, 'a, 't> {
    pub(crate) fn new(
        context: &'c mut Context<'a>,
        path: &'t str,
        bytes: &'t [u8],
        format: InputFormat,
    ) -> Self {
        let input = context.input(path, format);
        let first = context.component_count();
        Self {
            context,
            path,
            input,
            lines: LineCursor::new(bytes),
            by_name: HashMap::new(),
            first,
        }
    }

    pub(crate) fn location(&mut self, offset: usize) -> Location {
        Location::line(self.path, self.lines.line(offset))
    }

    /// Says that the lock's own version is not one this reader knows, and that it was read all the same.
    pub(crate) fn check_version(&mut self, found: Option<String>, offset: usize, known: &[&str]) {
        let location = self.location(offset);
        let Some(found) = found else {
            self.context.unreadable(
                location,
                "the lock does not state its format version: read as the newest known",
                "lock again with the tool that wrote it",
            );
            return;
        };
        if !known
            .iter()
            .any(|k| found == *k || found.starts_with(&format!("{k}.")))
        {
            self.context.unreadable(
                location,
                format!(
                    "lock format version {} is not known (known: {}): read as the newest known",
                    text::short(&found, 20),
                    known.join(", ")
                ),
                "update Hognose, or lock again with a version of the tool it knows",
            );
        }
    }

    /// Starts a component from the entry's name and version; a bad name becomes a gap for its line.
    pub(crate) fn component(
        &mut self,
        table: &Table<'_>,
        name_offset: usize,
        marker: Option<Marker>,
    ) -> Option<Component> {
        if !self.context.has_room(self.path) {
            return None;
        }
        let location = self.location(name_offset);
        let Some(raw) = table.str("name") else {
            self.context.unreadable(
                location,
                "an entry without name",
                "lock again; the rest of the file was read",
            );
            return None;
        };
        let name = self.context.name(raw, &location)?;
        let version = match table.get("version") {
            None => ComponentVersion::Unknown,
            Some(node) => match node.as_str() {
                Some(version) => ComponentVersion::exact(version),
                None => ComponentVersion::Unknown,
            },
        };
        let mut declaration = Declaration::new(location, false);
        declaration.marker = marker;
        Some(Component::distribution(
            self.input,
            name,
            version,
            declaration,
        ))
    }

    /// Adds a component unless its marker rules the target out.
    pub(crate) fn add(&mut self, component: Component) -> Option<ComponentId> {
        let marker = component
            .declarations
            .first()
            .and_then(|d| d.marker.as_ref());
        if !self.context.applies(marker) {
            return None;
        }
        let twin = self
            .by_name
            .get(&component.name)
            .into_iter()
            .flatten()
            .find(|id| {
                self.context.component(**id).is_some_and(|other| {
                    other.version == component.version
                        && other.source == component.source
                        && other.declarations.first().map(|d| &d.marker)
                            == component.declarations.first().map(|d| &d.marker)
                })
            });
        if twin.is_some() {
            let location = component.declarations.first().map(|d| d.location.clone());
            self.context
                .notice(location, format!("{} is listed twice", component.label()));
        }
        let name = component.name.clone();
        let id = self.context.add(component);
        let same = self.by_name.entry(name).or_default();
        if same.len() < MAX_FORKS {
            same.push(id);
        }
        Some(id)
    }

    /// Components of this lock with a name.
    pub(crate) fn named(&self, name: &PackageName) -> &[ComponentId] {
        self.by_name.get(name).map_or(&[], Vec::as_slice)
    }

    /// All components of this lock.
    pub(crate) fn ids(&self) -> impl Iterator<Item = ComponentId> + use<> {
        (self.first..self.context.component_count()).map(ComponentId)
    }

    /// Adds an edge to every component of the name that the marker does not rule out.
    pub(crate) fn edge_by_name(&mut self, from: ComponentId, raw: &str, marker: Option<&str>) {
        let Ok(name) = PackageName::new(raw) else {
            return;
        };
        let marker = marker.and_then(|m| Marker::parse(m).ok());
        if !self.context.applies(marker.as_ref()) {
            return;
        }
        for to in self.by_name.get(&name).into_iter().flatten() {
            self.context.edge(from, *to, marker.clone());
        }
    }

    /// Reads the manifest beside the lock: the project becomes the root, what it names becomes direct,
    /// with the manifest's line. What it names and the lock lacks is a gap, unless it may rightly be
    /// missing (a condition, a group or extra that was not locked).
    pub(crate) fn manifest(
        &mut self,
        file: &str,
        add_root: bool,
        relock: &'static str,
    ) -> Option<manifest::Manifest> {
        let path = path::join(path::parent(self.path), file);
        if self.context.tree.kind(&path).is_none() || !self.context.is_allowed(&path) {
            return None;
        }
        let manifest = super::load_manifest(self.context, &path)?;
        if self.context.first_visit(&path) {
            let lock = path::name(self.path);
            self.context.skip(
                &path,
                format!("{lock} pins it; read only for the lines to edit"),
            );
        }
        let ids: Vec<ComponentId> = self.ids().collect();
        let missing = manifest::annotate(self.context, &path, &manifest, ids.iter().copied());
        self.not_locked(&path, &missing, relock);
        if add_root && let Some(project) = &manifest.project {
            let root = manifest::add_project(self.context, self.input, &path, project);
            for declared in manifest.declared.iter().filter(|d| !d.build) {
                for to in self.by_name.get(&declared.name).into_iter().flatten() {
                    self.context.edge(root, *to, declared.marker.clone());
                }
            }
        }
        Some(manifest)
    }

    /// What the manifest names and the lock does not list.
    fn not_locked(&mut self, path: &str, missing: &[&manifest::Declared], relock: &'static str) {
        let mut sets = BTreeSet::new();
        let mut count = 0;
        for declared in missing {
            if declared.build {
                // Locks do not hold what builds the project: its own pin is all there is to judge.
                if matches!(declared.wanted.version(), ComponentVersion::Range(_))
                    || !self.context.applies(declared.marker.as_ref())
                    || !self.context.has_room(path)
                {
                    continue;
                }
                let component = manifest::component_of(self.input, path, declared);
                self.context.add(component);
                continue;
            }
            if is_local(&declared.wanted) {
                continue;
            }
            if !declared.groups.is_empty() || !declared.extras.is_empty() {
                sets.extend(declared.groups.iter().chain(&declared.extras));
                count += 1;
            } else if declared.marker.is_none() {
                self.context.gap(
                    gap_unpinned::ID,
                    Location::line(path, declared.line),
                    format!(
                        "{} is not in {}: the lock is out of date",
                        declared.name,
                        path::name(self.path)
                    ),
                    relock,
                );
            }
        }
        if count > 0 {
            let sets: Vec<&str> = sets.into_iter().map(String::as_str).collect();
            let message = format!(
                "{count} requirement{} of {} {} not in {}: not judged",
                if count == 1 { "" } else { "s" },
                text::short(&sets.join(", "), 100),
                if count == 1 { "is" } else { "are" },
                path::name(self.path)
            );
            self.context.notice(Some(Location::file(path)), message);
        }
    }
}

fn is_local(wanted: &manifest::Wanted) -> bool {
    matches!(wanted, manifest::Wanted::Direct(direct) if matches!(direct.source, Source::Path { .. }))
}

/// "Any of these": one marker from several; none when one of them is empty, for then there is no condition.
pub(crate) fn any_of<'m>(markers: impl Iterator<Item = &'m str>) -> Option<String> {
    let set: BTreeSet<&str> = markers.map(str::trim).collect();
    if set.is_empty() || set.contains("") {
        return None;
    }
    if set.len() == 1 {
        return set.first().map(|m| (*m).to_owned());
    }
    Some(
        set.iter()
            .map(|m| format!("({m})"))
            .collect::<Vec<_>>()
            .join(" or "),
    )
}

/// Digests under a key that holds `"sha256:…"`; wrong ones are left out, since the lock's own tool
/// refuses them and no judgement rests on them.
pub(crate) fn digest(raw: Option<&str>) -> Option<Digest> {
    raw?.parse().ok()
}

/// An index by its address.
pub(crate) fn index(url: &str) -> Source {
    Source::Index {
        url: RedactedUrl::new(url),
    }
}

/// Marks a component as the user's own project.
pub(crate) fn as_project(component: &mut Component) {
    component.kind = ComponentKind::Project;
}
