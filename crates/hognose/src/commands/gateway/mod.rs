//! `hognose gateway`: a package index that withholds what the policy blocks.

mod access;
mod bytes;
pub(super) mod check;
mod engine;
mod gc;
mod happened;
mod held;
mod lane;
mod names;
mod news;
mod page;
mod pages;
mod past;
mod published;
mod recollection;
mod seat;
mod setup;
mod shared;
pub(super) mod state;
mod token;
mod vouch;
mod weaker;
mod weigh;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use hognose_gateway::event::Events;
use hognose_gateway::{Server, ServerLimits};
use hognose_policy::ServerSettings;
use hognose_store::Store;

use crate::cli::{Cli, GatewayArgs, GatewayCommand};
use crate::error::Failure;
use crate::exit::Exit;
use crate::output;
use crate::surroundings::Surroundings;

pub(super) use happened::{Happened, Told};
pub(super) use setup::{Built, Request, build};

use news::News;

use state::{Place, Recorder};

pub(super) fn run(
    cli: &Cli,
    args: &GatewayArgs,
    surroundings: &Surroundings,
) -> Result<Exit, Failure> {
    match &args.command {
        Some(GatewayCommand::Check(args)) => return check::run(cli, args, surroundings),
        Some(GatewayCommand::Gc(args)) => return gc::run(args, surroundings),
        Some(GatewayCommand::Token(args)) => return token::run(args, surroundings),
        Some(GatewayCommand::State(command)) => return state::run(command, surroundings),
        None => {}
    }
    // Who was sent what must be known later: a gateway that cannot write it down does not start.
    let place = Place::of_gateway(&args.state, &args.serve, surroundings)?;
    let store = state::open(&place)?;
    let happened = Arc::new(Happened::default());
    let recorder = Recorder::new(
        Arc::clone(&store),
        Arc::clone(&happened) as Arc<dyn Events>,
        surroundings,
    );
    let events = Arc::new(recorder) as Arc<dyn Events>;
    let built = build(&Request {
        args: &args.serve,
        prefix: String::new(),
        quiet: cli.quiet,
        events: Arc::clone(&events),
        store: Some(Arc::clone(&store)),
        nodes: true,
        surroundings,
    })?;
    let listen = args.listen.unwrap_or(built.listen);
    let open = built.server.tokens.is_empty();
    if open && !listen.ip().is_loopback() && !cli.quiet {
        output::warning(
            "the gateway asks nobody who they are: whoever reaches this address can use your index and its credentials (`hognose gateway token`)",
        );
    }
    for notice in &built.notices {
        output::warning(notice);
    }
    let news = News {
        database: built.database.clone(),
        args: args.serve.clone(),
        seat: Arc::clone(&built.engine),
        tokens: Arc::clone(&built.gateway.gear.tokens),
        events,
        seen: built.seen.clone(),
    };
    let mut limits = limits(&built.server, &built.base)?;
    if let Some(path) = &args.access_log {
        limits.access = Some(access::open(path, setup::clock(surroundings))?);
    }
    serve(cli, listen, built, news, limits)?;
    store.flush()?;
    Ok(Exit::Clean)
}

/// Serves until the process is told to end.
fn serve(
    cli: &Cli,
    listen: SocketAddr,
    built: Built,
    news: News,
    limits: ServerLimits,
) -> Result<(), Failure> {
    let scheme = if limits.tls.is_some() {
        "https"
    } else {
        "http"
    };
    runtime()?.block_on(async {
        let news = tokio::spawn(news::watch(news));
        let server = Server::start(listen, built.gateway, limits)
            .await
            .map_err(|e| {
                Failure::usage(format!("cannot listen on {listen}"))
                    .because(&e)
                    .hint("name another address with `--listen`")
            })?;
        if !cli.quiet {
            output::human(&format!(
                "the index is at {scheme}://{}/simple/",
                server.address
            ));
        }
        ended().await;
        news.abort();
        server.stop().await;
        Ok::<_, Failure>(())
    })
}

/// How the server meets its clients.
fn limits(settings: &ServerSettings, base: &Path) -> Result<ServerLimits, Failure> {
    let mut limits = ServerLimits {
        rate: settings.rate,
        ..ServerLimits::default()
    };
    limits.connections = settings.connections.unwrap_or(limits.connections);
    let per_client = settings.connections_per_client;
    limits.connections_per_client = per_client.unwrap_or(limits.connections_per_client);
    for proxy in &settings.trusted_proxies {
        if !limits.trusted.add(proxy) {
            let shown = hognose_types::text::short(proxy, 60);
            return Err(Failure::usage(format!(
                "{shown:?} of trusted-proxies is no address or network"
            ))
            .hint("write 10.0.0.1 or 10.0.0.0/8"));
        }
    }
    if let Some((certificate, key)) = &settings.tls {
        let tls = hognose_gateway::tls::server(&base.join(certificate), &base.join(key));
        limits.tls = Some(tls.map_err(|e| Failure::usage("TLS cannot be spoken").because(&e))?);
    }
    Ok(limits)
}

/// What is written down of a run that is no server: the same log, where there is a place for it. Without it the run goes
/// on, and says so.
pub(super) fn remembering(
    happened: &Arc<Happened>,
    quiet: bool,
    surroundings: &Surroundings,
) -> (Option<Arc<dyn Store>>, Arc<dyn Events>) {
    let events = Arc::clone(happened) as Arc<dyn Events>;
    // Never the configuration's: a project's file would say to which server its developer connects.
    match Place::usual(surroundings).and_then(|place| state::open(&place)) {
        Ok(store) => {
            let recorder = Recorder::new(Arc::clone(&store), events, surroundings);
            (Some(store), Arc::new(recorder))
        }
        Err(failure) => {
            if !quiet {
                output::warning(&format!(
                    "nothing is written to the audit log: {}",
                    failure.line()
                ));
            }
            (None, events)
        }
    }
}

/// The threads of a server: one per core, and as many more as wait for upstreams and disks.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(256)
        .build()
        .map_err(|e| Failure::incomplete("no threads can be started").because(&e))
}

/// Waits until the process is told to end.
async fn ended() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupted => {}
                _ = terminated.recv() => {}
            }
            return;
        }
    }
    let _ = interrupted.await;
}
