//! `conda-lock.yml`, version 1: one entry per package and platform.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use hognose_types::{
    Component, ComponentId, ComponentKind, ComponentVersion, Declaration, InputFormat, InputId,
    Location, Marker, PackageName, RedactedUrl, Source,
};

use super::yaml::{self, Node};
use crate::context::{Context, add_declaration, push_unique, short_error};
use crate::path;
use crate::readers::lock::digest;

/// All entries of one package version, whatever the platform.
#[derive(Debug, Default)]
struct Merged<'y> {
    entries: Vec<&'y Node>,
    platforms: BTreeSet<&'static str>,
}

/// `(manager, name, version)`.
type Key<'y> = (&'y str, &'y str, &'y str);

/// Reads a lock.
pub(crate) fn read(context: &mut Context<'_>, path: &str, bytes: &[u8]) {
    let input = context.input(path, InputFormat::CondaLock);
    let Some(text) = context.decode(path, bytes) else {
        return;
    };
    let document = yaml::parse(&text, context.options.limits.depth);
    if let Some(fault) = &document.fault {
        context.unreadable(
            Location::line(path, fault.line),
            format!("not valid YAML: {}", short_error(&fault.message)),
            "restore the file, or run `conda-lock`; what stands before the fault was read",
        );
    }
    let Some(root) = document.root.filter(|root| root.get("package").is_some()) else {
        let location = Location::file(path);
        context.unreadable(
            location,
            "no list of packages",
            "restore the file, or run `conda-lock`",
        );
        return;
    };
    if root.text_of("version").is_none_or(|v| v != "1") {
        context.unreadable(
            Location::line(path, root.get("version").map_or(1, |n| n.line)),
            "a conda lock of another version than 1: read as version 1",
            "run `conda-lock` of version 1 or newer",
        );
    }
    let all = platforms(&root);
    let (packages, order) = merge(context, path, &root);
    let mut ids: HashMap<(&str, &str), Vec<ComponentId>> = HashMap::new();
    let mut added = Vec::new();
    for key in order {
        let Some(merged) = packages.get(&key) else {
            continue;
        };
        let component = component(context, input, path, key, merged, &all);
        let Some(component) = component else { continue };
        let id = context.add(component);
        ids.entry((key.0, key.1)).or_default().push(id);
        added.push((id, merged));
    }
    edges(context, &added, &ids);
    direct(context, path, &root, &ids);
}

/// `sys.platform` of the platforms locked for; empty when the lock does not say.
fn platforms(root: &Node) -> BTreeSet<&'static str> {
    let metadata = root.get("metadata").and_then(|m| m.get("platforms"));
    metadata
        .map_or(&[][..], Node::items)
        .iter()
        .filter_map(|n| sys_platform(n.text()?))
        .collect()
}

fn sys_platform(subdir: &str) -> Option<&'static str> {
    match subdir.split('-').next()? {
        "linux" => Some("linux"),
        "osx" => Some("darwin"),
        "win" => Some("win32"),
        _ => None,
    }
}

type Packages<'y> = BTreeMap<Key<'y>, Merged<'y>>;

fn merge<'y>(
    context: &mut Context<'_>,
    path: &str,
    root: &'y Node,
) -> (Packages<'y>, Vec<Key<'y>>) {
    let mut packages: Packages<'y> = BTreeMap::new();
    let mut order = Vec::new();
    for entry in root.get("package").map_or(&[][..], Node::items) {
        let (Some(name), Some(version)) = (entry.text_of("name"), entry.text_of("version")) else {
            context.unreadable(
                Location::line(path, entry.line),
                "an entry without name or version",
                "run `conda-lock`; the rest of the file was read",
            );
            continue;
        };
        let key = (entry.text_of("manager").unwrap_or("conda"), name, version);
        let merged = packages.entry(key).or_insert_with(|| {
            order.push(key);
            Merged::default()
        });
        merged.entries.push(entry);
        merged
            .platforms
            .extend(entry.text_of("platform").and_then(sys_platform));
    }
    (packages, order)
}

fn component(
    context: &mut Context<'_>,
    input: InputId,
    path: &str,
    (manager, name, version): Key<'_>,
    merged: &Merged<'_>,
    all: &BTreeSet<&'static str>,
) -> Option<Component> {
    let first = merged.entries.first()?;
    let mut declaration = Declaration::new(Location::line(path, first.line), false);
    declaration.marker = condition(&merged.platforms, all);
    if !context.applies(declaration.marker.as_ref()) {
        return None;
    }
    declaration.groups = groups(&merged.entries);
    let version = ComponentVersion::exact(version);
    let mut component = if manager == "pip" {
        let name = context.name(name, &declaration.location)?;
        Component::distribution(input, name, version, declaration)
    } else {
        let mut identity = super::identity(name);
        identity.build = first.text_of("build").map(str::to_owned);
        identity.channel = channel(first.text_of("url"));
        identity.subdir = match merged.entries.as_slice() {
            [only] => only.text_of("platform").map(str::to_owned),
            _ => None,
        };
        super::component(context, input, identity, version, declaration)?
    };
    if let (Some(url), ComponentKind::Distribution) = (first.text_of("url"), component.kind) {
        component.source = Source::Url {
            url: RedactedUrl::new(url),
        };
    }
    component.hashes = hashes(&merged.entries);
    Some(component)
}

/// The groups of a package; none when any entry belongs to the main set.
fn groups(entries: &[&Node]) -> Vec<String> {
    let mut groups = Vec::new();
    for entry in entries {
        let several = entry.get("categories").map_or(&[][..], Node::items);
        let names: Vec<&str> = several
            .iter()
            .filter_map(Node::text)
            .chain(entry.text_of("category"))
            .collect();
        if names.is_empty() || names.contains(&"main") {
            return Vec::new();
        }
        for name in names {
            push_unique(&mut groups, name.to_owned());
        }
    }
    groups
}

fn hashes(entries: &[&Node]) -> Vec<hognose_types::Digest> {
    let mut out: Vec<_> = entries
        .iter()
        .filter_map(|entry| {
            digest(Some(&format!(
                "sha256:{}",
                entry.get("hash")?.text_of("sha256")?
            )))
        })
        .collect();
    out.sort_unstable();
    out.dedup();
    out
}

/// "Only on …", unless the package is locked for every platform of the lock.
fn condition(of: &BTreeSet<&'static str>, all: &BTreeSet<&'static str>) -> Option<Marker> {
    if of.is_empty() || of.is_superset(all) {
        return None;
    }
    let parts: Vec<String> = of
        .iter()
        .map(|p| format!("sys_platform == '{p}'"))
        .collect();
    Marker::parse(&parts.join(" or ")).ok()
}

/// The channel of a package: the path segment before the platform's directory.
fn channel(url: Option<&str>) -> Option<String> {
    let mut segments = url?.split(['?', '#']).next()?.rsplit('/').skip(2);
    segments.next().filter(|s| !s.is_empty()).map(str::to_owned)
}

fn edges(
    context: &mut Context<'_>,
    added: &[(ComponentId, &Merged<'_>)],
    ids: &HashMap<(&str, &str), Vec<ComponentId>>,
) {
    for (from, merged) in added {
        let mut targets = BTreeSet::new();
        for entry in &merged.entries {
            let manager = entry.text_of("manager").unwrap_or("conda");
            for (name, _) in entry.get("dependencies").map_or(&[][..], Node::entries) {
                targets.extend(ids.get(&(manager, name.as_str())).into_iter().flatten());
            }
        }
        for to in targets {
            context.edge(*from, to, None);
        }
    }
}

/// What the files the lock was made from ask for is direct, on the line where they ask.
fn direct(
    context: &mut Context<'_>,
    path: &str,
    root: &Node,
    ids: &HashMap<(&str, &str), Vec<ComponentId>>,
) {
    let sources = root.get("metadata").and_then(|m| m.get("sources"));
    let limit = context.options.limits.includes;
    for source in sources.map_or(&[][..], Node::items).iter().take(limit) {
        let Some(file) = source.text() else { continue };
        let file = path::normalise(&path::join(path::parent(path), file));
        if !matches!(
            crate::sniff::by_name(path::name(&file)),
            Some(InputFormat::CondaEnvironment)
        ) || !context.is_allowed(&file)
        {
            continue;
        }
        let Ok(bytes) = context.tree.read(&file, context.options.limits.file_bytes) else {
            continue;
        };
        let Ok(text) = crate::source_text::decode(&bytes) else {
            continue;
        };
        for (name, line) in super::environment::names(&text, context.options.limits.depth) {
            let pip = PackageName::new(&name)
                .map(|n| n.to_string())
                .unwrap_or_default();
            let conda = ids.get(&("conda", name.as_str()));
            for id in conda
                .or_else(|| ids.get(&("pip", pip.as_str())))
                .into_iter()
                .flatten()
            {
                if let Some(component) = context.component_mut(*id) {
                    let declaration = Declaration::new(Location::line(file.as_str(), line), true);
                    add_declaration(&mut component.declarations, declaration);
                }
            }
        }
    }
}
