use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::{time, uuid};

/// One value of a row, as a warehouse gives it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// No value.
    Null,
    /// A whole number.
    Integer(i64),
    /// An exact number, or a whole one beyond 64 bits: an optional minus sign, digits, an optional fraction.
    Decimal(&'a str),
    /// A binary floating point number.
    Float(f64),
    /// Text.
    Text(&'a str),
    /// True or false.
    Boolean(bool),
    /// A UUID.
    Uuid([u8; 16]),
    /// Bytes.
    Bytes(&'a [u8]),
    /// A day: days since 1970-01-01.
    Date(i32),
    /// A time without a zone: microseconds since 1970-01-01T00:00:00.
    Timestamp(i64),
    /// An instant: microseconds since 1970-01-01T00:00:00Z.
    TimestampTz(i64),
    /// JSON text, valid.
    Json(&'a str),
}

impl Value<'_> {
    /// Appends the value as JSON on one line: numbers with all their digits, days and times as RFC 3339 strings (as
    /// many fractional digits as they need; years but 0 to 9999, which it has not, with a sign as in ISO 8601), bytes as base64, NaN and infinities as strings.
    pub fn append_json(&self, out: &mut Vec<u8>) {
        match *self {
            Value::Null => out.extend_from_slice(b"null"),
            Value::Integer(number) => written(write!(out, "{number}")),
            Value::Decimal(literal) => out.extend_from_slice(literal.as_bytes()),
            Value::Float(number) if number.is_finite() => written(write!(out, "{number:?}")),
            Value::Float(number) if number.is_nan() => out.extend_from_slice(b"\"NaN\""),
            Value::Float(number) if number > 0.0 => out.extend_from_slice(b"\"Infinity\""),
            Value::Float(_) => out.extend_from_slice(b"\"-Infinity\""),
            Value::Text(text) => append_json_string(text, out),
            Value::Boolean(truth) => out.extend_from_slice(if truth { b"true" } else { b"false" }),
            Value::Uuid(bytes) => quoted(out, |out| uuid::append(&bytes, out)),
            Value::Bytes(bytes) => quoted(out, |out| out.extend_from_slice(STANDARD.encode(bytes).as_bytes())),
            Value::Date(days) => quoted(out, |out| time::append_any_date(days, out)),
            Value::Timestamp(micros) => quoted(out, |out| time::append_timestamp(micros, false, out)),
            Value::TimestampTz(micros) => quoted(out, |out| time::append_timestamp(micros, true, out)),
            // Valid JSON has line ends between its tokens only, where white space means nothing.
            Value::Json(text) => out.extend(text.bytes().filter(|byte| !matches!(byte, b'\n' | b'\r'))),
        }
    }
}

fn written(result: std::io::Result<()>) {
    result.expect("writing to a Vec cannot fail");
}

fn quoted(out: &mut Vec<u8>, content: impl FnOnce(&mut Vec<u8>)) {
    out.push(b'"');
    content(out);
    out.push(b'"');
}

fn append_json_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|&byte| byte < 0x20 || byte == b'"' || byte == b'\\') {
        out.extend_from_slice(&rest[..at]);
        match rest[at] {
            byte @ (b'"' | b'\\') => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            byte => written(write!(out, "\\u{byte:04x}")),
        }
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}
