//! What is in a stage: counted, its keys checked, some of its rejected rows shown.

use weft_plan_types::SyncPlan;
use weft_store::{Column, ColumnType, EntityMeta, key};
use weft_warehouse::{Rejection, Warehouse, shown_key};

use crate::counts::{Counts, rejection};
use crate::rows;
use crate::statements::{Source, text};
use crate::{Progress, Step, SyncError};

/// Runs one of the queries that count by `op` and `was`.
pub(crate) async fn counts(warehouse: &impl Warehouse, sql: String) -> Result<Counts, SyncError> {
    let column = |name: &str, kind| Column { name: name.to_owned(), kind };
    let columns = vec![
        text("op"),
        column("was", ColumnType::Boolean),
        column("staged", ColumnType::Integer),
        column("rows", ColumnType::Decimal),
    ];
    let mut counts = Counts::default();
    rows::visit(warehouse, "count what differs", (sql, columns), |cells, row| {
        let (op, was) = (rows::text(cells, 0, row)?, rows::truth(cells, 1, row)?);
        let known = counts.add(op, was, rows::count(cells, 2, row)?, rows::count(cells, 3, row)?);
        if known { Ok(()) } else { Err(SyncError::Unreadable) }
    })
    .await?;
    Ok(counts)
}

/// Makes every key text of a stage again from the typed key, and fails where the warehouse's is another.
pub(crate) async fn check_keys(
    plan: &SyncPlan,
    warehouse: &impl Warehouse,
    source: Source<'_>,
    run: u64,
    of: u64,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<(), SyncError> {
    let key = &source.entity.key;
    let positions = key_positions(source.entity);
    let (mut made, mut read) = (Vec::new(), 0);
    rows::visit(warehouse, "check the keys", source.keys(run), |cells, row| {
        let sql = rows::text(cells, 0, row)?;
        let values: Option<Vec<_>> = positions.iter().map(|&at| cells.get(at + 1)?.get(row).ok()).collect();
        made.clear();
        let agreed = values.is_some_and(|values| key::append_from_values(key, &values, &mut made).is_ok());
        if !agreed || made != sql.as_bytes() {
            return Err(SyncError::key_text_mismatch(plan, key));
        }
        read += 1;
        if read % 65_536 == 0 {
            progress(Progress { step: Step::Check, rows: read, of: Some(of) });
        }
        Ok(())
    })
    .await
}

/// Where the parts of the key stand among the key's columns in the table's order.
fn key_positions(entity: &EntityMeta) -> Vec<usize> {
    let staged: Vec<&Column> = entity.columns.iter().filter(|column| entity.key.contains(column)).collect();
    let position = |part: &Column| staged.iter().position(|column| *column == part).unwrap_or_default();
    entity.key.iter().map(position).collect()
}

/// Some of the rows that cannot be used: why, and their keys.
pub(crate) async fn samples(
    warehouse: &impl Warehouse,
    source: Source<'_>,
    run: u64,
    limit: usize,
) -> Result<Vec<(Rejection, String)>, SyncError> {
    let mut samples = Vec::new();
    if limit == 0 {
        return Ok(samples);
    }
    let entity = source.entity;
    let names: Vec<&str> =
        entity.columns.iter().filter(|column| entity.key.contains(column)).map(|column| column.name.as_str()).collect();
    rows::visit(warehouse, "read rejected rows", source.rejected(run, limit), |cells, row| {
        let reason = rejection(rows::text(cells, 0, row)?).ok_or(SyncError::Unreadable)?;
        samples.push((reason, shown_key(names.iter().copied().zip(&cells[1..]), row)));
        Ok(())
    })
    .await?;
    Ok(samples)
}
