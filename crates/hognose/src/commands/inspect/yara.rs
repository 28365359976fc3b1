//! `--yara`: files and directories of rules become one matcher.

use std::path::PathBuf;
use std::sync::Arc;

use hognose_behaviour::Matcher;

use crate::error::Failure;

/// Compiles what the flag names; nothing without the flag.
pub(super) fn matcher(named: &[PathBuf]) -> Result<Option<Arc<dyn Matcher>>, Failure> {
    if named.is_empty() {
        return Ok(None);
    }
    compile(named).map(Some)
}

#[cfg(not(feature = "yara"))]
fn compile(_named: &[PathBuf]) -> Result<Arc<dyn Matcher>, Failure> {
    Err(
        Failure::usage("this build of hognose has no YARA engine: it lacks the feature `yara`")
            .hint("released builds have it; from source: `cargo build --profile dist -p hognose --features yara`"),
    )
}

#[cfg(feature = "yara")]
use files::compile;

#[cfg(feature = "yara")]
mod files {
    use std::path::{Path, PathBuf};
    use std::sync::Arc;

    use hognose_behaviour::Matcher;
    use hognose_behaviour::yara::{SourceFile, YaraRules};

    use super::super::tree;
    use crate::error::Failure;

    /// Larger than any file of rules a person writes, and than most that programs write.
    const MAX_FILE: u64 = 16 << 20;
    /// Bytes of all files.
    const MAX_BYTES: usize = 128 << 20;
    /// Files and directories of one directory that are looked at.
    const MAX_ENTRIES: usize = 50_000;

    pub(super) fn compile(named: &[PathBuf]) -> Result<Arc<dyn Matcher>, Failure> {
        let mut files = Vec::new();
        for path in named {
            let meta = std::fs::metadata(path).map_err(|e| unreadable(path, &e))?;
            if meta.is_dir() {
                directory(path, &mut files)?;
            } else {
                files.push(read(path, path.file_name().map_or(path, Path::new))?);
            }
            if files.iter().map(|f| f.text.len()).sum::<usize>() > MAX_BYTES {
                let message = format!("the YARA rules are over the limit of {MAX_BYTES} bytes");
                return Err(Failure::usage(message));
            }
        }
        let rules = YaraRules::compile(&files).map_err(|error| {
            let what = match error.line {
                0 => error.file.clone(),
                line => format!("{}:{line}", error.file),
            };
            Failure::usage(format!("the YARA rules {what} cannot be used"))
                .because(&std::io::Error::other(error.reason))
                .hint(
                    "`docs/inspect.md` says which modules there are and what an `include` may name",
                )
        })?;
        Ok(Arc::new(rules))
    }

    fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
        Failure::usage(format!("cannot read {}", path.display())).because(error)
    }

    /// Every `.yar` and `.yara` file below a directory; a link that leads out of it is refused.
    fn directory(root: &Path, files: &mut Vec<SourceFile>) -> Result<(), Failure> {
        let before = files.len();
        let mut waiting = vec![root.to_owned()];
        let mut entries = 0;
        while let Some(directory) = waiting.pop() {
            let list = tree::list(&directory).map_err(|e| unreadable(&directory, &e))?;
            for (name, path, kind) in list {
                entries += 1;
                if entries > MAX_ENTRIES {
                    let shown = root.display();
                    let message = format!("{shown} holds more than {MAX_ENTRIES} files");
                    return Err(Failure::usage(message).hint("name the directory of the rules"));
                }
                if kind.is_dir() {
                    waiting.push(path);
                } else if is_rules(&name) {
                    if kind.is_symlink() && !stays_inside(root, &path) {
                        let shown = path.display();
                        return Err(Failure::usage(format!(
                            "{shown} is a link that leads out of the directory of YARA rules"
                        )));
                    }
                    files.push(read(&path, path.strip_prefix(root).unwrap_or(&path))?);
                }
            }
        }
        if files.len() == before {
            let message = format!("{} holds no .yar or .yara file", root.display());
            return Err(Failure::usage(message));
        }
        files.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(())
    }

    fn is_rules(name: &str) -> bool {
        let lower = name.to_ascii_lowercase();
        lower.ends_with(".yar") || lower.ends_with(".yara")
    }

    fn stays_inside(root: &Path, link: &Path) -> bool {
        match (root.canonicalize(), link.canonicalize()) {
            (Ok(root), Ok(target)) => target.starts_with(root),
            _ => false,
        }
    }

    /// A file; its rules live in a namespace named like its path below the directory, without the ending.
    fn read(path: &Path, below: &Path) -> Result<SourceFile, Failure> {
        let size = std::fs::metadata(path).map_err(|e| unreadable(path, &e))?;
        if size.len() > MAX_FILE {
            let shown = path.display();
            let message = format!("{shown} is over the limit of {MAX_FILE} bytes");
            return Err(Failure::usage(message));
        }
        let text = std::fs::read_to_string(path).map_err(|e| unreadable(path, &e))?;
        let namespace = below.with_extension("");
        Ok(SourceFile {
            name: path.display().to_string().replace('\\', "/"),
            namespace: namespace.display().to_string().replace('\\', "/"),
            text,
        })
    }
}
