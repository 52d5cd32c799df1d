//! Rows that are found by way of other rows.

use super::*;

/// Product, brand and country, in an order that is not theirs.
fn geography(on_missing: &str) -> Value {
    let entities =
        vec![hop("c", "country", ("b", "COUNTRY"), false), product(false), hop("b", "brand", ("p", "BRAND"), false)];
    rule("r", None, entities, vec![enrichment(("c", "NAME"), "$.country", json!("null"))], on_missing)
}

#[test]
fn a_hop_finds_its_key_in_the_row_before_it_however_far_that_is() {
    assert_eq!(one(geography("Drop"), r#"{"id":1}"#), r#"Enriched: {"id":1,"country":"Germany"}"#);
}

#[test]
fn a_hop_from_a_missing_row_or_a_null_column_has_no_key() {
    assert_eq!(one(geography("Forward"), r#"{"id":9}"#), r#"Unenriched: {"id":9,"country":null}"#);
    assert_eq!(one(geography("Forward"), r#"{"id":2}"#), r#"PartiallyEnriched: {"id":2,"country":null}"#);
    assert_eq!(
        one(geography("DeadLetter"), r#"{"id":2}"#),
        "missing: no key for c (entity country, key from b.COUNTRY): the value is absent, null or empty"
    );
}

#[test]
fn events_that_share_rows_at_every_level_each_find_their_own() {
    let events = [r#"{"id":1}"#, r#"{"id":2}"#, r#"{"id":1,"x":0}"#];
    let sent: Vec<_> = joined(json!([geography("Forward"), geography("Drop")]), &events).concat();
    let [first, drop, second, dropped, third, last] = sent.try_into().unwrap();
    assert_eq!([first, drop], [r#"Enriched: {"id":1,"country":"Germany"}"#; 2]);
    assert_eq!([second.as_str(), dropped.as_str()], [r#"PartiallyEnriched: {"id":2,"country":null}"#, "Dropped"]);
    assert_eq!([third, last], [r#"Enriched: {"id":1,"x":0,"country":"Germany"}"#; 2]);
}

#[test]
fn a_condition_on_a_row_is_judged_once_the_row_is_known() {
    let when =
        |when| rule("r", Some(when), vec![product(false), hop("b", "brand", ("p", "BRAND"), true)], vec![], "Drop");
    let german = when(r#"entities.b.COUNTRY = "DE" and entities.p.PRICE > 9"#);
    assert_eq!(one(german.clone(), r#"{"id":1}"#), r#"Enriched: {"id":1}"#);
    assert_eq!(one(german.clone(), r#"{"id":2}"#), "Filtered(When)");
    // The condition comes before what a missing row does.
    assert_eq!(one(german, r#"{"id":9}"#), "Filtered(When)");
    assert_eq!(one(when("entities.p.NAME = null"), r#"{"id":9}"#), "Dropped");
}

#[test]
fn an_event_that_a_condition_refuses_by_itself_is_not_looked_up() {
    let rule = rule("r", Some(r#"type = "track" and entities.p.PRICE > 9"#), vec![product(false)], vec![], "Drop");
    let store = shop();
    let plan = plan(json!([rule]));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let metas = plan.entities.iter().map(|entity| runtime.block_on(store.meta(&entity.slug)).unwrap()).collect();
    let join = Join::new(&plan, metas).unwrap();
    let mut batch = Batch::default();
    batch.clear(&join);
    batch.judge(&join, br#"{"type":"page","id":1}"#).unwrap();
    assert_eq!(batch.keys_needed(&join, 0).count(), 0);
    batch.judge(&join, br#"{"type":"track","id":1}"#).unwrap();
    assert_eq!(
        batch.keys_needed(&join, 0).map(|(_, slug, keys)| (slug, keys)).collect::<Vec<_>>(),
        [("product", vec![&b"1"[..]])]
    );
}

#[test]
fn a_plan_whose_hops_lead_nowhere_or_in_a_circle_is_refused() {
    let store = shop();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let refused = |entities: Vec<Value>| {
        let plan = plan(json!([rule("r", None, entities, vec![], "Forward")]));
        let metas = plan.entities.iter().map(|entity| runtime.block_on(store.meta(&entity.slug)).unwrap()).collect();
        Join::new(&plan, metas).unwrap_err().to_string()
    };
    let circle = vec![hop("a", "brand", ("b", "ID"), false), hop("b", "brand", ("a", "ID"), false)];
    assert_eq!(refused(circle), "rule r: alias a hops in a circle");
    assert_eq!(refused(vec![hop("a", "brand", ("x", "ID"), false)]), "rule r: there is no alias x");
    let no_column = vec![product(false), hop("a", "brand", ("p", "NONE"), false)];
    assert!(refused(no_column).starts_with("rule r: entity product has no column NONE"));
}
