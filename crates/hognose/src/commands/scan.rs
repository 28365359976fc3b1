//! `hognose scan`: inventory → judgement → verdict → report.

mod allowed;
mod answers;
mod behaviour;
pub(super) mod clients;
mod code;
mod conditions;
mod confusion;
pub(super) mod history;
mod identity;
mod installed;
mod notebook;
mod online;
mod origins;
pub(super) mod parallel;
mod releases;
mod remembered;
mod sought;
mod together;
mod verdicts;
mod written;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hognose_advisories::{JudgeOptions, Judgement, judge};
use hognose_inventory::{Disk, Options, Tree, read_environment, scan_paths};
use hognose_policy::{Gate, Policy, Waiver, decide, import};
use hognose_report::{Format, ScanReport, Style, render};
use hognose_types::{Decision, Finding, Gap, Inventory, Verdict};

pub(super) use behaviour::finding as behaviour_finding;
pub(super) use identity::findings as name_findings;
pub(super) use verdicts::{Memory, Remembered};

use crate::cli::{Cli, ScanArgs};
use crate::database::{self, Opened};
use crate::error::Failure;
use crate::exit::Exit;
use crate::revision::Revision;
use crate::settings::{self, Found};
use crate::surroundings::Surroundings;
use crate::{output, python};

pub(super) fn run(
    cli: &Cli,
    args: &ScanArgs,
    surroundings: &Surroundings,
) -> Result<Exit, Failure> {
    refuse_impossible(args)?;
    let start = settings::start(&args.input);
    let found = settings::configuration(args.input.config.as_deref(), args.input.no_config, start)?;
    let policy = policy(args, &found)?;
    let options = settings::inventory_options(&args.input, &found, surroundings)?;
    let inventory = collect(&Disk, &args.input, &options, surroundings)?;
    let opened = open_database(cli, args, &found, surroundings)?;
    let scene = scene(args, &found, surroundings);
    let mut evidence = evidence(&inventory, &opened.database, args, &scene)?;
    let before = before(args, start, &options, surroundings)?;
    let judged = |old| self::evidence(old, &opened.database, args, &scene);
    keep_new(
        &mut evidence,
        before.as_ref().map(judged).transpose()?.as_ref(),
    );
    let mut notices = Vec::new();
    let memory = remembered::recall(start, &inventory, &mut evidence, &mut notices);
    let request = code_request(args, &found, &options, &opened)?;
    let sought = code::add(&mut evidence, &inventory, &request)?;
    if args.online || found.config.scan.online {
        let request = online::Request {
            args,
            cache: &settings::cache(&args.feeds, surroundings)?,
            quiet: cli.quiet,
            min_age: min_age(&found),
            conditions: &found.config.conditions,
            python: options.target.python_version.as_ref(),
            popular: &identity::popular(&opened.database)?,
            asking: &found.config.asking,
            owned: &found.config.owned,
            sought,
            known: before.as_ref(),
            memory: memory.as_ref(),
            start,
            surroundings,
        };
        online::add(&mut evidence, &mut notices, &inventory, &request);
    }
    if args.inspect {
        let request = behaviour::Request {
            args,
            cache: &settings::cache(&args.feeds, surroundings)?,
            quiet: cli.quiet,
            surroundings,
        };
        behaviour::add(&mut evidence, &inventory, before.as_ref(), &request);
    }
    let mut report = report(args, inventory, opened, evidence, &policy, surroundings)?;
    report.notices.extend(notices);
    show(cli, &shown(args), &report)?;
    let verdict = report.verdict;
    // The process ends here: giving thousands of small blocks back one by one would take longer than some scans.
    std::mem::forget(report);
    Ok(exit(verdict))
}

fn scene<'a>(
    args: &'a ScanArgs,
    found: &'a Found,
    surroundings: &'a Surroundings,
) -> confusion::Scene<'a> {
    confusion::Scene {
        owned: &found.config.owned,
        conditions: &found.config.conditions,
        python: args.input.python.as_deref(),
        surroundings,
    }
}

fn code_request<'a>(
    args: &ScanArgs,
    found: &'a Found,
    options: &'a Options,
    opened: &'a Opened,
) -> Result<code::Request<'a>, Failure> {
    Ok(code::Request {
        is_asked: args.imports || found.config.scan.imports,
        paths: settings::paths(&args.input)?,
        exclude: &options.exclude,
        database: &opened.database,
        owned: &found.config.owned,
    })
}

/// What cannot be done at all.
fn refuse_impossible(args: &ScanArgs) -> Result<(), Failure> {
    if args.resolve {
        return Err(
            Failure::usage("resolving unpinned requirements is not part of this version")
                .hint("lock the project (uv lock, poetry lock, pip-compile) and scan the lock"),
        );
    }
    if args.since.is_some()
        && args.input.python.is_some()
        && settings::paths(&args.input)?.is_empty()
    {
        return Err(Failure::usage(
            "`--since` compares with a revision in git, which holds no installed environment",
        )
        .hint("name the lock or requirements file that the environment was made from, without `--python`"));
    }
    Ok(())
}

/// What was there before: at a revision of the repository, or in another lock.
fn before(
    args: &ScanArgs,
    start: &Path,
    options: &Options,
    surroundings: &Surroundings,
) -> Result<Option<Inventory>, Failure> {
    let Some(since) = &args.since else {
        return Ok(None);
    };
    if !Path::new(since).is_file() {
        let tree = Revision::open(since, start, surroundings)?;
        return Ok(Some(scan_paths(
            &tree,
            &settings::paths(&args.input)?,
            options,
        )));
    }
    let old = scan_paths(&Disk, std::slice::from_ref(since), options);
    if old.inputs.is_empty() {
        let shown = hognose_types::text::short(since, 80);
        return Err(
            Failure::usage(format!("{shown:?} is no lock or requirements file"))
                .hint("name the lock to compare with, or a revision of the repository"),
        );
    }
    Ok(Some(old))
}

/// How young a release may be without a word, in seconds.
pub(super) fn min_age(found: &Found) -> i64 {
    let age = found.config.min_age.unwrap_or(MIN_AGE);
    i64::try_from(age.as_secs()).unwrap_or(i64::MAX)
}

/// Every malicious release on record whose exposure is known was found within twelve hours; days are for those who
/// look on working days only.
const MIN_AGE: Duration = Duration::from_hours(72);

fn open_database(
    cli: &Cli,
    args: &ScanArgs,
    found: &Found,
    surroundings: &Surroundings,
) -> Result<Opened, Failure> {
    database::open(&database::Request {
        feeds: &settings::feeds(&args.feeds, found)?,
        cache: &settings::cache(&args.feeds, surroundings)?,
        offline: args.feeds.offline,
        quiet: cli.quiet,
        max_age: found.config.max_database_age,
        surroundings,
    })
}

/// Everything that was found, judged by the policy.
fn report(
    args: &ScanArgs,
    inventory: Inventory,
    opened: Opened,
    mut evidence: Judgement,
    policy: &Policy,
    surroundings: &Surroundings,
) -> Result<ScanReport, Failure> {
    evidence.gaps.extend(opened.gaps);
    let anything = !inventory.inputs.is_empty();
    let outcome = decide(
        evidence.findings,
        evidence.gaps,
        policy,
        surroundings.today(),
        anything,
    );
    let info = opened
        .database
        .info()
        .map_err(|e| Failure::incomplete("the advisory database cannot be read").because(&e))?;
    let mut notices = inventory.notices.clone();
    notices.extend(opened.notices);
    notices.extend(outcome.notices);
    Ok(ScanReport {
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        started: surroundings.timestamp(),
        command: command_line(&surroundings.arguments),
        inventory,
        judged: outcome.judged,
        gaps: outcome.gaps,
        notices,
        verdict: outcome.verdict,
        database: Some(info),
        since: args.since.clone(),
        verified: None,
    })
}

/// Configuration, flags and imported waivers.
fn policy(args: &ScanArgs, found: &Found) -> Result<Policy, Failure> {
    let mut policy = found.config.policy.clone();
    if let Some(gate) = args.fail_on {
        policy.fail_on = gate;
        // A gate asked for by hand is the gate of everything.
        policy.groups.clear();
        policy.block_exploited &= gate != Gate::Never;
    }
    for word in &args.allow_incomplete {
        let rule = rules_of_gap(word);
        policy.allow_incomplete.extend(rule);
    }
    for path in &args.import_ignores {
        policy.waivers.extend(imported(path, import::ignores)?);
    }
    for path in &args.vex {
        policy.waivers.extend(imported(path, import::vex)?);
    }
    Ok(policy)
}

fn rules_of_gap(word: &str) -> Option<hognose_types::RuleId> {
    hognose_types::RuleId::find(&format!("HOG-GAP-{word}")).map(|meta| meta.id)
}

type Import = fn(&str, &str) -> Result<Vec<Waiver>, import::ImportError>;

/// Largest list of ignores or VEX document.
const MAX_IMPORT: u64 = 64 << 20;

fn imported(path: &Path, read: Import) -> Result<Vec<Waiver>, Failure> {
    let name = path.display().to_string();
    let unreadable = |e: std::io::Error| Failure::usage(format!("cannot read {name}")).because(&e);
    if std::fs::metadata(path).map_err(unreadable)?.len() > MAX_IMPORT {
        return Err(Failure::usage(format!(
            "{name} is over the limit of {MAX_IMPORT} bytes"
        )));
    }
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    read(&name, &text)
        .map_err(|e| Failure::usage(format!("cannot take over the ignores of {name}")).because(&e))
}

/// What `scan` and `sbom` read.
pub(super) fn collect(
    tree: &dyn Tree,
    input: &crate::cli::InputArgs,
    options: &Options,
    surroundings: &Surroundings,
) -> Result<Inventory, Failure> {
    let paths = settings::paths(input)?;
    let Some(python) = &input.python else {
        return Ok(scan_paths(tree, &paths, options));
    };
    let directories = python::site_packages(python, surroundings)?;
    let text = |path: &PathBuf| path.to_string_lossy().into_owned();
    let mut inventory = read_environment(
        tree,
        &directories.iter().map(text).collect::<Vec<_>>(),
        options,
    );
    if !paths.is_empty() {
        inventory.absorb(scan_paths(tree, &paths, options));
    }
    Ok(inventory)
}

/// Judges an inventory and adds its own gaps.
fn evidence(
    inventory: &Inventory,
    database: &hognose_advisories::Database,
    args: &ScanArgs,
    scene: &confusion::Scene<'_>,
) -> Result<Judgement, Failure> {
    let details = args.verbose
        || matches!(
            args.format,
            Format::Json | Format::Sarif | Format::CycloneDx | Format::Html
        );
    let mut judged = judge(inventory, database, JudgeOptions { details }).map_err(|e| {
        Failure::incomplete("the advisory database cannot be read")
            .because(&e)
            .hint("rebuild it with `hognose db update`")
    })?;
    let mut gaps = inventory.gaps.clone();
    gaps.append(&mut judged.gaps);
    judged
        .findings
        .extend(identity::findings(inventory, database, scene.owned)?);
    let licences = conditions::licences(inventory, scene.conditions, scene.owned);
    judged.findings.extend(licences);
    judged
        .findings
        .extend(hognose_provenance::hashes::lint(inventory));
    let mut evidence = Judgement {
        findings: judged.findings,
        gaps,
    };
    confusion::add(&mut evidence, inventory, database, scene)?;
    Ok(evidence)
}

/// Drops what the revision already had: the same flaw in the same version of the same package, the same gap about the
/// same subject. Lines move; they do not count.
fn keep_new(evidence: &mut Judgement, known: Option<&Judgement>) {
    let Some(known) = known else { return };
    let flaw = |f: &Finding| {
        let id = f.advisory.as_ref().map(|a| a.id.clone());
        (f.rule, f.subject.clone(), id)
    };
    let gap = |g: &Gap| (g.rule, g.subject.clone(), g.message.clone());
    let flaws: BTreeSet<_> = known.findings.iter().map(flaw).collect();
    let gaps: BTreeSet<_> = known.gaps.iter().map(gap).collect();
    evidence.findings.retain(|f| !flaws.contains(&flaw(f)));
    evidence.gaps.retain(|g| !gaps.contains(&gap(g)));
}

/// How a report is shown, and where.
pub(super) struct Shown<'a> {
    pub(super) format: Format,
    pub(super) output: Option<&'a Path>,
    pub(super) verbose: bool,
}

fn shown(args: &ScanArgs) -> Shown<'_> {
    Shown {
        format: args.format,
        output: args.output.as_deref(),
        verbose: args.verbose,
    }
}

pub(super) fn show(cli: &Cli, args: &Shown<'_>, report: &ScanReport) -> Result<(), Failure> {
    let to_terminal = args.format == Format::Terminal && args.output.is_none();
    let style = Style {
        colour: to_terminal && output::colour(),
        width: output::width(),
        verbose: args.verbose,
    };
    let text = render(report, args.format, &style)
        .map_err(|e| Failure::incomplete("cannot render the report").because(&e))?;
    match args.output {
        Some(path) => output::file(path, &text)?,
        None => output::data(&text)?,
    }
    // People still see how it went when the data goes elsewhere.
    if !to_terminal && !cli.quiet {
        output::human(&hognose_report::summary(report));
    }
    Ok(())
}

pub(super) fn exit(verdict: Verdict) -> Exit {
    match verdict {
        // Findings come first: they are certain, whatever else could not be checked.
        Verdict {
            decision: Decision::Block,
            ..
        } => Exit::Findings,
        Verdict {
            complete: false, ..
        } => Exit::Incomplete,
        Verdict {
            anything_checked: false,
            ..
        } => Exit::Nothing,
        Verdict { .. } => Exit::Clean,
    }
}

/// The arguments, quoted for a shell where needed.
pub(super) fn command_line(arguments: &[String]) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./=:@,+".contains(c);
    let quoted = arguments
        .iter()
        .enumerate()
        .map(|(position, argument)| match argument {
            _ if position == 0 => "hognose".to_owned(),
            text if !text.is_empty() && text.chars().all(plain) => text.clone(),
            text => format!("'{}'", text.replace('\'', r"'\''")),
        });
    quoted.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use hognose_types::rules;

    use super::*;

    #[test]
    fn every_word_of_allow_incomplete_is_a_rule() {
        let words = [
            "database",
            "index",
            "provenance",
            "unmapped",
            "unpinned",
            "unreadable",
            "version",
        ];
        let found: Vec<_> = words.iter().filter_map(|word| rules_of_gap(word)).collect();
        assert_eq!(found.len(), words.len());
        assert!(found.contains(&rules::gap_database::ID));
    }

    #[test]
    fn commands_can_be_pasted() {
        let words = ["/usr/bin/hognose", "scan", "a b", "it's", ""].map(str::to_owned);
        assert_eq!(command_line(&words), r"hognose scan 'a b' 'it'\''s' ''");
    }
}
