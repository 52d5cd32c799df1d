use weft_plan_types::SyncPlan;
use weft_store::Column;
use weft_warehouse::{ColumnError, Error, Table, refused_key, shown_columns};

use crate::connect::ConnectError;

/// Why an entity's table could not be copied.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    /// The warehouse could not be opened.
    #[error("entity {entity}")]
    Connect { entity: String, source: ConnectError },
    /// The warehouse could not be read.
    #[error("entity {entity}: warehouse {warehouse}")]
    Warehouse { entity: String, warehouse: String, source: Error },
    /// Of the table's columns, what is to be copied cannot be.
    #[error("entity {entity}: table {table} in warehouse {warehouse}")]
    Column { entity: String, table: String, warehouse: String, source: Box<ColumnError> },
    /// A key column's type is refused.
    #[error(
        "entity {entity}: primaryKey: column {column} of table {table} in warehouse {warehouse} cannot be a key, {why}"
    )]
    KeyType { entity: String, column: String, table: String, warehouse: String, why: &'static str },
    /// A batch is not what [`weft_warehouse::types`] says.
    #[error("entity {entity}: warehouse {warehouse} gave a column in a form that it must not have; please report this")]
    Unreadable { entity: String, warehouse: String },
    /// SQL and Rust made different key texts of one value.
    #[error(
        "entity {entity}: warehouse {warehouse} and Weft disagree on the key text of a row (KeyTextMismatch; key \
         columns: {key}); please report this"
    )]
    KeyTextMismatch { entity: String, warehouse: String, key: String },
}

impl LoadError {
    /// Whether trying again may help.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            LoadError::Connect { source, .. } => source.is_transient(),
            LoadError::Warehouse { source, .. } => source.is_transient(),
            _ => false,
        }
    }

    pub(super) fn connect(plan: &SyncPlan, source: ConnectError) -> Self {
        Self::Connect { entity: plan.entity.slug.clone(), source }
    }

    pub(super) fn warehouse(plan: &SyncPlan, source: Error) -> Self {
        let (entity, warehouse) = names(plan);
        Self::Warehouse { entity, warehouse, source }
    }

    pub(super) fn column(plan: &SyncPlan, table: &Table, source: ColumnError) -> Self {
        let (entity, warehouse) = names(plan);
        Self::Column { entity, table: table.name.join("."), warehouse, source: Box::new(source) }
    }

    pub(super) fn key_type(plan: &SyncPlan, table: &Table, key: &[Column]) -> Self {
        let (entity, warehouse) = names(plan);
        let (column, why) = refused_key(key);
        Self::KeyType { entity, column: column.to_owned(), table: table.name.join("."), warehouse, why }
    }

    pub(super) fn unreadable(plan: &SyncPlan) -> Self {
        let (entity, warehouse) = names(plan);
        Self::Unreadable { entity, warehouse }
    }

    pub(super) fn key_text_mismatch(plan: &SyncPlan, key: &[Column]) -> Self {
        let (entity, warehouse) = names(plan);
        Self::KeyTextMismatch { entity, warehouse, key: shown_columns(key) }
    }
}

fn names(plan: &SyncPlan) -> (String, String) {
    (plan.entity.slug.clone(), plan.warehouse.name.clone())
}
