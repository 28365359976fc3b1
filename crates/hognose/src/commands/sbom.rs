//! `hognose sbom`: the inventory alone.

use hognose_inventory::Disk;
use hognose_report::{SbomMeta, sbom};
use hognose_types::{ComponentKind, Gap, Inventory, rules, text};

use crate::cli::SbomArgs;
use crate::error::Failure;
use crate::exit::Exit;
use crate::surroundings::Surroundings;
use crate::{output, settings};

pub(super) fn run(args: &SbomArgs, surroundings: &Surroundings) -> Result<Exit, Failure> {
    let start = settings::start(&args.input);
    let found = settings::configuration(args.input.config.as_deref(), args.input.no_config, start)?;
    let options = settings::inventory_options(&args.input, &found, surroundings)?;
    let inventory = super::scan::collect(&Disk, &args.input, &options, surroundings)?;
    let project = inventory
        .components
        .iter()
        .find(|c| c.kind == ComponentKind::Project);
    let absolute = std::path::absolute(start).unwrap_or_default();
    let directory = absolute
        .file_name()
        .map(|n| n.to_string_lossy().into_owned());
    let meta = SbomMeta {
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        timestamp: surroundings.timestamp(),
        name: project
            .map(|p| p.name.to_string())
            .or(directory)
            .unwrap_or_else(|| "project".to_owned()),
        version: project.and_then(|p| p.version.as_str().map(str::to_owned)),
    };
    let document = sbom(&inventory, args.format, &meta)
        .map_err(|e| Failure::incomplete("cannot write the SBOM").because(&e))?;
    match &args.output {
        Some(path) => output::file(path, &document)?,
        None => output::data(&document)?,
    }
    for gap in &inventory.gaps {
        output::warning(&warning(gap));
    }
    Ok(
        match (inventory.inputs.is_empty(), lists_everything(&inventory)) {
            (_, false) => Exit::Incomplete,
            (true, true) => Exit::Nothing,
            (false, true) => Exit::Clean,
        },
    )
}

/// Place, subject and message; a subject that is the place is not said twice.
fn warning(gap: &Gap) -> String {
    let place = gap.location.as_ref();
    let subject = Some(&gap.subject).filter(|subject| place.is_none_or(|l| l.file != **subject));
    let parts = [
        place.map(ToString::to_string),
        subject.map(|subject| text::line(subject).into_owned()),
        Some(gap.message.clone()),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(": ")
}

/// A version that is not pinned is listed as such, and nothing is missing; a file that cannot be read is.
fn lists_everything(inventory: &Inventory) -> bool {
    inventory
        .gaps
        .iter()
        .all(|gap| gap.rule != rules::gap_unreadable::ID)
}
