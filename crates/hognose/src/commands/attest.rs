//! `hognose attest`: a verification, and a signed statement of what it found.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use hognose_provenance::summary::{SigningKey, Summary};
use hognose_report::{FileVerdict, ScanReport};

use super::verify;
use crate::cli::{AttestArgs, AttestCommand, Cli};
use crate::error::Failure;
use crate::exit::Exit;
use crate::output;
use crate::surroundings::Surroundings;

/// Largest key.
const MAX_KEY: u64 = 64 << 10;

pub(super) fn run(
    cli: &Cli,
    args: &AttestArgs,
    surroundings: &Surroundings,
) -> Result<Exit, Failure> {
    if let Some(AttestCommand::Keygen { file }) = &args.command {
        return keygen(cli, file);
    }
    let (Some(path), Some(to)) = (&args.verify.key, &args.to) else {
        return Err(Failure::usage("there is no --key to sign with")
            .hint("`hognose attest keygen FILE` makes one"));
    };
    if args.verify.attestation.is_some() {
        return Err(Failure::usage(
            "--attestation belongs to `hognose verify`: here its key would be the one that signs",
        ));
    }
    let shown = path.display();
    let text = verify::limited(path, MAX_KEY)
        .map_err(|e| Failure::usage(format!("cannot read {shown}")).because(&e))?;
    let key = SigningKey::from_pem(&String::from_utf8_lossy(&text))
        .map_err(|e| Failure::usage(format!("{shown} is no key to sign with")).because(&e))?;
    verify::run_and(cli, &args.verify, surroundings, &|report, policy, exit| {
        let summary = summary(report, policy, matches!(exit, Exit::Clean), args)?;
        let signed = summary
            .signed(&key)
            .map_err(|e| Failure::incomplete("what was found cannot be signed").because(&e))?;
        output::file(to, &(signed + "\n"))?;
        if !cli.quiet {
            let count = summary.subjects.len();
            let plural = if count == 1 { "" } else { "s" };
            let result = if summary.passed { "passed" } else { "failed" };
            output::human(&format!(
                "{} says of {count} file{plural} that verification {result}",
                to.display()
            ));
        }
        Ok(())
    })
}

/// What a report says of files.
fn summary(
    report: &ScanReport,
    policy: &str,
    passed: bool,
    args: &AttestArgs,
) -> Result<Summary, Failure> {
    let files = report.verified.as_deref().unwrap_or_default();
    let mut out = Summary {
        version: report.tool_version.clone(),
        time: report.started.clone(),
        policy: match policy {
            "" => "urn:hognose:policy:default".to_owned(),
            _ => "urn:hognose:policy".to_owned(),
        },
        policy_sha256: Some(policy.to_owned()).filter(|sha256| !sha256.is_empty()),
        passed,
        attested: files.iter().all(|f| f.verdict == FileVerdict::Verified),
        ..Summary::default()
    };
    for file in files {
        let Some(hex) = &file.sha256 else {
            return Err(Failure::incomplete(format!(
                "the digest of {} is not known, so nothing can be signed of it",
                file.file
            )));
        };
        let other = out.subjects.insert(file.file.clone(), hex.clone());
        if other.is_some_and(|other| other != *hex) {
            return Err(Failure::usage(format!(
                "there are two files of the name {} with different bytes",
                file.file
            )));
        }
    }
    if out.subjects.is_empty() {
        return Err(Failure::usage(
            "nothing was verified that has a digest: there is nothing to sign",
        )
        .hint("name wheels, sdists, a lock or a requirements file with hashes"));
    }
    let mut releases: Vec<String> = files
        .iter()
        .map(|f| format!("pkg:pypi/{}@{}", f.package, f.version))
        .collect();
    releases.dedup();
    out.resource = match (&args.resource, releases.as_slice()) {
        (Some(named), _) => named.clone(),
        (None, [one]) => one.clone(),
        (None, _) => "urn:hognose:files".to_owned(),
    };
    Ok(out)
}

fn keygen(cli: &Cli, file: &Path) -> Result<Exit, Failure> {
    let fault = |e: &dyn std::error::Error| Failure::incomplete("no key can be made").because(e);
    let private = SigningKey::generate().map_err(|e| fault(&e))?;
    let public = SigningKey::from_pem(&private)
        .and_then(|key| key.public_pem())
        .map_err(|e| fault(&e))?;
    let mut beside = file.as_os_str().to_owned();
    beside.push(".pub");
    let beside = PathBuf::from(beside);
    write(file, &private, true)?;
    write(&beside, &public, false)?;
    if !cli.quiet {
        output::human(&format!(
            "{} signs; {} is for those who verify",
            file.display(),
            beside.display()
        ));
    }
    Ok(Exit::Clean)
}

/// Writes a file that is not there yet.
fn write(path: &Path, text: &str, is_secret: bool) -> Result<(), Failure> {
    let mut options = std::fs::File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(if is_secret { 0o600 } else { 0o644 });
    }
    #[cfg(not(unix))]
    let _ = is_secret;
    let written = options
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|e| Failure::usage(format!("cannot write {}", path.display())).because(&e))
}
