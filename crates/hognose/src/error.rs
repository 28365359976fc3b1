//! Errors as people read them: `error:`, causes, `hint:`.

use std::fmt::Write as _;
use std::process::ExitCode;

use hognose_types::text;

use crate::exit::Exit;

/// Why a command ended early.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Something is wrong; shown and turned into an exit code.
    Error(Box<Fault>),
    /// The reader of our output went away: nothing is wrong.
    ClosedPipe,
    /// The argument parser has already said what there is to say.
    Parser(ExitCode),
}

/// What went wrong.
#[derive(Debug)]
pub(crate) struct Fault {
    message: String,
    causes: Vec<String>,
    hints: Vec<String>,
    exit: Exit,
}

impl Failure {
    /// A mistake in arguments or configuration.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(message, Exit::Usage)
    }

    /// Something that could not be done.
    pub(crate) fn incomplete(message: impl Into<String>) -> Self {
        Self::new(message, Exit::Incomplete)
    }

    /// Stopped by the user.
    pub(crate) fn interrupted(message: impl Into<String>) -> Self {
        Self::new(message, Exit::Interrupted)
    }

    fn new(message: impl Into<String>, exit: Exit) -> Self {
        Self::Error(Box::new(Fault {
            message: message.into(),
            causes: Vec::new(),
            hints: Vec::new(),
            exit,
        }))
    }

    /// Adds an error's own text and its causes.
    pub(crate) fn because(mut self, error: &dyn std::error::Error) -> Self {
        if let Self::Error(fault) = &mut self {
            let mut next = Some(error);
            while let Some(cause) = next {
                fault.causes.push(cause.to_string());
                next = cause.source();
            }
        }
        self
    }

    /// Adds what to do.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        if let Self::Error(fault) = &mut self {
            fault.hints.push(hint.into());
        }
        self
    }

    /// The message and its causes on one line, for where the failure of one part does not end the run.
    pub(crate) fn line(&self) -> String {
        match self {
            Self::Error(fault) => {
                let mut parts = vec![fault.message.clone()];
                parts.extend(fault.causes.iter().cloned());
                parts.join(": ")
            }
            Self::ClosedPipe | Self::Parser(_) => String::new(),
        }
    }

    /// Shows the failure on stderr.
    pub(crate) fn report(self) -> ExitCode {
        match self {
            Self::ClosedPipe => Exit::Clean.into(),
            Self::Parser(code) => code,
            Self::Error(fault) => {
                crate::output::human(&fault.to_string());
                fault.exit.into()
            }
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", label("error"), text::line(&self.message))?;
        for cause in &self.causes {
            write!(f, "\n  cause: {}", text::line(cause))?;
        }
        for hint in &self.hints {
            write!(f, "\n{} {}", label("hint"), text::line(hint))?;
        }
        Ok(())
    }
}

/// `error:` and the like, in colour; the stream drops the colour where it cannot be shown.
pub(crate) fn label(word: &str) -> String {
    let code = match word {
        "error" => "31;1",
        "warning" => "33;1",
        _ => "36;1",
    };
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write!(out, "\u{1b}[{code}m{word}:\u{1b}[0m");
    out
}
