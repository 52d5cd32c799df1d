mod consent;
mod hops;
mod items;

use serde_json::{Value, json};
use weft_plan_types::EnrichPlan;
use weft_store::{Column, ColumnType, EntityMeta, MemoryStore, MemoryWriter, Reader, RowBuilder};

use super::*;
use crate::lookup::look_up;

/// Products 1 (whole) and 2 (its price and brand unknown), cart lines by cart and line, a brand and its country.
fn shop() -> MemoryStore {
    let mut store = MemoryStore::default();
    let column = |name: &str, kind| Column { name: name.into(), kind };
    let mut add = |slug: &str, keys: &[&str], columns: Vec<Column>, rows: &[(&str, &[&str])]| {
        let key = columns.iter().filter(|column| keys.contains(&column.name.as_str())).cloned().collect();
        let mut writer = MemoryWriter::new(slug, EntityMeta { key, columns });
        let mut row = RowBuilder::default();
        for (key, fragments) in rows {
            fragments.iter().for_each(|fragment| row.push(fragment.as_bytes()));
            assert!(writer.insert(key.as_bytes(), &row.finish()));
        }
        store.commit(writer);
    };
    let columns = ["ID", "NAME", "PRICE", "BRAND"].map(|name| match name {
        "ID" => column(name, ColumnType::Integer),
        "PRICE" => column(name, ColumnType::Decimal),
        _ => column(name, ColumnType::Text),
    });
    let products: [(&str, &[&str]); 2] =
        [("1", &["1", "\"Mug\"", "9.50", "\"acme\""]), ("2", &["2", "\"Pen\"", "null", "null"])];
    add("product", &["ID"], columns.into(), &products);
    let columns = ["ID", "COUNTRY"].map(|name| column(name, ColumnType::Text));
    add("brand", &["ID"], columns.clone().into(), &[("acme", &["\"acme\"", "\"DE\""])]);
    let columns = [columns[0].clone(), column("NAME", ColumnType::Text)];
    add("country", &["ID"], columns.into(), &[("DE", &["\"DE\"", "\"Germany\""])]);
    let columns =
        vec![column("CART", ColumnType::Text), column("LINE", ColumnType::Integer), column("NOTE", ColumnType::Text)];
    add("line", &["CART", "LINE"], columns, &[("1:a1:7", &["\"a\"", "7", "\"gift\""])]);
    store
}

/// A plan with these rules; the rest is what no join looks at.
fn plan(rules: Value) -> EnrichPlan {
    let kafka = json!({"bootstrapServers": ["kafka:9092"], "topic": "t"});
    let mut source = kafka.clone();
    source["groupId"] = json!("g");
    source["startFrom"] = json!("latest");
    serde_json::from_value(json!({
        "version": 1,
        "owner": {"installation": "local", "namespace": "default", "graph": "main"},
        "mapping": "m",
        "store": {"url": "redis://redis:6379/0"},
        "source": source, "destination": kafka, "deadLetter": kafka,
        "entities": [
            {"slug": "product", "primaryKey": ["ID"], "columns": ["NAME", "PRICE"]},
            {"slug": "line", "primaryKey": ["CART", "LINE"], "columns": ["NOTE"]},
            {"slug": "brand", "primaryKey": ["ID"], "columns": ["COUNTRY"]},
            {"slug": "country", "primaryKey": ["ID"], "columns": ["NAME"]},
        ],
        "rules": rules,
    }))
    .unwrap()
}

fn alias(name: &str, entity: &str, paths: &[(&str, &str)], optional: bool) -> Value {
    let matches: Vec<_> = paths.iter().map(|(column, path)| json!({"column": column, "path": path})).collect();
    json!({"alias": name, "entity": entity, "match": matches, "optional": optional})
}

fn product(optional: bool) -> Value {
    alias("p", "product", &[("ID", "$.id")], optional)
}

fn hop(name: &str, entity: &str, from: (&str, &str), optional: bool) -> Value {
    let hop = json!({"from": from.0, "via": "v", "columns": [from.1]});
    json!({"alias": name, "entity": entity, "hop": hop, "optional": optional})
}

fn enrichment(from: (&str, &str), to: &str, if_missing: Value) -> Value {
    json!({"alias": from.0, "column": from.1, "to": to, "ifMissing": if_missing})
}

fn rule(name: &str, when: Option<&str>, entities: Vec<Value>, enrichments: Vec<Value>, on_missing: &str) -> Value {
    let mut rule = json!({"name": name, "entities": entities, "enrichments": enrichments, "onMissing": on_missing});
    if let Some(when) = when {
        rule["when"] = json!(when);
    }
    rule
}

/// What becomes of each event under each rule: the text that is sent, or the outcome.
fn joined(rules: Value, events: &[&str]) -> Vec<Vec<String>> {
    let store = shop();
    let plan = plan(rules);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let mut metas = Vec::new();
        for entity in &plan.entities {
            metas.push(store.meta(&entity.slug).await.unwrap());
        }
        let join = Join::new(&plan, metas).unwrap();
        let mut batch = Batch::default();
        batch.clear(&join);
        events.iter().for_each(|event| batch.judge(&join, event.as_bytes()).unwrap());
        look_up(&store, &join, &mut batch, |number| events[number].as_bytes()).await.unwrap();
        let mut all = Vec::new();
        for (number, event) in events.iter().enumerate() {
            let by_rule = (0..join.rules().len()).map(|rule| {
                let mut out = Vec::new();
                let outcome = batch.finish(&join, (number, rule), event.as_bytes(), &mut out, |_, _| {});
                match outcome {
                    Outcome::Sent(sent) => format!("{sent:?}: {}", String::from_utf8(out).unwrap()),
                    Outcome::DeadLettered(failure) => format!("{}: {}", failure.reason(), join.message(rule, failure)),
                    other => format!("{other:?}"),
                }
            });
            all.push(by_rule.collect());
        }
        all
    })
}

/// What becomes of one event under one rule.
fn one(rule: Value, event: &str) -> String {
    joined(json!([rule]), &[event]).remove(0).remove(0)
}

fn name_rule(on_missing: &str) -> Value {
    rule("r", None, vec![product(false)], vec![enrichment(("p", "NAME"), "$.name", json!("omit"))], on_missing)
}

#[test]
fn a_row_s_values_are_written_into_the_event() {
    assert_eq!(one(name_rule("Forward"), r#"{"id":"01"}"#), r#"Enriched: {"id":"01","name":"Mug"}"#);
}

#[test]
fn a_null_column_writes_null_and_is_no_missing_row() {
    let price = enrichment(("p", "PRICE"), "$.price", json!({"default": 0}));
    let rule = rule("r", None, vec![product(false)], vec![price], "Drop");
    assert_eq!(one(rule, r#"{"id":2,"price":5}"#), r#"Enriched: {"id":2,"price":null}"#);
}

#[test]
fn without_a_row_the_default_is_written_or_null_or_nothing() {
    let writes = vec![
        enrichment(("p", "NAME"), "$.a", json!("omit")),
        enrichment(("p", "NAME"), "$.b", json!("null")),
        enrichment(("p", "NAME"), "$.c", json!({"default": {"x": [1]}})),
    ];
    let rule = rule("r", None, vec![product(false)], writes, "Forward");
    assert_eq!(one(rule, r#"{"id":9,"a":"stays"}"#), r#"Unenriched: {"id":9,"a":"stays","b":null,"c":{"x":[1]}}"#);
}

#[test]
fn a_missing_row_is_dropped_or_dead_lettered_as_the_rule_says() {
    assert_eq!(one(name_rule("Drop"), r#"{"id":9}"#), "Dropped");
    let letter = |event| one(name_rule("DeadLetter"), event);
    assert_eq!(letter(r#"{"id":9}"#), "missing: no row for p (entity product, key from $.id)");
    assert!(letter(r#"{"id":""}"#).contains("no key for p"));
    assert!(letter(r#"{"id":"x"}"#).contains("bad key for p"));
}

#[test]
fn an_optional_alias_does_not_count_as_missing() {
    let entities = vec![product(true), alias("l", "line", &[("CART", "$.cart"), ("LINE", "$.line")], false)];
    let rule = rule("r", None, entities, vec![enrichment(("l", "NOTE"), "$.note", json!("omit"))], "Drop");
    assert_eq!(
        one(rule.clone(), r#"{"cart":"a","line":7}"#),
        r#"PartiallyEnriched: {"cart":"a","line":7,"note":"gift"}"#
    );
    assert_eq!(one(rule, r#"{"id":1,"cart":"a","line":8}"#), "Dropped");
}

#[test]
fn a_rule_without_lookups_sends_the_event_as_it_is() {
    let all = rule("r", Some(r#"type = "page""#), vec![], vec![], "Drop");
    assert_eq!(one(all.clone(), r#"{ "type":"page" }"#), r#"Enriched: { "type":"page" }"#);
    assert_eq!(one(all, r#"{"type":"track"}"#), "Filtered(When)");
}

#[test]
fn each_rule_sees_the_event_as_it_came() {
    let write = |name: &str, to| {
        rule(name, None, vec![product(false)], vec![enrichment(("p", "NAME"), to, json!("omit"))], "Forward")
    };
    let outcomes = joined(json!([write("a", "$.id"), write("b", "$.name")]), &[r#"{"id":1}"#, r#"{"id":2}"#]);
    assert_eq!(outcomes[0], [r#"Enriched: {"id":"Mug"}"#, r#"Enriched: {"id":1,"name":"Mug"}"#]);
    assert_eq!(outcomes[1], [r#"Enriched: {"id":"Pen"}"#, r#"Enriched: {"id":2,"name":"Pen"}"#]);
}

#[test]
fn a_repeated_key_is_a_dead_letter_only_for_rules_that_use_it() {
    let other = rule("o", Some(r#"type = null"#), vec![], vec![], "Forward");
    let outcomes = joined(json!([name_rule("Forward"), other]), &[r#"{"id":1,"id":2}"#]);
    assert_eq!(outcomes[0][0], "duplicate_key: the key at $.id occurs more than once in its object");
    assert!(outcomes[0][1].starts_with("Enriched"));
}

#[test]
fn a_parent_that_is_no_object_is_a_dead_letter_when_there_is_something_to_write() {
    let below = enrichment(("p", "NAME"), "$.a.name", json!("omit"));
    let rule = rule("r", None, vec![product(false)], vec![below], "Forward");
    assert!(one(rule.clone(), r#"{"id":1,"a":[]}"#).starts_with("bad_parent: $.a is neither"));
    assert!(one(rule, r#"{"id":9,"a":[]}"#).starts_with("Unenriched"));
}

#[test]
fn a_plan_that_does_not_fit_the_store_is_refused_by_name() {
    let metas = |plan: &EnrichPlan| {
        let store = shop();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        plan.entities.iter().map(|entity| runtime.block_on(store.meta(&entity.slug)).unwrap()).collect::<Vec<_>>()
    };
    let refused = |plan: EnrichPlan| Join::new(&plan, metas(&plan)).unwrap_err().to_string();
    let color = enrichment(("p", "COLOR"), "$.a", json!("omit"));
    let no_column = plan(json!([rule("r", None, vec![product(false)], vec![color], "Forward")]));
    assert_eq!(refused(no_column), "rule r: entity product has no column COLOR; it has ID, NAME, PRICE, BRAND");
    let mut other_key = plan(json!([]));
    other_key.entities[1].primary_key = vec!["CART".into()];
    assert!(refused(other_key).starts_with("entity line: its primary key is"));
}
