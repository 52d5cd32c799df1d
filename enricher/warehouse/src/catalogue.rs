//! What a warehouse has and whom it lets read it, for those who set Weft up.

use crate::Error;
use crate::names::Unresolved;

/// A table or view that the user of a connection may read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its schema; none where the warehouse has no schemas.
    pub schema: Option<String>,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: TableKind,
    /// About how many rows it has, as the warehouse estimates without reading it; none where it does not know.
    pub rows: Option<u64>,
    /// The columns of the primary key that it declares, in the key's order.
    pub primary_key: Vec<String>,
}

/// What something is that rows can be read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableKind {
    /// A table.
    Table,
    /// A table that is made of others, which are not listed.
    PartitionedTable,
    /// A view.
    View,
    /// A view whose rows are kept.
    MaterializedView,
    /// A table whose rows are elsewhere.
    ForeignTable,
}

impl TableKind {
    /// Its name, for people and machines.
    pub fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::PartitionedTable => "partitioned table",
            Self::View => "view",
            Self::MaterializedView => "materialized view",
            Self::ForeignTable => "foreign table",
        }
    }
}

/// A table that has to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Its name, outermost part first, unquoted.
    pub table: Vec<String>,
    /// The columns that are read; `None` means all.
    pub columns: Option<Vec<String>>,
}

/// What an administrator has to run for a user.
#[derive(Debug, Default)]
pub struct Grants {
    /// The user; none where the warehouse has no users.
    pub user: Option<String>,
    /// The statements, without a semicolon at their ends.
    pub statements: Vec<String>,
    /// What cannot be granted because it is not there: the position of the reading, and why.
    pub unknown: Vec<(usize, NotThere)>,
}

/// Why nothing can be granted for a reading.
#[derive(Debug, thiserror::Error)]
pub enum NotThere {
    /// The table.
    #[error("tableRef: {0}")]
    Table(Error),
    /// One of the columns.
    #[error("columns: {0}")]
    Column(Unresolved),
}
