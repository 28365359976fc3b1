//! Whether an installed environment is still what its installers put there: `debsums` for Python.
//!
//! Every row of every RECORD is compared with the file it names; then comes what no RECORD lists and Python would load all
//! the same: modules, libraries, what starts with every interpreter, programs. Bytecode, which Python runs in place of
//! its source, is compared with that source. Files are read, nothing is run, nothing is followed out of the environment.

mod activate;
mod against;
mod bytecode;
mod claims;
mod conclude;
mod digest;
mod findings;
mod hooks;
mod interpreter;
mod paths;
mod report;
mod said;
mod scripts;
mod unhashed;
mod walk;

use std::fs;
use std::sync::atomic::Ordering;

pub use against::{compare_wheel, is_wheel_of};
pub use bytecode::{Bytecode, Difference};
pub use findings::{Evidence, Place};
pub use paths::Environment;
pub use report::{
    Apart, Counts, Distribution, Hook, HookKind, Own, Problem, ProblemKind, Report, RowFault,
    Unchecked, Unlisted, Without,
};

use claims::{Claims, Gathered, Stated, gather};
use paths::Site;
use walk::{Directory, Found, Work};

/// How many files a thread takes at a time.
const CHUNK: usize = 64;

/// Checks an environment with some threads.
pub fn check(environment: &Environment, threads: usize) -> Report {
    let prefix = environment.prefix.as_deref();
    let sites: Vec<Site> = environment
        .sites
        .iter()
        .map(|path| Site::new(path, prefix))
        .collect();
    let mut gathered = Gathered::default();
    for site in &sites {
        gather(site, &mut gathered);
    }
    unhashed::check(&sites, environment, &mut gathered);
    let claims = std::mem::take(&mut gathered.claims);
    let work = sites.iter().map(|site| (site.path.clone(), true));
    let libraries = environment
        .libraries
        .iter()
        .map(|path| (path.clone(), false));
    let work = work.chain(libraries).map(|(path, is_listed)| {
        Work::Directory(Directory {
            text: paths::text(&path),
            path,
            depth: 0,
            is_listed,
        })
    });
    let mut found = walk::walk(work.collect(), &claims, threads);
    found.absorb(elsewhere(&claims, threads));
    conclude::report(&sites, environment, &claims, gathered, found)
}

/// Claimed files that were not met on the way: they lie outside the sites, behind links, or nowhere.
fn elsewhere(claims: &Claims, threads: usize) -> Found {
    let mut found = Found::default();
    let mut there = Vec::new();
    let mut unseen: Vec<(&str, u32)> = claims
        .by_path
        .iter()
        .filter(|(_, at)| {
            let claim = claims.all.get(**at as usize);
            claim.is_some_and(|claim| !claim.seen.load(Ordering::Relaxed))
        })
        .map(|(path, at)| (&**path, *at))
        .collect();
    unseen.sort_unstable();
    for (path, at) in unseen {
        if fs::metadata(path).is_ok_and(|metadata| metadata.is_file()) {
            there.push(path.to_owned());
            continue;
        }
        // Bytecode comes and goes, and some installers list directories.
        let stated = claims
            .of(path)
            .find(|(_, claim)| claim.digest != Stated::None || claim.size.is_some());
        let claim = claims.all.get(at as usize).filter(|_| stated.is_some());
        found.problems.extend(claim.map(|claim| Problem {
            file: path.to_owned(),
            distribution: Some(claim.by),
            kind: ProblemKind::Missing,
        }));
    }
    let work = there.chunks(CHUNK).map(|c| Work::Files(c.to_vec()));
    found.absorb(walk::walk(work.collect(), claims, threads));
    found
}

/// Compares bytecode with its source. `time` is when the source was written, in seconds modulo 2³², and `file` the name of
/// the bytecode without its folder.
pub fn compare_bytecode(source: &[u8], time: u32, file: &str, bytecode: &[u8]) -> Bytecode {
    bytecode::Source::new(source, time).compare(file, bytecode)
}
