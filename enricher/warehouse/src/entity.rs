//! What of a table is copied.

use weft_store::{Column, EntityMeta};

use crate::Table;
use crate::names::{self, Unresolved};

/// A column that was named, and that the table does not have.
#[derive(Debug, thiserror::Error)]
#[error("{field}: {unresolved}")]
pub struct UnknownColumn {
    /// Where it was named: `primaryKey` or `columns`.
    pub field: &'static str,
    /// What there is instead.
    #[source]
    pub unresolved: Unresolved,
}

impl Table {
    /// The key, in the order given, and the columns to copy, in the table's order; the key is among them. Without
    /// `columns` all are copied.
    pub fn entity_meta(&self, key: &[String], columns: Option<&[String]>) -> Result<EntityMeta, UnknownColumn> {
        let key = self.positions("primaryKey", key)?;
        let mut copied = match columns {
            Some(columns) => self.positions("columns", columns)?,
            None => (0..self.columns.len()).collect(),
        };
        copied.extend(&key);
        copied.sort_unstable();
        copied.dedup();
        Ok(EntityMeta { key: self.at(&key), columns: self.at(&copied) })
    }

    fn positions(&self, field: &'static str, names: &[String]) -> Result<Vec<usize>, UnknownColumn> {
        let known = || self.columns.iter().map(|column| column.name.as_str());
        let position = |name: &String| names::resolve(name, known());
        let positions: Result<_, _> = names.iter().map(position).collect();
        positions.map_err(|unresolved| UnknownColumn { field, unresolved })
    }

    fn at(&self, positions: &[usize]) -> Vec<Column> {
        positions.iter().map(|&position| self.columns[position].clone()).collect()
    }
}
