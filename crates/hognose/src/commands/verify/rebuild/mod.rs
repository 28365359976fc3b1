//! `--rebuild`: wheels on disk beside what the sdist of their release gives when it is built here.
//!
//! The one place of the program that runs code of a package: because the user asks for it, and where it reaches nothing.

#[cfg(target_os = "linux")]
mod build;
#[cfg(target_os = "linux")]
mod needs;
#[cfg(target_os = "linux")]
mod sandbox;
#[cfg(target_os = "linux")]
mod source;

use hognose_advisories::Judgement;
use hognose_types::{Inventory, Notice};

use super::attested::Looked;
use crate::cli::VerifyArgs;
use crate::error::Failure;
use crate::surroundings::Surroundings;

/// Builds every wheel again whose sdist is here, and compares.
#[cfg(not(target_os = "linux"))]
pub(super) fn add(
    (args, _): (&VerifyArgs, &Surroundings),
    _: &mut [Looked<'_>],
    _: &Inventory,
    _: &mut Judgement,
    _: &mut Vec<Notice>,
) -> Result<(), Failure> {
    if args.rebuild {
        return Err(Failure::usage(
            "`--rebuild` needs Linux: nothing else can confine a build",
        ));
    }
    Ok(())
}

/// Builds every wheel again whose sdist is here, and compares.
#[cfg(target_os = "linux")]
pub(super) fn add(
    (args, surroundings): (&VerifyArgs, &Surroundings),
    looks: &mut [Looked<'_>],
    inventory: &Inventory,
    evidence: &mut Judgement,
    notices: &mut Vec<Notice>,
) -> Result<(), Failure> {
    if !args.rebuild {
        return Ok(());
    }
    let is_pair = |look: &Looked<'_>| {
        let local = &look.release.local;
        let wheels = local.iter().filter(|one| build::is_wheel(one)).count();
        (1..local.len()).contains(&wheels)
    };
    if !looks.iter().any(is_pair) {
        let message =
            "`--rebuild` builds the sdist of a wheel's release, and no such pair is named";
        return Err(Failure::usage(message).hint("name both files, or a directory that holds them"));
    }
    let builder = build::Builder::new(args, surroundings)?;
    notices.extend(builder.missing().map(super::notice));
    let mut places = hognose_types::Places::new(inventory);
    for look in looks.iter_mut().filter(|look| is_pair(look)) {
        builder.all(look, (evidence, notices), &mut places);
    }
    Ok(())
}
