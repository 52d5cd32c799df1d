//! Key text from a warehouse's typed values.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::number::{append_decimal, append_integer};
use super::{MAX_BYTES, NotAKey, append_parts, push_unsigned, without_padding};
use crate::{Column, ColumnType, Value, time, uuid};

/// Appends the key text of one row's key values, one per key column; leaves `out` as it was on an error.
pub fn append_from_values(key: &[Column], values: &[Value<'_>], out: &mut Vec<u8>) -> Result<(), NotAKey> {
    append_parts(key, out, |position, column, out| {
        append_value(column.kind, values.get(position).copied().unwrap_or(Value::Null), out)
    })
}

fn append_value(kind: ColumnType, value: Value<'_>, out: &mut Vec<u8>) -> Result<(), NotAKey> {
    let bad = NotAKey::BadKey;
    match (kind, value) {
        (_, Value::Null) => return Err(NotAKey::NoKey),
        (ColumnType::Integer | ColumnType::Decimal, Value::Integer(number)) => {
            if number < 0 {
                out.push(b'-');
            }
            push_unsigned(out, number.unsigned_abs());
        }
        (ColumnType::Integer, Value::Decimal(literal)) => append_integer(literal.as_bytes(), true, out)?,
        (ColumnType::Decimal, Value::Decimal(literal)) => append_decimal(literal.as_bytes(), out)?,
        (ColumnType::Text, Value::Text(text)) if text.len() <= MAX_BYTES => out.extend_from_slice(text.as_bytes()),
        (ColumnType::FixedText, Value::Text(text)) => {
            let text = without_padding(text.as_bytes());
            if text.len() > MAX_BYTES {
                return Err(bad);
            }
            out.extend_from_slice(text);
        }
        (ColumnType::Boolean, Value::Boolean(truth)) => out.extend_from_slice(if truth { b"true" } else { b"false" }),
        (ColumnType::Uuid, Value::Uuid(bytes)) => uuid::append(&bytes, out),
        (ColumnType::Bytes, Value::Bytes(bytes)) => {
            let mut encoded = [0; MAX_BYTES];
            let length = STANDARD.encode_slice(bytes, &mut encoded).map_err(|_| bad)?;
            out.extend_from_slice(&encoded[..length]);
        }
        (ColumnType::Date, Value::Date(days)) => time::append_date(days, out).ok_or(bad)?,
        (ColumnType::Timestamp, Value::Timestamp(micros)) => {
            time::append_key_timestamp(micros, false, out).ok_or(bad)?;
        }
        (ColumnType::TimestampTz, Value::TimestampTz(micros)) => {
            time::append_key_timestamp(micros, true, out).ok_or(bad)?;
        }
        _ => return Err(bad),
    }
    Ok(())
}
