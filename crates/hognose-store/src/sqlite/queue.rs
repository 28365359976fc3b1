//! What waits to be written: bounded, in order, never dropped.

use std::collections::VecDeque;
use std::sync::mpsc::SyncSender;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::Connection;

use crate::{AuditEntry, StoreError};

/// Something to be written.
pub(super) enum Job {
    /// The next entry of the log: kept until it is written.
    Append(AuditEntry),
    /// A ruling: can be found out again, so it is given up when it cannot be written.
    Ruling {
        sha256: String,
        revision: String,
        json: std::sync::Arc<str>,
    },
    /// Somebody waits for it.
    Change {
        run: Run,
        reply: SyncSender<Result<(), StoreError>>,
    },
}

/// What a change does inside a transaction; may run again when the transaction failed.
pub(super) type Run = Box<dyn FnMut(&Connection) -> Result<(), StoreError> + Send>;

impl Job {
    fn weight(&self) -> usize {
        match self {
            Self::Append(entry) => 256 + entry.body.len(),
            Self::Ruling { json, .. } => 256 + json.len(),
            Self::Change { .. } => 256,
        }
    }
}

/// Most jobs that wait, and the most bytes they may have.
const MOST_JOBS: usize = 8_192;
const MOST_BYTES: usize = 32 << 20;
/// Jobs of one transaction.
pub(super) const BATCH: usize = 500;
/// How long the first job of a transaction waits for others.
const GATHER: Duration = Duration::from_millis(50);
/// How long to wait before writing is tried again.
const AGAIN: Duration = Duration::from_secs(1);

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    bytes: usize,
    /// Jobs that ever came, and that are done with.
    came: u64,
    settled: u64,
    /// Why the last transaction that failed did, and how many did.
    error: Option<StoreError>,
    failures: u64,
    /// Entries could not be written and wait for the next try.
    failing: bool,
    /// Somebody waits.
    hurry: bool,
    closed: bool,
}

impl State {
    /// Whoever waits for a change hears at once that nothing can be written at present, instead of waiting behind entries
    /// for as long as that takes.
    fn give_up_changes(&mut self, error: &StoreError) {
        for job in std::mem::take(&mut self.jobs) {
            if let Job::Change { reply, .. } = &job {
                // Whoever asked may have gone.
                let _ = reply.try_send(Err(error.clone()));
                self.bytes -= job.weight();
                self.settled += 1;
            } else {
                self.jobs.push_back(job);
            }
        }
    }

    /// Why nothing can be written at present.
    fn trouble(&self) -> Option<StoreError> {
        self.error.as_ref().filter(|_| self.failing).cloned()
    }
}

/// The queue between those who have something to write and the one who writes.
#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    work: Condvar,
    room: Condvar,
    done: Condvar,
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue").finish_non_exhaustive()
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a job in, as soon as there is room. There is none while nothing can be written: then it says why.
    pub(super) fn push(&self, job: Job) -> Result<(), StoreError> {
        let mut state = self.lock();
        if let (Job::Change { .. }, Some(error)) = (&job, state.trouble()) {
            return Err(error);
        }
        while state.jobs.len() >= MOST_JOBS || state.bytes >= MOST_BYTES {
            if let Some(error) = state.trouble() {
                return Err(error);
            }
            if state.closed {
                break;
            }
            state = wait(&self.room, state);
        }
        if state.closed {
            return Err(StoreError::Closed);
        }
        state.bytes += job.weight();
        state.came += 1;
        let full = state.jobs.len() + 1 >= BATCH;
        state.hurry |= matches!(job, Job::Change { .. });
        // The writer sleeps until there is something to do; while it gathers it need not hear of every entry.
        let wake = state.hurry || full || state.jobs.is_empty();
        state.jobs.push_back(job);
        drop(state);
        if wake {
            self.work.notify_one();
        }
        Ok(())
    }

    /// Waits until everything that came before is written.
    pub(super) fn flush(&self) -> Result<(), StoreError> {
        let mut state = self.lock();
        let (ticket, before) = (state.came, state.failures);
        if state.settled < ticket {
            state.hurry = true;
            self.work.notify_one();
        }
        loop {
            if let Some(error) = state.error.as_ref().filter(|_| state.failures > before) {
                return Err(error.clone());
            }
            if state.settled >= ticket {
                return Ok(());
            }
            if state.closed {
                return Err(StoreError::Closed);
            }
            state = wait(&self.done, state);
        }
    }

    /// The jobs of the next transaction, added to those that could not be written; `None` when nothing will come any more.
    pub(super) fn take(&self, batch: &mut Vec<Job>) -> Option<()> {
        let mut state = self.lock();
        if state.failing {
            let wait = |state: &mut State| !state.hurry && !state.closed;
            state = timed(&self.work, state, AGAIN, wait);
        } else {
            while state.jobs.is_empty() && !state.closed {
                state = wait(&self.work, state);
            }
            let wait = |s: &mut State| s.jobs.len() < BATCH && !s.hurry && !s.closed;
            state = timed(&self.work, state, GATHER, wait);
        }
        let count = BATCH.saturating_sub(batch.len()).min(state.jobs.len());
        for job in state.jobs.drain(..count).collect::<Vec<_>>() {
            state.bytes -= job.weight();
            batch.push(job);
        }
        // Whoever waits may wait for what is still in the queue.
        state.hurry = !state.jobs.is_empty() && state.hurry;
        let finished = batch.is_empty() && state.closed;
        drop(state);
        self.room.notify_all();
        (!finished).then_some(())
    }

    /// Says what came of a transaction: how many of its jobs are done with, and how many are left for the next. True when
    /// it is worth going on.
    pub(super) fn settle(&self, done: usize, left: usize, outcome: Result<(), StoreError>) -> bool {
        let mut state = self.lock();
        state.settled += done as u64;
        state.failing = left > 0;
        if let Err(error) = outcome {
            if state.failing {
                state.give_up_changes(&error);
            }
            state.error = Some(error);
            state.failures += 1;
        }
        let on = !(state.failing && state.closed);
        drop(state);
        self.done.notify_all();
        self.room.notify_all();
        on
    }

    /// Nothing more is taken in; what is there is written.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.work.notify_all();
        self.room.notify_all();
        self.done.notify_all();
    }
}

fn wait<'a>(on: &Condvar, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
    on.wait(state).unwrap_or_else(PoisonError::into_inner)
}

fn timed<'a>(
    on: &Condvar,
    state: MutexGuard<'a, State>,
    time: Duration,
    more: impl FnMut(&mut State) -> bool,
) -> MutexGuard<'a, State> {
    let waited = on.wait_timeout_while(state, time, more);
    waited.unwrap_or_else(PoisonError::into_inner).0
}
