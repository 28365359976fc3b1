//! `hognose lock`: the sha256 of every artifact of each pinned release, written into the file that pins it. Each is that of
//! bytes that were fetched, or one that the file already has.

mod pylock;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use hognose_index::IndexFile;
use hognose_provenance::hashes::requirements::{self, Pin, Refusal};
use hognose_types::{PackageName, Version};

use super::scan::clients::Clients;
use super::scan::parallel;
use crate::cli::{Cli, LockArgs};
use crate::error::Failure;
use crate::exit::Exit;
use crate::index_settings::{self, Asking};
use crate::output;
use crate::settings;
use crate::surroundings::Surroundings;

/// Largest requirements file.
const MAX_FILE: u64 = 64 << 20;
/// Most refusals that are told at once.
const REFUSALS: usize = 20;

/// The sha256 of every file of a release.
type Hashes = BTreeMap<(PackageName, Version), Vec<String>>;

pub(super) fn run(
    cli: &Cli,
    args: &LockArgs,
    surroundings: &Surroundings,
) -> Result<Exit, Failure> {
    let shown = args.file.display().to_string();
    let bytes =
        read(&args.file).map_err(|e| Failure::usage(format!("cannot read {shown}")).because(&e))?;
    let text = String::from_utf8(bytes)
        .map_err(|e| Failure::usage(format!("{shown} is not UTF-8")).because(&e))?;
    if pylock::is_named(&args.file) {
        return pylock::run(cli, args, &text, surroundings);
    }
    if args.file.extension().is_some_and(|e| e == "toml") {
        return Err(Failure::usage(format!("{shown} is no requirements file, and no pylock.toml"))
            .hint("the tool that writes a lock writes its hashes too; `hognose verify` says what is wrong with them"));
    }
    let file = requirements::read(&text).map_err(|refusals| refused(&shown, &refusals))?;
    if file.pins.is_empty() {
        output::human(&format!("{shown} pins nothing"));
        return Ok(Exit::Nothing);
    }
    for (line, other) in &file.includes {
        output::warning(&format!(
            "{shown}:{line}: the hashes of {other} are its own: run `hognose lock` on it too"
        ));
    }
    let found = fetch(cli, args, &file.pins, surroundings)?;
    let lacking = lacking(&shown, &file.pins, &found);
    if args.check {
        let lines = lacking.iter().flat_map(|line| [line.as_str(), "\n"]);
        output::data(&lines.collect::<String>())?;
        return Ok(if lacking.is_empty() {
            Exit::Clean
        } else {
            Exit::Findings
        });
    }
    if !lacking.is_empty() {
        output::file(&args.file, &file.with(&found))?;
    }
    if !cli.quiet {
        let plural = if lacking.len() == 1 { "" } else { "s" };
        output::human(&match lacking.len() {
            0 => format!("{shown} has every hash already"),
            n => format!("{shown}: completed the hashes of {n} requirement{plural}"),
        });
    }
    Ok(Exit::Clean)
}

/// The whole file, within the limit.
fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(MAX_FILE + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(std::io::Error::other(format!(
            "it is over the limit of {MAX_FILE} bytes"
        )));
    }
    Ok(bytes)
}

fn refused(shown: &str, refusals: &[Refusal]) -> Failure {
    let failure = Failure::usage(format!("cannot complete the hashes of {shown}"));
    let told = refusals
        .iter()
        .take(REFUSALS)
        .fold(failure, |failure, refusal| {
            failure.because(&Reason(format!("{shown}:{}: {refusal}", refusal.line())))
        });
    told.hint("pin every requirement with `==` (pip-compile and `uv pip compile` do); keep repositories and directories in a file of their own")
}

/// A reason in words.
#[derive(Debug)]
struct Reason(String);

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Reason {}

/// The hashes of every file of every release.
fn fetch(
    cli: &Cli,
    args: &LockArgs,
    pins: &[Pin],
    surroundings: &Surroundings,
) -> Result<Hashes, Failure> {
    let answers = each(cli, args, pins, |pin| &pin.name, &release, surroundings)?;
    let mut out = Hashes::new();
    for (pin, answer) in pins.iter().zip(answers) {
        let hashes = answer.map_err(|reason| {
            let message = format!("the files of {} {} cannot be hashed", pin.name, pin.version);
            Failure::incomplete(message).because(&Reason(reason))
        })?;
        out.insert((pin.name.clone(), pin.version.clone()), hashes);
    }
    Ok(out)
}

/// Asks the indexes for everything that is wanted, each with a function that is given the index of a project and the
/// directory of artifacts.
fn each<W: Sync, A: Send>(
    cli: &Cli,
    args: &LockArgs,
    wanted: &[W],
    name: impl Fn(&W) -> &PackageName,
    ask: &(impl Fn(&W, &Clients<'_>, &Path) -> Result<A, String> + Sync),
    surroundings: &Surroundings,
) -> Result<Vec<Result<A, String>>, Failure> {
    let files = std::slice::from_ref(&args.file);
    let mut indexes = index_settings::find_for(&args.index, None, true, files, surroundings)?;
    let cache = settings::cache_of(args.cache_dir.as_deref(), surroundings)?;
    indexes.asking = Asking {
        cache: Some(cache.clone()),
        offline: args.offline,
        revalidate: true,
    };
    let clients = Clients::new(
        wanted.iter().map(|one| (name(one), "")),
        &indexes,
        surroundings,
    );
    let artifacts = cache.join("artifacts");
    let ask = |one: &W| ask(one, &clients, &artifacts);
    let answers = parallel::each(wanted, "fetching artifacts", cli.quiet, &ask);
    index_settings::prune(&indexes.asking, surroundings);
    let ended = || Err("the question ended early".to_owned());
    Ok(answers
        .into_iter()
        .map(|answer| answer.unwrap_or_else(ended))
        .collect())
}

/// The sha256 of every file of a release. What the file names already and the index announces is not fetched again.
fn release(pin: &Pin, clients: &Clients<'_>, artifacts: &Path) -> Result<Vec<String>, String> {
    let client = clients.of(&pin.name, "")?;
    let listing = client.files(&pin.name).map_err(|e| e.to_string())?;
    let of_release = |file: &&IndexFile| file.version == pin.version;
    let files: Vec<&IndexFile> = listing.files.iter().filter(of_release).collect();
    if files.is_empty() {
        return Err("the index has no such release".to_owned());
    }
    let mut out = Vec::new();
    for file in files {
        let known = file.sha256.as_ref().filter(|hex| pin.sha256.contains(hex));
        out.push(match known {
            Some(hex) => hex.clone(),
            None => {
                client
                    .download(file, artifacts, &mut |_, _| {})
                    .map_err(|e| e.to_string())?
                    .sha256
            }
        });
    }
    Ok(out)
}

/// What is to be done, one line each.
fn lacking(shown: &str, pins: &[Pin], found: &Hashes) -> Vec<String> {
    let mut out = Vec::new();
    for pin in pins {
        let Some(all) = found.get(&(pin.name.clone(), pin.version.clone())) else {
            continue;
        };
        let missing = all.iter().filter(|hex| !pin.sha256.contains(hex)).count();
        let what = match (missing, pin.others) {
            (0, 0) => None,
            (0, _) => Some("has hashes that are no sha256".to_owned()),
            (missing, _) => Some(format!("lacks {missing} of {} hashes", all.len())),
        };
        out.extend(
            what.map(|what| format!("{shown}:{}: {} {} {what}", pin.line, pin.name, pin.version)),
        );
        for strange in pin.sha256.iter().filter(|hex| !all.contains(hex)) {
            output::warning(&format!(
                "{shown}:{}: sha256:{strange} is of no file of {} {} that the index has; it stays",
                pin.line, pin.name, pin.version
            ));
        }
    }
    out
}
