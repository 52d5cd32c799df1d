//! Copies the tables of entities into memory, as a sync does into Redis.

mod entity;
mod error;
mod report;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use weft_plan_types::SyncPlan;
use weft_store::MemoryStore;

use crate::connect::{AnyWarehouse, Secrets, warehouse};

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

/// Copies the table of every plan into the store, one after the other; each warehouse is opened once. The plans are of
/// one data graph.
///
/// An entity is in the store once all of its table was read. Rows that cannot be used are left out and counted in its
/// report.
pub(crate) async fn load_all(
    plans: &[&SyncPlan],
    secrets: &Secrets,
    store: &mut MemoryStore,
    mut progress: impl FnMut(Progress<'_>),
) -> Result<Vec<LoadReport>, LoadError> {
    // Of one graph, so that a Warehouse's name stands for one.
    let mut open: HashMap<&str, AnyWarehouse> = HashMap::new();
    let mut reports = Vec::with_capacity(plans.len());
    for plan in plans {
        let name = plan.warehouse.name.as_str();
        let warehouse = match open.get(name) {
            Some(warehouse) => warehouse.clone(),
            None => {
                let opened = warehouse(&plan.warehouse, &plan.owner.namespace, secrets).await;
                let opened = opened.map_err(|error| LoadError::connect(plan, error))?;
                open.entry(name).or_insert(opened).clone()
            }
        };
        reports.push(entity::load(plan, &warehouse, store, &mut progress).await?);
    }
    Ok(reports)
}
