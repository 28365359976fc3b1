//! The interpreter of an environment, and what `pyvenv.cfg` says of it. No RECORD lists either, and whoever replaces one of
//! them runs with every program of the environment. What tools write there says the same thing several times over:
//! `home`, the link in `bin`, and in most files the command that made the environment.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

use super::claims::small;
use super::paths::{self, Environment};
use super::report::{Own, Problem, ProblemKind, Report, Unchecked, Without};

/// Links from one name of the interpreter to the next.
const LINKS: usize = 8;
/// How much of two interpreters is compared at a time.
const PART: usize = 256 << 10;

/// Whether a name is one of an interpreter: `python`, `python3.13t`, `pypy3`.
pub(super) fn is_named(name: &str) -> bool {
    let name = name.strip_suffix(".exe").unwrap_or(name);
    // What CPython 3.14 adds in jest.
    if name == "\u{1d70b}thon" {
        return true;
    }
    let stems = ["python", "pypy", "graalpy"];
    let rest = stems.iter().find_map(|stem| name.strip_prefix(stem));
    let rest = rest.map(|rest| rest.strip_suffix("-intel64").unwrap_or(rest));
    rest.is_some_and(|rest| {
        let rest = rest.strip_suffix("_d").unwrap_or(rest);
        let rest = rest.trim_start_matches('w').trim_end_matches(['t', 'd']);
        rest.bytes().all(|b| b.is_ascii_digit() || b == b'.')
    })
}

/// Checks the interpreter and the settings of an environment.
pub(super) fn check(environment: &Environment, report: &mut Report) {
    let Some(prefix) = &environment.prefix else {
        return;
    };
    let Some(text) = small(&prefix.join("pyvenv.cfg")) else {
        return;
    };
    let settings = Settings::of(&text);
    report.sees_system = settings.sees_system();
    let file = format!("{}/pyvenv.cfg", paths::text(prefix));
    let faults = settings.faults(environment);
    report
        .problems
        .extend(faults.into_iter().map(|own| said(file.clone(), own)));
    // Windows has launchers in place of links, which are no copies of anything in `home`.
    if cfg!(windows) {
        return;
    }
    for directory in &environment.scripts {
        interpreters(directory, &settings, report);
    }
}

fn said(file: String, own: Own) -> Problem {
    Problem {
        file,
        distribution: None,
        kind: ProblemKind::Own(own),
    }
}

fn interpreters(directory: &Path, settings: &Settings<'_>, report: &mut Report) {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    for entry in entries.take(super::walk::MAX_FILES) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_file = entry
            .file_type()
            .is_ok_and(|kind| kind.is_file() || kind.is_symlink());
        if !is_file || !is_named(&name) {
            continue;
        }
        let file = format!("{}/{name}", paths::text(directory));
        match settings.interpreter(&directory.join(&name), directory) {
            Verdict::Same => {}
            Verdict::Other(own) => report.problems.push(said(file, own)),
            Verdict::Unknown(why) => {
                let why = Without::Unreadable(why);
                report.unchecked.push(Unchecked::new(file, why));
            }
        }
    }
}

/// What came of looking at one interpreter.
enum Verdict {
    Same,
    Other(Own),
    Unknown(String),
}

/// The lines of `pyvenv.cfg`: keys in lower case, and values.
struct Settings<'t> {
    lines: Vec<(String, &'t str)>,
}

impl<'t> Settings<'t> {
    fn of(text: &'t str) -> Self {
        let lines = text.trim_start_matches('\u{feff}').lines();
        let pairs = lines.filter_map(|line| line.split_once('='));
        Self {
            lines: pairs
                .map(|(key, value)| (key.trim().to_lowercase(), value.trim()))
                .collect(),
        }
    }

    fn get(&self, key: &str) -> Option<&'t str> {
        let mut lines = self.lines.iter();
        lines.find(|(name, _)| name == key).map(|(_, value)| *value)
    }

    fn home(&self) -> Option<&Path> {
        self.get("home")
            .filter(|home| !home.is_empty())
            .map(Path::new)
    }

    fn sees_system(&self) -> bool {
        self.get("include-system-site-packages")
            .is_some_and(|value| !value.eq_ignore_ascii_case("false"))
    }

    /// What the file says against itself.
    fn faults(&self, environment: &Environment) -> Vec<Own> {
        let mut out = Vec::new();
        for key in ["home", "include-system-site-packages"] {
            if self.lines.iter().filter(|(name, _)| name == key).count() > 1 {
                out.push(Own::Key(key.to_owned()));
            }
        }
        let command = self.get("command");
        // virtualenv writes a command, too, but not what it was asked for.
        let by_venv = command.filter(|command| command.contains(" -m venv "));
        let asked = by_venv.is_none_or(|command| command.contains("--system-site-packages"));
        if self.sees_system() && !asked {
            out.push(Own::System);
        }
        let by = command.and_then(|command| command.split(" -m ").next());
        let stated = [self.get("executable"), self.get("base-executable"), by];
        let prefix = environment.prefix.as_deref();
        let strange = stated
            .into_iter()
            .flatten()
            .find(|path| !self.is_of_home(Path::new(path), prefix));
        if let Some(strange) = strange {
            out.push(Own::Home {
                home: self.get("home").unwrap_or_default().to_owned(),
                made_by: strange.to_owned(),
            });
        }
        out
    }

    /// Whether an interpreter that made the environment is the one of `home`; one that is not there says nothing.
    fn is_of_home(&self, path: &Path, prefix: Option<&Path>) -> bool {
        let (Some(home), Ok(found)) = (self.home(), fs::canonicalize(path)) else {
            return true;
        };
        let of_other = |path: &Path| {
            let other = path.parent().and_then(Path::parent);
            other.is_some_and(|p| Some(p) != prefix && p.join("pyvenv.cfg").is_file())
        };
        if is_in(path, home) || of_other(path) || of_other(&found) {
            return true;
        }
        let same_folder = fs::canonicalize(home).is_ok_and(|home| is_in(&found, &home));
        same_folder || self.bases(path).any(|base| base == found)
    }

    /// The interpreters that `home` holds under the usual names and that of a file, wherever they lead.
    fn bases(&self, named: &Path) -> impl Iterator<Item = PathBuf> {
        let home = self.home().map(Path::to_owned);
        let version = self.get("version").or(self.get("version_info"));
        let version = version.and_then(|version| {
            let mut parts = version.split('.');
            Some(format!("python{}.{}", parts.next()?, parts.next()?))
        });
        let name = named.file_name().map(|n| n.to_string_lossy().into_owned());
        let usual = ["python3", "python", "pypy3", "pypy", "graalpy"];
        let names = name.into_iter().chain(version);
        let names: Vec<String> = names.chain(usual.map(str::to_owned)).collect();
        let paths = names.into_iter().flat_map(|name| {
            let inner = format!("bin/{name}");
            [name, inner]
        });
        paths.filter_map(move |name| {
            let path = fs::canonicalize(home.as_ref()?.join(name)).ok()?;
            path.is_file().then_some(path)
        })
    }

    /// Whether a file of `bin` is the interpreter of `home`, by a link or as a copy.
    fn interpreter(&self, path: &Path, directory: &Path) -> Verdict {
        let Some(leads) = out_of(path, directory) else {
            return self.copied(path);
        };
        let elsewhere = || {
            Verdict::Other(Own::Elsewhere {
                leads: paths::text(&leads),
                home: self.get("home").unwrap_or_default().to_owned(),
            })
        };
        let Some(home) = self.home() else {
            return elsewhere();
        };
        let name = leads.file_name().unwrap_or_default().to_string_lossy();
        let found = fs::canonicalize(&leads).ok();
        let as_written = is_in(&leads, &plain(home)) && is_named(&name);
        let is_base = found
            .as_ref()
            .is_some_and(|found| self.bases(&leads).any(|base| base == *found));
        if !as_written && !is_base {
            return elsewhere();
        }
        match found {
            Some(found) if is_text(&found) => Verdict::Other(Own::Script),
            _ => Verdict::Same,
        }
    }

    /// A file of its own beside the interpreter of `home`.
    fn copied(&self, path: &Path) -> Verdict {
        if is_text(path) {
            return Verdict::Other(Own::Script);
        }
        let Ok(size) = fs::metadata(path).map(|metadata| metadata.len()) else {
            return Verdict::Unknown("it leads nowhere".to_owned());
        };
        let Some(base) = self.bases(path).next() else {
            return Verdict::Unknown(
                "the interpreter that it was copied from is not there".to_owned(),
            );
        };
        let is_copy = |base: &PathBuf| {
            fs::metadata(base).is_ok_and(|metadata| metadata.len() == size)
                && same_bytes(path, base).unwrap_or(false)
        };
        if self.bases(path).any(|base| is_copy(&base)) {
            return Verdict::Same;
        }
        Verdict::Other(Own::NoCopy {
            of: paths::text(&base),
        })
    }
}

/// Whether a program is in `home`, or in its `bin`: old versions of virtualenv name the directory above.
fn is_in(path: &Path, home: &Path) -> bool {
    let folder = path.parent();
    folder == Some(home) || folder == Some(&home.join("bin"))
}

/// Where links lead from a file out of its directory; none where they end in it.
fn out_of(path: &Path, directory: &Path) -> Option<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        let target = fs::read_link(&path).ok()?;
        let next = plain(&directory.join(target));
        if next.parent() != Some(directory) {
            return Some(next);
        }
        path = next;
    }
    Some(path)
}

/// A path without `.` and `..`, by its text.
fn plain(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}

/// Whether a file is run by whatever its first line names.
fn is_text(path: &Path) -> bool {
    let mut head = [0; 2];
    // Opening what a link to a pipe leads to would wait for ever.
    path.is_file()
        && File::open(path).is_ok_and(|mut file| file.read_exact(&mut head).is_ok())
        && head == *b"#!"
}

fn same_bytes(one: &Path, other: &Path) -> std::io::Result<bool> {
    let (mut one, mut other) = (File::open(one)?, File::open(other)?);
    let (mut a, mut b) = (Vec::new(), Vec::new());
    loop {
        a.clear();
        b.clear();
        one.by_ref().take(PART as u64).read_to_end(&mut a)?;
        other.by_ref().take(PART as u64).read_to_end(&mut b)?;
        if a != b {
            return Ok(false);
        }
        if a.is_empty() {
            return Ok(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_interpreters() {
        for name in [
            "python",
            "python3",
            "python3.13t",
            "pythonw.exe",
            "python_d.exe",
            "pypy3.10",
            "graalpy",
            "python3-intel64",
        ] {
            assert!(is_named(name), "{name}");
        }
        for name in ["python-evil", "python3.sh", "pythonista", "pip", "activate"] {
            assert!(!is_named(name), "{name}");
        }
    }
}
