use weft_warehouse::Error;

/// Why nothing can be proposed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InitError {
    /// The warehouse could not be opened or read.
    #[error("warehouse sqlite:{warehouse}")]
    Warehouse { warehouse: String, source: Error },
    /// A rule cannot look up so many rows.
    #[error("{tables} tables are too many for one rule, which looks up at most {most} rows; name fewer with --table")]
    TooManyTables { tables: usize, most: usize },
    /// The table has nothing but its key.
    #[error("table {table}: it has no column besides its key {key}, so there is nothing to write into events")]
    OnlyKey { table: String, key: String },
    /// No column can be the key.
    #[error(
        "table {table}: no column can be its key: {problem}; name a table with a primary key, or a view with a column \
         that is unique and never NULL"
    )]
    NoKey { table: String, problem: String },
    /// A name that no manifest can hold.
    #[error("table {table}: {what} cannot stand in a manifest; give it another name in a view")]
    Unnameable { table: String, what: String },
    /// No field of the events is like the key.
    #[error(
        "table {table}: no field of the {events} sampled events fits its key {key}: none has a name like it, and no \
         values tell{seen}; check that the events are those to be joined with the table, or add the key to them"
    )]
    NoMatch { table: String, key: String, events: usize, seen: String },
    /// A batch is not what it was asked for.
    #[error("table {table}: the warehouse gave a column in a form that it must not have; please report this")]
    Unreadable { table: String },
}

impl InitError {
    /// Whether trying again may help.
    pub(crate) fn is_transient(&self) -> bool {
        matches!(self, InitError::Warehouse { source, .. } if source.is_transient())
    }
}
