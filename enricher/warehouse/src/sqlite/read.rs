//! A statement's rows as record batches.

use std::fmt::Write as _;

use arrow_array::RecordBatch;
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use serde::de::IgnoredAny;
use tokio::sync::mpsc::Sender;
use weft_store::{Column, ColumnType, Value, time, uuid};

use super::{failed, refused};
use crate::Error;
use crate::batch::BatchBuilder;

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
    let mut batch = BatchBuilder::new(columns);
    let mut scratch = String::new();
    let mut rows = statement.query([]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        for (position, column) in columns.iter().enumerate() {
            let cell = row.get_ref(position).map_err(failed)?;
            batch.push(position, value(column.kind, cell, &mut scratch));
        }
        if batch.end_row()
            && let Some(full) = batch.finish()?
            && sender.blocking_send(Ok(full)).is_err()
        {
            return Ok(());
        }
    }
    if let Some(last) = batch.finish()? {
        // Nobody is left to tell if the receiver is gone.
        let _ = sender.blocking_send(Ok(last));
    }
    Ok(())
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
