//! What a condition says.

use super::call::Call;
use super::value::Number;
use crate::decimal::{Decimal, OwnedDecimal, Small};

/// A condition or a part of one.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expression {
    /// At least two, all of which must hold.
    All(Vec<Expression>),
    /// At least two, one of which must hold.
    Any(Vec<Expression>),
    Not(Box<Expression>),
    Comparison(Comparison),
    /// A value that holds where it is `true`.
    Term(Operand),
}

/// Two operands, not both of them literals.
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
    In,
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
    /// Literals, none of them a list.
    List(Box<[Operand]>),
    Call(Box<Call>),
}

/// A number and how it was written.
#[derive(Clone, Debug)]
pub(super) struct NumberLiteral {
    written: Box<str>,
    value: Result<Small, OwnedDecimal>,
}

impl PartialEq for NumberLiteral {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

impl NumberLiteral {
    /// `None` for what is no number.
    pub(super) fn new(written: &str) -> Option<Self> {
        let value = match Small::parse(written.as_bytes()) {
            Some(small) => Ok(small),
            None => Err(Decimal::parse(written.as_bytes())?.to_owned()),
        };
        Some(Self { written: written.into(), value })
    }

    pub(super) fn written(&self) -> &str {
        &self.written
    }

    /// The number, where it is small.
    pub(super) fn small(&self) -> Option<&Small> {
        self.value.as_ref().ok()
    }

    pub(super) fn value(&self) -> Number<'_> {
        match &self.value {
            Ok(small) => Number::Small(*small),
            Err(decimal) => Number::Written(decimal.as_decimal()),
        }
    }
}

/// The types that can be told while parsing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    Boolean,
    Null,
    List,
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
            Operator::In => "in",
        }
    }

    /// Whether it asks for an order, which only numbers have.
    pub(super) fn orders(self) -> bool {
        !matches!(self, Operator::Equal | Operator::NotEqual | Operator::In)
    }
}

impl Operand {
    /// Whether it stands for itself: no field, column or call.
    pub(super) fn is_literal(&self) -> bool {
        !matches!(self, Operand::Field(_) | Operand::Column(_) | Operand::Call(_))
    }

    /// Whether its value depends on an entity.
    pub(super) fn reads_column(&self) -> bool {
        match self {
            Operand::Column(_) => true,
            Operand::Call(call) => call.arguments().iter().any(Operand::reads_column),
            _ => false,
        }
    }

    /// The type of its value unless that is null; `None` where only an event tells.
    pub(super) fn kind(&self) -> Option<Kind> {
        Some(match self {
            Operand::Field(_) | Operand::Column(_) => return None,
            Operand::Text(_) => Kind::Text,
            Operand::Number(_) => Kind::Number,
            Operand::Boolean(_) => Kind::Boolean,
            Operand::Null => Kind::Null,
            Operand::List(_) => Kind::List,
            Operand::Call(call) => call.function().result(),
        })
    }
}

impl Kind {
    /// With its article, for messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Text => "a text",
            Kind::Number => "a number",
            Kind::Boolean => "true or false",
            Kind::Null => "null",
            Kind::List => "a list",
        }
    }
}
