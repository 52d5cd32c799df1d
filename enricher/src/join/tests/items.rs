//! Rows that are looked up for each item of an array.

use super::*;

/// Each item's product, and its brand.
fn basket(on_missing: &str) -> Value {
    let mut item = alias("i", "product", &[("ID", "@.id")], false);
    item["forEach"] = json!("$.items");
    let brand = hop("b", "brand", ("i", "BRAND"), true);
    let writes = vec![
        enrichment(("i", "NAME"), "@.name", json!("omit")),
        enrichment(("b", "COUNTRY"), "@.from.country", json!("omit")),
    ];
    rule("r", None, vec![item, brand], writes, on_missing)
}

/// The outcome under [`basket`] of an event with these items.
fn sent(items: &str) -> String {
    one(basket("Forward"), &format!(r#"{{"items":{items}}}"#))
}

#[test]
fn every_item_gets_its_own_row_and_the_row_behind_it() {
    assert_eq!(
        sent(r#"[{"id":1}, {"id":"2","name":"x"} ,{ }]"#),
        r#"PartiallyEnriched: {"items":[{"id":1,"name":"Mug","from":{"country":"DE"}}, {"id":"2","name":"Pen"} ,{ }]}"#
    );
    assert_eq!(sent(r#"[{"id":1}]"#), r#"Enriched: {"items":[{"id":1,"name":"Mug","from":{"country":"DE"}}]}"#);
}

#[test]
fn an_array_that_is_absent_null_or_empty_has_no_items_to_look_up() {
    assert_eq!(one(basket("Drop"), "{}"), "Enriched: {}");
    assert_eq!(sent("null"), r#"Enriched: {"items":null}"#);
    assert_eq!(sent(" [ ] "), r#"Enriched: {"items": [ ] }"#);
}

#[test]
fn a_value_that_is_no_array_is_a_dead_letter_and_so_is_one_that_is_too_long() {
    assert_eq!(sent("{}"), "not_an_array: $.items is neither an array nor null, it has no items");
    let items = |count: usize| format!("[{}0]", "0,".repeat(count - 1));
    assert!(sent(&items(10_000)).starts_with("Unenriched"));
    assert_eq!(sent(&items(10_001)), "too_many_items: the array at $.items has more than 10000 items");
}

#[test]
fn items_without_a_row_decide_as_a_missing_row_does() {
    let items = r#"{"items":[{"id":1},{"id":9}]}"#;
    assert_eq!(one(basket("Drop"), items), "Dropped");
    assert_eq!(one(basket("DeadLetter"), items), "missing: no row for i (entity product, key from @.id), item 1");
}

#[test]
fn an_item_that_is_a_key_by_itself_is_read_but_cannot_be_written_into() {
    let mut item = alias("i", "product", &[("ID", "@")], false);
    item["forEach"] = json!("$.ids");
    let read = rule("r", None, vec![item.clone()], vec![], "DeadLetter");
    assert_eq!(one(read, r#"{"ids":[1,2]}"#), r#"Enriched: {"ids":[1,2]}"#);
    let written = rule("r", None, vec![item], vec![enrichment(("i", "NAME"), "@.name", json!("null"))], "Forward");
    let message = "bad_parent: $.ids[1] is neither an object nor null, nothing can be written below it";
    assert_eq!(one(written, r#"{"ids":[null,2]}"#), message);
}

#[test]
fn a_null_item_becomes_an_object() {
    let mut item = alias("i", "product", &[("ID", "@.id")], false);
    item["forEach"] = json!("$.items");
    let rule = rule("r", None, vec![item], vec![enrichment(("i", "NAME"), "@.name", json!("null"))], "Forward");
    assert_eq!(one(rule, r#"{"items":[null]}"#), r#"Unenriched: {"items":[{"name":null}]}"#);
}

#[test]
fn a_repeated_key_in_an_item_is_a_dead_letter_where_the_rule_reads_it() {
    let message = "duplicate_key: the key at $.items[1].id occurs more than once in its object";
    assert_eq!(sent(r#"[{"id":1,"x":1,"x":2},{"id":1,"id":2}]"#), message);
    assert!(sent(r#"[{"id":1,"x":1,"x":2}]"#).starts_with("Enriched"));
}

#[test]
fn a_key_may_join_a_part_of_the_event_and_a_part_of_the_item() {
    let mut line = alias("l", "line", &[("CART", "$.cart"), ("LINE", "@.line")], false);
    line["forEach"] = json!("$.lines");
    let rule = rule("r", None, vec![line], vec![enrichment(("l", "NOTE"), "@.note", json!("omit"))], "Forward");
    assert_eq!(
        one(rule, r#"{"cart":"a","lines":[{"line":7},{"line":8}]}"#),
        r#"PartiallyEnriched: {"cart":"a","lines":[{"line":7,"note":"gift"},{"line":8}]}"#
    );
}

#[test]
fn rules_that_walk_one_array_each_write_what_is_theirs() {
    let mut item = alias("i", "product", &[("ID", "@.sku")], false);
    item["forEach"] = json!("$.items");
    let by_sku = rule("s", None, vec![item], vec![enrichment(("i", "NAME"), "@.sku", json!("omit"))], "Forward");
    let outcomes = joined(json!([basket("Forward"), by_sku]), &[r#"{"items":[{"id":2,"sku":1}]}"#]);
    assert_eq!(outcomes[0][0], r#"PartiallyEnriched: {"items":[{"id":2,"sku":1,"name":"Pen"}]}"#);
    assert_eq!(outcomes[0][1], r#"Enriched: {"items":[{"id":2,"sku":"Mug"}]}"#);
}
