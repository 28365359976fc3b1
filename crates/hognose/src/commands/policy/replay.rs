//! `hognose policy test`: decisions of the past, made again with another configuration.
//!
//! What a page said then is not kept; its files are asked for again, and each is judged as of the time when it was
//! asked for. So age counts as it did then, while advisories are those of today.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use hognose_gateway::judge::{Artifact, Inspected, Judge as _, Offer, Reason, Ruling};
use hognose_index::IndexFile;
use hognose_store::{AuditRow, Query, SERVED, each};
use hognose_types::{PackageName, text};
use serde::Serialize;

use crate::cli::{Cli, ReplayArgs, ReplayFormat, ServeArgs};
use crate::commands::gateway::{Built, Happened, Request, build, state};
use crate::error::Failure;
use crate::exit::Exit;
use crate::output;
use crate::surroundings::Surroundings;

/// Lines shown of what would change.
const SHOWN: usize = 50;
/// The version of the JSON document.
const SCHEMA: u32 = 1;

/// A decision of the past: one file, on one day.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Past {
    filename: String,
    sha256: Option<String>,
    /// Days since 1970.
    day: i64,
    blocked: bool,
}

/// What became of it.
#[derive(Debug, Default)]
struct Times {
    count: u64,
    /// Unix milliseconds of the last one.
    last: i64,
    clients: BTreeSet<String>,
}

/// What another configuration would have done.
#[derive(Debug, Default, Serialize)]
struct Replay {
    schema: u32,
    decisions: u64,
    would_block: u64,
    was_blocked: u64,
    not_replayed: u64,
    by_rule: BTreeMap<String, u64>,
    changes: Vec<Change>,
}

/// Something that would be decided otherwise.
#[derive(Debug, Serialize)]
struct Change {
    project: String,
    version: String,
    filename: String,
    times: u64,
    clients: usize,
    was: &'static str,
    would_be: &'static str,
    why: Option<String>,
}

pub(super) fn run(
    cli: &Cli,
    args: &ReplayArgs,
    surroundings: &Surroundings,
) -> Result<Exit, Failure> {
    let since = state::instant(&args.since, "--since", surroundings)?;
    let (_, Some(store)) = state::look(&args.look, surroundings)? else {
        output::human("there is no state of a gateway yet: nothing to decide again");
        return Ok(Exit::Nothing);
    };
    let mut past: BTreeMap<PackageName, BTreeMap<Past, Times>> = BTreeMap::new();
    for kind in [SERVED, "blocked"] {
        let query = Query {
            kind: Some(kind.to_owned()),
            since: Some(since),
            ..Query::default()
        };
        each::<Failure>(&*store, &query, &mut |row| {
            note(&mut past, row, kind == "blocked");
            Ok(())
        })?;
    }
    if past.is_empty() {
        output::human("the gateway served and refused nothing in that time");
        return Ok(Exit::Nothing);
    }
    let built = build(&Request {
        args: &served(args),
        prefix: String::new(),
        quiet: cli.quiet,
        events: Arc::new(Happened::default()),
        store: Some(store),
        nodes: false,
        surroundings,
    })?;
    let mut replay = Replay {
        schema: SCHEMA,
        ..Replay::default()
    };
    for (name, decisions) in past {
        project(&mut replay, &built, &name, decisions);
    }
    replay
        .changes
        .sort_by(|a, b| (&a.project, &a.filename).cmp(&(&b.project, &b.filename)));
    show(&replay, args.format)?;
    Ok(if replay.not_replayed > 0 {
        Exit::Incomplete
    } else {
        Exit::Clean
    })
}

fn served(args: &ReplayArgs) -> ServeArgs {
    ServeArgs {
        config: Some(args.policy.clone()),
        no_config: false,
        observe: false,
        no_inspect: false,
        index: args.index.clone(),
        feeds: args.feeds.clone(),
    }
}

fn note(past: &mut BTreeMap<PackageName, BTreeMap<Past, Times>>, row: AuditRow, blocked: bool) {
    let entry = row.entry;
    let name = entry
        .project
        .as_deref()
        .and_then(|p| PackageName::new(p).ok());
    let (Some(name), Some(filename)) = (name, entry.filename) else {
        return;
    };
    let one = Past {
        filename,
        sha256: entry.sha256,
        day: entry.time.div_euclid(86_400_000),
        blocked,
    };
    let times = past.entry(name).or_default().entry(one).or_default();
    times.count += 1;
    times.last = times.last.max(entry.time);
    times.clients.extend(entry.client);
}

/// Decides about one project's files again.
fn project(
    replay: &mut Replay,
    built: &Built,
    name: &PackageName,
    decisions: BTreeMap<Past, Times>,
) {
    let gear = &built.gateway.gear;
    let found = gear.upstreams.find(name, gear.judge.wants_people()).ok();
    for (past, times) in decisions {
        replay.decisions += times.count;
        replay.was_blocked += if past.blocked { times.count } else { 0 };
        let file = found.as_ref().and_then(|f| {
            let mut files = f.page.files.iter();
            files.find(|file| {
                file.filename == past.filename
                    && (past.sha256.is_none() || file.sha256 == past.sha256)
            })
        });
        let (Some(file), Some(found)) = (file, &found) else {
            replay.not_replayed += times.count;
            continue;
        };
        let release: Vec<IndexFile> = found
            .page
            .files
            .iter()
            .filter(|f| f.version == file.version)
            .cloned()
            .collect();
        let status = found.page.status.as_ref();
        let offer = Offer {
            name,
            owned: gear.upstreams.owns(name),
            status: status.map(|s| (s.status.as_str(), s.reason.as_deref())),
            files: &release,
            project: found.project.as_ref(),
            publishers: &BTreeMap::new(),
            now: times.last.div_euclid(1_000),
        };
        let ruling = ruling(built, &offer, file);
        tell(replay, name, &past, &times, file, &ruling);
    }
}

fn ruling(built: &Built, offer: &Offer<'_>, file: &IndexFile) -> Ruling {
    let rulings = built.engine.page(offer).files;
    let mut of_files = offer.files.iter().zip(rulings);
    let own = of_files.find(|(f, _)| f.filename == file.filename);
    let mut ruling = own.map_or(Ruling::ALLOW, |(_, ruling)| ruling);
    let recalled = file.sha256.as_deref().and_then(|sha256| {
        let artifact = Artifact {
            name: offer.name,
            file,
            sha256,
        };
        built.engine.recall(&artifact, true)
    });
    if let Some(Inspected::Read(read)) = recalled {
        ruling.join(read);
    }
    ruling
}

fn tell(
    replay: &mut Replay,
    name: &PackageName,
    past: &Past,
    times: &Times,
    file: &IndexFile,
    ruling: &Ruling,
) {
    let word = |blocked| if blocked { "blocked" } else { "served" };
    if ruling.blocks() {
        replay.would_block += times.count;
        let rule = ruling.reasons.first().map(rule);
        *replay.by_rule.entry(rule.unwrap_or_default()).or_default() += times.count;
    }
    if ruling.blocks() == past.blocked {
        return;
    }
    replay.changes.push(Change {
        project: name.as_str().to_owned(),
        version: file.version.as_str().to_owned(),
        filename: past.filename.clone(),
        times: times.count,
        clients: times.clients.len(),
        was: word(past.blocked),
        would_be: word(ruling.blocks()),
        why: ruling.summary().filter(|_| ruling.blocks()),
    });
}

/// The rule of a reason, without the advisory behind it.
fn rule(reason: &Reason) -> String {
    reason.rule.split(' ').next().unwrap_or_default().to_owned()
}

fn show(replay: &Replay, format: ReplayFormat) -> Result<(), Failure> {
    if format == ReplayFormat::Json {
        let text = serde_json::to_string_pretty(replay)
            .map_err(|e| Failure::incomplete("the replay cannot be written as JSON").because(&e))?;
        return output::data(&format!("{text}\n"));
    }
    let mut out = format!(
        "would have blocked {} of {}; {} were blocked then\n",
        replay.would_block,
        decisions(replay.decisions),
        replay.was_blocked
    );
    for (rule, count) in &replay.by_rule {
        let _ = writeln!(out, "  {count:>6}  {rule}");
    }
    for change in replay.changes.iter().take(SHOWN) {
        let why = change
            .why
            .as_deref()
            .map_or_else(String::new, |why| format!(": {}", text::short(why, 200)));
        let _ = writeln!(
            out,
            "{} instead of {}  {} ({} times, {} clients){why}",
            change.would_be,
            change.was,
            text::short(&change.filename, 100),
            change.times,
            change.clients
        );
    }
    let more = replay.changes.len().saturating_sub(SHOWN);
    if more > 0 {
        let _ = writeln!(out, "and {more} more; `--format json` has all");
    }
    if replay.not_replayed > 0 {
        let _ = writeln!(
            out,
            "{} could not be decided again: the index does not answer, or has no such file any more",
            replay.not_replayed
        );
    }
    output::data(&out)
}

fn decisions(count: u64) -> String {
    if count == 1 {
        "1 decision".to_owned()
    } else {
        format!("{count} decisions")
    }
}
