//! Key text: the one spelling of a key, whatever its type and wherever it comes from.
//!
//! An event's value equals a row's key exactly if both have the same key text.
//!
//! | key column | text | from an event's JSON |
//! |---|---|---|
//! | integer | shortest decimal | an integral number in any spelling (`123`, `123.0`, `1e2`); a string of an optional sign and digits |
//! | decimal | no trailing zeros, no exponent | a number; a string that is one, with any sign and leading zeros |
//! | text | the exact bytes; `CHAR(n)` without trailing blanks on both sides | a string; a number or boolean by its literal |
//! | boolean | `true`, `false` | a boolean; a string that reads so |
//! | UUID | lower case with hyphens | a string of 32 hexadecimal digits of any case, with the four hyphens or none |
//! | bytes | base64: standard alphabet, padded | a string of exactly that form |
//! | date | `2026-01-31` | a string of that form |
//! | timestamp | `2026-01-31T23:59:59.000000`; an instant in UTC with `Z` | a string as RFC 3339 has it; the offset is required exactly where the column has a zone |
//! | float, JSON, mixed | none: refused as a key | every value is a bad key |
//!
//! - Nothing goes through binary floating point. A number has at most [`MAX_DIGITS`] digits once its exponent is
//!   written out, counted without leading zeros in front of the point and trailing zeros behind it; an exponent that
//!   would need more is refused before anything is written out.
//! - Timestamps have microseconds. More than six fractional digits are accepted if those beyond the sixth are zeros,
//!   otherwise the value is a bad key: rounding would let an event meet a row that it does not equal. A leap second
//!   is a bad key, no warehouse stores one. Years are 0000 to 9999, also after the step to UTC.
//! - A single column's text stands as it is; each part of a composite key is prefixed by its length in bytes and a
//!   colon. The whole text has at most [`MAX_BYTES`] bytes.
//! - Absent, null and the empty string (for `CHAR(n)` also one of blanks) are [`NotAKey::NoKey`]; objects, arrays,
//!   lone surrogates and what cannot be brought to the column's type are [`NotAKey::BadKey`]. In a composite key the
//!   first part that is no key decides.
//! - Text is never trimmed, case-folded or normalised.
//!
//! `vectors/key-text.json` holds the same as cases that any language can read.

mod event;
mod number;
mod warehouse;

pub use event::append_from_json;
pub use number::append_decimal;
pub use warehouse::append_from_values;

use crate::Column;

/// The longest key text, in bytes, the prefixes of a composite key included.
pub const MAX_BYTES: usize = 1024;

/// The most digits a number may have, once its exponent is written out.
pub const MAX_DIGITS: usize = 76;

/// Why a value is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NotAKey {
    /// Absent, null or empty.
    NoKey,
    /// An object, an array, too long, or what cannot be brought to the column's type.
    BadKey,
}

/// Appends the text of a whole key, of which `part` appends one column's; leaves `out` as it was on an error.
fn append_parts(
    key: &[Column],
    out: &mut Vec<u8>,
    mut part: impl FnMut(usize, &Column, &mut Vec<u8>) -> Result<(), NotAKey>,
) -> Result<(), NotAKey> {
    let whole = out.len();
    let mut append = || {
        for (position, column) in key.iter().enumerate() {
            let start = out.len();
            part(position, column, out)?;
            if out.len() == start {
                return Err(NotAKey::NoKey);
            }
            if key.len() > 1 {
                prefix_with_length(out, start);
            }
            if out.len() - whole > MAX_BYTES {
                return Err(NotAKey::BadKey);
            }
        }
        if key.is_empty() { Err(NotAKey::NoKey) } else { Ok(()) }
    };
    let outcome = append();
    if outcome.is_err() {
        out.truncate(whole);
    }
    outcome
}

/// Puts `<bytes>:` in front of what `out` holds from `start` on.
fn prefix_with_length(out: &mut Vec<u8>, start: usize) {
    let text = out.len();
    push_unsigned(out, (text - start) as u64);
    out.push(b':');
    let prefix = out.len() - text;
    out[start..].rotate_right(prefix);
}

/// Appends a number's decimal digits.
fn push_unsigned(out: &mut Vec<u8>, mut number: u64) {
    let start = out.len();
    loop {
        out.push(b'0' + (number % 10) as u8);
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out[start..].reverse();
}

/// Text without the blanks that pad `CHAR(n)`.
fn without_padding(text: &[u8]) -> &[u8] {
    let blanks = text.iter().rev().take_while(|&&byte| byte == b' ').count();
    &text[..text.len() - blanks]
}
