//! Directories: what in them is an artifact, a project, an environment.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::installed;
use super::targets::{Plan, Target};

/// Endings of files that packages are distributed in.
const ARCHIVES: [&str; 10] = [
    ".whl", ".tar.gz", ".tgz", ".zip", ".egg", ".tar.bz2", ".tar.xz", ".tar.zst", ".tar", ".pyz",
];
/// Files that make a directory a project, or an unpacked sdist.
const PROJECT: [&str; 4] = ["pyproject.toml", "setup.py", "setup.cfg", "PKG-INFO"];
/// Folders of version control: no installer looks into them.
const VERSION_CONTROL: [&str; 4] = [".git", ".hg", ".svn", ".bzr"];
/// Directories entered in one survey, and how deep.
const MAX_DIRECTORIES: usize = 100_000;
const MAX_DEPTH: usize = 40;

/// True for the name of a file that packages are distributed in.
pub(super) fn is_archive_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    ARCHIVES.iter().any(|ending| lower.ends_with(ending))
}

/// True when the first bytes are those of an archive, whatever the name says.
pub(super) fn looks_packed(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(512).read_to_end(&mut head));
    if read.is_err() {
        return false;
    }
    let magic: [&[u8]; 6] = [
        b"PK\x03\x04",
        b"PK\x05\x06",
        b"\x1f\x8b",
        b"BZh",
        b"\xfd7zXZ\0",
        b"\x28\xb5\x2f\xfd",
    ];
    magic.iter().any(|m| head.starts_with(m)) || head.get(257..262) == Some(b"ustar")
}

/// The entries of a directory, sorted by name. What cannot be listed is left to the caller to say.
pub(super) fn list(directory: &Path) -> std::io::Result<Vec<(String, PathBuf, std::fs::FileType)>> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        out.push((name, entry.path(), entry.file_type()?));
    }
    out.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(out)
}

/// Adds everything below a directory that is named on the command line.
pub(super) fn survey(root: &Path, plan: &mut Plan) {
    let name = root
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    if name.ends_with(".dist-info") || name.ends_with(".egg-info") {
        // In an unpacked sdist or wheel, the folder beside the code describes it just as well.
        let site = root
            .parent()
            .filter(|p| !p.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        plan.targets.push(Target::Installed(site.to_owned(), name));
        return;
    }
    if installed::is_environment(root) {
        for site in installed::sites(root) {
            installed::environment(&site, plan);
        }
        return;
    }
    let mut found = Survey::default();
    found.walk(root, plan);
    if found.targets.is_empty() && found.loose {
        found.targets.push(Target::Tree(root.to_owned()));
    } else if found.loose {
        plan.skip(
            root,
            "Python files beside the artifacts: name them, or their own directory",
        );
    }
    plan.targets.append(&mut found.targets);
}

#[derive(Default)]
struct Survey {
    targets: Vec<Target>,
    /// Python outside of any project.
    loose: bool,
}

impl Survey {
    fn walk(&mut self, root: &Path, plan: &mut Plan) {
        let mut waiting = vec![(root.to_owned(), 0_usize, false)];
        let mut entered = 0;
        while let Some((directory, depth, inside)) = waiting.pop() {
            entered += 1;
            if entered > MAX_DIRECTORIES || depth > MAX_DEPTH {
                plan.skip(&directory, "too many directories, or too deep");
                continue;
            }
            let entries = match list(&directory) {
                Ok(entries) => entries,
                Err(error) => {
                    // The target fails when it is read, and the run is incomplete.
                    if !inside {
                        self.targets.push(Target::Tree(directory));
                    }
                    plan.skip(root, &error.to_string());
                    continue;
                }
            };
            let is_file = |name: &str| {
                entries
                    .iter()
                    .any(|(n, _, kind)| n == name && kind.is_file())
            };
            let project = !inside && PROJECT.iter().any(|name| is_file(name));
            if project {
                self.targets.push(Target::Tree(directory.clone()));
            }
            for (name, path, kind) in entries {
                if kind.is_dir() {
                    if let Some(reason) = left_out(&name, &path) {
                        plan.skip(&path, reason);
                    } else {
                        waiting.push((path, depth + 1, inside || project));
                    }
                } else if kind.is_file() && is_archive_name(&name) {
                    self.targets.push(Target::Archive(path));
                } else if !inside && !project && (name.ends_with(".py") || name.ends_with(".pth")) {
                    self.loose = true;
                }
            }
        }
    }
}

/// Why a folder is no part of the project around it.
pub(super) fn left_out(name: &str, path: &Path) -> Option<&'static str> {
    if VERSION_CONTROL.contains(&name) {
        return Some("version control");
    }
    path.join("pyvenv.cfg")
        .is_file()
        .then_some("an environment: name it, or use --python")
}
