//! The one thread of a node that writes: it gathers what comes for a few milliseconds into one transaction.
//!
//! The end of the chain is read and continued under a lock of the database, so any number of nodes append to one chain. A
//! commit whose answer was lost may have been made or not: each batch has a number, which is written with it, and the next
//! transaction looks whether it is there before anything is written again.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread::JoinHandle;
use std::time::Duration;

use super::session::{Connector, Patience, Session, column};
use super::write::{self, NewRuling};
use super::{APPEND_LOCK, chain, schema};
use crate::queue::{Job, Queue};
use crate::{AuditRow, Head, StoreError};

const ACTION: &str = "write the state";

/// How long to wait for room in the queue while nothing can be written.
const PATIENCE: Duration = Duration::from_secs(5);
/// After this many rulings the table is counted.
const COUNT_AFTER: usize = 1_000;

type Work = Job<Infallible>;

/// Writes, from its own thread.
#[derive(Debug)]
pub(super) struct Writer {
    queue: Arc<Queue<Infallible>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(connector: Arc<Connector>, session: Session) -> Result<Self, StoreError> {
        let mut scribe = Scribe::new(connector, session)?;
        let queue = Arc::new(Queue::new(PATIENCE));
        let theirs = Arc::clone(&queue);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || {
                let closing = Closing(&theirs);
                scribe.work(closing.0);
            })
            .map_err(|error| crate::files::io("start the writer of the state", error))?;
        Ok(Self {
            queue,
            thread: Some(thread),
        })
    }

    pub(super) fn push(&self, job: Work) -> Result<(), StoreError> {
        self.queue.push(job)
    }

    pub(super) fn flush(&self) -> Result<(), StoreError> {
        self.queue.flush()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue.close();
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has nothing to say here.
            let _ = thread.join();
        }
    }
}

/// However the thread ends, nobody waits for it any longer.
struct Closing<'a>(&'a Queue<Infallible>);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

struct Scribe {
    connector: Arc<Connector>,
    session: Option<Session>,
    /// What the database calls this writer.
    node: String,
    /// The number of the last batch.
    batch: i64,
    /// How many entries the last batch had, where nobody knows whether it was committed.
    uncertain: Option<usize>,
    /// Rulings since the table was counted.
    counted: usize,
    away: AtomicBool,
}

impl Scribe {
    fn new(connector: Arc<Connector>, mut session: Session) -> Result<Self, StoreError> {
        let row = session.row("SELECT gen_random_uuid()::text", &[], ACTION)?;
        let node = row.map_or(Err(StoreError::Closed), |row| column(&row, 0))?;
        Ok(Self {
            connector,
            session: Some(session),
            node,
            batch: 0,
            uncertain: None,
            counted: 0,
            away: AtomicBool::new(false),
        })
    }

    fn work(&mut self, queue: &Queue<Infallible>) {
        let mut batch = Vec::new();
        while queue.take(&mut batch).is_some() {
            if batch.is_empty() {
                continue;
            }
            let all = batch.len();
            let outcome = self.write(&mut batch);
            // Entries stay until they are written; rulings can be found out again.
            batch.retain(|job| outcome.is_err() && matches!(job, Job::Append(_)));
            if !queue.settle(all - batch.len(), batch.len(), outcome) {
                return;
            }
        }
    }

    /// Writes jobs; those that are known to be written are gone from them afterwards, whatever the outcome.
    fn write(&mut self, jobs: &mut Vec<Work>) -> Result<(), StoreError> {
        let away = std::mem::take(&mut self.away);
        let mut patience = Patience::new(&away);
        let outcome = loop {
            let outcome = self.attempt(jobs);
            if matches!(outcome, Err(StoreError::Unreachable(_))) {
                self.session = None;
            }
            if let Some(outcome) = patience.settle(outcome) {
                break outcome;
            }
        };
        self.away = away;
        outcome
    }

    fn attempt(&mut self, jobs: &mut Vec<Work>) -> Result<(), StoreError> {
        let mut session = match self.session.take() {
            Some(session) if !session.is_lost() => session,
            _ => self.connector.connect()?,
        };
        let outcome = self.within(&mut session, jobs);
        self.session = Some(session);
        if outcome.is_ok() {
            jobs.clear();
        }
        outcome
    }

    fn within(&mut self, session: &mut Session, jobs: &mut Vec<Work>) -> Result<(), StoreError> {
        session.run("BEGIN", ACTION)?;
        let written = self
            .fill(session, jobs)
            .and_then(|entries| {
                // From here on the server may commit without our hearing of it.
                self.uncertain = Some(entries);
                session.run("COMMIT", ACTION)
            })
            .inspect_err(|_| {
                // Where this fails too the connection is gone, and the transaction with it or not.
                let _ = session.run("ROLLBACK", ACTION);
            });
        if written.is_ok() {
            self.uncertain = None;
        }
        written
    }

    /// Puts jobs into the transaction. Answers how many of them are entries.
    fn fill(&mut self, session: &mut Session, jobs: &mut Vec<Work>) -> Result<usize, StoreError> {
        // A statement of its own: the next one sees what those who held the lock before have committed.
        let lock = "SELECT pg_advisory_xact_lock($1)";
        session.rows(lock, &[&APPEND_LOCK], ACTION)?;
        self.look(session, jobs)?;
        let (entries, rulings) = sorted(jobs);
        self.keep(session, &rulings)?;
        if entries.is_empty() {
            return Ok(0);
        }
        let rows = linked(chain::head(session)?, entries);
        write::audit(session, &rows)?;
        self.batch += 1;
        let sql = "INSERT INTO hognose_writers (node, batch, seen) VALUES ($1::text::uuid, $2, now()) \
                   ON CONFLICT (node) DO UPDATE SET batch = excluded.batch, seen = now()";
        session.change(sql, &[&self.node, &self.batch], ACTION)?;
        Ok(rows.len())
    }

    /// Takes out what an earlier batch has written after all, and refuses to go on under a schema that is not known.
    fn look(&mut self, session: &mut Session, jobs: &mut Vec<Work>) -> Result<(), StoreError> {
        let sql = "SELECT (SELECT max(version) FROM hognose_schema), \
                   (SELECT batch FROM hognose_writers WHERE node = $1::text::uuid)";
        let row = session.row(sql, &[&self.node], ACTION)?;
        let row = row.ok_or(StoreError::Closed)?;
        schema::known(column::<Option<i64>>(&row, 0)?.unwrap_or(0))?;
        let last: Option<i64> = column(&row, 1)?;
        if let Some(entries) = self.uncertain.take()
            && last == Some(self.batch)
        {
            drop_entries(jobs, entries);
        }
        Ok(())
    }

    fn keep(&mut self, session: &mut Session, rulings: &[NewRuling]) -> Result<(), StoreError> {
        if rulings.is_empty() {
            return Ok(());
        }
        write::rulings(session, rulings)?;
        self.counted += rulings.len();
        if self.counted >= COUNT_AFTER {
            self.counted = 0;
            write::shrink(session)?;
            // Writers that have not been seen for a month have nothing uncertain any more.
            let sql = "DELETE FROM hognose_writers WHERE seen < now() - interval '30 days'";
            session.change(sql, &[], ACTION)?;
        }
        Ok(())
    }
}

/// Takes the first entries out; rulings between them were written too, or can be found out again.
fn drop_entries(jobs: &mut Vec<Work>, entries: usize) {
    let mut left = entries;
    jobs.retain(|job| {
        if left > 0 {
            left -= usize::from(matches!(job, Job::Append(_)));
            return false;
        }
        true
    });
}

fn sorted(jobs: &[Work]) -> (Vec<&crate::AuditEntry>, Vec<NewRuling>) {
    let (mut entries, mut rulings) = (Vec::new(), Vec::new());
    for job in jobs {
        match job {
            Job::Append(entry) => entries.push(entry),
            Job::Ruling {
                sha256,
                revision,
                json,
            } => rulings.push(NewRuling {
                sha256: sha256.clone(),
                revision: revision.clone(),
                json: Arc::clone(json),
            }),
            Job::Change { run, .. } => match *run {},
        }
    }
    (entries, rulings)
}

fn linked(mut head: Head, entries: Vec<&crate::AuditEntry>) -> Vec<AuditRow> {
    let link = |entry: &crate::AuditEntry| {
        head = Head {
            rows: head.rows + 1,
            hash: entry.link(&head.hash),
        };
        AuditRow {
            seq: head.rows,
            entry: entry.clone(),
            hash: head.hash,
        }
    };
    entries.into_iter().map(link).collect()
}
