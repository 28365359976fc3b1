//! Connections: made, asked, lost and made again.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, Error, Row, Statement};

use super::tls::Tls;
use super::{PostgresAddress, wait};
use crate::StoreError;

/// The values of a statement.
pub(super) type Values<'a> = &'a [&'a (dyn ToSql + Sync)];

/// The longest that a server may take to answer; it gives up itself before that.
const LIMIT: Duration = Duration::from_mins(2);
/// How long a server may be away, as it is while it restarts, before whoever asks hears of it.
const AWAY: Duration = Duration::from_secs(8);
/// Connections that read; more would wait for the same server.
const MOST: usize = 4;
/// Statements that a connection keeps prepared.
const PREPARED: usize = 200;

/// A lock that another holds is waited for, a statement that hangs is given up, and a node that stands still in the middle
/// of a transaction lets the others go on. A page is the beginning of an index, read in its order: what the server plans
/// while it has not yet counted a growing table would sort all there is.
const MANNERS: &str = "SET lock_timeout = '15s'; SET statement_timeout = '90s'; \
    SET idle_in_transaction_session_timeout = '30s'; SET client_min_messages = 'error'; \
    SET enable_bitmapscan = off; SET enable_seqscan = off; \
    SET default_transaction_isolation = 'read committed'";

/// Makes connections.
pub(super) struct Connector {
    runtime: Option<Runtime>,
    config: Config,
    tls: Tls,
}

impl Connector {
    pub(super) fn new(address: &PostgresAddress) -> Result<Self, StoreError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .thread_name("store-postgres")
            .build()
            .map_err(|error| crate::files::io("start the driver of the state", error))?;
        Ok(Self {
            runtime: Some(runtime),
            config: address.config.clone(),
            tls: Tls::new(&address.trust)?,
        })
    }

    pub(super) fn connect(&self) -> Result<Session, StoreError> {
        let runtime = self.runtime.as_ref().ok_or(StoreError::Closed)?;
        let (config, tls) = (self.config.clone(), self.tls.clone());
        let connecting = runtime.spawn(async move { config.connect(tls).await });
        let connected = wait::on(connecting, LIMIT).ok_or_else(silent)?;
        let connected = connected.map_err(|_| StoreError::Closed)?;
        let (client, connection) = connected.map_err(failed("connect to the state"))?;
        // What ends it is seen by whoever asks next.
        runtime.spawn(async move { drop(connection.await) });
        let session = Session {
            client,
            statements: HashMap::new(),
        };
        session.run(MANNERS, "set up the connection to the state")?;
        Ok(session)
    }
}

impl Drop for Connector {
    fn drop(&mut self) {
        // Waiting for its thread is not allowed everywhere.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connector").finish_non_exhaustive()
    }
}

/// A connection.
pub(super) struct Session {
    client: Client,
    statements: HashMap<String, Statement>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

impl Session {
    pub(super) fn is_lost(&self) -> bool {
        self.client.is_closed()
    }

    /// Runs statements without values.
    pub(super) fn run(&self, sql: &str, action: &'static str) -> Result<(), StoreError> {
        let done = wait::on(self.client.batch_execute(sql), LIMIT).ok_or_else(silent)?;
        done.map_err(failed(action))
    }

    /// The rows of a question.
    pub(super) fn rows(
        &mut self,
        sql: &str,
        values: Values<'_>,
        action: &'static str,
    ) -> Result<Vec<Row>, StoreError> {
        let statement = self.statement(sql, action)?;
        let rows = wait::on(self.client.query(&statement, values), LIMIT).ok_or_else(silent)?;
        rows.map_err(failed(action))
    }

    /// The first row of a question.
    pub(super) fn row(
        &mut self,
        sql: &str,
        values: Values<'_>,
        action: &'static str,
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(sql, values, action)?.into_iter().next())
    }

    /// How many rows a statement changed.
    pub(super) fn change(
        &mut self,
        sql: &str,
        values: Values<'_>,
        action: &'static str,
    ) -> Result<u64, StoreError> {
        let statement = self.statement(sql, action)?;
        let done = wait::on(self.client.execute(&statement, values), LIMIT).ok_or_else(silent)?;
        done.map_err(failed(action))
    }

    fn statement(&mut self, sql: &str, action: &'static str) -> Result<Statement, StoreError> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let prepared = wait::on(self.client.prepare(sql), LIMIT).ok_or_else(silent)?;
        let statement = prepared.map_err(failed(action))?;
        if self.statements.len() >= PREPARED {
            self.statements.clear();
        }
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    /// Does all of it or nothing.
    pub(super) fn transaction<T>(
        &mut self,
        begin: &str,
        action: &'static str,
        work: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.run(begin, action)?;
        match work(self) {
            Ok(value) => {
                self.run("COMMIT", action)?;
                Ok(value)
            }
            Err(error) => {
                // Where this fails too the connection is gone, and the transaction with it.
                let _ = self.run("ROLLBACK", action);
                Err(error)
            }
        }
    }
}

/// A column of a row.
pub(super) fn column<'r, T: tokio_postgres::types::FromSql<'r>>(
    row: &'r Row,
    index: usize,
) -> Result<T, StoreError> {
    row.try_get(index).map_err(|error| StoreError::Damaged {
        detail: error.to_string(),
    })
}

/// Connections that are used in turns.
#[derive(Debug)]
pub(super) struct Pool {
    connector: Arc<Connector>,
    state: Mutex<Idle>,
    free: Condvar,
    away: AtomicBool,
}

#[derive(Debug, Default)]
struct Idle {
    sessions: Vec<Session>,
    lent: usize,
}

impl Pool {
    pub(super) fn new(connector: Arc<Connector>) -> Self {
        Self {
            connector,
            state: Mutex::default(),
            free: Condvar::new(),
            away: AtomicBool::new(false),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Idle> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Uses a connection for something that may be done twice: it is, when the server went away meanwhile.
    pub(super) fn ask<T>(
        &self,
        mut work: impl FnMut(&mut Session) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut patience = Patience::new(&self.away);
        loop {
            let outcome = self.once(&mut work);
            if let Some(outcome) = patience.settle(outcome) {
                return outcome;
            }
        }
    }

    /// As [`Pool::ask`], without patience for a server that is away.
    pub(super) fn once<T>(
        &self,
        work: impl FnOnce(&mut Session) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut lent = self.borrow()?;
        let session = lent.session.as_mut().ok_or(StoreError::Closed)?;
        let outcome = work(session);
        if session.is_lost() || matches!(outcome, Err(StoreError::Unreachable(_))) {
            lent.session = None;
            // The others have lost the same server.
            self.lock().sessions.retain(|session| !session.is_lost());
        }
        outcome
    }

    fn borrow(&self) -> Result<Lent<'_>, StoreError> {
        let mut state = self.lock();
        while state.lent >= MOST {
            state = self
                .free
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.lent += 1;
        let idle = state.sessions.pop();
        drop(state);
        let mut lent = Lent {
            pool: self,
            session: idle,
        };
        if lent.session.as_ref().is_none_or(Session::is_lost) {
            lent.session = None;
            lent.session = Some(self.connector.connect()?);
        }
        Ok(lent)
    }
}

/// A connection that goes back.
struct Lent<'a> {
    pool: &'a Pool,
    session: Option<Session>,
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let mut state = self.pool.lock();
        state.lent = state.lent.saturating_sub(1);
        state.sessions.extend(self.session.take());
        drop(state);
        self.pool.free.notify_one();
    }
}

/// Waits for a server that went away, once: as long as it stays away, whoever comes next hears so at once.
pub(super) struct Patience<'a> {
    away: &'a AtomicBool,
    began: Instant,
    pause: Duration,
}

impl<'a> Patience<'a> {
    pub(super) fn new(away: &'a AtomicBool) -> Self {
        Self {
            away,
            began: Instant::now(),
            pause: Duration::from_millis(20),
        }
    }

    /// The outcome, where it is one; else it is to be tried again.
    pub(super) fn settle<T>(
        &mut self,
        outcome: Result<T, StoreError>,
    ) -> Option<Result<T, StoreError>> {
        if !matches!(outcome, Err(StoreError::Unreachable(_))) {
            self.away.store(false, Ordering::Relaxed);
            return Some(outcome);
        }
        if self.began.elapsed() >= AWAY || self.away.load(Ordering::Relaxed) {
            self.away.store(true, Ordering::Relaxed);
            return Some(outcome);
        }
        std::thread::sleep(self.pause);
        self.pause = (self.pause * 2).min(Duration::from_millis(500));
        None
    }
}

fn silent() -> StoreError {
    let late = std::io::Error::from(std::io::ErrorKind::TimedOut);
    StoreError::Unreachable(Arc::new(late))
}

/// What an error of the driver means to whoever asked.
pub(super) fn failed(action: &'static str) -> impl Fn(Error) -> StoreError {
    move |error| {
        let code = error.code().cloned();
        let class = code.as_ref().and_then(|code| code.code().get(..2));
        match (&code, class) {
            (Some(code), _) if *code == SqlState::DISK_FULL => StoreError::Full(Arc::new(error)),
            (Some(code), _)
                if *code == SqlState::LOCK_NOT_AVAILABLE
                    || *code == SqlState::T_R_DEADLOCK_DETECTED =>
            {
                StoreError::Busy(Arc::new(error))
            }
            // Ended by an administrator, a crash or an idle time-out, starting, too many others, no longer the primary.
            (Some(code), _)
                if [
                    SqlState::ADMIN_SHUTDOWN,
                    SqlState::CRASH_SHUTDOWN,
                    SqlState::CANNOT_CONNECT_NOW,
                    SqlState::TOO_MANY_CONNECTIONS,
                    SqlState::READ_ONLY_SQL_TRANSACTION,
                    SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
                ]
                .contains(code) =>
            {
                StoreError::Unreachable(Arc::new(error))
            }
            (Some(_), Some("08")) => StoreError::Unreachable(Arc::new(error)),
            (Some(_), Some("28" | "3D")) => StoreError::Refused(Arc::new(error)),
            (None, _) if is_lost(&error) => StoreError::Unreachable(Arc::new(error)),
            _ => StoreError::Io {
                action,
                source: Arc::new(error),
            },
        }
    }
}

/// Nothing came back, or only part of it.
fn is_lost(error: &Error) -> bool {
    let source = std::error::Error::source(error).and_then(|e| e.downcast_ref::<std::io::Error>());
    error.is_closed() || source.is_some_and(|e| e.kind() != std::io::ErrorKind::InvalidData)
}
