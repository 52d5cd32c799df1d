//! Random conditions and values.

use proptest::prelude::*;
use proptest::sample::select;

use super::{COLUMNS, FIELDS, Operand, Tree};

const CASES: [&str; 5] = ["lowercase", "uppercase", "snakecase", "kebabcase", "titlecase"];

/// Raw JSON texts, or nothing.
pub(crate) fn values(count: usize) -> impl Strategy<Value = Vec<Option<String>>> {
    let list = prop::collection::vec(literal(), 0..4).prop_map(|items| format!("[{}]", items.join(", ")));
    let value = prop_oneof![
        8 => literal().prop_map(Some),
        2 => list.prop_map(Some),
        1 => select(vec![Some("{}"), Some("[[1], [\"a\", {}]]"), Some(" [ [1.0],[\"a\" , 1]] "), Some(r#"{"a":"b"}"#), None])
            .prop_map(|text| text.map(String::from)),
    ];
    prop::collection::vec(value, count)
}

fn number() -> impl Strategy<Value = String> {
    let plain = prop_oneof![
        select(vec!["0", "-0", "1", "10", "9007199254740993", "9007199254740992", "-1", "100"]).prop_map(String::from),
        (-20_i64..20).prop_map(|n| n.to_string()),
        any::<i32>().prop_map(|n| n.to_string()),
    ];
    let fraction = prop_oneof![2 => Just(""), 1 => select(vec![".5", ".25", ".50", ".0", ".125", ".00001"])];
    let exponent = prop_oneof![3 => Just(String::new()), 1 => (-6_i32..6).prop_map(|e| format!("e{e}"))];
    (plain, fraction, exponent).prop_map(|(plain, fraction, exponent)| format!("{plain}{fraction}{exponent}"))
}

/// JSON texts of few letters, each plain or escaped.
fn text() -> impl Strategy<Value = String> {
    let letter = select(vec![
        "a",
        "b",
        "A",
        " ",
        "ß",
        "İ",
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
        "*",
        "?",
        "[",
        "1",
    ]);
    prop_oneof![
        6 => prop::collection::vec(letter, 0..4).prop_map(|letters| format!("\"{}\"", letters.concat())),
        1 => select(vec!["\"true\"", "\"false\"", "\"0\"", "\"null\"", "\"string\"", "\"list\"", "\"1.5\"", "\"[1]\""]).prop_map(String::from),
    ]
}

/// Patterns as texts: a backslash is written twice.
fn pattern() -> impl Strategy<Value = String> {
    let piece = select(vec![
        "*", "*", "?", "a", "b", "A", " ", "é", "[ab]", "[a-é]", "[A-Z]", r"\\*", r"\\a", r"\*", r"\?", "ß", "1",
    ]);
    prop::collection::vec(piece, 0..5).prop_map(|pieces| format!("\"{}\"", pieces.concat()))
}

fn literal() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => number(),
        4 => text(),
        2 => select(vec!["true", "false", "null"]).prop_map(String::from),
    ]
}

fn read() -> impl Strategy<Value = Operand> {
    prop_oneof![
        3 => (0..FIELDS.len()).prop_map(Operand::Field),
        1 => (0..COLUMNS.len()).prop_map(Operand::Column),
    ]
}

fn called(name: &'static str, arguments: Vec<Operand>) -> Operand {
    Operand::Call(name, arguments)
}

/// What may be a text.
fn text_operand() -> impl Strategy<Value = Operand> {
    let call = |name: &'static str, inner: Operand| called(name, vec![inner]);
    prop_oneof![
        3 => read(),
        3 => (select(CASES.to_vec()), read()).prop_map(move |(name, inner)| call(name, inner)),
        1 => (select(CASES.to_vec()), select(CASES.to_vec()), read()).prop_map(move |(outer, name, inner)| call(outer, call(name, inner))),
        1 => read().prop_map(move |inner| call("string", inner)),
        1 => read().prop_map(move |inner| call("lowercase", call("typeof", inner))),
    ]
}

fn number_operand() -> impl Strategy<Value = Operand> {
    prop_oneof![
        2 => read(),
        2 => text_operand().prop_map(|inner| called("length", vec![inner])),
        1 => read().prop_map(|inner| called("number", vec![inner])),
        1 => text().prop_map(|text| called("number", vec![Operand::Literal(text)])),
    ]
}

fn truth_operand() -> impl Strategy<Value = Operand> {
    let part = prop_oneof![2 => text().prop_map(Operand::Literal), 1 => text_operand()];
    let glob = prop_oneof![4 => pattern().prop_map(Operand::Literal), 1 => text_operand()];
    let list = prop::collection::vec(literal(), 0..3).prop_map(Operand::List);
    prop_oneof![
        2 => read(),
        4 => (text_operand(), part).prop_map(|(text, part)| called("contains", vec![text, part])),
        6 => (text_operand(), glob).prop_map(|(text, glob)| called("match", vec![text, glob])),
        2 => prop_oneof![read(), list].prop_map(|inner| called("bool", vec![inner])),
    ]
}

fn leaf() -> impl Strategy<Value = Tree> {
    let equality = || select(vec!["=", "!="]);
    let order = select(vec!["=", "!=", "<", "<=", ">", ">="]);
    let items = || prop::collection::vec(literal(), 0..4).prop_map(Operand::List);
    let compared = |(left, operator, right)| Tree::Compared(left, operator, right);
    prop_oneof![
        4 => (read(), equality(), literal().prop_map(Operand::Literal)).prop_map(compared),
        1 => (literal().prop_map(Operand::Literal), equality(), read()).prop_map(compared),
        2 => (number_operand(), order.clone(), number().prop_map(Operand::Literal)).prop_map(compared),
        1 => (number_operand(), order, number_operand()).prop_map(compared),
        2 => (text_operand(), equality(), text().prop_map(Operand::Literal)).prop_map(compared),
        1 => (text_operand(), equality(), text_operand()).prop_map(compared),
        1 => (read(), equality(), items()).prop_map(compared),
        2 => (text_operand(), Just("in"), items()).prop_map(compared),
        1 => (literal().prop_map(Operand::Literal), Just("in"), read()).prop_map(compared),
        1 => (read(), Just("in"), read()).prop_map(compared),
        1 => (read(), equality(), select(vec!["string", "number", "list", "bool", "null", "object"])).prop_map(move |(inner, operator, name)| {
            compared((called("typeof", vec![inner]), operator, Operand::Literal(format!("\"{name}\""))))
        }),
        4 => truth_operand().prop_map(Tree::Term),
    ]
}

/// Conditions that parse.
pub(crate) fn conditions() -> impl Strategy<Value = Tree> {
    leaf().prop_recursive(4, 16, 3, |part| {
        prop_oneof![
            2 => prop::collection::vec(part.clone(), 2..4).prop_map(Tree::All),
            2 => prop::collection::vec(part.clone(), 2..4).prop_map(Tree::Any),
            1 => (select(vec!["!", "not ", "! "]), part.clone()).prop_map(|(word, part)| Tree::Not(word, Box::new(part))),
            1 => part.prop_map(|part| Tree::Wrapped(Box::new(part))),
        ]
    })
}
