//! One at a time among all nodes: locks that the database holds for a connection, and gives up when that ends. A node
//! that is killed keeps nobody waiting.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::session::{Connector, Session, column};
use super::{USE_LOCK, write};
use crate::StoreError;
use crate::turns::{Turn, Turns};

const ACTION: &str = "wait for another node";

/// The connection that holds the turns of this node.
#[derive(Debug)]
pub(super) struct Locks {
    connector: Arc<Connector>,
    /// With a number that changes with every connection.
    session: Mutex<(u64, Option<Session>)>,
    ours: Arc<Turns>,
}

impl Locks {
    pub(super) fn new(connector: Arc<Connector>) -> Self {
        Self {
            connector,
            session: Mutex::new((0, None)),
            ours: Arc::default(),
        }
    }

    /// Tells everybody that this state is in use, as long as the connection lasts.
    pub(super) fn hold(&self) -> Result<(), StoreError> {
        self.with(|_, _| Ok(()))
    }

    /// Waits for a turn, at most so long.
    pub(super) fn take(
        self: &Arc<Self>,
        key: &str,
        patience: Duration,
    ) -> Result<Option<Turn>, StoreError> {
        let began = Instant::now();
        // Only one of this node asks the database: its connection would be given the same lock twice.
        let Some(ours) = self.ours.take(key, patience) else {
            return Ok(None);
        };
        let number = number(key);
        let mut pause = Duration::from_millis(10);
        loop {
            let sql = "SELECT pg_try_advisory_lock($1)";
            let got = self.with(|epoch, session| {
                let row = session.row(sql, &[&number], ACTION)?;
                let got: bool = row.map_or(Ok(false), |row| column(&row, 0))?;
                Ok(got.then_some(epoch))
            })?;
            if let Some(epoch) = got {
                let locks = Arc::clone(self);
                return Ok(Some(Turn::new(move || {
                    locks.give(epoch, number);
                    drop(ours);
                })));
            }
            let Some(left) = patience.checked_sub(began.elapsed()) else {
                return Ok(None);
            };
            std::thread::sleep(pause.min(left));
            pause = (pause * 2).min(Duration::from_millis(200));
        }
    }

    /// Gives a turn back; where its connection is gone, the database did.
    fn give(&self, epoch: u64, number: i64) {
        let mut held = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let (now, session) = &mut *held;
        if *now == epoch
            && let Some(open) = session
            && open
                .rows("SELECT pg_advisory_unlock($1)", &[&number], ACTION)
                .is_err()
        {
            *session = None;
        }
    }

    fn with<T>(
        &self,
        work: impl FnOnce(u64, &mut Session) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut held = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let (epoch, session) = &mut *held;
        if session.as_ref().is_none_or(Session::is_lost) {
            *session = None;
            let mut new = self.connector.connect()?;
            let shared = "SELECT pg_advisory_lock_shared($1)";
            new.rows(shared, &[&USE_LOCK], "open the state")?;
            *epoch += 1;
            *session = Some(new);
        }
        let Some(open) = session else {
            return Err(StoreError::Closed);
        };
        let outcome = work(*epoch, open);
        if outcome.is_err() {
            *session = None;
        }
        outcome
    }
}

/// The number of a turn: 63 bits of a digest, so that two things with one number are not to be expected.
fn number(key: &str) -> i64 {
    let digest = write::key(&["turn", key]);
    let first = digest.first_chunk::<8>().copied().unwrap_or_default();
    i64::from_le_bytes(first) & i64::MAX
}
