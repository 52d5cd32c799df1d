//! What of a table is copied.

use weft_store::{Column, EntityMeta};

use crate::Table;
use crate::names::{self, Unresolved};

/// Why what is to be copied cannot be.
#[derive(Debug, thiserror::Error)]
pub enum ColumnError {
    /// A column was named that the table does not have.
    #[error("{field}")]
    Unknown {
        /// Where it was named: `primaryKey` or `columns`.
        field: &'static str,
        /// What there is instead.
        source: Unresolved,
    },
    /// A column was named that the user may not read.
    #[error("{field}: the warehouse's user may not read {column}; grant it SELECT on that column, or do not name it")]
    Denied {
        /// Where it was named: `primaryKey` or `columns`.
        field: &'static str,
        /// The column, as the warehouse spells it.
        column: String,
    },
    /// All columns are to be copied, and the user may not read these.
    #[error(
        "columns: all are to be copied, and the warehouse's user may not read {}; grant it SELECT on them, or name the \
         columns to copy",
        .0.join(", ")
    )]
    Unreadable(Vec<String>),
}

impl Table {
    /// The key, in the order given, and the columns to copy, in the table's order; the key is among them. Without
    /// `columns` all are copied.
    pub fn entity_meta(&self, key: &[String], columns: Option<&[String]>) -> Result<EntityMeta, ColumnError> {
        let key = self.positions("primaryKey", key)?;
        let mut copied = match columns {
            Some(columns) => self.positions("columns", columns)?,
            None if !self.unreadable.is_empty() => return Err(ColumnError::Unreadable(self.unreadable.clone())),
            None => (0..self.columns.len()).collect(),
        };
        copied.extend(&key);
        copied.sort_unstable();
        copied.dedup();
        Ok(EntityMeta { key: self.at(&key), columns: self.at(&copied) })
    }

    fn positions(&self, field: &'static str, names: &[String]) -> Result<Vec<usize>, ColumnError> {
        let known = || self.columns.iter().map(|column| column.name.as_str());
        let position = |name: &String| {
            names::resolve(name, known()).map_err(|source| {
                match names::resolve(name, self.unreadable.iter().map(String::as_str)) {
                    Ok(denied) => ColumnError::Denied { field, column: self.unreadable[denied].clone() },
                    Err(_) => ColumnError::Unknown { field, source },
                }
            })
        };
        names.iter().map(position).collect()
    }

    fn at(&self, positions: &[usize]) -> Vec<Column> {
        positions.iter().map(|&position| self.columns[position].clone()).collect()
    }
}
