//! What a condition says, how it is judged and how it is written.

use std::cmp::Ordering;
use std::fmt;

use super::json::{Text, Value};
use super::lexer::is_reserved;
use super::{Condition, EntityColumn};
use crate::decimal::OwnedDecimal;
use crate::{Path, Segment};

/// A condition or a part of one.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expression {
    /// At least two, all of which must hold.
    All(Vec<Expression>),
    /// At least two, one of which must hold.
    Any(Vec<Expression>),
    Not(Box<Expression>),
    Comparison(Comparison),
}

/// Two operands, at least one of them a field.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Comparison {
    pub(super) left: Operand,
    pub(super) operator: Operator,
    pub(super) right: Operand,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Operand {
    /// A field of the event, by its place in [`super::Condition::paths`].
    Field(usize),
    /// A column of an entity, by its place in [`super::Condition::columns`].
    Column(usize),
    Text(Box<str>),
    Number(NumberLiteral),
    Boolean(bool),
    Null,
}

/// A number and how it was written.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct NumberLiteral {
    pub(super) written: Box<str>,
    pub(super) value: OwnedDecimal,
}

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
    /// Whether it holds where columns are unknown, if that can be told (Kleene's strong logic of three values).
    pub(super) fn decided<'event>(&self, reading: &impl Read<'event>) -> Option<bool> {
        match self {
            Expression::All(parts) => joined(parts, reading, false),
            Expression::Any(parts) => joined(parts, reading, true),
            Expression::Not(part) => part.decided(reading).map(|held| !held),
            Expression::Comparison(Comparison { left, right, .. })
                if matches!(left, Operand::Column(_)) || matches!(right, Operand::Column(_)) =>
            {
                None
            }
            Expression::Comparison(comparison) => Some(comparison.holds(reading)),
        }
    }

    pub(super) fn holds<'event>(&self, reading: &impl Read<'event>) -> bool {
        match self {
            Expression::All(parts) => parts.iter().all(|part| part.holds(reading)),
            Expression::Any(parts) => parts.iter().any(|part| part.holds(reading)),
            Expression::Not(part) => !part.holds(reading),
            Expression::Comparison(comparison) => comparison.holds(reading),
        }
    }

    pub(super) fn write(&self, f: &mut fmt::Formatter<'_>, condition: &Condition) -> fmt::Result {
        match self {
            Expression::All(parts) => write_joined(parts, " and ", f, condition),
            Expression::Any(parts) => write_joined(parts, " or ", f, condition),
            Expression::Not(part) => {
                f.write_str("not ")?;
                part.write_in_parentheses_if(!matches!(**part, Expression::Not(_)), f, condition)
            }
            Expression::Comparison(Comparison { left, operator, right }) => {
                let both_fields = !left.is_literal() && !right.is_literal();
                left.write(f, condition, false)?;
                write!(f, " {} ", operator.symbol())?;
                right.write(f, condition, both_fields)
            }
        }
    }

    fn write_in_parentheses_if(&self, needed: bool, f: &mut fmt::Formatter<'_>, condition: &Condition) -> fmt::Result {
        if !needed {
            return self.write(f, condition);
        }
        f.write_str("(")?;
        self.write(f, condition)?;
        f.write_str(")")
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

fn write_joined(parts: &[Expression], word: &str, f: &mut fmt::Formatter<'_>, condition: &Condition) -> fmt::Result {
    parts.iter().enumerate().try_for_each(|(place, part)| {
        if place > 0 {
            f.write_str(word)?;
        }
        part.write_in_parentheses_if(matches!(part, Expression::All(_) | Expression::Any(_)), f, condition)
    })
}

impl Comparison {
    fn holds<'event>(&self, reading: &impl Read<'event>) -> bool {
        let (left, right) = (self.left.value(reading), self.right.value(reading));
        let order = |accepted: fn(Ordering) -> bool| left.order(&right).is_some_and(accepted);
        match self.operator {
            Operator::Equal => left.equals(&right),
            Operator::NotEqual => !left.equals(&right),
            Operator::Less => order(Ordering::is_lt),
            Operator::LessOrEqual => order(Ordering::is_le),
            Operator::Greater => order(Ordering::is_gt),
            Operator::GreaterOrEqual => order(Ordering::is_ge),
        }
    }
}

impl Operator {
    pub(super) fn symbol(self) -> &'static str {
        match self {
            Operator::Equal => "=",
            Operator::NotEqual => "!=",
            Operator::Less => "<",
            Operator::LessOrEqual => "<=",
            Operator::Greater => ">",
            Operator::GreaterOrEqual => ">=",
        }
    }

    /// Whether it asks for an order, which only numbers have.
    pub(super) fn orders(self) -> bool {
        !matches!(self, Operator::Equal | Operator::NotEqual)
    }
}

impl Operand {
    pub(super) fn is_literal(&self) -> bool {
        !matches!(self, Operand::Field(_) | Operand::Column(_))
    }

    fn value<'a, 'event: 'a>(&'a self, reading: &impl Read<'event>) -> Value<'a> {
        match self {
            Operand::Field(place) => Value::of(reading.field(*place)),
            Operand::Column(place) => Value::of(reading.column(*place)),
            Operand::Text(text) => Value::Text(Text::Plain(text.as_bytes())),
            Operand::Number(number) => Value::Number(number.value.as_decimal()),
            Operand::Boolean(boolean) => Value::Boolean(*boolean),
            Operand::Null => Value::Null,
        }
    }

    /// `marked`: a field of one name starts with a backslash, so that it is not taken for a text without quotes.
    fn write(&self, f: &mut fmt::Formatter<'_>, condition: &Condition, marked: bool) -> fmt::Result {
        match self {
            Operand::Field(place) => condition
                .paths
                .get(*place)
                .map_or(Ok(()), |path| write_field(f, path, marked && path.segments().len() == 1)),
            Operand::Column(place) => condition.columns.get(*place).map_or(Ok(()), |EntityColumn { alias, column }| {
                f.write_str("entities.")?;
                write_name(f, alias, false)?;
                f.write_str(".")?;
                write_name(f, column, false)
            }),
            Operand::Text(text) => write_text(f, text),
            Operand::Number(number) => f.write_str(&number.written),
            Operand::Boolean(boolean) => write!(f, "{boolean}"),
            Operand::Null => f.write_str("null"),
        }
    }
}

fn write_field(f: &mut fmt::Formatter<'_>, path: &Path, marked: bool) -> fmt::Result {
    path.segments().iter().enumerate().try_for_each(|(place, segment)| match segment {
        Segment::Index(index) => write!(f, "[{index}]"),
        Segment::Name(name) => {
            let first = place == 0;
            if !first {
                f.write_str(".")?;
            }
            let not_a_start = |c: char| !(c == '_' || c.is_ascii_alphabetic());
            let escape_first = first && (marked || is_reserved(name) || name.starts_with(not_a_start));
            write_name(f, name, escape_first)
        }
    })
}

fn write_name(f: &mut fmt::Formatter<'_>, name: &str, escape_first: bool) -> fmt::Result {
    name.chars().enumerate().try_for_each(|(at, c)| {
        if (at == 0 && escape_first) || !(c == '_' || c == '-' || c.is_ascii_alphanumeric()) {
            f.write_str("\\")?;
        }
        fmt::Write::write_char(f, c)
    })
}

fn write_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str("\"")?;
    text.chars().try_for_each(|c| match c {
        '"' => f.write_str("\\\""),
        '\\' => f.write_str("\\\\"),
        '\n' => f.write_str("\\n"),
        '\r' => f.write_str("\\r"),
        '\t' => f.write_str("\\t"),
        control if control.is_control() => write!(f, "\\u{:04x}", u32::from(control)),
        plain => fmt::Write::write_char(f, plain),
    })?;
    f.write_str("\"")
}
