//! What the local database and the built-in lists know of a project. Nobody is asked about the name.

use hognose_advisories::{JudgeOptions, judge};
use hognose_identity::lookalike::{Model, Targets, is_used_too};
use hognose_identity::names;
use hognose_report::{Card, CardAdvisory, CardLookalike};
use hognose_types::{
    Component, ComponentVersion, Declaration, Finding, Input, InputFormat, InputId, Inventory,
    Location,
};

use crate::cli::{Cli, ShowArgs};
use crate::commands::inspect::Wanted;
use crate::error::Failure;
use crate::surroundings::Surroundings;
use crate::{database, settings};

pub(super) fn fill(
    card: &mut Card,
    cli: &Cli,
    args: &ShowArgs,
    wanted: &Wanted,
    surroundings: &Surroundings,
) -> Result<(), Failure> {
    let here = std::path::Path::new(".");
    let found = settings::configuration(args.config.as_deref(), args.no_config, here)?;
    let opened = database::open(&database::Request {
        feeds: &settings::feeds(&args.feeds, &found)?,
        cache: &settings::cache(&args.feeds, surroundings)?,
        offline: args.feeds.offline,
        quiet: cli.quiet,
        max_age: found.config.max_database_age,
        surroundings,
    })?;
    let broken = |e: &dyn std::error::Error| {
        Failure::incomplete("the advisory database cannot be read").because(e)
    };
    for gap in &opened.gaps {
        card.complete = false;
        card.unknown.push(format!("advisories: {}", gap.message));
    }
    let database = &opened.database;
    let info = database.info().map_err(|e| broken(&e))?;
    // The starter set was not built on any day.
    card.known.database = Some(info.built).filter(|built| !built.is_empty() && !info.starter);
    let all = database
        .advisories_about(&wanted.name)
        .map_err(|e| broken(&e))?;
    card.known.advisories_of_all = all.len();
    let version = card.version.as_deref().or(card.asked.as_deref());
    let inventory = alone(wanted, version.unwrap_or_default());
    let judged = judge(&inventory, database, JudgeOptions::default()).map_err(|e| broken(&e))?;
    card.known.advisories = judged.findings.iter().map(advisory).collect();
    lookalike(card, database, wanted)
}

/// An inventory of one component.
pub(super) fn alone(wanted: &Wanted, version: &str) -> Inventory {
    let label = wanted.label();
    let mut inventory = Inventory::default();
    inventory.inputs.push(Input {
        path: label.clone(),
        format: InputFormat::Requirements,
    });
    inventory.components.push(Component::distribution(
        InputId(0),
        wanted.name.clone(),
        ComponentVersion::exact(version),
        Declaration::new(Location::file(label), true),
    ));
    inventory
}

fn advisory(finding: &Finding) -> CardAdvisory {
    let advisory = finding.advisory.as_ref();
    CardAdvisory {
        id: advisory.map_or_else(|| finding.rule.as_str().to_owned(), |a| a.id.clone()),
        severity: finding.severity.as_str().to_owned(),
        summary: advisory.map_or_else(|| finding.message.clone(), |a| a.summary.clone()),
    }
}

fn lookalike(
    card: &mut Card,
    database: &hognose_advisories::Database,
    wanted: &Wanted,
) -> Result<(), Failure> {
    let popular = database.popular().map_err(|e| {
        Failure::incomplete("the popular names of the database cannot be read").because(&e)
    })?;
    let listed: Vec<&str> = if popular.is_empty() {
        names::popular().collect()
    } else {
        let first = popular.iter().take(names::POPULAR);
        first.map(|(name, _)| name.as_str()).collect()
    };
    let model = Model::builtin()
        .map_err(|e| Failure::incomplete("the look-alike model is broken").because(&e))?;
    let targets = Targets::new(listed, names::imitated());
    let found = targets.check(wanted.name.as_str(), &model);
    if let Some(found) = found.filter(|f| !is_used_too(&popular, wanted.name.as_str(), f.target)) {
        card.known.lookalike = Some(CardLookalike {
            target: found.target.to_owned(),
            why: found.likeness.describe().to_owned(),
        });
    }
    Ok(())
}
