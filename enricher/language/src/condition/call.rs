//! What a call of a function gives.
//!
//! A value of a type that a function does not take counts as null, and null gives null, `false`, 0 or `"null"`,
//! whichever is of the function's type.

use memchr::memmem::Finder;

use super::evaluate::Read;
use super::expression::Operand;
use super::function::Function;
use super::glob::Glob;
use super::text::{Case, Text, has_escapes};
use super::value::{Number, Value};

/// A pattern that comes from an event is at most this long; a longer one matches nothing. Matching takes at most the
/// product of both lengths, and an event's author is not to choose both.
const MAX_READ_PATTERN_BYTES: usize = 1024;

/// A function and what it is given.
#[derive(Clone, Debug)]
pub(super) struct Call {
    function: Function,
    arguments: Box<[Operand]>,
    prepared: Prepared,
}

/// What could be made ready while parsing.
#[derive(Clone, Debug)]
enum Prepared {
    Nothing,
    Pattern(Glob),
    Part(Box<Finder<'static>>),
}

impl PartialEq for Call {
    fn eq(&self, other: &Self) -> bool {
        // What is prepared follows from the arguments.
        self.function == other.function && self.arguments == other.arguments
    }
}

impl Call {
    /// A call with as many arguments as the function takes; the message tells what is wrong with a pattern.
    pub(super) fn new(function: Function, arguments: Vec<Operand>) -> Result<Self, String> {
        let prepared = match (function, arguments.get(1)) {
            (Function::Match, Some(Operand::Text(pattern))) => {
                Prepared::Pattern(Glob::parse(pattern.chars().map(u32::from))?)
            }
            (Function::Contains, Some(Operand::Text(part))) => {
                Prepared::Part(Box::new(Finder::new(part.as_bytes()).into_owned()))
            }
            _ => Prepared::Nothing,
        };
        Ok(Self { function, arguments: arguments.into(), prepared })
    }

    pub(super) fn function(&self) -> Function {
        self.function
    }

    pub(super) fn arguments(&self) -> &[Operand] {
        &self.arguments
    }

    /// The outcome of `contains` or `match` with a literal, where a text without escapes stands in the event: without the
    /// detour of a `Value`.
    #[inline]
    pub(super) fn holds_at_once<'event>(&self, reading: &impl Read<'event>) -> Option<bool> {
        let raw = self.arguments.first()?.raw(reading)?;
        let [b'"', text @ .., b'"'] = raw? else { return None };
        if has_escapes(text) {
            return None;
        }
        match &self.prepared {
            Prepared::Pattern(glob) => Some(glob.matches(text)),
            Prepared::Part(part) => Some(part.find(text).is_some()),
            Prepared::Nothing => None,
        }
    }

    /// Whether the call gives this text, where it changes the case of one that stands in the event.
    #[inline]
    pub(super) fn gives_at_once<'event>(&self, expected: &str, reading: &impl Read<'event>) -> Option<bool> {
        let case = match self.function {
            Function::Lowercase => Case::Lower,
            Function::Uppercase => Case::Upper,
            _ => return None,
        };
        let raw = self.arguments.first()?.raw(reading)?;
        let [b'"', text @ .., b'"'] = raw? else { return None };
        Some(Text::json(text).cased(case).equals(&Text::plain(expected.as_bytes())))
    }

    pub(super) fn value<'a, 'event: 'a>(&'a self, reading: &impl Read<'event>) -> Value<'a> {
        let argument = |place: usize| self.arguments.get(place).map_or(Value::Null, |operand| operand.value(reading));
        let first = argument(0);
        match self.function {
            Function::Contains => Value::Boolean(self.contains(&first, || argument(1))),
            Function::Match => Value::Boolean(self.matches(&first, || argument(1))),
            Function::Length => Value::Number(Number::count(match first {
                Value::Text(text) => text.len(),
                Value::List(list) => list.items().count(),
                _ => 0,
            })),
            Function::Lowercase => cased(first, Case::Lower),
            Function::Uppercase => cased(first, Case::Upper),
            Function::Snakecase => cased(first, Case::Snake),
            Function::Kebabcase => cased(first, Case::Kebab),
            Function::Titlecase => cased(first, Case::Title),
            Function::Typeof => Value::Text(Text::plain(first.type_name().as_bytes())),
            Function::Bool => Value::Boolean(truth(&first)),
            Function::String => string(first),
            Function::Number => number(first),
        }
    }

    fn contains<'a>(&self, text: &Value<'_>, part: impl FnOnce() -> Value<'a>) -> bool {
        let Value::Text(text) = text else { return false };
        if let Prepared::Part(part) = &self.prepared {
            return part.find(&text.bytes()).is_some();
        }
        let Value::Text(part) = part() else { return false };
        memchr::memmem::find(&text.bytes(), &part.bytes()).is_some()
    }

    fn matches<'a>(&self, text: &Value<'_>, pattern: impl FnOnce() -> Value<'a>) -> bool {
        let Value::Text(text) = text else { return false };
        if let Prepared::Pattern(glob) = &self.prepared {
            return glob.matches(&text.bytes());
        }
        let Value::Text(pattern) = pattern() else { return false };
        pattern.len() <= MAX_READ_PATTERN_BYTES
            && Glob::parse(pattern.characters()).is_ok_and(|glob| glob.matches(&text.bytes()))
    }
}

fn cased(value: Value<'_>, case: Case) -> Value<'_> {
    match value {
        Value::Text(text) => Value::Text(text.cased(case)),
        _ => Value::Null,
    }
}

/// Empty, zero, null, `"false"` and `"0"` are false.
fn truth(value: &Value<'_>) -> bool {
    match value {
        Value::Boolean(boolean) => *boolean,
        Value::Number(number) => !number.is_zero(),
        Value::Text(text) => ![b"".as_slice(), b"false", b"0"].into_iter().any(|no| text.equals(&Text::plain(no))),
        Value::List(list) => list.items().next().is_some(),
        Value::Null | Value::Other => false,
    }
}

fn string(value: Value<'_>) -> Value<'_> {
    let text = |text: Option<String>| text.map_or(Value::Null, |text| Value::Text(Text::built(text.into_bytes())));
    match value {
        Value::Text(_) => value,
        Value::Boolean(boolean) => Value::Text(Text::plain(if boolean { b"true" } else { b"false" })),
        Value::Number(number) => text(number.plain()),
        Value::List(list) => list.json().map_or(Value::Null, |json| Value::Text(Text::built(json))),
        Value::Null | Value::Other => Value::Null,
    }
}

fn number(value: Value<'_>) -> Value<'_> {
    match value {
        Value::Number(_) => value,
        Value::Text(text) => Number::read(&text).map_or(Value::Null, Value::Number),
        _ => Value::Null,
    }
}
