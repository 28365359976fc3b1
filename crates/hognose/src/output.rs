//! Data goes to stdout, everything for people to stderr.

use std::io::{ErrorKind, IsTerminal as _, Write as _};
use std::path::Path;

use crate::error::{Failure, label};

/// Writes data to stdout. A reader that went away (`| head`) is no error.
pub(crate) fn data(text: &str) -> Result<(), Failure> {
    let mut out = anstream::AutoStream::auto(std::io::stdout())
        .into_inner()
        .lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map_err(|error| match error.kind() {
        ErrorKind::BrokenPipe => Failure::ClosedPipe,
        _ => Failure::incomplete("cannot write to stdout").because(&error),
    })
}

/// Writes data to a file. Not beside it and renamed: the file may be a pipe or a device.
pub(crate) fn file(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text).map_err(|error| {
        Failure::incomplete(format!("cannot write {}", path.display())).because(&error)
    })
}

/// A line for people, on stderr.
pub(crate) fn human(text: &str) {
    // Where stderr is closed there is nobody left to tell.
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// A warning for people.
pub(crate) fn warning(text: &str) {
    human(&format!(
        "{} {}",
        label("warning"),
        hognose_types::text::line(text)
    ));
}

/// True when stdout shows colours, by the usual variables (`NO_COLOR`, `CLICOLOR_FORCE`, `TERM`).
pub(crate) fn colour() -> bool {
    anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never
}

/// Columns of the terminal; 80 where there is none, so that logs do not depend on a window.
pub(crate) fn width() -> usize {
    let terminal = terminal_size::terminal_size_of(std::io::stdout());
    terminal.map_or(80, |(width, _)| usize::from(width.0).clamp(40, 140))
}

/// True when progress may be drawn.
pub(crate) fn is_interactive() -> bool {
    std::io::stderr().is_terminal()
}
