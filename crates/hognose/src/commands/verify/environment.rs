//! Installed environments: what is there beside what was recorded when it was installed.

use std::path::{Path, PathBuf};

use hognose_advisories::Judgement;
use hognose_provenance::environment::{Environment, Place, check};
use hognose_types::{InputFormat, InputId, Inventory, Notice};

use super::wheels;
use crate::cli::VerifyArgs;
use crate::error::Failure;
use crate::python;
use crate::surroundings::Surroundings;

/// One environment and the inputs that are parts of it.
#[derive(Debug)]
pub(super) struct Installed {
    pub(super) environment: Environment,
    pub(super) inputs: Vec<InputId>,
}

/// Checks every environment of an inventory.
pub(super) fn add(
    request: &wheels::Request<'_>,
    evidence: &mut Judgement,
    notices: &mut Vec<Notice>,
) -> Result<(), Failure> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let here = here();
    let shown = |path: &str| relative(path, &here);
    for one in &of(request.args, request.inventory, request.surroundings) {
        let mut report = check(&one.environment, threads);
        if request.args.against_index {
            evidence
                .gaps
                .extend(wheels::add(one, &mut report, request)?);
        }
        let found = report.evidence(&Place {
            inventory: request.inventory,
            inputs: &one.inputs,
            shown: &shown,
        });
        evidence.findings.extend(found.findings);
        evidence.gaps.extend(found.gaps);
        notices.extend(found.notices);
    }
    Ok(())
}

/// The environments that were read.
fn of(args: &VerifyArgs, inventory: &Inventory, surroundings: &Surroundings) -> Vec<Installed> {
    let mut out: Vec<Installed> = Vec::new();
    let interpreter = args.input.python.as_deref();
    let prefix = interpreter.and_then(|python| python::prefix(python, surroundings));
    let prefix = prefix.map(|prefix| absolute(&prefix));
    for (at, input) in inventory.inputs.iter().enumerate() {
        if input.format != InputFormat::Environment {
            continue;
        }
        let path = absolute(Path::new(&input.path));
        let id = InputId(at);
        let of_interpreter = prefix.as_deref().filter(|prefix| path.starts_with(prefix));
        let known = of_interpreter.and_then(|prefix| {
            let same = |one: &&mut Installed| one.environment.prefix.as_deref() == Some(prefix);
            out.iter_mut().find(same)
        });
        if let Some(known) = known {
            known.environment.sites.push(path);
            known.inputs.push(id);
            continue;
        }
        let environment = match of_interpreter {
            Some(prefix) => Environment {
                prefix: Some(prefix.to_owned()),
                scripts: programs(prefix),
                sites: vec![path],
                libraries: Vec::new(),
            },
            None => at_path(&path, surroundings),
        };
        out.push(Installed {
            environment,
            inputs: vec![id],
        });
    }
    for one in &mut out {
        more(args, &mut one.environment, surroundings);
    }
    out
}

/// A virtual environment with all that is in it, or a directory of distributions.
fn at_path(path: &Path, surroundings: &Surroundings) -> Environment {
    if !path.join("pyvenv.cfg").is_file() {
        return Environment {
            sites: vec![path.to_owned()],
            ..Environment::default()
        };
    }
    let sites = python::site_packages(path, surroundings).unwrap_or_default();
    let sites = sites.iter().map(|site| absolute(site));
    Environment {
        prefix: Some(path.to_owned()),
        // The system's packages, which some environments see, are not part of them.
        sites: sites.filter(|site| site.starts_with(path)).collect(),
        scripts: programs(path),
        libraries: Vec::new(),
    }
}

/// Where programs of a virtual environment are; those of a system belong to it.
fn programs(prefix: &Path) -> Vec<PathBuf> {
    if !prefix.join("pyvenv.cfg").is_file() {
        return Vec::new();
    }
    let places = ["bin", "Scripts"].map(|name| prefix.join(name));
    places.into_iter().filter(|path| path.is_dir()).collect()
}

/// What is looked at when it is asked for.
fn more(args: &VerifyArgs, environment: &mut Environment, surroundings: &Surroundings) {
    let python = args
        .input
        .python
        .clone()
        .or_else(|| environment.prefix.clone());
    if args.stdlib
        && let Some(python) = &python
    {
        let libraries = python::standard_libraries(python, surroundings);
        let libraries = libraries.iter().map(|path| absolute(path));
        environment.libraries = libraries.filter(|path| path.is_dir()).collect();
    }
    if args.user_site {
        let user = python::user_site(None, surroundings);
        let user = user.iter().map(|path| absolute(path));
        let known = environment.sites.clone();
        environment
            .sites
            .extend(user.filter(|path| !known.contains(path)));
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn here() -> String {
    absolute(Path::new("."))
        .to_string_lossy()
        .replace('\\', "/")
}

/// A path as the user would write it.
fn relative(path: &str, here: &str) -> String {
    let rest = path.strip_prefix(here.trim_end_matches('/'));
    let rest = rest.and_then(|rest| rest.strip_prefix('/'));
    rest.unwrap_or(path).to_owned()
}
