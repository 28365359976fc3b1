//! A command that may connect to one TCP port and no other: whatever leads it past the guard's index leads nowhere.
//!
//! Linux does it by Landlock since 6.7: a thread gives up the right for itself and for all that it starts, for good. It
//! holds installers to the guard; it is no sandbox for code that wants out, which has UDP and sockets of this machine.

use tokio::process::{Child, Command};

use crate::error::Failure;

/// Starts a command that may connect to this port alone.
#[cfg(target_os = "linux")]
pub(super) fn spawn(command: &mut Command, port: u16) -> Result<std::io::Result<Child>, Failure> {
    let runtime = tokio::runtime::Handle::current();
    // Only a thread of its own can do it: the gateway goes on connecting to indexes.
    let started = std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            restrict(port)?;
            let _context = runtime.enter();
            Ok(command.spawn())
        });
        thread.join()
    });
    let started = started.unwrap_or_else(|_| Err("the thread ended early".to_owned()));
    started.map_err(|why| {
        Failure::usage(format!("this machine cannot confine a command: {why}"))
            .hint("it takes Linux 6.7 or later with Landlock; leave --confine out elsewhere")
    })
}

#[cfg(not(target_os = "linux"))]
pub(super) fn spawn(_: &mut Command, _: u16) -> Result<std::io::Result<Child>, Failure> {
    Err(
        Failure::usage("this machine cannot confine a command: it does not run Linux")
            .hint("leave --confine out"),
    )
}

#[cfg(target_os = "linux")]
fn restrict(port: u16) -> Result<(), String> {
    use landlock::{
        AccessNet, CompatLevel, Compatible as _, NetPort, Ruleset, RulesetAttr as _,
        RulesetCreatedAttr as _, RulesetStatus,
    };
    let restricted = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessNet::ConnectTcp)
        .and_then(Ruleset::create)
        .and_then(|rules| rules.add_rule(NetPort::new(port, AccessNet::ConnectTcp)))
        .and_then(landlock::RulesetCreated::restrict_self);
    match restricted {
        Ok(status) if status.ruleset == RulesetStatus::FullyEnforced => Ok(()),
        Ok(_) => Err("the kernel enforces a part of it alone".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}
