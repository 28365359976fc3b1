//! What every manifest reader produces: the project's own name and what it asks for, with lines.
//!
//! A manifest alone becomes components (mostly without exact version). Beside a lock it only tells
//! which locked components the project names itself, and on which line.

use std::collections::BTreeMap;

use hognose_types::{
    Component, ComponentId, ComponentKind, ComponentVersion, Declaration, InputFormat, InputId,
    Location, Marker, PackageName, Requirement, RequirementSource, Source, Specifiers, text,
};

use crate::context::{Context, add_declaration, short_error};
use crate::direct::{self, Direct};
use crate::path;

/// Most faults kept of one manifest; the report counts what is beyond its own limit.
const MAX_FAULTS: usize = 10_000;

/// A manifest, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Manifest {
    /// The project the manifest describes.
    pub(crate) project: Option<Project>,
    /// What it asks for, in order.
    pub(crate) declared: Vec<Declared>,
    /// What could not be read.
    pub(crate) faults: Vec<Fault>,
    /// Requirements files that a build backend reads dependencies from.
    pub(crate) includes: Vec<Include>,
    /// Line that says the dependencies are computed at build time.
    pub(crate) dynamic: Option<u32>,
}

/// A requirements file whose lines are dependencies of the project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Include {
    pub(crate) line: u32,
    pub(crate) path: String,
    /// The extra it belongs to; empty for the main set.
    pub(crate) extra: String,
}

/// A project's own identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Project {
    pub(crate) name: PackageName,
    pub(crate) version: Option<String>,
    pub(crate) line: u32,
}

/// One thing asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Declared {
    pub(crate) name: PackageName,
    pub(crate) wanted: Wanted,
    pub(crate) line: u32,
    pub(crate) groups: Vec<String>,
    pub(crate) extras: Vec<String>,
    pub(crate) marker: Option<Marker>,
    /// Needed to build the project, not to run it: no gap when it is not pinned.
    pub(crate) build: bool,
}

/// How it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Versions from an index: the text, and the version if exactly one is allowed.
    Versions {
        text: String,
        pin: Option<String>,
        source: Source,
    },
    /// A link, checkout or path.
    Direct(Direct),
}

/// One fault of a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) line: Option<u32>,
    pub(crate) message: String,
    pub(crate) hint: &'static str,
}

/// Where in the manifest an entry stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) groups: Vec<String>,
    pub(crate) extras: Vec<String>,
    pub(crate) build: bool,
}

impl Place {
    pub(crate) fn group(name: &str) -> Self {
        Self {
            groups: vec![name.to_owned()],
            ..Self::default()
        }
    }

    pub(crate) fn extra(name: &str) -> Self {
        Self {
            extras: vec![name.to_owned()],
            ..Self::default()
        }
    }

    pub(crate) fn build() -> Self {
        Self {
            groups: vec!["build-system".to_owned()],
            build: true,
            ..Self::default()
        }
    }
}

impl Wanted {
    pub(crate) fn of(requirement: &Requirement) -> Self {
        match &requirement.source {
            RequirementSource::Specifiers(specifiers) => Self::Versions {
                text: specifiers.to_string(),
                pin: specifiers.pinned().map(str::to_owned),
                source: Source::Default,
            },
            RequirementSource::Url(url) => Self::Direct(direct::parse_url(url.expose())),
        }
    }

    pub(crate) fn version(&self) -> ComponentVersion {
        match self {
            Self::Versions { pin: Some(pin), .. } => ComponentVersion::exact(pin),
            Self::Versions { text, .. } => ComponentVersion::Range(text.clone()),
            Self::Direct(direct) => direct.component_version(),
        }
    }

    /// True when a version may be what this asks for.
    fn allows(&self, version: &ComponentVersion) -> bool {
        match (self, version) {
            (Self::Versions { text, .. }, ComponentVersion::Pinned(version)) => {
                Specifiers::parse(text).is_ok_and(|specifiers| specifiers.contains(version))
            }
            _ => true,
        }
    }

    fn source(&self) -> Source {
        match self {
            Self::Versions { source, .. } => source.clone(),
            Self::Direct(direct) => direct.source.clone(),
        }
    }
}

impl Manifest {
    pub(crate) fn fault(
        &mut self,
        line: Option<u32>,
        message: impl Into<String>,
        hint: &'static str,
    ) {
        if self.faults.len() >= MAX_FAULTS {
            return;
        }
        self.faults.push(Fault {
            line,
            message: message.into(),
            hint,
        });
    }

    /// Adds a PEP 508 requirement; a bad one becomes a fault of its line.
    pub(crate) fn requirement(&mut self, raw: &str, line: u32, place: &Place) {
        match Requirement::parse(raw) {
            Ok(requirement) => {
                let wanted = Wanted::of(&requirement);
                self.declared.push(Declared {
                    name: requirement.name,
                    wanted,
                    line,
                    groups: place.groups.clone(),
                    extras: place.extras.clone(),
                    marker: requirement.marker,
                    build: place.build,
                });
            }
            Err(error) => self.fault(
                Some(line),
                short_error(&error),
                "write it as `name>=1.0 ; marker`; the rest of the file was read",
            ),
        }
    }

    /// Reports the faults as gaps.
    pub(crate) fn report_faults(&self, context: &mut Context<'_>, path: &str) {
        for fault in &self.faults {
            let location = Location {
                file: path.to_owned(),
                line: fault.line,
            };
            context.unreadable(location, fault.message.clone(), fault.hint);
        }
    }
}

/// Turns a manifest into components: the project as root, and an edge to everything it names.
pub(crate) fn emit(
    context: &mut Context<'_>,
    path: &str,
    format: InputFormat,
    manifest: &Manifest,
) {
    let input = context.input(path, format);
    manifest.report_faults(context, path);
    follow(context, path, manifest);
    let root = manifest
        .project
        .as_ref()
        .map(|p| add_project(context, input, path, p));
    let mut quiet = 0;
    for declared in &manifest.declared {
        if !context.has_room(path) {
            break;
        }
        if !context.applies(declared.marker.as_ref()) {
            continue;
        }
        let component = component_of(input, path, declared);
        if declared.build && matches!(component.version, ComponentVersion::Range(_)) {
            quiet += 1;
            continue;
        }
        let id = context.add(component);
        if let Some(root) = root {
            context.edge(root, id, declared.marker.clone());
        }
    }
    if quiet > 0 {
        context.notice(
            Some(Location::file(path)),
            format!(
                "{quiet} build requirement{} without exact version not judged",
                if quiet == 1 { "" } else { "s" }
            ),
        );
    }
}

/// Reads the requirements files that hold the project's dependencies; says so when they are computed
/// by code that is never run.
fn follow(context: &mut Context<'_>, path: &str, manifest: &Manifest) {
    let directory = path::parent(path);
    for include in &manifest.includes {
        let target = path::join(directory, &include.path);
        if context.tree.kind(&target).is_some() && context.is_allowed(&target) {
            super::read_file(context, &target, InputFormat::Requirements);
        } else {
            context.unreadable(
                Location::line(path, include.line),
                format!(
                    "{} does not exist or lies outside the scanned directories",
                    text::short(&include.path, 100)
                ),
                "correct the path",
            );
        }
    }
    let Some(line) = manifest.dynamic else { return };
    let elsewhere = ["setup.py", "setup.cfg"]
        .iter()
        .any(|file| context.tree.kind(&path::join(directory, file)).is_some());
    if manifest.includes.is_empty() && !elsewhere {
        context.unreadable(
            Location::line(path, line),
            "the dependencies are computed when the project is built",
            "lock the project, or scan the environment it is installed in",
        );
    }
}

/// Adds the project's own component.
pub(crate) fn add_project(
    context: &mut Context<'_>,
    input: InputId,
    path: &str,
    project: &Project,
) -> ComponentId {
    let version = project
        .version
        .as_deref()
        .map_or(ComponentVersion::Unknown, ComponentVersion::exact);
    let declaration = Declaration::new(Location::line(path, project.line), true);
    let mut component = Component::distribution(input, project.name.clone(), version, declaration);
    component.kind = ComponentKind::Project;
    context.add(component)
}

pub(crate) fn component_of(input: InputId, path: &str, declared: &Declared) -> Component {
    let mut component = Component::distribution(
        input,
        declared.name.clone(),
        declared.wanted.version(),
        declaration_of(path, declared),
    );
    component.source = declared.wanted.source();
    if let Source::Path { .. } = component.source
        && component.version == ComponentVersion::Unknown
    {
        // A directory of the user's own: listed, and a root of paths, but no release to judge.
        component.kind = ComponentKind::Project;
    }
    if let Wanted::Direct(Direct {
        hash: Some(hash), ..
    }) = &declared.wanted
    {
        component.hashes.push(hash.clone());
    }
    component
}

fn declaration_of(path: &str, declared: &Declared) -> Declaration {
    Declaration {
        location: Location::line(path, declared.line),
        direct: true,
        groups: declared.groups.clone(),
        extras: declared.extras.clone(),
        marker: declared.marker.clone(),
    }
}

/// Marks the components of a lock that the manifest names, and gives each the manifest's line.
/// Returns what the manifest names and the lock does not list.
pub(crate) fn annotate<'m>(
    context: &mut Context<'_>,
    path: &str,
    manifest: &'m Manifest,
    components: impl Iterator<Item = ComponentId>,
) -> Vec<&'m Declared> {
    let mut by_name: BTreeMap<PackageName, Vec<ComponentId>> = BTreeMap::new();
    for id in components {
        if let Some(component) = context.component(id) {
            by_name.entry(component.name.clone()).or_default().push(id);
        }
    }
    let mut missing = Vec::new();
    for declared in &manifest.declared {
        // What builds the project is resolved apart from what the lock holds.
        let ids = by_name.get(&declared.name).filter(|_| !declared.build);
        let Some(ids) = ids else {
            missing.push(declared);
            continue;
        };
        // A lock that forks lists several versions: each belongs to the entries that allow it.
        let allowed: Vec<ComponentId> = ids
            .iter()
            .copied()
            .filter(|id| {
                context
                    .component(*id)
                    .is_some_and(|c| declared.wanted.allows(&c.version))
            })
            .collect();
        let chosen = if allowed.is_empty() { ids } else { &allowed };
        for id in chosen {
            if let Some(component) = context.component_mut(*id) {
                add_declaration(&mut component.declarations, declaration_of(path, declared));
            }
        }
    }
    missing
}
