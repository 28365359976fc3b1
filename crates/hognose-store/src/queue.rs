//! What waits to be written: bounded, in order, never dropped.

use std::collections::VecDeque;
use std::sync::mpsc::SyncSender;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::{AuditEntry, StoreError};

/// Something to be written. `R` is how a change is made.
pub(crate) enum Job<R> {
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
        run: R,
        reply: SyncSender<Result<(), StoreError>>,
    },
}

impl<R> Job<R> {
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
pub(crate) const BATCH: usize = 500;
/// How long the first job of a transaction waits for others.
const GATHER: Duration = Duration::from_millis(50);
/// How long to wait before writing is tried again.
const AGAIN: Duration = Duration::from_secs(1);

struct State<R> {
    jobs: VecDeque<Job<R>>,
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

impl<R> Default for State<R> {
    fn default() -> Self {
        Self {
            jobs: VecDeque::new(),
            bytes: 0,
            came: 0,
            settled: 0,
            error: None,
            failures: 0,
            failing: false,
            hurry: false,
            closed: false,
        }
    }
}

impl<R> State<R> {
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

    fn is_full(&self) -> bool {
        self.jobs.len() >= MOST_JOBS || self.bytes >= MOST_BYTES
    }

    /// Why nothing can be written at present.
    fn trouble(&self) -> Option<StoreError> {
        self.error.as_ref().filter(|_| self.failing).cloned()
    }
}

/// The queue between those who have something to write and the one who writes.
pub(crate) struct Queue<R> {
    state: Mutex<State<R>>,
    work: Condvar,
    room: Condvar,
    done: Condvar,
    /// How long to wait for room while nothing can be written.
    patience: Duration,
}

impl<R> std::fmt::Debug for Queue<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue").finish_non_exhaustive()
    }
}

impl<R> Queue<R> {
    pub(crate) fn new(patience: Duration) -> Self {
        Self {
            state: Mutex::default(),
            work: Condvar::new(),
            room: Condvar::new(),
            done: Condvar::new(),
            patience,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a job in, as soon as there is room. When there is none because nothing can be written, it says why.
    pub(crate) fn push(&self, job: Job<R>) -> Result<(), StoreError> {
        let mut state = self.lock();
        if let (Job::Change { .. }, Some(error)) = (&job, state.trouble()) {
            return Err(error);
        }
        if state.is_full() {
            let more = |s: &mut State<R>| s.is_full() && !s.closed && s.trouble().is_none();
            let stuck = |s: &mut State<R>| s.is_full() && !s.closed && s.trouble().is_some();
            while state.is_full() && !state.closed {
                state = until(&self.room, state, more);
                state = timed(&self.room, state, self.patience, stuck);
                if state.is_full()
                    && let Some(error) = state.trouble()
                {
                    return Err(error);
                }
            }
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
    pub(crate) fn flush(&self) -> Result<(), StoreError> {
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
    pub(crate) fn take(&self, batch: &mut Vec<Job<R>>) -> Option<()> {
        let mut state = self.lock();
        if state.failing {
            let wait = |state: &mut State<R>| !state.hurry && !state.closed;
            state = timed(&self.work, state, AGAIN, wait);
        } else {
            while state.jobs.is_empty() && !state.closed {
                state = wait(&self.work, state);
            }
            let wait = |s: &mut State<R>| s.jobs.len() < BATCH && !s.hurry && !s.closed;
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
    pub(crate) fn settle(&self, done: usize, left: usize, outcome: Result<(), StoreError>) -> bool {
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
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.work.notify_all();
        self.room.notify_all();
        self.done.notify_all();
    }
}

fn wait<'a, S>(on: &Condvar, state: MutexGuard<'a, S>) -> MutexGuard<'a, S> {
    on.wait(state).unwrap_or_else(PoisonError::into_inner)
}

fn until<'a, S>(
    on: &Condvar,
    state: MutexGuard<'a, S>,
    more: impl FnMut(&mut S) -> bool,
) -> MutexGuard<'a, S> {
    on.wait_while(state, more)
        .unwrap_or_else(PoisonError::into_inner)
}

fn timed<'a, S>(
    on: &Condvar,
    state: MutexGuard<'a, S>,
    time: Duration,
    more: impl FnMut(&mut S) -> bool,
) -> MutexGuard<'a, S> {
    let waited = on.wait_timeout_while(state, time, more);
    waited.unwrap_or_else(PoisonError::into_inner).0
}
