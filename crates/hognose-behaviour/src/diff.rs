//! What a release adds to an older one.
//!
//! A popular package that was taken over still does everything it did before: its score is blurred by years of honest
//! code. What the new release does *more* is small and clear. Lines move from release to release, so a fact is known
//! again by what it says and where, never by its line:
//!
//! - a fact of a kind and trigger that its file did not have is new;
//! - so is one of a kind, trigger and detail that the artifact, and this file, show more often than before.
//!
//! A file that moved keeps its facts: a file that is gone and one that is new, of one name, of which the new one shows
//! nothing that the old one did not.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::artifact::Inspection;
use crate::fact::{Fact, FactKind, Group, Trigger};
use crate::model::Model;
use crate::rules::Rule;
use crate::score::{Assessment, assess};

/// What changed between two releases.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Facts that are new, sorted.
    pub new: Vec<Fact>,
    /// Facts that are gone, sorted.
    pub gone: Vec<Fact>,
    /// Start-up hooks, commands, plugins, build hooks, binaries, scripts, dependencies, imports, addresses; those that
    /// are the same in both releases are left out.
    pub lists: Vec<Delta>,
    /// Single values of the metadata that differ.
    pub fields: Vec<Field>,
}

/// Names that came and went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delta {
    /// Of what, in the plural.
    pub what: &'static str,
    /// Only in the new release.
    pub new: Vec<String>,
    /// Only in the old one.
    pub gone: Vec<String>,
}

/// A value of the metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Before.
    pub old: String,
    /// Now.
    pub new: String,
}

impl Change {
    /// Scores what is new, and nothing else.
    pub fn assess(&self, model: &Model, own: &[Rule]) -> Assessment {
        assess(&self.new, model, own)
    }

    /// Start-up hooks that are new: the one surface that needs no import.
    pub fn new_startup_hooks(&self) -> usize {
        let hooks = self.lists.iter().find(|l| l.what == "start-up hooks");
        hooks.map_or(0, |l| l.new.len())
    }
}

/// Compares two releases of one project.
pub fn diff(old: &Inspection, new: &Inspection) -> Change {
    let before = Seen::of(old);
    let mut after = Seen::of(new);
    after.follow_moves(&before);
    Change {
        new: surplus(&new.facts, &after, &before),
        gone: surplus(&old.facts, &before, &after),
        lists: lists(old, new),
        fields: fields(old, new),
    }
}

type Kind = (FactKind, Trigger);

/// The facts of a release, by what does not depend on lines and versions.
struct Seen {
    /// File and detail of each fact, in the order of the facts.
    keys: Vec<(Kind, String, String)>,
}

impl Seen {
    fn of(inspection: &Inspection) -> Self {
        let version = inspection.metadata.version.as_str();
        let key = |fact: &Fact| {
            (
                (fact.kind, fact.trigger),
                without_version(&fact.place.file),
                comparable(fact, version),
            )
        };
        Self {
            keys: inspection.facts.iter().map(key).collect(),
        }
    }

    fn by_file(&self) -> BTreeMap<&str, BTreeSet<(Kind, &str)>> {
        let mut files: BTreeMap<&str, BTreeSet<(Kind, &str)>> = BTreeMap::new();
        for (kind, file, detail) in &self.keys {
            files.entry(file).or_default().insert((*kind, detail));
        }
        files
    }

    /// Gives moved files the name they had.
    fn follow_moves(&mut self, before: &Self) {
        let (old, new) = (before.by_file(), self.by_file());
        let name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
        // Several files of one name that are gone: none of them can be told to be the one.
        let mut vanished: HashMap<String, Option<&str>> = HashMap::new();
        for file in old.keys().filter(|file| !new.contains_key(*file)) {
            vanished
                .entry(name(file))
                .and_modify(|known| *known = None)
                .or_insert(Some(file));
        }
        let mut moved: HashMap<String, String> = HashMap::new();
        for (file, facts) in new.iter().filter(|(file, _)| !old.contains_key(*file)) {
            if let Some(Some(from)) = vanished.get(&name(file))
                && old.get(from).is_some_and(|known| facts.is_subset(known))
            {
                moved.insert((*file).to_owned(), (*from).to_owned());
            }
        }
        for (_, file, _) in &mut self.keys {
            if let Some(from) = moved.get(file) {
                file.clone_from(from);
            }
        }
    }
}

/// The facts of one side that the other does not have.
fn surplus(facts: &[Fact], here: &Seen, there: &Seen) -> Vec<Fact> {
    let mut in_file: BTreeSet<(Kind, &str)> = BTreeSet::new();
    let mut said: HashMap<(Kind, &str), usize> = HashMap::new();
    let mut said_there: HashMap<(Kind, &str, &str), usize> = HashMap::new();
    for (kind, file, detail) in &there.keys {
        in_file.insert((*kind, file));
        *said.entry((*kind, detail)).or_default() += 1;
        *said_there.entry((*kind, file, detail)).or_default() += 1;
    }
    let mut total: HashMap<(Kind, &str), usize> = HashMap::new();
    for (kind, _, detail) in &here.keys {
        *total.entry((*kind, detail)).or_default() += 1;
    }
    let mut met: HashMap<(Kind, &str, &str), usize> = HashMap::new();
    let mut out = Vec::new();
    for (fact, (kind, file, detail)) in facts.iter().zip(&here.keys) {
        let place = (*kind, file.as_str(), detail.as_str());
        let count = met.entry(place).or_default();
        *count += 1;
        let of = |map: &HashMap<(Kind, &str), usize>| {
            map.get(&(*kind, detail.as_str())).copied().unwrap_or(0)
        };
        let more = of(&total) > of(&said);
        let more_here = *count > said_there.get(&place).copied().unwrap_or(0);
        if !in_file.contains(&(*kind, file.as_str())) || (more && more_here) {
            out.push(fact.clone());
        }
    }
    out
}

/// A path without the version in its first folder: `pkg-1.0/setup.py`, `pkg-1.0.dist-info/RECORD`.
fn without_version(path: &str) -> String {
    let Some((first, rest)) = path.split_once('/') else {
        return path.to_owned();
    };
    let cut = first.match_indices('-').map(|(at, _)| at).find(|at| {
        first
            .get(at + 1..)
            .is_some_and(|after| after.starts_with(|c: char| c.is_ascii_digit()))
    });
    let Some(cut) = cut else {
        return path.to_owned();
    };
    let stem = first.get(..cut).unwrap_or(first);
    let kind = [".dist-info", ".egg-info", ".data"]
        .into_iter()
        .find(|ending| first.ends_with(ending))
        .unwrap_or_default();
    // The folder around an sdist is called as its maker likes: `my-pkg` one day, `my_pkg` the next.
    format!("{}{kind}/{rest}", if kind.is_empty() { "" } else { stem })
}

/// The detail without what differs in every release: the version, and numbers where they only count.
fn comparable(fact: &Fact, version: &str) -> String {
    let detail = if version.len() > 2 {
        fact.detail.replace(version, "*")
    } else {
        fact.detail.clone()
    };
    if !matches!(
        fact.kind.group(),
        Group::Metadata | Group::Archive | Group::Evasion | Group::Binary
    ) {
        return detail;
    }
    let mut out = String::with_capacity(detail.len());
    for c in detail.chars() {
        if !c.is_ascii_digit() {
            out.push(c);
        } else if !out.ends_with('0') {
            out.push('0');
        }
    }
    out
}

fn lists(old: &Inspection, new: &Inspection) -> Vec<Delta> {
    let mut out = Vec::new();
    let groups: BTreeSet<&'static str> = old
        .surfaces
        .keys()
        .chain(new.surfaces.keys())
        .copied()
        .collect();
    for group in groups {
        let names = |of: &Inspection| -> BTreeMap<String, String> {
            let names = of.surfaces.get(group).into_iter().flatten();
            names
                .map(|name| (without_version(name), name.clone()))
                .collect()
        };
        push(&mut out, group, &names(old), &names(new));
    }
    let needs = |of: &Inspection| -> BTreeMap<String, String> {
        let needs = of.metadata.requires_dist.iter();
        needs.map(|need| (dependency(need), need.clone())).collect()
    };
    push(&mut out, "dependencies", &needs(old), &needs(new));
    let plain = |names: &[String]| names.iter().map(|n| (n.clone(), n.clone())).collect();
    push(
        &mut out,
        "imports",
        &plain(&old.imports),
        &plain(&new.imports),
    );
    let addresses = |of: &Inspection| -> BTreeMap<String, String> {
        let urls = of.metadata.urls.iter();
        urls.map(|(_, url)| (url.trim_end_matches('/').to_owned(), url.clone()))
            .collect()
    };
    push(&mut out, "addresses", &addresses(old), &addresses(new));
    out
}

fn push(
    out: &mut Vec<Delta>,
    what: &'static str,
    old: &BTreeMap<String, String>,
    new: &BTreeMap<String, String>,
) {
    let only =
        |these: &BTreeMap<String, String>, those: &BTreeMap<String, String>| -> Vec<String> {
            let only = these.iter().filter(|(key, _)| !those.contains_key(*key));
            only.map(|(_, name)| name.clone()).collect()
        };
    let delta = Delta {
        what,
        new: only(new, old),
        gone: only(old, new),
    };
    if !delta.new.is_empty() || !delta.gone.is_empty() {
        out.push(delta);
    }
}

/// A dependency is the same when its name is: bounds move all the time. A reference to a file or repository outside
/// the index is told apart by its address.
fn dependency(need: &str) -> String {
    let name: String = need
        .trim()
        .chars()
        .take_while(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'))
        .map(|c| {
            if matches!(c, '_' | '.') {
                '-'
            } else {
                c.to_ascii_lowercase()
            }
        })
        .collect();
    match need.split_once('@') {
        Some((_, address)) => format!("{name} @ {}", address.trim()),
        None => name,
    }
}

fn fields(old: &Inspection, new: &Inspection) -> Vec<Field> {
    let (old, new) = (&old.metadata, &new.metadata);
    let pairs = [
        ("name", &old.name, &new.name),
        ("summary", &old.summary, &new.summary),
        ("author", &old.author, &new.author),
        ("author's address", &old.author_email, &new.author_email),
        ("licence", &old.license, &new.license),
        ("Python", &old.requires_python, &new.requires_python),
    ];
    pairs
        .into_iter()
        .filter(|(_, old, new)| old != new)
        .map(|(name, old, new)| Field {
            name,
            old: old.clone(),
            new: new.clone(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::Place;

    fn release(version: &str, facts: &[(FactKind, &str, u32, &str)]) -> Inspection {
        let mut inspection = Inspection::default();
        inspection.metadata.version = version.to_owned();
        inspection.facts = facts
            .iter()
            .map(|(kind, file, line, detail)| {
                Fact::new(*kind, Trigger::Import, Place::line(*file, *line), detail)
            })
            .collect();
        inspection
    }

    fn new(old: &[(FactKind, &str, u32, &str)], new: &[(FactKind, &str, u32, &str)]) -> usize {
        diff(&release("1.0.0", old), &release("1.1.0", new))
            .new
            .len()
    }

    #[test]
    fn lines_and_versions_do_not_count() {
        let old = [(
            FactKind::NetworkCall,
            "pkg-1.0.0/pkg/a.py",
            3,
            "requests.get",
        )];
        let moved = [(
            FactKind::NetworkCall,
            "pkg-1.1.0/pkg/a.py",
            90,
            "requests.get",
        )];
        assert_eq!(new(&old, &moved), 0);
        let sizes = [(FactKind::TinyPackage, "", 0, "3 Python files, 900 bytes")];
        let grown = [(FactKind::TinyPackage, "", 0, "4 Python files, 12000 bytes")];
        assert_eq!(new(&sizes, &grown), 0);
        let agent = [(FactKind::NetworkSend, "a.py", 1, "agent/1.0.0")];
        let newer = [(FactKind::NetworkSend, "a.py", 1, "agent/1.1.0")];
        assert_eq!(new(&agent, &newer), 0);
    }

    #[test]
    fn another_detail_another_file_and_one_more_are_new() {
        let old = [(FactKind::ExecDynamic, "a.py", 3, "exec")];
        assert_eq!(
            new(&old, &[old[0], (FactKind::ExecDynamic, "a.py", 9, "exec")]),
            1
        );
        assert_eq!(
            new(&old, &[old[0], (FactKind::ExecDynamic, "b.py", 9, "exec")]),
            1
        );
        assert_eq!(
            new(&old, &[old[0], (FactKind::ExecDynamic, "a.py", 9, "eval")]),
            1
        );
        assert_eq!(new(&old, &[(FactKind::ExecDecoded, "a.py", 3, "exec")]), 1);
    }

    #[test]
    fn a_file_that_moved_is_not_new_and_one_that_gained_is() {
        let old = [
            (FactKind::NetworkCall, "pkg/net.py", 3, "requests.get"),
            (FactKind::EnvRead, "pkg/net.py", 4, "HOME"),
        ];
        let moved = [(FactKind::NetworkCall, "pkg/inner/net.py", 3, "requests.get")];
        assert_eq!(new(&old, &moved), 0);
        let gained = [
            (FactKind::NetworkCall, "pkg/inner/net.py", 3, "requests.get"),
            (FactKind::ExecDecoded, "pkg/inner/net.py", 5, "exec"),
        ];
        assert_eq!(new(&old, &gained), 2);
    }

    #[test]
    fn dependencies_are_names() {
        assert_eq!(
            dependency("Requests (>=2)"),
            dependency("requests>=3; python_version < '4'")
        );
        assert_ne!(
            dependency("a @ https://index.example/a.zip"),
            dependency("a")
        );
        let mut before = release("1.0.0", &[]);
        before.metadata.requires_dist = vec!["six>=1".into()];
        let mut after = release("1.1.0", &[]);
        after.metadata.requires_dist = vec!["six>=2".into(), "plain-crypto".into()];
        after
            .surfaces
            .insert("start-up hooks", vec!["x.pth".into()]);
        let change = diff(&before, &after);
        assert_eq!(change.new_startup_hooks(), 1);
        let needs = change
            .lists
            .iter()
            .find(|l| l.what == "dependencies")
            .unwrap();
        assert_eq!(
            (needs.new.as_slice(), needs.gone.len()),
            (&["plain-crypto".to_owned()][..], 0)
        );
    }
}
