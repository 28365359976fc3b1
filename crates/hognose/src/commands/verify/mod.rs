//! `hognose verify`: inventory → files → attestations and memory → verdict → report.

mod ask;
mod attested;
mod commits;
mod disk;
mod environment;
mod forge;
mod memory;
mod rebuild;
mod rebuilt;
mod releases;
mod rows;
mod summary;
mod wheels;

use std::path::Path;

use hognose_advisories::Judgement;
use hognose_inventory::Disk;
use hognose_policy::{Gate, Policy, decide};
use hognose_provenance::attestation::Trust;
use hognose_provenance::hashes;
use hognose_report::{ScanReport, VerifiedFile};
use hognose_types::{Decision, Inventory, Notice, Places, RuleId};

use crate::cli::{Cli, VerifyArgs};
use crate::commands::scan;
use crate::error::Failure;
use crate::exit::Exit;
use crate::settings::{self, Found};
use crate::surroundings::Surroundings;

use attested::Looked;
pub(super) use disk::limited;
pub(super) use memory::{beside, load};

/// Largest trusted root.
const MAX_ROOT: u64 = 16 << 20;

/// What is done with a report before it is over, given the digest of the configuration and how the run will end.
type Then<'t> = &'t dyn Fn(&ScanReport, &str, &Exit) -> Result<(), Failure>;

pub(super) fn run(
    cli: &Cli,
    args: &VerifyArgs,
    surroundings: &Surroundings,
) -> Result<Exit, Failure> {
    run_and(cli, args, surroundings, &|_, _, _| Ok(()))
}

/// Verifies, shows what was found, and does something with it.
pub(super) fn run_and(
    cli: &Cli,
    args: &VerifyArgs,
    surroundings: &Surroundings,
    then: Then<'_>,
) -> Result<Exit, Failure> {
    let signed = summary::read(args)?;
    let start = settings::start(&args.input);
    let found = settings::configuration(args.input.config.as_deref(), args.input.no_config, start)?;
    let policy = policy(args, &found);
    let trust = trust(args.trusted_root.as_deref())?;
    let options = settings::inventory_options(&args.input, &found, surroundings)?;
    let inventory = scan::collect(&Disk, &args.input, &options, surroundings)?;
    let memory = memory::Kept::read(args, start)?;
    let mut evidence = Judgement {
        findings: Vec::new(),
        gaps: inventory.gaps.clone(),
    };
    let mut notices = inventory.notices.clone();
    let request = wheels::Request {
        args,
        inventory: &inventory,
        quiet: cli.quiet,
        surroundings,
    };
    environment::add(&request, &mut evidence, &mut notices)?;
    evidence.findings.extend(hashes::lint(&inventory));
    let releases = releases::all(&inventory, &mut notices);
    let request = ask::Request {
        args,
        cli,
        trust: &trust,
        surroundings,
    };
    let mut looks = ask::all(&releases, &inventory, &request, &mut evidence, &mut notices)?;
    summary::compare(signed.as_ref(), &mut looks, &mut evidence);
    let places = (args, surroundings);
    sources(places, &mut looks, &inventory, &mut evidence, &mut notices)?;
    let files = judge(&looks, &inventory, &memory, &policy, &mut evidence);
    memory::stated(&inventory, &looks, &mut evidence, &mut notices);
    let learnt = args.lock.then(|| memory::learnt(&looks));
    let named = args.lock.then(|| memory::publishers(&inventory, &looks));
    drop(looks);
    let mut report = report(inventory, evidence, &policy, surroundings);
    report.notices.splice(0..0, notices);
    report.verified = Some(files);
    let shown = scan::Shown {
        format: args.format,
        output: args.output.as_deref(),
        verbose: args.verbose,
    };
    scan::show(cli, &shown, &report)?;
    if let Some(learnt) = learnt {
        memory.write(learnt, &report.judged, cli.quiet)?;
    }
    memory::name(named, &report.judged, cli.quiet)?;
    let exit = scan::exit(report.verdict);
    then(&report, &found.sha256, &exit)?;
    Ok(exit)
}

/// Compares artifacts with what they were built from.
fn sources(
    (args, surroundings): (&VerifyArgs, &Surroundings),
    looks: &mut [Looked<'_>],
    inventory: &Inventory,
    evidence: &mut Judgement,
    notices: &mut Vec<Notice>,
) -> Result<(), Failure> {
    rebuilt::add(args, looks, evidence, notices)?;
    let places = (args, surroundings);
    rebuild::add(places, looks, inventory, evidence, notices)?;
    commits::add(args, looks, inventory, surroundings, evidence, notices)?;
    commits::with_sdists(args, looks, inventory, evidence, notices)
}

/// Everything that was found, judged by the policy.
fn report(
    inventory: Inventory,
    evidence: Judgement,
    policy: &Policy,
    surroundings: &Surroundings,
) -> ScanReport {
    let anything = !inventory.inputs.is_empty();
    let today = surroundings.today();
    let outcome = decide(evidence.findings, evidence.gaps, policy, today, anything);
    ScanReport {
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        started: surroundings.timestamp(),
        command: scan::command_line(&surroundings.arguments),
        inventory,
        judged: outcome.judged,
        gaps: outcome.gaps,
        notices: outcome.notices,
        verdict: outcome.verdict,
        database: None,
        since: None,
        verified: None,
    }
}

/// Configuration and flags.
fn policy(args: &VerifyArgs, found: &Found) -> Policy {
    let mut policy = found.config.policy.clone();
    if let Some(gate) = args.fail_on {
        policy.fail_on = gate;
        // A gate asked for by hand is the gate of everything.
        policy.groups.clear();
        policy.block_exploited &= gate != Gate::Never;
    }
    let gaps = args.allow_incomplete.iter();
    let rules = gaps.filter_map(|word| RuleId::find(&format!("HOG-GAP-{word}")));
    policy.allow_incomplete.extend(rules.map(|meta| meta.id));
    policy
}

fn trust(root: Option<&Path>) -> Result<Trust, Failure> {
    let Some(path) = root else {
        let embedded = Trust::embedded();
        return embedded
            .map_err(|e| Failure::incomplete("the built-in trusted root is broken").because(&e));
    };
    let shown = path.display();
    let text = limited(path, MAX_ROOT)
        .map_err(|e| Failure::usage(format!("cannot read {shown}")).because(&e))?;
    let text = String::from_utf8_lossy(&text);
    Trust::from_json(&text)
        .map_err(|e| Failure::usage(format!("{shown} is no trusted root")).because(&e))
}

/// Findings, gaps and rows of everything that was looked at.
fn judge(
    looks: &[Looked<'_>],
    inventory: &Inventory,
    memory: &memory::Kept,
    policy: &Policy,
    evidence: &mut Judgement,
) -> Vec<VerifiedFile> {
    let mut places = Places::new(inventory);
    let mut rows = Vec::new();
    for look in looks {
        look.judge(&mut places, policy, evidence);
        memory.judge(look, &mut places, evidence);
        rows.extend(look.files.iter().map(|file| rows::row(look.release, file)));
    }
    rows.sort_by(|a, b| (&a.package, &a.version, &a.file).cmp(&(&b.package, &b.version, &b.file)));
    rows
}

fn notice(message: String) -> Notice {
    Notice {
        location: None,
        message,
    }
}

/// True for findings that keep what was remembered as it was.
fn stands(judged: &hognose_types::Judged) -> bool {
    judged.decision == Decision::Block
}
