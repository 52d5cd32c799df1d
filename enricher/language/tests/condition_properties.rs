//! Conditions on random texts and values: the printer and the parser agree, and so do the evaluator and a naive one.

mod cases;

use proptest::prelude::*;
use serde_json::Value;
use weft_language::Condition;

/// How fields are written, and where they lie.
const FIELDS: [(&str, &str); 4] = [
    ("type", "$.type"),
    (r"\and", "$.and"),
    (r"a\ b.c-d", "$['a b']['c-d']"),
    ("properties.items[0]", "$.properties.items[0]"),
];

/// A condition with the words it is written in.
#[derive(Clone, Debug)]
enum Tree {
    /// Field, operator, literal; the literal first if so said.
    Compared(usize, &'static str, String, bool),
    Not(&'static str, Box<Tree>),
    All(Vec<Tree>),
    Any(Vec<Tree>),
    /// Parentheses that change nothing.
    Wrapped(Box<Tree>),
}

impl Tree {
    fn written(&self) -> String {
        let joined = |parts: &[Tree], word: &str, wrapped: fn(&Tree) -> bool| {
            let part = |part: &Tree| if wrapped(part) { format!("({})", part.written()) } else { part.written() };
            parts.iter().map(part).collect::<Vec<_>>().join(word)
        };
        match self {
            Tree::Compared(field, operator, literal, false) => format!("{} {operator} {literal}", FIELDS[*field].0),
            Tree::Compared(field, operator, literal, true) => format!("{literal}{operator}{}", FIELDS[*field].0),
            Tree::Not(word, part) if matches!(**part, Tree::All(_) | Tree::Any(_)) => {
                format!("{word}({})", part.written())
            }
            Tree::Not(word, part) => format!("{word}{}", part.written()),
            Tree::All(parts) => joined(parts, " and ", |part| matches!(part, Tree::Any(_))),
            Tree::Any(parts) => joined(parts, "\n or ", |_| false),
            Tree::Wrapped(part) => format!("( {} )", part.written()),
        }
    }

    fn holds(&self, values: &[Option<String>]) -> bool {
        match self {
            Tree::Compared(field, operator, literal, swapped) => {
                let value = values[*field].clone().unwrap_or("null".to_owned());
                let literal = literal.replace('\'', "\"");
                if *swapped { compared(&literal, operator, &value) } else { compared(&value, operator, &literal) }
            }
            Tree::Not(_, part) => !part.holds(values),
            Tree::All(parts) => parts.iter().all(|part| part.holds(values)),
            Tree::Any(parts) => parts.iter().any(|part| part.holds(values)),
            Tree::Wrapped(part) => part.holds(values),
        }
    }
}

fn compared(left: &str, operator: &str, right: &str) -> bool {
    let numbers = scaled(left).zip(scaled(right));
    let equal = match numbers {
        Some((left, right)) => left == right,
        None => {
            let parsed = |text| serde_json::from_str::<Value>(text).expect(text);
            let (left, right) = (parsed(left), parsed(right));
            left == right && !left.is_object() && !left.is_array()
        }
    };
    match operator {
        "=" => equal,
        "!=" => !equal,
        "<" => numbers.is_some_and(|(left, right)| left < right),
        "<=" => numbers.is_some_and(|(left, right)| left <= right),
        ">" => numbers.is_some_and(|(left, right)| left > right),
        _ => numbers.is_some_and(|(left, right)| left >= right),
    }
}

/// A number times 10^12; `None` for what is no number. Exact for the numbers generated here.
fn scaled(text: &str) -> Option<i128> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
    let shift = 12 + exponent.parse::<i32>().ok()? - i32::try_from(fraction.len()).ok()?;
    Some(digits * 10_i128.pow(u32::try_from(shift).ok()?))
}

fn number() -> impl Strategy<Value = String> {
    let plain = prop_oneof![
        prop::sample::select(vec!["0", "-0", "1", "10", "9007199254740993", "9007199254740992", "-1", "100"])
            .prop_map(String::from),
        (-20_i64..20).prop_map(|n| n.to_string()),
        any::<i32>().prop_map(|n| n.to_string()),
    ];
    let fraction = prop_oneof![2 => Just(String::new()), 1 => "\\.[0-9]{1,5}", 1 => "\\.0{1,3}"];
    let exponent = prop_oneof![3 => Just(String::new()), 1 => (-6_i32..6).prop_map(|e| format!("e{e}"))];
    (plain, fraction, exponent).prop_map(|(plain, fraction, exponent)| format!("{plain}{fraction}{exponent}"))
}

/// JSON texts of few letters, each plain or escaped.
fn text() -> impl Strategy<Value = String> {
    let letter = prop::sample::select(vec![
        "a",
        "b",
        r"\u0061",
        r"\n",
        r"\u000a",
        "é",
        r"\u00e9",
        r"\u00E9",
        "😀",
        r"\ud83d\ude00",
        r"\\",
        r#"\""#,
        "n",
    ]);
    prop::collection::vec(letter, 0..3).prop_map(|letters| format!("\"{}\"", letters.concat()))
}

fn literal() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => number(),
        4 => text(),
        1 => text().prop_filter("the other quote needs no escape", |text| !text.contains("\\\"")).prop_map(|text| text.replace('"', "'")),
        2 => prop::sample::select(vec!["true", "false", "null"]).prop_map(String::from),
    ]
}

fn value() -> impl Strategy<Value = Option<String>> {
    prop_oneof![
        4 => literal().prop_map(|text| Some(text.replace('\'', "\""))),
        1 => prop::sample::select(vec![Some("{}"), Some("[1]"), Some(r#"{"a":"b"}"#), None]).prop_map(|text| text.map(String::from)),
    ]
}

fn tree() -> impl Strategy<Value = Tree> {
    let operator = prop::sample::select(vec!["=", "!=", "<", "<=", ">", ">="]);
    let leaf = (0..FIELDS.len(), operator, literal(), number(), any::<bool>()).prop_map(
        |(field, operator, any, number, swapped)| {
            Tree::Compared(field, operator, if matches!(operator, "=" | "!=") { any } else { number }, swapped)
        },
    );
    leaf.prop_recursive(4, 16, 3, |part| {
        prop_oneof![
            2 => prop::collection::vec(part.clone(), 2..4).prop_map(Tree::All),
            2 => prop::collection::vec(part.clone(), 2..4).prop_map(Tree::Any),
            1 => (prop::sample::select(vec!["!", "not ", "! "]), part.clone()).prop_map(|(word, part)| Tree::Not(word, Box::new(part))),
            1 => part.prop_map(|part| Tree::Wrapped(Box::new(part))),
        ]
    })
}

#[test]
fn a_condition_is_judged_as_a_naive_evaluator_judges_it() {
    let inputs = (tree(), prop::collection::vec(value(), FIELDS.len()));
    cases::runner(1)
        .run(&inputs, |(tree, values)| {
            let condition =
                Condition::parse(&tree.written()).map_err(|error| TestCaseError::fail(error.to_string()))?;
            let value = |place: usize| {
                let path = condition.paths()[place].to_string();
                let field = FIELDS.iter().position(|(_, known)| *known == path).expect("only known fields are written");
                values[field].as_deref().map(str::as_bytes)
            };
            prop_assert_eq!(condition.matches(value, |_| None), tree.holds(&values), "{}", tree.written());
            Ok(())
        })
        .unwrap();
}

#[test]
fn the_canonical_spelling_parses_back_to_the_same_condition() {
    cases::runner(1)
        .run(&tree(), |tree| {
            let condition =
                Condition::parse(&tree.written()).map_err(|error| TestCaseError::fail(error.to_string()))?;
            prop_assert_eq!(Condition::parse(&condition.to_string()), Ok(condition));
            Ok(())
        })
        .unwrap();
}

#[test]
fn no_mutated_text_makes_the_parser_panic_and_every_fault_lies_in_the_text() {
    let letters: Vec<_> = r#"()!=<>'"\.[]0e-+ aé😀andornot$,u"#.chars().collect();
    let edits =
        prop::collection::vec((any::<prop::sample::Index>(), prop::option::of(prop::sample::select(letters))), 0..4);
    let inputs = (tree(), edits, value());
    cases::runner(1)
        .run(&inputs, |(tree, edits, value)| {
            let mut letters: Vec<char> = tree.written().chars().collect();
            for (place, letter) in edits {
                let place = place.index(letters.len() + 1);
                match letter {
                    Some(letter) => letters.insert(place, letter),
                    None if place < letters.len() => drop(letters.remove(place)),
                    None => {}
                }
            }
            let text: String = letters.into_iter().collect();
            match Condition::parse(&text) {
                Ok(condition) => {
                    condition.matches(|_| value.as_deref().map(str::as_bytes), |_| None);
                    prop_assert_eq!(Condition::parse(&condition.to_string()), Ok(condition));
                }
                Err(error) => {
                    prop_assert!(error.start <= error.end && text.get(error.start..error.end).is_some(), "{:?}", error)
                }
            }
            Ok(())
        })
        .unwrap();
}
