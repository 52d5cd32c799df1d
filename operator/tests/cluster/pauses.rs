//! Enrichers that wait: the mapping says for what; and what breaks a mapping leaves it running.

use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::bench::{self, Bench, KINDS, Operator};

/// What stands for an enricher's admin port.
#[derive(Clone, Default)]
struct Admin(Arc<Mutex<Value>>);

impl Admin {
    /// Answers on a port of the loopback.
    async fn start() -> (Self, u16) {
        let admin = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let said = |State(admin): State<Self>| async move { Json(admin.0.lock().unwrap().clone()) };
        let routes = Router::new().route("/v1/lag", get(said)).with_state(admin.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        (admin, port)
    }

    fn says(&self, paused: Value, offset: i64) {
        let partition = json!({ "partition": 0, "delivered": offset, "halted": true });
        *self.0.lock().unwrap() = json!({ "mapping": "orders", "partitions": [partition], "paused": paused });
    }

    fn lost(&self, offset: i64) {
        let message = format!("partition 0: up to 5 records from offset {offset} on are gone");
        self.says(json!([{ "reason": "OffsetsLost", "message": message }]), offset);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs an API server: run e2e/test-crds.sh"]
async fn what_an_enricher_waits_for_is_told_by_its_mapping_and_goes_on_being_told_by_the_next_operator() {
    let bench = Bench::new(1).await;
    let namespace = &bench.namespaces[0];
    let operator = Operator::start(&bench, "a");
    for kind in KINDS {
        bench.apply(namespace, kind).await;
    }
    bench.converged(namespace).await;
    let (admin, port) = Admin::start().await;
    admin.lost(7);
    bench.enricher_waits(namespace, port).await;
    bench.ready_reason(namespace, "EnrichmentMapping", "OffsetsLost").await;
    let message = bench.ready_message(namespace, "EnrichmentMapping", "orders").await;
    assert!(message.starts_with("0 of 1 enrichers run") && message.contains("from offset 7 on are gone"), "{message}");
    // An operator that knows nothing but what stands in the cluster hears the same, and writes nothing.
    bench.settled().await;
    let before = bench.writes().await;
    drop(operator);
    let _again = Operator::start(&bench, "b");
    bench.leads("b").await;
    tokio::time::sleep(bench::quiet()).await;
    assert_eq!(bench.writes().await, before);
    // What it waits for changes, and so does what is told.
    admin.says(json!([{ "reason": "StoreUnavailable", "message": "nobody answers" }]), 7);
    bench.ready_reason(namespace, "EnrichmentMapping", "StoreUnavailable").await;
    bench.removed().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs an API server: run e2e/test-crds.sh"]
async fn a_change_that_breaks_a_mapping_is_told_and_leaves_its_enrichers_and_their_plan_until_it_is_mended() {
    let bench = Bench::new(1).await;
    let namespace = &bench.namespaces[0];
    let _operator = Operator::start(&bench, "a");
    for kind in KINDS {
        bench.apply(namespace, kind).await;
    }
    bench.converged(namespace).await;
    let template = async || {
        let deployment = bench.find(namespace, "apps/v1", "Deployment").await.unwrap();
        deployment.data["spec"]["template"].clone()
    };
    let (before, plan) = (template().await, async |before: &Value| {
        let name = before["spec"]["volumes"][0]["configMap"]["name"].as_str().unwrap().to_owned();
        bench.has_config_map(namespace, &name).await
    });
    for break_it in
        [json!({ "columns": ["price"] }), json!({ "primaryKey": ["id"] }), json!({ "enrichmentEnabled": false })]
    {
        bench.patch(namespace, "Entity", "product", json!({ "spec": break_it })).await;
        bench.ready_reason(namespace, "EnrichmentMapping", "BreakingChange").await;
        assert_eq!(template().await, before, "{break_it}");
        assert!(plan(&before).await, "{break_it}");
        bench
            .patch(
                namespace,
                "Entity",
                "product",
                json!({ "spec": { "columns": null, "primaryKey": ["sku"], "enrichmentEnabled": true } }),
            )
            .await;
        bench.ready_reason(namespace, "EnrichmentMapping", "Running").await;
    }
    // Broken, it can still be stopped.
    bench.patch(namespace, "Entity", "product", json!({ "spec": { "columns": ["price"] } })).await;
    bench.patch(namespace, "EnrichmentMapping", "orders", json!({ "spec": { "suspend": true } })).await;
    bench
        .eventually("the Deployment has no replicas", async || {
            let deployment = bench.find(namespace, "apps/v1", "Deployment").await?;
            (deployment.data["spec"]["replicas"] == 0).then_some(())
        })
        .await;
    assert_eq!(template().await, before, "by the plan of before");
    bench.settled().await;
    bench.patch(namespace, "Entity", "product", json!({ "spec": { "columns": null } })).await;
    bench
        .eventually("the mapping is whole again", async || {
            (bench.reason_of(namespace, "EnrichmentMapping", "orders").await? != "BreakingChange").then_some(())
        })
        .await;
    assert_eq!(template().await, before, "no pod is rolled");
    bench.removed().await;
}
