//! From what was met to what is said: code that nobody lists is gathered by what it belongs to, and everything is put in
//! order, since threads find things in any.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashSet};

use hognose_types::PackageName;

use super::claims::{Claims, Gathered};
use super::paths::{Environment, Site, is_within};
use super::report::{Hook, HookKind, Problem, ProblemKind, Report, Unchecked, Unlisted, Without};
use super::walk::{Found, Loose};
use super::{activate, hooks, interpreter, scripts};

/// Everything, in order.
pub(super) fn report(
    sites: &[Site],
    environment: &Environment,
    claims: &Claims,
    gathered: Gathered,
    found: Found,
) -> Report {
    let mut report = Report {
        distributions: gathered.distributions,
        problems: gathered.problems,
        hooks: found.hooks,
        unchecked: gathered.unchecked,
        counts: found.counts,
        sees_system: false,
    };
    report.problems.extend(found.problems);
    report.unchecked.extend(found.unchecked);
    let known = hooks::of_virtualenv(sites);
    let mut tops = Tops::of(sites, claims);
    for loose in &found.loose {
        if !known.contains(&loose.path) {
            tops.add(loose, &report.hooks);
        }
    }
    report.hooks.retain(|hook| !known.contains(&hook.file));
    tops.finish(claims, &mut report);
    twice(&mut report);
    scripts::check(environment, claims, &mut report);
    interpreter::check(environment, &mut report);
    activate::check(environment, &mut report);
    order(&mut report);
    report
}

/// Distributions of one name in one place: which of them tools see depends on the order of a directory.
fn twice(report: &mut Report) {
    let mut first: BTreeMap<(&str, PackageName), usize> = BTreeMap::new();
    let mut problems = Vec::new();
    for (at, distribution) in report.distributions.iter().enumerate() {
        // Distributions of systems have an `.egg-info` beside, for older tools.
        let folder = distribution.folder.rsplit_once('/');
        let folder = folder.filter(|(_, name)| name.ends_with(".dist-info"));
        let (Some((site, _)), Ok(name)) = (folder, PackageName::new(&distribution.name)) else {
            continue;
        };
        match first.entry((site, name)) {
            Entry::Vacant(entry) => {
                entry.insert(at);
            }
            Entry::Occupied(entry) => problems.push(Problem {
                file: distribution.folder.clone(),
                distribution: Some(at),
                kind: ProblemKind::Twice {
                    other: *entry.get(),
                },
            }),
        }
    }
    report.problems.extend(problems);
}

fn order(report: &mut Report) {
    report.hooks.sort_by(|a, b| a.file.cmp(&b.file));
    report.unchecked.sort_by(|a, b| a.path.cmp(&b.path));
    report.unchecked.dedup();
    // What is altered has no need to be called a strange program too.
    report
        .problems
        .sort_by(|a, b| a.file.cmp(&b.file).then(rank(a).cmp(&rank(b))));
    report
        .problems
        .dedup_by(|b, a| a.file == b.file && rank(a) == 0 && rank(b) > 0);
}

fn rank(problem: &Problem) -> u32 {
    match problem.kind {
        ProblemKind::Altered { .. } | ProblemKind::Hook(_) => 0,
        ProblemKind::Row { line, .. } => 1 + line,
        _ => 1,
    }
}

/// Unlisted code by the entry at the top of a site that it lies in.
struct Tops<'s> {
    sites: &'s [Site],
    /// Entries that hold claimed files.
    claimed: HashSet<String>,
    loose: &'s [String],
    by_top: BTreeMap<String, Vec<Loose>>,
    hooks: Vec<Hook>,
    links: Vec<Loose>,
}

impl<'s> Tops<'s> {
    fn of(sites: &'s [Site], claims: &'s Claims) -> Self {
        let mut claimed: HashSet<String> = HashSet::new();
        for path in claims.by_path.keys() {
            if let Some(top) = top(sites, path)
                && !claimed.contains(top)
            {
                claimed.insert(top.to_owned());
            }
        }
        Self {
            sites,
            claimed,
            loose: &claims.loose,
            by_top: BTreeMap::new(),
            hooks: Vec::new(),
            links: Vec::new(),
        }
    }

    fn add(&mut self, loose: &Loose, hooks: &[Hook]) {
        if loose.is_link {
            self.links.push(loose.clone());
            return;
        }
        let Some(top) = top(self.sites, &loose.path) else {
            return;
        };
        if let Some(hook) = hooks.iter().find(|hook| hook.file == loose.path) {
            self.hooks.push(hook.clone());
            return;
        }
        let name = top.rsplit('/').next().unwrap_or(top);
        if let Some(kind) = hook_package(name, top, &loose.path) {
            self.hooks.push(Hook {
                file: loose.path.clone(),
                kind,
                distribution: None,
                runs: vec![format!("all of {name}")],
                adds: Vec::new(),
            });
            return;
        }
        let stem = name.split('.').next().unwrap_or(name);
        let stem = stem.replace('-', "_").to_ascii_lowercase();
        let whole = name.replace('-', "_").to_ascii_lowercase();
        // Of distributions without hashes nothing is known but their names: that is said once, of them.
        if self.loose.contains(&stem) || self.loose.contains(&whole) {
            return;
        }
        self.by_top
            .entry(top.to_owned())
            .or_default()
            .push(loose.clone());
    }

    fn finish(self, claims: &Claims, report: &mut Report) {
        let say = |file: &str, kind| Problem {
            file: file.to_owned(),
            distribution: None,
            kind,
        };
        for hook in self.hooks {
            if !report.hooks.contains(&hook) {
                report.hooks.push(hook.clone());
            }
            let file = hook.file.clone();
            report.problems.push(say(&file, ProblemKind::Hook(hook)));
        }
        for link in self.links {
            let kind = unlisted(Unlisted::Link, 1, None);
            report.problems.push(say(&link.path, kind));
        }
        for (top, files) in self.by_top {
            let is_file = files.first().is_some_and(|f| f.path == top);
            if is_file || self.claimed.contains(&top) {
                for file in &files {
                    if file.path.ends_with(".egg-link") {
                        let why = Without::Hashes;
                        report
                            .unchecked
                            .push(Unchecked::new(file.path.clone(), why));
                        continue;
                    }
                    let kind = unlisted(sort(&file.path), 1, shadowed(&file.path, claims));
                    report.problems.push(say(&file.path, kind));
                }
            } else {
                let shadows = shadowed(&format!("{top}/__init__.py"), claims);
                let kind = unlisted(Unlisted::Directory, files.len(), shadows);
                report.problems.push(say(&top, kind));
            }
        }
    }
}

fn unlisted(what: Unlisted, files: usize, shadows: Option<String>) -> ProblemKind {
    ProblemKind::Unlisted {
        what,
        files,
        shadows,
    }
}

fn sort(path: &str) -> Unlisted {
    let name = path.rsplit('/').next().unwrap_or(path);
    if name == "entry_points.txt" {
        return Unlisted::EntryPoints;
    }
    let native = [".so", ".pyd", ".dll", ".dylib"];
    if native.iter().any(|end| name.ends_with(end)) || name.contains(".so.") {
        return Unlisted::Native;
    }
    if name.ends_with(".exe") {
        return Unlisted::Script;
    }
    Unlisted::Module
}

/// The entry at the top of a site that a path lies in.
fn top<'p>(sites: &[Site], path: &'p str) -> Option<&'p str> {
    // The innermost site counts: one may lie in another.
    let sites = sites.iter().filter(|site| is_within(path, &site.text));
    let site = sites.max_by_key(|site| site.text.len())?;
    let rest = path.get(site.text.len() + 1..)?;
    let first = rest.split('/').next()?;
    path.get(..site.text.len() + 1 + first.len())
}

/// `sitecustomize/__init__.py`, which Python imports like the module.
fn hook_package(name: &str, top: &str, path: &str) -> Option<HookKind> {
    let is_init = path
        .strip_prefix(top)
        .is_some_and(|rest| rest.starts_with("/__init__."));
    match name {
        "sitecustomize" if is_init => Some(HookKind::SiteCustomize),
        "usercustomize" if is_init => Some(HookKind::UserCustomize),
        _ => None,
    }
}

/// The listed module that Python would no longer find: packages come before libraries, those before source.
fn shadowed(path: &str, claims: &Claims) -> Option<String> {
    let (folder, name) = path.rsplit_once('/')?;
    let listed = |path: String| claims.by_path.contains_key(path.as_str()).then_some(path);
    if name == "__init__.py" {
        return listed(format!("{folder}.py"));
    }
    let stem = name.split('.').next()?;
    let is_native = name.ends_with(".so") || name.ends_with(".pyd");
    if is_native {
        return listed(format!("{folder}/{stem}.py"));
    }
    None
}
