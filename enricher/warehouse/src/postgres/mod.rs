//! PostgreSQL, through its own protocol.
//!
//! | type | logical type | values |
//! |---|---|---|
//! | smallint, integer, bigint | Integer | |
//! | numeric | Decimal | all digits, zeros behind the point included; `NaN` and infinities are floats, and no keys |
//! | real, double precision | Float | a real is written as PostgreSQL writes it: 0.1, not 0.10000000149 |
//! | text, varchar | Text | |
//! | char(n) | FixedText | with the blanks that pad it |
//! | boolean, uuid, bytea | Boolean, Uuid, Bytes | |
//! | date, timestamp, timestamptz | Date, Timestamp, TimestampTz | microseconds; `infinity` and `-infinity` are these texts, and no keys; years but 0 to 9999 have a sign (`+10000-01-01`, `-4712-01-01`: ISO 8601), and are no keys |
//! | json, jsonb | Json | json with its own spelling and order |
//! | arrays, composite types | Json | as `to_json` makes it |
//! | a domain | that of its base type | |
//! | anything else: enum, interval, time, inet, range, money, xml, extensions' types | Text | the text that PostgreSQL makes of it, in UTC |
//!
//! Texts come as UTF-8 whatever the encoding of the database.

mod catalogue;
mod connect;
mod describe;
mod dialect;
mod failure;
mod grants;
mod kinds;
mod read;
mod session;
mod value;

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use weft_store::Column;

use crate::batch::WAITING_BATCHES;
use crate::{Batches, Dialect, Error, Grants, Listed, Reading, Table, Warehouse};

pub use connect::{ClientCertificate, Options, Tls};
use session::Session;

/// A connection to a PostgreSQL database. Its statements run one after the other, each in a transaction of its own.
///
/// It does not reconnect: once it is lost, every statement fails with [`Error::Unreachable`].
#[derive(Clone)]
pub struct Postgres {
    session: Arc<Session>,
}

impl Postgres {
    /// Logs in; says what to do if that cannot be.
    pub async fn connect(options: Options) -> Result<Self, Error> {
        Ok(Self { session: Arc::new(Session::open(options).await?) })
    }

    /// Does `work` in its turn, and to its end or the server's even where the caller no longer waits.
    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        let (mut sender, receiver) = oneshot::channel();
        let session = Arc::clone(&self.session);
        tokio::spawn(async move {
            if let Some(outcome) = session.run(work, sender.closed()).await {
                // Nobody is left to tell if the receiver is gone.
                let _ = sender.send(outcome);
            }
        });
        receiver.await.unwrap_or(Err(Error::Cancelled))
    }
}

impl Warehouse for Postgres {
    fn dialect(&self) -> &dyn Dialect {
        self.session.dialect()
    }

    async fn describe(&self, table: &[String]) -> Result<Table, Error> {
        let (session, wanted) = (Arc::clone(&self.session), table.to_vec());
        self.in_turn(async move { describe::table(&session, &wanted).await }).await
    }

    async fn tables(&self) -> Result<Vec<Listed>, Error> {
        let session = Arc::clone(&self.session);
        self.in_turn(async move { catalogue::tables(&session).await }).await
    }

    async fn grants(&self, readings: &[Reading], all: bool) -> Result<Grants, Error> {
        let (session, readings) = (Arc::clone(&self.session), readings.to_vec());
        self.in_turn(async move { grants::grants(&session, &readings, all).await }).await
    }

    async fn query(&self, sql: String, columns: Vec<Column>) -> Result<Batches, Error> {
        let (sender, receiver) = mpsc::channel(WAITING_BATCHES);
        let session = Arc::clone(&self.session);
        tokio::spawn(async move {
            let work = read::send_batches(&session, &sql, &columns, &sender);
            if let Some(Err(error)) = session.run(work, sender.closed()).await {
                // Nobody is left to tell if the receiver is gone.
                let _ = sender.send(Err(error)).await;
            }
        });
        Ok(Batches { receiver })
    }

    async fn execute(&self, sql: String) -> Result<u64, Error> {
        let session = Arc::clone(&self.session);
        self.in_turn(async move {
            let statement = session.prepare(&sql).await?;
            session.client().execute(&statement, &[]).await.map_err(|failure| session.failed(&failure))
        })
        .await
    }

    async fn cancel(&self) {
        self.session.cancel().await;
    }
}
