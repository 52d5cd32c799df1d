//! What was probably meant, in the words of an error.

/// What conditions are made of, for the end of a message.
pub(super) const SUPPORTED: &str =
    "a condition compares fields with =, !=, <, <=, >, >= and joins comparisons with and, or, not and parentheses";

const FUNCTIONS: [&str; 9] =
    ["contains", "length", "lowercase", "match", "typeof", "uppercase", "snakecase", "kebabcase", "titlecase"];

/// A symbol that is no operator.
pub(super) fn unknown_symbol(symbol: &str) -> String {
    let meant = match symbol {
        "==" | "===" => "=",
        "<>" | "!==" | "~=" => "!=",
        "=>" => ">=",
        "=<" => "<=",
        "&&" | "&" => "and",
        "||" | "|" => "or",
        _ => return format!("`{symbol}` is no operator; {SUPPORTED}"),
    };
    format!("`{symbol}` is no operator; did you mean `{meant}`?")
}

/// A character no token starts with; `rest` is what follows it.
pub(super) fn stray_character(found: char, rest: &str) -> String {
    match found {
        '$' if rest.starts_with('.') => "a condition names a field from the top of the event, without `$.`".into(),
        '.' if rest.starts_with(|c: char| c.is_ascii_digit()) => "write a digit before the point, as in 0.5".into(),
        '.' => "a condition names a field from the top of the event, without a leading dot".into(),
        '[' => format!("lists are not supported; {SUPPORTED}"),
        '≠' => "`≠` is no operator; did you mean `!=`?".into(),
        '≤' => "`≤` is no operator; did you mean `<=`?".into(),
        '≥' => "`≥` is no operator; did you mean `>=`?".into(),
        '“' | '”' | '„' | '‘' | '’' | '`' => format!("{found:?} is no quote here; write a text in \" or '"),
        ',' | ';' => format!("{found:?} joins nothing; write `and` or `or`"),
        '{' | '}' | ']' => format!("{found:?} has no meaning here; {SUPPORTED}"),
        other => format!("{other:?} cannot stand here; in a field's name it is written \\{other}, in a text in quotes"),
    }
}

/// A function call, or what looks like one.
pub(super) fn call(name: &str) -> String {
    match keyword(name) {
        Some(meant) => format!("`{name}` is no keyword; did you mean `{meant}`?"),
        None if FUNCTIONS.contains(&name) => format!("the function `{name}` is not supported; {SUPPORTED}"),
        None => format!("there is no function `{name}`; {SUPPORTED}"),
    }
}

/// A word where an operator was expected.
pub(super) fn instead_of_operator(word: &str) -> String {
    let meant = match word.to_ascii_lowercase().as_str() {
        "eq" | "equals" | "equal" | "is" => "=",
        "ne" | "neq" => "!=",
        "lt" => "<",
        "lte" | "le" => "<=",
        "gt" => ">",
        "gte" | "ge" => ">=",
        _ => return format!("`{word}` is no operator that is supported; {SUPPORTED}"),
    };
    format!("`{word}` is no operator; did you mean `{meant}`?")
}

/// The keyword a word was probably meant to be.
pub(super) fn keyword(word: &str) -> Option<&'static str> {
    Some(match word.to_ascii_lowercase().as_str() {
        "and" => "and",
        "or" => "or",
        "not" => "not",
        "true" => "true",
        "false" => "false",
        "null" | "none" | "nil" | "undefined" => "null",
        _ => return None,
    })
}
