//! Copies the tables of entities into memory, as a sync does into Redis.

mod entity;
mod error;
mod report;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::Path;

use weft_plan_types::{SyncPlan, WarehouseConnection};
use weft_store::MemoryStore;
use weft_warehouse::sqlite::Sqlite;

pub(crate) use error::LoadError;
pub(crate) use report::LoadReport;

/// How far a load is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress<'a> {
    /// The entity that is being read.
    pub(crate) entity: &'a str,
    /// Its rows so far.
    pub(crate) rows: u64,
}

/// Copies the table of every plan into the store, one after the other; each warehouse is opened once.
///
/// An entity is in the store once all of its table was read. Rows that cannot be used are left out and counted in its
/// report.
pub(crate) async fn load_all(
    plans: &[&SyncPlan],
    store: &mut MemoryStore,
    mut progress: impl FnMut(Progress<'_>),
) -> Result<Vec<LoadReport>, LoadError> {
    let mut open: HashMap<&str, Sqlite> = HashMap::new();
    let mut reports = Vec::with_capacity(plans.len());
    for plan in plans {
        let WarehouseConnection::Sqlite { path, .. } = &plan.warehouse.connection else {
            return Err(LoadError::not_local(plan));
        };
        let warehouse = match open.get(path.as_str()) {
            Some(warehouse) => warehouse.clone(),
            None => {
                let opened = Sqlite::open(Path::new(path)).map_err(|error| LoadError::warehouse(plan, error))?;
                open.entry(path).or_insert(opened).clone()
            }
        };
        reports.push(entity::load(plan, &warehouse, store, &mut progress).await?);
    }
    Ok(reports)
}
