//! Exit codes: part of the stable interface, documented in `docs/commands.md`.

use std::process::ExitCode;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Everything was checked and nothing is at or above the gate.
    Clean,
    /// Findings at or above the gate.
    Findings,
    /// Wrong arguments or configuration.
    Usage,
    /// Something could not be checked.
    Incomplete,
    /// There was nothing to check.
    Nothing,
    /// Stopped with Ctrl-C, as shells count it.
    Interrupted,
    /// What a guarded command ended with.
    Of(u8),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Clean => 0,
            Exit::Findings => 1,
            Exit::Usage => 2,
            Exit::Incomplete => 3,
            Exit::Nothing => 4,
            Exit::Interrupted => 130,
            Exit::Of(code) => code,
        })
    }
}
