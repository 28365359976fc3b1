//! `hognose gateway check`: what would be refused of what locks pin.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hognose_gateway::{Checked, Gateway};
use hognose_inventory::{Disk, Options, scan_paths};
use hognose_store::Opening;
use hognose_types::{
    ComponentKind, ComponentVersion, Decision, DigestAlgorithm, Inventory, PackageName, Source,
    Version, text,
};

use super::state::Place;
use super::{Happened, Request, build, runtime};
use crate::cli::{CheckArgs, Cli, StateArgs};
use crate::error::Failure;
use crate::exit::Exit;
use crate::output;
use crate::surroundings::Surroundings;

/// Releases judged at a time.
const AT_A_TIME: usize = 8;

pub(super) fn run(
    cli: &Cli,
    args: &CheckArgs,
    surroundings: &Surroundings,
) -> Result<Exit, Failure> {
    // What a gateway has seen counts here too, where it is to be had; nothing is made for it.
    let place = Place::of_gateway(&StateArgs::default(), &args.serve, surroundings);
    let store = place
        .ok()
        .and_then(|place| place.open(Opening::Existing).ok());
    let built = build(&Request {
        args: &args.serve,
        prefix: String::new(),
        quiet: cli.quiet,
        events: Arc::new(Happened::default()),
        store,
        nodes: false,
        surroundings,
    })?;
    for notice in built.notices.iter().filter(|_| !cli.quiet) {
        output::warning(notice);
    }
    let here = [PathBuf::from(".")];
    let paths = if args.paths.is_empty() {
        &here[..]
    } else {
        &args.paths
    };
    let pinned = pinned(paths)?;
    let outcome = runtime()?.block_on(judged(&built.gateway, pinned));
    output::data(&outcome.text())?;
    if !cli.quiet {
        output::human(&outcome.summary());
    }
    Ok(outcome.exit())
}

/// A release that a lock pins, and the hashes it allows.
pub(in crate::commands) struct Pinned {
    name: PackageName,
    version: Version,
    hashes: Vec<String>,
}

/// What locks pin, and what they leave open.
#[derive(Default)]
pub(in crate::commands) struct Wanted {
    pinned: Vec<Pinned>,
    /// What could not be read or is not pinned.
    open: Vec<String>,
}

impl Wanted {
    /// Where nothing but the hashes of a lock holds an installer to what was judged, a release without any is open.
    pub(in crate::commands) fn by_hash_alone(mut self) -> Self {
        let (held, free): (Vec<_>, Vec<_>) =
            self.pinned.into_iter().partition(|p| !p.hashes.is_empty());
        let told = free
            .iter()
            .map(|p| format!("{} {} has no sha256 in the lock", p.name, p.version));
        self.open.extend(told);
        self.pinned = held;
        self
    }
}

/// The releases that paths pin.
pub(in crate::commands) fn pinned(paths: &[PathBuf]) -> Result<Wanted, Failure> {
    let texts: Vec<String> = paths.iter().map(|p| word(p)).collect::<Result<_, _>>()?;
    let inventory = scan_paths(&Disk, &texts, &Options::default());
    Ok(wanted(&inventory))
}

fn word(path: &Path) -> Result<String, Failure> {
    let text = path.to_str().map(str::to_owned);
    text.ok_or_else(|| Failure::usage(format!("{} is no text", path.display())))
}

fn wanted(inventory: &Inventory) -> Wanted {
    let mut releases: BTreeMap<(PackageName, Version), BTreeSet<String>> = BTreeMap::new();
    let mut open: BTreeSet<String> = inventory.gaps.iter().map(|g| g.message.clone()).collect();
    for component in &inventory.components {
        if component.kind != ComponentKind::Distribution {
            continue;
        }
        match &component.source {
            Source::Default | Source::Index { .. } => {}
            Source::Url { url } | Source::Vcs { url, .. } => {
                open.insert(format!("{} is fetched from {url}", component.name));
                continue;
            }
            Source::Path { .. } => continue,
        }
        let ComponentVersion::Pinned(version) = &component.version else {
            open.insert(format!("{} is not pinned", component.name));
            continue;
        };
        let hashes = component.hashes.iter();
        let hashes = hashes.filter(|h| h.algorithm() == DigestAlgorithm::Sha256);
        releases
            .entry((component.name.clone(), version.clone()))
            .or_default()
            .extend(hashes.map(|h| h.hex().to_owned()));
    }
    let pinned = releases
        .into_iter()
        .map(|((name, version), hashes)| Pinned {
            name,
            version,
            hashes: hashes.into_iter().collect(),
        });
    Wanted {
        pinned: pinned.collect(),
        open: open.into_iter().collect(),
    }
}

/// What became of all of them.
#[derive(Default)]
pub(in crate::commands) struct Outcome {
    releases: usize,
    /// `name version` and what was decided, in order.
    told: Vec<(Decision, String)>,
    unknown: Vec<String>,
}

/// Judges releases, several at a time.
pub(in crate::commands) async fn judged(gateway: &Arc<Gateway>, wanted: Wanted) -> Outcome {
    let mut out = Outcome {
        releases: wanted.pinned.len(),
        unknown: wanted.open,
        ..Outcome::default()
    };
    let room = Arc::new(tokio::sync::Semaphore::new(AT_A_TIME));
    let mut tasks = Vec::new();
    for release in wanted.pinned {
        let (gateway, room) = (Arc::clone(gateway), Arc::clone(&room));
        tasks.push(tokio::spawn(async move {
            let _permit = room.acquire_owned().await;
            let checked = gateway
                .check(&release.name, &release.version, &release.hashes)
                .await;
            (
                format!("{} {}", release.name, release.version.as_str()),
                checked,
            )
        }));
    }
    for task in tasks {
        match task.await {
            Ok((label, checked)) => out.take(&label, checked),
            Err(_) => out.unknown.push("a release could not be judged".to_owned()),
        }
    }
    out
}

impl Outcome {
    fn take(&mut self, label: &str, checked: Checked) {
        // The worst of a release's files speaks for it.
        let worst = checked
            .files
            .into_iter()
            .map(|(_, ruling)| ruling)
            .max_by_key(|ruling| ruling.decision);
        if let Some(ruling) = worst
            && let Some(summary) = ruling.summary()
        {
            let line = format!("{label}: {}", text::short(&summary, 300));
            self.told.push((ruling.decision, line));
        }
        let unknown = checked.unknown.into_iter();
        self.unknown
            .extend(unknown.map(|why| format!("{label}: {why}")));
    }

    pub(in crate::commands) fn blocks(&self) -> usize {
        self.told
            .iter()
            .filter(|(decision, _)| *decision == Decision::Block)
            .count()
    }

    /// One line for each release that is refused, warned about, or not known.
    pub(in crate::commands) fn text(&self) -> String {
        let mut out = String::new();
        for decision in [Decision::Block, Decision::Warn] {
            let word = if decision == Decision::Block {
                "block"
            } else {
                "warn "
            };
            for (_, line) in self.told.iter().filter(|(d, _)| *d == decision) {
                out.push_str(&format!("{word}  {line}\n"));
            }
        }
        for line in &self.unknown {
            out.push_str(&format!("?      {}\n", text::short(line, 300)));
        }
        out
    }

    pub(in crate::commands) fn summary(&self) -> String {
        format!(
            "{} releases: {} would be refused, {} could not be judged",
            self.releases,
            self.blocks(),
            self.unknown.len()
        )
    }

    pub(in crate::commands) fn exit(&self) -> Exit {
        if self.blocks() > 0 {
            Exit::Findings
        } else if !self.unknown.is_empty() {
            Exit::Incomplete
        } else if self.releases == 0 {
            Exit::Nothing
        } else {
            Exit::Clean
        }
    }
}
