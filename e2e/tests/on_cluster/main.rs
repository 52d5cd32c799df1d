//! The charts on a cluster with a node, as a user installs and uses them: `e2e/test-cluster.sh` starts one and runs these
//! tests, some of them side by side.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod cluster;
mod installation;
mod monitors;
mod order;
mod passwords;
mod servers;
mod shop;

use cluster::{ask, helm, kubectl, wait_until};
use installation::SYSTEM;
use servers::SERVERS;
use shop::Shop;

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
    shop.is_ready();
    shop.kubectl(&["patch", "secret/credentials", "-p", r#"{"stringData":{"warehouse":"canary-rotated-77aa"}}"#]);
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

#[test]
#[ignore = "needs a node: e2e/test-cluster.sh"]
fn the_page_about_installing_leads_to_what_it_says() {
    let _alone = installation::alone();
    SERVERS.sql("postgres", "CREATE DATABASE shop");
    // WEFT_WRITE_DOCS=1 writes what the commands print now into the page.
    cluster::follow("docs/install-on-a-cluster.md", &[(5432, SERVERS.postgres_port), (6379, SERVERS.redis_port)]);
}

#[test]
#[ignore = "needs a node: e2e/test-cluster.sh"]
fn in_one_namespace_only_it_needs_no_cluster_role_and_uninstalled_it_leaves_enrichers_at_work_and_nothing_stuck() {
    let _alone = installation::alone();
    let shop = Shop::new();
    installation::install(&[&shop.name]);
    let rights =
        ["get", "clusterroles,clusterrolebindings", "-l", "app.kubernetes.io/name=weft-operator", "-o", "name"];
    assert_eq!(kubectl(&rights), "");
    shop.applied([0, 1, 2, 3, 4]);
    shop.is_ready();
    helm(&["test", "weft", "--namespace", SYSTEM]);
    monitors::find_every_program(&shop.name);

    installation::uninstall();
    shop.send(r#"{"sku":"PEN"}"#);
    assert_eq!(shop.events(1), [r#"{"sku":"PEN","name":"Pen"}"#]);
    assert_eq!(shop.kubectl(&["get", "weft", "-o", "name"]).lines().count(), 4);
    assert_eq!(kubectl(&["get", "all", "-n", SYSTEM, "-o", "name"]), "");
    // It waits until they are gone.
    kubectl(&["delete", "namespace", &shop.name, "--timeout=60s"]);
    assert!(ask(&["get", "namespace", &shop.name]).is_err());
}
