//! What a gateway keeps: `hognose gateway audit`, `exposure`, `backup` and `restore`.

mod audit;
mod exposure;
mod place;
mod recorder;

use std::path::Path;
use std::sync::Arc;

use hognose_store::{AuditEntry, Opening, Store, StoreError};

use crate::cli::{LookArgs, StateCommand};
use crate::error::{Failure, label};
use crate::exit::Exit;
use crate::output;
use crate::surroundings::Surroundings;

pub(in crate::commands) use audit::instant;
pub(in crate::commands) use place::Place;
pub(super) use recorder::Recorder;

/// Runs one of the commands.
pub(super) fn run(command: &StateCommand, surroundings: &Surroundings) -> Result<Exit, Failure> {
    match command {
        StateCommand::Audit(args) => audit::run(args, surroundings),
        StateCommand::Exposure(args) => exposure::run(args, surroundings),
        StateCommand::Backup { file, state } => backup(file, state, surroundings),
        StateCommand::Restore { file, state } => restore(file, state, surroundings),
    }
}

/// Opens the state for a gateway, and makes it where there is none.
pub(super) fn open(place: &Place) -> Result<Arc<dyn Store>, Failure> {
    place.prepare()?;
    place.open(Opening::Create).map_err(|e| fault(&e, place))
}

/// Opens the state to look at it; `None` where there is none.
pub(in crate::commands) fn look(
    args: &LookArgs,
    surroundings: &Surroundings,
) -> Result<(Place, Option<Arc<dyn Store>>), Failure> {
    let place = Place::of_look(args, surroundings)?;
    match place.open(Opening::Existing) {
        Ok(store) => Ok((place, Some(store))),
        Err(StoreError::Absent { .. }) => Ok((place, None)),
        Err(error) => Err(fault(&error, &place)),
    }
}

/// Says that there is nothing to look at.
fn nothing(place: &Place) -> Exit {
    output::human(&format!(
        "there is no state of a gateway yet at {}\n{} `hognose gateway` makes it, and `--state` names another place",
        hognose_types::text::line(&place.to_string()),
        label("hint")
    ));
    Exit::Nothing
}

/// What to do about an error.
fn fault(error: &StoreError, place: &dyn std::fmt::Display) -> Failure {
    let failure = Failure::incomplete(format!("cannot use {place}")).because(error);
    match error {
        StoreError::Busy(_) => failure.hint("stop the gateway that uses it"),
        StoreError::Full(_) => failure.hint("free some space"),
        StoreError::Damaged { .. } => {
            failure.hint("restore a backup with `hognose gateway restore`")
        }
        StoreError::Foreign { .. } => failure.hint("name another file with `--state`"),
        StoreError::Unreachable(_) => failure.hint("see whether the server runs and may be reached from here"),
        StoreError::Refused(_) => failure.hint(
            "name an existing database and its user, and put the password in HOGNOSE_STATE_PASSWORD",
        ),
        StoreError::Exists { .. } => failure.hint("name a file that does not exist yet"),
        _ => failure,
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let failure = Self::incomplete("the state of the gateway cannot be read").because(&error);
        match error {
            StoreError::Damaged { .. } => {
                failure.hint("restore a backup with `hognose gateway restore`")
            }
            _ => failure,
        }
    }
}

fn backup(file: &Path, state: &LookArgs, surroundings: &Surroundings) -> Result<Exit, Failure> {
    let (place, store) = look(state, surroundings)?;
    let Some(store) = store else {
        return Ok(nothing(&place));
    };
    store.backup(file).map_err(|error| match error {
        StoreError::Exists { .. } => fault(&error, &file.display()),
        _ => fault(&error, &place),
    })?;
    output::human(&format!("written: {}", file.display()));
    Ok(Exit::Clean)
}

fn restore(file: &Path, state: &LookArgs, surroundings: &Surroundings) -> Result<Exit, Failure> {
    let place = Place::of_look(state, surroundings)?;
    place.prepare()?;
    let (head, aside) = place.restore(file).map_err(|error| match error {
        StoreError::Busy(_) | StoreError::Unreachable(_) | StoreError::Refused(_) => {
            fault(&error, &place)
        }
        _ => Failure::incomplete(format!("{} is not restored", file.display())).because(&error),
    })?;
    let body = serde_json::json!({
        "event": "restored",
        "file": file.display().to_string(),
        "entries": head.rows,
        "head": head.hash.to_string(),
    });
    // The log says itself where it was set back.
    let store = open(&place)?;
    store.append(AuditEntry {
        time: surroundings.now.saturating_mul(1_000),
        kind: "restored".to_owned(),
        body: body.to_string(),
        ..AuditEntry::default()
    })?;
    store.flush()?;
    output::data(&format!(
        "restored: {} entries, head {}\n",
        head.rows, head.hash
    ))?;
    if let Some(aside) = aside {
        output::human(&format!("what was there before is {aside}"));
    }
    Ok(Exit::Clean)
}

/// A time as people read it.
fn moment(milliseconds: i64) -> String {
    jiff::Timestamp::from_second(milliseconds.div_euclid(1_000))
        .map_or_else(|_| milliseconds.to_string(), |time| time.to_string())
}
