//! What the plans hold.

#[path = "../../../enricher/language/tests/cases/mod.rs"]
mod cases;
mod shop;

use proptest::prelude::*;
use serde_json::{Value, json};
use shop::Shop;
use weft_plan_types::canonical_bytes;

fn as_json(plan: &impl serde::Serialize) -> Value {
    serde_json::from_slice(&canonical_bytes(plan).expect("small")).expect("JSON")
}

#[test]
fn a_sync_plan_says_what_is_copied_from_where_to_where_and_as_whom() {
    let planned = Shop::sound().planned();
    assert_eq!(planned.syncs[1].object.to_string(), "Entity shop/product");
    assert_eq!(
        as_json(&planned.syncs[1].plan),
        json!({
            "version": 1,
            "owner": {"installation": "local", "namespace": "shop", "graph": "main"},
            "warehouse": {"name": "prod", "connection": {"postgres": {"host": "db", "port": 5432, "database": "shop",
                "user": "weft", "auth": {"password": {"name": "pg", "key": "password"}}, "tls": "Verify",
                "bookkeeping": "weft_state"}}, "statementTimeoutSeconds": 900, "maxConcurrentSyncs": 4},
            "store": {"url": "rediss://redis:6379/0",
                "user": {"username": "w", "password": {"name": "redis", "key": "writer"}}},
            "entity": {"slug": "product", "table": ["public", "products"], "primaryKey": ["SKU"],
                "columns": ["NAME", "PRICE"]},
            "guard": {"maxDeletedPercent": 20, "maxChangedPercent": 80, "minRows": 100}
        })
    );
}

#[test]
fn a_warehouse_is_probed_as_syncs_reach_it_whether_or_not_anything_refers_to_it() {
    let mut shop = Shop::sound();
    let planned = shop.planned();
    let [probe, store, stream] = &planned.probes[..] else { panic!("there are three objects with connections") };
    assert_eq!(probe.object.to_string(), "Warehouse shop/prod");
    let warehouse = as_json(&planned.syncs[1].plan)["warehouse"].clone();
    let expected = json!({"version": 1, "namespace": "shop", "target": {"warehouse": warehouse}});
    assert_eq!(as_json(&probe.plan), expected);
    assert_eq!(store.object.to_string(), "DataGraph shop/main");
    let store = &as_json(&store.plan)["target"]["store"];
    assert_eq!(store["writer"], as_json(&planned.syncs[1].plan)["store"]);
    assert_eq!(store["reader"], as_json(&planned.enrichments[0].plan)["store"]);
    assert_eq!(stream.object.to_string(), "EnrichmentMapping shop/orders");
    let (stream, enrichment) = (&as_json(&stream.plan)["target"]["stream"], as_json(&planned.enrichments[0].plan));
    assert_eq!((&stream["owner"], &stream["mapping"]), (&enrichment["owner"], &enrichment["mapping"]));
    assert_eq!(stream["groupId"], enrichment["source"]["groupId"]);
    assert_eq!(stream["source"]["topic"], enrichment["source"]["topic"]);
    for topic in ["destination", "deadLetter"] {
        assert_eq!(stream[topic], enrichment[topic]);
    }

    shop.data_graphs.clear();
    shop.entities.clear();
    shop.mappings.clear();
    assert_eq!(shop.planned().probes.len(), 1);
    shop.warehouses[0].spec.postgres = None;
    assert_eq!(shop.planned().probes, []);
}

#[test]
fn what_a_warehouse_bears_and_a_graph_allows_is_part_of_the_plan_and_when_it_is_copied_is_beside_it() {
    let mut shop = Shop::sound();
    let hourly = shop.planned();
    shop.product().spec.schedule = Some("*/5 * * * *".into());
    shop.data_graphs[0].spec.sync.time_zone = "Europe/Berlin".into();
    shop.data_graphs[0].spec.sync.schedule = "@daily".into();
    let planned = shop.planned();
    let [line, product] = &planned.syncs[..] else { panic!("two entities are synced") };
    assert_eq!((line.schedule.as_str(), product.schedule.as_str()), ("@daily", "*/5 * * * *"));
    assert_eq!((line.time_zone.as_str(), hourly.syncs[0].schedule.as_str()), ("Europe/Berlin", "@hourly"));
    assert_eq!(line.plan, hourly.syncs[0].plan);

    shop.warehouses[0].spec.bookkeeping = Some(weft_api::Bookkeeping { schema: Some("Weft".into()), path: None });
    shop.warehouses[0].spec.limits = weft_api::Limits { max_concurrent_syncs: 9, statement_timeout: "1h1s".into() };
    shop.data_graphs[0].spec.sync.mass_change_guard.max_deleted_percent = 3;
    let plan = as_json(&shop.planned().syncs[0].plan);
    assert_eq!(plan["warehouse"]["connection"]["postgres"]["bookkeeping"], "Weft");
    assert_eq!(plan["warehouse"]["statementTimeoutSeconds"], 3601);
    assert_eq!(plan["warehouse"]["maxConcurrentSyncs"], 9);
    assert_eq!(plan["guard"], json!({"maxDeletedPercent": 3, "maxChangedPercent": 80, "minRows": 100}));
}

#[test]
fn an_entity_is_suspended_by_itself_or_with_its_graph_and_planned_all_the_same() {
    let suspended = |change: fn(&mut Shop)| {
        let mut shop = Shop::sound();
        change(&mut shop);
        shop.planned().syncs.iter().map(|sync| sync.suspended).collect::<Vec<_>>()
    };
    assert_eq!(suspended(|_| ()), [false, false]);
    assert_eq!(suspended(|shop| shop.product().spec.suspend = true), [false, true]);
    assert_eq!(suspended(|shop| shop.data_graphs[0].spec.sync.suspend = true), [true, true]);
}

#[test]
fn a_local_file_keeps_its_own_bookkeeping_beside_it_whatever_it_stands_in_for() {
    let mut shop = Shop::sound();
    shop.warehouses[0].spec.bookkeeping = Some(weft_api::Bookkeeping { schema: Some("Weft".into()), path: None });
    shop.options.local_warehouses.insert("prod".into(), "a/shop.db".into());
    let plan = as_json(&shop.planned().syncs[0].plan);
    let expected = json!({"sqlite": {"path": "a/shop.db", "bookkeeping": "a/shop.db.weft-state"}});
    assert_eq!(plan["warehouse"]["connection"], expected);
}

#[test]
fn an_enrichment_plan_spells_columns_as_the_entity_does_and_keys_in_its_order() {
    let planned = Shop::sound().planned();
    let plan = as_json(&planned.enrichments[0].plan);
    assert_eq!(plan["store"]["user"]["username"], "r");
    assert_eq!(
        plan["entities"],
        json!([
            {"slug": "line", "primaryKey": ["ORDER_ID", "NR"], "columns": ["qty"]},
            {"slug": "product", "primaryKey": ["SKU"], "columns": ["NAME", "PRICE"]}
        ])
    );
    assert_eq!(
        plan["rules"],
        json!([{
            "name": "orders", "when": "type = \"track\"", "onMissing": "Forward",
            "entities": [
                {"alias": "product", "entity": "product", "optional": false,
                    "match": [{"column": "SKU", "path": "$.properties.sku"}]},
                {"alias": "line", "entity": "line", "optional": false, "match": [
                    {"column": "ORDER_ID", "path": "$.properties.order"}, {"column": "NR", "path": "$.properties.nr"}]}
            ],
            "enrichments": [
                {"alias": "product", "column": "NAME", "to": "$.properties.name", "ifMissing": "omit"},
                {"alias": "product", "column": "PRICE", "to": "$.properties.price", "ifMissing": {"default": 0}},
                {"alias": "line", "column": "qty", "to": "$.properties.qty", "ifMissing": "omit"}
            ]
        }])
    );
}

#[test]
fn the_consumer_group_is_named_for_the_mapping_and_dead_letters_go_to_the_sources_brokers() {
    let planned = Shop::sound().planned();
    let plan = &planned.enrichments[0].plan;
    assert_eq!(plan.source.group_id, "weft.shop.orders");
    assert_eq!(plan.dead_letter.bootstrap_servers, plan.source.topic.bootstrap_servers);
    assert_eq!(plan.dead_letter.topic, "dead");
}

#[test]
fn what_becomes_of_events_without_an_answer_is_in_the_plan_only_where_it_is_not_the_usual() {
    let mut shop = Shop::sound();
    let usual = as_json(&shop.planned().enrichments[0].plan);
    assert_eq!((usual.get("onUnavailable"), usual.get("maxStalenessSeconds")), (None, None));
    shop.mappings[0].spec.on_unavailable = weft_api::OnUnavailable::Forward;
    shop.mappings[0].spec.max_staleness = Some("1h30m".into());
    let plan = as_json(&shop.planned().enrichments[0].plan);
    assert_eq!((&plan["onUnavailable"], &plan["maxStalenessSeconds"]), (&json!("Forward"), &json!(5400)));
    shop.mappings[0].spec.max_staleness = Some("90".into());
    let planned = shop.planned();
    assert!(planned.enrichments.is_empty());
    assert_eq!((planned.diagnostics.len(), planned.diagnostics[0].field.as_str()), (1, "spec.maxStaleness"));
}

#[test]
fn an_entity_that_is_not_enabled_is_not_synced() {
    let mut shop = Shop::sound();
    shop.product().spec.enrichment_enabled = false;
    let slugs: Vec<_> = shop.planned().syncs.into_iter().map(|sync| sync.plan.entity.slug).collect();
    assert_eq!(slugs, ["line"]);
}

#[test]
fn a_suspended_mapping_is_planned_and_marked() {
    let mut shop = Shop::sound();
    let running = shop.planned();
    shop.mappings[0].spec.suspend = true;
    shop.mappings[0].spec.replicas = 7;
    let suspended = shop.planned();
    assert!(suspended.enrichments[0].suspended && !running.enrichments[0].suspended);
    assert_eq!(suspended.enrichments[0].plan, running.enrichments[0].plan, "neither is part of the plan");
}

#[test]
fn an_object_with_an_error_has_no_plan_and_the_others_keep_theirs() {
    let mut shop = Shop::sound();
    shop.product().spec.table_ref = "a..b".into();
    let planned = shop.planned();
    assert_eq!(planned.syncs.len(), 1);
    assert_eq!(planned.enrichments.len(), 1, "the mapping itself is sound");
}

/// A shop of several graphs, entities and mappings, some of them broken.
fn several() -> Shop {
    let mut shop = Shop::sound();
    for number in 0..6 {
        let mut graph = shop.data_graphs[0].clone();
        graph.metadata.name = Some(format!("graph-{number}"));
        shop.data_graphs.push(graph);
        let mut entity = shop.entities[number % 2].clone();
        entity.metadata.name = Some(format!("entity-{number}"));
        entity.spec.slug = Some(format!("slug-{}", number / 2));
        shop.entities.push(entity);
        let mut mapping = shop.mappings[0].clone();
        mapping.metadata.name = Some(format!("mapping-{number}"));
        mapping.spec.rules[0].entities[0].entity = Some(["product", "slug-1", "prodct"][number % 3].into());
        shop.mappings.push(mapping);
    }
    let mut hopping = Shop::with_hops();
    shop.entities.extend(hopping.entities.split_off(2));
    shop.entities[0] = hopping.entities.remove(0);
    shop.data_graphs[0] = hopping.data_graphs.remove(0);
    hopping.mappings[0].metadata.name = Some("hopping".into());
    shop.mappings.append(&mut hopping.mappings);
    shop
}

#[test]
fn the_order_of_the_resources_does_not_matter() {
    let shop = several();
    let expected = shop.planned();
    assert!(!expected.diagnostics.is_empty() && expected.enrichments.len() > 1 && expected.syncs.len() > 1);
    let orders = (
        Just(shop.data_graphs.clone()).prop_shuffle(),
        Just(shop.entities.clone()).prop_shuffle(),
        Just(shop.mappings.clone()).prop_shuffle(),
    );
    let mut runner = cases::runner(40);
    runner
        .run(&orders, |(data_graphs, entities, mappings)| {
            let planned = Shop { data_graphs, entities, mappings, ..shop.clone() }.planned();
            prop_assert_eq!(&planned, &expected);
            for (one, other) in planned.enrichments.iter().zip(&expected.enrichments) {
                prop_assert_eq!(canonical_bytes(&one.plan), canonical_bytes(&other.plan));
            }
            Ok(())
        })
        .unwrap();
}
