//! Results of queries, row by row.

use weft_store::{Column, Value};
use weft_warehouse::{Batches, Cells, Warehouse};

use crate::SyncError;

/// Runs a query and visits its rows.
pub(crate) async fn visit(
    warehouse: &impl Warehouse,
    act: &'static str,
    (sql, columns): (String, Vec<Column>),
    mut visitor: impl FnMut(&[Cells<'_>], usize) -> Result<(), SyncError>,
) -> Result<(), SyncError> {
    let mut batches = warehouse.query(sql, columns).await.map_err(SyncError::of(act))?;
    while let Some(batch) = next(&mut batches, act).await? {
        let cells = cells(&batch)?;
        for row in 0..batch.num_rows() {
            visitor(&cells, row)?;
        }
    }
    Ok(())
}

/// The texts in the only column of a result.
pub(crate) async fn texts(
    warehouse: &impl Warehouse,
    act: &'static str,
    sql: String,
) -> Result<Vec<String>, SyncError> {
    let mut texts = Vec::new();
    let columns = vec![crate::statements::text("text")];
    visit(warehouse, act, (sql, columns), |cells, row| {
        texts.push(text(cells, 0, row)?.to_owned());
        Ok(())
    })
    .await?;
    Ok(texts)
}

/// The next batch of a result.
pub(crate) async fn next(
    batches: &mut Batches,
    act: &'static str,
) -> Result<Option<weft_warehouse::RecordBatch>, SyncError> {
    batches.next().await.transpose().map_err(SyncError::of(act))
}

/// A batch's columns.
pub(crate) fn cells(batch: &weft_warehouse::RecordBatch) -> Result<Vec<Cells<'_>>, SyncError> {
    let fields = batch.schema_ref().fields();
    let cells = batch.columns().iter().zip(fields).map(|(array, field)| Cells::new(array, field));
    cells.collect::<Option<_>>().ok_or(SyncError::Unreadable)
}

/// A cell that is a text.
pub(crate) fn text<'a>(cells: &[Cells<'a>], column: usize, row: usize) -> Result<&'a str, SyncError> {
    match cells.get(column).map(|cells| cells.get(row)) {
        Some(Ok(Value::Text(text))) => Ok(text),
        _ => Err(SyncError::Unreadable),
    }
}

/// A cell that is a count.
pub(crate) fn count(cells: &[Cells<'_>], column: usize, row: usize) -> Result<u64, SyncError> {
    let count = match cells.get(column).map(|cells| cells.get(row)) {
        Some(Ok(Value::Integer(number))) => u64::try_from(number).ok(),
        Some(Ok(Value::Decimal(digits))) => digits.parse().ok(),
        _ => None,
    };
    count.ok_or(SyncError::Unreadable)
}

/// A cell that is a truth.
pub(crate) fn truth(cells: &[Cells<'_>], column: usize, row: usize) -> Result<bool, SyncError> {
    match cells.get(column).map(|cells| cells.get(row)) {
        Some(Ok(Value::Boolean(truth))) => Ok(truth),
        Some(Ok(Value::Integer(number))) => Ok(number != 0),
        _ => Err(SyncError::Unreadable),
    }
}
