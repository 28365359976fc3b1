//! `hognose db`: update, status, show.

use std::fmt::Write as _;

use hognose_advisories::feed::Feed;
use hognose_advisories::{Database, DatabaseFile, FeedStatus, Status, UpdateError};
use hognose_types::{AdvisoryEvidence, MatchBasis, PackageName, text};

use crate::cli::{Cli, DbArgs};
use crate::error::Failure;
use crate::exit::Exit;
use crate::surroundings::Surroundings;
use crate::{database, output, settings};

/// Feeds, cache and age limit of a `db` command.
struct Context {
    feeds: Vec<Feed>,
    cache: std::path::PathBuf,
    max_age: Option<std::time::Duration>,
}

impl Context {
    fn new(args: &DbArgs, surroundings: &Surroundings) -> Result<Self, Failure> {
        let found = settings::configuration(
            args.config.as_deref(),
            args.no_config,
            std::path::Path::new("."),
        )?;
        let feeds = settings::feeds(&args.feeds, &found)?;
        let cache = settings::cache(&args.feeds, surroundings)?;
        Ok(Self {
            feeds,
            cache,
            max_age: found.config.max_database_age,
        })
    }

    fn request<'a>(
        &'a self,
        args: &DbArgs,
        quiet: bool,
        surroundings: &'a Surroundings,
    ) -> database::Request<'a> {
        database::Request {
            feeds: &self.feeds,
            cache: &self.cache,
            offline: args.feeds.offline,
            quiet,
            max_age: self.max_age,
            surroundings,
        }
    }
}

pub(super) fn update(
    cli: &Cli,
    args: &DbArgs,
    surroundings: &Surroundings,
) -> Result<Exit, Failure> {
    let context = Context::new(args, surroundings)?;
    let summary = match database::build(&context.request(args, cli.quiet, surroundings)) {
        Ok(summary) => summary,
        Err(error @ UpdateError::Interrupted) => {
            return Err(Failure::interrupted(error.to_string()));
        }
        Err(error) => {
            let message = error.to_string();
            let (UpdateError::NoAdvisories(failures) | UpdateError::Kept(failures)) = error else {
                return Err(Failure::incomplete(message));
            };
            for failure in &failures {
                output::warning(&format!("{}: {}", failure.feed, database::failure(failure)));
            }
            return Err(Failure::incomplete(message)
                .hint("check the address and the network, or name a local mirror with `--feed`"));
        }
    };
    for failure in &summary.failures {
        let kept = if failure.used_earlier_copy {
            "; an earlier copy was used"
        } else {
            ""
        };
        output::warning(&format!(
            "{}: {}{kept}",
            failure.feed,
            database::failure(failure)
        ));
    }
    if let Some(error) = summary.unwritten {
        return Err(Failure::incomplete("the database could not be written")
            .because(&error)
            .hint("free some space, or keep it elsewhere with --cache-dir"));
    }
    let word = if summary.unchanged {
        "already current"
    } else {
        "updated"
    };
    let place = summary
        .path
        .map_or_else(String::new, |p| p.display().to_string());
    let counts = counts(&summary.status);
    output::data(&format!(
        "{word}: {counts}, revision {}, {place}\n",
        summary.database.revision()
    ))?;
    Ok(if summary.failures.is_empty() {
        Exit::Clean
    } else {
        Exit::Incomplete
    })
}

fn counts(status: &Status) -> String {
    format!(
        "{} advisories ({} malicious) about {} packages",
        status.flaws, status.malicious, status.packages
    )
}

pub(super) fn status(args: &DbArgs, surroundings: &Surroundings) -> Result<Exit, Failure> {
    let context = Context::new(args, surroundings)?;
    let path = DatabaseFile::new(&context.cache, &context.feeds).path();
    let database = match Database::open(&path) {
        Ok(database) => database,
        Err(_) if !path.exists() => {
            output::human(&format!(
                "there is no database yet at {}\n{} `hognose db update` builds it",
                path.display(),
                crate::error::label("hint")
            ));
            return Ok(Exit::Nothing);
        }
        Err(error) => {
            return Err(Failure::incomplete("the database cannot be used")
                .because(&error)
                .hint("rebuild it with `hognose db update`"));
        }
    };
    let damaged = |e: hognose_advisories::format::FormatError| {
        Failure::incomplete("the database is damaged")
            .because(&e)
            .hint("rebuild it with `hognose db update`")
    };
    database.verify().map_err(damaged)?;
    let status = database.status().map_err(damaged)?;
    let problems = database.problems().map_err(damaged)?;
    let mut out = String::new();
    describe(&mut out, &database, &status, &path, surroundings);
    for feed in &status.feeds {
        describe_feed(&mut out, feed, args.verbose);
    }
    describe_problems(&mut out, &problems, args.verbose);
    output::data(&out)?;
    let failed = status
        .feeds
        .iter()
        .any(|f| f.failed.is_some() || f.stale.is_some());
    Ok(if failed {
        Exit::Incomplete
    } else {
        Exit::Clean
    })
}

// Writing to a string cannot fail: results of `writeln!` are dropped below.

fn describe(
    out: &mut String,
    database: &Database,
    status: &Status,
    path: &std::path::Path,
    surroundings: &Surroundings,
) {
    let built = i64::try_from(database.built()).unwrap_or(0);
    let time = jiff::Timestamp::from_second(built).unwrap_or_default();
    let hours = surroundings.now.saturating_sub(built).max(0) / 3600;
    let age = if hours < 48 {
        format!("{hours} hours")
    } else {
        format!("{} days", hours / 24)
    };
    let _ = writeln!(out, "database  {}", path.display());
    let _ = writeln!(out, "revision  {}", database.revision());
    let _ = writeln!(out, "built     {time} ({age} ago)");
    let size = database.size() as f64;
    let size = if size < 1e6 {
        format!("{:.0} kB", size / 1e3)
    } else {
        format!("{:.1} MB", size / 1e6)
    };
    let _ = writeln!(out, "size      {size}");
    let _ = writeln!(out, "holds     {}", counts(status));
}

fn describe_feed(out: &mut String, feed: &FeedStatus, verbose: bool) {
    let _ = writeln!(out, "\n{:<9} {}", feed.kind, text::line(&feed.location));
    let date = feed
        .date
        .as_deref()
        .map_or_else(String::new, |d| format!(", newest {}", text::line(d)));
    let _ = writeln!(out, "          {} records{date}", feed.live);
    let others = [
        (feed.withdrawn, "withdrawn"),
        (feed.duplicates, "duplicate"),
        (feed.malformed, "malformed"),
        (feed.unknown_schema, "of an unknown schema version"),
        (feed.foreign, "about other ecosystems"),
        (
            feed.legacy_versions,
            "bounds or versions that do not follow PEP 440",
        ),
        (feed.ignored, "files of the directory that are no feed"),
    ];
    let shown: Vec<String> = others
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, what)| format!("{n} {what}"))
        .collect();
    if !shown.is_empty() {
        let _ = writeln!(out, "          not counted: {}", shown.join(", "));
    }
    if verbose && !feed.ignored_names.is_empty() {
        let names: Vec<_> = feed.ignored_names.iter().map(|n| text::line(n)).collect();
        let _ = writeln!(out, "          ignored files: {}", names.join(", "));
    }
    for (word, reason) in [("failed", &feed.failed), ("stale", &feed.stale)] {
        if let Some(reason) = reason {
            let _ = writeln!(out, "          {word}: {}", text::line(reason));
        }
    }
}

/// How many records that do not count are named without `--verbose`.
const NAMED: usize = 10;

fn describe_problems(
    out: &mut String,
    problems: &[hognose_advisories::RecordProblem],
    verbose: bool,
) {
    if problems.is_empty() {
        return;
    }
    // Malformed ones first: they are mistakes, the others are the feed's own statements.
    let mut sorted: Vec<_> = problems.iter().collect();
    sorted.sort_by_key(|p| {
        (
            p.kind == "withdrawn" || p.kind == "duplicate",
            &p.kind,
            &p.record,
        )
    });
    let shown = if verbose {
        sorted.len()
    } else {
        NAMED.min(sorted.len())
    };
    let _ = writeln!(out, "\nrecords that do not count");
    for problem in sorted.iter().take(shown) {
        let about = problem
            .package
            .as_ref()
            .map_or_else(String::new, |p| format!(" about {}", text::line(p)));
        let _ = writeln!(
            out,
            "  {} {}{about}: {}",
            problem.kind,
            text::line(&problem.record),
            text::line(&problem.reason)
        );
    }
    if shown < sorted.len() {
        let _ = writeln!(
            out,
            "  … and {} more (--verbose names them)",
            sorted.len() - shown
        );
    }
}

pub(super) fn show(
    cli: &Cli,
    what: &str,
    args: &DbArgs,
    surroundings: &Surroundings,
) -> Result<Exit, Failure> {
    if let Some(exit) = show_advisory(cli, what, args, surroundings)? {
        return Ok(exit);
    }
    let shown = text::short(what, 80);
    let context = Context::new(args, surroundings)?;
    let opened = database::open(&context.request(args, cli.quiet, surroundings))?;
    let name = PackageName::new(what).map_err(|_| {
        Failure::usage(format!(
            "{shown:?} is neither an advisory of the database nor a package name"
        ))
    })?;
    let found = opened
        .database
        .advisories_about(&name)
        .map_err(|e| Failure::incomplete("the database cannot be read").because(&e))?;
    let mut out = String::new();
    for advisory in &found {
        let _ = writeln!(
            out,
            "{}  {}  {}",
            advisory.id,
            advisory.severity.band.as_str(),
            text::line(&advisory.summary)
        );
        if !advisory.aliases.is_empty() {
            let _ = writeln!(out, "  also {}", advisory.aliases.join(", "));
        }
        for range in ranges(advisory) {
            let _ = writeln!(out, "  {range}");
        }
    }
    if found.is_empty() {
        output::human(&format!(
            "no advisory is about {name} ({} advisories were looked at)",
            opened.status.flaws
        ));
        return Ok(complete(&opened, Exit::Nothing));
    }
    output::data(&out)?;
    Ok(complete(&opened, Exit::Clean))
}

fn complete(opened: &database::Opened, otherwise: Exit) -> Exit {
    for gap in &opened.gaps {
        output::warning(&gap.message);
    }
    if opened.gaps.is_empty() {
        otherwise
    } else {
        Exit::Incomplete
    }
}

fn ranges(advisory: &AdvisoryEvidence) -> Vec<String> {
    let mut out: Vec<String> = advisory
        .matches
        .iter()
        .map(|m| match &m.basis {
            MatchBasis::Listed => format!("{}: listed versions", m.record),
            MatchBasis::Range {
                introduced,
                fixed,
                last_affected,
            } => {
                let from = introduced.as_ref().map_or_else(
                    || "all versions".to_owned(),
                    |v| format!("from {}", text::line(v)),
                );
                let to = match (fixed, last_affected) {
                    (Some(v), _) => format!(" before {}", text::line(v)),
                    (None, Some(v)) => format!(" up to {}", text::line(v)),
                    (None, None) => String::new(),
                };
                format!("{}: {from}{to}", m.record)
            }
        })
        .collect();
    out.dedup();
    out
}

/// Shows one advisory; `None` when the database has none of that id.
pub(super) fn show_advisory(
    cli: &Cli,
    id: &str,
    args: &DbArgs,
    surroundings: &Surroundings,
) -> Result<Option<Exit>, Failure> {
    let context = Context::new(args, surroundings)?;
    let opened = database::open(&context.request(args, cli.quiet, surroundings))?;
    let found = opened
        .database
        .advisory(id)
        .map_err(|e| Failure::incomplete("the database cannot be read").because(&e))?;
    let Some((advisory, packages)) = found else {
        return Ok(None);
    };
    output::data(&sheet(&advisory, &packages))?;
    Ok(Some(complete(&opened, Exit::Clean)))
}

/// Everything about one advisory, a fact a line.
fn sheet(advisory: &AdvisoryEvidence, packages: &[String]) -> String {
    let mut out = format!("{}  {}\n\n", advisory.id, text::line(&advisory.summary));
    for (name, value) in facts(advisory, packages)
        .iter()
        .filter(|(_, value)| !value.is_empty())
    {
        let _ = writeln!(out, "{name:<10} {value}");
    }
    if !advisory.details.is_empty() {
        let _ = writeln!(out, "\n{}", text::block(advisory.details.trim_end()));
    }
    for reference in &advisory.references {
        let _ = writeln!(out, "\n{}", text::line(&reference.url));
    }
    out
}

fn facts(advisory: &AdvisoryEvidence, packages: &[String]) -> Vec<(&'static str, String)> {
    let severity = &advisory.severity;
    let mut out = vec![
        ("aliases", advisory.aliases.join(", ")),
        ("packages", packages.join(", ")),
        (
            "severity",
            format!("{} ({:.1})", severity.band.as_str(), severity.score),
        ),
    ];
    out.extend(severity.scores.iter().map(|score| {
        let vector = text::line(&score.vector);
        (
            "",
            format!(
                "{:.1} CVSS {} {vector} ({})",
                score.base,
                score.version.as_str(),
                score.record
            ),
        )
    }));
    out.push(("weakness", advisory.cwes.join(", ")));
    if let Some(epss) = &advisory.epss {
        let (probability, rank) = (epss.probability * 100.0, epss.percentile * 100.0);
        out.push((
            "EPSS",
            format!(
                "{probability:.1} % within 30 days, above {rank:.0} % of CVEs ({})",
                epss.cve
            ),
        ));
    }
    if let Some(kev) = &advisory.kev {
        out.push((
            "exploited",
            format!(
                "{} is in CISA's catalogue since {}",
                kev.cve, kev.date_added
            ),
        ));
    }
    out.extend(advisory.records.iter().map(|record| {
        let date = record.modified.as_ref().or(record.published.as_ref());
        let date = date.map_or("no date", |d| d.as_str());
        (
            "record",
            format!("{} of {date} ({})", record.id, text::line(&record.feed)),
        )
    }));
    out
}
