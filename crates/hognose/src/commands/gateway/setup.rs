//! From configuration to a gateway.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use hognose_advisories::DatabaseFile;
use hognose_gateway::blobs::Blobs;
use hognose_gateway::catalog::{Catalog, Freshness, Shelves};
use hognose_gateway::event::Events;
use hognose_gateway::judge::Judge;
use hognose_gateway::tokens::{Pass, Tokens};
use hognose_gateway::upstream::{Upstream, Upstreams};
use hognose_gateway::{Gateway, Gear, Options, ahead};
use hognose_index::IndexUrl;
use hognose_policy::{GatewaySettings, ServerSettings, UpstreamSettings};
use hognose_store::Store;
use hognose_types::{ConfiguredIndex, OwnedNames};
use jiff::civil::Date;

use super::engine::{Engine, Parts, Rules};
use super::news::Stamps;
use super::pages;
use super::seat::Seat;
use super::weaker;
use crate::cli::ServeArgs;
use crate::commands::scan::Memory;
use crate::database::{self, Opened};
use crate::error::Failure;
use crate::index_settings::{self, Indexes};
use crate::settings::{self, Found};
use crate::surroundings::Surroundings;

/// What building takes.
pub(in crate::commands) struct Request<'a> {
    pub(in crate::commands) args: &'a ServeArgs,
    /// A part that every path begins with.
    pub(in crate::commands) prefix: String,
    pub(in crate::commands) quiet: bool,
    pub(in crate::commands) events: Arc<dyn Events>,
    /// What was seen before; none where nothing is to be kept.
    pub(in crate::commands) store: Option<Arc<dyn Store>>,
    /// One of several nodes, which share artifacts where the configuration says so.
    pub(in crate::commands) nodes: bool,
    pub(in crate::commands) surroundings: &'a Surroundings,
}

/// A gateway that is not listening yet.
pub(in crate::commands) struct Built {
    pub(in crate::commands) gateway: Arc<Gateway>,
    /// Where the configuration wants it.
    pub(in crate::commands) listen: SocketAddr,
    /// How it meets its clients.
    pub(in crate::commands) server: ServerSettings,
    /// Directory that relative paths of the configuration start at.
    pub(in crate::commands) base: PathBuf,
    /// What is not as it should be.
    pub(in crate::commands) notices: Vec<String>,
    /// What the configuration lets through that would be stopped without one.
    pub(in crate::commands) weaker: Vec<String>,
    /// Who decides.
    pub(in crate::commands) engine: Arc<Seat>,
    /// The file of the advisories.
    pub(in crate::commands) database: PathBuf,
    /// As that and the configuration were before they were read.
    pub(in crate::commands) seen: Stamps,
    /// The indexes of the user's tools; none where the configuration names its own.
    pub(in crate::commands) indexes: Option<Indexes>,
}

/// Age of releases that are no longer new, where the policy does not say: 72 hours.
const MIN_AGE: Duration = Duration::from_hours(72);
/// Questions to upstreams at a time.
const ASKING: usize = 16;

/// Builds a gateway.
pub(in crate::commands) fn build(request: &Request<'_>) -> Result<Built, Failure> {
    let args = request.args;
    let before = Stamps::of(args);
    let found = settings::configuration(args.config.as_deref(), args.no_config, Path::new("."))?;
    let cache = settings::cache(&args.feeds, request.surroundings)?;
    let feeds = settings::feeds(&args.feeds, &found)?;
    let database = DatabaseFile::new(&cache, &feeds).path();
    let seen = before.with_database(&database);
    let opened = open_database(request, &found, &cache)?;
    let weaker = weaker::settings(&found.config, MIN_AGE);
    let own = as_asked(found.config.gateway.clone(), args);
    let (upstreams, indexes) = upstreams(request, &own, &cache)?;
    let options = options(request, &own);
    let blobs = blobs(request, &own, &cache)?;
    let (listen, fresh, server) = (own.listen, own.fresh, own.server.clone());
    // A run that is no server has a secret path; what a project's file says of clients is not about it.
    let tokens = named(&server).into_iter().filter(|_| request.nodes);
    let base = found.base.clone();
    let parts = parts(request, &cache);
    let engine = Engine::new(rules(found, own), parts, opened.database);
    let engine = Arc::new(Seat::new(engine));
    let judge = Arc::clone(&engine) as Arc<dyn Judge>;
    let catalog = Catalog::new(Shelves {
        upstreams: Arc::clone(&upstreams),
        judge: Arc::clone(&judge),
        events: Arc::clone(&request.events),
        clock: clock(request.surroundings),
        freshness: Freshness {
            fresh,
            ..Freshness::default()
        },
        asking: ASKING,
        observe: options.observe,
    });
    let gateway = Gateway::new(Gear {
        options,
        catalog: Arc::new(catalog),
        blobs: Arc::new(blobs),
        upstreams,
        judge,
        events: Arc::clone(&request.events),
        tokens: Arc::new(Tokens::new(tokens, clock(request.surroundings))),
    });
    Ok(Built {
        gateway: Arc::new(gateway),
        listen,
        server,
        base,
        notices: opened.gaps.into_iter().map(|g| g.message).collect(),
        weaker,
        engine,
        database,
        seen,
        indexes,
    })
}

fn parts(request: &Request<'_>, cache: &Path) -> Parts {
    Parts {
        memory: Arc::new(Memory::new(cache)),
        clock: clock(request.surroundings),
        store: request.store.clone(),
    }
}

/// The settings of the file as the arguments change them.
fn as_asked(mut own: GatewaySettings, args: &ServeArgs) -> GatewaySettings {
    own.observe |= args.observe;
    own.inspect &= !args.no_inspect;
    own
}

fn rules(found: Found, settings: GatewaySettings) -> Rules {
    let min_age = found.config.min_age.unwrap_or(MIN_AGE);
    Rules {
        policy: found.config.policy,
        settings,
        min_age: min_age.as_secs().cast_signed(),
        conditions: found.config.conditions,
        owned: found.config.owned,
        digest: found.digest,
    }
}

/// Who may ask, and for what.
pub(super) fn named(server: &ServerSettings) -> Vec<Pass> {
    let tokens = server.tokens.iter();
    tokens
        .map(|t| Pass {
            name: t.name.clone(),
            sha256: t.sha256.hex().to_owned(),
            packages: t.packages.clone(),
            ends: t.expires.and_then(after),
        })
        .collect()
}

/// The end of a day, UTC, in Unix seconds.
fn after(day: Date) -> Option<i64> {
    let next = day.tomorrow().ok()?;
    let begins = next.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(begins.timestamp().as_second())
}

/// The rules as the configuration has them now.
pub(super) fn rules_now(args: &ServeArgs) -> Result<Rules, Failure> {
    let found = settings::configuration(args.config.as_deref(), args.no_config, Path::new("."))?;
    let own = as_asked(found.config.gateway.clone(), args);
    Ok(rules(found, own))
}

fn blobs(request: &Request<'_>, own: &GatewaySettings, cache: &Path) -> Result<Blobs, Failure> {
    let blobs = Blobs::open(&cache.join("blobs"), own.cache_bytes).map_err(|e| {
        Failure::incomplete(format!("cannot keep artifacts in {}", cache.display())).because(&e)
    })?;
    match (&own.blobs, &request.store) {
        // Never for a run that is no server: a project's file would say to whom its developer's key is shown.
        (Some(bucket), Some(store)) if request.nodes => {
            let clock = clock(request.surroundings);
            super::shared::share(blobs, bucket, store, clock, request.surroundings)
        }
        _ => Ok(blobs),
    }
}

fn options(request: &Request<'_>, own: &GatewaySettings) -> Options {
    Options {
        prefix: request.prefix.clone(),
        budget: own.budget,
        observe: own.observe,
        ahead: if own.look_ahead {
            own.budget.min(ahead::MOST)
        } else {
            Duration::ZERO
        },
    }
}

fn open_database(request: &Request<'_>, found: &Found, cache: &Path) -> Result<Opened, Failure> {
    database::open(&database::Request {
        feeds: &settings::feeds(&request.args.feeds, found)?,
        cache,
        offline: request.args.feeds.offline,
        quiet: request.quiet,
        max_age: found.config.max_database_age,
        surroundings: request.surroundings,
    })
}

/// The time, counted on from where the run began: a run that is given a date keeps to it.
pub(super) fn clock(surroundings: &Surroundings) -> hognose_gateway::catalog::Clock {
    let began = surroundings.now;
    let since = SystemTime::now();
    Arc::new(move || {
        let passed = since.elapsed().unwrap_or_default();
        began.saturating_add(i64::try_from(passed.as_secs()).unwrap_or(0))
    })
}

/// The indexes of the configuration, else those that the user's own tools would ask.
fn upstreams(
    request: &Request<'_>,
    own: &GatewaySettings,
    cache: &Path,
) -> Result<(Arc<Upstreams>, Option<Indexes>), Failure> {
    let trusted = !request.args.no_config;
    let indexes = index_settings::find(&request.args.index, None, trusted, request.surroundings);
    let named: &[UpstreamSettings] = &own.upstreams;
    let running = pages::running(own, request);
    let of = |name: &str, url: IndexUrl, owned: OwnedNames, indexes: &Indexes| {
        let mut asking = indexes.for_source(&url);
        asking.asking.cache = Some(cache.to_owned());
        // When nobody answers, what was kept is what is known.
        let mut silent = asking.clone();
        silent.asking.offline = true;
        let client = |of: &Indexes| of.client_running(request.surroundings, Some(running.clone()));
        Ok::<Upstream, Failure>(Upstream {
            name: name.to_owned(),
            client: client(&asking)?,
            kept: Some(client(&silent)?),
            url,
            owned,
        })
    };
    if !named.is_empty() {
        let indexes = indexes?;
        let all = named.iter().map(|upstream| {
            let url = IndexUrl::parse(&upstream.url).map_err(|e| {
                Failure::usage(format!("upstream {} has no usable address", upstream.name))
                    .because(&e)
            })?;
            of(&upstream.name, url, upstream.owned.clone(), &indexes)
        });
        let all = all.collect::<Result<_, _>>()?;
        return Ok((Arc::new(Upstreams::new(all)), None));
    }
    let indexes = indexes?;
    let mut all = Vec::new();
    // What is bound to an index belongs to it: no other is asked.
    for bound in indexes
        .settings
        .indexes
        .iter()
        .filter(|i| !i.packages.is_empty())
    {
        if let Some(upstream) = bound_to(bound) {
            let (url, owned) = upstream;
            all.push(of(&bound.url.to_string(), url, owned, &indexes)?);
        }
    }
    // Further indexes go before the main one, as uv has it: they are the private ones.
    for url in indexes.extra.iter().chain([&indexes.index]) {
        let name = url.redacted().to_string();
        all.push(of(&name, url.clone(), OwnedNames::default(), &indexes)?);
    }
    Ok((Arc::new(Upstreams::new(all)), Some(indexes)))
}

fn bound_to(index: &ConfiguredIndex) -> Option<(IndexUrl, OwnedNames)> {
    let url = IndexUrl::parse(index.url.expose()).ok()?;
    let mut owned = OwnedNames::default();
    for pattern in &index.packages {
        // Patterns that are more than the beginning of names are PDM's alone.
        owned.add(pattern).ok()?;
    }
    Some((url, owned))
}
