//! What all readers share: access to files, the options, and the inventory that grows.

mod settle;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use hognose_types::rules::gap_unreadable;
use hognose_types::{
    Component, ComponentId, ComponentVersion, Declaration, Digest, Edge, Gap, Input, InputFormat,
    InputId, Inventory, Location, Marker, Notice, PackageName, RequirementOptions, RuleId,
    SkippedInput, text,
};

use crate::options::Options;
use crate::path;
use crate::source_text::{self, DecodeError};
use crate::tree::{ReadError, Tree};

/// Most edges of one scan: a lock that lists one name thousands of times, and needs it as often, would
/// make their number quadratic.
const MAX_EDGES: usize = 1_000_000;

/// The state of one scan.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) tree: &'a dyn Tree,
    pub(crate) options: &'a Options,
    inventory: Inventory,
    /// Directories (canonical) outside which no file is read on the word of another file.
    roots: Vec<String>,
    /// Canonical paths of files that were read as an input, so that none counts twice.
    seen: BTreeSet<String>,
    /// Requirements without an exact version; judged at the end, when all locks are known.
    unpinned: Vec<ComponentId>,
    /// Gaps per file, to bound what one hostile file can report.
    gap_counts: BTreeMap<String, usize>,
    /// Versions that `-c` files fix.
    constraints: Vec<ConstraintScope>,
    /// Artifacts and what their metadata says they need.
    artifacts: Vec<(ComponentId, Vec<String>)>,
    /// The file at which the limit of components was met.
    full: Option<String>,
    /// Components that turned out not to count; taken out at the end, because edges name positions.
    dropped: BTreeSet<usize>,
}

/// Versions fixed by the `-c` files of one requirements file, for it and all it includes.
#[derive(Debug, Default)]
pub(crate) struct ConstraintScope {
    /// Canonical paths of the files.
    pub(crate) files: BTreeSet<String>,
    /// What is fixed.
    pub(crate) pins: Vec<Constraint>,
}

/// One line of a `-c` file that allows exactly one version.
#[derive(Debug)]
pub(crate) struct Constraint {
    pub(crate) name: PackageName,
    pub(crate) version: String,
    pub(crate) hashes: Vec<Digest>,
    pub(crate) marker: Option<Marker>,
    pub(crate) location: Location,
}

impl<'a> Context<'a> {
    pub(crate) fn new(tree: &'a dyn Tree, options: &'a Options) -> Self {
        Self {
            tree,
            options,
            inventory: Inventory::default(),
            roots: Vec::new(),
            seen: BTreeSet::new(),
            unpinned: Vec::new(),
            gap_counts: BTreeMap::new(),
            constraints: Vec::new(),
            artifacts: Vec::new(),
            full: None,
            dropped: BTreeSet::new(),
        }
    }

    /// Lets files below a directory be read when another file names them.
    pub(crate) fn allow(&mut self, directory: &str) {
        if let Some(root) = self.tree.canonical(directory) {
            self.roots.push(root);
        }
    }

    /// Lets files below the working directory be read when another file names them, unless that is the
    /// whole file system.
    pub(crate) fn allow_working_directory(&mut self) {
        if let Some(root) = self.tree.canonical(".").filter(|root| root != "/") {
            self.roots.push(root);
        }
    }

    /// True when a path, links resolved, lies in a directory the user named or in the working directory.
    ///
    /// A repository under review must not be able to pull `/etc/passwd` or a secret of the CI machine
    /// into a report, be it by `-r ../../…` or by a symbolic link.
    pub(crate) fn is_allowed(&self, path: &str) -> bool {
        self.tree
            .canonical(path)
            .is_some_and(|real| self.roots.iter().any(|root| path::is_within(&real, root)))
    }

    /// Marks a file as read; false when it already was.
    pub(crate) fn first_visit(&mut self, path: &str) -> bool {
        let key = self
            .tree
            .canonical(path)
            .unwrap_or_else(|| path::normalise(path));
        self.seen.insert(key)
    }

    /// True when a file was read before.
    pub(crate) fn is_visited(&self, path: &str) -> bool {
        let key = self
            .tree
            .canonical(path)
            .unwrap_or_else(|| path::normalise(path));
        self.seen.contains(&key)
    }

    /// Registers an input.
    pub(crate) fn input(&mut self, path: &str, format: InputFormat) -> InputId {
        self.inventory.inputs.push(Input {
            path: path.to_owned(),
            format,
        });
        InputId(self.inventory.inputs.len() - 1)
    }

    pub(crate) fn inputs(&self) -> &[Input] {
        &self.inventory.inputs
    }

    pub(crate) fn components(&self) -> &[Component] {
        &self.inventory.components
    }

    /// Reads a whole file within the limit of files; a fault becomes a gap.
    pub(crate) fn read(&mut self, path: &str) -> Option<Cow<'a, [u8]>> {
        self.read_within(path, self.options.limits.file_bytes)
    }

    /// Reads a whole file within a limit; a fault becomes a gap.
    pub(crate) fn read_within(&mut self, path: &str, limit: u64) -> Option<Cow<'a, [u8]>> {
        match self.tree.read(path, limit) {
            Ok(bytes) => Some(bytes),
            Err(error) => {
                self.read_error(path, &error);
                None
            }
        }
    }

    /// Reports a file that could not be read.
    pub(crate) fn read_error(&mut self, path: &str, error: &ReadError) {
        let hint = match error {
            ReadError::NotFound if path.contains('\u{fffd}') => {
                "its name is not Unicode: rename it, or leave it out with `--exclude`"
            }
            ReadError::NotFound => "check the path",
            ReadError::NotAFile => "name a file of a known format, or a directory",
            ReadError::TooLarge { .. } => {
                "no real file of this kind is so large; remove it, or leave it out with `--exclude`"
            }
            ReadError::TooManyEntries { .. } => {
                "name the files or subdirectories to scan, or leave some out with `--exclude`"
            }
            ReadError::Io(_) => "check the permissions of the file",
        };
        self.unreadable(
            Location::file(path),
            format!("cannot read the file: {error}"),
            hint,
        );
    }

    /// Decodes a file; a fault becomes a gap.
    pub(crate) fn decode<'b>(&mut self, path: &str, bytes: &'b [u8]) -> Option<Cow<'b, str>> {
        match source_text::decode(bytes) {
            Ok(text) => Some(text),
            Err(error) => {
                self.decode_error(path, &error);
                None
            }
        }
    }

    pub(crate) fn decode_error(&mut self, path: &str, error: &DecodeError) {
        let location = match error {
            DecodeError::Utf8 { line } => Location::line(path, *line),
            DecodeError::Utf16 => Location::file(path),
        };
        self.unreadable(location, error.to_string(), "save the file as UTF-8");
    }

    /// Adds a gap of kind "could not be read, or only in part".
    pub(crate) fn unreadable(
        &mut self,
        location: Location,
        message: impl Into<String>,
        hint: &str,
    ) {
        self.gap(gap_unreadable::ID, location, message, hint);
    }

    /// Adds a gap, or counts it when one file has too many.
    pub(crate) fn gap(
        &mut self,
        rule: RuleId,
        location: Location,
        message: impl Into<String>,
        hint: &str,
    ) {
        self.push_gap(Gap::file(rule, location, message).with_hint(hint));
    }

    fn push_gap(&mut self, gap: Gap) {
        let file = gap.location.as_ref().map_or("", |l| l.file.as_str());
        let limit = self.options.limits.gaps_per_file;
        match self.gap_counts.get_mut(file) {
            Some(count) => {
                *count += 1;
                if *count > limit {
                    return;
                }
            }
            None => {
                self.gap_counts.insert(file.to_owned(), 1);
            }
        }
        self.inventory.gaps.push(gap);
    }

    /// Adds a remark that changes no verdict.
    pub(crate) fn notice(&mut self, location: Option<Location>, message: impl Into<String>) {
        if self.inventory.notices.len() >= self.options.limits.gaps_per_file {
            return;
        }
        self.inventory.notices.push(Notice {
            location,
            message: message.into(),
        });
    }

    /// Says that something was seen and left out.
    pub(crate) fn skip(&mut self, path: &str, reason: impl Into<String>) {
        self.inventory.skipped.push(SkippedInput {
            path: path.to_owned(),
            reason: reason.into(),
        });
    }

    /// Notes versions that `-c` files fix.
    pub(crate) fn add_constraints(&mut self, scope: ConstraintScope) {
        if !scope.pins.is_empty() {
            self.constraints.push(scope);
        }
    }

    /// Notes what requirements files say of indexes.
    pub(crate) fn add_options(&mut self, options: RequirementOptions) {
        if !options.indexes.is_empty() || options.none.is_some() {
            self.inventory.options.push(options);
        }
    }

    /// Notes what an artifact needs; connected when all artifacts are known.
    pub(crate) fn add_artifact(&mut self, id: ComponentId, requires: Vec<String>) {
        self.artifacts.push((id, requires));
    }

    pub(crate) fn take_artifacts(&mut self) -> Vec<(ComponentId, Vec<String>)> {
        std::mem::take(&mut self.artifacts)
    }

    /// True while more components may be added; a reader that gets false stops.
    pub(crate) fn has_room(&mut self, path: &str) -> bool {
        let limit = self.options.limits.components;
        if self.inventory.components.len() < limit {
            return true;
        }
        if self.full.is_none() {
            self.full = Some(path.to_owned());
            self.unreadable(
                Location::file(path),
                format!("more than {limit} components: the rest was not read"),
                "scan the projects one by one",
            );
        }
        false
    }

    /// Adds a component. Its version decides whether it will be a gap: see [`Context::finish`].
    pub(crate) fn add(&mut self, component: Component) -> ComponentId {
        let id = ComponentId(self.inventory.components.len());
        if matches!(component.version, ComponentVersion::Range(_)) {
            self.unpinned.push(id);
        }
        self.inventory.components.push(component);
        id
    }

    /// Takes a component out again.
    pub(crate) fn drop_component(&mut self, id: ComponentId) {
        self.dropped.insert(id.0);
    }

    pub(crate) fn component(&self, id: ComponentId) -> Option<&Component> {
        self.inventory.component(id)
    }

    pub(crate) fn component_mut(&mut self, id: ComponentId) -> Option<&mut Component> {
        self.inventory.components.get_mut(id.0)
    }

    /// Number of components so far: readers use it to find the ones they added.
    pub(crate) fn component_count(&self) -> usize {
        self.inventory.components.len()
    }

    pub(crate) fn edge(&mut self, from: ComponentId, to: ComponentId, marker: Option<Marker>) {
        if from != to && self.inventory.edges.len() < MAX_EDGES {
            self.inventory.edges.push(Edge { from, to, marker });
        }
    }

    /// Parses a distribution name; a fault becomes a gap for the line.
    pub(crate) fn name(&mut self, raw: &str, location: &Location) -> Option<PackageName> {
        match PackageName::new(raw) {
            Ok(name) => Some(name),
            Err(error) => {
                self.unreadable(
                    location.clone(),
                    short_error(&error),
                    "correct the name; the rest of the file was read",
                );
                None
            }
        }
    }

    /// Parses a marker; a fault becomes a gap, and the entry counts as unconditional.
    pub(crate) fn marker(&mut self, raw: &str, location: &Location) -> Option<Marker> {
        if raw.trim().is_empty() {
            return None;
        }
        match Marker::parse(raw) {
            Ok(marker) => Some(marker),
            Err(error) => {
                self.unreadable(
                    location.clone(),
                    short_error(&error),
                    "correct the marker; the entry was read as if it had none",
                );
                None
            }
        }
    }

    /// False when the marker cannot hold for the target.
    pub(crate) fn applies(&self, marker: Option<&Marker>) -> bool {
        marker.is_none_or(|m| m.evaluate(&self.options.target) != Some(false))
    }
}

/// Most places kept for one component.
const MAX_DECLARATIONS: usize = 256;

/// Adds a declaration unless one for the same line is there.
pub(crate) fn add_declaration(declarations: &mut Vec<Declaration>, new: Declaration) {
    let room = declarations.len() < MAX_DECLARATIONS;
    match declarations.iter_mut().find(|d| d.location == new.location) {
        Some(old) => {
            old.direct |= new.direct;
            // Two entries on one line: together they count under either condition.
            if old.marker != new.marker {
                old.marker = None;
            }
            for group in new.groups {
                push_unique(&mut old.groups, group);
            }
            for extra in new.extras {
                push_unique(&mut old.extras, extra);
            }
        }
        None if room => declarations.push(new),
        None => {}
    }
}

/// Appends a text that is not there yet.
pub(crate) fn push_unique(list: &mut Vec<String>, text: String) {
    if !list.contains(&text) {
        list.push(text);
    }
}

/// An error's text on one safe line of bounded length: it may quote an attacker's file.
pub(crate) fn short_error(error: &dyn std::fmt::Display) -> String {
    text::short(&error.to_string(), 200)
}
