mod call;
mod evaluate;
mod explain;
mod expression;
mod function;
mod glob;
mod hint;
mod lexer;
mod list;
mod parser;
mod print;
mod text;
mod value;

use std::fmt;

use crate::Path;
use evaluate::Reading;
pub use explain::{Explanation, OperandValue, Shape};
use expression::Expression;

/// A condition is at most this long; longer ones are refused.
pub const MAX_CONDITION_BYTES: usize = 4096;

/// Parentheses, negations and calls nest at most this deep.
pub const MAX_CONDITION_DEPTH: usize = 64;

/// A parsed `when`, in the documented filter query language of Segment (FQL).
///
/// ```text
/// condition  := conjunct ("or" conjunct)*
/// conjunct   := term ("and" term)*
/// term       := ("not" | "!") term | "(" condition ")" | comparison | operand      an operand holds where it is true
/// comparison := operand ("=" | "!=" | "<" | "<=" | ">" | ">=" | "in") operand      at least one of them no literal
/// operand    := field | column | call | literal | "[" [literal ("," literal)*] "]"
/// literal    := 'text' | "text" | number | true | false | null
/// call       := function "(" operand ("," operand)* ")"
/// field      := name ("." name | "[" index "]")*                                   from the top of the event
/// column     := "entities" "." name "." name                                       alias and column of an entity
/// name       := [A-Za-z0-9_-]+; any other character stands after a \
/// ```
///
/// Types are strict: the text `"10"` is not the number 10. Numbers compare exactly, whatever their size or spelling.
/// A field that is not there is `null`. `!=` is the opposite of `=`. The order operators hold between numbers only.
/// Lists are equal item by item; an object equals nothing. `x in list` holds where some item equals `x`.
/// A value of a type that a function does not take counts as null.
///
/// `Display` gives the canonical spelling, which parses back to an equal condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    expression: Expression,
    paths: Vec<Path>,
    columns: Vec<EntityColumn>,
}

/// A value of an entity that a condition reads: `entities.<alias>.<column>`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntityColumn {
    /// The alias the rule knows the entity by.
    pub alias: String,
    /// The column's name.
    pub column: String,
}

/// Why a text is no [`Condition`]; `start..end` are the byte offsets of the fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} (at byte {})", start + 1)]
pub struct ConditionError {
    /// What is wrong and what to write instead.
    pub message: String,
    /// Byte offset where the fault starts.
    pub start: usize,
    /// Byte offset where it ends.
    pub end: usize,
}

impl Condition {
    /// Parses a condition.
    pub fn parse(text: &str) -> Result<Self, ConditionError> {
        parser::parse(text)
    }

    /// Every path of the event that the condition reads, each once.
    pub fn paths(&self) -> &[Path] {
        &self.paths
    }

    /// Every entity column that the condition reads, each once.
    pub fn columns(&self) -> &[EntityColumn] {
        &self.columns
    }

    /// Whether the event matches. `field(i)` is the raw JSON text at `paths()[i]`, `column(i)` that of `columns()[i]`,
    /// `None` where there is nothing.
    ///
    /// Allocates only where a function needs a text that is written with escapes or in another case: a copy of at most
    /// three times its length. A text that is no JSON value equals nothing.
    pub fn matches<'event>(
        &self,
        field: impl Fn(usize) -> Option<&'event [u8]>,
        column: impl Fn(usize) -> Option<&'event [u8]>,
    ) -> bool {
        self.expression.holds(&Reading { field, column })
    }

    /// Whether the event matches, where the event alone decides it, whatever the entities hold; `None` where it does
    /// not. A condition without entity columns is always decided.
    pub fn decided<'event>(&self, field: impl Fn(usize) -> Option<&'event [u8]>) -> Option<bool> {
        let reading = Reading { field, column: |_| None };
        if self.columns.is_empty() { Some(self.expression.holds(&reading)) } else { self.expression.decided(&reading) }
    }

    /// Why the event matches or does not: every part with its outcome and what it read.
    pub fn explain<'event>(
        &self,
        field: impl Fn(usize) -> Option<&'event [u8]>,
        column: impl Fn(usize) -> Option<&'event [u8]>,
    ) -> Explanation {
        explain::explain(self, &Reading { field, column })
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        print::Spelled(&self.expression, self).fmt(f)
    }
}
