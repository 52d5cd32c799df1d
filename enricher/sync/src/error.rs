use weft_plan_types::{Refusal, SyncPlan};
use weft_store::Column;
use weft_store::redis::StoreError;
use weft_warehouse::{ColumnError, Error, refused_key, shown_columns};

/// What is to be done about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Try again.
    Retry,
    /// Change what was asked for: the manifests, the table, a grant.
    Change,
    /// Nothing may be written: another run or another owner has it.
    Leave,
}

/// Why a run could not go on. No message holds a value of a row.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The warehouse did not do what it was asked.
    #[error("failed to {act}")]
    Warehouse {
        /// What was to be done.
        act: &'static str,
        /// What the warehouse says.
        source: Error,
    },
    /// The table cannot be found or looked at.
    #[error("table {table}")]
    Table {
        /// The table, as the entity names it.
        table: String,
        /// What the warehouse says.
        source: Error,
    },
    /// The store did not do what it was asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Of the table's columns, what is to be copied cannot be.
    #[error("table {table}")]
    Column {
        /// The table.
        table: String,
        /// Which column, and why.
        source: Box<ColumnError>,
    },
    /// A key column's type is refused.
    #[error("primaryKey: column {column} of table {table} cannot be a key, {why}")]
    KeyType {
        /// The column.
        column: String,
        /// The table.
        table: String,
        /// Why not.
        why: &'static str,
    },
    /// SQL and Rust made different key texts of one value.
    #[error(
        "warehouse {warehouse} and Weft disagree on the key text of a row (KeyTextMismatch; key columns: {key}); \
         nothing was written; please report this"
    )]
    KeyTextMismatch {
        /// The warehouse.
        warehouse: String,
        /// The key columns and their types.
        key: String,
    },
    /// A result is not what was asked for.
    #[error("the warehouse gave a result in a form that it must not have; please report this")]
    Unreadable,
    /// A table in bookkeeping is not what Weft writes there.
    #[error("table {table} in bookkeeping is not what weft writes there; drop it, or use a weft as new as its writer")]
    Foreign {
        /// Its name.
        table: String,
    },
    /// A newer run is at work.
    #[error("a newer sync of it, run {by}, took over; this one ends")]
    Fenced {
        /// Its run.
        by: u64,
    },
    /// What this run stands on was removed.
    #[error("what the sync stands on was removed meanwhile ({what}); the next one starts anew")]
    Overtaken {
        /// What is gone.
        what: &'static str,
    },
    /// The entity in the store is somebody else's.
    #[error(
        "the store's copy belongs to {owner}, not to {me} ({}); use another Redis database, or another --installation if \
         both are yours",
        Refusal::StoreOwned
    )]
    Owned {
        /// Whose it is.
        owner: String,
        /// Who asked.
        me: String,
    },
    /// The store is of a layout that is not known here.
    #[error("the store's layout is {0}, which this weft does not know; use a newer one")]
    OtherLayout(u32),
    /// What was to be approved is not waiting for it.
    #[error("run {asked} is not held; {}", held_text(*held))]
    NotHeld {
        /// The run that was to be approved.
        asked: u64,
        /// The run that waits, if one does.
        held: Option<u64>,
    },
}

fn held_text(held: Option<u64>) -> String {
    match held {
        Some(held) => format!("run {held} is: look at it, then approve that one"),
        None => "no run is".to_owned(),
    }
}

impl SyncError {
    /// Of an act in the warehouse: that a table in bookkeeping is gone is told apart.
    pub(crate) fn of(act: &'static str) -> impl Fn(Error) -> Self {
        move |source| match source {
            Error::Gone(_) => Self::Overtaken { what: "a table in bookkeeping" },
            source => Self::Warehouse { act, source },
        }
    }

    pub(crate) fn column(table: &[String], source: ColumnError) -> Self {
        Self::Column { table: table.join("."), source: Box::new(source) }
    }

    pub(crate) fn key_type(table: &[String], key: &[Column]) -> Self {
        let (column, why) = refused_key(key);
        Self::KeyType { column: column.to_owned(), table: table.join("."), why }
    }

    pub(crate) fn key_text_mismatch(plan: &SyncPlan, key: &[Column]) -> Self {
        Self::KeyTextMismatch { warehouse: plan.warehouse.name.clone(), key: shown_columns(key) }
    }

    /// What is to be done about it.
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::Warehouse { source, .. } | Self::Table { source, .. } if source.is_transient() => Remedy::Retry,
            Self::Store(error) if error.is_transient() => Remedy::Retry,
            Self::Overtaken { .. } => Remedy::Retry,
            Self::Fenced { .. } | Self::Owned { .. } => Remedy::Leave,
            _ => Remedy::Change,
        }
    }
}
