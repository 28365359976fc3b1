//! `hognose lock pylock.toml`: a sha256 for every file of the lock that has none.

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::Path;

use hognose_provenance::hashes::pylock::{Lacking, completed, lacking};
use sha2::{Digest as _, Sha384, Sha512};

use super::each;
use crate::cli::{Cli, LockArgs};
use crate::commands::scan::clients::Clients;
use crate::error::Failure;
use crate::exit::Exit;
use crate::output;
use crate::surroundings::Surroundings;

/// How much of a file is hashed at a time.
const PART: usize = 1 << 20;

/// Whether a file is called as a lock of this kind has to be.
pub(super) fn is_named(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let inner = name.strip_prefix("pylock.");
    name == "pylock.toml" || inner.is_some_and(|rest| rest.ends_with(".toml"))
}

pub(super) fn run(
    cli: &Cli,
    args: &LockArgs,
    text: &str,
    surroundings: &Surroundings,
) -> Result<Exit, Failure> {
    let shown = args.file.display().to_string();
    let files = lacking(text).map_err(|fault| {
        Failure::usage(format!("cannot complete the hashes of {shown}")).because(&fault)
    })?;
    if args.check {
        let lines = files.iter().map(|file| {
            let Lacking { line, file, .. } = file;
            format!("{shown}:{line}: {file} lacks a sha256\n")
        });
        output::data(&lines.collect::<String>())?;
        return Ok(if files.is_empty() {
            Exit::Clean
        } else {
            Exit::Findings
        });
    }
    let answers = each(cli, args, &files, |file| &file.name, &sha256, surroundings)?;
    let mut hexes = Vec::with_capacity(files.len());
    for (file, answer) in files.iter().zip(answers) {
        hexes.push(answer.map_err(|reason| {
            Failure::incomplete(format!("{} cannot be hashed", file.file))
                .because(&super::Reason(reason))
        })?);
    }
    if !files.is_empty() {
        output::file(&args.file, &completed(text, &files, &hexes))?;
    }
    if !cli.quiet {
        let plural = if files.len() == 1 { "" } else { "s" };
        output::human(&match files.len() {
            0 => format!("{shown} has every hash already"),
            n => format!("{shown}: completed the hashes of {n} file{plural}"),
        });
    }
    Ok(Exit::Clean)
}

/// The sha256 of a file as the index has it, where its bytes are those that the lock means.
fn sha256(wanted: &Lacking, clients: &Clients<'_>, artifacts: &Path) -> Result<String, String> {
    let client = clients.of(&wanted.name, "")?;
    let listing = client.files(&wanted.name).map_err(|e| e.to_string())?;
    let found = listing
        .files
        .iter()
        .find(|file| file.filename == wanted.file && file.version == wanted.version);
    let found = found.ok_or_else(|| "the index has no such file".to_owned())?;
    let got = client.download(found, artifacts, &mut |_, _| {});
    let got = got.map_err(|e| e.to_string())?;
    agrees(&got.path, wanted)?;
    Ok(got.sha256)
}

/// Whether bytes have the size and the other hashes that the lock states.
fn agrees(path: &Path, wanted: &Lacking) -> Result<(), String> {
    let mut file = std::fs::File::open(path).map_err(|e| e.to_string())?;
    let (mut sha384, mut sha512, mut size) = (Sha384::new(), Sha512::new(), 0_u64);
    let mut part = vec![0; PART];
    loop {
        let read = file.read(&mut part).map_err(|e| e.to_string())?;
        let Some(bytes) = part.get(..read).filter(|bytes| !bytes.is_empty()) else {
            break;
        };
        size += bytes.len() as u64;
        sha384.update(bytes);
        sha512.update(bytes);
    }
    if wanted.size.is_some_and(|stated| stated != size) {
        return Err(format!(
            "the index has {size} bytes, and the lock another size"
        ));
    }
    let known = [
        ("sha384", hex(&sha384.finalize())),
        ("sha512", hex(&sha512.finalize())),
    ];
    for (algorithm, stated) in &wanted.others {
        let Some((_, found)) = known.iter().find(|(name, _)| name == algorithm) else {
            output::warning(&format!(
                "{}: its {algorithm} is not compared with what the index has",
                wanted.file
            ));
            continue;
        };
        if found != stated {
            return Err(format!(
                "the index has other bytes than the {algorithm} of the lock"
            ));
        }
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}
