use proptest::prelude::*;
use serde::de::IgnoredAny;
use serde_json::Value;
use weft_language::Path;

use super::*;
use crate::cases;

fn path(text: &str) -> Path {
    Path::parse(text).unwrap()
}

/// The texts at some paths of an event, `None` where there is nothing.
fn found<'event>(event: &'event str, paths: &[&str]) -> Vec<Option<&'event str>> {
    let mut tree = PathTree::new();
    let nodes: Vec<_> = paths.iter().map(|text| *tree.insert(&path(text)).last().unwrap()).collect();
    let mut slots = vec![Slot::default(); tree.len()];
    scan(&tree, event.as_bytes(), &mut slots).unwrap();
    nodes
        .iter()
        .map(|node| slots[node.index()].of(event.as_bytes()).map(|text| str::from_utf8(text).unwrap()))
        .collect()
}

/// The event with values written to paths.
fn written(event: &str, writes: &[(&str, Option<&str>)]) -> Result<String, String> {
    let (mut tree, mut targets) = (PathTree::new(), WriteTree::default());
    for (number, (text, _)) in writes.iter().enumerate() {
        let path = path(text);
        let names: Vec<_> = path
            .segments()
            .iter()
            .map(|segment| match segment {
                weft_language::Segment::Name(name) => name.as_str(),
                weft_language::Segment::Index(_) => unreachable!("only names are written"),
            })
            .collect();
        targets.insert(&mut tree, &names, number);
    }
    let mut slots = vec![Slot::default(); tree.len()];
    if scan(&tree, event.as_bytes(), &mut slots).map_err(|error| error.message())? {
        return Err("repeated".to_owned());
    }
    let mut out = Vec::new();
    let value = |number: usize| writes[number].1.map(str::as_bytes);
    let mut splicer = Splicer::default();
    let written = splicer.write(&slots, &targets, &value);
    written.map_err(|bad| format!("bad parent {}", tree.path(bad.node)))?;
    splicer.splice(event.as_bytes(), &mut out);
    Ok(String::from_utf8(out).unwrap())
}

fn fault(event: &[u8]) -> String {
    let tree = PathTree::new();
    scan(&tree, event, &mut [Slot::default()]).unwrap_err().message()
}

#[test]
fn values_are_found_as_they_stand() {
    let event = r#" {"a" : {"b" :[1, {"c":"x\"y"} ,3.50] , "d":null}, "e\u0066": -1e2 } "#;
    let texts = found(event, &["$.a.b", "$.a.b[1].c", "$.a.b[2]", "$.a.b[3]", "$.a.d", "$.ef", "$.a.d.x", "$.g"]);
    let expected = [
        Some(r#"[1, {"c":"x\"y"} ,3.50]"#),
        Some(r#""x\"y""#),
        Some("3.50"),
        None,
        Some("null"),
        Some("-1e2"),
        None,
        None,
    ];
    assert_eq!(texts, expected);
}

#[test]
fn a_repeated_key_on_a_path_is_noticed_and_elsewhere_is_not() {
    let mut tree = PathTree::new();
    let nodes = tree.insert(&path("$.a.b"));
    let repeated = |event: &str| {
        let mut slots = vec![Slot::default(); tree.len()];
        let any = scan(&tree, event.as_bytes(), &mut slots).unwrap();
        (any, nodes.iter().map(|node| slots[node.index()].repeated).collect::<Vec<_>>())
    };
    assert_eq!(repeated(r#"{"a":{"b":1,"\u0062":2}}"#), (true, vec![false, false, true]));
    assert!(repeated(r#"{"a":{"b":1},"a":{}}"#).1[1]);
    assert_eq!(repeated(r#"{"x":1,"x":2,"a":{"c":1,"c":2}}"#), (false, vec![false; 3]));
}

#[test]
fn values_are_written_where_they_belong() {
    let write = |event, to, value| written(event, &[(to, Some(value))]).unwrap();
    assert_eq!(write(r#"{"a":1}"#, "$.b", "2"), r#"{"a":1,"b":2}"#);
    assert_eq!(write("{ }", "$.b", "2"), r#"{ "b":2}"#);
    assert_eq!(write(r#"{"a":1, "b" : [1] }"#, "$.b", "2"), r#"{"a":1, "b" : 2 }"#);
    assert_eq!(write(r#"{"a":{}}"#, "$.a.b.c", "2"), r#"{"a":{"b":{"c":2}}}"#);
    assert_eq!(write(r#"{"a":null}"#, "$.a.b", "2"), r#"{"a":{"b":2}}"#);
    assert_eq!(write("{}", r#"$['"']"#, "2"), r#"{"\"":2}"#);
    assert_eq!(written(r#"{"a":[]}"#, &[("$.a.b", Some("2"))]), Err("bad parent $.a".into()));
}

#[test]
fn what_has_no_value_leaves_no_trace() {
    assert_eq!(written(r#"{"a":1}"#, &[("$.b.c", None), ("$.a", None)]).unwrap(), r#"{"a":1}"#);
    assert_eq!(written(r#"{"a":7}"#, &[("$.a.c", None)]).unwrap(), r#"{"a":7}"#);
    let some = [("$.p.a", None), ("$.p.b", Some("1")), ("$.p.c", None), ("$.q.d", Some("2"))];
    assert_eq!(written(r#"{"q":{"z":0}}"#, &some).unwrap(), r#"{"q":{"z":0,"d":2},"p":{"b":1}}"#);
}

#[test]
fn faults_name_the_column_and_what_was_expected() {
    assert_eq!(fault(b"{\"a\":\xff}"), "invalid UTF-8 at column 6");
    assert_eq!(fault(b"[1]"), "an event is a JSON object, this line holds another value");
    assert_eq!(fault(br#"{"a":1"#), "invalid JSON: the line ends within a value at column 7");
    assert_eq!(fault(br#"{"a" 1}"#), "invalid JSON: expected `:` at column 6");
    assert_eq!(fault(br#"{"a":01}"#), "invalid JSON: expected `,` or `}` at column 7");
    assert_eq!(fault(br#"{"a":1} x"#), "invalid JSON: expected the end of the line at column 9");
    assert_eq!(
        fault(b"{\"a\":\"\x01\"}"),
        "invalid JSON: expected an escape instead of a control character at column 7"
    );
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    assert_eq!(fault(deep.as_bytes()), "invalid JSON: nested deeper than 512 at column 517");
}

fn check<S: Strategy>(strategy: S, test: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    cases::runner(1).run(&strategy, test).unwrap();
}

/// JSON text with odd spacing and escapes; member names are of a small set, so that paths meet them.
fn json() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|value| value.to_string()),
        any::<i64>().prop_map(|value| value.to_string()),
        "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,5})?([eE][+-]?[0-9]{1,3})?",
        any::<String>().prop_map(|value| serde_json::to_string(&value).unwrap()),
        Just(r#""\ud800\u00e9 \/""#.to_owned()),
    ];
    scalar.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            (space(), prop::collection::vec((space(), inner.clone()), 0..4)).prop_map(|(space, items)| {
                let items: Vec<_> = items.iter().map(|(space, item)| format!("{space}{item}")).collect();
                format!("[{space}{}]", items.join(","))
            }),
            object(inner),
        ]
    })
}

fn object(value: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let member = (space(), prop::sample::select(&["a", "b", "c", "d", "\\u0061", "é"][..]), space(), value);
    (space(), prop::collection::vec(member, 0..5)).prop_map(|(end, members)| {
        let members: Vec<_> = members
            .iter()
            .map(|(before, name, after, value)| format!("{before}\"{name}\"{after}:{value}{after}"))
            .collect();
        format!("{{{}{end}}}", members.join(","))
    })
}

fn space() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&["", "", "", " ", "\t", " \r "][..])
}

#[test]
fn exactly_the_lines_that_are_json_objects_are_events() {
    let mutated = (object(json()), prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3));
    let mut tree = PathTree::new();
    ["$.a.b", "$.a[1]", "$.c.a.b", "$.d"].iter().for_each(|text| {
        tree.insert(&path(text));
    });
    check(mutated, |(text, changes)| {
        let mut bytes = text.into_bytes();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            match byte % 4 {
                0 => drop(bytes.remove(place)),
                1 => bytes.insert(place, b"{}[],:\"\\0eu-."[byte as usize % 13]),
                _ => bytes[place] = byte,
            }
            if bytes.is_empty() {
                return Ok(());
            }
        }
        let ours = scan(&tree, &bytes, &mut vec![Slot::default(); tree.len()]).is_ok();
        let theirs = str::from_utf8(&bytes).is_ok_and(|text| {
            serde_json::from_str::<IgnoredAny>(text).is_ok() && text.trim_ascii_start().starts_with('{')
        });
        prop_assert_eq!(ours, theirs, "{}", String::from_utf8_lossy(&bytes));
        Ok(())
    });
}

/// Every scalar of a value with its path, in order, as written; what lies at or below `except` is left out.
fn leaves(text: &str, at: String, except: &[&str], out: &mut Vec<(String, String)>) {
    struct Members<'text>(Vec<(String, &'text serde_json::value::RawValue)>);
    impl<'de> serde::Deserialize<'de> for Members<'de> {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Visitor;
            impl<'de> serde::de::Visitor<'de> for Visitor {
                type Value = Members<'de>;
                fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    formatter.write_str("an object")
                }
                fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                    let mut members = Vec::new();
                    while let Some(member) = map.next_entry()? {
                        members.push(member);
                    }
                    Ok(Members(members))
                }
            }
            deserializer.deserialize_map(Visitor)
        }
    }
    if except.contains(&at.as_str()) {
        return;
    }
    if !text.starts_with('{') {
        return out.push((at, text.to_owned()));
    }
    for (name, value) in serde_json::from_str::<Members<'_>>(text).unwrap().0 {
        leaves(value.get(), format!("{at}.{name}"), except, out);
    }
}

/// What the written paths should hold, done the simple way; `None` where a parent refuses.
fn expected(mut event: Value, writes: &[(&str, Option<&str>)]) -> Option<Value> {
    for (path, value) in writes {
        let Some(value) = value else { continue };
        let mut place = &mut event;
        for name in path.trim_start_matches("$.").split('.') {
            if place.is_null() {
                *place = Value::Object(serde_json::Map::new());
            }
            place = place.as_object_mut()?.entry(name).or_insert(Value::Null);
        }
        *place = serde_json::from_str(value).unwrap();
    }
    Some(event)
}

#[test]
fn a_splice_changes_the_written_places_and_nothing_else() {
    let value = || prop::option::weighted(0.8, prop::sample::select(&["1", "\"x\"", "null", "{\"n\":1.50}"][..]));
    check((object(json()), value(), value(), value(), value()), |(event, v1, v2, v3, v4)| {
        let paths = ["$.a.b", "$.c", "$.a.d.a", "$.b.c.d"];
        let writes: Vec<_> = paths.into_iter().zip([v1, v2, v3, v4]).collect();
        let result = written(&event, &writes);
        // Events with lone surrogates are none for serde_json; where a key is repeated, the join does not write.
        let Ok(parsed) = serde_json::from_str::<Value>(&event) else { return Ok(()) };
        if result == Err("repeated".to_owned()) {
            return Ok(());
        }
        match (result, expected(parsed, &writes)) {
            (Ok(text), Some(expected)) => {
                prop_assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), expected, "{} -> {}", event, text);
                let touched: Vec<_> = writes.iter().filter(|write| write.1.is_some()).map(|write| write.0).collect();
                // A parent that was null is an object now: it is no leaf any more.
                let kept = |leaves: Vec<(String, String)>| {
                    leaves
                        .into_iter()
                        .filter(|(path, _)| !touched.iter().any(|to| to.starts_with(&format!("{path}."))))
                        .collect::<Vec<_>>()
                };
                let (mut old, mut new) = (Vec::new(), Vec::new());
                leaves(event.trim(), "$".into(), &touched, &mut old);
                leaves(text.trim(), "$".into(), &touched, &mut new);
                prop_assert_eq!(kept(old), kept(new));
            }
            (Err(_), None) => {}
            (result, expected) => prop_assert!(false, "{event}: {result:?}, expected {expected:?}"),
        }
        Ok(())
    });
}
