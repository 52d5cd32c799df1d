//! The canonical spelling.

use std::fmt::{self, Formatter, Write as _};

use super::expression::{Comparison, Expression, Operand, Operator};
use super::lexer::is_reserved;
use super::{Condition, EntityColumn};
use crate::{Path, Segment};

/// A part of a condition, to be written.
pub(super) struct Spelled<'a, T>(pub(super) &'a T, pub(super) &'a Condition);

impl fmt::Display for Spelled<'_, Expression> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Expression::All(parts) => self.write_joined(parts, " and ", f),
            Expression::Any(parts) => self.write_joined(parts, " or ", f),
            Expression::Not(part) => {
                f.write_str("not ")?;
                Spelled(&**part, self.1).write_enclosed_if(!matches!(**part, Expression::Not(_)), f)
            }
            Expression::Comparison(Comparison { left, operator, right }) => {
                write!(f, "{} {} ", Spelled(left, self.1), operator.symbol())?;
                Spelled(right, self.1).write(f, *operator != Operator::In && !left.is_literal())
            }
            Expression::Term(operand) => Spelled(operand, self.1).write(f, false),
        }
    }
}

impl Spelled<'_, Expression> {
    fn write_enclosed_if(&self, needed: bool, f: &mut Formatter<'_>) -> fmt::Result {
        if needed { write!(f, "({self})") } else { write!(f, "{self}") }
    }

    fn write_joined(&self, parts: &[Expression], word: &str, f: &mut Formatter<'_>) -> fmt::Result {
        parts.iter().enumerate().try_for_each(|(place, part)| {
            if place > 0 {
                f.write_str(word)?;
            }
            Spelled(part, self.1).write_enclosed_if(matches!(part, Expression::All(_) | Expression::Any(_)), f)
        })
    }
}

impl fmt::Display for Spelled<'_, Operand> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.write(f, false)
    }
}

impl Spelled<'_, Operand> {
    /// `marked`: a field of one name starts with a backslash, so that it is not taken for a text without quotes.
    fn write(&self, f: &mut Formatter<'_>, marked: bool) -> fmt::Result {
        let Self(operand, condition) = self;
        match operand {
            Operand::Field(place) => condition.paths.get(*place).map_or(Ok(()), |path| write_field(f, path, marked)),
            Operand::Column(place) => condition.columns.get(*place).map_or(Ok(()), |column| write!(f, "{column}")),
            Operand::Text(text) => write_text(f, text),
            Operand::Number(number) => f.write_str(number.written()),
            Operand::Boolean(boolean) => write!(f, "{boolean}"),
            Operand::Null => f.write_str("null"),
            Operand::List(items) => {
                f.write_str("[")?;
                self.write_all(items, f)?;
                f.write_str("]")
            }
            Operand::Call(call) => {
                write!(f, "{}(", call.function().name())?;
                self.write_all(call.arguments(), f)?;
                f.write_str(")")
            }
        }
    }

    fn write_all(&self, operands: &[Operand], f: &mut Formatter<'_>) -> fmt::Result {
        operands.iter().enumerate().try_for_each(|(place, operand)| {
            if place > 0 {
                f.write_str(", ")?;
            }
            let marked = place > 0 && operands.first().is_some_and(|first| !first.is_literal());
            Spelled(operand, self.1).write(f, marked)
        })
    }
}

impl fmt::Display for EntityColumn {
    /// As a condition names it: `entities.<alias>.<column>`.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("entities.")?;
        write_name(f, &self.alias, false)?;
        f.write_str(".")?;
        write_name(f, &self.column, false)
    }
}

fn write_field(f: &mut Formatter<'_>, path: &Path, marked: bool) -> fmt::Result {
    path.segments().iter().enumerate().try_for_each(|(place, segment)| match segment {
        Segment::Index(index) => write!(f, "[{index}]"),
        Segment::Name(name) if place == 0 => {
            let not_a_start = |c: char| !(c == '_' || c.is_ascii_alphabetic());
            let marked = marked && path.segments().len() == 1;
            write_name(f, name, marked || is_reserved(&name.to_ascii_lowercase()) || name.starts_with(not_a_start))
        }
        Segment::Name(name) => {
            f.write_str(".")?;
            write_name(f, name, false)
        }
    })
}

fn write_name(f: &mut Formatter<'_>, name: &str, escape_first: bool) -> fmt::Result {
    name.chars().enumerate().try_for_each(|(at, c)| {
        if (at == 0 && escape_first) || !(c == '_' || c == '-' || c.is_ascii_alphanumeric()) {
            f.write_char('\\')?;
        }
        f.write_char(c)
    })
}

fn write_text(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('"')?;
    text.chars().try_for_each(|c| match c {
        '"' => f.write_str("\\\""),
        '\\' => f.write_str("\\\\"),
        '\n' => f.write_str("\\n"),
        '\r' => f.write_str("\\r"),
        '\t' => f.write_str("\\t"),
        control if control.is_control() => write!(f, "\\u{:04x}", u32::from(control)),
        plain => f.write_char(plain),
    })?;
    f.write_char('"')
}
