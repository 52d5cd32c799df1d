//! Objects that never saw a schema: told, never a panic, and never without either a plan or a reason.

#[path = "../../../enricher/language/tests/cases/mod.rs"]
mod cases;
mod shop;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use shop::Shop;
use weft_api::EnrichmentRule;
use weft_plan::{ObjectRef, Planned, Severity};

/// Which place of which object, and what to put there.
type Edit = (Index, Index, Value);

fn edit() -> impl Strategy<Value = Edit> {
    let odd = select(vec![
        "",
        " ",
        ".",
        "$",
        "$.",
        "$[0]",
        "@.x",
        "\"",
        "`",
        "'",
        "\u{0}",
        "é😀",
        "SKU",
        "sku",
        "product",
        "line",
        "a = 1",
        "a ==",
        "((((",
        "$.context",
        "$.properties",
        "null",
        "profile",
        "@",
        "@.name",
        "$.properties.items[*]",
        "$.context.consent[*]",
        "brand",
        "item",
        "product-brand",
        "entities.item.NAME = 'x' and entities.brand.x > 1",
    ]);
    let value = prop_oneof![
        6 => odd.prop_map(Value::from),
        1 => any::<String>().prop_map(Value::from),
        1 => Just(Value::Array(Vec::new())),
        1 => Just(Value::Bool(false)),
        1 => Just(Value::Null),
    ];
    (any::<Index>(), any::<Index>(), value)
}

/// The JSON pointers of everything inside a value.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    let below: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(name, value)| (format!("{at}/{name}"), value)).collect(),
        Value::Array(items) => {
            items.iter().enumerate().map(|(place, value)| (format!("{at}/{place}"), value)).collect()
        }
        _ => Vec::new(),
    };
    if value.is_object() {
        // Also what is not there.
        found.extend(
            ["entity", "match", "from", "via", "forEach", "columns", "slug"].map(|name| format!("{at}/{name}")),
        );
    }
    for (place, value) in below {
        places(value, &place, found);
        found.push(place);
    }
}

/// Puts a value at a place, whether or not something is there.
fn put(json: &mut Value, place: &str, value: Value) {
    let (parent, name) = place.rsplit_once('/').expect("places start with a slash");
    match json.pointer_mut(parent).expect("it was just found") {
        Value::Object(members) => drop(members.insert(name.to_owned(), value)),
        items => items[name.parse::<usize>().expect("an item")] = value,
    }
}

/// The objects with one place of one of them replaced, where the type lets it be.
fn edited<K: Serialize + DeserializeOwned>(objects: &mut [K], (which, place, value): &Edit) {
    let object = which.get(objects);
    let mut json = serde_json::to_value(object).expect("resources are JSON");
    let mut found = Vec::new();
    places(&json["spec"], "/spec", &mut found);
    if found.is_empty() {
        return;
    }
    put(&mut json, place.get::<String>(&found), value.clone());
    if let Ok(changed) = serde_json::from_value(json) {
        objects[which.index(objects.len())] = changed;
    }
}

fn has_error(planned: &Planned, kinds: &[&str]) -> bool {
    let is_error =
        |found: &weft_plan::Diagnostic| found.severity == Severity::Error && kinds.contains(&found.object.kind);
    planned.diagnostics.iter().any(is_error)
}

#[test]
fn each_object_has_a_plan_or_a_reason_why_not() {
    let edits = || prop::collection::vec(edit(), 0..3);
    cases::runner(5)
        .run(&(edits(), edits(), edits(), edits()), |(warehouses, graphs, entities, mappings)| {
            let mut shop = Shop::with_hops();
            let other = Shop::sound().rule().clone();
            shop.mappings[0].spec.rules.push(EnrichmentRule { name: "lines".into(), ..other });
            warehouses.iter().for_each(|edit| edited(&mut shop.warehouses, edit));
            graphs.iter().for_each(|edit| edited(&mut shop.data_graphs, edit));
            entities.iter().for_each(|edit| edited(&mut shop.entities, edit));
            mappings.iter().for_each(|edit| edited(&mut shop.mappings, edit));
            let planned = shop.planned();
            let enabled = shop.entities.iter().filter(|entity| entity.spec.enrichment_enabled).count();
            prop_assert!(
                planned.syncs.len() == enabled || has_error(&planned, &["DataGraph", "Entity"]),
                "{planned:?}"
            );
            prop_assert!(
                planned.enrichments.len() == 1 || has_error(&planned, &["DataGraph", "EnrichmentMapping"]),
                "{planned:?}"
            );
            let is_faulty = |object: &ObjectRef| {
                planned.diagnostics.iter().any(|found| found.severity == Severity::Error && found.object == *object)
            };
            prop_assert!(!planned.syncs.iter().any(|sync| is_faulty(&sync.object)), "{planned:?}");
            prop_assert!(!planned.enrichments.iter().any(|one| is_faulty(&one.object)), "{planned:?}");
            Ok(())
        })
        .unwrap();
}
