//! `uv.lock`: one universal resolution for all platforms, with forks, groups and workspace members.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use hognose_types::{
    ComponentId, ComponentKind, ComponentVersion, InputFormat, Marker, PackageName, RedactedUrl,
    Source, Target,
};

use super::lock::{self, Lock};
use crate::context::{Context, push_unique};
use crate::document::{Node, Table};

/// Groups and extras told apart when looking for what brings a component in; beyond this many the
/// component counts as part of the main set.
const MAX_SETS: usize = 256;

/// Most forks of one package that one dependency stands for.
const MAX_TARGETS: usize = 16;

/// Reads a lock.
pub(crate) fn read(context: &mut Context<'_>, path: &str, bytes: &[u8]) {
    lock::read_toml(
        context,
        path,
        bytes,
        InputFormat::UvLock,
        &["url", "size", "upload-time"],
        |lock, root| {
            check_version(lock, root);
            let mut reader = Reader::default();
            for table in root.tables("package") {
                reader.package(lock, table);
            }
            reader.request_extras(lock);
            reader.edges(lock);
            reader.narrow(lock);
            reader.spread(lock);
            reader.conditions(lock);
            if let Some(script) = path
                .strip_suffix(".lock")
                .filter(|script| script.ends_with(".py"))
            {
                lock.manifest(crate::path::name(script), false, "run `uv lock --script`");
            } else {
                if reader.members.is_empty() {
                    reader.members.push(".".to_owned());
                }
                for member in reader.members.clone() {
                    let file = crate::path::join(&member, "pyproject.toml");
                    lock.manifest(&file, false, "run `uv lock`");
                }
            }
        },
    );
}

fn check_version(lock: &mut Lock<'_, '_, '_>, root: &Table<'_>) {
    let entry = root.entry("version");
    let version = entry.and_then(|e| match e.node.value {
        crate::document::Value::Integer(version) => Some(version.to_string()),
        _ => None,
    });
    lock.check_version(version, entry.map_or(0, |e| e.at as usize), &["1"]);
}

/// One edge before it is known whether it counts.
struct Need {
    from: ComponentId,
    to: Vec<ComponentId>,
    marker: Option<Marker>,
    /// Which set of `from` asks: its main set, an extra of it, or a dependency group of it.
    set: Set,
    /// Extras asked of the target.
    extras: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Set {
    Main,
    Extra(String),
    Group(String),
}

#[derive(Default)]
struct Reader<'t> {
    packages: Vec<(ComponentId, &'t Table<'t>)>,
    /// Extras that some component asks of another.
    requested: HashMap<ComponentId, BTreeSet<String>>,
    needs: Vec<Need>,
    roots: BTreeSet<ComponentId>,
    /// Directories of the workspace members.
    members: Vec<String>,
}

impl<'t> Reader<'t> {
    fn package(&mut self, lock: &mut Lock<'_, '_, '_>, table: &'t Table<'t>) {
        let at = table
            .entry("name")
            .map_or(table.offset(), |e| e.at as usize);
        let marker = lock::any_of(
            table
                .items("resolution-markers")
                .iter()
                .filter_map(Node::as_str),
        );
        let location = marker.is_some().then(|| lock.location(at));
        let marker = match (marker, location) {
            (Some(marker), Some(location)) => lock.context.marker(&marker, &location),
            _ => None,
        };
        let Some(mut component) = lock.component(table, at, marker) else {
            return;
        };
        let mut member = None;
        if let Some(source) = table.table("source") {
            component.source = source_of(source);
            if let Source::Path { path, .. } = &component.source
                && ["editable", "virtual", "directory"]
                    .iter()
                    .any(|k| source.get(k).is_some())
            {
                member = source.get("directory").is_none().then(|| path.clone());
                lock::as_project(&mut component);
            }
        }
        let files = table.items("wheels").iter().filter_map(Node::as_table);
        component.hashes = files
            .chain(table.table("sdist"))
            .filter_map(|file| lock::digest(file.str("hash")))
            .collect();
        if let Some(id) = lock.add(component) {
            self.packages.push((id, table));
            if let Some(member) = member {
                self.roots.insert(id);
                self.members.push(member);
            }
        }
    }

    /// Collects the needs of every package, and which extras are asked of which package.
    fn request_extras(&mut self, lock: &mut Lock<'_, '_, '_>) {
        for (id, table) in std::mem::take(&mut self.packages) {
            self.list(lock, id, table.items("dependencies"), &Set::Main);
            for (key, set) in [
                ("optional-dependencies", Set::Extra as fn(String) -> Set),
                ("dev-dependencies", Set::Group as fn(String) -> Set),
            ] {
                let Some(sets) = table.table(key) else {
                    continue;
                };
                for entry in &sets.entries {
                    self.list(lock, id, entry.node.items(), &set(entry.key.to_string()));
                }
            }
        }
    }

    fn list(
        &mut self,
        lock: &mut Lock<'_, '_, '_>,
        from: ComponentId,
        items: &[Node<'_>],
        set: &Set,
    ) {
        for item in items.iter().filter_map(Node::as_table) {
            let Some(name) = item.str("name").and_then(|n| PackageName::new(n).ok()) else {
                continue;
            };
            let marker = item.str("marker").and_then(|m| Marker::parse(m).ok());
            if !lock.context.applies(marker.as_ref()) {
                continue;
            }
            let to = targets(lock, &name, item);
            let extras: Vec<String> = item
                .items("extra")
                .iter()
                .filter_map(Node::as_str)
                .map(str::to_owned)
                .collect();
            for to in &to {
                if !extras.is_empty() {
                    self.requested
                        .entry(*to)
                        .or_default()
                        .extend(extras.iter().cloned());
                }
            }
            self.needs.push(Need {
                from,
                to,
                marker,
                set: set.clone(),
                extras,
            });
        }
    }

    /// An extra of a dependency counts only when something asks for it; the sets of the user's own
    /// projects always count.
    fn counts(&self, need: &Need) -> bool {
        match &need.set {
            Set::Main => true,
            Set::Group(_) => self.roots.contains(&need.from),
            Set::Extra(extra) => {
                self.roots.contains(&need.from)
                    || self
                        .requested
                        .get(&need.from)
                        .is_some_and(|set| set.contains(extra))
            }
        }
    }

    fn edges(&mut self, lock: &mut Lock<'_, '_, '_>) {
        let needs = std::mem::take(&mut self.needs);
        // The same need may stand in several groups.
        let mut seen: BTreeSet<(ComponentId, ComponentId, &str)> = BTreeSet::new();
        for need in needs.iter().filter(|need| self.counts(need)) {
            for to in &need.to {
                let marker = need.marker.as_ref().map_or("", Marker::as_str);
                if seen.insert((need.from, *to, marker)) {
                    lock.context.edge(need.from, *to, need.marker.clone());
                }
            }
        }
        self.needs = needs.into_iter().filter(|need| self.counts(need)).collect();
    }

    /// Drops what no project needs on the target. Without a target everything may be needed.
    fn narrow(&self, lock: &mut Lock<'_, '_, '_>) {
        if self.roots.is_empty() || lock.context.options.target == Target::default() {
            return;
        }
        let mut children: HashMap<ComponentId, Vec<ComponentId>> = HashMap::new();
        for need in &self.needs {
            children.entry(need.from).or_default().extend(&need.to);
        }
        let needed = reach(self.roots.iter().copied(), &children, &BTreeSet::new());
        for id in lock.ids() {
            if !needed.contains(&id) {
                lock.context.drop_component(id);
            }
        }
    }

    /// Says for every component which groups and extras of the projects bring it in; none when the
    /// main set does.
    fn spread(&mut self, lock: &mut Lock<'_, '_, '_>) {
        let mut sets: BTreeMap<&Set, Vec<ComponentId>> = BTreeMap::new();
        let mut children: HashMap<ComponentId, Vec<ComponentId>> = HashMap::new();
        for need in &self.needs {
            if self.roots.contains(&need.from) {
                sets.entry(&need.set).or_default().extend(&need.to);
            }
            // What a project needs only in a group is not needed by those that need the project.
            if need.set == Set::Main || !self.roots.contains(&need.from) || !need.extras.is_empty()
            {
                children.entry(need.from).or_default().extend(&need.to);
            }
        }
        let main = sets.remove(&Set::Main).unwrap_or_default();
        let in_main = reach(main.into_iter(), &children, &BTreeSet::new());
        for (set, seeds) in sets.into_iter().take(MAX_SETS) {
            for id in reach(seeds.into_iter(), &children, &in_main) {
                let Some(declaration) = lock
                    .context
                    .component_mut(id)
                    .and_then(|c| c.declarations.first_mut())
                else {
                    continue;
                };
                match set {
                    Set::Group(name) => push_unique(&mut declaration.groups, name.clone()),
                    Set::Extra(name) => push_unique(&mut declaration.extras, name.clone()),
                    Set::Main => {}
                }
            }
        }
    }

    /// A component that is needed only under conditions is itself conditional.
    fn conditions(&self, lock: &mut Lock<'_, '_, '_>) {
        let mut markers: BTreeMap<ComponentId, Vec<&str>> = BTreeMap::new();
        for need in &self.needs {
            for to in &need.to {
                markers
                    .entry(*to)
                    .or_default()
                    .push(need.marker.as_ref().map_or("", Marker::as_str));
            }
        }
        for (id, markers) in markers {
            let condition = lock::any_of(markers.into_iter()).and_then(|m| Marker::parse(&m).ok());
            if let Some(declaration) = lock
                .context
                .component_mut(id)
                .and_then(|c| c.declarations.first_mut())
                && declaration.marker.is_none()
            {
                declaration.marker = condition;
            }
        }
    }
}

/// Everything reachable from the seeds without passing through `stop`.
fn reach(
    seeds: impl Iterator<Item = ComponentId>,
    children: &HashMap<ComponentId, Vec<ComponentId>>,
    stop: &BTreeSet<ComponentId>,
) -> BTreeSet<ComponentId> {
    let mut seen: BTreeSet<ComponentId> = BTreeSet::new();
    let mut queue: VecDeque<ComponentId> = seeds.collect();
    while let Some(id) = queue.pop_front() {
        if stop.contains(&id) || !seen.insert(id) {
            continue;
        }
        queue.extend(children.get(&id).into_iter().flatten());
    }
    seen
}

/// The package a dependency names: by name, and by version and source where the lock forks.
fn targets(lock: &Lock<'_, '_, '_>, name: &PackageName, item: &Table<'_>) -> Vec<ComponentId> {
    let all = lock.named(name);
    if all.len() < 2 {
        return all.to_vec();
    }
    let version = item.str("version").map(ComponentVersion::exact);
    let source = item.table("source").map(source_of);
    let fits = |id: &&ComponentId| {
        lock.context.component(**id).is_some_and(|c| {
            version.as_ref().is_none_or(|v| c.version == *v)
                && source
                    .as_ref()
                    .is_none_or(|s| c.source == *s || c.kind == ComponentKind::Project)
        })
    };
    all.iter().filter(fits).copied().take(MAX_TARGETS).collect()
}

fn source_of(table: &Table<'_>) -> Source {
    if let Some(registry) = table.str("registry") {
        // A flat index may be a directory: uv writes its path.
        return lock::index(registry);
    }
    if let Some(git) = table.str("git") {
        let (body, commit) = git.split_once('#').unwrap_or((git, ""));
        let (url, query) = body.split_once('?').unwrap_or((body, ""));
        let reference = query.split('&').find_map(|pair| {
            let (key, value) = pair.split_once('=')?;
            matches!(key, "rev" | "tag" | "branch").then(|| value.to_owned())
        });
        return Source::Vcs {
            url: RedactedUrl::new(format!("git+{url}")),
            reference,
            commit: (!commit.is_empty()).then(|| commit.to_owned()),
        };
    }
    if let Some(url) = table.str("url") {
        return Source::Url {
            url: RedactedUrl::new(url),
        };
    }
    for (key, editable) in [
        ("editable", true),
        ("virtual", false),
        ("directory", false),
        ("path", false),
    ] {
        if let Some(path) = table.str(key) {
            return Source::Path {
                path: path.to_owned(),
                editable,
            };
        }
    }
    Source::Default
}
