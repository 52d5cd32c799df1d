use serde_json::json;

use super::*;

/// What the walk says of a value: the field, the reason, the message and the help of each fault.
fn told(schema: &Value, mut value: Value) -> Vec<(String, String, String, String)> {
    let schema: Schema = serde_json::from_value(schema.clone()).unwrap();
    let faults = faults(&schema, &mut value, FieldPath::default(), &|_| true);
    let text = |fault: Diagnostic| {
        (fault.field.to_string(), fault.reason.into_owned(), fault.message, fault.help.unwrap_or_default())
    };
    faults.into_iter().map(text).collect()
}

/// Asserts the only fault of a value.
fn assert_told(schema: &Value, value: Value, expected: [&str; 4]) {
    let [field, reason, message, help] = expected.map(str::to_owned);
    assert_eq!(told(schema, value), [(field, reason, message, help)]);
}

fn member(schema: Value) -> Value {
    json!({"type": "object", "properties": {"x": schema}})
}

#[test]
fn each_bound_holds_on_both_sides() {
    for (schema, inside, outside, message, help) in [
        (
            json!({"type": "string", "minLength": 2}),
            json!("éé"),
            json!("é"),
            "this has 1 character",
            "give at least 2 characters",
        ),
        (
            json!({"type": "string", "minLength": 1}),
            json!("a"),
            json!(""),
            "this is empty",
            "give at least 1 character",
        ),
        (
            json!({"type": "string", "maxLength": 2}),
            json!("éé"),
            json!("ééé"),
            "this has 3 characters",
            "give at most 2 characters",
        ),
        (json!({"type": "array", "minItems": 1}), json!([1]), json!([]), "this is empty", "give at least 1 item"),
        (json!({"type": "array", "maxItems": 1}), json!([1]), json!([1, 2]), "this has 2 items", "give at most 1 item"),
        (json!({"type": "integer", "minimum": 0.0}), json!(0), json!(-1), "-1 is too small", "write at least 0"),
        (json!({"type": "integer", "maximum": 9.0}), json!(9), json!(10), "10 is too large", "write at most 9"),
        (
            json!({"type": "integer", "format": "int32"}),
            json!(2_147_483_647),
            json!(2_147_483_648_i64),
            "2147483648 is too large",
            "write at most 2147483647",
        ),
    ] {
        assert_eq!(told(&member(schema.clone()), json!({"x": inside})), [], "{schema}");
        assert_told(&member(schema), json!({"x": outside}), ["x", "InvalidValue", message, help]);
    }
}

#[test]
fn each_type_is_told_from_the_others() {
    let values = [json!({}), json!([]), json!("a"), json!(true), json!(1), json!(1.5)];
    for (name, accepted) in [
        ("object", vec![0]),
        ("array", vec![1]),
        ("string", vec![2]),
        ("boolean", vec![3]),
        ("integer", vec![4]),
        ("number", vec![4, 5]),
    ] {
        for (place, value) in values.iter().enumerate() {
            let faults = told(&member(json!({"type": name})), json!({"x": value}));
            assert_eq!(faults.is_empty(), accepted.contains(&place), "{name} {value}: {faults:?}");
        }
    }
}

#[test]
fn a_number_where_a_text_belongs_is_to_be_quoted() {
    let expected = ["x", "WrongType", "this has to be a text, not the number 5", "put it in quotes: \"5\""];
    assert_told(&member(json!({"type": "string"})), json!({"x": 5}), expected);
}

#[test]
fn an_unknown_field_gets_a_suggestion_and_is_not_missing_too() {
    let schema = json!({"type": "object", "required": ["tableRef"], "properties": {"tableRef": {"type": "string"}}});
    let expected = ["tableref", "UnknownField", "there is no field `tableref` here", "did you mean `tableRef`?"];
    assert_told(&schema, json!({"tableref": "t"}), expected);
}

#[test]
fn a_missing_field_is_told_with_what_it_is_for() {
    let table = json!({"type": "string", "description": "The table. More."});
    let schema = json!({"type": "object", "required": ["tableRef"], "properties": {"tableRef": table}});
    for value in [json!({}), json!({"tableRef": null})] {
        let expected = ["tableRef", "MissingField", "`tableRef` is missing", "add `tableRef`: The table"];
        assert_told(&schema, value, expected);
    }
}

#[test]
fn a_value_out_of_a_few_is_listed_with_them() {
    let schema = member(json!({"type": "string", "enum": ["Forward", "Drop"]}));
    assert_eq!(told(&schema, json!({"x": "Drop"})), []);
    let help = "did you mean `Forward`? It takes `Forward` or `Drop`";
    let expected = ["x", "InvalidValue", "the text \"forward\" is none of the values it takes", help];
    assert_told(&schema, json!({"x": "forward"}), expected);
}

#[test]
fn a_pattern_is_shown_with_what_the_field_is_for() {
    let schema = member(json!({"type": "string", "pattern": "^[a-z]+$", "description": "Lower case.\n\nMore."}));
    assert_eq!(told(&schema, json!({"x": "abc"})), []);
    let message = "\"aBc\" does not match the pattern `^[a-z]+$`";
    assert_told(&schema, json!({"x": "aBc"}), ["x", "InvalidValue", message, "Lower case"]);
}

#[test]
fn items_that_share_their_key_are_told() {
    let item = json!({"type": "object", "properties": {"name": {"type": "string"}, "n": {"type": "integer"}}});
    let list = |kind: &str, keys: Value| {
        member(
            json!({"type": "array", "items": item, "x-kubernetes-list-type": kind, "x-kubernetes-list-map-keys": keys}),
        )
    };
    let items = json!({"x": [{"name": "a", "n": 1}, {"name": "b"}, {"name": "a", "n": 2}]});
    let help = "change or remove one of the two";
    let expected = ["x[2].name", "DuplicateItem", "name \"a\" is already at `x[0]`", help];
    assert_told(&list("map", json!(["name"])), items.clone(), expected);
    assert_eq!(told(&list("atomic", json!([])), items.clone()), []);
    assert_eq!(told(&list("set", json!([])), items), []);
    let set = member(json!({"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"}));
    let expected = ["x[1]", "DuplicateItem", "\"a\" is already at `x[0]`", help];
    assert_told(&set, json!({"x": ["a", "a"]}), expected);
}

#[test]
fn what_is_open_takes_anything() {
    let open = member(json!({"x-kubernetes-preserve-unknown-fields": true}));
    for value in [json!(null), json!({"a": [1, {"b": null}]}), json!(5)] {
        assert_eq!(told(&open, json!({"x": value})), []);
    }
    let texts = member(json!({"type": "object", "additionalProperties": {"type": "string"}}));
    assert_eq!(told(&texts, json!({"x": {"a": "b"}})), []);
    assert_eq!(told(&texts, json!({"x": {"a": 5}}))[0].0, "x.a");
}

#[test]
fn null_is_no_value_as_for_the_api_server() {
    let schema: Schema = serde_json::from_value(member(json!({"type": "string"}))).unwrap();
    let mut value = json!({"x": null});
    assert!(faults(&schema, &mut value, FieldPath::default(), &|_| true).is_empty());
    assert_eq!(value, json!({}));
}

#[test]
fn only_texts_without_quotes_are_booleans_of_older_yaml() {
    let schema: Schema = serde_json::from_value(member(json!({"type": "boolean"}))).unwrap();
    let mut value = json!({"x": "off"});
    assert_eq!(faults(&schema, &mut value, FieldPath::default(), &|_| true)[0].reason, "YamlBoolean");
    assert_eq!(value, json!({"x": false}));
    let mut value = json!({"x": "off"});
    assert_eq!(faults(&schema, &mut value, FieldPath::default(), &|_| false)[0].reason, "WrongType");
}
