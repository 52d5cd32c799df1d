//! SQLite files, read-only; a second file may be there for bookkeeping.
//!
//! | declared type | logical type | cells of that type |
//! |---|---|---|
//! | BOOL, BOOLEAN | Boolean | 0, 1, the texts `true` and `false` in any case |
//! | UUID, GUID, UNIQUEIDENTIFIER | Uuid | text that is a UUID, 16 bytes |
//! | JSON, JSONB | Json | text that is JSON, SQLite's own JSONB |
//! | DATE | Date | text `2026-01-31` |
//! | DATETIME, TIMESTAMP … | Timestamp | text `2026-01-31 23:59:59.5`, with blank or `T`, without an offset |
//! | TIMESTAMPTZ, DATETIMEOFFSET, … WITH TIME ZONE | TimestampTz | the same with an offset |
//! | DECIMAL, NUMERIC, NUMBER … | Decimal | integers and reals (the shortest decimal that is the same real) |
//! | BYTEA, BYTES, BINARY, VARBINARY, … BLOB … | Bytes | blobs |
//! | CHAR(n), CHARACTER(n), NCHAR(n) | FixedText | text |
//! | … INT … | Integer | integers |
//! | … CHAR …, … CLOB …, … TEXT … | Text | text |
//! | … REAL …, … FLOA …, … DOUB … | Float | reals |
//! | anything else, none, an expression of a view | that of the values: Integer, Float, Text, Bytes; Mixed if they differ | |
//!
//! SQLite lets a cell be something else than its column's type. Such a cell keeps what it is: as a value it is written
//! as its storage class says (a number, a string, base64), as a key its row is rejected.

mod catalogue;
mod declared;
mod describe;
mod dialect;
mod functions;
mod open;
mod read;
mod state;
mod storage;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, InterruptHandle};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use weft_store::Column;

use crate::batch::WAITING_BATCHES;
use crate::{Batches, Dialect, Error, Grants, Listed, Reading, Table, Warehouse};

/// A SQLite file. Its statements run one after the other.
#[derive(Clone)]
pub struct Sqlite {
    connection: Arc<Mutex<Connection>>,
    interrupt: Arc<InterruptHandle>,
}

impl Sqlite {
    /// Opens the file read-only; says what to do if that cannot be.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Self::with(open::read_only(path, open::Access::Read)?)
    }

    /// Opens the file read-only, and a second file for bookkeeping, which is made if there is none.
    pub fn open_with_state(path: &Path, state: &Path) -> Result<Self, Error> {
        let connection = open::read_only(path, open::Access::Attach)?;
        state::attach(&connection, path, state)?;
        Self::with(connection)
    }

    fn with(connection: Connection) -> Result<Self, Error> {
        functions::register(&connection).map_err(refused)?;
        let interrupt = Arc::new(connection.get_interrupt_handle());
        Ok(Self { connection: Arc::new(Mutex::new(connection)), interrupt })
    }

    /// Runs `work` on a thread that may block.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let connection = Arc::clone(&self.connection);
        match spawn_blocking(move || work(&lock(&connection))).await {
            Ok(outcome) => outcome,
            Err(stopped) => match stopped.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(Error::Cancelled),
            },
        }
    }
}

impl Warehouse for Sqlite {
    fn dialect(&self) -> &dyn Dialect {
        &dialect::Sqlite
    }

    async fn describe(&self, table: &[String]) -> Result<Table, Error> {
        let wanted = table.last().cloned().unwrap_or_default();
        self.blocking(move |connection| describe::table(connection, &wanted)).await
    }

    async fn tables(&self) -> Result<Vec<Listed>, Error> {
        self.blocking(catalogue::tables).await
    }

    async fn grants(&self, _: &[Reading], _: bool) -> Result<Grants, Error> {
        // A file has no users.
        Ok(Grants::default())
    }

    async fn query(&self, sql: String, columns: Vec<Column>) -> Result<Batches, Error> {
        let (sender, receiver) = mpsc::channel(WAITING_BATCHES);
        let connection = Arc::clone(&self.connection);
        spawn_blocking(move || {
            if let Err(error) = read::send_batches(&lock(&connection), &sql, &columns, &sender) {
                // Nobody is left to tell if the receiver is gone.
                let _ = sender.blocking_send(Err(error));
            }
        });
        Ok(Batches { receiver })
    }

    async fn execute(&self, sql: String) -> Result<u64, Error> {
        self.blocking(move |connection| {
            let mut statement = connection.prepare(&sql).map_err(refused)?;
            statement.execute([]).map(|rows| rows as u64).map_err(failed)
        })
        .await
    }

    async fn cancel(&self) {
        self.interrupt.interrupt();
    }
}

/// A panic while the lock was held left the connection as whole as SQLite keeps it.
fn lock(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The error of a statement that SQLite would not even prepare: its text is about names, never about values.
fn refused(error: rusqlite::Error) -> Error {
    match &error {
        _ if of_bookkeeping(&error).is_some() => failed(error),
        rusqlite::Error::SqliteFailure(failure, Some(message)) if failure.code == rusqlite::ErrorCode::Unknown => {
            Error::Prepare(message.clone())
        }
        rusqlite::Error::SqlInputError { msg, .. } => Error::Prepare(msg.clone()),
        _ => failed(error),
    }
}

/// The error of a statement that ran. SQLite's text may quote a value, so only its code is told.
fn failed(error: rusqlite::Error) -> Error {
    use rusqlite::ErrorCode;
    if let Some(told) = of_bookkeeping(&error) {
        return told;
    }
    let Some(failure) = error.sqlite_error() else { return Error::Run("the result has an unexpected form".to_owned()) };
    match failure.code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Error::Locked,
        ErrorCode::OperationInterrupted => Error::Cancelled,
        _ => Error::Run(open::problem(failure)),
    }
}

/// What SQLite says of tables that are, or are not, in bookkeeping. It has no codes for that, but these words.
fn of_bookkeeping(error: &rusqlite::Error) -> Option<Error> {
    let (rusqlite::Error::SqliteFailure(_, Some(words)) | rusqlite::Error::SqlInputError { msg: words, .. }) = error
    else {
        return None;
    };
    let schema = dialect::BOOKKEEPING;
    if words.starts_with("table ") && words.ends_with(" already exists") {
        Some(Error::Exists)
    } else if let Some(table) =
        words.strip_prefix("no such table: ").filter(|name| name.starts_with(&format!("{schema}.")))
    {
        Some(Error::Gone(table.to_owned()))
    } else if *words == format!("unknown database {schema}") {
        Some(Error::NoBookkeeping("the file was opened without a second one".to_owned()))
    } else {
        None
    }
}
