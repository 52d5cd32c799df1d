//! Random conditions, how they are written, and an evaluator that builds every value.

mod make;

use serde_json::value::RawValue;
use serde_json::{Value as Json, from_str};

pub(crate) use make::{conditions, values};

/// How fields are written, and where they lie.
pub(crate) const FIELDS: [(&str, &str); 4] = [
    (r"\type", "$.type"),
    (r"\and", "$.and"),
    (r"a\ b.c-d", "$['a b']['c-d']"),
    ("properties.items[0]", "$.properties.items[0]"),
];

/// How columns are written.
pub(crate) const COLUMNS: [&str; 2] = ["entities.product.TIER", r"entities.a-b.UNIT\ PRICE"];

/// A condition with the words it is written in.
#[derive(Clone, Debug)]
pub(crate) enum Tree {
    Compared(Operand, &'static str, Operand),
    Term(Operand),
    Not(&'static str, Box<Tree>),
    All(Vec<Tree>),
    Any(Vec<Tree>),
    /// Parentheses that change nothing.
    Wrapped(Box<Tree>),
}

#[derive(Clone, Debug)]
pub(crate) enum Operand {
    Field(usize),
    Column(usize),
    /// JSON texts, written as they are: of JSON's escapes, only those that conditions know.
    Literal(String),
    List(Vec<String>),
    Call(&'static str, Vec<Operand>),
}

/// A value; numbers times 10^12, exact for those made here.
#[derive(Clone, Debug, PartialEq)]
enum Value {
    Null,
    Bool(bool),
    Number(i128),
    Text(String),
    List(Vec<Value>),
    Object(Json),
}

impl Operand {
    fn written(&self) -> String {
        match self {
            Operand::Field(place) => FIELDS[*place].0.to_owned(),
            Operand::Column(place) => COLUMNS[*place].to_owned(),
            Operand::Literal(json) => json.clone(),
            Operand::List(items) => format!("[{}]", items.join(" ,")),
            Operand::Call(name, arguments) => {
                format!("{name}( {})", arguments.iter().map(Operand::written).collect::<Vec<_>>().join(", "))
            }
        }
    }

    fn value(&self, fields: &[Option<String>], columns: &[Option<String>]) -> Value {
        match self {
            Operand::Field(place) => Value::of(fields[*place].as_deref().unwrap_or("null")),
            Operand::Column(place) => Value::of(columns[*place].as_deref().unwrap_or("null")),
            Operand::Literal(json) => Value::of(&without_pattern_escapes(json)),
            Operand::List(items) => Value::List(items.iter().map(|item| Value::of(item)).collect()),
            Operand::Call(name, arguments) => {
                call(name, &arguments.iter().map(|argument| argument.value(fields, columns)).collect::<Vec<_>>())
            }
        }
    }
}

impl Tree {
    pub(crate) fn written(&self) -> String {
        let joined = |parts: &[Tree], word: &str, wrapped: fn(&Tree) -> bool| {
            let part = |part: &Tree| if wrapped(part) { format!("({})", part.written()) } else { part.written() };
            parts.iter().map(part).collect::<Vec<_>>().join(word)
        };
        match self {
            Tree::Compared(left, operator, right) => format!("{} {operator} {}", left.written(), right.written()),
            Tree::Term(operand) => operand.written(),
            Tree::Not(word, part) if matches!(**part, Tree::All(_) | Tree::Any(_)) => {
                format!("{word}({})", part.written())
            }
            Tree::Not(word, part) => format!("{word}{}", part.written()),
            Tree::All(parts) => joined(parts, " and ", |part| matches!(part, Tree::Any(_))),
            Tree::Any(parts) => joined(parts, "\n or ", |_| false),
            Tree::Wrapped(part) => format!("( {} )", part.written()),
        }
    }

    pub(crate) fn holds(&self, fields: &[Option<String>], columns: &[Option<String>]) -> bool {
        match self {
            Tree::Compared(left, operator, right) => {
                compared(&left.value(fields, columns), operator, &right.value(fields, columns))
            }
            Tree::Term(operand) => operand.value(fields, columns) == Value::Bool(true),
            Tree::Not(_, part) => !part.holds(fields, columns),
            Tree::All(parts) => parts.iter().all(|part| part.holds(fields, columns)),
            Tree::Any(parts) => parts.iter().any(|part| part.holds(fields, columns)),
            Tree::Wrapped(part) => part.holds(fields, columns),
        }
    }
}

impl Value {
    fn of(json: &str) -> Self {
        if let Ok(items) = from_str::<Vec<&RawValue>>(json) {
            return Value::List(items.iter().map(|item| Value::of(item.get())).collect());
        }
        match from_str(json).expect(json) {
            Json::Null => Value::Null,
            Json::Bool(boolean) => Value::Bool(boolean),
            Json::String(text) => Value::Text(text),
            Json::Number(_) => Value::Number(scaled(json.trim()).expect(json)),
            other => Value::Object(other),
        }
    }

    fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Value::Object(_), _) => false,
            (Value::List(left), Value::List(right)) => {
                left.len() == right.len() && left.iter().zip(right).all(|(left, right)| left.equals(right))
            }
            _ => self == other,
        }
    }

    /// What `string` gives for a part of a list.
    fn json(&self) -> String {
        match self {
            Value::Number(number) => plain(*number),
            Value::List(items) => format!("[{}]", items.iter().map(Value::json).collect::<Vec<_>>().join(",")),
            Value::Text(text) => Json::from(text.as_str()).to_string(),
            Value::Bool(boolean) => boolean.to_string(),
            Value::Null => "null".to_owned(),
            Value::Object(object) => object.to_string(),
        }
    }
}

fn compared(left: &Value, operator: &str, right: &Value) -> bool {
    let numbers = match (left, right) {
        (Value::Number(left), Value::Number(right)) => Some((left, right)),
        _ => None,
    };
    match operator {
        "=" => left.equals(right),
        "!=" => !left.equals(right),
        "<" => numbers.is_some_and(|(left, right)| left < right),
        "<=" => numbers.is_some_and(|(left, right)| left <= right),
        ">" => numbers.is_some_and(|(left, right)| left > right),
        ">=" => numbers.is_some_and(|(left, right)| left >= right),
        _ => matches!(right, Value::List(items) if items.iter().any(|item| item.equals(left))),
    }
}

fn call(name: &str, arguments: &[Value]) -> Value {
    let mapped = |change: &dyn Fn(&str) -> String| match &arguments[0] {
        Value::Text(text) => Value::Text(change(text)),
        _ => Value::Null,
    };
    let texts = |holds: &dyn Fn(&str, &str) -> bool| match arguments {
        [Value::Text(text), Value::Text(other)] => Value::Bool(holds(text, other)),
        _ => Value::Bool(false),
    };
    match name {
        "contains" => texts(&|text, part| text.contains(part)),
        "match" => texts(&|text, pattern| {
            let (text, pattern): (Vec<char>, Vec<char>) = (text.chars().collect(), pattern.chars().collect());
            is_sound(&pattern) && globbed(&text, &pattern)
        }),
        "length" => Value::Number(
            SCALE
                * match &arguments[0] {
                    Value::Text(text) => text.len() as i128,
                    Value::List(items) => items.len() as i128,
                    _ => 0,
                },
        ),
        "lowercase" => mapped(&|text| text.chars().flat_map(char::to_lowercase).collect()),
        "uppercase" => mapped(&|text| text.chars().flat_map(char::to_uppercase).collect()),
        "snakecase" => mapped(&|text| text.replace(' ', "_")),
        "kebabcase" => mapped(&|text| text.replace(' ', "-")),
        "titlecase" => mapped(&|text| {
            let word = |word: &str| {
                let mut letters = word.chars();
                let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
                first + &letters.flat_map(char::to_lowercase).collect::<String>()
            };
            text.split(' ').map(word).collect::<Vec<_>>().join(" ")
        }),
        "typeof" => Value::Text(String::from(match &arguments[0] {
            Value::Null => "null",
            Value::Bool(_) => "bool",
            Value::Number(_) => "number",
            Value::Text(_) => "string",
            Value::List(_) => "list",
            Value::Object(_) => "object",
        })),
        "bool" => Value::Bool(match &arguments[0] {
            Value::Null | Value::Object(_) => false,
            Value::Bool(boolean) => *boolean,
            Value::Number(number) => *number != 0,
            Value::Text(text) => !["", "0", "false"].contains(&text.as_str()),
            Value::List(items) => !items.is_empty(),
        }),
        "string" => match &arguments[0] {
            Value::Text(text) => Value::Text(text.clone()),
            Value::Null | Value::Object(_) => Value::Null,
            other => Value::Text(other.json()),
        },
        _ => match &arguments[0] {
            Value::Text(text) => scaled(text).map_or(Value::Null, Value::Number),
            Value::Number(number) => Value::Number(*number),
            _ => Value::Null,
        },
    }
}

/// `\*` and `\?` as JSON writes them.
fn without_pattern_escapes(json: &str) -> String {
    let both = json.replace(r"\\", "\u{1}").replace(r"\*", r"\\*").replace(r"\?", r"\\?");
    both.replace('\u{1}', r"\\")
}

/// Whether the pattern is no faulty one.
fn is_sound(pattern: &[char]) -> bool {
    match pattern {
        [] => true,
        ['\\', _, rest @ ..] => is_sound(rest),
        ['[', rest @ ..] => listed(rest).is_some_and(|(_, rest)| is_sound(rest)),
        ['\\', ..] => false,
        [_, rest @ ..] => is_sound(rest),
    }
}

/// Both ends of each range that a list names.
type Ranges = Vec<(char, char)>;

/// What a list such as `a-fx]` lists, and what follows it; `None` if there is a fault in it.
fn listed(pattern: &[char]) -> Option<(Ranges, &[char])> {
    let one = |pattern: &[char]| match pattern {
        ['\\', character, ..] => Some((*character, 2)),
        ['\\'] | [] => None,
        [character, ..] => Some((*character, 1)),
    };
    let (mut ranges, mut rest) = (Vec::new(), pattern);
    loop {
        match rest {
            [']', rest @ ..] => return (!ranges.is_empty()).then_some((ranges, rest)),
            ['!' | '^', ..] if ranges.is_empty() => return None,
            _ => {}
        }
        let (low, taken) = one(rest)?;
        rest = &rest[taken..];
        let mut high = low;
        if let ['-', after @ ..] = rest
            && !after.starts_with(&[']'])
        {
            let (end, taken) = one(after)?;
            (high, rest) = (end, &after[taken..]);
        }
        if high < low {
            return None;
        }
        ranges.push((low, high));
    }
}

fn globbed(text: &[char], pattern: &[char]) -> bool {
    let one = |held: bool, rest| held && globbed(&text[1..], rest);
    match (pattern, text) {
        (['*', rest @ ..], _) => (0..=text.len()).any(|taken| globbed(&text[taken..], rest)),
        ([], _) => text.is_empty(),
        (_, []) => false,
        (['?', rest @ ..], _) => one(true, rest),
        (['\\', expected, rest @ ..], [first, ..]) => one(first == expected, rest),
        (['[', rest @ ..], [first, ..]) => listed(rest)
            .is_some_and(|(ranges, rest)| one(ranges.iter().any(|(low, high)| (low..=high).contains(&first)), rest)),
        ([expected, rest @ ..], [first, ..]) => one(first == expected, rest),
    }
}

const SCALE: i128 = 1_000_000_000_000;

/// A number times 10^12; `None` for what is no number.
fn scaled(text: &str) -> Option<i128> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
    let shift = 12 + exponent.parse::<i32>().ok()? - i32::try_from(fraction.len()).ok()?;
    Some(digits * 10_i128.pow(u32::try_from(shift).ok()?))
}

/// The number without trailing zeros.
fn plain(number: i128) -> String {
    let sign = if number < 0 { "-" } else { "" };
    let (whole, fraction) = (number.abs() / SCALE, format!("{:012}", number.abs() % SCALE));
    match fraction.trim_end_matches('0') {
        "" => format!("{sign}{whole}"),
        fraction => format!("{sign}{whole}.{fraction}"),
    }
}
