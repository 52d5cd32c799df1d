//! One connector and one SQL dialect per warehouse, behind one trait.
//!
//! Values cross the trait as Arrow record batches. What a column means (its [`weft_store::ColumnType`]) stands in the
//! metadata of its Arrow field, see [`types`]; [`Cells`] reads a column back value by value.

#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod batch;
mod catalogue;
mod cells;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod column;
mod dialect;
mod entity;
mod error;
pub mod names;
#[cfg(feature = "postgres")]
pub mod postgres;
mod rejection;
#[cfg(feature = "sqlite")]
pub mod sqlite;
pub mod types;

use std::future::Future;

use tokio::sync::mpsc;
use weft_store::Column;

pub use arrow_array::RecordBatch;
pub use catalogue::{Grants, Listed, NotThere, Reading, TableKind};
pub use cells::{Cells, NotText, shown_key};
pub use dialect::{Dialect, ROW_HASH_VERSION, refused_key, shown_columns};
pub use entity::ColumnError;
pub use error::Error;
pub use rejection::{MAX_ROW_BYTES, Rejection};

/// A connection to a warehouse.
pub trait Warehouse {
    /// How this warehouse spells SQL.
    fn dialect(&self) -> &dyn Dialect;

    /// Finds a table or view by its name, outermost part first, unquoted. Each part matches exactly, else in another
    /// case if that is unambiguous.
    fn describe(&self, table: &[String]) -> impl Future<Output = Result<Table, Error>> + Send;

    /// What this user may read, but for what Weft itself made, by schema and name.
    fn tables(&self) -> impl Future<Output = Result<Vec<Listed>, Error>> + Send;

    /// What this user lacks to read these tables and to keep books; with `all` also what it has.
    fn grants(&self, readings: &[Reading], all: bool) -> impl Future<Output = Result<Grants, Error>> + Send;

    /// Runs a query whose result has `columns`; each batch has them in this order, with these types.
    ///
    /// At most a few batches are held at a time: the query goes on as they are taken, and ends when the
    /// [`Batches`] are dropped.
    fn query(&self, sql: String, columns: Vec<Column>) -> impl Future<Output = Result<Batches, Error>> + Send;

    /// Runs a statement that has no result; gives the number of rows it changed.
    fn execute(&self, sql: String) -> impl Future<Output = Result<u64, Error>> + Send;

    /// Ends the statements that run on this connection, at the server too; they fail with [`Error::Cancelled`].
    fn cancel(&self) -> impl Future<Output = ()> + Send;
}

/// A table or view as it is in the warehouse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name as the warehouse spells it, outermost part first.
    pub name: Vec<String>,
    /// Its columns that this user may read, in the table's order.
    pub columns: Vec<Column>,
    /// The columns that this user may not read.
    pub unreadable: Vec<String>,
    /// The columns of the primary key that it declares, in the key's order; none for a view.
    pub primary_key: Vec<String>,
    /// The warehouse itself sees to it that no two rows that a query finds have the same values in `primary_key`, nor
    /// the same key text.
    pub is_key_enforced: bool,
    /// The foreign keys that it declares.
    pub foreign_keys: Vec<ForeignKey>,
}

/// Columns whose values are the key of a row in another table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignKey {
    /// The columns of the table that declares it.
    pub columns: Vec<String>,
    /// The table it leads to, as the warehouse spells it.
    pub table: String,
    /// The columns there, in the order of `columns`; none where it leads to the primary key.
    pub references: Vec<String>,
}

/// The result of a query, batch by batch.
#[derive(Debug)]
pub struct Batches {
    receiver: mpsc::Receiver<Result<RecordBatch, Error>>,
}

impl Batches {
    /// The next batch; `None` after the last one, and after an error.
    pub async fn next(&mut self) -> Option<Result<RecordBatch, Error>> {
        self.receiver.recv().await
    }
}
