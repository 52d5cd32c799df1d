//! Plans as bytes: their names are a contract between the operator and the data plane of another version.

#[path = "../../language/tests/cases/mod.rs"]
mod cases;

use proptest::prelude::*;
use serde_json::{Value, json};
use weft_plan_types::{
    EnrichPlan, IfMissing, MAX_PLAN_BYTES, PLAN_VERSION, PlanTooLarge, SyncPlan, canonical_bytes, read,
};

fn sync_plan() -> Value {
    json!({
        "version": 1,
        "owner": {"installation": "local", "namespace": "shop", "graph": "main"},
        "warehouse": {"name": "prod", "connection": {"postgres": {
            "host": "db", "port": 5432, "database": "shop", "user": "weft", "tls": "Verify",
            "auth": {"clientCertificate": {
                "certificate": {"name": "pg", "key": "tls.crt"}, "privateKey": {"name": "pg", "key": "tls.key"}}},
            "ca": {"name": "pg", "key": "ca.crt"}, "bookkeeping": "weft_state"}},
            "statementTimeoutSeconds": 900, "maxConcurrentSyncs": 4},
        "store": {"url": "redis://redis:6379/0", "user": {"username": "w", "password": {"name": "redis", "key": "w"}}},
        "entity": {"slug": "product", "table": ["public", "products"], "primaryKey": ["SKU"], "columns": ["NAME"]},
        "guard": {"maxDeletedPercent": 20, "maxChangedPercent": 80, "minRows": 100}
    })
}

fn enrich_plan() -> Value {
    json!({
        "version": 1,
        "owner": {"installation": "local", "namespace": "shop", "graph": "main"},
        "mapping": "orders",
        "store": {"url": "redis://redis:6379/0"},
        "source": {"bootstrapServers": ["kafka:9092"], "topic": "events", "groupId": "weft.shop.orders",
            "startFrom": {"timestamp": "2026-01-31T00:00:00Z"},
            "auth": {"mechanism": "PLAIN", "username": "u", "password": {"name": "kafka", "key": "password"}},
            "tls": {"ca": {"name": "kafka", "key": "ca.crt"}}},
        "destination": {"bootstrapServers": ["kafka:9092"], "topic": "enriched"},
        "deadLetter": {"bootstrapServers": ["kafka:9092"], "topic": "dead"},
        "entities": [{"slug": "product", "primaryKey": ["SKU"], "columns": ["NAME", "PRICE"]}],
        "rules": [{
            "name": "orders", "when": "type = \"track\"", "onMissing": "DeadLetter",
            "entities": [{"alias": "product", "entity": "product", "optional": false,
                "match": [{"column": "SKU", "path": "$.properties.sku"}]}],
            "enrichments": [
                {"alias": "product", "column": "NAME", "to": "$.properties.name", "ifMissing": "null"},
                {"alias": "product", "column": "PRICE", "to": "$.properties.price", "ifMissing": {"default": {"b": 1, "a": [2]}}}
            ]
        }]
    })
}

fn read_plan<P: serde::de::DeserializeOwned>(plan: &Value) -> P {
    read(plan.to_string().as_bytes()).expect("sound")
}

#[test]
fn the_names_in_a_plan_are_these() {
    let sync: SyncPlan = read_plan(&sync_plan());
    assert_eq!(serde_json::to_value(sync).unwrap(), sync_plan());
    let enrich: EnrichPlan = read_plan(&enrich_plan());
    assert_eq!(serde_json::to_value(enrich).unwrap(), enrich_plan());
}

#[test]
fn the_other_kinds_of_connection_and_start_are_named_too() {
    let mut sync = sync_plan();
    sync["warehouse"]["connection"] = json!({"sqlite": {"path": "shop.db", "bookkeeping": "shop.db.weft-state"}});
    assert_eq!(serde_json::to_value(read_plan::<SyncPlan>(&sync)).unwrap(), sync);
    for start in ["earliest", "latest"] {
        let mut enrich = enrich_plan();
        enrich["source"]["startFrom"] = start.into();
        assert_eq!(serde_json::to_value(read_plan::<EnrichPlan>(&enrich)).unwrap(), enrich);
    }
    let mut enrich = enrich_plan();
    enrich["onUnavailable"] = "Forward".into();
    enrich["maxStalenessSeconds"] = 21_600.into();
    assert_eq!(serde_json::to_value(read_plan::<EnrichPlan>(&enrich)).unwrap(), enrich);
}

#[test]
fn the_keys_of_a_default_are_sorted_and_nothing_is_padded() {
    let bytes = canonical_bytes(&read_plan::<EnrichPlan>(&enrich_plan())).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.starts_with(r#"{"version":1,"owner":{"installation":"local","#), "{text}");
    assert!(text.contains(r#"{"default":{"a":[2],"b":1}}"#), "{text}");
}

#[test]
fn a_plan_of_another_version_is_refused_with_the_side_to_upgrade() {
    for (version, expected) in [
        (PLAN_VERSION + 1, "the plan has version 2, this weft reads 1 to 1; upgrade the image of weft"),
        (0, "the plan has version 0, this weft reads 1 to 1; upgrade the operator, which makes the plan anew"),
    ] {
        let mut plan = sync_plan();
        plan["version"] = version.into();
        plan["entity"] = json!("another shape");
        assert_eq!(read::<SyncPlan>(plan.to_string().as_bytes()).unwrap_err().to_string(), expected);
    }
}

#[test]
fn what_is_no_plan_is_refused() {
    for bytes in [&b""[..], b"{}", b"{\"version\":1}", b"[1]"] {
        assert_eq!(read::<SyncPlan>(bytes).unwrap_err().to_string(), "failed to read the plan");
    }
}

#[test]
fn a_plan_takes_as_many_bytes_as_a_config_map_has_room_for_and_no_more() {
    let mut plan: EnrichPlan = read_plan(&enrich_plan());
    let empty = canonical_bytes(&plan).unwrap().len();
    plan.mapping.push_str(&"x".repeat(MAX_PLAN_BYTES - empty));
    assert_eq!(canonical_bytes(&plan).unwrap().len(), MAX_PLAN_BYTES);
    plan.mapping.push('x');
    assert_eq!(canonical_bytes(&plan), Err(PlanTooLarge { bytes: MAX_PLAN_BYTES + 1 }));
}

/// JSON values; of floating point numbers short ones only.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<i32>().prop_map(|thousandths| Value::from(f64::from(thousandths) / 1000.0)),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |value| {
        prop_oneof![
            prop::collection::vec(value.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), value, 0..4).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

#[test]
fn a_plan_that_is_read_back_is_the_same_plan_with_the_same_bytes() {
    let plan: EnrichPlan = read_plan(&enrich_plan());
    cases::runner(10)
        .run(&(any::<String>(), any_json()), |(column, default)| {
            let mut plan = plan.clone();
            plan.rules[0].enrichments[0].column = column;
            plan.rules[0].enrichments[0].if_missing = IfMissing::Default(default);
            let bytes = canonical_bytes(&plan).expect("small");
            let again: EnrichPlan = read(&bytes).map_err(|error| TestCaseError::fail(error.to_string()))?;
            prop_assert_eq!(canonical_bytes(&again), Ok(bytes));
            prop_assert_eq!(again, plan);
            Ok(())
        })
        .unwrap();
}
