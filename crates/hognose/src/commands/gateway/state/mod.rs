//! What a gateway keeps: `hognose gateway audit`, `exposure`, `backup` and `restore`.

mod audit;
mod exposure;
mod recorder;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use hognose_store::{AuditEntry, Opening, Options, SqliteStore, Store, StoreError};

use crate::cli::{StateArgs, StateCommand};
use crate::error::{Failure, label};
use crate::exit::Exit;
use crate::output;
use crate::surroundings::Surroundings;

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
pub(super) fn open(
    args: &StateArgs,
    surroundings: &Surroundings,
) -> Result<Arc<SqliteStore>, Failure> {
    let path = place(args, surroundings)?;
    prepare(&path)?;
    let store = SqliteStore::open(&path, Opening::Create, Options::default());
    store.map(Arc::new).map_err(|e| fault(&e, &path))
}

/// Opens the state to look at it; `None` where there is none.
fn look(
    args: &StateArgs,
    surroundings: &Surroundings,
) -> Result<(PathBuf, Option<SqliteStore>), Failure> {
    let path = place(args, surroundings)?;
    match SqliteStore::open(&path, Opening::Existing, Options::default()) {
        Ok(store) => Ok((path, Some(store))),
        Err(StoreError::Absent { .. }) => Ok((path, None)),
        Err(error) => Err(fault(&error, &path)),
    }
}

/// Says that there is nothing to look at.
fn nothing(path: &Path) -> Exit {
    output::human(&format!(
        "there is no state of a gateway yet at {}\n{} `hognose gateway` makes it, and `--state` names another place",
        hognose_types::text::line(&path.display().to_string()),
        label("hint")
    ));
    Exit::Nothing
}

fn place(args: &StateArgs, surroundings: &Surroundings) -> Result<PathBuf, Failure> {
    if let Some(path) = &args.state {
        return Ok(path.clone());
    }
    let directory = surroundings.state().ok_or_else(|| {
        Failure::usage("there is no directory for the state of the gateway")
            .hint("name a file with `--state`, or set HOGNOSE_STATE_DIR or HOME")
    })?;
    Ok(directory.join("gateway.db"))
}

fn prepare(path: &Path) -> Result<(), Failure> {
    let directory = path.parent().filter(|p| !p.as_os_str().is_empty());
    directory.map_or(Ok(()), |directory| {
        std::fs::create_dir_all(directory).map_err(|error| {
            Failure::incomplete(format!("cannot make {}", directory.display()))
                .because(&error)
                .hint("keep the state elsewhere with `--state`")
        })
    })
}

/// What to do about an error.
fn fault(error: &StoreError, path: &Path) -> Failure {
    let failure = Failure::incomplete(format!("cannot use {}", path.display())).because(error);
    match error {
        StoreError::Busy(_) => failure.hint("stop the gateway that uses it"),
        StoreError::Full(_) => failure.hint("free some space"),
        StoreError::Damaged { .. } => {
            failure.hint("restore a backup with `hognose gateway restore`")
        }
        StoreError::Foreign { .. } => failure.hint("name another file with `--state`"),
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

fn backup(file: &Path, state: &StateArgs, surroundings: &Surroundings) -> Result<Exit, Failure> {
    let (path, Some(store)) = look(state, surroundings)? else {
        return Ok(nothing(&place(state, surroundings)?));
    };
    store.backup(file).map_err(|error| match error {
        StoreError::Exists { .. } => fault(&error, file),
        _ => fault(&error, &path),
    })?;
    output::human(&format!("written: {}", file.display()));
    Ok(Exit::Clean)
}

fn restore(file: &Path, state: &StateArgs, surroundings: &Surroundings) -> Result<Exit, Failure> {
    let path = place(state, surroundings)?;
    prepare(&path)?;
    let restored = SqliteStore::restore(file, &path).map_err(|error| match error {
        StoreError::Busy(_) => fault(&error, &path),
        _ => Failure::incomplete(format!("{} is not restored", file.display())).because(&error),
    })?;
    let head = restored.head;
    let body = serde_json::json!({
        "event": "restored",
        "file": file.display().to_string(),
        "entries": head.rows,
        "head": head.hash.to_string(),
    });
    // The log says itself where it was set back.
    let store = open(state, surroundings)?;
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
    if let Some(aside) = restored.replaced {
        output::human(&format!("what was there before is {}", aside.display()));
    }
    Ok(Exit::Clean)
}

/// A time as people read it.
fn moment(milliseconds: i64) -> String {
    jiff::Timestamp::from_second(milliseconds.div_euclid(1_000))
        .map_or_else(|_| milliseconds.to_string(), |time| time.to_string())
}
