//! Where an environment's files may lie, told by the text of paths alone: asking the disk for each would cost more than
//! reading the files.

use std::path::{Path, PathBuf};

/// What is checked: an environment's directories. Nothing of it is ever run.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// The directory that everything belongs to (`sys.prefix`), where it is known.
    pub prefix: Option<PathBuf>,
    /// Where distributions are installed (`site-packages`).
    pub sites: Vec<PathBuf>,
    /// Where every program should belong to a distribution (`bin` of a virtual environment).
    pub scripts: Vec<PathBuf>,
    /// Directories of a standard library: nothing lists their files, but what starts with Python and bytecode is looked at.
    pub libraries: Vec<PathBuf>,
}

/// A directory of distributions.
#[derive(Clone, Debug)]
pub(super) struct Site {
    pub(super) path: PathBuf,
    /// The path as text, with `/`.
    pub(super) text: String,
    /// What rows may lead to.
    pub(super) root: String,
    /// Set where a tool installed into a plain directory (`pip install --target`).
    pub(super) is_target: bool,
}

impl Site {
    pub(super) fn new(path: &Path, prefix: Option<&Path>) -> Self {
        let text = text(path);
        let within = |root: &String| is_within(&text, root);
        let named = prefix.map(self::text).filter(within);
        let root = named.or_else(|| usual_prefix(&text));
        Self {
            path: path.to_owned(),
            is_target: root.is_none(),
            root: root.unwrap_or_else(|| text.clone()),
            text,
        }
    }
}

/// A path as text, with `/` and without one at the end.
pub(super) fn text(path: &Path) -> String {
    let text = path.to_string_lossy().replace('\\', "/");
    let end = text.trim_end_matches('/');
    if end.is_empty() { text } else { end.to_owned() }
}

/// The environment of a directory that is laid out the usual way.
fn usual_prefix(site: &str) -> Option<String> {
    let parts: Vec<&str> = site.rsplitn(4, '/').collect();
    match parts.as_slice() {
        [packages, python, library, prefix]
            if packages.ends_with("-packages")
                && (python.starts_with("python") || python.starts_with("pypy"))
                && library.starts_with("lib") =>
        {
            Some((*prefix).to_owned())
        }
        [packages, "Lib", name, prefix] if packages.ends_with("-packages") => {
            Some(format!("{prefix}/{name}"))
        }
        _ => None,
    }
}

pub(super) fn is_within(path: &str, root: &str) -> bool {
    path.strip_prefix(root)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || root.ends_with('/'))
}

/// Where a row of RECORD leads; none for what lies outside the environment.
pub(super) fn resolve(site: &Site, row: &str) -> Option<String> {
    if row.is_empty() || row.contains('\0') {
        return None;
    }
    let plain = !row.contains(['\\', ':'])
        && !row.starts_with('/')
        && !row.contains("//")
        && !row.split('/').any(|part| matches!(part, "." | ".."));
    if plain {
        return Some(format!("{}/{row}", site.text));
    }
    let row = row.replace('\\', "/");
    // pip moves what it installed into a temporary environment, and leaves the rows as they were.
    if site.is_target
        && let Some(script) = row.strip_prefix("../../bin/")
    {
        let plain = !script.contains('/') && script != "..";
        return plain.then(|| format!("{}/bin/{script}", site.text));
    }
    let is_absolute = row.starts_with('/') || row.get(1..3) == Some(":/");
    let start = if is_absolute { "" } else { &site.text };
    let mut parts: Vec<&str> = start.split('/').collect();
    for part in row.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop().filter(|popped| !popped.is_empty())?;
            }
            other => parts.push(other),
        }
    }
    let path = parts.join("/");
    is_within(&path, &site.root).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stay_in_the_environment() {
        let site = Site::new(Path::new("/e/lib/python3.11/site-packages"), None);
        assert_eq!(site.root, "/e");
        let at = |row: &str| resolve(&site, row);
        assert_eq!(
            at("a/b.py").unwrap(),
            "/e/lib/python3.11/site-packages/a/b.py"
        );
        assert_eq!(at("a\\b.py"), at("a/b.py"));
        assert_eq!(at("./a//b.py"), at("a/b.py"));
        assert_eq!(at("../../../bin/x").unwrap(), "/e/bin/x");
        assert_eq!(at("/e/bin/x").unwrap(), "/e/bin/x");
        for outside in [
            "../../../../etc/passwd",
            "/etc/passwd",
            "C:\\Windows\\x",
            "",
            "../../../../../../../../../../x",
            "a\0b",
            "/e/../f",
            "/ee/x",
        ] {
            assert_eq!(at(outside), None, "{outside}");
        }
    }

    #[test]
    fn other_layouts() {
        let windows = Site::new(Path::new("C:/e/Lib/site-packages"), None);
        assert_eq!(windows.root, "C:/e");
        assert_eq!(
            resolve(&windows, "..\\..\\Scripts\\x.exe").unwrap(),
            "C:/e/Scripts/x.exe"
        );
        let target = Site::new(Path::new("/t"), None);
        assert_eq!(resolve(&target, "../../bin/x").unwrap(), "/t/bin/x");
        assert_eq!(resolve(&target, "../../bin/../x"), None);
        assert_eq!(resolve(&target, "../x"), None);
    }
}
