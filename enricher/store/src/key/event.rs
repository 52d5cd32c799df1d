//! Key text from an event's JSON.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::number::{append_decimal, append_integer};
use super::{MAX_BYTES, NotAKey, append_parts, without_padding};
use crate::{Column, ColumnType, time, uuid};

/// Appends the key text of one event's raw JSON values, one per key column; leaves `out` as it was on an error.
///
/// A value is the JSON text as it stands in the event, without white space around it; `None` is an absent one.
/// Allocates nothing but what `out` needs, unless a string holds escapes.
pub fn append_from_json(key: &[Column], values: &[Option<&[u8]>], out: &mut Vec<u8>) -> Result<(), NotAKey> {
    append_parts(key, out, |position, column, out| {
        let raw = values.get(position).copied().flatten().ok_or(NotAKey::NoKey)?;
        append_scalar(column.kind, scalar(raw)?, out)
    })
}

/// A JSON value that a key can be made of.
enum Scalar<'a> {
    /// A number's literal.
    Number(&'a [u8]),
    /// `true` or `false`.
    Boolean(&'a [u8]),
    /// A string's content, not empty.
    String(Cow<'a, [u8]>),
}

fn scalar(raw: &[u8]) -> Result<Scalar<'_>, NotAKey> {
    match raw {
        b"null" | b"\"\"" => Err(NotAKey::NoKey),
        b"true" | b"false" => Ok(Scalar::Boolean(raw)),
        [b'"', content @ .., b'"'] => content_of(content).map(Scalar::String).ok_or(NotAKey::BadKey),
        [b'-' | b'0'..=b'9', ..] => Ok(Scalar::Number(raw)),
        _ => Err(NotAKey::BadKey),
    }
}

fn append_scalar(kind: ColumnType, scalar: Scalar<'_>, out: &mut Vec<u8>) -> Result<(), NotAKey> {
    let bad = NotAKey::BadKey;
    match (kind, &scalar) {
        (ColumnType::Integer, Scalar::Number(literal)) => append_integer(literal, true, out),
        (ColumnType::Integer, Scalar::String(text)) => append_integer(text, false, out),
        (ColumnType::Decimal, Scalar::Number(literal)) => append_decimal(literal, out),
        (ColumnType::Decimal, Scalar::String(text)) => append_decimal(text, out),
        (ColumnType::Text, Scalar::String(text)) => append_text(text, out),
        (ColumnType::FixedText, Scalar::String(text)) => append_text(without_padding(text), out),
        (ColumnType::Text | ColumnType::FixedText, Scalar::Number(literal) | Scalar::Boolean(literal)) => {
            append_text(literal, out)
        }
        (ColumnType::Boolean, Scalar::Boolean(literal)) => append_text(literal, out),
        (ColumnType::Boolean, Scalar::String(text)) => match text.as_ref() {
            b"true" | b"false" => append_text(text, out),
            _ => Err(bad),
        },
        (ColumnType::Uuid, Scalar::String(text)) => {
            uuid::append(&uuid::parse(text).ok_or(bad)?, out);
            Ok(())
        }
        (ColumnType::Bytes, Scalar::String(text)) => append_base64(text, out),
        (ColumnType::Date, Scalar::String(text)) => {
            time::append_date(time::parse_date(text).ok_or(bad)?, out).ok_or(bad)
        }
        (ColumnType::Timestamp, Scalar::String(text)) => {
            time::append_key_timestamp(time::parse_timestamp(text).ok_or(bad)?, false, out).ok_or(bad)
        }
        (ColumnType::TimestampTz, Scalar::String(text)) => {
            time::append_key_timestamp(time::parse_timestamp_tz(text).ok_or(bad)?, true, out).ok_or(bad)
        }
        _ => Err(bad),
    }
}

fn append_text(text: &[u8], out: &mut Vec<u8>) -> Result<(), NotAKey> {
    if text.len() > MAX_BYTES {
        return Err(NotAKey::BadKey);
    }
    out.extend_from_slice(text);
    Ok(())
}

/// Text that is base64 already is its own key text; the decoder refuses every other spelling of the same bytes.
fn append_base64(text: &[u8], out: &mut Vec<u8>) -> Result<(), NotAKey> {
    let mut decoded = [0; MAX_BYTES];
    if text.len() > MAX_BYTES || STANDARD.decode_slice(text, &mut decoded).is_err() {
        return Err(NotAKey::BadKey);
    }
    append_text(text, out)
}

/// The content of a JSON string between its quotes; `None` if it holds a lone surrogate (or is no JSON string).
fn content_of(raw: &[u8]) -> Option<Cow<'_, [u8]>> {
    let Some(first) = memchr::memchr(b'\\', raw) else { return Some(Cow::Borrowed(raw)) };
    let mut content = raw[..first].to_vec();
    let mut rest = &raw[first..];
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        if byte != b'\\' {
            content.push(byte);
            continue;
        }
        let (&escape, behind) = rest.split_first()?;
        rest = behind;
        content.push(match escape {
            b'"' | b'\\' | b'/' => escape,
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                let character = escaped_character(&mut rest)?;
                content.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                continue;
            }
            _ => return None,
        });
    }
    Some(Cow::Owned(content))
}

/// The character of an escape whose `\u` was taken off, and its second half if it is a surrogate pair.
fn escaped_character(rest: &mut &[u8]) -> Option<char> {
    let first = take_hex(rest)?;
    if !(0xd800..0xdc00).contains(&first) {
        return char::from_u32(first);
    }
    *rest = rest.strip_prefix(b"\\u")?;
    let second = take_hex(rest)?;
    if !(0xdc00..0xe000).contains(&second) {
        return None;
    }
    char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00))
}

fn take_hex(rest: &mut &[u8]) -> Option<u32> {
    let (digits, behind) = rest.split_at_checked(4)?;
    *rest = behind;
    digits.iter().try_fold(0, |number, &digit| Some(number << 4 | (digit as char).to_digit(16)?))
}
