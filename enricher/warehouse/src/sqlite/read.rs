//! A statement's rows as record batches.

use std::fmt::Write as _;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{ArrowError, Schema, SchemaRef};
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use serde::de::IgnoredAny;
use tokio::sync::mpsc::Sender;
use weft_store::{Column, ColumnType, Value, time, uuid};

use super::column::{self, ColumnBuilder};
use super::{failed, refused};
use crate::Error;

/// A batch ends with the row that reaches either.
const BATCH_ROWS: usize = 4096;
const BATCH_BYTES: usize = 4 << 20;

/// Runs the query and sends what it gives, until it ends or nobody receives.
pub(super) fn send_batches(
    connection: &Connection,
    sql: &str,
    columns: &[Column],
    sender: &Sender<Result<RecordBatch, Error>>,
) -> Result<(), Error> {
    let mut statement = connection.prepare(sql).map_err(refused)?;
    if statement.column_count() != columns.len() {
        return Err(Error::Run(format!("{} columns, not the {} asked for", statement.column_count(), columns.len())));
    }
    let schema = Arc::new(Schema::new(columns.iter().map(column::field).collect::<Vec<_>>()));
    let mut builders: Vec<ColumnBuilder> = columns.iter().map(ColumnBuilder::new).collect();
    let mut scratch = String::new();
    let (mut count, mut bytes) = (0, 0);
    let mut rows = statement.query([]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        for (position, (column, builder)) in columns.iter().zip(&mut builders).enumerate() {
            let cell = row.get_ref(position).map_err(failed)?;
            bytes += size(cell);
            match value(column.kind, cell, &mut scratch) {
                Ok(value) => builder.push(value),
                Err(not_text) => builder.push_not_text(not_text),
            }
        }
        count += 1;
        if count == BATCH_ROWS || bytes >= BATCH_BYTES {
            if sender.blocking_send(Ok(batch(&schema, &mut builders)?)).is_err() {
                return Ok(());
            }
            (count, bytes) = (0, 0);
        }
    }
    if count > 0 {
        // Nobody is left to tell if the receiver is gone.
        let _ = sender.blocking_send(Ok(batch(&schema, &mut builders)?));
    }
    Ok(())
}

fn batch(schema: &SchemaRef, builders: &mut [ColumnBuilder]) -> Result<RecordBatch, Error> {
    let columns: Result<Vec<_>, ArrowError> = builders.iter_mut().map(ColumnBuilder::finish).collect();
    columns
        .and_then(|columns| RecordBatch::try_new(Arc::clone(schema), columns))
        .map_err(|_| Error::Run("the result does not fit its columns".to_owned()))
}

fn size(cell: ValueRef<'_>) -> usize {
    match cell {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => 8 + bytes.len(),
        _ => 8,
    }
}

/// What a cell means in a column of type `kind`, else what its storage class says; the bytes of text that is none.
fn value<'a>(kind: ColumnType, cell: ValueRef<'a>, scratch: &'a mut String) -> Result<Value<'a>, &'a [u8]> {
    Ok(match cell {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number @ (0 | 1)) if kind == ColumnType::Boolean => Value::Boolean(number == 1),
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(number) if kind == ColumnType::Decimal && number.is_finite() => {
            scratch.clear();
            write!(scratch, "{number}").expect("writing to a String cannot fail");
            Value::Decimal(scratch)
        }
        ValueRef::Real(number) => Value::Float(number),
        ValueRef::Blob(bytes) => match (kind, bytes.try_into()) {
            (ColumnType::Uuid, Ok(bytes)) => Value::Uuid(bytes),
            _ => Value::Bytes(bytes),
        },
        ValueRef::Text(bytes) => {
            let text = std::str::from_utf8(bytes).map_err(|_| bytes)?;
            typed_text(kind, text).unwrap_or(Value::Text(text))
        }
    })
}

/// A text's value where the column's type is written as text.
fn typed_text(kind: ColumnType, text: &str) -> Option<Value<'_>> {
    let bytes = text.as_bytes();
    match kind {
        ColumnType::Boolean if text.eq_ignore_ascii_case("true") => Some(Value::Boolean(true)),
        ColumnType::Boolean if text.eq_ignore_ascii_case("false") => Some(Value::Boolean(false)),
        ColumnType::Uuid => uuid::parse(bytes).map(Value::Uuid),
        ColumnType::Date => time::parse_date(bytes).map(Value::Date),
        ColumnType::Timestamp => time::parse_timestamp(bytes).map(Value::Timestamp),
        ColumnType::TimestampTz => time::parse_timestamp_tz(bytes).map(Value::TimestampTz),
        ColumnType::Json => serde_json::from_str::<IgnoredAny>(text).ok().map(|_| Value::Json(text)),
        _ => None,
    }
}
