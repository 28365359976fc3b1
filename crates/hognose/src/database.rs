//! The advisory database of a run: open it, build it when it is missing or outdated, fall back to the starter set,
//! and say what is wrong with it.

use std::path::Path;
use std::time::Duration;

use hognose_advisories::feed::{Feed, FeedKind};
use hognose_advisories::format::FormatError;
use hognose_advisories::{
    Database, DatabaseFile, FeedFailure, HttpOptions, Interrupt, OpenError, ReadLimits, Status,
    UpdateError, UpdateOptions, UpdateSummary, is_outdated, update,
};
use hognose_types::{Gap, Notice, rules};

use crate::error::Failure;
use crate::progress::Bars;
use crate::surroundings::Surroundings;

/// A database ready for use.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) database: Database,
    pub(crate) status: Status,
    pub(crate) gaps: Vec<Gap>,
    pub(crate) notices: Vec<Notice>,
}

/// What finding a database takes.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) feeds: &'a [Feed],
    pub(crate) cache: &'a Path,
    pub(crate) offline: bool,
    pub(crate) quiet: bool,
    pub(crate) max_age: Option<Duration>,
    pub(crate) surroundings: &'a Surroundings,
}

/// Databases of public feeds older than this are stale; new advisories come every day.
const DEFAULT_MAX_AGE: Duration = Duration::from_hours(7 * 24);

/// Opens the database, building it first where needed. Never fails for want of data: the gaps say what is missing.
pub(crate) fn open(request: &Request<'_>) -> Result<Opened, Failure> {
    let path = DatabaseFile::new(request.cache, request.feeds).path();
    match Database::open(&path) {
        Ok(database) => match database.status() {
            Ok(status) if is_outdated(&status) => rebuild(request, Some((database, status))),
            Ok(status) => Ok(opened(request, database, status)),
            Err(_) => rebuild(request, None),
        },
        // A newer program wrote it: replacing it would only make the two fight over it.
        Err(OpenError::Format {
            source: FormatError::Version { found },
            ..
        }) if found > hognose_advisories::format::VERSION => {
            let reason = format!(
                "the database {} has format {found}, written by a newer version of this program",
                path.display()
            );
            starter(
                &reason,
                "update hognose, or rebuild the database with `hognose db update`",
            )
        }
        Err(_) => rebuild(request, None),
    }
}

/// Builds the database now, showing progress.
pub(crate) fn build(request: &Request<'_>) -> Result<UpdateSummary, UpdateError> {
    let interrupt = Interrupt::new();
    let flag = interrupt.clone();
    // Without a handler Ctrl-C simply ends the process, which is safe too: the next update removes what is left over.
    let _ = ctrlc::set_handler(move || flag.set());
    let options = UpdateOptions {
        feeds: request.feeds,
        cache: request.cache,
        offline: request.offline,
        now: u64::try_from(request.surroundings.now).unwrap_or(0),
        http: HttpOptions {
            proxies: request.surroundings.proxies(),
            ..HttpOptions::default()
        },
        limits: ReadLimits::default(),
    };
    update(&options, &Bars::new(request.quiet), &interrupt)
}

fn rebuild(request: &Request<'_>, old: Option<(Database, Status)>) -> Result<Opened, Failure> {
    let hint = "run `hognose db update` with a network, or name a local mirror with `--feed`";
    let fetches = !request.offline && request.feeds.iter().any(Feed::is_remote);
    if fetches && !request.quiet {
        crate::output::human("fetching advisories, once (`hognose db update` refreshes them)");
    }
    match build(request) {
        Ok(summary) => {
            let mut out = opened(request, summary.database, summary.status);
            if let Some(error) = summary.unwritten {
                let reason = chain(&error);
                out.notices.push(notice(format!(
                    "the advisory database is rebuilt at every run: {reason}"
                )));
            }
            Ok(out)
        }
        Err(UpdateError::Interrupted) => Err(Failure::interrupted(
            "interrupted; the database is unchanged",
        )),
        Err(UpdateError::Kept(failures) | UpdateError::NoAdvisories(failures)) => match old {
            Some((database, status)) => {
                let mut out = opened(request, database, status);
                out.gaps.extend(failures.iter().map(|f| {
                    gap(
                        format!("the advisory database is out of date: {}", failure(f)),
                        hint,
                    )
                }));
                Ok(out)
            }
            None => starter(
                &format!("there is no advisory database: {}", first(&failures)),
                hint,
            ),
        },
    }
}

fn starter(reason: &str, hint: &str) -> Result<Opened, Failure> {
    let broken = |error: &dyn std::error::Error| {
        Failure::incomplete("the starter set cannot be read").because(error)
    };
    let database = hognose_advisories::starter().map_err(|e| broken(&e))?;
    let status = database.status().map_err(|e| broken(&e))?;
    let message = format!(
        "{reason}; only the starter set of {} advisories was used",
        status.flaws
    );
    Ok(Opened {
        database,
        status,
        gaps: vec![gap(message, hint)],
        notices: Vec::new(),
    })
}

fn opened(request: &Request<'_>, database: Database, status: Status) -> Opened {
    let (mut gaps, mut notices) = (Vec::new(), Vec::new());
    for feed in &status.feeds {
        let required = FeedKind::from_name(&feed.kind).is_none_or(FeedKind::is_required);
        let fault = match (&feed.failed, &feed.stale) {
            (Some(reason), _) => format!("the feed {} could not be read: {reason}", feed.location),
            (None, Some(reason)) => format!(
                "the feed {} could not be refreshed, an earlier copy was used: {reason}",
                feed.location
            ),
            (None, None) => continue,
        };
        if required {
            gaps.push(gap(fault, "run `hognose db update`"));
        } else {
            notices.push(notice(fault));
        }
    }
    gaps.extend(too_old(request, &database));
    Opened {
        database,
        status,
        gaps,
        notices,
    }
}

/// Databases of remote feeds age from the day they were fetched; local mirrors only when the policy sets an age.
fn too_old(request: &Request<'_>, database: &Database) -> Option<Gap> {
    let remote = request.feeds.iter().any(Feed::is_remote);
    let limit = request.max_age.or(remote.then_some(DEFAULT_MAX_AGE))?;
    let built = i64::try_from(database.built()).unwrap_or(i64::MAX);
    let age = u64::try_from(request.surroundings.now.saturating_sub(built)).unwrap_or(0);
    (age > limit.as_secs()).then(|| {
        let message = format!(
            "the advisory database is {} old, the limit is {}",
            days(age),
            days(limit.as_secs())
        );
        gap(message, "run `hognose db update`")
    })
}

fn days(seconds: u64) -> String {
    match seconds / 86_400 {
        0 => format!("{} hours", seconds / 3_600),
        1 => "1 day".to_owned(),
        n => format!("{n} days"),
    }
}

fn gap(message: String, hint: &str) -> Gap {
    Gap {
        rule: rules::gap_database::ID,
        subject: "advisory database".to_owned(),
        location: None,
        message,
        hint: Some(hint.to_owned()),
        groups: Vec::new(),
    }
}

fn notice(message: String) -> Notice {
    Notice {
        location: None,
        message,
    }
}

fn first(failures: &[FeedFailure]) -> String {
    failures
        .first()
        .map_or_else(|| "no feed is configured".to_owned(), failure)
}

/// A failed feed on one line.
pub(crate) fn failure(failure: &FeedFailure) -> String {
    chain(&failure.error)
}

/// An error and its causes on one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(": ");
        text.push_str(&next.to_string());
        cause = next.source();
    }
    text
}
