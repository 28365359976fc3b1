//! What changes while the gateway runs: `hognose db update` puts a new database in the place of the old one, and somebody
//! edits the configuration. What either condemns is served no more, from the cache either.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use hognose_advisories::Database;
use hognose_gateway::event::{Event, Events};
use hognose_gateway::tokens::Tokens;

use super::seat::Seat;
use super::setup::{named, rules_now};
use crate::cli::ServeArgs;
use crate::output;
use crate::settings;

/// How often the files are looked at.
const PAUSE: Duration = Duration::from_secs(2);

/// What is looked at, and who is told.
pub(super) struct News {
    pub(super) database: PathBuf,
    /// How the gateway was started: they name the configuration.
    pub(super) args: ServeArgs,
    pub(super) seat: Arc<Seat>,
    pub(super) tokens: Arc<Tokens>,
    pub(super) events: Arc<dyn Events>,
    /// As the files were before they were read.
    pub(super) seen: Stamps,
}

/// What tells that a file has changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::commands) struct Stamps {
    database: Option<Stamp>,
    configuration: Vec<Option<Stamp>>,
}

impl Stamps {
    /// As the configuration is now: what changes while it is read is seen afterwards.
    pub(super) fn of(args: &ServeArgs) -> Self {
        Self {
            database: None,
            configuration: configuration(args),
        }
    }

    /// And the database.
    pub(super) fn with_database(self, path: &Path) -> Self {
        Self {
            database: stamp(path),
            ..self
        }
    }
}

impl News {
    /// A file that cannot be read is no reason to know less than before: it is tried again.
    fn learn(&self) -> Option<()> {
        let database = Database::open(&self.database).ok()?;
        database.verify().ok()?;
        let revision = database.revision();
        self.seat.learn(database);
        self.tell("database", revision);
        Some(())
    }

    /// A configuration that is wrong changes nothing, and is said once.
    fn obey(&self) {
        match rules_now(&self.args) {
            Ok(rules) => {
                let digest = rules.digest.clone();
                let tokens = named(&rules.settings.server);
                if tokens.is_empty() && !self.tokens.is_empty() {
                    // An editor that empties a file before it writes it must not open the door to everybody.
                    output::warning(
                        "the configuration names no tokens any more: those before stay in force until a restart",
                    );
                } else {
                    self.tokens.replace(tokens);
                }
                self.seat.obey(rules);
                self.tell("policy", digest);
                output::human(
                    "the configuration has changed, and is in force; addresses and caches change with a restart",
                );
            }
            Err(failure) => {
                output::warning(&format!(
                    "the configuration has changed and is not in force: {}",
                    failure.line()
                ));
            }
        }
    }

    fn tell(&self, what: &str, revision: String) {
        self.events.record(Event::Changed {
            what: what.to_owned(),
            revision,
        });
    }
}

fn configuration(args: &ServeArgs) -> Vec<Option<Stamp>> {
    let files = match (&args.config, args.no_config) {
        (_, true) => Vec::new(),
        (Some(path), _) => vec![path.clone()],
        (None, _) => settings::place(Path::new(".")),
    };
    files.iter().map(|path| stamp(path)).collect()
}

/// Looks for changes as long as the gateway runs.
pub(super) async fn watch(news: News) {
    let Stamps {
        database: mut seen,
        configuration: mut policy,
    } = news.seen.clone();
    let news = Arc::new(news);
    loop {
        tokio::time::sleep(PAUSE).await;
        let now = stamp(&news.database);
        if now != seen && now.is_some() {
            let own = Arc::clone(&news);
            let learnt = tokio::task::spawn_blocking(move || own.learn()).await;
            if learnt.is_ok_and(|learnt| learnt.is_some()) {
                seen = now;
            }
        }
        let now = configuration(&news.args);
        if now != policy {
            policy = now;
            let own = Arc::clone(&news);
            // A run that ends meanwhile needs no rules.
            let _ = tokio::task::spawn_blocking(move || own.obey()).await;
        }
    }
}

type Stamp = (SystemTime, u64);

fn stamp(path: &Path) -> Option<Stamp> {
    let found = std::fs::metadata(path).ok()?;
    Some((found.modified().ok()?, found.len()))
}
