//! How a condition is judged.

use std::cmp::Ordering;

use super::expression::{Comparison, Expression, Operand, Operator};
use super::list::List;
use super::text::{Text, json_equals_plain};
use super::value::Value;

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
            Expression::Term(operand) => matches!(operand.value(reading), Value::Boolean(true)),
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
        // What most conditions consist of, without the detour.
        if let (Operand::Field(place), Operator::Equal, Operand::Text(text)) = (&self.left, self.operator, &self.right)
        {
            return reading.field(*place).is_some_and(|raw| is_text(raw, text));
        }
        let left = self.left.value(reading);
        if let (Operator::In, Operand::List(items)) = (self.operator, &self.right) {
            return items.iter().any(|item| match (item, &left) {
                (Operand::Text(item), Value::Text(text)) => text.equals(&Text::plain(item.as_bytes())),
                (Operand::Text(_), _) => false,
                _ => item.constant().equals(&left),
            });
        }
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

fn is_text(raw: &[u8], text: &str) -> bool {
    match raw {
        [b'"', inner @ .., b'"'] => json_equals_plain(inner, text.as_bytes()),
        [b'n' | b't' | b'f' | b'[' | b'{' | b'-' | b'0'..=b'9', ..] => false,
        _ => Value::of(Some(raw)).equals(&Value::Text(Text::plain(text.as_bytes()))),
    }
}

impl Operand {
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
