//! The one thread that writes: it gathers what comes for a few milliseconds into one transaction.

use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

use super::{chain, failed, schema};
use crate::queue::{Job, Queue};
use crate::{AuditEntry, Head, StoreError};

/// Rulings of this many revisions are kept: an older policy that comes back finds its own.
const REVISIONS: i64 = 8;
/// Rulings that are kept altogether: some 100 MB.
const RULINGS: i64 = 500_000;
/// After this many the table is counted.
const COUNT_AFTER: u32 = 1_000;

/// What a change does inside a transaction; may run again when the transaction failed.
pub(super) type Run = Box<dyn FnMut(&Connection) -> Result<(), StoreError> + Send>;

/// Writes, from its own thread.
#[derive(Debug)]
pub(super) struct Writer {
    queue: Arc<Queue<Run>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(connection: Connection) -> Result<Self, StoreError> {
        let queue = Arc::new(Queue::new(Duration::ZERO));
        let theirs = Arc::clone(&queue);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || {
                let closing = Closing(&theirs);
                work(connection, closing.0);
            })
            .map_err(|error| crate::files::io("start the writer of the state", error))?;
        Ok(Self {
            queue,
            thread: Some(thread),
        })
    }

    pub(super) fn push(&self, job: Job<Run>) -> Result<(), StoreError> {
        self.queue.push(job)
    }

    pub(super) fn flush(&self) -> Result<(), StoreError> {
        self.queue.flush()
    }

    /// Changes something inside a transaction, and waits for it.
    pub(super) fn change<T: Send + 'static>(
        &self,
        run: impl Fn(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let slot = Arc::new(Mutex::new(None));
        let (sender, receiver) = sync_channel(1);
        let theirs = Arc::clone(&slot);
        self.push(Job::Change {
            run: Box::new(move |connection| {
                let value = run(connection).map_err(failed("write the state"))?;
                *theirs.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
                Ok(())
            }),
            reply: sender,
        })?;
        receiver.recv().unwrap_or(Err(StoreError::Closed))?;
        let value = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
        value.ok_or(StoreError::Closed)
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
struct Closing<'a>(&'a Queue<Run>);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

fn work(mut connection: Connection, queue: &Queue<Run>) {
    let mut batch = Vec::new();
    let mut counted = 0;
    while queue.take(&mut batch).is_some() {
        if batch.is_empty() {
            continue;
        }
        let outcome = write(&mut connection, &mut batch, &mut counted);
        let all = batch.len();
        for job in &batch {
            if let Job::Change { reply, .. } = job {
                // Whoever asked may have gone.
                let _ = reply.try_send(outcome.clone());
            }
        }
        // Entries stay until they are written; everything else was answered or can be found out again.
        batch.retain(|job| outcome.is_err() && matches!(job, Job::Append(_)));
        if !queue.settle(all - batch.len(), batch.len(), outcome) {
            return;
        }
    }
}

fn write(
    connection: &mut Connection,
    batch: &mut [Job<Run>],
    counted: &mut u32,
) -> Result<(), StoreError> {
    let action = "write the state";
    // Immediate: the end of the log is read and continued without anybody between.
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed(action))?;
    schema::still_known(&transaction)?;
    let mut head = None;
    for job in batch {
        match job {
            Job::Append(entry) => {
                let at = match head.take() {
                    Some(head) => head,
                    None => chain::head(&transaction)?,
                };
                head = Some(append(&transaction, entry, at).map_err(failed(action))?);
            }
            Job::Ruling {
                sha256,
                revision,
                json,
            } => {
                keep(&transaction, sha256, revision, json).map_err(failed(action))?;
                *counted += 1;
            }
            Job::Change { run, .. } => run(&transaction)?,
        }
    }
    if *counted >= COUNT_AFTER {
        *counted = 0;
        shrink(&transaction, RULINGS).map_err(failed(action))?;
    }
    transaction.commit().map_err(failed(action))
}

fn append(connection: &Connection, entry: &AuditEntry, at: Head) -> rusqlite::Result<Head> {
    let next = Head {
        rows: at.rows + 1,
        hash: entry.link(&at.hash),
    };
    insert(connection, next, entry)?;
    Ok(next)
}

/// Adds a row as it is.
pub(super) fn insert(
    connection: &Connection,
    at: Head,
    entry: &AuditEntry,
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO audit (seq, time, kind, project, version, filename, sha256, client, body, hash) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    let values = params![
        at.rows.cast_signed(),
        entry.time,
        entry.kind,
        entry.project,
        entry.version,
        entry.filename,
        entry.sha256,
        entry.client,
        entry.body,
        at.hash.0,
    ];
    connection.prepare_cached(sql)?.execute(values).map(drop)
}

pub(super) fn keep(
    connection: &Connection,
    sha256: &str,
    revision: &str,
    json: &str,
) -> rusqlite::Result<()> {
    let known: Option<i64> = connection
        .prepare_cached("SELECT id FROM revisions WHERE revision = ?1")?
        .query_row([revision], |row| row.get(0))
        .optional()?;
    let id = if let Some(id) = known {
        id
    } else {
        connection.execute("INSERT INTO revisions (revision) VALUES (?1)", [revision])?;
        let id = connection.last_insert_rowid();
        forget(connection)?;
        id
    };
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO rulings (sha256, revision, json) VALUES (?1, ?2, ?3)",
        )?
        .execute(params![sha256, id, json])?;
    Ok(())
}

/// Drops what was decided under all but the newest revisions.
fn forget(connection: &Connection) -> rusqlite::Result<()> {
    let sql = "DELETE FROM revisions WHERE id NOT IN (SELECT id FROM revisions ORDER BY id DESC LIMIT ?1)";
    if connection.execute(sql, [REVISIONS])? > 0 {
        let sql = "DELETE FROM rulings WHERE revision NOT IN (SELECT id FROM revisions)";
        connection.execute(sql, [])?;
    }
    Ok(())
}

/// Drops rulings above a number, those of the oldest revisions first.
fn shrink(connection: &Connection, most: i64) -> rusqlite::Result<()> {
    let count: i64 = connection.query_row("SELECT count(*) FROM rulings", [], |row| row.get(0))?;
    if count > most {
        let sql = "DELETE FROM rulings WHERE (sha256, revision) IN \
                   (SELECT sha256, revision FROM rulings ORDER BY revision LIMIT ?1)";
        connection.execute(sql, [count - most])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rulings_of_old_revisions_go_first() {
        let directory = tempfile::tempdir().unwrap();
        let connection = schema::open_writer(&directory.path().join("state.db"), None).unwrap();
        for revision in 0..12 {
            for file in 0..10 {
                keep(
                    &connection,
                    &format!("{file}"),
                    &format!("r{revision}"),
                    "{}",
                )
                .unwrap();
            }
        }
        let left = || {
            let sql = "SELECT min(revision), max(revision), count(*) FROM rulings";
            connection
                .query_row(sql, [], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
                .unwrap()
        };
        let (first, last, count): (i64, i64, i64) = left();
        assert_eq!((first, last, count), (5, 12, 10 * REVISIONS));
        shrink(&connection, 15).unwrap();
        let (first, last, count): (i64, i64, i64) = left();
        assert_eq!((first, last, count), (11, 12, 15));
    }
}
