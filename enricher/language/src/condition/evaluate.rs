//! How a condition is judged.

use std::cmp::Ordering;

use super::expression::{Comparison, Expression, Operand, Operator};
use super::list::{List, RawItems};
use super::text::{Text, json_equals_plain};
use super::value::Value;
use crate::decimal::Small;

/// Where the values of fields and columns come from: raw JSON texts, `None` where there is nothing.
pub(super) trait Read<'event> {
    fn field(&self, place: usize) -> Option<&'event [u8]>;
    fn column(&self, place: usize) -> Option<&'event [u8]>;
}

pub(super) struct Reading<F, C> {
    pub(super) field: F,
    pub(super) column: C,
}

impl<'event, F, C> Read<'event> for Reading<F, C>
where
    F: Fn(usize) -> Option<&'event [u8]>,
    C: Fn(usize) -> Option<&'event [u8]>,
{
    fn field(&self, place: usize) -> Option<&'event [u8]> {
        (self.field)(place)
    }

    fn column(&self, place: usize) -> Option<&'event [u8]> {
        (self.column)(place)
    }
}

impl Expression {
    pub(super) fn holds<'event>(&self, reading: &impl Read<'event>) -> bool {
        match self {
            Expression::All(parts) => parts.iter().all(|part| part.holds(reading)),
            Expression::Any(parts) => parts.iter().any(|part| part.holds(reading)),
            Expression::Not(part) => !part.holds(reading),
            Expression::Comparison(comparison) => comparison.holds(reading),
            Expression::Term(operand) => operand.is_true(reading),
        }
    }

    /// Whether it holds where columns are unknown, if that can be told (Kleene's strong logic of three values).
    pub(super) fn decided<'event>(&self, reading: &impl Read<'event>) -> Option<bool> {
        let is_known = match self {
            Expression::All(parts) => return joined(parts, reading, false),
            Expression::Any(parts) => return joined(parts, reading, true),
            Expression::Not(part) => return part.decided(reading).map(|held| !held),
            Expression::Comparison(Comparison { left, right, .. }) => !left.reads_column() && !right.reads_column(),
            Expression::Term(operand) => !operand.reads_column(),
        };
        is_known.then(|| self.holds(reading))
    }
}

/// One part that comes out as `strong` decides; else all must be known.
fn joined<'event>(parts: &[Expression], reading: &impl Read<'event>, strong: bool) -> Option<bool> {
    let mut known = Some(!strong);
    for part in parts {
        match part.decided(reading) {
            Some(held) if held == strong => return Some(strong),
            Some(_) => {}
            None => known = None,
        }
    }
    known
}

impl Comparison {
    fn holds<'event>(&self, reading: &impl Read<'event>) -> bool {
        if let Some(held) = self.holds_at_once(reading) {
            return held;
        }
        let left = self.left.value(reading);
        let right = self.right.value(reading);
        let order = |accepted: fn(Ordering) -> bool| left.order(&right).is_some_and(accepted);
        match self.operator {
            Operator::Equal => left.equals(&right),
            Operator::NotEqual => !left.equals(&right),
            Operator::Less => order(Ordering::is_lt),
            Operator::LessOrEqual => order(Ordering::is_le),
            Operator::Greater => order(Ordering::is_gt),
            Operator::GreaterOrEqual => order(Ordering::is_ge),
            Operator::In => match right {
                Value::List(list) => list.items().any(|item| item.equals(&left)),
                _ => false,
            },
        }
    }
}

impl Comparison {
    /// The outcome of what most conditions consist of: raw values beside literals, without the detour of a `Value`.
    #[inline]
    fn holds_at_once<'event>(&self, reading: &impl Read<'event>) -> Option<bool> {
        if let (Operand::Text(text), Operator::In) = (&self.left, self.operator) {
            let raw = self.right.raw(reading)?.unwrap_or_default();
            let [b'[', inner @ .., b']'] = raw.trim_ascii() else { return Some(false) };
            return Some(RawItems(inner).any(|item| is_text(item, text)));
        }
        if let (Operand::Call(call), Operator::Equal, Operand::Text(text)) = (&self.left, self.operator, &self.right) {
            return call.gives_at_once(text, reading);
        }
        let raw = self.left.raw(reading)?;
        match (self.operator, &self.right) {
            (Operator::Equal, Operand::Text(text)) => Some(raw.is_some_and(|raw| is_text(raw, text))),
            (Operator::NotEqual, Operand::Text(text)) => Some(!raw.is_some_and(|raw| is_text(raw, text))),
            (Operator::In, Operand::List(items)) => Some(items.iter().any(|item| match item {
                Operand::Text(text) => raw.is_some_and(|raw| is_text(raw, text)),
                _ => item.constant().equals(&Value::of(raw)),
            })),
            (operator, Operand::Number(number)) if operator.orders() => {
                let order = Small::parse(raw?)?.cmp(number.small()?);
                Some(match operator {
                    Operator::Less => order.is_lt(),
                    Operator::LessOrEqual => order.is_le(),
                    Operator::Greater => order.is_gt(),
                    _ => order.is_ge(),
                })
            }
            _ => None,
        }
    }
}

#[inline]
fn is_text(raw: &[u8], text: &str) -> bool {
    match raw {
        [b'"', inner @ .., b'"'] => json_equals_plain(inner, text.as_bytes()),
        [b'n' | b't' | b'f' | b'[' | b'{' | b'-' | b'0'..=b'9', ..] => false,
        _ => Value::of(Some(raw)).equals(&Value::Text(Text::plain(text.as_bytes()))),
    }
}

impl Operand {
    fn is_true<'event>(&self, reading: &impl Read<'event>) -> bool {
        let at_once = match self {
            Operand::Call(call) => call.holds_at_once(reading),
            _ => self.raw(reading).map(|raw| raw.is_some_and(|raw| raw.trim_ascii() == b"true")),
        };
        at_once.unwrap_or_else(|| matches!(self.value(reading), Value::Boolean(true)))
    }

    /// The raw value of a field or a column; `None` for any other operand.
    #[inline]
    pub(super) fn raw<'event>(&self, reading: &impl Read<'event>) -> Option<Option<&'event [u8]>> {
        match self {
            Operand::Field(place) => Some(reading.field(*place)),
            Operand::Column(place) => Some(reading.column(*place)),
            _ => None,
        }
    }

    pub(super) fn value<'a, 'event: 'a>(&'a self, reading: &impl Read<'event>) -> Value<'a> {
        match self {
            Operand::Field(place) => Value::of(reading.field(*place)),
            Operand::Column(place) => Value::of(reading.column(*place)),
            Operand::Call(call) => call.value(reading),
            literal => literal.constant(),
        }
    }

    /// The value of a literal; null for what is none.
    pub(super) fn constant(&self) -> Value<'_> {
        match self {
            Operand::Text(text) => Value::Text(Text::plain(text.as_bytes())),
            Operand::Number(number) => Value::Number(number.value()),
            Operand::Boolean(boolean) => Value::Boolean(*boolean),
            Operand::List(items) => Value::List(List::Literal(items)),
            Operand::Null | Operand::Field(_) | Operand::Column(_) | Operand::Call(_) => Value::Null,
        }
    }
}
