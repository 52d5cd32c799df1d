//! What the dialect needs and SQLite's SQL has no function for.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Result};
use weft_store::key;

/// The text of a real as a decimal; NULL if it is none.
pub(super) const DECIMAL: &str = "weft_decimal";
/// A blob as base64; NULL if it is no blob.
pub(super) const BASE64: &str = "weft_base64";
/// The MD5 of a text in hexadecimal digits; NULL if it is no text.
pub(super) const MD5: &str = "weft_md5";
/// The bucket of an MD5 in hexadecimal digits, and of how many buckets; NULL if it is none.
pub(super) const BUCKET: &str = "weft_bucket";
/// A text of any number of cells, one behind the other; NULL if one is a text that is not UTF-8. What is made of some
/// cells is never the beginning of what is made of others, so that such texts can be put together.
pub(super) const ROW: &str = "weft_row";

pub(super) fn register(connection: &Connection) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_scalar_function(DECIMAL, 1, flags, |context| {
        let ValueRef::Real(real) = context.get_raw(0) else { return Ok(None) };
        let mut text = Vec::new();
        let appended = key::append_decimal(real.to_string().as_bytes(), &mut text);
        Ok(appended.ok().and_then(|()| String::from_utf8(text).ok()))
    })?;
    connection.create_scalar_function(BASE64, 1, flags, |context| match context.get_raw(0) {
        ValueRef::Blob(bytes) => Ok(Some(STANDARD.encode(bytes))),
        _ => Ok(None),
    })?;
    connection.create_scalar_function(MD5, 1, flags, |context| match context.get_raw(0) {
        ValueRef::Text(text) => Ok(Some(format!("{:032x}", u128::from_be_bytes(Md5::digest(text).into())))),
        _ => Ok(None),
    })?;
    connection.create_scalar_function(BUCKET, 2, flags, |context| {
        let (ValueRef::Text(hex), buckets) = (context.get_raw(0), context.get::<u32>(1)?) else { return Ok(None) };
        Ok(leading_bits(hex, buckets.trailing_zeros()))
    })?;
    connection.create_scalar_function(ROW, -1, flags, |context| Ok(row_text(context)))
}

/// The number that the first bits of hexadecimal digits make.
fn leading_bits(hex: &[u8], bits: u32) -> Option<u32> {
    let leading = u32::from_str_radix(std::str::from_utf8(hex.get(..8)?).ok()?, 16).ok()?;
    Some(leading.checked_shr(u32::BITS - bits).unwrap_or(0))
}

/// Each cell with its storage class in front, and the length where its end would not show.
fn row_text(context: &Context<'_>) -> Option<String> {
    let mut row = String::new();
    for position in 0..context.len() {
        let written = match context.get_raw(position) {
            ValueRef::Null => write!(row, "n"),
            ValueRef::Integer(number) => write!(row, "i{number};"),
            ValueRef::Real(number) => write!(row, "r{:016x}", number.to_bits()),
            ValueRef::Text(text) => write!(row, "t{}:{}", text.len(), std::str::from_utf8(text).ok()?),
            ValueRef::Blob(bytes) => {
                let base64 = STANDARD.encode(bytes);
                write!(row, "b{}:{base64}", base64.len())
            }
        };
        written.expect("writing to a String cannot fail");
    }
    Some(row)
}
