//! Values in the binary form in which the server sends them (the `*send` functions of PostgreSQL's `adt` directory).

use std::error::Error as StdError;
use std::fmt::Write as _;

use tokio_postgres::types::{FromSql, Type};
use weft_store::Value;

use super::kinds::Wire;

/// From 1970-01-01 to PostgreSQL's day zero, 2000-01-01.
const DAYS_TO_EPOCH: i32 = 10_957;
const MICROS_TO_EPOCH: i64 = 946_684_800_000_000;

const POSITIVE_INFINITY: &str = "infinity";
const NEGATIVE_INFINITY: &str = "-infinity";

/// The bytes of a value, whatever its type.
#[derive(Clone, Copy)]
pub(super) struct Raw<'a>(pub(super) &'a [u8]);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(Raw(raw))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// What the bytes mean; the bytes themselves if they should be text and are not UTF-8. `None` if they cannot be of
/// this type.
pub(super) fn decode<'a>(wire: Wire, raw: &'a [u8], scratch: &'a mut String) -> Option<Result<Value<'a>, &'a [u8]>> {
    let text = |bytes: &'a [u8]| std::str::from_utf8(bytes).map_err(|_| bytes);
    Some(Ok(match wire {
        Wire::Int2 => Value::Integer(i16::from_be_bytes(raw.try_into().ok()?).into()),
        Wire::Int4 => Value::Integer(i32::from_be_bytes(raw.try_into().ok()?).into()),
        Wire::Int8 => Value::Integer(i64::from_be_bytes(raw.try_into().ok()?)),
        Wire::Numeric => numeric(raw, scratch)?,
        Wire::Float4 => Value::Float(widened(f32::from_be_bytes(raw.try_into().ok()?))),
        Wire::Float8 => Value::Float(f64::from_be_bytes(raw.try_into().ok()?)),
        Wire::Text => return Some(text(raw).map(Value::Text)),
        Wire::Json => return Some(text(raw).map(Value::Json)),
        Wire::Jsonb => match raw.split_first()? {
            (1, raw) => return Some(text(raw).map(Value::Json)),
            _ => return None,
        },
        Wire::Bool => Value::Boolean(raw.first()? != &0),
        Wire::Uuid => Value::Uuid(raw.try_into().ok()?),
        Wire::Bytea => Value::Bytes(raw),
        Wire::Date => match i32::from_be_bytes(raw.try_into().ok()?) {
            i32::MAX => Value::Text(POSITIVE_INFINITY),
            i32::MIN => Value::Text(NEGATIVE_INFINITY),
            days => Value::Date(days.saturating_add(DAYS_TO_EPOCH)),
        },
        Wire::Timestamp => time(raw, Value::Timestamp)?,
        Wire::TimestampTz => time(raw, Value::TimestampTz)?,
    }))
}

fn time<'a>(raw: &[u8], finite: fn(i64) -> Value<'a>) -> Option<Value<'a>> {
    Some(match i64::from_be_bytes(raw.try_into().ok()?) {
        i64::MAX => Value::Text(POSITIVE_INFINITY),
        i64::MIN => Value::Text(NEGATIVE_INFINITY),
        // What is later than 294247-01-10T04:00:54.775807, in the last 30 years of PostgreSQL's calendar, becomes that.
        micros => finite(micros.saturating_add(MICROS_TO_EPOCH)),
    })
}

/// The double that is written as the float is: 0.1 stays 0.1.
fn widened(float: f32) -> f64 {
    float.to_string().parse().unwrap_or_else(|_| float.into())
}

/// A numeric: the counts of its groups of four digits, the first group's weight, sign and digits behind the point, then
/// the groups.
fn numeric<'a>(raw: &[u8], text: &'a mut String) -> Option<Value<'a>> {
    let mut words = raw.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    let (count, weight, sign, scale) = (words.next()?, words.next()? as i16, words.next()?, words.next()?);
    match sign {
        0xC000 => return Some(Value::Float(f64::NAN)),
        0xD000 => return Some(Value::Float(f64::INFINITY)),
        0xF000 => return Some(Value::Float(f64::NEG_INFINITY)),
        _ => {}
    }
    if words.len() != usize::from(count) {
        return None;
    }
    text.clear();
    if sign == 0x4000 {
        text.push('-');
    }
    for position in 0..=weight.max(0) {
        // Groups that are zeros at either end are not sent.
        let group = if weight < 0 { 0 } else { words.next().unwrap_or(0) };
        let appended = if position == 0 { write!(text, "{group}") } else { write!(text, "{group:04}") };
        appended.ok()?;
    }
    let scale = usize::from(scale);
    if scale > 0 {
        text.push('.');
        let end = text.len() + scale;
        for _ in weight..-1 {
            text.push_str("0000");
        }
        while text.len() < end {
            write!(text, "{:04}", words.next().unwrap_or(0)).ok()?;
        }
        text.truncate(end);
    }
    Some(Value::Decimal(text))
}
