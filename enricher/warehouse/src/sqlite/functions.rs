//! What key text needs and SQLite's SQL has no function for.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Result};
use weft_store::key;

/// The text of a real as a decimal; NULL if it is none.
pub(super) const DECIMAL: &str = "weft_decimal";
/// A blob as base64; NULL if it is no blob.
pub(super) const BASE64: &str = "weft_base64";

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
    })
}
