//! `hognose inspect`: arguments → targets → inspections → report.

mod convert;
mod facts;
mod fetch;
mod installed;
mod options;
mod read;
mod run;
mod targets;
mod together;
mod tree;
mod yara;

use std::collections::BTreeMap;
use std::path::Path;

use hognose_report::{InspectFormat, InspectReport, Style, inspect_summary, render_inspect};

use crate::cli::{Cli, InspectArgs};
use crate::error::Failure;
use crate::exit::Exit;
use crate::output;
use crate::surroundings::Surroundings;

use fetch::Fetcher;
pub(super) use fetch::Wanted;
use options::Judge;
use targets::{Plan, Target};

pub(super) fn run(
    cli: &Cli,
    args: &InspectArgs,
    surroundings: &Surroundings,
) -> Result<Exit, Failure> {
    let judge = Judge::read(args)?;
    let fetcher = Fetcher::new(args, cli.quiet, surroundings);
    let plan = targets::plan(args, &fetcher, surroundings)?;
    let old = plan.older(args, &fetcher)?;
    fetcher.tidy();
    let jobs = run::Jobs {
        wanted: args.jobs.map(usize::from),
        quiet: cli.quiet,
    };
    if args.facts {
        return facts::write(args, &plan, &judge, &jobs);
    }
    let mut together = together::Together::new(&judge);
    let work = |target: &Target| one(target, old.get(target), &judge);
    run::each(&plan.targets, &jobs, &work, &mut |read| {
        together.take(read);
        Ok(())
    })?;
    let artifacts = together.finish();
    let report = InspectReport {
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        started: surroundings.timestamp(),
        command: super::scan::command_line(&surroundings.arguments),
        analyser: hognose_behaviour::model::ANALYSER.to_owned(),
        model: judge.model.version.clone(),
        gate: args.fail_on.0,
        artifacts,
        skipped: plan.skipped,
    };
    show(cli, args, &report)?;
    Ok(exit(&report))
}

/// Inspects one archive that may lie under another name than its own.
pub(super) fn archive(path: &Path, name: &str) -> Result<hognose_behaviour::Inspection, String> {
    run::guarded(|| read::archive(path, name, None)).inspection
}

/// Reads one target and the older release to compare it with.
fn one(target: &Target, old: Option<&Target>, judge: &Judge) -> together::Read {
    let matcher = judge.matcher.as_ref();
    let seen = run::guarded(|| read::target(target, matcher));
    let older = old.map(|older| {
        let before = run::guarded(|| read::target(older, matcher)).inspection;
        (older.clone(), before)
    });
    together::Read {
        target: target.clone(),
        seen,
        older,
    }
}

fn show(cli: &Cli, args: &InspectArgs, report: &InspectReport) -> Result<(), Failure> {
    let to_terminal = args.format == InspectFormat::Terminal && args.output.is_none();
    let style = Style {
        colour: to_terminal && output::colour(),
        width: output::width(),
        verbose: args.verbose,
    };
    let text = render_inspect(report, args.format, &style)
        .map_err(|e| Failure::incomplete("cannot render the report").because(&e))?;
    match &args.output {
        Some(path) => output::file(path, &text)?,
        None => output::data(&text)?,
    }
    if !to_terminal && !cli.quiet {
        output::human(&inspect_summary(report));
    }
    Ok(())
}

/// Findings come first: they are certain, whatever else could not be read.
fn exit(report: &InspectReport) -> Exit {
    if report.fails() {
        Exit::Findings
    } else if !report.is_complete() {
        Exit::Incomplete
    } else if report.artifacts.is_empty() {
        Exit::Nothing
    } else {
        Exit::Clean
    }
}

/// What every target is compared with, for `--diff`.
impl Plan {
    fn older(
        &self,
        args: &InspectArgs,
        fetcher: &Fetcher<'_>,
    ) -> Result<BTreeMap<Target, Target>, Failure> {
        let Some(old) = &args.diff else {
            return Ok(BTreeMap::new());
        };
        // The sdist and the wheel of one project are compared each with its own kind.
        let one_project = self.named.is_some() && args.what.len() == 1 && args.python.is_none();
        if self.targets.len() != 1 && !one_project {
            let count = self.targets.len();
            return Err(Failure::usage(format!(
                "`--diff` compares one artifact with an older one, and {count} are named"
            ))
            .hint("name one wheel, sdist or project, and the same of the older release"));
        }
        let pair = |new: &Target| {
            let older = targets::older(old, new, self.named.as_ref(), fetcher)?;
            Ok((new.clone(), older))
        };
        self.targets.iter().map(pair).collect()
    }
}
