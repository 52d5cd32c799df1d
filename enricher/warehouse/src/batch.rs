//! Rows on their way into record batches of a bounded size.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{ArrowError, Schema, SchemaRef};
use weft_store::{Column, Value};

use crate::Error;
use crate::column::{self, ColumnBuilder};

/// A batch ends with the row that reaches either.
const BATCH_ROWS: usize = 4096;
const BATCH_BYTES: usize = 4 << 20;

/// So many batches may wait to be taken; with the one that is filled and the one that is used, four are in memory.
pub(crate) const WAITING_BATCHES: usize = 2;

/// Collects rows, cell by cell.
pub(crate) struct BatchBuilder {
    schema: SchemaRef,
    columns: Vec<ColumnBuilder>,
    rows: usize,
    bytes: usize,
}

impl BatchBuilder {
    pub(crate) fn new(columns: &[Column]) -> Self {
        let schema = Arc::new(Schema::new(columns.iter().map(column::field).collect::<Vec<_>>()));
        Self { schema, columns: columns.iter().map(ColumnBuilder::new).collect(), rows: 0, bytes: 0 }
    }

    /// Takes the cell of the column at `position` in the row that is being filled: a value of the column's type or of
    /// a storage class, or the bytes of text that is not UTF-8.
    pub(crate) fn push(&mut self, position: usize, cell: Result<Value<'_>, &[u8]>) {
        self.bytes += 8 + cell.map_or_else(<[u8]>::len, length);
        match cell {
            Ok(value) => self.columns[position].push(value),
            Err(not_text) => self.columns[position].push_not_text(not_text),
        }
    }

    /// Ends a row; whether the batch is full.
    pub(crate) fn end_row(&mut self) -> bool {
        self.rows += 1;
        self.rows == BATCH_ROWS || self.bytes >= BATCH_BYTES
    }

    /// The rows since the last batch, if there are any.
    pub(crate) fn finish(&mut self) -> Result<Option<RecordBatch>, Error> {
        if self.rows == 0 {
            return Ok(None);
        }
        (self.rows, self.bytes) = (0, 0);
        let columns: Result<Vec<_>, ArrowError> = self.columns.iter_mut().map(ColumnBuilder::finish).collect();
        columns
            .and_then(|columns| RecordBatch::try_new(Arc::clone(&self.schema), columns))
            .map(Some)
            .map_err(|_| Error::Run("the result does not fit its columns".to_owned()))
    }
}

fn length(value: Value<'_>) -> usize {
    match value {
        Value::Text(text) | Value::Json(text) | Value::Decimal(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        _ => 0,
    }
}
