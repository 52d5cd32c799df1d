//! Lists, walked where they stand.

use super::expression::Operand;
use super::text::{Text, encode};
use super::value::Value;

#[derive(Clone, Copy, Debug)]
pub(super) enum List<'a> {
    /// Literals of a condition.
    Literal(&'a [Operand]),
    /// What stands between the brackets of a JSON array.
    Json(&'a [u8]),
}

impl<'a> List<'a> {
    pub(super) fn items(self) -> Items<'a> {
        match self {
            List::Literal(operands) => Items::Literal(operands.iter()),
            List::Json(inner) => Items::Json(RawItems(inner)),
        }
    }

    /// As compact JSON: no blanks, numbers as `string` writes them, the fewest escapes. `None` where a number is too long.
    pub(super) fn json(self) -> Option<Vec<u8>> {
        let mut json = vec![b'['];
        match self {
            List::Json(inner) => write_compact(inner, &mut json)?,
            List::Literal(operands) => {
                for (place, operand) in operands.iter().enumerate() {
                    if place > 0 {
                        json.push(b',');
                    }
                    write_literal(operand, &mut json)?;
                }
            }
        }
        json.push(b']');
        Some(json)
    }
}

fn write_literal(operand: &Operand, json: &mut Vec<u8>) -> Option<()> {
    match operand.constant() {
        Value::Text(text) => write_text(&text, json),
        Value::Number(number) => json.extend(number.plain()?.into_bytes()),
        Value::Boolean(boolean) => json.extend_from_slice(if boolean { b"true" } else { b"false" }),
        _ => json.extend_from_slice(b"null"),
    }
    Some(())
}

/// Values and what stands between them, one token after the other, however deep they are nested.
fn write_compact(mut rest: &[u8], json: &mut Vec<u8>) -> Option<()> {
    while let Some((first, after)) = rest.split_first() {
        let length = match first {
            b' ' | b'\t' | b'\n' | b'\r' => 1,
            b'"' => {
                let length = text_len(rest);
                write_text(&Text::json(rest.get(1..length.saturating_sub(1)).unwrap_or_default()), json);
                length
            }
            b'-' | b'0'..=b'9' => {
                let end = |byte: &u8| !matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
                let length = 1 + after.iter().position(end).unwrap_or(after.len());
                match Value::of(rest.get(..length)) {
                    Value::Number(number) => json.extend(number.plain()?.into_bytes()),
                    _ => return None,
                }
                length
            }
            other => {
                json.push(*other);
                1
            }
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    Some(())
}

/// Appends a text between quotes, with the escapes that JSON asks for.
pub(super) fn write_text(text: &Text<'_>, json: &mut Vec<u8>) {
    json.push(b'"');
    for code in text.characters() {
        match code {
            0x22 => json.extend_from_slice(b"\\\""),
            0x5c => json.extend_from_slice(b"\\\\"),
            0x08 => json.extend_from_slice(b"\\b"),
            0x0c => json.extend_from_slice(b"\\f"),
            0x0a => json.extend_from_slice(b"\\n"),
            0x0d => json.extend_from_slice(b"\\r"),
            0x09 => json.extend_from_slice(b"\\t"),
            0..0x20 | 0xd800..0xe000 => json.extend(format!("\\u{code:04x}").into_bytes()),
            plain => encode(plain, json),
        }
    }
    json.push(b'"');
}

/// The items of a list.
pub(super) enum Items<'a> {
    Literal(std::slice::Iter<'a, Operand>),
    Json(RawItems<'a>),
}

impl<'a> Iterator for Items<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        match self {
            Items::Literal(operands) => operands.next().map(Operand::constant),
            Items::Json(items) => items.next().map(|item| Value::of(Some(item))),
        }
    }
}

/// The raw items of what stands between the brackets of a JSON array, up to the first fault.
pub(super) struct RawItems<'a>(pub(super) &'a [u8]);

impl<'a> Iterator for RawItems<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let item = self.0.trim_ascii_start();
        let (item, after) = item.split_at_checked(value_len(item)?)?;
        let after = after.trim_ascii_start();
        self.0 = after.strip_prefix(b",").unwrap_or(after);
        Some(item)
    }
}

/// How many bytes the value at the start takes; `None` where there is none.
fn value_len(json: &[u8]) -> Option<usize> {
    match json.first()? {
        b'"' => Some(text_len(json)),
        b'[' | b'{' => {
            let (mut at, mut depth) = (0, 0_usize);
            while let Some(byte) = json.get(at) {
                match byte {
                    b'"' => at += text_len(json.get(at..).unwrap_or_default()) - 1,
                    b'[' | b'{' => depth += 1,
                    b']' | b'}' => depth -= 1,
                    _ => {}
                }
                at += 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            Some(json.len())
        }
        _ => {
            let end = json.iter().position(|byte| matches!(byte, b',' | b']' | b'}' | b' ' | b'\t' | b'\n' | b'\r'));
            Some(end.unwrap_or(json.len())).filter(|length| *length > 0)
        }
    }
}

/// How many bytes the text at the start takes, quotes included: at least one.
fn text_len(json: &[u8]) -> usize {
    let mut at = 1;
    while let Some(byte) = json.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    json.len()
}
