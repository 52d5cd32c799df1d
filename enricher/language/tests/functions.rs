//! Lists and functions: what the documentation of Segment's language says, and what it leaves open.

mod event;

use event::holds;

/// The object of the page's examples.
const PAGE: &str = r#"{"event":"Button Clicked","type":"track","context":{"library":{"name":"analytics.js","version":"1.0"}},
    "properties":{"features":["discounts", "dark-mode"]}}"#;

/// Each condition with its outcome for one event.
fn judge(event: &str, table: &[(&str, bool)]) {
    for (condition, expected) in table {
        assert_eq!(holds(condition, event), *expected, "{condition}");
    }
}

#[test]
fn the_examples_of_the_documentation_come_out_as_documented() {
    judge(
        PAGE,
        &[
            ("event = 'Button Clicked'", true),
            ("event = 'Screen Tapped'", false),
            ("context.path.path = '/login'", false),
            ("type = 'identify' or type = 'track'", true),
            ("event = 'Button Clicked' and type = 'track'", true),
            ("match( context.library.version, '1.*' )", true),
            ("match( context.library.version, '2.*' )", false),
            ("type = 'track' and ( event = 'Click' or match( event, 'Button *' ) )", true),
            ("!contains( context.library.name, 'js' )", false),
            ("'dark-mode' in properties.features", true),
            ("'blink' in properties.features", false),
            // Subexpressions; the first has the arguments of match the wrong way round.
            ("type = 'track' and ( event = 'Click' or match( 'Button *', event ) )", false),
            (
                "( type = 'track' or type = 'identify' ) and ( properties.enabled or match( traits.email, '*@company.com' ) )",
                false,
            ),
            ("!( type in ['track', 'identify'] )", false),
            // Globs.
            ("match( 'abcd', 'a*d' )", true),
            ("match( '', '*' )", true),
            ("match( 'abc', 'ab' )", false),
            ("match( 'abcd', 'a??d' )", true),
            ("match( 'abcd', '*d' )", true),
            (r"match( 'ab*d', 'ab\*d' )", true),
            ("match( 'abCd', 'ab[cC]d' )", true),
            ("match( 'abcd', 'ab[a-z]d' )", true),
            ("match( 'abcd', 'ab[A-Z]d' )", false),
            // Null.
            ("contains( null, 'a' )", false),
            ("length( null ) = 0", true),
            ("lowercase( null ) = null", true),
            ("typeof( null ) = 'null'", true),
            ("match( null, '*' )", false),
            ("length( userId ) > 0", false),
            // Functions.
            ("contains( 'string', 'rin' )", true),
            ("length( 'a' ) = 1", true),
            ("length( 'ア' ) = 3", true),
            ("length( properties.features ) = 2", true),
            ("lowercase( event ) = 'button clicked'", true),
            ("uppercase( event ) = 'BUTTON CLICKED'", true),
            ("snakecase( 'test string' ) = 'test_string'", true),
            ("kebabcase( 'test string' ) = 'test-string'", true),
            ("titlecase( 'test string' ) = 'Test String'", true),
            ("typeof( event ) = 'string'", true),
            ("typeof( properties.features ) = 'list'", true),
        ],
    );
    judge(
        r#"{"properties":{"product 1":{"price":"19.99"},"enabled":true}}"#,
        &[
            (r"properties.product\ 1.price = '19.99'", true),
            ("properties.enabled and !properties.disabled", true),
            ("(properties.enabled or match(traits.email, '*@company.com'))", true),
        ],
    );
}

#[test]
fn what_the_published_parser_gets_wrong_comes_out_as_written() {
    judge(
        r#"{"type":"track","event":"Order Completed","name":null,"userId":"u1","anonymousId":"a","messageId":"m",
            "properties":{"t":true,"and":"x","1a":"y","arr":[{"p":1}],"$x":2,"q":"a\"b","a.b":{"c":3},"number":10,"tags":["a"]}}"#,
        &[
            // `and` binds tighter than `or`, wherever they stand.
            ("type = 'x' and event = 'x' or userId = 'u1'", true),
            ("userId = 'u1' or type = 'x' and event = 'x'", true),
            ("(userId = 'u1' or type = 'x') and event = 'x'", false),
            // A function within parentheses does not end them.
            ("type = 'identify' and (contains(event, 'Order') or event = 'x')", false),
            ("((type = 'track'))", true),
            ("!(type = 'track')", false),
            ("type = 'track'", true),
            ("type = \"track\"", true),
            ("match(event, '*der*')", true),
            ("match(event, 'Order Completed')", true),
            ("match(event, 'XXder Completed')", false),
            ("match(event, 'Order ?ompleted')", true),
            ("match(event, '[A-Z]rder*')", true),
            ("type in ['track', 'page']", true),
            ("length(event) = 15", true),
            ("lowercase(event) = 'order completed'", true),
            ("typeof(event) = 'string'", true),
            ("event != null", true),
            ("name = null", true),
            ("name = 'null'", false),
            ("missing = null", true),
            ("missing != null", false),
            ("properties.t != true", false),
            ("properties.t = 'true'", false),
            ("properties.number = '10'", false),
            ("properties.number = 10", true),
            ("properties.and = 'x'", true),
            ("properties.1a = 'y'", true),
            ("properties.arr[0].p = 1", true),
            (r"properties.\$x = 2", true),
            (r#"properties.q = "a\"b""#, true),
            (r"properties.a\.b.c = 3", true),
            ("'a' in properties.tags", true),
            // Every top-level field counts; none is dropped.
            ("type = 'track' and anonymousId = 'zzz'", false),
            ("type = 'track' and messageId = 'm'", true),
        ],
    );
    for refused in ["type = 'track' or", "and type = 'track'", "type = 'track')", "type = ", "", "type = 'a' AND x = 1"]
    {
        assert!(weft_language::Condition::parse(refused).is_err(), "{refused}");
    }
}

#[test]
fn lists_are_equal_item_by_item() {
    judge(
        r#"{"tags":["a", "b"],"same":["\u0061","b"],"more":["a","b","c"],"none":[],"deep":[[1,[2]],"x"],"deep2":[ [1.0,[2e0]] ,"x"],
            "objects":[{"a":1}],"mixed":[1,"1",true,null,"a,]\"b"],"text":"a"}"#,
        &[
            ("tags = ['a', 'b']", true),
            ("tags = ['b', 'a']", false),
            ("tags = ['a']", false),
            ("tags != ['a']", true),
            (r"tags = \same", true),
            (r"tags = \more", false),
            ("none = []", true),
            ("none = null", false),
            ("missing = []", false),
            (r"deep = \deep2", true),
            (r"objects = \objects", false),
            ("tags = 'a'", false),
            ("1 in mixed", true),
            ("'1' in mixed", true),
            ("'true' in mixed", false),
            ("true in mixed", true),
            ("null in mixed", true),
            ("missing in mixed", true),
            (r#"'a,]"b' in mixed"#, true),
            ("'b' in mixed", false),
            ("missing in tags", false),
            ("'a' in text", false),
            ("'a' in missing", false),
            ("text in tags", true),
            ("text in ['b', 1, null]", false),
            ("missing in ['b', null]", true),
            ("length(mixed) = 5", true),
            ("length(none) = 0", true),
            ("length(deep) = 2", true),
            ("lowercase(text) in ['A', 'a']", true),
        ],
    );
}

#[test]
fn a_value_of_a_wrong_type_counts_as_null() {
    judge(
        r#"{"n":5,"b":true,"o":{"a":1},"l":["a"],"t":"a"}"#,
        &[
            ("contains(n, '5')", false),
            ("contains(l, 'a')", false),
            (r"contains(t, \n)", false),
            ("match(n, '*')", false),
            ("length(n) = 0", true),
            ("length(o) = 0", true),
            ("lowercase(n) = null", true),
            ("titlecase(l) = null", true),
            ("number(b) = null", true),
            ("number(l) = null", true),
            ("string(o) = null", true),
            ("bool(o)", false),
            ("typeof(o) = 'object'", true),
            ("typeof(b) = 'bool'", true),
            ("typeof(n) = 'number'", true),
            ("o = null", false),
            ("o != null", true),
            ("n and b", false),
            ("b and !n", true),
        ],
    );
}

#[test]
fn conversions_give_what_a_reader_would_expect() {
    judge(
        r#"{"yes":"true","no":"false","zero":"0","empty":"","n":"1.50","e":"1e2","word":"x","big":9007199254740993,
            "price":10.50,"tiny":1e-80,"l":[1.0, "a\u0022\u00e9", {"k" : [true,null]}],"esc":"\u0031"}"#,
        &[
            ("bool(yes)", true),
            ("bool(no)", false),
            ("bool(zero)", false),
            ("bool(empty)", false),
            ("bool(word)", true),
            ("bool(missing)", false),
            ("bool(big)", true),
            ("bool(0.0)", false),
            ("bool([])", false),
            ("bool(l)", true),
            ("bool(true)", true),
            ("number(n) = 1.5", true),
            ("number(e) = 100", true),
            ("number(esc) = 1", true),
            ("number(word) = null", true),
            ("number(empty) = null", true),
            ("number(missing) = null", true),
            ("number(' 1') = null", true),
            ("number(big) = 9007199254740993", true),
            ("string(big) = '9007199254740993'", true),
            ("string(price) = '10.5'", true),
            ("string(tiny) = null", true),
            ("string(1e2) = '100'", true),
            ("string(true) = 'true'", true),
            ("string(word) = 'x'", true),
            ("string(missing) = null", true),
            (r#"string(l) = '[1,"a\\"é",{"k":[true,null]}]'"#, true),
            ("string(['a', 1.0, null, false]) = '[\"a\",1,null,false]'", true),
            ("length(string(big)) = 16", true),
        ],
    );
}

#[test]
fn cases_change_characters_one_by_one_as_unicode_maps_them() {
    judge(
        r#"{"s":"stra\u00dfe  OF Gold","i":"\u0130","half":"\ud83dA","tab":"a\tb c"}"#,
        &[
            ("uppercase(s) = 'STRASSE  OF GOLD'", true),
            ("titlecase(s) = 'Straße  Of Gold'", true),
            ("kebabcase(s) = 'straße--OF-Gold'", true),
            ("snakecase(tab) = 'a\\tb_c'", true),
            ("snakecase(lowercase(s)) = 'straße__of_gold'", true),
            ("uppercase(titlecase(uppercase(s))) = uppercase(s)", true),
            ("lowercase(i) = 'i\u{307}'", true),
            ("length(lowercase(i)) = 3", true),
            ("length(uppercase('ß')) = 2", true),
            ("length(half) = 4", true),
            (r"lowercase(half) != \half", true),
            ("contains(lowercase(half), 'a')", true),
            ("contains(uppercase(s), 'SSE')", true),
            ("match(lowercase(s), '*of gold')", true),
        ],
    );
}

#[test]
fn patterns_work_on_characters_and_match_the_whole_text() {
    judge(
        r#"{"p":"a*","bad":"[a","long":"LONG"}"#,
        &[
            ("match('é', '?')", true),
            ("match('é', '??')", false),
            ("match('日本語', '日?語')", true),
            ("match('日本語', '*?語')", true),
            ("match('x日', '*[一-龠]')", true),
            ("match('a😀b', 'a[😀-😂]b')", true),
            ("match('a-b', 'a[-x]b')", true),
            ("match('a-b', 'a[x-]b')", true),
            (r"match('a]b', 'a[\]]b')", true),
            (r"match('a!b', 'a[\!]b')", true),
            (r"match('a^b', 'a[b^]b')", true),
            (r"match('a\\b', 'a\\\\b')", true),
            (r"match('ab', 'a\\b')", true),
            ("match('a]', 'a]')", true),
            ("match('', '')", true),
            ("match('', '?')", false),
            ("match('abab', '*ab')", true),
            ("match('ab', 'ab*ab')", false),
            ("match('aba', 'ab*ba')", false),
            ("match('abcabd', '*ab?')", true),
            ("match('xaybz', '*a*b*')", true),
            ("match('xbyaz', '*a*b*')", false),
            ("match('aXbXc', 'a*[A-Z]c')", true),
            ("match('mississippi', 'm*[s]?ip*')", true),
            ("match('a', '**a**')", true),
            (r"match('abc', \p)", true),
            (r"match('bc', \p)", false),
            (r"match('a', \bad)", false),
            ("match('A', 'a')", false),
            ("match('a\nb', 'a*b')", true),
        ],
    );
}

#[test]
fn a_hostile_pattern_takes_no_exponential_time() {
    let event = format!(r#"{{"text":"{}","pattern":"{}b"}}"#, "a".repeat(20_000), "*a".repeat(500));
    assert!(!holds(&format!("match(text, '{}b')", "*a".repeat(1_500)), &event));
    assert!(!holds(&format!("match(text, '{}b')", "*?a".repeat(1_000)), &event));
    assert!(!holds(&format!("match(text, '*{}b*')", "?a".repeat(1_000)), &event));
    assert!(!holds(r"match(text, \pattern)", &event));
    let long = format!(r#"{{"text":"a","pattern":"{}"}}"#, "*".repeat(1_025));
    assert!(!holds(r"match(text, \pattern)", &long), "a pattern of an event has at most 1,024 bytes");
}

#[test]
fn calls_nest_as_deep_as_parentheses() {
    let nested = |levels: usize| format!("{}x{} = 'a'", "lowercase(".repeat(levels), ")".repeat(levels));
    assert!(holds(&nested(64), r#"{"x":"A"}"#));
    let error = weft_language::Condition::parse(&nested(65)).unwrap_err();
    assert!(error.message.contains("more than 64 levels"), "{error}");
}
