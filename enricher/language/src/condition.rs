mod expression;
mod hint;
mod json;
mod lexer;
mod parser;

use std::fmt;

use crate::Path;
use expression::Expression;

/// A condition is at most this long; longer ones are refused.
pub const MAX_CONDITION_BYTES: usize = 4096;

/// Parentheses and negations nest at most this deep.
pub const MAX_CONDITION_DEPTH: usize = 64;

/// A parsed `when`, in the documented filter query language of Segment (FQL).
///
/// ```text
/// condition  := conjunct ("or" conjunct)*
/// conjunct   := term ("and" term)*
/// term       := ("not" | "!") term | "(" condition ")" | comparison
/// comparison := operand ("=" | "!=" | "<" | "<=" | ">" | ">=") operand      at least one of them a field
/// operand    := field | 'text' | "text" | number | true | false | null
/// field      := name ("." name | "[" index "]")*                            from the top of the event
/// name       := [A-Za-z0-9_-]+; any other character stands after a \
/// ```
///
/// Types are strict: the text `"10"` is not the number 10. Numbers compare exactly, whatever their size or spelling.
/// A field that is not there is `null`. `!=` is the opposite of `=`. The order operators hold between numbers only.
/// An object or array equals nothing.
///
/// `Display` gives the canonical spelling, which parses back to an equal condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    expression: Expression,
    paths: Vec<Path>,
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
        let (expression, paths) = parser::parse(text)?;
        Ok(Self { expression, paths })
    }

    /// Every path the condition reads, each once.
    pub fn paths(&self) -> &[Path] {
        &self.paths
    }

    /// Whether the event matches. `value(i)` is the raw JSON text at `paths()[i]`, `None` where there is nothing.
    ///
    /// Allocates nothing. A text that is no JSON value equals nothing.
    pub fn matches<'event>(&self, value: impl Fn(usize) -> Option<&'event [u8]>) -> bool {
        self.expression.holds(&value)
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expression.write(f, &self.paths)
    }
}
