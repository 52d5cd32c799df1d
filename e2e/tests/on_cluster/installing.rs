//! Installing and uninstalling, each test alone.

use crate::cluster::{ask, follow, helm, kubectl};
use crate::installation::{self, SYSTEM};
use crate::monitors;
use crate::servers::SERVERS;
use crate::shop::Shop;

#[test]
#[ignore = "needs a node: e2e/test-cluster.sh"]
fn the_page_about_installing_leads_to_what_it_says() {
    let _alone = installation::alone();
    SERVERS.sql("postgres", "CREATE DATABASE shop");
    // WEFT_WRITE_DOCS=1 writes what the commands print now into the page.
    follow("docs/install-on-a-cluster.md", &[(5432, SERVERS.postgres_port), (6379, SERVERS.redis_port)]);
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
    // Copies are found again by whoever comes next.
    let id = kubectl(&["get", "configmap/weft-installation", "-n", SYSTEM, "-o", "jsonpath={.data.id}"]);
    let owner = SERVERS.redis(&["HGET", &format!("weft:{}/main/product:meta", shop.name), "owner"]);
    assert!(owner.is_ok_and(|owner| owner.contains(&id)) && id.starts_with("weft-"), "{id}");
    // It waits until they are gone.
    kubectl(&["delete", "namespace", &shop.name, "--timeout=60s"]);
    assert!(ask(&["get", "namespace", &shop.name]).is_err());
}
