//! What goes on where the charts are installed. These tests run side by side on one installation.

use std::time::Duration;

use crate::cluster::{kubectl, wait_until};
use crate::servers::SERVERS;
use crate::shop::Shop;
use crate::{audit, installation, order, passwords};

#[test]
#[ignore = "needs a node: e2e/test-cluster.sh"]
fn an_event_comes_out_with_the_row_as_it_was_when_it_came_in() {
    let _weft = installation::shared();
    let shop = Shop::running();
    shop.send(r#"{"sku":"CUP"}"#);
    assert_eq!(shop.events(1), [r#"{"sku":"CUP","name":"Tea cup"}"#]);

    shop.sql("UPDATE products SET name = 'Coffee cup' WHERE sku = 'CUP'");
    shop.sync("renamed");
    shop.send(r#"{"sku":"CUP","again":true}"#);
    assert_eq!(
        shop.events(2),
        [r#"{"sku":"CUP","again":true,"name":"Coffee cup"}"#, r#"{"sku":"CUP","name":"Tea cup"}"#]
    );
}

#[test]
#[ignore = "needs a node: e2e/test-cluster.sh"]
fn a_secret_and_the_four_kinds_in_any_order_end_alike() {
    let _weft = installation::shared();
    let mut end = None;
    // So many at a time as the node has room for.
    for orders in order::orders().chunks(12) {
        let shops: Vec<_> = orders.iter().map(|order| (order, Shop::new())).collect();
        for (order, shop) in &shops {
            shop.applied(**order);
            shop.send(r#"{"sku":"PEN"}"#);
        }
        for (order, shop) in &shops {
            shop.is_ready();
            assert_eq!(shop.events(1), [r#"{"sku":"PEN","name":"Pen"}"#], "{order:?}");
            let conditions = shop.conditions();
            assert_eq!(end.get_or_insert_with(|| conditions.clone()), &conditions, "{order:?}");
        }
    }
}

#[test]
#[ignore = "needs a node: e2e/test-cluster.sh"]
fn no_event_is_lost_while_enrichers_are_scaled_get_an_edited_mapping_and_are_suspended() {
    let _weft = installation::shared();
    let shop = Shop::running();
    let stream = shop.stream();
    shop.kubectl(&["scale", "enrichmentmapping/orders", "--replicas=2"]);
    shop.is_ready();
    assert_eq!(shop.enrichers(), 2);
    let edit = r#"[{"op":"add","path":"/spec/rules/0/enrichments/-","value":
        {"from":{"as":"product","column":"name"},"to":"$.title"}}]"#;
    shop.kubectl(&["patch", "enrichmentmapping/orders", "--type=json", "-p", edit]);
    shop.is_ready();
    let mut sent = stream.stop();

    shop.kubectl(&["patch", "enrichmentmapping/orders", "--type=merge", "-p", r#"{"spec":{"suspend":true}}"#]);
    shop.is_ready();
    wait_until(&shop.name, "no enricher runs", || shop.enrichers() == 0);
    let last = r#"{"sku":"PEN","number":"last"}"#;
    shop.send(last);
    sent.push("last".into());
    shop.kubectl(&["patch", "enrichmentmapping/orders", "--type=merge", "-p", r#"{"spec":{"suspend":false}}"#]);
    shop.is_ready();

    wait_until(&shop.name, "every event that went in came out", || {
        let numbers = shop.numbers();
        sent.iter().all(|number| numbers.contains(number))
    });
    let came_out = shop.events(sent.len());
    let edited = r#"{"sku":"PEN","number":"last","name":"Pen","title":"Pen"}"#;
    assert!(came_out.iter().any(|event| event == edited), "{came_out:?}");
}

#[test]
#[ignore = "needs a node: e2e/test-cluster.sh"]
fn events_go_on_while_the_warehouse_is_away_and_what_is_back_is_used_again() {
    let _weft = installation::shared();
    let shop = Shop::running();
    shop.kubectl(&["delete", "warehouse/prod"]);
    shop.condition("datagraph/main", "False");
    shop.condition("enrichmentmapping/orders", "False");
    shop.send(r#"{"sku":"PEN"}"#);
    assert_eq!(shop.events(1), [r#"{"sku":"PEN","name":"Pen"}"#]);

    // It comes back with another password, which the Secret gets after it.
    shop.sql(&format!("ALTER ROLE \"{}\" PASSWORD 'canary-rotated-77aa'", shop.name));
    for object in shop.objects().iter().filter(|object| object["kind"] == "Warehouse") {
        shop.apply(object);
    }
    shop.condition("warehouse/prod", "False");
    shop.kubectl(&["patch", "secret/credentials", "-p", r#"{"stringData":{"warehouse":"canary-rotated-77aa"}}"#]);
    shop.is_ready();
    shop.sql("INSERT INTO products VALUES ('INK', 'Ink')");
    shop.sync("rotated");
    shop.send(r#"{"sku":"INK"}"#);
    assert_eq!(shop.events(2), [r#"{"sku":"INK","name":"Ink"}"#, r#"{"sku":"PEN","name":"Pen"}"#]);
}

#[test]
#[ignore = "needs a node: e2e/test-cluster.sh"]
fn a_password_is_nowhere_but_in_its_secret() {
    let _weft = installation::shared();
    let shop = Shop::running();
    shop.send(r#"{"sku":"CUP"}"#);
    shop.events(1);
    for (place, text) in passwords::places(&shop.name) {
        for password in passwords::all() {
            assert!(!text.contains(&password), "{password} is in {place}");
        }
    }
}

#[test]
#[ignore = "needs a node: e2e/test-cluster.sh"]
fn of_a_deleted_entity_nothing_is_left_and_a_deleted_namespace_waits_for_nobody() {
    let _weft = installation::shared();
    let shop = Shop::running();
    let keys = || SERVERS.redis(&["KEYS", &format!("weft:{}/*", shop.name)]).unwrap();
    let tables = || shop.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'weft_state'");
    assert!(keys().contains("product:meta") && tables().trim() != "0");
    // It waits until it is gone.
    shop.kubectl(&["delete", "entity/product", "--timeout=60s"]);
    assert_eq!((keys().trim(), tables().trim()), ("", "0"));
    assert!(shop.kubectl(&["get", "events"]).contains("CleanedUp"));

    shop.applied([0, 1, 2, 3, 4]);
    shop.is_ready();
    kubectl(&["delete", "namespace", &shop.name, "--timeout=60s"]);
}

#[test]
#[ignore = "needs a node: e2e/test-cluster.sh"]
fn while_events_flow_and_no_sync_is_due_the_operator_writes_nothing_and_never_asks_for_what_it_may_not() {
    let _weft = installation::shared();
    let shop = Shop::running();
    let writes = || {
        let requests = audit::requests().into_iter().filter(|it| it.namespace == shop.name);
        requests.filter(|it| !["get", "list", "watch"].contains(&it.verb.as_str())).count()
    };
    // The hour's sync could be due in the minute to come.
    shop.kubectl(&["patch", "entity/product", "--type=merge", "-p", r#"{"spec":{"suspend":true}}"#]);
    shop.is_ready();
    let mut made = 0;
    wait_until(&shop.name, "the operator has nothing more to write", || {
        let before = std::mem::replace(&mut made, writes());
        std::thread::sleep(Duration::from_secs(2));
        before == made
    });
    assert!(made > 0, "the log does not show how the operator made what runs");
    let stream = shop.stream();
    // A measured time of quiet, and no wait for something to happen.
    std::thread::sleep(audit::quiet());
    let sent = stream.stop();
    assert!(shop.events(sent.len()).len() >= sent.len());
    assert_eq!(writes(), made);
    // A namespace that is about to go refuses what is made in it.
    let goes = |namespace: &str| namespace != shop.name && namespace.starts_with("shop");
    for request in audit::requests().iter().filter(|it| !goes(&it.namespace)) {
        assert!(request.code != 403, "it may not {} {}", request.verb, request.resource);
        assert!(request.resource != "secrets", "it asked for Secrets");
    }
}

#[test]
#[ignore = "needs a node: e2e/test-cluster.sh"]
fn who_may_edit_or_view_a_namespace_may_edit_or_view_what_is_wefts_there() {
    let _weft = installation::shared();
    let shop = Shop::new();
    let may = |user: &str, verb: &str, what: &str| shop.asks(&["auth", "can-i", verb, what, "--as", user]).is_ok();
    for role in ["edit", "view"] {
        shop.kubectl(&["create", "rolebinding", role, "--clusterrole", role, "--user", role]);
        wait_until(&shop.name, "the roles are taken in", || may(role, "list", "warehouses.weft.dev"));
    }
    for kind in ["warehouses.weft.dev", "datagraphs.weft.dev", "entities.weft.dev", "enrichmentmappings.weft.dev"] {
        assert!(may("edit", "create", kind) && may("edit", "patch", kind) && may("view", "get", kind), "{kind}");
        assert!(!may("view", "patch", kind) && !may("view", "create", kind), "{kind}");
    }
}
