//! Whether a warehouse lets its user in and keep books: a table is written there, read and dropped.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::{SystemTime, UNIX_EPOCH};

use weft_plan_types::WarehousePlan;
use weft_store::{Column, ColumnType, Value};
use weft_warehouse::{Cells, Error, Warehouse};

use super::Probed;
use super::steps::Steps;
use crate::connect::{AnyWarehouse, ConnectError, Secrets, warehouse_with_books};

/// What the names of probes' tables begin with; no entity's do, for an entity's id is hexadecimal.
const PREFIX: &str = "weft_probe_";

/// A table of a probe that began so many seconds ago, or longer, is of none that still runs.
const LEFT_AFTER: u64 = 3600;

/// What is written, and has to be read.
const WRITTEN: &str = "weft";

pub(super) async fn probe(plan: &WarehousePlan, namespace: &str, secrets: &Secrets) -> Probed {
    let mut steps = Steps::begin();
    let server = match steps.take("log in", log_in(plan, namespace, secrets)).await {
        Some((warehouse, version)) => {
            keep_books(&mut steps, &warehouse).await;
            Some(version)
        }
        None => None,
    };
    Probed { steps: steps.end(), server }
}

async fn log_in(
    plan: &WarehousePlan,
    namespace: &str,
    secrets: &Secrets,
) -> Result<(AnyWarehouse, String), ConnectError> {
    let warehouse = warehouse_with_books(plan, namespace, secrets).await?;
    let version = texts(&warehouse, warehouse.dialect().version().to_owned()).await;
    let version = version.map_err(|source| ConnectError::Warehouse { name: plan.name.clone(), source })?;
    Ok((warehouse, version.into_iter().next().unwrap_or_default()))
}

/// Does to a table what a sync does to its own.
async fn keep_books(steps: &mut Steps, warehouse: &AnyWarehouse) -> Option<()> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let name = format!("{PREFIX}{now}_{:016x}", RandomState::new().build_hasher().finish());
    let listed = texts(warehouse, warehouse.dialect().state_tables(PREFIX));
    let listed = steps.take("list the tables in bookkeeping", listed).await?;
    steps.take("write a table in bookkeeping", write(warehouse, &name)).await?;
    let read = steps.take("read it", read(warehouse, &name)).await;
    let left = listed.iter().filter(|table| is_left(table, now));
    let dropped = steps.take("drop it", drop_all(warehouse, left.chain([&name]))).await;
    read.and(dropped)
}

/// Makes the table, and before it the schema if there is none, as a sync would.
async fn write(warehouse: &AnyWarehouse, name: &str) -> Result<(), Error> {
    let dialect = warehouse.dialect();
    let sql = format!("CREATE TABLE {} AS SELECT {} AS note", dialect.state_table(name), dialect.literal(WRITTEN));
    match (warehouse.execute(sql.clone()).await, dialect.create_state()) {
        (Err(Error::NoBookkeeping(_)), Some(schema)) => {
            match warehouse.execute(schema).await {
                Ok(_) | Err(Error::Exists) => {}
                Err(error) => return Err(error),
            }
            warehouse.execute(sql).await.map(drop)
        }
        (outcome, _) => outcome.map(drop),
    }
}

async fn read(warehouse: &AnyWarehouse, name: &str) -> Result<(), Error> {
    let found = texts(warehouse, format!("SELECT note FROM {}", warehouse.dialect().state_table(name))).await?;
    let is_it = found == [WRITTEN];
    if is_it { Ok(()) } else { Err(Error::Run("the table that was just written has other rows".to_owned())) }
}

async fn drop_all(warehouse: &AnyWarehouse, names: impl Iterator<Item = &String>) -> Result<(), Error> {
    for name in names {
        warehouse.execute(warehouse.dialect().drop_state(name)).await?;
    }
    Ok(())
}

/// Whether a table is of a probe that was killed.
fn is_left(table: &str, now: u64) -> bool {
    let of = table.strip_prefix(PREFIX).and_then(|rest| rest.split('_').next()?.parse::<u64>().ok());
    of.is_some_and(|began| began.saturating_add(LEFT_AFTER) <= now)
}

/// The texts in the only column of a result.
async fn texts(warehouse: &AnyWarehouse, sql: String) -> Result<Vec<String>, Error> {
    let column = Column { name: "text".to_owned(), kind: ColumnType::Text };
    let mut batches = warehouse.query(sql, vec![column]).await?;
    let mut texts = Vec::new();
    while let Some(batch) = batches.next().await.transpose()? {
        let fields = batch.schema_ref().fields();
        let cells = batch.columns().iter().zip(fields).find_map(|(array, field)| Cells::new(array, field));
        let unreadable = || Error::Run("the result has an unexpected form".to_owned());
        let cells = cells.ok_or_else(unreadable)?;
        for row in 0..batch.num_rows() {
            match cells.get(row) {
                Ok(Value::Text(text)) => texts.push(text.to_owned()),
                _ => return Err(unreadable()),
            }
        }
    }
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_taken_for_left_only_when_no_probe_can_still_be_using_it() {
        assert!(is_left("weft_probe_1000_7", 1000 + LEFT_AFTER));
        assert!(!is_left("weft_probe_1000_7", 999 + LEFT_AFTER));
        assert!(!is_left("weft_probe_1000_7", 0));
        assert!(!is_left("weft_probe_mine", u64::MAX));
        assert!(!is_left("weft_0123456789abcdef_1000_claim", u64::MAX));
    }
}
