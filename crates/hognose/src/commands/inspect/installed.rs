//! Installed distributions: which files belong to them. Nothing is imported, no interpreter is asked.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use hognose_archive::record;

use super::targets::{Plan, Target};
use super::tree::list;

/// Longest RECORD read.
const MAX_RECORD: u64 = 64 << 20;

/// True for a virtual environment, a `site-packages`, or a `pip install --target` directory.
pub(super) fn is_environment(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if path.join("pyvenv.cfg").is_file() || matches!(&*name, "site-packages" | "dist-packages") {
        return true;
    }
    // An unpacked wheel has one too, and is read like an installed one.
    list(path).is_ok_and(|entries| {
        entries
            .iter()
            .any(|(n, _, kind)| kind.is_dir() && n.ends_with(".dist-info"))
    })
}

/// The directories of an environment that distributions are installed in.
pub(super) fn sites(root: &Path) -> Vec<PathBuf> {
    if !root.join("pyvenv.cfg").is_file() {
        return vec![root.to_owned()];
    }
    let mut out = Vec::new();
    for library in ["lib", "lib64"] {
        let library = root.join(library);
        // `lib64` is often a link to `lib`.
        if library.is_symlink() {
            continue;
        }
        for (name, path, _) in list(&library).unwrap_or_default() {
            let packages = path.join("site-packages");
            if (name.starts_with("python") || name.starts_with("pypy")) && packages.is_dir() {
                out.push(packages);
            }
        }
    }
    let windows = root.join("Lib").join("site-packages");
    if windows.is_dir() && out.is_empty() {
        out.push(windows);
    }
    out
}

/// Adds every distribution of a `site-packages`, and the files that belong to none.
pub(super) fn environment(site: &Path, plan: &mut Plan) {
    let entries = match list(site) {
        Ok(entries) => entries,
        Err(error) => return plan.skip(site, &error.to_string()),
    };
    for (name, path, kind) in &entries {
        if name.starts_with('~') && name.ends_with("-info") {
            plan.skip(path, "left over from an interrupted uninstall");
        } else if is_info(name) {
            plan.targets
                .push(Target::Installed(site.to_owned(), name.clone()));
        } else if name.ends_with(".egg") && kind.is_file() {
            plan.targets.push(Target::Archive(path.clone()));
        } else if name.ends_with(".egg") && path.join("EGG-INFO").is_dir() {
            plan.targets.push(Target::Tree(path.clone()));
        }
    }
    plan.targets.push(Target::Loose(site.to_owned()));
}

fn is_info(name: &str) -> bool {
    !name.starts_with('~') && (name.ends_with(".dist-info") || name.ends_with(".egg-info"))
}

/// `name-version` of the folder, as the name of a wheel: what the metadata must agree with.
pub(super) fn wheel_name(info: &str) -> String {
    let stem = info
        .trim_end_matches(".dist-info")
        .trim_end_matches(".egg-info");
    format!("{stem}.whl")
}

/// Paths of a distribution's files relative to its `site-packages`, with `/`.
pub(super) fn files(site: &Path, info: &str) -> Result<Vec<String>, String> {
    let folder = site.join(info);
    if !folder.is_dir() {
        return Err("it has no list of its files (an .egg-info file of distutils); reinstall it with a current pip".into());
    }
    let mut out: Vec<String> = Vec::new();
    if let Some(text) = text(&folder.join("RECORD"))? {
        for row in record::rows(&text) {
            let row = row.ok_or("its RECORD cannot be read: not a row of path, hash and size")?;
            out.push(row.path.replace('\\', "/"));
        }
    } else if let Some(text) = text(&folder.join("installed-files.txt"))? {
        for line in text.lines().filter(|l| !l.trim().is_empty()) {
            out.push(join(info, line.trim()));
        }
    } else if let Some(text) = text(&folder.join("top_level.txt"))? {
        for name in text
            .lines()
            .map(str::trim)
            .filter(|n| !n.is_empty() && !n.contains(".."))
        {
            below(site, name, &mut out);
            out.push(format!("{name}.py"));
        }
        below(site, info, &mut out);
    } else {
        return Err(
            "it has neither RECORD nor another list of its files; reinstall it with a current pip"
                .into(),
        );
    }
    out.sort();
    out.dedup();
    Ok(out)
}

/// A small text file; nothing where there is none.
fn text(path: &Path) -> Result<Option<String>, String> {
    match std::fs::metadata(path) {
        Ok(meta) if meta.is_file() && meta.len() <= MAX_RECORD => {}
        Ok(meta) if meta.is_file() => {
            return Err(format!(
                "{} is over the limit of {MAX_RECORD} bytes",
                path.display()
            ));
        }
        _ => return Ok(None),
    }
    let bytes = std::fs::read(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

/// Joins paths and resolves `..`.
fn join(base: &str, path: &str) -> String {
    let mut parts: Vec<&str> = base.split('/').filter(|p| !p.is_empty()).collect();
    for part in path.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|p| *p != "..") => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    parts.join("/")
}

/// All files below a folder of `site-packages`.
fn below(site: &Path, name: &str, out: &mut Vec<String>) {
    let mut waiting = vec![name.to_owned()];
    while let Some(path) = waiting.pop() {
        if out.len() > super::read::MAX_FILES || path.matches('/').count() > 40 {
            return;
        }
        for (name, _, kind) in list(&site.join(&path)).unwrap_or_default() {
            let inner = format!("{path}/{name}");
            if kind.is_dir() {
                waiting.push(inner);
            } else {
                out.push(inner);
            }
        }
    }
}

/// Files of a `site-packages` that no distribution lists. Bytecode counts with its source.
pub(super) fn loose(site: &Path) -> Result<Vec<String>, String> {
    let entries = list(site).map_err(|e| e.to_string())?;
    let mut owned: BTreeSet<String> = BTreeSet::new();
    let mut out = Vec::new();
    for (name, _, _) in entries.iter().filter(|(name, ..)| is_info(name)) {
        owned.insert(name.clone());
        // What has no list is said where the distribution itself is inspected.
        owned.extend(files(site, name).unwrap_or_default());
    }
    for (name, _, kind) in entries {
        if kind.is_file() {
            out.push(name);
        } else if kind.is_dir()
            && !is_info(&name)
            && !name.starts_with('~')
            && !name.ends_with(".egg")
        {
            below(site, &name, &mut out);
        }
    }
    out.retain(|path| {
        !owned.contains(path) && !path.ends_with(".egg") && !is_bytecode_of(path, &owned)
    });
    out.sort();
    Ok(out)
}

fn is_bytecode_of(path: &str, owned: &BTreeSet<String>) -> bool {
    let Some((folder, file)) = path.rsplit_once("__pycache__/") else {
        return false;
    };
    let stem = file.split('.').next().unwrap_or(file);
    owned.contains(&format!("{folder}{stem}.py"))
}

/// Where a listed file lies: nothing when it would leave the environment. One that was handed over must not pull other
/// files of the machine into a report.
pub(super) fn locate(site: &Path, path: &str) -> Option<PathBuf> {
    let relative = Path::new(path);
    let climbs = relative
        .components()
        .filter(|c| matches!(c, Component::ParentDir))
        .count();
    let strange = relative
        .components()
        .any(|c| matches!(c, Component::RootDir | Component::Prefix(_)));
    // `lib/python3.12/site-packages`: three steps up is the environment itself.
    if strange || climbs > 3 {
        return None;
    }
    let found = site.join(relative);
    if climbs == 0 && !found.is_symlink() {
        return Some(found);
    }
    let root = site.canonicalize().ok()?;
    let root = root
        .ancestors()
        .nth(climbs.max(3))
        .unwrap_or(&root)
        .to_owned();
    match found.canonicalize() {
        Ok(real) if real.starts_with(&root) => Some(found),
        Ok(_) => None,
        // A file that is not there is for the reader to pass over.
        Err(_) => Some(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_joined_and_kept_inside() {
        assert_eq!(join("six.egg-info", "../six.py"), "six.py");
        assert_eq!(join("a", "../../../bin/x"), "../../bin/x");
        assert_eq!(
            locate(Path::new("/nowhere/site-packages"), "/etc/passwd"),
            None
        );
        assert_eq!(
            locate(
                Path::new("/nowhere/site-packages"),
                "../../../../etc/passwd"
            ),
            None
        );
        assert_eq!(wheel_name("six-1.0.dist-info"), "six-1.0.whl");
    }
}
