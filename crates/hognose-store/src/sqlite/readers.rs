//! Connections that only read, as many as are used at once up to a few.

use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

use super::schema;
use crate::StoreError;

/// More would wait for the same disk.
const MOST: usize = 4;

/// Readers that wait for work.
#[derive(Debug)]
pub(super) struct Readers {
    path: PathBuf,
    state: Mutex<State>,
    free: Condvar,
}

#[derive(Debug, Default)]
struct State {
    idle: Vec<Connection>,
    open: usize,
}

impl Readers {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            state: Mutex::default(),
            free: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads with a connection of its own.
    pub(super) fn read<T>(
        &self,
        run: impl FnOnce(&mut Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut lent = self.borrow()?;
        match lent.connection.as_mut() {
            Some(connection) => run(connection),
            None => Err(StoreError::Closed),
        }
    }

    fn borrow(&self) -> Result<Lent<'_>, StoreError> {
        let mut state = self.lock();
        let mut lent = Lent {
            readers: self,
            connection: None,
        };
        loop {
            if let Some(connection) = state.idle.pop() {
                lent.connection = Some(connection);
                return Ok(lent);
            }
            if state.open < MOST {
                state.open += 1;
                drop(state);
                lent.connection = Some(schema::open_reader(&self.path)?);
                return Ok(lent);
            }
            state = self
                .free
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// A connection that goes back.
struct Lent<'a> {
    readers: &'a Readers,
    connection: Option<Connection>,
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let mut state = self.readers.lock();
        match self.connection.take() {
            Some(connection) => state.idle.push(connection),
            // It could not be opened.
            None => state.open = state.open.saturating_sub(1),
        }
        drop(state);
        self.readers.free.notify_one();
    }
}
