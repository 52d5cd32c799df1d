//! Conditions: what they mean, what is refused, and what the errors say.

use weft_language::Condition;

/// Whether the condition holds where every field it reads has this raw JSON text.
fn holds(condition: &str, raw: Option<&str>) -> bool {
    Condition::parse(condition).expect(condition).matches(|_| raw.map(str::as_bytes), |_| None)
}

fn refused(condition: &str) -> String {
    Condition::parse(condition).expect_err(condition).message
}

fn paths(condition: &str) -> Vec<String> {
    Condition::parse(condition).expect(condition).paths().iter().map(ToString::to_string).collect()
}

#[test]
fn types_are_strict() {
    for (condition, raw, expected) in [
        ("x = 'track'", r#""track""#, true),
        ("x = \"track\"", r#""Track""#, false),
        ("x = 10", "10", true),
        ("x = 10", r#""10""#, false),
        ("x = '10'", "10", false),
        ("x = true", "true", true),
        ("x = true", r#""true""#, false),
        ("x = true", "1", false),
        ("x = false", "null", false),
        ("x = 'null'", "null", false),
        ("x = ''", r#""""#, true),
        ("x = 1", "{}", false),
        ("x = null", "{}", false),
        ("x != 1", "[1]", true),
        ("x = 1", " 1 ", true),
        ("x = 1", "1x", false),
    ] {
        assert_eq!(holds(condition, Some(raw)), expected, "{condition} of {raw}");
    }
}

#[test]
fn a_missing_field_is_null() {
    assert!(holds("x = null", None));
    assert!(holds("x = null", Some("null")));
    assert!(!holds("x != null", None));
    assert!(holds("x != 'a'", None));
    assert!(!holds("x < 1", None));
    assert!(!holds("x >= 1", None));
}

#[test]
fn numbers_compare_exactly_whatever_their_spelling() {
    for (condition, raw, expected) in [
        ("x = 100", "1e2", true),
        ("x = 0.1", "0.10", true),
        ("x = 0", "-0.0", true),
        ("x = 9007199254740993", "9007199254740992", false),
        ("x > 9007199254740992", "9007199254740993", true),
        ("x >= 0.3", "0.30000000000000004", true),
        ("x > 1e308", "1e999999999", true),
        ("x < -5", "-5.0001", true),
        ("x <= 5", "5.000", true),
        ("5 < x", "6", true),
        ("x = +7", "7", true),
    ] {
        assert_eq!(holds(condition, Some(raw)), expected, "{condition} of {raw}");
    }
}

#[test]
fn order_holds_between_numbers_only() {
    for raw in [r#""5""#, "true", "null", "{}", "[5]"] {
        assert!(!holds("x < 10", Some(raw)), "{raw}");
        assert!(!holds("x >= 0", Some(raw)), "{raw}");
        assert!(holds("not (x < 10)", Some(raw)), "{raw}");
    }
}

#[test]
fn escaped_and_plain_spellings_of_a_text_are_equal() {
    assert!(holds("x = 'Café 😀'", Some(r#""Caf\u00e9 \ud83d\ude00""#)));
    assert!(holds(r#"x = "a\"b\\c\n\u00e9""#, Some(r#""a\"b\\c\né""#)));
    assert!(holds("x = 'it\\'s'", Some(r#""it's""#)));
    assert!(holds("x = '/'", Some(r#""\/""#)));
    assert!(!holds(r"x = 'a\\n'", Some(r#""a\n""#)));
    assert!(!holds("x = '?'", Some(r#""\ud83d""#)));
    assert!(!holds("x = 'é'", Some("\"e\u{301}\"")), "no normalisation");
}

#[test]
fn two_fields_can_be_compared() {
    let condition = Condition::parse("properties.total > properties.limit").unwrap();
    assert!(condition.matches(|place| Some([b"10.5".as_slice(), b"10"][place]), |_| None));
    assert!(!condition.matches(|place| Some([b"10".as_slice(), b"10.5"][place]), |_| None));
    assert!(holds(r"userId = \anonymousId", Some(r#""u""#)));
}

#[test]
fn and_binds_tighter_than_or_and_not_tightest() {
    let judge = |text: &str, [a, b, c]: [&'static str; 3]| {
        let condition = Condition::parse(text).unwrap();
        let value = |place: usize| match condition.paths()[place].to_string().as_str() {
            "$.a" => a,
            "$.b" => b,
            _ => c,
        };
        condition.matches(|place| Some(value(place).as_bytes()), |_| None)
    };
    assert!(judge("a = 1 or b = 1 and c = 1", ["1", "0", "0"]));
    assert!(!judge("(a = 1 or b = 1) and c = 1", ["1", "0", "0"]));
    assert!(judge("a = 1 and b = 1 or c = 1", ["0", "0", "1"]));
    assert!(judge("not a = 1 and b = 1", ["0", "1", "0"]));
    assert!(!judge("!(a = 1 or b = 1)", ["0", "1", "0"]));
    assert!(judge("!!a=1", ["1", "0", "0"]));
    assert!(judge("((a = 1) and (((b = 1))))", ["1", "1", "0"]));
}

#[test]
fn fields_are_written_from_the_top_of_the_event_with_escapes() {
    assert_eq!(
        paths(r"context.device.type = 'ios' and context.app\ version = '2' and properties.\$x = 1 and a\.b = 2"),
        ["$.context.device.type", "$.context['app version']", "$.properties['$x']", "$['a.b']"]
    );
    assert_eq!(
        paths(r"properties.and = 1 and \and = 2 and properties.1st = 3 and properties.a-b = 4 and \entities.x = 5"),
        ["$.properties.and", "$.and", "$.properties['1st']", "$.properties['a-b']", "$.entities.x"]
    );
    assert_eq!(paths("properties.products[0].sku = 'a'"), ["$.properties.products[0].sku"]);
}

#[test]
fn each_path_stands_once() {
    assert_eq!(paths("type = 'a' or type = 'b' or event = 'c'"), ["$.type", "$.event"]);
}

#[test]
fn each_error_names_the_cure() {
    for (condition, expected) in [
        ("", "leave it out"),
        (" \n", "leave it out"),
        ("type == 'track'", "did you mean `=`?"),
        ("type <> 'track'", "did you mean `!=`?"),
        ("x => 1", "did you mean `>=`?"),
        ("x = 1 && y = 2", "did you mean `and`?"),
        ("x = 1 || y = 2", "did you mean `or`?"),
        ("x = 1 AND y = 2", "did you mean `and`?"),
        ("x = 1 Or y = 2", "did you mean `or`?"),
        ("NOT (x = 1)", "did you mean `not`?"),
        ("NOT x = 1", "did you mean `not`?"),
        ("x = True", "did you mean `true`?"),
        ("x = None", "did you mean `null`?"),
        ("x is 'a'", "did you mean `=`?"),
        ("type = track", r#"write "track" for the text, \track for the event's field"#),
        ("type = 'track", "write ' at its end"),
        ("type = “track”", "write a text in"),
        ("$.type = 'a'", "without `$.`"),
        (".type = 'a'", "without a leading dot"),
        ("concat(x) = 1", "there is no function `concat`; the functions are contains, length,"),
        ("contain(event, 'x')", "did you mean contains(text, part)?"),
        ("Contains(event, 'x')", "did you mean contains(text, part)?"),
        ("lower(event) = 'x'", "did you mean lowercase(text)?"),
        ("lenght(event) > 1", "did you mean length(text or list)?"),
        ("startsWith(event, 'x')", "write match(field, 'start*')"),
        ("exists(event)", "write field != null"),
        ("contains(event)", "`contains` takes 2 values, not 1; write contains(text, part)"),
        ("length() > 1", "`length` takes 1 value, not 0"),
        ("typeof(x, y.z) = 'a'", "takes 1 value, not 2"),
        ("contains(event, 5)", "contains(text, part) takes a text here, not a number"),
        ("length(5) = 1", "length(text or list) takes a text or a list here, not a number"),
        ("number(true) = 1", "takes a text or a number here, not true or false"),
        ("contains(length(x), 'a')", "takes a text here, not a number"),
        ("contains(event, foo)", r#"write "foo" for the text"#),
        ("contains(event 'x')", "a , or ) is missing before `'x'`"),
        ("contains(event, 'x'", "this call is not closed"),
        ("contains(event = 'x')", "takes values, no comparison"),
        ("contains(event,)", "a comparison or a value is missing before this )"),
        ("length(x)", "gives a number, which alone is no condition; compare it, as in length(x) > 0"),
        ("lowercase(x) and y = 1", "as in lowercase(x) = 'a'"),
        ("length(x) = '3'", "compares values of one type, here a number with a text; write the number without quotes"),
        ("x.tags = ['a'] and lowercase(x) = ['a']", "here a text with a list"),
        ("lowercase(x) > 3", "`>` compares numbers only"),
        ("x > null", "`>` compares numbers only"),
        ("match(event, 'a[')", r"write ], or \[ for the character ["),
        ("match(event, '[!a]')", r"write [\!…] for the character !, `not match(…)` for the opposite"),
        ("match(event, '[^a]')", "cannot be negated"),
        ("match(event, '[z-a]')", "runs backwards"),
        ("match(event, '[]')", "lists no character"),
        (r"match(event, 'a\\')", "ends with a backslash"),
        (r"event = 'a\*'", r"\* and \? stand in a pattern of match only"),
        (r"match('a\*', event)", "stand in a pattern of match only"),
        ("type is not null", "did you mean `!=`?"),
        ("event = 'a' or 'b'", "write event in ['b', …]"),
        ("properties['a b'] = 1", r"as in .a\ b"),
        ("properties.'a b' = 1", r"as in a\ b"),
        ("properties.a b = 1", "(a blank within a name stands after a"),
        ("typeof(x) = 'String'", "typeof never gives \"String\"; it gives one of \"string\", \"number\""),
        ("'array' != typeof(x)", "typeof never gives \"array\""),
        ("typeof(x) in ['bool', 'boolean']", "typeof never gives \"boolean\""),
        ("type in 'a'", "write ['a', 'b'] or a field that holds a list"),
        ("type in ('a', 'b')", "a list stands in [ ]"),
        ("type IN ['a']", "did you mean `in`?"),
        ("type not in ['a']", "write not (field in ['a', 'b'])"),
        ("['a'] in x.tags", "not for a list"),
        ("'a' in ['a']", "compares two constants"),
        ("type in ['a', track]", r#"write "track" (a list holds values, no fields)"#),
        ("type in ['a', True]", "did you mean `true`?"),
        ("type in ['a', ['b']]", "no list"),
        ("type in ['a' 'b']", "a , or ] is missing before `'b'`"),
        ("type in ['a',]", "a value is missing before `]`"),
        ("type in ['a'", "this list is not closed"),
        ("type = 'a']", "this ] closes nothing"),
        ("event contains 'x'", "write contains(field, 'part')"),
        ("event like 'x%'", "write match(field, 'pattern')"),
        ("event =~ 'x'", "write match(field, 'pattern')"),
        ("x = 1 and TRUE", "`TRUE` is no keyword; did you mean `true`?"),
        ("entities.product = 'gold'", "two names after `entities`"),
        ("entities.product.TIER.x = 'gold'", "two names after `entities`"),
        ("entities.product[0] = 'gold'", r"write \entities for the event's own field"),
        ("entities = 'gold'", "two names after `entities`"),
        ("'x'", "`'x'` alone is no condition; name the field of each comparison, as in event = 'x'"),
        ("true", "alone is no condition"),
        ("1 = 1", "compares two constants"),
        ("x < 'b'", "`<` compares numbers only"),
        ("x >= true", "`>=` compares numbers only"),
        ("x = 1 y = 2", "`and` or `or` is missing before `y`"),
        ("1 < x < 3", "cannot be chained"),
        ("x =", "a field or a value is missing"),
        ("x = 1 and", "a field or a value is missing"),
        ("= 1", "cannot stand here"),
        ("and x = 1", "cannot stand here"),
        ("()", "missing before this )"),
        ("(x = 1", "write ) at its end"),
        ("x = 1)", "closes nothing"),
        ("x not = 1", "write `not` before the whole comparison"),
        ("x 'a'", "an operator is missing before `'a'`"),
        ("x = .5", "as in 0.5"),
        ("x = 1abc", "`1abc` is no number"),
        ("x = 1e+", "`1e+` is no number"),
        (r"x = 'a\d'", "write \\\\ for a backslash"),
        (r"x = '\ud83d'", "four hexadecimal digits"),
        ("properties.$x = 1", r"as \$"),
        ("properties.é = 1", r"as \é"),
        ("properties. = 1", "a name is missing after the dot"),
        ("properties.items[*] = 1", "such as [0]"),
        ("in = 1", r"is written \in"),
        ("x = 1, y = 2", "write `and` or `or`"),
    ] {
        let message = refused(condition);
        assert!(message.contains(expected), "{condition}: {message}");
    }
}

#[test]
fn an_error_spans_the_token_at_fault() {
    let spanned = |condition: &'static str| {
        let error = Condition::parse(condition).unwrap_err();
        &condition[error.start..error.end]
    };
    assert_eq!(spanned("type = 'a' AND x = 1"), "AND");
    assert_eq!(spanned("type = 'a' and x == 1"), "==");
    assert_eq!(spanned("type = 'a' or contain(event, 'b')"), "contain");
    assert_eq!(spanned("type = 'a' or contains(event)"), "contains(event)");
    assert_eq!(spanned("contains(event, 5) or x = 1"), "5");
    assert_eq!(spanned("match(event, '[a') or x = 1"), "'[a'");
    assert_eq!(spanned("type in ['a', b]"), "b");
    assert_eq!(spanned("x = 1 or length(type) = '3'"), "length(type) = '3'");
    assert_eq!(spanned("event = 'a\\*b'"), "\\*");
    assert_eq!(spanned("type = 'a' and x < 'b'"), "x < 'b'");
    assert_eq!(spanned("type = track"), "track");
}

#[test]
fn length_and_depth_are_bounded() {
    let nested = |levels: usize| format!("{}x = 1{}", "(".repeat(levels), ")".repeat(levels));
    assert!(holds(&nested(64), Some("1")));
    assert!(refused(&nested(65)).contains("more than 64 levels"));
    assert!(refused(&format!("{} x = 1", "!".repeat(65))).contains("more than 64 levels"));
    assert!(refused(&format!("x = '{}'", "a".repeat(4096))).contains("at most 4096"));
}

#[test]
fn the_canonical_spelling_keeps_the_meaning() {
    let canonical = |text: &str| Condition::parse(text).unwrap().to_string();
    assert_eq!(canonical("type='track'and(a=1 or b=2)"), r#"type = "track" and (a = 1 or b = 2)"#);
    assert_eq!(canonical("a = 1 and b = 2 or c = 3"), "(a = 1 and b = 2) or c = 3");
    assert_eq!(canonical("! a\\ b.c != null"), "not (a\\ b.c != null)");
    assert_eq!(canonical("not not \\and = '\"'"), r#"not not (\and = "\"")"#);
    assert_eq!(canonical("a.b = \\c"), "a.b = \\c");
}

#[test]
fn columns_of_entities_are_told_apart_from_fields() {
    let text = r"entities.product.TIER = 'gold' and \entities.product.TIER = 1 and entities.a-b.UNIT\ PRICE > 2 and entities.product.TIER != null";
    let condition = Condition::parse(text).unwrap();
    let columns: Vec<_> = condition.columns().iter().map(|read| (read.alias.as_str(), read.column.as_str())).collect();
    assert_eq!(columns, [("product", "TIER"), ("a-b", "UNIT PRICE")]);
    assert_eq!(paths(text), ["$.entities.product.TIER"]);
    let column = |place: usize| Some([br#""gold""#.as_slice(), b"3"][place]);
    assert!(condition.matches(|_| Some(b"1".as_slice()), column));
    assert!(!condition.matches(|_| Some(b"1".as_slice()), |_| None), "a row that is not there has null columns");
    assert_eq!(Condition::parse(&condition.to_string()).as_ref(), Ok(&condition));
}

#[test]
fn an_event_decides_where_no_row_could_change_the_outcome() {
    let decided = |text: &str, raw: &'static str| Condition::parse(text).unwrap().decided(|_| Some(raw.as_bytes()));
    for (condition, raw, expected) in [
        ("x = 1", "1", Some(true)),
        ("x = 1", "2", Some(false)),
        ("entities.p.A = 1", "1", None),
        ("entities.p.A = 1 and x = 1", "2", Some(false)),
        ("entities.p.A = 1 and x = 1", "1", None),
        ("entities.p.A = 1 or x = 1", "1", Some(true)),
        ("entities.p.A = 1 or x = 1", "2", None),
        ("not (entities.p.A = 1 and x = 1)", "2", Some(true)),
        ("not (entities.p.A = 1)", "2", None),
        ("x != entities.p.A", "2", None),
        ("(entities.p.A = 1 and x = 1) or (x = 2 and entities.p.B > 1)", "3", Some(false)),
    ] {
        assert_eq!(decided(condition, raw), expected, "{condition} of {raw}");
    }
}
