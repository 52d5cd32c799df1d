//! One connection and whose turn it is on it.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Mutex as Turns;
use tokio_postgres::error::SqlState;
use tokio_postgres::{CancelToken, Client, Error as Failure, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::connect::{Options, log_in};
use super::dialect::Postgres;
use super::failure;
use crate::Error;

/// How long it may take to tell the server to end a statement.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection that runs one statement at a time.
pub(super) struct Session {
    options: Options,
    dialect: Postgres,
    client: Client,
    cancel: CancelToken,
    tls: MakeRustlsConnect,
    /// Held from a statement's start until the server is ready for the next.
    turns: Turns<()>,
    /// When the statement that runs began.
    running: Mutex<Option<Instant>>,
    /// The statement that runs was told to end.
    cancelled: AtomicBool,
}

impl Session {
    pub(super) async fn open(options: Options) -> Result<Self, Error> {
        let (client, tls) = log_in(&options).await?;
        let cancel = client.cancel_token();
        let dialect = Postgres { bookkeeping: options.bookkeeping.clone() };
        let (turns, running, cancelled) = (Turns::new(()), Mutex::new(None), AtomicBool::new(false));
        Ok(Self { options, dialect, client, cancel, tls, turns, running, cancelled })
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn options(&self) -> &Options {
        &self.options
    }

    pub(super) fn dialect(&self) -> &Postgres {
        &self.dialect
    }

    /// Does `work` when it is its turn; `None`, and it is ended at the server, if `gone` comes first.
    pub(super) async fn run<T>(
        &self,
        work: impl Future<Output = Result<T, Error>>,
        gone: impl Future<Output = ()>,
    ) -> Option<Result<T, Error>> {
        let (mut work, mut gone) = (pin!(work), pin!(gone));
        let _turn = tokio::select! {
            biased;
            () = &mut gone => return None,
            turn = self.turns.lock() => turn,
        };
        self.cancelled.store(false, Ordering::Relaxed);
        self.set_running(Some(Instant::now()));
        let outcome = tokio::select! {
            biased;
            () = &mut gone => None,
            outcome = &mut work => Some(outcome),
        };
        if outcome.is_none() {
            self.tell_to_end().await;
            if !matches!(work.await, Err(Error::Cancelled)) {
                // It ended by itself: what was to end it may still come, and must not meet the next statement.
                let _ = self.client.batch_execute("SELECT pg_sleep(1)").await;
            }
        }
        self.set_running(None);
        outcome
    }

    /// Ends the statement that runs, if one does.
    pub(super) async fn cancel(&self) {
        if self.running().is_some() {
            self.tell_to_end().await;
        }
    }

    async fn tell_to_end(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
        // Without an answer the connection is as good as lost, and the statement will say so.
        let _ = tokio::time::timeout(CANCEL_TIMEOUT, self.cancel.cancel_query(self.tls.clone())).await;
    }

    /// Prepares a statement; the error's words are the server's where they are about names.
    pub(super) async fn prepare(&self, sql: &str) -> Result<Statement, Error> {
        if sql.contains('\0') {
            return Err(Error::Prepare("it has the character U+0000, which PostgreSQL has no text with".to_owned()));
        }
        self.client.prepare(sql).await.map_err(|failure| self.error(&failure, true))
    }

    /// The error of a statement that ran.
    pub(super) fn failed(&self, failure: &Failure) -> Error {
        self.error(failure, false)
    }

    fn error(&self, failure: &Failure, prepared: bool) -> Error {
        failure::of_statement(&self.options, failure, prepared).unwrap_or_else(|| {
            debug_assert_eq!(failure.code(), Some(&SqlState::QUERY_CANCELED));
            let took = self.running().map(|started| started.elapsed());
            match (self.options.statement_timeout, took) {
                (Some(limit), Some(took)) if took >= limit && !self.cancelled.load(Ordering::Relaxed) => {
                    Error::TimedOut(limit)
                }
                _ => Error::Cancelled,
            }
        })
    }

    fn running(&self) -> Option<Instant> {
        *self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_running(&self, started: Option<Instant>) {
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = started;
    }
}
