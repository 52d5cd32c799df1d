//! The functions: their names, what they take and what they give.

use super::expression::Kind;

/// A function of the documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Contains,
    Length,
    Lowercase,
    Uppercase,
    Snakecase,
    Kebabcase,
    Titlecase,
    Typeof,
    Match,
    Bool,
    String,
    Number,
}

/// What a function takes in one place; null is taken everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parameter {
    Text,
    TextOrList,
    TextOrNumber,
    Anything,
}

impl Function {
    pub(super) const ALL: [Function; 12] = [
        Function::Contains,
        Function::Length,
        Function::Lowercase,
        Function::Uppercase,
        Function::Snakecase,
        Function::Kebabcase,
        Function::Titlecase,
        Function::Typeof,
        Function::Match,
        Function::Bool,
        Function::String,
        Function::Number,
    ];

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|function| function.name() == name)
    }

    pub(super) fn name(self) -> &'static str {
        self.usage().split('(').next().unwrap_or_default()
    }

    /// How a call is written.
    pub(super) fn usage(self) -> &'static str {
        match self {
            Function::Contains => "contains(text, part)",
            Function::Length => "length(text or list)",
            Function::Lowercase => "lowercase(text)",
            Function::Uppercase => "uppercase(text)",
            Function::Snakecase => "snakecase(text)",
            Function::Kebabcase => "kebabcase(text)",
            Function::Titlecase => "titlecase(text)",
            Function::Typeof => "typeof(value)",
            Function::Match => "match(text, pattern)",
            Function::Bool => "bool(value)",
            Function::String => "string(value)",
            Function::Number => "number(text or number)",
        }
    }

    pub(super) fn parameters(self) -> &'static [Parameter] {
        match self {
            Function::Contains | Function::Match => &[Parameter::Text, Parameter::Text],
            Function::Length => &[Parameter::TextOrList],
            Function::Lowercase
            | Function::Uppercase
            | Function::Snakecase
            | Function::Kebabcase
            | Function::Titlecase => &[Parameter::Text],
            Function::Typeof | Function::Bool | Function::String => &[Parameter::Anything],
            Function::Number => &[Parameter::TextOrNumber],
        }
    }

    /// The type of what it gives, unless that is null.
    pub(super) fn result(self) -> Kind {
        match self {
            Function::Contains | Function::Match | Function::Bool => Kind::Boolean,
            Function::Length | Function::Number => Kind::Number,
            _ => Kind::Text,
        }
    }
}

impl Parameter {
    pub(super) fn takes(self, kind: Kind) -> bool {
        match (self, kind) {
            (_, Kind::Null) | (Parameter::Anything, _) => true,
            (Parameter::Text, kind) => kind == Kind::Text,
            (Parameter::TextOrList, kind) => matches!(kind, Kind::Text | Kind::List),
            (Parameter::TextOrNumber, kind) => matches!(kind, Kind::Text | Kind::Number),
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Parameter::Text => "a text",
            Parameter::TextOrList => "a text or a list",
            Parameter::TextOrNumber => "a text or a number",
            Parameter::Anything => "a value",
        }
    }
}
