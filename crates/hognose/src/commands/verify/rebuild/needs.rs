//! What a build needs before it starts: a Python, and projects of the index.
//!
//! Nothing of the sdist runs here: installers get names alone, and take wheels alone, whose code nobody starts before the sandbox.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use hognose_types::text::short;

use super::sandbox::program;
use crate::cli::VerifyArgs;
use crate::error::Failure;
use crate::surroundings::Surroundings;

/// The first version of pip that can leave out what was uploaded later.
const DATED_PIP: u32 = 26;

/// The interpreter that builds.
#[derive(Debug)]
pub(super) struct Python {
    path: PathBuf,
    /// Where its library is.
    pub(super) base: PathBuf,
    /// `python3.12`.
    name: String,
}

impl Python {
    /// The one that is named, else `python3`. It is started: who asks for a build has said so.
    pub(super) fn find(args: &VerifyArgs, surroundings: &Surroundings) -> Result<Self, Failure> {
        let named = args
            .rebuild_python
            .as_deref()
            .unwrap_or(Path::new("python3"));
        let is_path = named.components().count() > 1;
        let path = if is_path {
            Some(named.to_owned()).filter(|path| path.is_file())
        } else {
            program(named, surroundings)
        };
        let missing = || {
            Failure::usage(format!(
                "there is no Python {} to build with",
                named.display()
            ))
            .hint("name one with `--rebuild-python`")
        };
        let path = std::path::absolute(path.ok_or_else(missing)?).map_err(|_| missing())?;
        let asked =
            "import sys; print(sys.base_prefix); print('python%d.%d' % sys.version_info[:2])";
        let output = Command::new(&path)
            .args(["-I", "-S", "-c", asked])
            .stdin(Stdio::null())
            .output()
            .map_err(|_| missing())?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut lines = said.lines();
        match (lines.next(), lines.next()) {
            (Some(base), Some(name)) if output.status.success() => Ok(Self {
                path,
                base: PathBuf::from(base),
                name: name.to_owned(),
            }),
            _ => Err(missing()),
        }
    }

    /// An environment that holds nothing; answers its interpreter and the directory that distributions go into.
    pub(super) fn environment(&self, at: &Path) -> Result<(PathBuf, PathBuf), String> {
        let words = ["-I", "-m", "venv", "--without-pip"].map(OsString::from);
        let words = words.into_iter().chain([at.as_os_str().to_owned()]);
        done(
            Command::new(&self.path).args(words),
            "an environment cannot be made",
        )?;
        let site = at.join("lib").join(&self.name).join("site-packages");
        Ok((at.join("bin").join("python"), site))
    }
}

/// Who installs, and how it is told of a day.
#[derive(Debug)]
pub(super) struct Installer {
    words: Vec<OsString>,
    day: Option<&'static str>,
    /// Its name and version.
    pub(super) name: String,
}

impl Installer {
    /// pip, as the Python has it, because its settings say which index is the user's; else uv.
    pub(super) fn find(python: &Python, surroundings: &Surroundings) -> Option<Self> {
        let pip = ["-I", "-m", "pip"].map(OsString::from);
        let said = Command::new(&python.path)
            .args(&pip)
            .arg("--version")
            .stdin(Stdio::null())
            .output();
        if let Ok(said) = said
            && said.status.success()
        {
            let said = String::from_utf8_lossy(&said.stdout).into_owned();
            let version = said.split(' ').nth(1).unwrap_or_default();
            let major = version
                .split('.')
                .next()
                .and_then(|n| n.parse::<u32>().ok());
            let mut words = vec![python.path.clone().into_os_string()];
            words.extend(pip);
            let options = [
                "--disable-pip-version-check",
                "--no-input",
                "install",
                "--upgrade",
                "--no-compile",
            ];
            words.extend(options.map(OsString::from));
            return Some(Self {
                words,
                day: major
                    .is_some_and(|major| major >= DATED_PIP)
                    .then_some("--uploaded-prior-to"),
                name: format!("pip {version}"),
            });
        }
        let uv = program("uv", surroundings)?;
        let mut words = vec![uv.into_os_string()];
        words.extend(["pip", "install", "--python"].map(OsString::from));
        words.push(python.path.clone().into_os_string());
        Some(Self {
            words,
            day: Some("--exclude-newer"),
            name: "uv".to_owned(),
        })
    }

    /// Installs projects into a directory, as they were on a day where there is one; answers what has to be said of that.
    pub(super) fn install(
        &self,
        requires: &[String],
        site: &Path,
        uploaded: Option<&str>,
        args: &VerifyArgs,
    ) -> Result<Option<String>, String> {
        let list = site.with_file_name("requires.txt");
        std::fs::write(&list, requires.join("\n") + "\n").map_err(|e| e.to_string())?;
        let run = |day: &[OsString]| {
            let (program, words) = self.words.split_first().ok_or("there is no installer")?;
            let mut command = Command::new(program);
            command
                .args(words)
                .args(["--only-binary", ":all:"])
                .args(day);
            command.arg("--target").arg(site).arg("-r").arg(&list);
            if let Some(index) = &args.index.index_url {
                command.arg("--index-url").arg(index);
            }
            for index in &args.index.extra_index_url {
                command.arg("--extra-index-url").arg(index);
            }
            // Names of files in requirements would be looked for here.
            let here = site.with_file_name("nothing");
            std::fs::create_dir_all(&here).map_err(|e| e.to_string())?;
            done(
                command.current_dir(here),
                "what it needs to be built cannot be had",
            )
        };
        let today = |why: &str| {
            format!("what it was built with is of today, and not of the day of the release: {why}")
        };
        match (self.day, uploaded) {
            (Some(option), Some(day)) => {
                let dated = run(&[option.into(), day.into()]);
                let Err(why) = dated else { return Ok(None) };
                run(&[]).map(|()| Some(today(&why)))
            }
            (None, Some(_)) => run(&[]).map(|()| {
                Some(today(&format!(
                    "{} cannot leave out what was uploaded later",
                    self.name
                )))
            }),
            (_, None) => {
                run(&[]).map(|()| Some(today("no index says when the release was uploaded")))
            }
        }
    }
}

fn done(command: &mut Command, what: &str) -> Result<(), String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|e| format!("{what}: {e}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let line = said.lines().rev().find(|line| line.contains("rror"));
    let line = line.or_else(|| said.lines().last()).unwrap_or_default();
    Err(format!("{what}: {}", short(line.trim(), 300)))
}
