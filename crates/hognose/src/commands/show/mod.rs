//! `hognose show NAME[==VERSION]`: one page about one project. Running it is the user's word that the index may learn the
//! name.

mod age;
mod gather;
mod health;
mod known;
mod pythons;

use hognose_report::{Card, CardFormat, CardIndex, Style, render_card};
use hognose_types::text;

use super::inspect::Wanted;
use crate::cli::{Cli, ShowArgs};
use crate::error::Failure;
use crate::exit::Exit;
use crate::index_settings::{self, Asking, Indexes};
use crate::surroundings::Surroundings;
use crate::{output, settings};

pub(super) fn run(
    cli: &Cli,
    args: &ShowArgs,
    surroundings: &Surroundings,
) -> Result<Exit, Failure> {
    let wanted = Wanted::parse(&args.what).ok_or_else(|| {
        let shown = text::short(&args.what, 80);
        Failure::usage(format!("{shown:?} is no name of a project"))
            .hint("write NAME or NAME==VERSION")
    })?;
    let indexes = indexes(args, &wanted, surroundings)?;
    let client = indexes.client(surroundings)?;
    let mut card = Card {
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        started: surroundings.timestamp(),
        name: wanted.name.to_string(),
        asked: wanted.version.as_ref().map(ToString::to_string),
        complete: true,
        ..Card::default()
    };
    let answers = gather::Answers::ask(&client, &wanted);
    index_settings::prune(&indexes.asking, surroundings);
    if let Some(error) = answers.nothing() {
        let failure = Failure::incomplete(format!("{} cannot be looked up", wanted.name));
        return Err(failure.because(error).hint(if args.feeds.offline {
            "drop `--offline`"
        } else {
            "`--index-url` names another index"
        }));
    }
    card.indexes = answers.asked.iter().map(|a| asked(a, &indexes)).collect();
    let facts = gather::fill(&mut card, &client, &answers, &wanted, surroundings.now);
    let here = std::path::Path::new(".");
    let found = settings::configuration(args.config.as_deref(), args.no_config, here)?;
    let scene = health::Scene {
        wanted: &wanted,
        cache: &settings::cache(&args.feeds, surroundings)?,
        min_age: super::scan::min_age(&found),
        surroundings,
    };
    health::fill(&mut card, facts, &scene);
    known::fill(&mut card, cli, args, &wanted, surroundings)?;
    show(cli, args, &card)?;
    Ok(if card.fails() {
        Exit::Findings
    } else if card.complete {
        Exit::Clean
    } else {
        Exit::Incomplete
    })
}

fn indexes(
    args: &ShowArgs,
    wanted: &Wanted,
    surroundings: &Surroundings,
) -> Result<Indexes, Failure> {
    let python = args.python.as_deref();
    let found = index_settings::find(&args.index, python, !args.no_config, surroundings)?;
    let mut indexes = found.for_package(&wanted.name, surroundings)?;
    indexes.asking = Asking {
        cache: Some(settings::cache(&args.feeds, surroundings)?),
        offline: args.feeds.offline,
        revalidate: false,
    };
    Ok(indexes)
}

fn asked(answer: &gather::Asked, indexes: &Indexes) -> CardIndex {
    let url = answer.index.redacted();
    CardIndex {
        place: indexes.place(&answer.index),
        knows: match &answer.page {
            Ok(page) => Some(page.is_some()),
            Err(_) => None,
        },
        url,
    }
}

fn show(cli: &Cli, args: &ShowArgs, card: &Card) -> Result<(), Failure> {
    let to_terminal = args.format == CardFormat::Terminal && args.output.is_none();
    let style = Style {
        colour: to_terminal && output::colour(),
        width: output::width(),
        verbose: args.verbose,
    };
    let text = render_card(card, args.format, &style)
        .map_err(|e| Failure::incomplete("cannot render the card").because(&e))?;
    match &args.output {
        Some(path) => output::file(path, &text)?,
        None => output::data(&text)?,
    }
    if !to_terminal && !cli.quiet && card.fails() {
        let first = card.warnings.first().cloned();
        output::human(&text::line(&first.unwrap_or_else(|| card.name.clone())));
    }
    Ok(())
}
