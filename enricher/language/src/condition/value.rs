//! Values as they stand in an event, compared without building a tree.

use std::cmp::Ordering;

use super::list::List;
use super::text::Text;
use crate::decimal::{Decimal, OwnedDecimal, Small};

/// A value of an operand.
#[derive(Clone, Debug)]
pub(super) enum Value<'a> {
    Null,
    Boolean(bool),
    Number(Number<'a>),
    Text(Text<'a>),
    List(List<'a>),
    /// An object, or no JSON at all: equals nothing.
    Other,
}

#[derive(Clone, Debug)]
pub(super) enum Number<'a> {
    Small(Small),
    Written(Decimal<'a>),
    Read(OwnedDecimal),
}

/// Lists within lists are compared this deep; deeper ones equal nothing.
const MAX_LIST_DEPTH: usize = 64;

/// All that `typeof` can say.
pub(super) const TYPE_NAMES: [&str; 6] = ["string", "number", "list", "bool", "null", "object"];

impl<'a> Value<'a> {
    /// The value of a raw JSON text; a missing one is null.
    pub(super) fn of(raw: Option<&'a [u8]>) -> Self {
        let Some(raw) = raw else { return Value::Null };
        match raw.trim_ascii() {
            [b'"', inner @ .., b'"'] => Value::Text(Text::json(inner)),
            number @ [b'-' | b'0'..=b'9', ..] => Number::of(number).map_or(Value::Other, Value::Number),
            b"null" => Value::Null,
            b"true" => Value::Boolean(true),
            b"false" => Value::Boolean(false),
            [b'[', inner @ .., b']'] => Value::List(List::Json(inner)),
            _ => Value::Other,
        }
    }

    /// Same type and same value.
    pub(super) fn equals(&self, other: &Self) -> bool {
        self.equals_within(other, MAX_LIST_DEPTH)
    }

    fn equals_within(&self, other: &Self, depth: usize) -> bool {
        match (self, other) {
            (Value::Null, Value::Null) => true,
            (Value::Boolean(left), Value::Boolean(right)) => left == right,
            (Value::Number(left), Value::Number(right)) => left.compare(right).is_eq(),
            (Value::Text(left), Value::Text(right)) => left.equals(right),
            (Value::List(left), Value::List(right)) => {
                let (mut left, mut right) = (left.items(), right.items());
                depth > 0
                    && loop {
                        match (left.next(), right.next()) {
                            (None, None) => break true,
                            (Some(left), Some(right)) if left.equals_within(&right, depth - 1) => {}
                            _ => break false,
                        }
                    }
            }
            _ => false,
        }
    }

    /// The order of two numbers; `None` where one side is not a number.
    pub(super) fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Value::Number(left), Value::Number(right)) => Some(left.compare(right)),
            _ => None,
        }
    }

    /// What `typeof` says.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Boolean(_) => "bool",
            Value::Number(_) => "number",
            Value::Text(_) => "string",
            Value::List(_) => "list",
            Value::Other => "object",
        }
    }
}

impl<'a> Number<'a> {
    /// The number that a JSON text writes.
    pub(super) fn of(json: &'a [u8]) -> Option<Self> {
        Small::parse(json).map(Number::Small).or_else(|| Decimal::parse(json).map(Number::Written))
    }

    /// The number that a text writes, if it is one and nothing else.
    pub(super) fn read(text: &Text<'_>) -> Option<Self> {
        let text = text.bytes();
        let small = Small::parse(&text).map(Number::Small);
        small.or_else(|| Decimal::parse(&text).map(|number| Number::Read(number.to_owned())))
    }

    pub(super) fn count(count: usize) -> Self {
        Number::Small(Small::count(count))
    }

    pub(super) fn is_zero(&self) -> bool {
        self.compare(&Self::count(0)).is_eq()
    }

    /// Its shortest spelling without an exponent, if that is not too long.
    pub(super) fn plain(&self) -> Option<String> {
        self.decimal(&mut [0; 20]).plain()
    }

    /// Its spelling with an exponent.
    pub(super) fn scientific(&self) -> String {
        self.decimal(&mut [0; 20]).scientific()
    }

    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Number::Small(left), Number::Small(right)) => left.cmp(right),
            _ => self.decimal(&mut [0; 20]).cmp(&other.decimal(&mut [0; 20])),
        }
    }

    /// `digits` is where those of a small number go.
    fn decimal<'s>(&'s self, digits: &'s mut [u8; 20]) -> Decimal<'s> {
        match self {
            Number::Small(number) => number.decimal(digits),
            Number::Written(number) => *number,
            Number::Read(number) => number.as_decimal(),
        }
    }
}
