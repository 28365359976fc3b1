//! `hognose guard -- pip install …`: the gateway for the life of one command.
//!
//! It listens on a port of this machine that the system chooses, under a path that nobody can guess, and only the
//! command is told of it. Indexes and credentials stay the user's own; they are the gateway's upstreams now.

mod child;
mod command;
mod configs;
mod confine;
mod files;
mod grammar;
mod inner;
mod installer;
mod locks;
mod scripts;
mod shell;
mod shims;
mod summary;
mod tox;
mod wrapped;

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use hognose_gateway::{Gateway, Server, ServerLimits};

use crate::cli::{Cli, GuardArgs};
use crate::commands::gateway::{Built, Happened, Request, build, check, remembering, runtime};
use crate::error::Failure;
use crate::exit::Exit;
use crate::output;
use crate::random;
use crate::surroundings::Surroundings;
use installer::Lifted;
use locks::Way;

pub(super) fn run(
    cli: &Cli,
    args: &GuardArgs,
    surroundings: &Surroundings,
) -> Result<Exit, Failure> {
    if args.command.is_empty() {
        let directory = args.shims_dir.as_deref();
        return if args.install_shims {
            shims::install(directory, surroundings)
        } else {
            shims::remove(directory, surroundings)
        };
    }
    guard(cli, args, surroundings)
}

/// Runs a command behind a gateway of its own.
fn guard(cli: &Cli, args: &GuardArgs, surroundings: &Surroundings) -> Result<Exit, Failure> {
    let mut lifted = installer::lift(&args.command)?;
    if let Some(path) = shims::search_path(surroundings) {
        lifted.stands_for(&path)?;
        if !shims::installs(lifted.tool, &lifted.own()) {
            let status = runtime()?.block_on(run_child(&lifted, Vec::new(), None))?;
            return Ok(exit(status, false));
        }
    }
    let (way, bound) = looked_at(&mut lifted, surroundings)?;
    let happened = Arc::new(Happened::default());
    let (store, events) = remembering(&happened, cli.quiet, surroundings);
    let built = build(&Request {
        args: &lifted.watched(&args.serve),
        // Other users of this machine share its loopback addresses: 128 bits that they do not know.
        prefix: format!("/{}", random::hex::<16>()?),
        quiet: cli.quiet,
        events,
        store: store.clone(),
        nodes: false,
        surroundings,
    })?;
    let observe = built.gateway.gear.options.observe;
    if !cli.quiet {
        tell(&built, &lifted);
    }
    let mut keep = bound.variables(built.indexes.as_ref())?;
    if let Way::Lock(pins) = &way {
        if let Some(refused) = lock_refused(cli, &lifted, &pins.lock, &built.gateway)? {
            return Ok(refused);
        }
        keep.extend(pins.keep.map(|name| (name, Some("1".to_owned()))));
        if args.confine {
            return Err(Failure::usage(
                "a command that installs from a lock gets it from where the lock says",
            )
            .hint(
                "leave --confine out: the hashes of the lock hold the command to what was judged",
            ));
        }
        if !pins.asks {
            let status = runtime()?.block_on(run_child(&lifted, keep, None))?;
            return Ok(exit(status, false));
        }
    }
    let gateway = Arc::clone(&built.gateway);
    let (status, address) = behind(&lifted, built, keep, args.confine, surroundings)?;
    store.map_or(Ok(()), |store| store.flush())?;
    let told = happened.told();
    if !cli.quiet {
        for line in summary::lines(&told, observe) {
            output::human(&line);
        }
        let asked = gateway.counts.requests.load(Ordering::Relaxed);
        if asked == 0 && way == Way::Asks {
            asked_nothing(&lifted, address);
        }
    }
    Ok(exit(status, !told.blocked.is_empty() && !observe))
}

/// What somebody should know before the command runs.
fn tell(built: &Built, lifted: &Lifted) {
    for notice in built.notices.iter().chain(&lifted.notices) {
        output::warning(notice);
    }
    if !built.weaker.is_empty() {
        // Whoever clones a project takes its policy with it.
        output::warning(&format!(
            "the configuration in {} lets more through than the guard does by itself: {} (--no-config does without it)",
            built.base.display(),
            built.weaker.join(", ")
        ));
    }
}

fn asked_nothing(lifted: &Lifted, address: SocketAddr) {
    if !lifted.resolves() {
        return;
    }
    output::warning(&format!(
        "{} asked the gateway at {address} for nothing: what it installed, it had already or got elsewhere",
        lifted.program.to_string_lossy()
    ));
}

/// How the command gets its packages, and what its files bind to indexes; refuses what would lead past the guard.
fn looked_at(
    lifted: &mut Lifted,
    surroundings: &Surroundings,
) -> Result<(Way, files::Bound), Failure> {
    let here = std::env::current_dir()
        .map_err(|e| Failure::usage("the current directory cannot be read").because(&e))?;
    if let Some((at, word)) = locks::unsaid(lifted.tool, &lifted.own()) {
        lifted.arguments.insert(lifted.lead + at, word.into());
    }
    let own = lifted.own();
    let way = locks::way(lifted.tool, &own, &here, surroundings)?;
    let told = configs::check(lifted.tool, &own, &here, surroundings)?;
    lifted.take_in(told);
    for (tool, words) in lifted.within.clone() {
        let told = configs::check(tool, &words, &here, surroundings)?;
        lifted.take_in(told);
    }
    locks::within(&lifted.within, &here, surroundings)?;
    let bound = files::check(&lifted.files, surroundings)?;
    Ok((way, bound))
}

/// Runs the command with a gateway beside it.
fn behind(
    lifted: &Lifted,
    built: Built,
    more: Vec<child::Variable>,
    confine: bool,
    surroundings: &Surroundings,
) -> Result<(ExitStatus, SocketAddr), Failure> {
    let scratch = tempfile::Builder::new()
        .prefix("hognose-guard-")
        .tempdir()
        .map_err(|e| Failure::incomplete("no temporary directory can be made").because(&e))?;
    let prefix = built.gateway.gear.options.prefix.clone();
    runtime()?.block_on(async {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let server = Server::start(any, built.gateway, ServerLimits::default())
            .await
            .map_err(|e| Failure::incomplete("cannot listen on this machine").because(&e))?;
        let address = server.address;
        let index = format!("http://{address}{prefix}/simple/");
        let indexes = built.indexes.as_ref();
        let ended = match child::variables(&index, scratch.path(), indexes, surroundings) {
            Ok(mut variables) => {
                variables.extend(more);
                run_child(lifted, variables, confine.then(|| address.port())).await
            }
            Err(failure) => Err(failure),
        };
        server.stop().await;
        Ok((ended?, address))
    })
}

/// Judges what a lock pins: the hashes of the lock see to it that the command gets these bytes. Answers how the run ends
/// where the command must not start.
fn lock_refused(
    cli: &Cli,
    lifted: &Lifted,
    lock: &Path,
    gateway: &Arc<Gateway>,
) -> Result<Option<Exit>, Failure> {
    let wanted = check::pinned(&[lock.to_owned()])?.by_hash_alone();
    let outcome = runtime()?.block_on(check::judged(gateway, wanted));
    let judged = outcome.exit();
    let refused =
        !gateway.gear.options.observe && matches!(judged, Exit::Findings | Exit::Incomplete);
    if !cli.quiet {
        let lines = outcome.text();
        for line in lines.lines() {
            output::human(line);
        }
        output::human(&format!("guard: {}: {}", lock.display(), outcome.summary()));
        if refused {
            output::human(&format!(
                "guard: {} was not started",
                lifted.program.to_string_lossy()
            ));
        }
    }
    Ok(refused.then_some(judged))
}

async fn run_child(
    lifted: &Lifted,
    variables: Vec<child::Variable>,
    port: Option<u16>,
) -> Result<ExitStatus, Failure> {
    let mut command = tokio::process::Command::new(&lifted.program);
    command.args(&lifted.arguments);
    if let Some(path) = &lifted.search {
        command.env("PATH", path).env_remove(shims::VARIABLE);
    }
    for (name, _) in std::env::vars_os() {
        if child::is_other_spelling(&name.to_string_lossy(), &variables) {
            command.env_remove(name);
        }
    }
    for (name, value) in variables {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let missing = |e: &std::io::Error| {
        Failure::usage(format!("cannot start {}", lifted.program.to_string_lossy())).because(e)
    };
    let started = match port {
        Some(port) => confine::spawn(&mut command, port)?,
        None => command.spawn(),
    };
    let mut running = started.map_err(|e| missing(&e))?;
    loop {
        tokio::select! {
            ended = running.wait() => return ended.map_err(|e| missing(&e)),
            // The terminal tells the command too; what it makes of it is its affair, and it is waited for.
            _ = tokio::signal::ctrl_c() => {}
        }
    }
}

/// The command's own code; 1 when something was refused and the command did not mind.
fn exit(status: ExitStatus, blocked: bool) -> Exit {
    #[cfg(unix)]
    let signal = {
        use std::os::unix::process::ExitStatusExt as _;
        status.signal()
    };
    #[cfg(not(unix))]
    let signal: Option<i32> = None;
    let code = status
        .code()
        .or_else(|| signal.map(|s| 128 + s))
        .and_then(|c| u8::try_from(c).ok())
        .unwrap_or(1);
    match code {
        0 if blocked => Exit::Findings,
        code => Exit::Of(code),
    }
}
