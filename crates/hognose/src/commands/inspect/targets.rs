//! What the arguments mean: archives, files, projects, distributions.

use std::path::{Path, PathBuf};

use hognose_behaviour::Inspection;
use hognose_behaviour::artifact::Kind;
use hognose_index::FileKind;
use hognose_types::Version;

use super::fetch::{Fetcher, Wanted};
use super::{installed, tree};
use crate::cli::InspectArgs;
use crate::error::Failure;
use crate::python;
use crate::surroundings::Surroundings;

/// One thing to inspect.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    /// A wheel, sdist or any other archive.
    Archive(PathBuf),
    /// A single file that is no archive.
    File(PathBuf),
    /// An unpacked project.
    Tree(PathBuf),
    /// An installed distribution: its `site-packages`, and the folder or file there that describes it.
    Installed(PathBuf, String),
    /// The files of a `site-packages` that belong to no distribution.
    Loose(PathBuf),
}

impl Target {
    /// The path shown.
    pub(super) fn display(&self) -> String {
        let path = match self {
            Self::Archive(path) | Self::File(path) | Self::Tree(path) | Self::Loose(path) => {
                path.clone()
            }
            Self::Installed(site, info) => site.join(info),
        };
        let shown = path.display().to_string();
        shown
            .strip_prefix("./")
            .map_or(shown.clone(), str::to_owned)
    }

    /// What it is, before it was read.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Archive(_) => "archive",
            Self::File(_) => "file",
            Self::Tree(_) => "directory",
            Self::Installed(..) => "installed",
            Self::Loose(_) => "files of no distribution",
        }
    }

    /// What it is.
    pub(super) fn kind(&self, inspection: &Inspection) -> &'static str {
        let Self::Archive(path) = self else {
            return self.word();
        };
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .to_ascii_lowercase();
        match inspection.kind {
            Kind::Wheel => "wheel",
            Kind::Sdist if !inspection.metadata.name.is_empty() && !name.ends_with(".egg") => {
                "sdist"
            }
            _ => "archive",
        }
    }
}

/// What to inspect.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// In the order of the report.
    pub(super) targets: Vec<Target>,
    /// What was left out, and why.
    pub(super) skipped: Vec<hognose_report::NotRead>,
    /// The last project that was named, and the release that was found, for `--diff`.
    pub(super) named: Option<(Wanted, Version)>,
}

impl Plan {
    /// Notes something that is not inspected.
    pub(super) fn skip(&mut self, path: &Path, reason: &str) {
        self.skipped.push(hognose_report::NotRead {
            path: path.display().to_string(),
            reason: reason.to_owned(),
        });
    }
}

/// Finds everything the arguments name.
pub(super) fn plan(
    args: &InspectArgs,
    fetcher: &Fetcher<'_>,
    surroundings: &Surroundings,
) -> Result<Plan, Failure> {
    let mut plan = Plan::default();
    if args.what.is_empty() && args.python.is_none() {
        return Err(Failure::usage("nothing to inspect is named").hint(
            "name a wheel, an sdist, a directory or a project, or an environment with `--python`",
        ));
    }
    if let Some(python) = &args.python {
        for site in python::site_packages(python, surroundings)? {
            installed::environment(&site, &mut plan);
        }
    }
    for text in &args.what {
        let path = Path::new(text);
        if std::fs::symlink_metadata(path).is_ok() {
            local(path, &mut plan)?;
        } else {
            let wanted = wanted(text)?;
            let (version, found) = fetcher.artifacts(&wanted)?;
            plan.targets.extend(found.into_iter().map(Target::Archive));
            plan.named = Some((wanted, version));
        }
    }
    plan.targets.sort();
    plan.targets.dedup();
    plan.skipped.sort();
    plan.skipped.dedup();
    Ok(plan)
}

/// A name; a path that is not there is no name.
fn wanted(text: &str) -> Result<Wanted, Failure> {
    let is_path =
        text.contains(['/', '\\']) || tree::is_archive_name(text) || text.ends_with(".py");
    let missing = || {
        let shown = hognose_types::text::short(text, 120);
        Failure::usage(format!("there is no file, directory or project {shown:?}"))
            .hint("projects are named NAME or NAME==VERSION")
    };
    Some(text)
        .filter(|_| !is_path)
        .and_then(Wanted::parse)
        .ok_or_else(missing)
}

fn local(path: &Path, plan: &mut Plan) -> Result<(), Failure> {
    let kind = std::fs::metadata(path)
        .map_err(|e| Failure::usage(format!("cannot read {}", path.display())).because(&e))?;
    if kind.is_dir() {
        tree::survey(path, plan);
    } else {
        plan.targets.push(file(path));
    }
    Ok(())
}

fn file(path: &Path) -> Target {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if tree::is_archive_name(&name) || tree::looks_packed(path) {
        Target::Archive(path.to_owned())
    } else {
        Target::File(path.to_owned())
    }
}

/// The older release to compare with.
pub(super) fn older(
    old: &str,
    new: &Target,
    named: Option<&(Wanted, Version)>,
    fetcher: &Fetcher<'_>,
) -> Result<Target, Failure> {
    let path = Path::new(old);
    if !old.is_empty() && std::fs::symlink_metadata(path).is_ok() {
        let mut plan = Plan::default();
        local(path, &mut plan)?;
        return match <[Target; 1]>::try_from(plan.targets) {
            Ok([target]) => Ok(target),
            Err(targets) => {
                let message = format!(
                    "{} holds {} artifacts, and one is needed to compare with",
                    path.display(),
                    targets.len()
                );
                Err(Failure::usage(message).hint("name the file of the older release"))
            }
        };
    }
    let Some((wanted, newer)) = named else {
        let message = if old.is_empty() {
            "`--diff` needs the path of the older release".to_owned()
        } else {
            format!(
                "there is no file or directory {:?} to compare with",
                hognose_types::text::short(old, 120)
            )
        };
        return Err(Failure::usage(message).hint(
            "`hognose inspect NEW --diff OLD`, where both are wheels, sdists or directories",
        ));
    };
    let version = match old {
        "" => None,
        text => Some(Version::new(text).map_err(|e| {
            Failure::usage(format!(
                "{:?} is neither a path nor a version",
                hognose_types::text::short(text, 120)
            ))
            .because(&e)
        })?),
    };
    let kind = if new.display().ends_with(".whl") {
        FileKind::Wheel
    } else {
        FileKind::Sdist
    };
    fetcher
        .older(wanted, newer, version.as_ref(), kind)
        .map(Target::Archive)
}
