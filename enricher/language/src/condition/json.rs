//! Values as they stand in an event, compared without building a tree.

use std::cmp::Ordering;

use crate::decimal::Decimal;
use crate::escape::{Unicode, unicode};

/// A value of either side of a comparison.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'a> {
    Null,
    Boolean(bool),
    Number(Decimal<'a>),
    Text(Text<'a>),
    /// An object, an array, or no JSON at all: equals nothing.
    Other,
}

/// A text in UTF-8.
#[derive(Clone, Copy, Debug)]
pub(super) enum Text<'a> {
    /// As it is: a backslash is a backslash.
    Plain(&'a [u8]),
    /// Between the quotes of a JSON string: may hold escapes.
    Json(&'a [u8]),
}

impl Text<'_> {
    fn equals(self, other: Self) -> bool {
        match (self, other) {
            (Text::Plain(left), Text::Plain(right)) => left == right,
            (Text::Plain(plain), Text::Json(json)) | (Text::Json(json), Text::Plain(plain)) => {
                // An escape is longer than what it stands for, so of two equal lengths only equal bytes can match.
                match json.len().cmp(&plain.len()) {
                    Ordering::Less => false,
                    Ordering::Equal => json == plain && !has_escapes(json),
                    Ordering::Greater => has_escapes(json) && self.same_code_points(other),
                }
            }
            (Text::Json(left), Text::Json(right)) => {
                left == right || ((has_escapes(left) || has_escapes(right)) && self.same_code_points(other))
            }
        }
    }

    fn same_code_points(self, other: Self) -> bool {
        match (CodePoints::of(self), CodePoints::of(other)) {
            (Some(left), Some(right)) => left.eq(right),
            _ => false,
        }
    }
}

fn has_escapes(json: &[u8]) -> bool {
    json.contains(&b'\\')
}

impl<'a> Value<'a> {
    /// The value of a raw JSON text; a missing one is null.
    pub(super) fn of(raw: Option<&'a [u8]>) -> Self {
        let Some(raw) = raw else { return Value::Null };
        match raw.trim_ascii() {
            [b'"', inner @ .., b'"'] => Value::Text(Text::Json(inner)),
            number @ [b'-' | b'0'..=b'9', ..] => Decimal::parse(number).map_or(Value::Other, Value::Number),
            b"null" => Value::Null,
            b"true" => Value::Boolean(true),
            b"false" => Value::Boolean(false),
            _ => Value::Other,
        }
    }

    /// Same type and same value.
    pub(super) fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Value::Null, Value::Null) => true,
            (Value::Boolean(left), Value::Boolean(right)) => left == right,
            (Value::Number(left), Value::Number(right)) => left == right,
            (Value::Text(left), Value::Text(right)) => left.equals(*right),
            _ => false,
        }
    }

    /// The order of two numbers; `None` where one side is not a number.
    pub(super) fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Value::Number(left), Value::Number(right)) => Some(left.cmp(right)),
            _ => None,
        }
    }
}

/// A text's code points with the escapes resolved; half a surrogate pair counts as one of its own.
struct CodePoints<'a> {
    rest: &'a str,
    escaped: bool,
}

impl<'a> CodePoints<'a> {
    /// `None` for what is not UTF-8.
    fn of(text: Text<'a>) -> Option<Self> {
        let (bytes, escaped) = match text {
            Text::Plain(bytes) => (bytes, false),
            Text::Json(bytes) => (bytes, true),
        };
        Some(Self { rest: std::str::from_utf8(bytes).ok()?, escaped })
    }

    /// What follows a backslash.
    fn escape(&mut self) -> Option<u32> {
        let mut chars = self.rest.chars();
        let kind = chars.next()?;
        self.rest = chars.as_str();
        let (code, taken) = match kind {
            'b' => (0x8, 0),
            'f' => (0xc, 0),
            'n' => (0xa, 0),
            'r' => (0xd, 0),
            't' => (0x9, 0),
            'u' => match unicode(self.rest.as_bytes()) {
                Unicode::Char(c, taken) => (u32::from(c), taken),
                Unicode::Lone(half) => (u32::from(half), 4),
                Unicode::Malformed => (u32::from('u'), 0),
            },
            same => (u32::from(same), 0),
        };
        self.rest = &self.rest[taken..];
        Some(code)
    }
}

impl Iterator for CodePoints<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let mut chars = self.rest.chars();
        let first = chars.next()?;
        self.rest = chars.as_str();
        if first == '\\' && self.escaped { self.escape() } else { Some(first.into()) }
    }
}
