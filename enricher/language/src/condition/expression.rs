//! What a condition says, how it is judged and how it is written.

use std::cmp::Ordering;
use std::fmt;

use super::json::{Text, Value};
use super::lexer::is_reserved;
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

impl Expression {
    pub(super) fn holds<'event>(&self, value: &impl Fn(usize) -> Option<&'event [u8]>) -> bool {
        match self {
            Expression::All(parts) => parts.iter().all(|part| part.holds(value)),
            Expression::Any(parts) => parts.iter().any(|part| part.holds(value)),
            Expression::Not(part) => !part.holds(value),
            Expression::Comparison(comparison) => comparison.holds(value),
        }
    }

    pub(super) fn write(&self, f: &mut fmt::Formatter<'_>, paths: &[Path]) -> fmt::Result {
        match self {
            Expression::All(parts) => write_joined(parts, " and ", f, paths),
            Expression::Any(parts) => write_joined(parts, " or ", f, paths),
            Expression::Not(part) => {
                f.write_str("not ")?;
                part.write_in_parentheses_if(!matches!(**part, Expression::Not(_)), f, paths)
            }
            Expression::Comparison(Comparison { left, operator, right }) => {
                let both_fields = matches!((left, right), (Operand::Field(_), Operand::Field(_)));
                left.write(f, paths, false)?;
                write!(f, " {} ", operator.symbol())?;
                right.write(f, paths, both_fields)
            }
        }
    }

    fn write_in_parentheses_if(&self, needed: bool, f: &mut fmt::Formatter<'_>, paths: &[Path]) -> fmt::Result {
        if !needed {
            return self.write(f, paths);
        }
        f.write_str("(")?;
        self.write(f, paths)?;
        f.write_str(")")
    }
}

fn write_joined(parts: &[Expression], word: &str, f: &mut fmt::Formatter<'_>, paths: &[Path]) -> fmt::Result {
    parts.iter().enumerate().try_for_each(|(place, part)| {
        if place > 0 {
            f.write_str(word)?;
        }
        part.write_in_parentheses_if(matches!(part, Expression::All(_) | Expression::Any(_)), f, paths)
    })
}

impl Comparison {
    fn holds<'event>(&self, value: &impl Fn(usize) -> Option<&'event [u8]>) -> bool {
        let (left, right) = (self.left.value(value), self.right.value(value));
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
    fn value<'a, 'event: 'a>(&'a self, event: &impl Fn(usize) -> Option<&'event [u8]>) -> Value<'a> {
        match self {
            Operand::Field(place) => Value::of(event(*place)),
            Operand::Text(text) => Value::Text(Text::Plain(text.as_bytes())),
            Operand::Number(number) => Value::Number(number.value.as_decimal()),
            Operand::Boolean(boolean) => Value::Boolean(*boolean),
            Operand::Null => Value::Null,
        }
    }

    /// `marked`: a field of one name starts with a backslash, so that it is not taken for a text without quotes.
    fn write(&self, f: &mut fmt::Formatter<'_>, paths: &[Path], marked: bool) -> fmt::Result {
        match self {
            Operand::Field(place) => {
                paths.get(*place).map_or(Ok(()), |path| write_field(f, path, marked && path.segments().len() == 1))
            }
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
            name.chars().enumerate().try_for_each(|(at, c)| {
                if (at == 0 && escape_first) || !(c == '_' || c == '-' || c.is_ascii_alphanumeric()) {
                    f.write_str("\\")?;
                }
                fmt::Write::write_char(f, c)
            })
        }
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
