//! What was probably meant, in the words of an error.

use super::expression::Operand;
use super::function::Function;
use super::value::TYPE_NAMES;

/// What conditions are made of, for the end of a message.
pub(super) const SUPPORTED: &str = "a condition compares values with =, !=, <, <=, >, >= and in, and joins comparisons with and, or, not and parentheses";

/// A symbol that is no operator.
pub(super) fn unknown_symbol(symbol: &str) -> String {
    let meant = match symbol {
        "==" | "===" => "=",
        "<>" | "!==" | "~=" => "!=",
        "=>" => ">=",
        "=<" => "<=",
        "&&" | "&" => "and",
        "||" | "|" => "or",
        "=~" | "~" => {
            return format!("`{symbol}` is no operator; write match(field, 'pattern'), where * stands for any text");
        }
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
        '≠' => "`≠` is no operator; did you mean `!=`?".into(),
        '≤' => "`≤` is no operator; did you mean `<=`?".into(),
        '≥' => "`≥` is no operator; did you mean `>=`?".into(),
        '“' | '”' | '„' | '‘' | '’' | '`' => format!("{found:?} is no quote here; write a text in \" or '"),
        ';' => "';' joins nothing; write `and` or `or`".into(),
        '{' | '}' => format!("{found:?} has no meaning here; {SUPPORTED}"),
        other => format!("{other:?} cannot stand here; in a field's name it is written \\{other}, in a text in quotes"),
    }
}

/// A call of a function that does not exist.
pub(super) fn unknown_function(name: &str) -> String {
    if let Some(meant) = keyword(name) {
        return format!("`{name}` is no keyword; did you mean `{meant}`?");
    }
    let lower = name.to_ascii_lowercase();
    let meant = match lower.as_str() {
        "exists" | "defined" | "isset" | "has" => return format!("there is no function `{name}`; write field != null"),
        "isnull" | "empty" | "missing" => return format!("there is no function `{name}`; write field = null"),
        "startswith" | "starts_with" => {
            return format!("there is no function `{name}`; write match(field, 'start*')");
        }
        "endswith" | "ends_with" => return format!("there is no function `{name}`; write match(field, '*end')"),
        "lower" | "tolower" | "lcase" => Some(Function::Lowercase),
        "upper" | "toupper" | "ucase" => Some(Function::Uppercase),
        "len" | "size" | "count" => Some(Function::Length),
        "includes" => Some(Function::Contains),
        "like" | "glob" | "regex" | "matches" => Some(Function::Match),
        "type" => Some(Function::Typeof),
        "str" | "tostring" | "text" => Some(Function::String),
        "int" | "float" | "tonumber" => Some(Function::Number),
        "boolean" | "tobool" => Some(Function::Bool),
        _ => Function::ALL.into_iter().find(|function| is_near(&lower, function.name())),
    };
    match meant {
        Some(meant) => format!("there is no function `{name}`; did you mean {}?", meant.usage()),
        None => {
            let names = Function::ALL.map(Function::name).join(", ");
            format!("there is no function `{name}`; the functions are {names}")
        }
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
        "in" => "in",
        "and" | "amd" => "and",
        "or" => "or",
        "like" | "matches" | "match" | "startswith" | "starts_with" | "endswith" | "ends_with" => {
            return format!("`{word}` is no operator; write match(field, 'pattern'), where * stands for any text");
        }
        "contains" | "includes" | "has" => {
            return format!("`{word}` is no operator; write contains(field, 'part'), or 'item' in field for a list");
        }
        "between" => return "`between` is no operator; write two comparisons and join them with `and`".into(),
        "exists" => return "`exists` is no operator; write field != null".into(),
        _ => return format!("`{word}` is no operator; {SUPPORTED} (a blank within a name stands after a \\)"),
    };
    format!("`{word}` is no operator; did you mean `{meant}`?")
}

/// Where one side is a call of `typeof`: what the other asks for although no value is of that type.
pub(super) fn no_type_name(call: &Operand, other: &Operand) -> Option<String> {
    let Operand::Call(call) = call else { return None };
    if call.function() != Function::Typeof {
        return None;
    }
    let asked = match other {
        Operand::List(items) => items,
        single => std::slice::from_ref(single),
    };
    asked.iter().find_map(|asked| match asked {
        Operand::Text(name) if !TYPE_NAMES.contains(&&**name) => {
            let names = TYPE_NAMES.map(|name| format!("\"{name}\"")).join(", ");
            Some(format!("typeof never gives \"{name}\"; it gives one of {names}"))
        }
        _ => None,
    })
}

/// The keyword a word was probably meant to be.
pub(super) fn keyword(word: &str) -> Option<&'static str> {
    Some(match word.to_ascii_lowercase().as_str() {
        "and" => "and",
        "or" => "or",
        "not" => "not",
        "in" => "in",
        "true" => "true",
        "false" => "false",
        "null" | "none" | "nil" | "undefined" => "null",
        _ => return None,
    })
}

/// Whether two words differ by at most two letters that are missing, added or wrong (Levenshtein's distance).
fn is_near(word: &str, other: &str) -> bool {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (above, letter) in word.bytes().enumerate() {
        let (mut diagonal, mut left) = (above, above + 1);
        for (cell, other) in row.iter_mut().skip(1).zip(other.bytes()) {
            let distance = (diagonal + usize::from(letter != other)).min(left + 1).min(*cell + 1);
            (diagonal, left, *cell) = (*cell, distance, distance);
        }
        if let Some(first) = row.first_mut() {
            *first = above + 1;
        }
    }
    row.last().is_some_and(|distance| *distance <= 2 && *distance < other.len())
}
