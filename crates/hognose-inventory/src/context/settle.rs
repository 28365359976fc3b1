//! What can only be known when everything was read: which requirements a lock or constraint pins,
//! and which components cannot be judged.

use std::collections::{BTreeMap, BTreeSet};

use hognose_types::rules::{gap_unmapped, gap_unpinned, gap_unreadable, gap_version};
use hognose_types::{
    Component, ComponentId, ComponentKind, ComponentVersion, Declaration, Edge, Gap, InputFormat,
    Inventory, Location, PackageName, Specifiers, text,
};

use super::{ConstraintScope, Context, add_declaration};
use crate::path;

/// Most entries of one name that are told apart in one place; hostile files list thousands.
const MAX_SAME: usize = 16;

/// What to do about conda packages that only a file names.
const SCAN_INSTALLED: &str = "scan the installed environment; libraries that are no Python distributions need another scanner";
/// What to do about installed conda packages without distribution metadata.
const OTHER_SCANNER: &str =
    "they hold no Python distribution: another scanner must judge them, or allow this gap";

impl Context<'_> {
    /// Settles what could only be known at the end and returns the inventory.
    pub(crate) fn finish(mut self) -> Inventory {
        for scope in std::mem::take(&mut self.constraints) {
            self.apply_constraints(&scope);
        }
        let dropped = std::mem::take(&mut self.dropped);
        self.unpinned.retain(|id| !dropped.contains(&id.0));
        let mut covered = self.cover_unpinned();
        for id in &self.unpinned {
            if !covered.contains(&id.0)
                && let Some(component) = self.inventory.component(*id)
            {
                let gap = unpinned_gap(component);
                self.inventory.gaps.push(gap);
            }
        }
        covered.extend(dropped);
        self.remove(&covered);
        let gaps: Vec<Gap> = self
            .inventory
            .components
            .iter()
            .filter_map(|c| version_gap(c).or_else(|| self.unmapped_gap(c)))
            .collect();
        self.inventory.gaps.extend(gaps);
        let limit = self.options.limits.gaps_per_file;
        for (file, count) in &self.gap_counts {
            if *count > limit {
                self.inventory.gaps.push(
                    Gap::file(
                        gap_unreadable::ID,
                        Location::file(file.clone()),
                        format!(
                            "{} more faults like the {limit} reported for this file",
                            count - limit
                        ),
                    )
                    .with_hint("mend those that are reported first"),
                );
            }
        }
        self.inventory
    }

    /// Gives requirements without exact version the version a `-c` file fixes.
    fn apply_constraints(&mut self, scope: &ConstraintScope) {
        let mut used: BTreeSet<usize> = BTreeSet::new();
        let mut by_name: BTreeMap<&PackageName, Vec<usize>> = BTreeMap::new();
        for (at, pin) in scope.pins.iter().enumerate() {
            let same = by_name.entry(&pin.name).or_default();
            if same.len() < MAX_SAME {
                same.push(at);
            }
        }
        let files: Vec<bool> = self
            .inventory
            .inputs
            .iter()
            .map(|input| {
                let real = self.tree.canonical(&input.path);
                scope.files.contains(real.as_ref().unwrap_or(&input.path))
            })
            .collect();
        let mut unpinned = std::mem::take(&mut self.unpinned);
        unpinned.retain(|id| {
            let Some(component) = self.inventory.components.get(id.0) else {
                return true;
            };
            let pins = by_name.get(&component.name).map_or(&[][..], Vec::as_slice);
            if pins.is_empty() || files.get(component.input.0) != Some(&true) {
                return true;
            }
            used.extend(pins);
            let variants: Vec<Component> = pins
                .iter()
                .filter_map(|at| Some(constrained(component, scope.pins.get(*at)?)))
                .collect();
            let mut variants = variants.into_iter();
            if let Some(first) = variants.next() {
                self.inventory.components[id.0] = first;
            }
            self.inventory.components.extend(variants);
            false
        });
        self.unpinned = unpinned;
        self.notice_unused(scope, &used);
    }

    /// Names that are only constrained may never be installed: not judged, and said so.
    fn notice_unused(&mut self, scope: &ConstraintScope, used: &BTreeSet<usize>) {
        let named: BTreeSet<&PackageName> = self
            .inventory
            .components
            .iter()
            .map(|component| &component.name)
            .collect();
        let mut unused: BTreeMap<&str, usize> = BTreeMap::new();
        for (at, pin) in scope.pins.iter().enumerate() {
            if !used.contains(&at) && !named.contains(&pin.name) {
                *unused.entry(&pin.location.file).or_default() += 1;
            }
        }
        let notices: Vec<(Location, String)> = unused
            .into_iter()
            .map(|(file, count)| {
                let message = format!(
                    "{count} constraint{} for names that no requirement lists: not judged; name the file to scan it",
                    if count == 1 { "" } else { "s" }
                );
                (Location::file(file), message)
            })
            .collect();
        for (location, message) in notices {
            self.notice(Some(location), message);
        }
    }

    /// Hands the declarations of requirements that a lock in the same or a higher directory pins to
    /// the pinned component, and returns the positions of what is thereby covered.
    fn cover_unpinned(&mut self) -> BTreeSet<usize> {
        if self.unpinned.is_empty() {
            return BTreeSet::new();
        }
        let mut pins: BTreeMap<(PackageName, String), Vec<usize>> = BTreeMap::new();
        for (index, component) in self.inventory.components.iter().enumerate() {
            let Some(input) = self.inventory.input(component.input) else {
                continue;
            };
            let fixes = input.format.is_lock() || input.format == InputFormat::Requirements;
            if fixes && component.version.as_str().is_some() {
                let key = (component.name.clone(), path::parent(&input.path).to_owned());
                let same = pins.entry(key).or_default();
                if same.len() < MAX_SAME {
                    same.push(index);
                }
            }
        }
        let mut covered = BTreeSet::new();
        for id in &self.unpinned {
            let Some(component) = self.inventory.component(*id) else {
                continue;
            };
            let pinned = self.nearest_pins(component, &pins);
            if pinned.is_empty() {
                continue;
            }
            covered.insert(id.0);
            let declarations = component.declarations.clone();
            for index in pinned {
                let target = &mut self.inventory.components[index];
                for declaration in declarations.iter().cloned() {
                    add_declaration(&mut target.declarations, declaration);
                }
            }
        }
        covered
    }

    /// The pins of a name in the same or the nearest higher directory that the requirement allows.
    fn nearest_pins(
        &self,
        component: &Component,
        pins: &BTreeMap<(PackageName, String), Vec<usize>>,
    ) -> Vec<usize> {
        let ComponentVersion::Range(range) = &component.version else {
            return Vec::new();
        };
        // A notation other than PEP 440 (Poetry's `^1`) is trusted to its own lock.
        let range = Specifiers::parse(range).ok();
        let allows = |index: &usize| match self.inventory.components.get(*index).map(|c| &c.version)
        {
            Some(ComponentVersion::Pinned(version)) => {
                range.as_ref().is_none_or(|r| r.contains(version))
            }
            other => other.is_some(),
        };
        let mut directory = self
            .inventory
            .input(component.input)
            .map_or(".", |input| path::parent(&input.path));
        loop {
            let key = (component.name.clone(), directory.to_owned());
            let found: Vec<usize> = pins
                .get(&key)
                .into_iter()
                .flatten()
                .copied()
                .filter(allows)
                .collect();
            let above = path::parent(directory);
            if !found.is_empty() || above == directory || directory.ends_with("..") {
                return found;
            }
            directory = above;
        }
    }

    /// A conda package that no advisory can name. One gap for each, so that a waiver can name the package.
    fn unmapped_gap(&self, component: &Component) -> Option<Gap> {
        component.conda.as_ref().filter(|conda| !conda.mapped)?;
        let installed = self
            .inventory
            .input(component.input)
            .is_some_and(|input| input.format == InputFormat::CondaMeta);
        let hint = if installed {
            OTHER_SCANNER
        } else {
            SCAN_INSTALLED
        };
        let declaration = component.declarations.first();
        Some(Gap {
            rule: gap_unmapped::ID,
            subject: text::short(&component.label(), 120),
            location: declaration.map(|d| d.location.clone()),
            message: "listed and not judged, since no Python distribution name is known for it"
                .to_owned(),
            hint: Some(hint.to_owned()),
            groups: declaration.map(|d| d.groups.clone()).unwrap_or_default(),
        })
    }

    /// Takes components out and renumbers the edges.
    fn remove(&mut self, positions: &BTreeSet<usize>) {
        if positions.is_empty() {
            return;
        }
        let mut places = Vec::with_capacity(self.inventory.components.len());
        let mut next = 0;
        for index in 0..self.inventory.components.len() {
            let stays = !positions.contains(&index);
            places.push(stays.then_some(ComponentId(next)));
            next += usize::from(stays);
        }
        let mut index = 0;
        self.inventory.components.retain(|_| {
            index += 1;
            !positions.contains(&(index - 1))
        });
        let place = |id: ComponentId| places.get(id.0).copied().flatten();
        self.inventory.edges = std::mem::take(&mut self.inventory.edges)
            .into_iter()
            .filter_map(|edge| {
                Some(Edge {
                    from: place(edge.from)?,
                    to: place(edge.to)?,
                    marker: edge.marker,
                })
            })
            .collect();
    }
}

/// The component with the version a constraint fixes, declared first where that version stands.
fn constrained(component: &Component, pin: &super::Constraint) -> Component {
    let mut out = component.clone();
    out.version = ComponentVersion::exact(&pin.version);
    out.hashes.extend(pin.hashes.iter().cloned());
    let mut declaration = Declaration::new(pin.location.clone(), false);
    declaration.marker.clone_from(&pin.marker);
    out.declarations.insert(0, declaration);
    out
}

fn unpinned_gap(component: &Component) -> Gap {
    let spec = match &component.version {
        ComponentVersion::Range(spec) => spec.as_str(),
        _ => "",
    };
    let declaration = component.declarations.first();
    Gap {
        rule: gap_unpinned::ID,
        subject: text::short(&format!("{}{spec}", component.name), 120),
        location: declaration.map(|d| d.location.clone()),
        message: "not pinned: cannot be judged".to_owned(),
        hint: Some("lock it, or pass `--resolve`".to_owned()),
        groups: declaration.map(|d| d.groups.clone()).unwrap_or_default(),
    }
}

/// A judged component must have a version. One that PEP 440 does not know is a gap only where an advisory has a
/// range that it would have to be compared with, which is found out when advisories are looked at.
fn version_gap(component: &Component) -> Option<Gap> {
    let judged = component.is_judged() && component.kind != ComponentKind::Conda;
    if !judged || component.version != ComponentVersion::Unknown {
        return None;
    }
    let message = "the version is not known: cannot be judged".to_owned();
    let hint = "pin a released version, or scan the environment it is installed in";
    let declaration = component.declarations.first();
    Some(Gap {
        rule: gap_version::ID,
        subject: component.name.to_string(),
        location: declaration.map(|d| d.location.clone()),
        message,
        hint: Some(hint.to_owned()),
        groups: declaration.map(|d| d.groups.clone()).unwrap_or_default(),
    })
}
