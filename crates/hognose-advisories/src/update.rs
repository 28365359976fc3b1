//! Feeds → a new database file.

use std::path::{Path, PathBuf};

use crate::build::Builder;
use crate::collect::{Source, sources};
use crate::download::{DownloadError, Fetched, HttpOptions, Validators, fetch, load_validators};
use crate::feed::{Feed, FeedKind, FeedLocation};
use crate::interrupt::{Interrupt, ProgressSink};
use crate::read::{ReadError, ReadLimits, Reading};
use crate::status::Status;
use crate::store::{DatabaseFile, StoreError, write_atomically};
use crate::{Database, aside, fingerprint};

/// What an update needs.
#[derive(Debug)]
pub struct UpdateOptions<'a> {
    /// The feeds, advisories and others in any order.
    pub feeds: &'a [Feed],
    /// Cache directory.
    pub cache: &'a Path,
    /// Use only what is on disk: remote feeds from earlier downloads.
    pub offline: bool,
    /// Time, Unix seconds.
    pub now: u64,
    /// How to download.
    pub http: HttpOptions,
    /// What reading may cost.
    pub limits: ReadLimits,
}

/// What an update did.
#[derive(Debug)]
pub struct UpdateSummary {
    /// The database, opened.
    pub database: Database,
    /// Where it stands; `None` when the cache could not be written and it only lives in memory.
    pub path: Option<PathBuf>,
    /// Why it could not be written.
    pub unwritten: Option<StoreError>,
    /// True when the feeds gave exactly what the database already held.
    pub unchanged: bool,
    /// Feeds that failed: address and reason.
    pub failures: Vec<FeedFailure>,
    /// Feeds, counts, problems.
    pub status: Status,
}

/// A feed that could not be fetched or read.
#[derive(Debug)]
pub struct FeedFailure {
    /// What it holds.
    pub kind: FeedKind,
    /// Its address, without secrets.
    pub feed: String,
    /// Why.
    pub error: FeedFault,
    /// An earlier copy was used instead.
    pub used_earlier_copy: bool,
}

/// Why a feed failed.
#[derive(Debug, thiserror::Error)]
pub enum FeedFault {
    /// It could not be fetched.
    #[error(transparent)]
    Download(#[from] DownloadError),
    /// It could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It could not be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Offline, and never fetched before.
    #[error("{0} was never fetched, and this run is offline")]
    Offline(String),
}

/// Why an update failed as a whole. The old database still works.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError {
    /// No feed of advisories could be read.
    #[error("no feed of advisories could be read")]
    NoAdvisories(Vec<FeedFailure>),
    /// A feed of advisories failed and the database in place holds more than could be rebuilt without it.
    #[error("the database is unchanged, because a feed of advisories could not be read")]
    Kept(Vec<FeedFailure>),
    /// The user stopped it.
    #[error("interrupted; the database is unchanged")]
    Interrupted,
}

/// Builds the database of a set of feeds and puts it in place.
pub fn update(
    options: &UpdateOptions<'_>,
    sink: &dyn ProgressSink,
    interrupt: &Interrupt,
) -> Result<UpdateSummary, UpdateError> {
    let file = DatabaseFile::new(options.cache, options.feeds);
    let prepared = file.prepare().and_then(|()| file.lock(|| ()));
    let (lock, unwritten) = match prepared {
        Ok(lock) => (Some(lock), None),
        Err(error) => (None, Some(error)),
    };
    let old = Database::open(&file.path()).ok();
    let mut run = Run {
        options,
        sink,
        interrupt,
        file: &file,
        writable: lock.is_some(),
        builder: Builder::new(),
        failures: Vec::new(),
    };
    run.read_all()?;
    let Run {
        builder, failures, ..
    } = run;
    let required = |f: &FeedFailure| f.kind.is_required() && !f.used_earlier_copy;
    if failures.iter().any(required) {
        if builder.record_count() == 0 {
            return Err(UpdateError::NoAdvisories(failures));
        }
        if old.is_some() {
            return Err(UpdateError::Kept(failures));
        }
    }
    finish(
        builder,
        failures,
        &file,
        old.as_ref(),
        unwritten,
        options.now,
    )
}

fn finish(
    builder: Builder,
    failures: Vec<FeedFailure>,
    file: &DatabaseFile,
    old: Option<&Database>,
    unwritten: Option<StoreError>,
    now: u64,
) -> Result<UpdateSummary, UpdateError> {
    let bytes = builder.finish(now);
    let written = if unwritten.is_none() {
        file.replace(&bytes)
    } else {
        Ok(())
    };
    // A new file is opened as any later run would open it; from memory only where it could not be written.
    let unwritten = unwritten.or(written.err());
    let opened = match &unwritten {
        None => Database::open(&file.path()).ok(),
        Some(_) => Database::from_bytes(bytes).ok(),
    };
    let Some(database) = opened else {
        return Err(UpdateError::NoAdvisories(failures));
    };
    let unchanged = old.is_some_and(|old| old.revision() == database.revision());
    let status = database.status().unwrap_or_default();
    let path = unwritten.is_none().then(|| file.path());
    Ok(UpdateSummary {
        database,
        path,
        unwritten,
        unchanged,
        failures,
        status,
    })
}

struct Run<'a> {
    options: &'a UpdateOptions<'a>,
    sink: &'a dyn ProgressSink,
    interrupt: &'a Interrupt,
    file: &'a DatabaseFile,
    writable: bool,
    builder: Builder,
    failures: Vec<FeedFailure>,
}

/// A feed on disk, with what makes a download permanent once it was read.
struct Local {
    path: PathBuf,
    fresh: Option<(tempfile::NamedTempFile, Validators)>,
}

impl Run<'_> {
    /// Advisories first: only scores of the CVEs they name are kept.
    fn read_all(&mut self) -> Result<(), UpdateError> {
        let mut feeds: Vec<&Feed> = self.options.feeds.iter().collect();
        feeds.sort_by_key(|feed| !feed.kind.is_required());
        let mut later: Vec<(Feed, Source)> = Vec::new();
        for feed in feeds {
            if let Err(error) = self.feed(feed, &mut later) {
                self.fail(feed, error, false)?;
            }
        }
        for (feed, source) in later {
            if let Err(error) = self.source(&source, None) {
                self.fail(
                    &Feed {
                        kind: source.kind,
                        ..feed
                    },
                    error.into(),
                    false,
                )?;
            }
        }
        Ok(())
    }

    fn fail(
        &mut self,
        feed: &Feed,
        error: FeedFault,
        used_earlier_copy: bool,
    ) -> Result<(), UpdateError> {
        if matches!(
            error,
            FeedFault::Download(DownloadError::Interrupted)
                | FeedFault::Read(ReadError::Interrupted)
        ) {
            return Err(UpdateError::Interrupted);
        }
        if !used_earlier_copy {
            self.builder
                .failed_feed(feed.kind.as_str(), &feed.shown(), &chain(&error));
        }
        self.failures.push(FeedFailure {
            kind: feed.kind,
            feed: feed.shown(),
            error,
            used_earlier_copy,
        });
        Ok(())
    }

    fn feed(&mut self, feed: &Feed, later: &mut Vec<(Feed, Source)>) -> Result<(), FeedFault> {
        self.sink.reading(&feed.shown());
        match &feed.location {
            FeedLocation::Path(path) => {
                let sources = sources(feed.kind, &feed.shown(), path, self.options.limits)?;
                for path in fingerprint::watched(path, &sources) {
                    if let Some(state) = fingerprint::state(&path) {
                        self.builder.fingerprint(path.display().to_string(), state);
                    }
                }
                for source in sources {
                    if source.kind.is_required() {
                        self.source(&source, None)?;
                    } else {
                        later.push((feed.clone(), source));
                    }
                }
                Ok(())
            }
            FeedLocation::Url(_) => self.remote(feed),
        }
    }

    fn remote(&mut self, feed: &Feed) -> Result<(), FeedFault> {
        let key = crate::feed::feeds_key(std::slice::from_ref(feed));
        let body = self.file.downloads().join(format!("{key}.body"));
        let about = self.file.downloads().join(format!("{key}.json"));
        let (local, stale) = match self.obtain(feed, &body, &about) {
            Ok(local) => (local, None),
            Err(FeedFault::Download(DownloadError::Interrupted)) => {
                return Err(DownloadError::Interrupted.into());
            }
            Err(error) if body.exists() => (
                Local {
                    path: body.clone(),
                    fresh: None,
                },
                Some(error),
            ),
            Err(error) => return Err(error),
        };
        match self.read_local(feed, &local, stale.as_ref()) {
            Ok(()) => {}
            // What came is no feed (a captive portal's page, a cut archive): the earlier copy still is one.
            Err(error)
                if local.fresh.is_some()
                    && body.exists()
                    && !matches!(error, FeedFault::Read(ReadError::Interrupted)) =>
            {
                self.read_local(
                    feed,
                    &Local {
                        path: body,
                        fresh: None,
                    },
                    Some(&error),
                )?;
                return self
                    .fail(feed, error, true)
                    .map_err(|_| DownloadError::Interrupted.into());
            }
            Err(error) => return Err(error),
        }
        if let Some((file, validators)) = local.fresh {
            keep(file, &validators, &body, &about)?;
        }
        if let Some(error) = stale {
            return self
                .fail(feed, error, true)
                .map_err(|_| DownloadError::Interrupted.into());
        }
        Ok(())
    }

    fn obtain(&self, feed: &Feed, body: &Path, about: &Path) -> Result<Local, FeedFault> {
        let FeedLocation::Url(url) = &feed.location else {
            return Err(FeedFault::Offline(feed.shown()));
        };
        if self.options.offline {
            return if body.exists() {
                Ok(Local {
                    path: body.to_owned(),
                    fresh: None,
                })
            } else {
                Err(FeedFault::Offline(feed.shown()))
            };
        }
        let known = if body.exists() {
            load_validators(about)
        } else {
            Validators::default()
        };
        let directory = if self.writable {
            self.file.downloads()
        } else {
            std::env::temp_dir()
        };
        match fetch(
            url,
            &known,
            &directory,
            &self.options.http,
            self.sink,
            self.interrupt,
        )? {
            Fetched::NotModified => Ok(Local {
                path: body.to_owned(),
                fresh: None,
            }),
            Fetched::New(file, validators) => Ok(Local {
                path: file.path().to_owned(),
                fresh: Some((file, validators)),
            }),
        }
    }

    fn read_local(
        &mut self,
        feed: &Feed,
        local: &Local,
        stale: Option<&FeedFault>,
    ) -> Result<(), FeedFault> {
        for source in sources(feed.kind, &feed.shown(), &local.path, self.options.limits)? {
            self.source(&source, stale.map(chain).as_deref())?;
        }
        Ok(())
    }

    fn source(&mut self, source: &Source, stale: Option<&str>) -> Result<(), ReadError> {
        let handle = self.builder.feed(source.kind.as_str(), &source.location);
        if let Some(status) = self.builder.feed_status(handle) {
            status.stale = stale.map(str::to_owned);
        }
        for name in &source.ignored {
            self.builder.ignored(handle, name);
        }
        let mut reading = Reading {
            builder: &mut self.builder,
            limits: self.options.limits,
            interrupt: self.interrupt,
        };
        for file in &source.files {
            reading.check()?;
            if let Some(content) = file.content {
                reading.file(handle, &file.path, content, file.gzipped)?;
            } else {
                let bytes = std::fs::read(&file.path).map_err(crate::read::io_at(&file.path))?;
                aside::popular_text(&mut reading, handle, &file.path, &bytes)?;
            }
        }
        Ok(())
    }
}

fn keep(
    file: tempfile::NamedTempFile,
    validators: &Validators,
    body: &Path,
    about: &Path,
) -> Result<(), FeedFault> {
    let fault = |source| StoreError::Write {
        path: body.to_owned(),
        source,
    };
    // The validators go first and come back last: a crash in between costs a download, never a wrong answer.
    let _ = std::fs::remove_file(about);
    file.as_file().sync_all().map_err(fault)?;
    file.persist(body).map_err(|e| fault(e.error))?;
    write_atomically(
        about,
        serde_json::to_string(validators)
            .unwrap_or_default()
            .as_bytes(),
    )?;
    Ok(())
}

/// An error and its causes on one line.
pub(crate) fn chain(error: &FeedFault) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        text.push_str(": ");
        text.push_str(&next.to_string());
        cause = next.source();
    }
    text
}

/// True when a local feed is not what the database was built from.
pub fn is_outdated(status: &Status) -> bool {
    status
        .fingerprints
        .iter()
        .any(|(path, state)| fingerprint::state(Path::new(path)) != Some(*state))
}
