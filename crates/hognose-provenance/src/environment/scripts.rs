//! Programs of an environment: those that nobody lists, and those that do more than call what they should.

use std::fs;
use std::path::Path;

use super::bytecode::names_of;
use super::claims::{Claims, small};
use super::paths::{self, Environment};
use super::report::{Distribution, Problem, ProblemKind, Report, Unlisted};
use super::{activate, interpreter};

/// Further programs that come with an environment; nothing of them is known but the name.
const OWN: [&str; 3] = ["pydoc", "python-config", "__pycache__"];
/// Words of the programs that installers write for entry points.
const WRITTEN: [&str; 38] = [
    "False",
    "None",
    "True",
    "__main__",
    "__name__",
    "argv",
    "as",
    "def",
    "elif",
    "else",
    "encoding",
    "endswith",
    "except",
    "exe",
    "exit",
    "from",
    "if",
    "import",
    "in",
    "is",
    "len",
    "main",
    "not",
    "or",
    "pass",
    "path",
    "pyw",
    "rc",
    "re",
    "removesuffix",
    "return",
    "script",
    "strip",
    "sub",
    "sys",
    "try",
    "utf",
    "and",
];

/// Checks the programs of an environment.
pub(super) fn check(environment: &Environment, claims: &Claims, report: &mut Report) {
    for directory in &environment.scripts {
        unlisted(directory, claims, report);
    }
    let folders: Vec<(usize, String)> = report
        .distributions
        .iter()
        .enumerate()
        .filter(|(_, distribution)| distribution.has_record)
        .map(|(at, distribution)| (at, distribution.folder.clone()))
        .collect();
    for (at, folder) in folders {
        let path = Path::new(&folder).join("entry_points.txt");
        let Some(declared) = small(&path) else {
            continue;
        };
        for (name, entry) in entry_points(&declared) {
            for directory in &environment.scripts {
                let text = format!("{}/{name}", paths::text(directory));
                let is_own = claims.of(&text).any(|(_, claim)| claim.by == at);
                if !is_own {
                    continue;
                }
                if let Some(word) = stranger(Path::new(&text), entry) {
                    report.problems.push(Problem {
                        file: text,
                        distribution: Some(at),
                        kind: ProblemKind::Script {
                            entry: entry.to_owned(),
                            word,
                        },
                    });
                }
            }
        }
    }
}

fn unlisted(directory: &Path, claims: &Claims, report: &mut Report) {
    let folder = paths::text(directory);
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    for entry in entries.take(super::walk::MAX_FILES) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let text = format!("{folder}/{name}");
        let is_program = entry
            .file_type()
            .is_ok_and(|kind| kind.is_file() || kind.is_symlink())
            && is_executable(&entry.path());
        // What begins with a dot is found by nobody who looks for a program.
        let is_own = OWN.contains(&name.as_str())
            || name.starts_with('.')
            || activate::language(&name).is_some()
            || interpreter::is_named(&name);
        if is_program && !is_own && !claims.by_path.contains_key(text.as_str()) {
            report.problems.push(Problem {
                file: text,
                distribution: None,
                kind: ProblemKind::Unlisted {
                    what: Unlisted::Script,
                    files: 1,
                    shadows: None,
                },
            });
        }
    }
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    let endings = ["exe", "bat", "cmd", "ps1", "py"];
    let ending = path.extension().and_then(|e| e.to_str()).unwrap_or("");
    endings.contains(&ending.to_ascii_lowercase().as_str())
}

/// Names of programs and what they call: `name = module:function`.
fn entry_points(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut inside = false;
    text.lines().filter_map(move |line| {
        let line = line.trim();
        if let Some(section) = line.strip_prefix('[') {
            inside = matches!(
                section.trim_end_matches(']'),
                "console_scripts" | "gui_scripts"
            );
            return None;
        }
        let (name, entry) = line.split_once('=').filter(|_| inside)?;
        let name = name.trim();
        let plain = !name.is_empty() && !name.contains(['/', '\\']) && name != "..";
        plain.then(|| (name, entry.split('[').next().unwrap_or(entry).trim()))
    })
}

/// Whether a program is what installers write for the entry points of a distribution, under whatever name.
pub(super) fn is_written(path: &Path, distribution: &Distribution) -> bool {
    let declared = small(&Path::new(&distribution.folder).join("entry_points.txt"));
    let declared = declared.unwrap_or_default();
    let entries: Vec<&str> = entry_points(&declared).map(|(_, entry)| entry).collect();
    let is_text = small(path).is_some_and(|text| text.starts_with("#!"));
    is_text && !entries.is_empty() && stranger(path, &entries.join(":")).is_none()
}

/// A word of a program that calling its entry point does not need.
fn stranger(path: &Path, entry: &str) -> Option<String> {
    let text = small(path)?;
    // A launcher for Windows is no text, and what is no Python is compared by its hash alone.
    let first = text.lines().next()?;
    if !first.starts_with("#!") {
        return None;
    }
    let called: Vec<&str> = entry.split([':', '.']).map(str::trim).collect();
    names_of(&text)
        .into_iter()
        .find(|word| !WRITTEN.contains(word) && !called.contains(word))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_call_what_they_should() {
        let declared =
            "[console_scripts]\nrun = pkg.cli:main [extra]\n../x = a:b\n[other]\ny = a:b\n";
        let found: Vec<_> = entry_points(declared).collect();
        assert_eq!(found, [("run", "pkg.cli:main")]);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run");
        let honest = "#!/e/bin/python\n# -*- coding: utf-8 -*-\nimport re\nimport sys\nfrom pkg.cli import main\nif __name__ == '__main__':\n    sys.argv[0] = re.sub(r'(-script\\.pyw|\\.exe)?$', '', sys.argv[0])\n    sys.exit(main())\n";
        fs::write(&path, honest).unwrap();
        assert_eq!(stranger(&path, "pkg.cli:main"), None);
        fs::write(
            &path,
            honest.replace("import re\n", "import re, os; os.system('id')\n"),
        )
        .unwrap();
        assert_eq!(stranger(&path, "pkg.cli:main"), Some("os".to_owned()));
        fs::write(
            &path,
            honest.replace(
                "#!/e/bin/python\n",
                "#!/bin/sh\n'''exec' /very/long/python \"$0\" \"$@\"\n' '''\n",
            ),
        )
        .unwrap();
        assert_eq!(stranger(&path, "pkg.cli:main"), None);
    }
}
