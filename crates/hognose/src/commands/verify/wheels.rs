//! Installed distributions beside the wheels of their index.

use std::fs::File;

use hognose_index::{Client, FileKind, IndexFile};
use hognose_provenance::environment::{Report, compare_wheel, is_wheel_of};
use hognose_types::{Component, Gap, Inventory, PackageName, rules, text};

use super::environment::Installed;
use crate::cli::VerifyArgs;
use crate::commands::scan::clients::Clients;
use crate::commands::scan::parallel;
use crate::error::Failure;
use crate::index_settings::{self, Asking};
use crate::settings;
use crate::surroundings::Surroundings;

/// What asking takes.
#[derive(Debug)]
pub(super) struct Request<'a> {
    pub(super) args: &'a VerifyArgs,
    pub(super) inventory: &'a Inventory,
    pub(super) quiet: bool,
    pub(super) surroundings: &'a Surroundings,
}

/// Adds what is apart from the wheels of the index, and says what could not be compared.
pub(super) fn add(
    one: &Installed,
    report: &mut Report,
    request: &Request<'_>,
) -> Result<Vec<Gap>, Failure> {
    let args = request.args;
    let python = args.input.python.as_deref();
    let mut indexes = index_settings::find(&args.index, python, true, request.surroundings)?;
    let cache = settings::cache_of(args.cache_dir.as_deref(), request.surroundings)?;
    indexes.asking = Asking {
        cache: Some(cache.clone()),
        offline: args.offline,
        revalidate: false,
    };
    let wanted: Vec<(usize, PackageName)> = report
        .distributions
        .iter()
        .enumerate()
        .filter(|(_, distribution)| distribution.has_record && distribution.editable.is_none())
        .filter_map(|(at, distribution)| Some((at, PackageName::new(&distribution.name).ok()?)))
        .collect();
    let clients = Clients::new(
        wanted.iter().map(|(_, name)| (name, "")),
        &indexes,
        request.surroundings,
    );
    let artifacts = cache.join("artifacts");
    let shared = &*report;
    let compare = |(at, name): &(usize, PackageName)| {
        let distribution = shared.distributions.get(*at);
        let distribution = distribution.ok_or_else(|| "it is not there".to_owned())?;
        let client = clients.of(name, "")?;
        let wheel = wheel(client, name, |file| is_wheel_of(distribution, file))?;
        let got = client.download(&wheel, &artifacts, &mut |_, _| {});
        let path = got.map_err(|e| e.to_string())?.path;
        let file = File::open(&path).map_err(|e| e.to_string())?;
        compare_wheel(file, &one.environment, distribution, *at).map_err(|e| e.to_string())
    };
    let compared = parallel::each(&wanted, "comparing with wheels", request.quiet, &compare);
    let mut gaps = Vec::new();
    for ((_, name), came) in wanted.iter().zip(compared) {
        match came.unwrap_or_else(|| Err("the comparison ended early".to_owned())) {
            Ok(problems) => report.problems.extend(problems),
            Err(reason) => gaps.push(gap(name, &reason, request.inventory)),
        }
    }
    report.problems.sort_by(|a, b| a.file.cmp(&b.file));
    index_settings::prune(&indexes.asking, request.surroundings);
    Ok(gaps)
}

/// The wheel that was installed, as the index has it.
fn wheel(
    client: &Client,
    name: &PackageName,
    is_it: impl Fn(&str) -> bool,
) -> Result<IndexFile, String> {
    let listing = client.files(name).map_err(|e| e.to_string())?;
    if listing.known_to.is_empty() {
        return Err("no index has it".to_owned());
    }
    let mut files = listing.files.into_iter();
    files
        .find(|file| file.kind == FileKind::Wheel && is_it(&file.filename))
        .ok_or_else(|| "the index has no wheel with the tags that were installed; it was built here, or comes from elsewhere".to_owned())
}

fn gap(name: &PackageName, reason: &str, inventory: &Inventory) -> Gap {
    let component = inventory.components.iter().find(|c| c.name == *name);
    let location = component.and_then(|c| c.declarations.first());
    Gap {
        rule: rules::gap_index::ID,
        subject: component.map_or_else(|| name.to_string(), Component::label),
        location: location.map(|d| d.location.clone()),
        message: format!(
            "it was not compared with the wheel of its index: {}",
            text::short(reason, 300)
        ),
        hint: None,
        groups: Vec::new(),
    }
}
